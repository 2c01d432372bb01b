"""`unet` and `patch`: the networks of Nazeri et al. 2018, presets `cifar10` and `places365`.

Imports `base`, `blocks`, `encoders` and `decoders`.
"""

from __future__ import annotations

import functools

from keras import layers

from colorgan.models import blocks, decoders, encoders
from colorgan.models.networks import base


class PatchDiscriminator(base.Discriminator):
    """PatchGAN discriminator of Nazeri et al. 2018, section 3.3: a logit per patch of the picture.

    Args:
        config: of the table and the kernels' size.
        normalization: `batch` (the first row and the last convolution have none), `spectral` (everywhere) or `none`.
        block: options of every `blocks.Block`.
    """

    def __init__(self, config, normalization, **block):
        super().__init__(config)
        kernel_size = config.architecture.kernel_size
        block = functools.partial(blocks.Block, kernel_size=kernel_size, **block)
        self.blocks = base.judging_blocks(config, normalization, block)
        head = layers.Conv2D(1, kernel_size, padding="same", kernel_initializer="he_normal", dtype=self.dtype_policy)
        self.head = blocks.weighted(head, normalization)

    def judge(self, x, training):
        """-> [B, h, w, 1] logits; h, w: the picture's size over the product of the strides, rounded up."""
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(x)


def _unet(config, **block):
    """-> the U-Net of section 3.1, with skip connections at every scale."""
    block = functools.partial(blocks.Block, kernel_size=config.architecture.kernel_size, **block)
    encoder = encoders.build(config, block)
    return encoder, decoders.build(config, encoder, functools.partial(block, upsample="transposed", slope=0)), 1


GENERATORS = {"unet": _unet}
DISCRIMINATORS = {"patch": PatchDiscriminator}
