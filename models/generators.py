"""Generators: from a photograph's lightness to its colours. `build` makes the one that a configuration names.

Imports `blocks`, `color` and `config`.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from colorgan.config import Config
from colorgan.models import blocks, color


class UNet(keras.Model):
    """U-Net of Nazeri et al. 2018, section 3.1: any height and width, skip connections at every scale.

    Args:
        encoder: kernel table of the contracting path, rows (filters, stride[, dropout]); the first row's stride is 1.
        decoder: kernel table of the expansive path; row i upsamples by its stride and is joined by the map of the
            encoder's mirrored row, so its stride must be that of encoder row -1-i.
        channels: output channels.
        kernel_size: of all convolutions but the last, which is 1x1.
        bn_momentum, synchronized, dtype: see `blocks.Block`.

    Raises:
        ValueError: if the two tables do not mirror each other or the first stride is not 1.
    """

    def __init__(self, *, encoder, decoder, channels, kernel_size=4, bn_momentum=0.99, synchronized=False, dtype=None):
        super().__init__(dtype=dtype)
        strides = [row[1] for row in encoder]
        if strides[0] != 1:  # no decoder row undoes it, and the result would be smaller than the picture
            raise ValueError(f"`encoder`: the stride of the first row must be 1. Received: {strides[0]}")
        if [row[1] for row in decoder] != strides[:0:-1]:
            raise ValueError(
                "`decoder` must undo `encoder`: the strides of its rows are those of the encoder's rows from the last "
                f"to the second, {strides[:0:-1]}. Received: {[row[1] for row in decoder]}"
            )
        common = {
            "kernel_size": kernel_size,
            "bn_momentum": bn_momentum,
            "synchronized": synchronized,
            "dtype": dtype,
        }
        self.multiple = 1
        for stride in strides:
            self.multiple *= stride
        self.encoder = [blocks.Block(f, stride=s, dropout=_rate(r), **common) for f, s, *r in encoder]
        self.decoder = [
            blocks.Block(f, stride=s, dropout=_rate(r), transposed=True, activation="relu", **common)
            for f, s, *r in decoder
        ]
        self.head = layers.Conv2D(channels, 1, kernel_initializer="he_normal", dtype=dtype)
        # float32 whatever the policy: bfloat16 has 8 bits of mantissa, less than a step of 8-bit colour.
        self.squash = layers.Activation("tanh", dtype="float32")

    def call(self, gray, training=False):
        """Predict colours.

        Args:
            gray: [B, H, W, 1] float, L scaled to [-1, 1]; any H and W (padded inside, cropped after).
            training: batch statistics and active dropout, or moving statistics and none: at inference an image's
                result does not depend on its batch.

        Returns:
            [B, H, W, channels] float32 in [-1, 1].
        """
        x = blocks.pad_to_multiple(gray, self.multiple)
        maps = []
        for block in self.encoder:
            x = block(x, training=training)
            maps.append(x)
        for block, mirrored in zip(self.decoder, maps[-2::-1], strict=True):
            x = ops.concatenate([block(x, training=training), mirrored], axis=-1)
        x = self.squash(self.head(x))
        shape = ops.shape(gray)
        return x[:, : shape[1], : shape[2], :]


def _rate(rest):
    return rest[0] if rest else 0.0


def _unet(config: Config, **common):
    a = config.architecture
    scale = a.filter_multiplier
    return UNet(
        encoder=[(blocks.scaled(f, scale), *rest) for f, *rest in a.encoder],
        decoder=[(blocks.scaled(f, scale), *rest) for f, *rest in a.decoder],
        channels=color.COLOR_CHANNELS[config.data.color_space],
        kernel_size=a.kernel_size,
        bn_momentum=a.bn_momentum,
        **common,
    )


GENERATORS = {"unet": _unet}


def build(config: Config, *, synchronized=False):
    """The configured generator with initialized weights.

    Args:
        config: `architecture` says which and how; `data.color_space` gives the output channels, `run.precision` the
            dtype policy.
        synchronized: whether batch normalization takes its statistics over all replicas.

    Returns:
        A built `keras.Model`: [B, H, W, 1] scaled L -> [B, H, W, 2 or 3] scaled colour.

    Raises:
        ValueError: if the generator is unknown (the known ones are listed) or its tables do not fit.
    """
    name = config.architecture.generator
    if name not in GENERATORS:
        raise ValueError(f"Unknown `--generator` {name!r}. Known: {', '.join(GENERATORS)}")
    model = GENERATORS[name](config, synchronized=synchronized, dtype=config.run.precision)
    model(ops.zeros((1, config.data.height, config.data.width, 1)))
    return model
