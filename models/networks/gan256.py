"""`upsampling`, `upsampling-leaky` and `dense`: the Keras GAN of presets `gan_256` and `gan_32`.

Source: the published table of layers of `gan_256`. At full width and 256x256 these networks have exactly its number of
parameters. The table of `gan_32` is not published. Imports `base`, `blocks`, `encoders` and `decoders`.
"""

from __future__ import annotations

import functools

from keras import ops

from colorgan.models import blocks, decoders, encoders
from colorgan.models.networks import base

KERNEL = 3  # of every convolution


class DenseDiscriminator(base.Discriminator):
    """3x3 convolutions and a dense layer: one logit per picture.

    Args:
        config: of the table. The first and the last row shrink the map by a convolution with that stride, the others by
            average pooling before a convolution of stride 1.
        normalization: `batch` (but not in the first row), `spectral` (the dense layer too) or `none`.
        block: options of every `blocks.Block`.
    """

    def __init__(self, config, normalization, **block):
        super().__init__(config)
        strides = [row[1] for row in config.architecture.discriminator_layers]
        self.pools = [1, *strides[1:-1], 1][: len(strides)]
        strides = [stride // pool for stride, pool in zip(strides, self.pools, strict=True)]
        block = functools.partial(blocks.Block, kernel_size=KERNEL, **block)
        self.blocks = base.judging_blocks(config, normalization, block, stride=strides)
        self.logit = blocks.dense(1, normalization, dtype=self.dtype_policy)

    def judge(self, x, training):
        """-> [B, 1] logits."""
        for pool, block in zip(self.pools, self.blocks, strict=True):
            x = ops.average_pool(x, pool, padding="same") if pool > 1 else x
            x = block(x, training=training)
        return self.logit(self.flat(x))


def _upsampling(config, *, slope, **block):
    block = functools.partial(blocks.Block, kernel_size=KERNEL, **block)
    encoder = encoders.build(config, functools.partial(block, slope=slope))
    return encoder, decoders.build(config, encoder, functools.partial(block, upsample="nearest", slope=0)), KERNEL


GENERATORS = {
    "upsampling": functools.partial(_upsampling, slope=0),
    "upsampling-leaky": functools.partial(_upsampling, slope=blocks.LEAKY_SLOPE),
}
DISCRIMINATORS = {"dense": DenseDiscriminator}
