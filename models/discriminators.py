"""The configured discriminator: real or generated, given a photograph's lightness. `build` makes it.

Imports `networks`, `blocks`, `color` and `settings.config`.
"""

from __future__ import annotations

from keras import ops

from colorgan.models import blocks, color
from colorgan.models.networks import DISCRIMINATORS
from colorgan.settings import nearest
from colorgan.settings.config import Config


def build(config: Config, *, synchronized=False):
    """Build the configured discriminator with initialized weights; arguments as in `generators.build`.

    Returns:
        A built `networks.base.Discriminator`: ([B, H, W, 1] scaled L, [B, H, W, 2 or 3] scaled colour) -> logits.
        With dense layers it judges only pictures of the configured size.

    Raises:
        ValueError: if the discriminator is unknown (the known ones are listed) or its crop leaves nothing.
    """
    a = config.architecture
    if a.discriminator not in DISCRIMINATORS:
        raise ValueError(nearest.unknown("`--discriminator`", a.discriminator, DISCRIMINATORS))
    model = DISCRIMINATORS[a.discriminator](config, normalization(config), **blocks.options(config, synchronized))
    h, w = config.data.height, config.data.width
    model(ops.zeros((1, h, w, 1)), ops.zeros((1, h, w, color.COLOR_CHANNELS[config.data.color_space])))
    return model


def normalization(config: Config):
    """-> the configured normalization of the discriminator: `batch`, `spectral` or `none`.

    `auto` is `batch`, but `none` with a gradient penalty: the penalty concerns single pictures, and batch normalization
    mixes them (Gulrajani et al. 2017, section 4).
    """
    chosen = config.architecture.d_normalization
    if chosen != "auto":
        return chosen
    penalized = config.objective.adversarial == "wgan-gp" or config.objective.r1_weight > 0
    return "none" if penalized else "batch"
