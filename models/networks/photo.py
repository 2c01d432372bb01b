"""`resize-unet` and `half-patch`: our own networks for photographs, preset `photo`.

Chroma is smoother than lightness: the generator paints at a part of the picture's size, where a convolution costs a
quarter or less, and its colours are enlarged. The discriminator judges at half the size for the same reason. Imports
`base`, `blocks`, `encoders`, `decoders`, `inputs` and `nazeri`.
"""

from __future__ import annotations

import functools

from keras import layers

from colorgan.models import blocks, decoders, encoders, inputs
from colorgan.models.networks import base, nazeri

KERNEL = 3  # of every convolution of the generator
# Of activations from the smallest map on: four standard deviations, which few pictures reach. A batch in training is
# normalized by its own statistics, but at inference a rare picture, a clear sky most of all, drove these rows to a
# hundred, and a blotch of a checkerboard appeared in it.
CEILING = 4.0


class ResizeUNet(base.Generator):
    """Any encoder of `encoders.py`, then a decoder that repeats pixels, joins the encoder's map and convolves.

    Args:
        encoder: makes the picture into {reduction: map}.
        decoder: reads it. It may end below the picture's size: the colours are made there and enlarged bilinearly.
        head, inputs: see `base.Generator`.

    Raises:
        ValueError: if the decoder ends at no whole part of the picture's size, or an input joins a pretrained encoder's
            picture.
    """

    takes = ("picture", "decoder")

    def __init__(self, *, encoder, decoder, head, inputs=()):
        if encoder.reduction % decoder.enlargement:
            raise ValueError(
                "The product of `decoder`'s strides must divide what the encoder shrinks by: the colours come at a "
                f"whole part of the picture's size. Received: {decoder.enlargement} and {encoder.reduction}"
            )
        for row in inputs:
            if encoder.pretrained and row.joins == "picture":
                raise ValueError(
                    f"`--{row.setting.replace('_', '-')}`: a pretrained encoder sees the gray picture alone. "
                    f"Received: {row.channels}. Leave it out, or use --encoder-name table."
                )
        super().__init__(
            head=head,
            inputs=inputs,
            multiple=encoder.reduction,
            color_stride=encoder.reduction // decoder.enlargement,
            dtype="float32",  # the blocks cast for themselves, and a pretrained encoder sees L unrounded
        )
        self.encoder, self.decoder = encoder, decoder
        self.pretrained = encoder.pretrained

    @property
    def encoder_parts(self):
        """See `base.Generator`."""
        return self.encoder.parts

    @property
    def body(self):
        """See `base.Generator`."""
        return [*self.encoder.parts, *self.decoder.parts]

    def features(self, x, training, given=None):
        """See `base.Generator`."""
        return self.decoder(self.encoder(x, training=training), given, training=training)


class HalfPatchDiscriminator(nazeri.PatchDiscriminator):
    """The patch discriminator of Nazeri et al. 2018 on pictures of half the size, averaged over 2x2 pixels.

    Args:
        kwargs: see `nazeri.PatchDiscriminator`.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pool = layers.AveragePooling2D(2, padding="same", dtype=kwargs.get("dtype"))

    def judge(self, x, training):
        """-> [B, h, w, 1] logits; h, w: half the picture's size over the product of the strides, rounded up."""
        return super().judge(self.pool(x), training)


def _resize_unet(config, *, head, synchronized, dtype):
    a = config.architecture
    common = {
        "kernel_size": KERNEL,
        "activation": "relu",
        "bn_momentum": a.bn_momentum,
        "synchronized": synchronized,
        "dtype": dtype,
    }
    smallest = max((i for i, row in enumerate(a.encoder) if row[1] > 1), default=0)

    def encoder_block(filters, *, index, **row):
        return blocks.Block(filters, ceiling=CEILING if index >= smallest else None, **row, **common)

    encoder = encoders.build(config, encoder_block)
    decoder = decoders.ResizeDecoder(
        blocks.scaled_table(a.decoder, a.filter_multiplier),
        functools.partial(blocks.Block, ceiling=CEILING, **common),
        reduction=encoder.reduction,
        context=encoder.context,
        inputs=[row for row in inputs.of(config) if row.joins == "decoder"],
        dtype=dtype,
    )
    return ResizeUNet(encoder=encoder, decoder=decoder, head=head(kernel_size=KERNEL), inputs=inputs.of(config))


def _half_patch(config, **common):
    return HalfPatchDiscriminator(
        **base.discriminator_table(config), kernel_size=config.architecture.kernel_size, **common
    )


GENERATORS = {"resize-unet": _resize_unet}
DISCRIMINATORS = {"half-patch": _half_patch}
