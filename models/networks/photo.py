"""`resize-unet` and `half-patch`: our networks for photographs, preset `photo`.

Chroma is smoother than lightness. So the generator makes colours at a fraction of the picture's size, where a
convolution costs a quarter or less, and enlarges them. The discriminator judges at half the size for the same reason.
Imports `blocks`, `encoders`, `decoders` and `nazeri`.
"""

from __future__ import annotations

import functools

from keras import ops

from colorgan.models import blocks, decoders, encoders
from colorgan.models.networks import nazeri

KERNEL = 3  # of every convolution of the generator
# Ceiling of activations from the smallest map on: four standard deviations, which few pictures reach. In training a
# batch is normalized by its statistics. At inference a rare picture, such as a clear sky, drove these rows to a hundred
# and got a checkerboard blotch.
CEILING = 4.0


class HalfPatchDiscriminator(nazeri.PatchDiscriminator):
    """The patch discriminator of Nazeri et al. 2018 on pictures of half the size, averaged over 2x2 pixels."""

    def judge(self, x, training):
        """-> [B, h, w, 1] logits; h, w: half the picture's size over the product of the strides, rounded up."""
        # With explicit strides: Keras 3.15 does not infer them under JAX.
        return super().judge(ops.average_pool(x, 2, strides=2, padding="same"), training)


def _resize_unet(config, **block):
    strides = [row[1] for row in config.architecture.encoder]
    smallest = max((i for i, stride in enumerate(strides) if stride > 1), default=0)
    block = functools.partial(blocks.Block, kernel_size=KERNEL, slope=0, ceiling=CEILING, **block)
    ceilings = [CEILING if i >= smallest else None for i in range(len(strides))]
    encoder = encoders.build(config, block, ceiling=ceilings)
    return encoder, decoders.build(config, encoder, block, joined_first=True), KERNEL


GENERATORS = {"resize-unet": _resize_unet}
DISCRIMINATORS = {"half-patch": HalfPatchDiscriminator}
