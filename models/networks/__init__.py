"""The networks: a file per system. Its tables are found here, so a new system is one new file.

A file of this folder defines one or both of
- GENERATORS = {name: function(config, **block) -> (encoder, decoder, size of the head's kernel)},
- DISCRIMINATORS = {name: function(config, normalization, **block) -> base.Discriminator};
`block` are options of every `blocks.Block`. Imports its own modules only.
"""

from __future__ import annotations

import importlib
import pkgutil


def merged(tables):
    """Join the tables of several files.

    Args:
        tables: (file, {name: function}) pairs.

    Returns:
        {name: function} of all.

    Raises:
        ValueError: if two files give the same name.
    """
    found, owner = {}, {}
    for file, table in tables:
        for name, function in table.items():
            if name in found:
                raise ValueError(f"models/networks: both {owner[name]} and {file} name a network `{name}`. Rename one.")
            found[name], owner[name] = function, file
    return found


_MODULES = {m.name: importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)}
GENERATORS = merged((name, getattr(module, "GENERATORS", {})) for name, module in _MODULES.items())
DISCRIMINATORS = merged((name, getattr(module, "DISCRIMINATORS", {})) for name, module in _MODULES.items())
