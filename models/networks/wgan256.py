"""`staged` and `wgan-critic`: the networks of preset `wgan256`, a pre-trained generator and a WGAN-GP critic.

Source: the layers of github.com/dominik31415/image-colorization. The tables hold widths and strides; the constants
below hold the rest. Imports `base`, `blocks`, `encoders`, `decoders` and `normalization`.
"""

from __future__ import annotations

import functools
import math

from keras import layers, ops

from colorgan.models import blocks, decoders, encoders
from colorgan.models import normalization as norm
from colorgan.models.networks import base

SLOPE = 0.1  # of LeakyReLU throughout
FIRST_KERNEL, KERNEL = 11, 5  # generator: of its first convolution, and of the others including the head's
# Rows whose input is batch-normalized. Encoder: the picture, and at 1/4. Decoder: at 1/64, 1/32 and 1/4.
ENCODER_NORMALIZED, DECODER_NORMALIZED = (0, 3), (0, 2, 5)

# Critic: kernels of the rows of stride 1, of the first three rows that shrink, and of the others. Global averages at
# the end of each of these groups skip to the dense layers (the depths are our choice).
CRITIC_KERNELS, CRITIC_MIDDLE = (7, 5, 3), 3
SKIP_UNITS = 4
DENSE_BEFORE, DENSE_AFTER = (1024, 256), (64, 16)  # dense layers before and after the skips are joined


class Stage(blocks.Composite, layers.Layer):
    """Batch normalization of the input, if any, and a convolution with LeakyReLU.

    Args:
        filters: of the convolution.
        normalized: whether the input is normalized.
        bn_momentum, synchronized, dtype, block: see `blocks.Block`.
    """

    def __init__(self, filters, *, normalized, bn_momentum, synchronized, dtype, **block):
        super().__init__(dtype=dtype)
        self.normalization = None
        if normalized:
            self.normalization = norm.BatchNormalization(momentum=bn_momentum, synchronized=synchronized, dtype=dtype)
        self.block = blocks.Block(filters, normalization="none", slope=SLOPE, dtype=dtype, **block)

    def call(self, inputs, training=False):
        """[B, H, W, C] -> as `blocks.Block`."""
        x = inputs if self.normalization is None else self.normalization(inputs, training=training)
        return self.block(x, training=training)


class StagedEncoder(encoders.TableEncoder):
    """A table's encoder, but its decoder does not see the map with the picture's size."""

    def call(self, x, training=False):
        """See `encoders.TableEncoder`."""
        maps = super().call(x, training)
        return {reduction: maps[reduction] for reduction in maps if reduction > 1 or self.reduction == 1}


class WassersteinCritic(base.Discriminator):
    """Convolutions, their global averages at three depths, and dense layers: one score per picture.

    Args:
        config: of the table.
        normalization: `none`, as a gradient penalty needs; `spectral` (the dense layers too); `batch` (but not in the
            first row).
        block: options of every `blocks.Block`.
    """

    def __init__(self, config, normalization, **block):
        super().__init__(config)
        a, dtype = config.architecture, self.dtype_policy
        groups = _groups([row[1] for row in a.discriminator_layers])
        self.blocks = base.judging_blocks(
            config,
            normalization,
            functools.partial(blocks.Block, slope=SLOPE, **block),
            kernel_size=[CRITIC_KERNELS[group] for group in groups],
        )
        self.ends = [i for i, group in enumerate(groups) if group not in groups[i + 1 :]]
        self.average = layers.GlobalAveragePooling2D(dtype=dtype)
        self.activation = layers.LeakyReLU(SLOPE, dtype=dtype)
        self.skips, self.before, self.after = (
            [blocks.dense(blocks.scaled(n, a.filter_multiplier), normalization, dtype=dtype) for n in units]
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
    """-> the index in `CRITIC_KERNELS` for each row of the critic's table."""
    groups, shrinking = [], 0
    for stride in strides:
        shrinking += stride > 1
        groups.append(0 if stride == 1 else 1 if shrinking <= CRITIC_MIDDLE else 2)
    return groups


def _staged(config, **options):
    a = config.architecture
    shrinks = math.prod(row[1] for row in a.encoder)
    if config.run.precision == "mixed_bfloat16" and min(config.data.height, config.data.width) <= shrinks:
        # Seen in TensorFlow 2.21: on a CPU, the bfloat16 gradient of a 5x5 kernel over a 1x1 map is not initialized
        # outside the map, and the weights become infinite.
        raise ValueError(
            f"`--precision mixed_bfloat16` trains `staged` wrongly on pictures of {shrinks} pixels or less. Use "
            "--precision float32, or a larger --height and --width. Received: "
            f"{config.data.height} x {config.data.width}"
        )
    stage = functools.partial(Stage, kernel_size=KERNEL, **options)
    encoder = encoders.build(
        config,
        stage,
        of_table=StagedEncoder,
        kernel_size=[FIRST_KERNEL, *[KERNEL] * (len(a.encoder) - 1)],
        normalized=[i in ENCODER_NORMALIZED for i in range(len(a.encoder))],
    )
    normalized = [i in DECODER_NORMALIZED for i in range(len(a.decoder))]
    enlarging = functools.partial(stage, upsample="nearest")
    return encoder, decoders.build(config, encoder, enlarging, normalized=normalized), KERNEL


GENERATORS = {"staged": _staged}
DISCRIMINATORS = {"wgan-critic": WassersteinCritic}
