"""`upsampling`, `upsampling-leaky` and `dense`: the Keras GAN of presets `gan_256` and `gan_32`.

Source: the published table of layers of `gan_256`, whose parameters these networks have to the last one at full width
and 256x256. The table of `gan_32` is not published. Imports `base` and `blocks`.
"""

from __future__ import annotations

import functools

from keras import layers, ops

from colorgan.models import blocks
from colorgan.models.networks import base

KERNEL = 3  # of every convolution


class UpsamplingGenerator(base.Generator):
    """3x3 convolutions with strides, then a decoder that repeats pixels, joined by the encoder's maps.

    Args:
        encoder: kernel table, rows (filters, stride, dropout).
        decoder: kernel table; a row of stride 2 doubles the size before its convolution, and its result is joined
            with the encoder's last map of that size, where there is one.
        activation: of the encoder, `relu` or `leaky_relu`; the decoder's is `relu`.
        head, inputs, dtype: see `base.Generator`.
        block: options of every `blocks.Block`.

    Raises:
        ValueError: if the decoder does not return to the picture's size.
    """

    def __init__(self, *, encoder, decoder, head, activation="relu", inputs=(), dtype=None, **block):
        super().__init__(head=head, inputs=inputs, multiple=base.reduction(encoder, decoder), dtype=dtype)
        common = {"kernel_size": KERNEL, "dtype": dtype, **block}
        self.encoder = [blocks.Block(f, stride=s, dropout=d, activation=activation, **common) for f, s, d in encoder]
        self.decoder = [
            blocks.Block(f, stride=s, dropout=d, upsample="nearest", activation="relu", **common) for f, s, d in decoder
        ]
        self.encoder_strides, self.decoder_strides = ([row[1] for row in table] for table in (encoder, decoder))

    def features(self, x, training):
        """See `base.Generator`."""
        x, maps, shrunk = blocks.encoded(x, self.encoder, self.encoder_strides, training)
        for block, stride in zip(self.decoder, self.decoder_strides, strict=True):
            x = block(x, training=training)
            shrunk //= stride
            if stride > 1 and shrunk in maps:
                x = ops.concatenate([x, maps[shrunk]], axis=-1)
        return x


class DenseDiscriminator(base.Discriminator):
    """3x3 convolutions and a dense layer: one logit per picture.

    Args:
        table: kernel table, rows (filters, stride, dropout). The first and the last row shrink the map by a
            convolution with that stride, the rows between by average pooling before a convolution of stride 1.
        normalization: `batch` (but not in the first row), `spectral` (the dense layer too) or `none`.
        d_input, crop, dtype: see `base.Discriminator`.
        block: options of every `blocks.Block`.
    """

    def __init__(self, *, table, normalization="batch", d_input="color", crop=0, dtype=None, **block):
        super().__init__(d_input=d_input, crop=crop, dtype=dtype)
        pooled = [0 < i < len(table) - 1 and row[1] > 1 for i, row in enumerate(table)]
        self.pools = [
            layers.AveragePooling2D(row[1], padding="same", dtype=dtype) if pool else None
            for pool, row in zip(pooled, table, strict=True)
        ]
        strides = [1 if pool else row[1] for pool, row in zip(pooled, table, strict=True)]
        common = {"kernel_size": KERNEL, "dtype": dtype, **block}
        self.blocks = base.judging_blocks(table, normalization, common, stride=strides)
        self.logit = blocks.dense(1, normalization, dtype=dtype)

    def judge(self, x, training):
        """-> [B, 1] logits."""
        for pool, block in zip(self.pools, self.blocks, strict=True):
            x = block(x if pool is None else pool(x), training=training)
        return self.logit(self.flat(x))


def _upsampling(config, *, head, activation, **common):
    return UpsamplingGenerator(
        **base.generator_tables(config), head=head(kernel_size=KERNEL), activation=activation, **common
    )


def _dense(config, **common):
    return DenseDiscriminator(**base.discriminator_table(config), **common)


GENERATORS = {
    "upsampling": functools.partial(_upsampling, activation="relu"),
    "upsampling-leaky": functools.partial(_upsampling, activation="leaky_relu"),
}
DISCRIMINATORS = {"dense": _dense}
