"""`pooling` and `dense-pooling`: the networks of preset `rgb64`, a GAN that outputs RGB (Torch, 2015).

Source: the architecture as its project describes it in words and a picture; "conv K, 3x3, relu, BN". Imports `base` and
`blocks`.
"""

from __future__ import annotations

from keras import layers, ops

from colorgan.models import blocks
from colorgan.models.networks import base

KERNEL = 3  # of every convolution
DENSE_UNITS, DENSE_DROPOUT = 128, 0.5


class PoolingGenerator(base.Generator):
    """Convolutions with max pooling, then with repeated pixels; the input is seen again near the end.

    That spares the layers between from carrying the lightness. The published last sigmoid over colours in [0, 1] is
    the head's tanh over colours in [-1, 1]: 2 sigmoid(2x) - 1 = tanh(x).

    Args:
        encoder: kernel table, rows (filters, stride, dropout); the stride is the pooling's, after the activation.
        decoder: kernel table; a row enlarges by its stride before its convolution. The last row, of stride 1, sees
            the network's input beside the map before it.
        head, inputs, dtype: see `base.Generator`; published is one channel of noise.
        block: options of every `blocks.Block`.

    Raises:
        ValueError: if the decoder does not return to the picture's size before its last row.
    """

    def __init__(self, *, encoder, decoder, head, inputs=(), dtype=None, **block):
        super().__init__(head=head, inputs=inputs, multiple=base.reduction(encoder, decoder), dtype=dtype)
        if decoder[-1][1] != 1:
            raise ValueError(
                "`decoder`: the last row of `pooling` is joined by the input and must have stride 1. "
                f"Received: {decoder[-1][1]}"
            )
        common = {"kernel_size": KERNEL, "activation": "relu", "dtype": dtype, **block}
        self.encoder = [blocks.Block(f, dropout=d, **common) for f, _, d in encoder]
        self.pools = [layers.MaxPooling2D(s, dtype=dtype) if s > 1 else None for _, s, _ in encoder]
        self.decoder = [blocks.Block(f, stride=s, dropout=d, upsample="nearest", **common) for f, s, d in decoder]

    def features(self, x, training):
        """See `base.Generator`."""
        seen_again = x
        for block, pool in zip(self.encoder, self.pools, strict=True):
            x = block(x, training=training)
            x = x if pool is None else pool(x)
        for block in self.decoder[:-1]:
            x = block(x, training=training)
        return self.decoder[-1](ops.concatenate([x, seen_again], axis=-1), training=training)


class DensePoolingDiscriminator(base.Discriminator):
    """Convolutions, spatial dropout, pooling and two dense layers: one logit per picture.

    Args:
        table: kernel table, rows (filters, stride, dropout); the stride is the pooling's, after the dropout of whole
            channels. The first pooling averages, the others take the maximum.
        units: of the dense layer before the last.
        normalization: `none`, as published; `spectral` (the dense layers too); `batch` (but not in the first row).
        d_input, crop, dtype: see `base.Discriminator`.
        block: options of every `blocks.Block`.
    """

    def __init__(self, *, table, units=DENSE_UNITS, normalization="none", d_input="joint", crop=0, dtype=None, **block):
        super().__init__(d_input=d_input, crop=crop, dtype=dtype)
        common = {"kernel_size": KERNEL, "activation": "relu", "spatial_dropout": True, "dtype": dtype, **block}
        self.blocks = base.judging_blocks(table, normalization, common, stride=[1] * len(table))
        self.pools, pooling = [], layers.AveragePooling2D
        for _, stride, _ in table:
            self.pools.append(pooling(stride, padding="same", dtype=dtype) if stride > 1 else None)
            pooling = layers.MaxPooling2D if stride > 1 else pooling
        self.dense = blocks.dense(units, normalization, dtype=dtype)
        self.prelu = layers.PReLU(dtype=dtype)
        self.dropout = layers.Dropout(DENSE_DROPOUT, dtype=dtype)
        self.logit = blocks.dense(1, normalization, dtype=dtype)

    def judge(self, x, training):
        """-> [B, 1] logits."""
        for block, pool in zip(self.blocks, self.pools, strict=True):
            x = block(x, training=training)
            x = x if pool is None else pool(x)
        x = self.prelu(self.dense(self.flat(x)))
        return self.logit(self.dropout(x, training=training))


def _pooling(config, *, head, **common):
    return PoolingGenerator(**base.generator_tables(config), head=head(kernel_size=KERNEL), **common)


def _dense_pooling(config, **common):
    return DensePoolingDiscriminator(
        **base.discriminator_table(config),
        units=blocks.scaled(DENSE_UNITS, config.architecture.filter_multiplier),
        **common,
    )


GENERATORS = {"pooling": _pooling}
DISCRIMINATORS = {"dense-pooling": _dense_pooling}
