"""Encoders turn a picture into a pyramid of maps, {reduction: map}. `build` makes the configured encoder.

`table` is a kernel table of ours. `efficientnet-lite0` and `-lite2` were trained on ImageNet: the start of a run loads
their weights (`weights.pretrained`), and trained weights include them. A decoder (`decoders.py`) reads the pyramid.
Imports `blocks`, `color`, `inputs` and `settings.config`.
"""

from __future__ import annotations

import math

from keras import layers, ops

from colorgan.models import blocks, inputs
from colorgan.models import color as colors
from colorgan.models.inputs import WHOLE
from colorgan.settings import nearest
from colorgan.settings.config import Config

# Tan and Le 2019, "EfficientNet", table 1: repetitions, kernel, stride of the first, expansion, filters of a stage.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, TOP = 32, 1280  # filters before and after the stages, which Lite does not scale
LITE = {"efficientnet-lite0": (1.0, 1.0), "efficientnet-lite2": (1.1, 1.2)}  # name: factor on filters, on repetitions


class TableEncoder(blocks.Composite, layers.Layer):
    """Blocks of a kernel table.

    Args:
        table: rows (filters, stride, dropout).
        block, each: see `blocks.stack`.
    """

    context = 0

    def __init__(self, table, block, **each):
        super().__init__(dtype="float32", autocast=False)  # the blocks cast for themselves
        self.blocks = blocks.stack(table, block, **each)
        self.strides = [stride for _, stride, _ in table]
        self.reduction = math.prod(self.strides)

    @property
    def parts(self):
        """The blocks, in order."""
        return self.blocks

    def call(self, x, training=False):
        """[B, H, W, C] float -> {reduction: [B, H / reduction, W / reduction, C'], the last map of that size}.

        Maps are in the blocks' compute dtype; H and W are multiples of `reduction`.
        """
        maps, reduction = {}, 1
        for block, stride in zip(self.blocks, self.strides, strict=True):
            x = block(x, training=training)
            reduction *= stride
            maps[reduction] = x
        return maps


class EfficientNetLite(blocks.Composite, layers.Layer):
    """EfficientNet-Lite (Tan and Le 2019; Lite: no squeeze-and-excitation, ReLU6) without classifier.

    Batch normalization is folded into each convolution, with ImageNet's statistics, so a learning encoder keeps the
    statistics, as in Detectron. It computes in float32 under any policy, because on a CPU bfloat16 gains almost nothing
    in depthwise convolutions (`benchmarks/train_step.py` prints it).

    Args:
        width: factor on the stages' filters, rounded to multiples of 8.
        depth: factor on the repetitions within a stage, rounded up; not for the first and the last stage.
        color_space: of the gray picture, see `color.gray`.
    """

    reduction = 32

    def __init__(self, *, width, depth, color_space):
        super().__init__(dtype="float32")
        self.color_space = color_space
        self.stem = _convolution(STEM, 3, stride=2)
        self.stages, channels = [], STEM
        for i, (count, kernel, stride, expansion, filters) in enumerate(STAGES):
            count = count if i in (0, len(STAGES) - 1) else math.ceil(count * depth)
            filters = _rounded(filters * width)
            for j in range(count):
                self.stages.append(InvertedResidual(channels, filters, kernel, stride if j == 0 else 1, expansion))
                channels = filters
        self.context = channels
        self.top = _convolution(TOP, 1)

    @property
    def parts(self):
        """The layers with weights, in order."""
        return [self.stem, *self.stages, self.top]

    def call(self, x, training=False):
        """Compute the maps of a picture.

        Args:
            x: [B, H, W, 1] float32, gray scaled to [-1, 1]; H and W multiples of 32.
            training: has no effect.

        Returns:
            {2, 4, 8, 16, 32: the stages' last maps of that reduction; `WHOLE`: [B, 1, 1, 1280], the mean of the last
            convolution's map}, float32.
        """
        return self.maps(ops.repeat(colors.gray_to_srgb(x, color_space=self.color_space) * 255, 3, axis=-1))

    def maps(self, rgb):
        """-> the same for a picture in colour, [B, H, W, 3] float32 sRGB in 0..255."""
        x = ops.relu6(self.stem((rgb - 127) / 128))
        maps, reduction = {}, 2
        for stage in self.stages:
            x = stage(x)
            reduction *= stage.stride
            maps[reduction] = x
        maps[WHOLE] = ops.mean(ops.relu6(self.top(x)), axis=(1, 2), keepdims=True)
        return maps


class InvertedResidual(blocks.Composite, layers.Layer):
    """Expand, convolve each channel, project; the input is added if the shape is the same (Sandler et al. 2018,
    MBConv).

    Args:
        channels, filters: of the input and the output.
        kernel: of the depthwise convolution.
        stride: factor by which the output is smaller.
        expansion: factor on the channels between input and output; 1: no expansion.
    """

    def __init__(self, channels, filters, kernel, stride, expansion):
        super().__init__(dtype="float32")
        self.stride, self.joined = stride, stride == 1 and channels == filters
        self.expand = _convolution(channels * expansion, 1) if expansion != 1 else None
        self.depthwise = layers.DepthwiseConv2D(kernel, strides=stride, padding="same", dtype="float32")
        self.project = _convolution(filters, 1)

    def call(self, inputs):
        """[B, H, W, C] -> [B, H / stride, W / stride, filters]."""
        x = inputs if self.expand is None else ops.relu6(self.expand(inputs))
        x = self.project(ops.relu6(self.depthwise(x)))
        return x + inputs if self.joined else x


def build(config: Config, block, *, of_table=TableEncoder, **each):
    """Build the configured encoder.

    Args:
        config: `architecture.encoder_name` chooses it.
        block, each: see `blocks.stack`, for a kernel table's rows.
        of_table: the class for an encoder from a kernel table.

    Raises:
        ValueError: if the encoder is unknown (the known ones are listed), or an input joins the picture of a pretrained
            encoder.
    """
    a, name = config.architecture, config.architecture.encoder_name
    if name == "table":
        return of_table(blocks.scaled_table(a.encoder, a.filter_multiplier), block, **each)
    if name not in LITE:
        raise ValueError(nearest.unknown("`--encoder-name`", name, ("table", *LITE)))
    for row in inputs.of(config):
        if row.joins == "picture":
            raise ValueError(
                f"`--{row.setting.replace('_', '-')}`: the encoder {name} sees only the gray picture. Received: "
                f"{row.channels}. Leave it out, or use --encoder-name table."
            )
    width, depth = LITE[name]
    return EfficientNetLite(width=width, depth=depth, color_space=config.data.color_space)


def of_colour(name: str, weights) -> EfficientNetLite:
    """-> a pretrained encoder with its weights, for pictures in colour: see its `maps`.

    Args:
        name: one of `LITE`.
        weights: arrays in the order and with the shapes of its weights, from `weights.pretrained`.
    """
    width, depth = LITE[name]
    encoder = EfficientNetLite(width=width, depth=depth, color_space="lab")
    encoder.maps(ops.zeros((1, 32, 32, 3)))  # builds its layers
    encoder.set_weights(weights)
    return encoder


def _convolution(filters, kernel, *, stride=1):
    return layers.Conv2D(filters, kernel, strides=stride, padding="same", dtype="float32")


def _rounded(filters):
    """Round to a multiple of 8, at least 0.9 of the number."""
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * filters else rounded
