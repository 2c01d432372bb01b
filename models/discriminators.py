"""Discriminators: real or generated, given the photograph's lightness. `build` makes the one a configuration names.

Imports `blocks`, `color` and `config`.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from colorgan.config import Config
from colorgan.models import blocks, color


class PatchDiscriminator(keras.Model):
    """Conditional PatchGAN discriminator of Nazeri et al. 2018, section 3.3: a logit per patch of the picture.

    Args:
        table: kernel table, rows (filters, stride[, dropout]). The first row has no batch normalization.
        kernel_size: of all convolutions.
        bn_momentum, synchronized, dtype: see `blocks.Block`.
    """

    def __init__(self, *, table, kernel_size=4, bn_momentum=0.99, synchronized=False, dtype=None):
        super().__init__(dtype=dtype)
        self.blocks = [
            blocks.Block(
                filters,
                kernel_size=kernel_size,
                stride=stride,
                dropout=rest[0] if rest else 0.0,
                normalize=i > 0,
                bn_momentum=bn_momentum,
                synchronized=synchronized,
                dtype=dtype,
            )
            for i, (filters, stride, *rest) in enumerate(table)
        ]
        self.head = layers.Conv2D(1, kernel_size, padding="same", kernel_initializer="he_normal", dtype=dtype)
        self.logits = layers.Activation("linear", dtype="float32")

    def call(self, gray, color, training=False):
        """Judge pictures.

        Args:
            gray: [B, H, W, 1] float, L scaled to [-1, 1]: the condition.
            color: [B, H, W, 2 or 3] float, colour scaled to [-1, 1].
            training: batch statistics, or moving ones.

        Returns:
            [B, h, w, 1] float32 logits, large for real; h, w = H, W over the product of the strides, rounded up.
        """
        x = ops.concatenate([gray, ops.cast(color, gray.dtype)], axis=-1)
        for block in self.blocks:
            x = block(x, training=training)
        return self.logits(self.head(x))


def _patch(config: Config, **common):
    a = config.architecture
    return PatchDiscriminator(
        table=[(blocks.scaled(f, a.filter_multiplier), *rest) for f, *rest in a.discriminator_layers],
        kernel_size=a.kernel_size,
        bn_momentum=a.bn_momentum,
        **common,
    )


DISCRIMINATORS = {"patch": _patch}


def build(config: Config, *, synchronized=False):
    """The configured discriminator with initialized weights; arguments as in `generators.build`.

    Returns:
        A built `keras.Model`: ([B, H, W, 1] scaled L, [B, H, W, 2 or 3] scaled colour) -> logits.

    Raises:
        ValueError: if the discriminator is unknown (the known ones are listed).
    """
    name = config.architecture.discriminator
    if name not in DISCRIMINATORS:
        raise ValueError(f"Unknown `--discriminator` {name!r}. Known: {', '.join(DISCRIMINATORS)}")
    model = DISCRIMINATORS[name](config, synchronized=synchronized, dtype=config.run.precision)
    h, w = config.data.height, config.data.width
    model(ops.zeros((1, h, w, 1)), ops.zeros((1, h, w, color.COLOR_CHANNELS[config.data.color_space])))
    return model
