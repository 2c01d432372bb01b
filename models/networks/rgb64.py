"""`pooling` and `dense-pooling`: the networks of preset `rgb64`, a GAN that outputs RGB (Torch, 2015).

Source: the project's description of the architecture, in words and a picture: "conv K, 3x3, relu, BN". The published
last sigmoid over colours in [0, 1] is the head's tanh over colours in [-1, 1]: 2 sigmoid(2x) - 1 = tanh(x). Imports
`base`, `blocks`, `encoders` and `decoders`.
"""

from __future__ import annotations

import functools

from keras import layers, ops

from colorgan.models import blocks, decoders, encoders
from colorgan.models.networks import base

KERNEL = 3  # of every convolution
DENSE_UNITS, DENSE_DROPOUT = 128, 0.5


class PoolingEncoder(encoders.TableEncoder):
    """Convolutions; a row's stride is that of the max pooling after it.

    Its decoder sees the picture again, but none of the maps between, so these layers need not carry the lightness.
    """

    def __init__(self, table, block):
        super().__init__(table, block, stride=[1] * len(table))

    def call(self, x, training=False):
        """See `encoders.TableEncoder`: -> {1: the picture, `reduction`: the last map}."""
        picture = x
        for block, stride in zip(self.blocks, self.strides, strict=True):
            x = block(x, training=training)
            x = ops.max_pool(x, stride) if stride > 1 else x
        return {1: picture, self.reduction: x}


class DensePoolingDiscriminator(base.Discriminator):
    """Convolutions, spatial dropout, pooling and two dense layers: one logit per picture.

    Args:
        config: of the table; a row's stride is the pooling's, after the dropout of whole channels. The first pooling
            averages, the others take the maximum.
        normalization: `none`, as published; `spectral` (the dense layers too); `batch` (but not in the first row).
        block: options of every `blocks.Block`.
    """

    def __init__(self, config, normalization, **block):
        super().__init__(config)
        a, dtype = config.architecture, self.dtype_policy
        self.strides = [row[1] for row in a.discriminator_layers]
        block = functools.partial(blocks.Block, kernel_size=KERNEL, slope=0, spatial_dropout=True, **block)
        self.blocks = base.judging_blocks(config, normalization, block, stride=[1] * len(self.strides))
        self.dense = blocks.dense(blocks.scaled(DENSE_UNITS, a.filter_multiplier), normalization, dtype=dtype)
        self.prelu = layers.PReLU(dtype=dtype)
        self.dropout = layers.Dropout(DENSE_DROPOUT, dtype=dtype)
        self.logit = blocks.dense(1, normalization, dtype=dtype)

    def judge(self, x, training):
        """-> [B, 1] logits."""
        pool = ops.average_pool
        for block, stride in zip(self.blocks, self.strides, strict=True):
            x = block(x, training=training)
            if stride > 1:
                x, pool = pool(x, stride, padding="same"), ops.max_pool
        x = self.prelu(self.dense(self.flat(x)))
        return self.logit(self.dropout(x, training=training))


def _pooling(config, **block):
    block = functools.partial(blocks.Block, kernel_size=KERNEL, slope=0, **block)
    encoder = encoders.build(config, block, of_table=PoolingEncoder)
    return encoder, decoders.build(config, encoder, functools.partial(block, upsample="nearest")), KERNEL


GENERATORS = {"pooling": _pooling}
DISCRIMINATORS = {"dense-pooling": DensePoolingDiscriminator}
