"""`unet` and `patch`: the networks of Nazeri et al. 2018, presets `cifar10` and `places365`.

Imports `base` and `blocks`.
"""

from __future__ import annotations

import math

from keras import layers, ops

from colorgan.models import blocks
from colorgan.models.networks import base


class UNet(base.Generator):
    """U-Net of Nazeri et al. 2018, section 3.1: skip connections at every scale.

    Args:
        encoder: kernel table of the contracting path, rows (filters, stride, dropout); the first row's stride is 1.
        decoder: kernel table of the expansive path; row i upsamples by its stride and is joined by the map of the
            encoder's mirrored row, so its stride must be that of encoder row -1-i.
        head: see `base.Generator`; the paper's is a 1x1 convolution.
        kernel_size: of all convolutions but the head's.
        inputs, dtype: see `base.Generator`.
        block: options of every `blocks.Block`.

    Raises:
        ValueError: if the two tables do not mirror each other or the first stride is not 1.
    """

    def __init__(self, *, encoder, decoder, head, kernel_size=4, inputs=(), dtype=None, **block):
        strides = [row[1] for row in encoder]
        super().__init__(head=head, inputs=inputs, multiple=math.prod(strides), dtype=dtype)
        if strides[0] != 1:  # no decoder row undoes it, and the result would be smaller than the picture
            raise ValueError(f"`encoder`: the stride of the first row must be 1. Received: {strides[0]}")
        if [row[1] for row in decoder] != strides[:0:-1]:
            raise ValueError(
                "`decoder` must undo `encoder`: the strides of its rows are those of the encoder's rows from the last "
                f"to the second, {strides[:0:-1]}. Received: {[row[1] for row in decoder]}"
            )
        common = {"kernel_size": kernel_size, "dtype": dtype, **block}
        self.encoder = [blocks.Block(f, stride=s, dropout=d, **common) for f, s, d in encoder]
        self.decoder = [
            blocks.Block(f, stride=s, dropout=d, upsample="transposed", activation="relu", **common)
            for f, s, d in decoder
        ]

    def features(self, x, training):
        """See `base.Generator`."""
        maps = []
        for block in self.encoder:
            x = block(x, training=training)
            maps.append(x)
        for block, mirrored in zip(self.decoder, maps[-2::-1], strict=True):
            x = ops.concatenate([block(x, training=training), mirrored], axis=-1)
        return x


class PatchDiscriminator(base.Discriminator):
    """PatchGAN discriminator of Nazeri et al. 2018, section 3.3: a logit per patch of the picture.

    Args:
        table: kernel table, rows (filters, stride, dropout).
        kernel_size: of all convolutions.
        normalization: `batch` (the first row and the last convolution have none), `spectral` (everywhere) or `none`.
        d_input, crop, dtype: see `base.Discriminator`.
        block: options of every `blocks.Block`.
    """

    def __init__(self, *, table, kernel_size=4, normalization="batch", d_input="joint", crop=0, dtype=None, **block):
        super().__init__(d_input=d_input, crop=crop, dtype=dtype)
        common = {"kernel_size": kernel_size, "dtype": dtype, **block}
        self.blocks = base.judging_blocks(table, normalization, common)
        head = layers.Conv2D(1, kernel_size, padding="same", kernel_initializer="he_normal", dtype=dtype)
        self.head = blocks.weighted(head, normalization)

    def judge(self, x, training):
        """-> [B, h, w, 1] logits; h, w: the picture's size over the product of the strides, rounded up."""
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(x)


def _unet(config, *, head, **common):
    return UNet(
        **base.generator_tables(config), head=head(kernel_size=1), kernel_size=config.architecture.kernel_size, **common
    )


def _patch(config, **common):
    return PatchDiscriminator(**base.discriminator_table(config), kernel_size=config.architecture.kernel_size, **common)


GENERATORS = {"unet": _unet}
DISCRIMINATORS = {"patch": _patch}
