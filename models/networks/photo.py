"""`resize-unet` and `half-patch`: our own networks for photographs, preset `photo`.

Chroma is smoother than lightness: the generator paints at a part of the picture's size, where a convolution costs a
quarter or less, and its colours are enlarged. The discriminator judges at half the size for the same reason. Imports
`base`, `blocks` and `nazeri`.
"""

from __future__ import annotations

from keras import layers, ops

from colorgan.models import blocks
from colorgan.models.networks import base, nazeri

KERNEL = 3  # of every convolution of the generator
# Of activations from the smallest map on: four standard deviations, which few pictures reach. A batch in training is
# normalized by its own statistics, but at inference a rare picture, a clear sky most of all, drove these rows to a
# hundred, and a blotch of a checkerboard appeared in it.
CEILING = 4.0


class ResizeUNet(base.Generator):
    """3x3 convolutions with strides, then a decoder that repeats pixels, joins the encoder's map and convolves.

    It repeats pixels and convolves instead of a transposed convolution, which leaves a checkerboard (Odena et al.
    2016, "Deconvolution and checkerboard artifacts").

    Args:
        encoder: kernel table, rows (filters, stride, dropout).
        decoder: kernel table; a row enlarges by its stride, then is joined with the encoder's last map of that size,
            where there is one, before its convolution. It may end below the picture's size: the colours are made
            there and enlarged bilinearly.
        head, noise_channels: see `base.Generator`.
        bn_momentum, synchronized, dtype: see `blocks.Block`.

    Raises:
        ValueError: if the decoder ends at no whole part of the picture's size.
    """

    def __init__(self, *, encoder, decoder, head, noise_channels=0, bn_momentum=0.99, synchronized=False, dtype=None):
        multiple, color_stride = base.left_over(encoder, decoder)
        super().__init__(
            head=head, noise_channels=noise_channels, multiple=multiple, color_stride=color_stride, dtype=dtype
        )
        common = {
            "kernel_size": KERNEL,
            "activation": "relu",
            "bn_momentum": bn_momentum,
            "synchronized": synchronized,
            "dtype": dtype,
        }
        self.encoder_strides, self.decoder_strides = ([row[1] for row in table] for table in (encoder, decoder))
        smallest = max((i for i, stride in enumerate(self.encoder_strides) if stride > 1), default=0)
        self.encoder = [
            blocks.Block(f, stride=s, dropout=d, ceiling=CEILING if i >= smallest else None, **common)
            for i, (f, s, d) in enumerate(encoder)
        ]
        self.decoder = [blocks.Block(f, dropout=d, ceiling=CEILING, **common) for f, _, d in decoder]

    def features(self, x, training):
        """See `base.Generator`."""
        x, maps, shrunk = base.encoded(x, self.encoder, self.encoder_strides, training)
        for block, stride in zip(self.decoder, self.decoder_strides, strict=True):
            x = blocks.repeated(x, stride)
            shrunk //= stride
            if stride > 1 and shrunk in maps:
                x = ops.concatenate([x, maps[shrunk]], axis=-1)
            x = block(x, training=training)
        return x


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


def _resize_unet(config, *, head, **common):
    return ResizeUNet(
        **base.generator_tables(config),
        head=head(kernel_size=KERNEL),
        **common,
    )


def _half_patch(config, **common):
    return HalfPatchDiscriminator(
        **base.discriminator_table(config),
        kernel_size=config.architecture.kernel_size,
        **common,
    )


GENERATORS = {"resize-unet": _resize_unet}
DISCRIMINATORS = {"half-patch": _half_patch}
