"""The generator that a configuration names: from a photograph's lightness to its colours. `build` makes it.

Imports `networks`, `heads`, `inputs` and `settings.config`.
"""

from __future__ import annotations

import functools

from keras import ops

from colorgan.models import heads, inputs
from colorgan.models.networks import GENERATORS
from colorgan.settings.config import Config


def build(config: Config, *, synchronized=False):
    """The configured generator with initialized weights.

    Args:
        config: `architecture` says which and how; `data.color_space` gives the output channels, `run.precision` the
            dtype policy.
        synchronized: whether batch normalization takes its statistics over all replicas.

    Returns:
        A built `networks.base.Generator`: [B, H, W, 1] scaled L -> [B, H, W, 2 or 3] scaled colour.

    Raises:
        ValueError: if the generator, its encoder or the head is unknown (the known ones are listed), its tables do not
            fit, or the head does not fit the colour space.
    """
    name, dtype = config.architecture.generator, config.run.precision
    if name not in GENERATORS:
        raise ValueError(f"Unknown `--generator` {name!r}. Known: {', '.join(GENERATORS)}")
    head = functools.partial(heads.build, config, dtype=dtype)
    model = GENERATORS[name](config, head=head, synchronized=synchronized, dtype=dtype)
    if config.architecture.encoder_name != "table" and not model.pretrained:
        raise ValueError(
            f"`--encoder-name {config.architecture.encoder_name}`: --generator {name} has an encoder of its own, "
            "--encoder. Use --generator resize-unet, or leave it out."
        )
    # The weights do not depend on the size: the smallest picture without padding is the quickest.
    size = (1, model.multiple, model.multiple)
    model(ops.zeros((*size, 1)), inputs.completed(model.inputs, None, size))
    return model
