"""`staged` and `wgan-critic`: the networks of preset `wgan256`, a pre-trained generator and a WGAN-GP critic.

Source: the layers of github.com/dominik31415/image-colorization. The tables hold widths and strides; what has no column
there is in the constants below. Imports `base`, `blocks` and `normalization`.
"""

from __future__ import annotations

import math

from keras import layers, ops

from colorgan.models import blocks
from colorgan.models import normalization as norm
from colorgan.models.networks import base

SLOPE = 0.1  # of LeakyReLU throughout
FIRST_KERNEL, KERNEL = 11, 5  # generator: of its first convolution and of the others, the head's too
# Rows whose input is batch-normalized. Encoder: the picture, and at 1/4. Decoder: at 1/64, 1/32 and 1/4.
ENCODER_NORMALIZED, DECODER_NORMALIZED = (0, 3), (0, 2, 5)

# Critic: kernels of the rows of stride 1, of the first three that shrink, and of the others. The global averages that
# skip to the dense layers are taken at the end of each of these three groups (which depths: our choice).
CRITIC_KERNELS, CRITIC_MIDDLE = (7, 5, 3), 3
SKIP_UNITS = 4
DENSE_BEFORE, DENSE_AFTER = (1024, 256), (64, 16)  # dense layers before and after the skips are joined


class Stage(layers.Layer):
    """Batch normalization of the input, if any, and a convolution with LeakyReLU.

    Args:
        filters: of the convolution.
        normalized: whether the input is normalized.
        bn_momentum, synchronized, dtype, block: see `blocks.Block`.
    """

    def __init__(self, filters, *, normalized, bn_momentum=0.99, synchronized=False, dtype=None, **block):
        super().__init__(dtype=dtype)
        self.normalization = None
        if normalized:
            self.normalization = norm.BatchNormalization(momentum=bn_momentum, synchronized=synchronized, dtype=dtype)
        self.block = blocks.Block(filters, normalization="none", slope=SLOPE, dtype=dtype, **block)

    def call(self, inputs, training=False):
        """[B, H, W, C] -> as `blocks.Block`."""
        x = inputs if self.normalization is None else self.normalization(inputs, training=training)
        return self.block(x, training=training)


class StagedGenerator(base.Generator):
    """Strided convolutions to 1/64 of the size and back by repeated pixels, joined by the encoder's maps on the way.

    Args:
        encoder: kernel table, rows (filters, stride, dropout); the first convolution is 11x11, the others 5x5.
        decoder: kernel table; a row enlarges by its stride before its convolution. From the third row on it sees the
            encoder's last map of its input's size, where there is one, joined with the map before it.
        head, inputs, dtype: see `base.Generator`.
        stage: options of every `Stage`.

    Raises:
        ValueError: if the decoder does not return to the picture's size.
    """

    def __init__(self, *, encoder, decoder, head, inputs=(), dtype=None, **stage):
        super().__init__(head=head, inputs=inputs, multiple=base.reduction(encoder, decoder), dtype=dtype)
        common = {"dtype": dtype, **stage}
        self.encoder = [
            Stage(
                filters,
                kernel_size=KERNEL if i else FIRST_KERNEL,
                stride=stride,
                dropout=dropout,
                normalized=i in ENCODER_NORMALIZED,
                **common,
            )
            for i, (filters, stride, dropout) in enumerate(encoder)
        ]
        self.decoder = [
            Stage(
                filters,
                kernel_size=KERNEL,
                stride=stride,
                upsample="nearest",
                dropout=dropout,
                normalized=i in DECODER_NORMALIZED,
                **common,
            )
            for i, (filters, stride, dropout) in enumerate(decoder)
        ]
        self.encoder_strides, self.decoder_strides = ([row[1] for row in table] for table in (encoder, decoder))

    def features(self, x, training):
        """See `base.Generator`."""
        x, maps, shrunk = blocks.encoded(x, self.encoder, self.encoder_strides, training)
        for i, (stage, stride) in enumerate(zip(self.decoder, self.decoder_strides, strict=True)):
            if i > 1 and shrunk in maps:
                x = ops.concatenate([x, maps[shrunk]], axis=-1)
            x = stage(x, training=training)
            shrunk //= stride
        return x


class WassersteinCritic(base.Discriminator):
    """Convolutions, their global averages at three depths, and dense layers: one score per picture.

    Args:
        table: kernel table, rows (filters, stride, dropout).
        multiplier: of the widths of the dense layers.
        normalization: `none`, as a gradient penalty needs; `spectral` (the dense layers too); `batch` (but not in the
            first row).
        d_input, crop, dtype: see `base.Discriminator`; published is a crop of 16.
        block: options of every `blocks.Block`.
    """

    def __init__(self, *, table, multiplier=1.0, normalization="none", d_input="joint", crop=0, dtype=None, **block):
        super().__init__(d_input=d_input, crop=crop, dtype=dtype)
        groups = _groups([row[1] for row in table])
        kernels, common = [CRITIC_KERNELS[group] for group in groups], {"slope": SLOPE, "dtype": dtype, **block}
        self.blocks = base.judging_blocks(table, normalization, common, kernel_size=kernels)
        self.ends = [i for i, group in enumerate(groups) if group not in groups[i + 1 :]]
        self.average = layers.GlobalAveragePooling2D(dtype=dtype)
        self.activation = blocks.activated("leaky_relu", slope=SLOPE, dtype=dtype)
        self.skips, self.before, self.after = (
            [blocks.dense(blocks.scaled(n, multiplier), normalization, dtype=dtype) for n in units]
            for units in ((SKIP_UNITS,) * len(self.ends), DENSE_BEFORE, DENSE_AFTER)
        )
        self.score = blocks.dense(1, normalization, dtype=dtype)

    def judge(self, x, training):
        """-> [B, 1] scores."""
        maps = []
        for block in self.blocks:
            x = block(x, training=training)
            maps.append(x)
        skips = [
            self.activation(layer(self.average(maps[end]))) for layer, end in zip(self.skips, self.ends, strict=True)
        ]
        x = self.flat(x)
        for layer in self.before:
            x = self.activation(layer(x))
        x = ops.concatenate([x, *skips], axis=-1)
        for layer in self.after:
            x = self.activation(layer(x))
        return self.score(x)


def _groups(strides):
    """-> for each row of the critic's table which of `CRITIC_KERNELS` it has."""
    groups, shrinking = [], 0
    for stride in strides:
        shrinking += stride > 1
        groups.append(0 if stride == 1 else 1 if shrinking <= CRITIC_MIDDLE else 2)
    return groups


def _staged(config, *, head, **common):
    shrinks = math.prod(row[1] for row in config.architecture.encoder)
    if config.run.precision == "mixed_bfloat16" and min(config.data.height, config.data.width) <= shrinks:
        # Seen in TensorFlow 2.21: the CPU's bfloat16 gradient of a 5x5 kernel over a 1x1 map is not initialized where
        # the kernel lies outside of it, and the weights become infinite.
        size = f"{config.data.height} x {config.data.width}"
        raise ValueError(
            f"`--precision mixed_bfloat16` trains `staged` wrongly on pictures of {shrinks} pixels or less. Use "
            f"--precision float32, or a larger --height and --width. Received: {size}"
        )
    return StagedGenerator(**base.generator_tables(config), head=head(kernel_size=KERNEL), **common)


def _critic(config, **common):
    return WassersteinCritic(
        **base.discriminator_table(config), multiplier=config.architecture.filter_multiplier, **common
    )


GENERATORS = {"staged": _staged}
DISCRIMINATORS = {"wgan-critic": _critic}
