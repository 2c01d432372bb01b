"""`--mode colorize`: photographs and films in, coloured ones out."""

from __future__ import annotations

import glob
from pathlib import Path

from colorgan.settings import flags


def run(command: flags.Command) -> int:
    """Colorize files, folders, globs and films at their own size; the exit status is 1 if one of them could not be."""
    use = command.config.use
    inputs = [*command.inputs, *([use.test_input] if use.test_input else [])]
    if not inputs:
        raise ValueError("No photograph to colorize. Give files or folders: python colorize.py PHOTO [PHOTO ...]")
    gone = [one for one in inputs if not (Path(one).exists() or glob.has_magic(one))]
    # One of several is no reason to stop, unless outputs are replaced: it may be a mistyped value of --overwrite.
    if len(gone) == len(inputs) or (gone and use.overwrite):
        raise FileNotFoundError("; ".join(f"{one} is not there" for one in gone))
    # Only now what takes seconds to import.
    from colorgan.commands import common
    from colorgan.serving import batch

    colorizer, _ = common.trained(command)
    return batch.colorize_files(
        colorizer,
        inputs,
        Path(use.test_output or "colorized"),
        settings=common.settings(use, colorizer),
        smoothing=use.smoothing,
        overwrite=use.overwrite,
        weights_sha256=colorizer.stored.digest,
    )
