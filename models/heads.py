"""Heads: from a generator's last features to colours, directly or by bins. `build` makes a head.

Imports `blocks`, `color`, `quantization` and `settings.config`.
"""

from __future__ import annotations

import numpy as np
from keras import layers, ops

from colorgan.models import blocks, quantization
from colorgan.models import color as colors
from colorgan.settings import nearest
from colorgan.settings.config import Config


class Head(blocks.Composite, layers.Layer):
    """The base of all heads. A call: [B, H, W, F] features -> (scaled colour, logits or None), float32.

    It computes in float32 under any policy: bfloat16 has 8 bits of mantissa, too few for a step of 8-bit colour.

    Args:
        config: for the colour space, the scale of a and b, and the dtype policy.

    Raises:
        ValueError: if it has bins of a and b, but the colour space has no a and b.
    """

    kind = None  # of its bins, see `quantization.describe`

    def __init__(self, config: Config):
        super().__init__(dtype=config.run.precision)
        self.ab_scale = config.data.ab_scale
        if self.kind and config.data.color_space != "lab":
            raise ValueError(
                f"`--head {config.architecture.head}` predicts bins of a and b: use --color-space lab. "
                f"Received: {config.data.color_space}"
            )

    @property
    def bins(self):
        """Its bins, from `quantization.describe`; None: it has no bins to classify."""
        return quantization.describe(self.kind, ab_scale=self.ab_scale) if self.kind else None

    @property
    def parts(self):
        """The layers with weights, in order."""
        return list(self._flatten_layers(include_self=False, recursive=False))

    def targets(self, color):
        """[B, H, W, 2] scaled ab -> the targets of `objectives.rebalanced.cross_entropy`."""
        if self.kind == "channel-bins":
            return quantization.channel_targets(color)
        return quantization.soft_encode(ops.cast(color, "float32") * self.ab_scale)


class ColorHead(Head):
    """A convolution and tanh (Nazeri et al. 2018, section 3.1): colours in [-1, 1], no logits."""

    def __init__(self, config, kernel_size):
        super().__init__(config)
        channels = colors.COLOR_CHANNELS[config.data.color_space]
        self.convolution = layers.Conv2D(
            channels, kernel_size, padding="same", kernel_initializer="he_normal", dtype=self.dtype_policy
        )

    def raise_chroma(self, factor):
        """Multiply the colours' chroma by a factor, before tanh, so strong colours rise less."""
        for weight in self.convolution.weights:
            weight.assign(weight * factor)

    def call(self, features):
        """See `Head`."""
        return ops.tanh(ops.cast(self.convolution(features), "float32")), None


class ColorAndBinsHead(ColorHead):
    """`ColorHead`'s colours and, by a 1x1 convolution, a softmax over bins of the ab plane.

    The bins say how sure the colours are, and which others are possible. Learning them (`--classification-weight`)
    teaches the layers below about colours that their mean hides. Logits: [B, H, W, Q].
    """

    kind = "joint-bins"

    def __init__(self, config, kernel_size):
        super().__init__(config, kernel_size)
        self.classify = layers.Conv2D(len(quantization.joint_centres()), 1, dtype=self.dtype_policy)

    def call(self, features):
        """See `Head`."""
        return super().call(features)[0], ops.cast(self.classify(features), "float32")


class ChannelBinsHead(Head):
    """A softmax over 16 bins for a and one for b, each read by a convolution and tanh (preset `wgan256`).

    Training first fits the bins, then the colours. The second phase should begin where the first ended. So a reading
    convolution starts with only its pixel, and with the weight artanh(centre) for a bin. A pixel that is sure of a bin
    then gets exactly the bin's centre. Any other pixel gets tanh of the mean of artanh(centre), near the expected
    colour if the distribution is narrow or near gray. This start is our choice. Logits: [B, H, W, 2, 16].
    """

    kind = "channel-bins"

    def __init__(self, config, kernel_size):
        super().__init__(config)
        count, dtype = quantization.CHANNEL_BINS, self.dtype_policy
        self.classify_a, self.classify_b = (
            layers.Conv2D(count, kernel_size, padding="same", dtype=dtype) for _ in range(2)
        )
        self.read_a, self.read_b = (
            layers.Conv2D(1, kernel_size, padding="same", kernel_initializer=_reading, dtype="float32")
            for _ in range(2)
        )

    def call(self, features):
        """See `Head`."""
        logits = [ops.cast(layer(features), "float32") for layer in (self.classify_a, self.classify_b)]
        read = [layer(ops.softmax(one, axis=-1)) for layer, one in zip((self.read_a, self.read_b), logits, strict=True)]
        return ops.tanh(ops.concatenate(read, axis=-1)), ops.stack(logits, axis=-2)


class JointBinsHead(Head):
    """A softmax over the bins of the ab plane and its annealed mean (Zhang et al. 2016, sections 2.1 and 2.3).

    Colours are at most 110 / ab_scale in size. Logits: [B, H, W, Q].
    """

    kind = "joint-bins"

    def __init__(self, config, kernel_size):
        super().__init__(config)
        self.temperature = config.architecture.temperature
        count = len(quantization.joint_centres())
        self.classify = layers.Conv2D(count, kernel_size, padding="same", dtype=self.dtype_policy)

    def call(self, features):
        """See `Head`."""
        logits = ops.cast(self.classify(features), "float32")
        return quantization.annealed_mean(logits, temperature=self.temperature) / self.ab_scale, logits


def _reading(shape, dtype=None):
    """-> initial kernel [k, k, 16, 1] of a reading convolution: zero except at the pixel itself."""
    kernel = np.zeros(shape, dtype=np.float32)
    # `same` padding puts the smaller half before the pixel.
    kernel[(shape[0] - 1) // 2, (shape[1] - 1) // 2, :, 0] = np.arctanh(quantization.channel_centres())
    return ops.convert_to_tensor(kernel, dtype=dtype)


HEADS = {
    "color": ColorHead,
    "color-and-bins": ColorAndBinsHead,
    "channel-bins": ChannelBinsHead,
    "joint-bins": JointBinsHead,
}


def build(config: Config, *, kernel_size) -> Head:
    """-> the configured head; its layers are built with the network.

    Args:
        config: `architecture.head` chooses it; `architecture.temperature`, `data` and `run.precision` configure it.
        kernel_size: of its convolutions; the network's choice.

    Raises:
        ValueError: if the head is unknown (the known ones are listed) or does not fit the colour space.
    """
    name = config.architecture.head
    if name not in HEADS:
        raise ValueError(nearest.unknown("`--head`", name, HEADS))
    return HEADS[name](config, kernel_size)
