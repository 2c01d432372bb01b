"""What a generator ends in: from its last features to colours, directly or by way of bins. `build` makes one.

Imports `color`, `quantization` and `settings.config`.
"""

from __future__ import annotations

import numpy as np
from keras import layers, ops

from colorgan.models import color as colors
from colorgan.models import quantization
from colorgan.settings.config import Config


class ColorHead(layers.Layer):
    """A convolution and tanh (Nazeri et al. 2018, section 3.1).

    Args:
        channels: of the colour.
        kernel_size: of the convolution.
        dtype: Keras dtype policy.
    """

    bins = None  # it has none: there is nothing to classify

    def __init__(self, *, channels, kernel_size, dtype=None):
        super().__init__(dtype=dtype)
        self.convolution = layers.Conv2D(
            channels, kernel_size, padding="same", kernel_initializer="he_normal", dtype=dtype
        )

    @property
    def parts(self):
        """The layers with weights, in order."""
        return [self.convolution]

    def raise_chroma(self, factor):
        """Multiply the colours' chroma by a factor, before tanh: strong colours rise by less."""
        for weight in self.convolution.weights:
            weight.assign(weight * factor)

    def call(self, features, with_logits=False):
        """Colours of features.

        Args:
            features: [B, H, W, F] float.
            with_logits: return a pair, the second None.

        Returns:
            [B, H, W, channels] float32 in [-1, 1], or (that, None).
        """
        # float32 whatever the policy: bfloat16 has 8 bits of mantissa, less than a step of 8-bit colour.
        color = ops.tanh(ops.cast(self.convolution(features), "float32"))
        return (color, None) if with_logits else color


class ChannelBinsHead(layers.Layer):
    """A softmax over 16 bins for a and one for b, for each a convolution and tanh that read it (preset `wgan256`).

    Training first fits the bins, then the colours. So that the second phase begins where the first ended, a reading
    convolution starts as a look at its own pixel, with the weight artanh(centre) for a bin: a pixel that is sure of a
    bin gets the bin's centre exactly, another tanh of the mean of artanh(centre), next to the expected colour while
    the distribution is narrow or near gray. This start is our choice.

    Args:
        kernel_size: of all four convolutions.
        ab_scale: Lab units of a and b that become 1; part of what `bins` describes.
        dtype: Keras dtype policy; everything behind the logits is float32.
    """

    def __init__(self, *, kernel_size, ab_scale, dtype=None):
        super().__init__(dtype=dtype)
        count = quantization.CHANNEL_BINS
        self.ab_scale = ab_scale
        self.classify_a = layers.Conv2D(count, kernel_size, padding="same", dtype=dtype)
        self.classify_b = layers.Conv2D(count, kernel_size, padding="same", dtype=dtype)
        self.read_a = layers.Conv2D(1, kernel_size, padding="same", kernel_initializer=_reading, dtype="float32")
        self.read_b = layers.Conv2D(1, kernel_size, padding="same", kernel_initializer=_reading, dtype="float32")

    @property
    def bins(self):
        """What `quantization.describe` says of its bins."""
        return quantization.describe("channel-bins", ab_scale=self.ab_scale)

    @property
    def parts(self):
        """The layers with weights, in order: the two that classify, the two that read."""
        return [self.classify_a, self.classify_b, self.read_a, self.read_b]

    def call(self, features, with_logits=False):
        """Colours of features.

        Args:
            features: [B, H, W, F] float.
            with_logits: return the logits too.

        Returns:
            [B, H, W, 2] float32 in [-1, 1], scaled ab; with the logits, [B, H, W, 2, 16] float32, in a pair.
        """
        logits = [ops.cast(layer(features), "float32") for layer in (self.classify_a, self.classify_b)]
        read = [layer(ops.softmax(one, axis=-1)) for layer, one in zip((self.read_a, self.read_b), logits, strict=True)]
        color = ops.tanh(ops.concatenate(read, axis=-1))
        return (color, ops.stack(logits, axis=-2)) if with_logits else color

    def targets(self, color):
        """[B, H, W, 2] scaled ab -> [B, H, W, 2, 16] float32: see `quantization.channel_targets`."""
        return quantization.channel_targets(color)


class _JointBins:
    """What heads with bins of the ab plane share; they have `ab_scale`."""

    @property
    def bins(self):
        """What `quantization.describe` says of its bins."""
        return quantization.describe("joint-bins", ab_scale=self.ab_scale)

    def targets(self, color):
        """[B, H, W, 2] scaled ab -> its five nearest bins: see `quantization.soft_encode`."""
        return quantization.soft_encode(ops.cast(color, "float32") * self.ab_scale)


class JointBinsHead(_JointBins, layers.Layer):
    """A softmax over the bins of the ab plane and its annealed mean (Zhang et al. 2016, sections 2.1 and 2.3).

    Args:
        kernel_size: of the convolution.
        temperature: of the annealed mean.
        ab_scale: Lab units of a and b that become 1.
        dtype: Keras dtype policy; everything behind the logits is float32.
    """

    def __init__(self, *, kernel_size, temperature, ab_scale, dtype=None):
        super().__init__(dtype=dtype)
        count = len(quantization.joint_centres())
        self.temperature, self.ab_scale = temperature, ab_scale
        self.classify = layers.Conv2D(count, kernel_size, padding="same", dtype=dtype)

    @property
    def parts(self):
        """The layers with weights, in order."""
        return [self.classify]

    def call(self, features, with_logits=False):
        """Colours of features.

        Args:
            features: [B, H, W, F] float.
            with_logits: return the logits too.

        Returns:
            [B, H, W, 2] float32, scaled ab, at most 110 / ab_scale in size; with the logits, [B, H, W, Q] float32, in
            a pair.
        """
        logits = ops.cast(self.classify(features), "float32")
        color = quantization.annealed_mean(logits, temperature=self.temperature) / self.ab_scale
        return (color, logits) if with_logits else color


class ColorAndBinsHead(_JointBins, ColorHead):
    """Colours as `ColorHead` makes them, and beside them a softmax over the bins of the ab plane.

    The bins say how sure the colours are and what else they might be; learning them (`--classification-weight`) teaches
    the layers below about colours that the mean of all hides.

    Args:
        kernel_size: of the convolution that makes colours; the other's is 1.
        ab_scale: Lab units of a and b that become 1.
        dtype: Keras dtype policy; everything behind the logits is float32.
    """

    def __init__(self, *, kernel_size, ab_scale, dtype=None):
        super().__init__(channels=2, kernel_size=kernel_size, dtype=dtype)
        self.ab_scale = ab_scale
        self.classify = layers.Conv2D(len(quantization.joint_centres()), 1, dtype=dtype)

    def build(self, shape):
        """Both layers: a call need not reach the bins'."""
        for layer in self.parts:
            layer.build(shape)

    @property
    def parts(self):
        """The layers with weights, in order: that of the colours, that of the bins."""
        return [self.convolution, self.classify]

    def call(self, features, with_logits=False):
        """Colours of features.

        Args:
            features: [B, H, W, F] float.
            with_logits: return the logits too.

        Returns:
            [B, H, W, 2] float32 in [-1, 1], scaled ab; with the logits, [B, H, W, Q] float32, in a pair.
        """
        color = super().call(features)
        return (color, ops.cast(self.classify(features), "float32")) if with_logits else color


def _reading(shape, dtype=None):
    """Initial kernel [k, k, 16, 1] of a reading convolution: zero but for the pixel itself."""
    kernel = np.zeros(shape, dtype=np.float32)
    # `same` padding puts the smaller half before the pixel.
    kernel[(shape[0] - 1) // 2, (shape[1] - 1) // 2, :, 0] = np.arctanh(quantization.channel_centres())
    return ops.convert_to_tensor(kernel, dtype=dtype)


def _color(config: Config, **common):
    return ColorHead(channels=colors.COLOR_CHANNELS[config.data.color_space], **common)


def _channel_bins(config: Config, **common):
    _needs_lab(config)
    return ChannelBinsHead(ab_scale=config.data.ab_scale, **common)


def _joint_bins(config: Config, **common):
    _needs_lab(config)
    return JointBinsHead(temperature=config.architecture.temperature, ab_scale=config.data.ab_scale, **common)


def _color_and_bins(config: Config, **common):
    _needs_lab(config)
    return ColorAndBinsHead(ab_scale=config.data.ab_scale, **common)


HEADS = {"color": _color, "color-and-bins": _color_and_bins, "channel-bins": _channel_bins, "joint-bins": _joint_bins}


def build(config: Config, *, kernel_size, dtype=None):
    """The configured head; its layers are built with the network that it ends.

    Args:
        config: `architecture.head` says which; `architecture.temperature` and `data` how.
        kernel_size: of its convolutions; the network's choice.
        dtype: Keras dtype policy.

    Returns:
        A layer, [B, H, W, F] features -> [B, H, W, C] float32 scaled colour; called `with_logits`, the pair of that
        and the logits, None where it has no bins. `parts` lists its layers with weights, `bins` describes its bins as
        JSON has it or is None; with bins, `targets(color)` are what `objectives.rebalanced.cross_entropy` compares the
        logits to.

    Raises:
        ValueError: if the head is unknown (the known ones are listed) or does not fit the colour space.
    """
    name = config.architecture.head
    if name not in HEADS:
        raise ValueError(f"Unknown `--head` {name!r}. Known: {', '.join(HEADS)}")
    return HEADS[name](config, kernel_size=kernel_size, dtype=dtype)


def _needs_lab(config):
    if config.data.color_space != "lab":
        raise ValueError(
            f"`--head {config.architecture.head}` predicts bins of a and b: use --color-space lab. "
            f"Received: {config.data.color_space}"
        )
