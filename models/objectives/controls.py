"""Control of the mean saturation, hue, red, green and blue of generated pictures (GAN Image Colorization with
Controlled Parameters): the loss terms, and photographs moved to the desired values.

The published term is |mean of the quantity over G(x) - desired|. It does not say whether the mean is over a picture or
the batch. Here it is over a picture, so each result has the desired value, not only their average, and a term means the
same at any batch size. Imports `color`.

A dark pixel's saturation and hue change fast with its RGB: slopes grow as 1 / value, up to 1e6 at black.
"""

from __future__ import annotations

import math

from keras import ops

from colorgan.models import color
from colorgan.settings import nearest

CHANNELS = {"red": 0, "green": 1, "blue": 2}
NAMES = ("saturation", "hue", *CHANNELS)
NO_HUE = 1e-4  # a picture has no mean hue if its mean hue vector, weighted by saturation, is shorter
NO_CHROMA = 1 / 512  # max - min of RGB below which `adjust` takes a pixel for gray: half a step of 8 bits
EXPONENTS = 16.0  # `adjust` searches gamma in [2^-16, 2^16]


def value(rgb, name):
    """Compute the mean of a quantity over each picture.

    Args:
        rgb: [B, H, W, 3] sRGB in [0, 1].
        name: `saturation` (of HSV), `hue`, `red`, `green` or `blue`.

    Returns:
        [B] float32 in [0, 1]. Hue, where a turn is 1, is averaged on the circle and weighted by saturation: the angle
        of sum S exp(2 pi i H). It is 0 for a picture without colour, or with hues that cancel.

    Raises:
        ValueError: if the name is unknown (the known ones are listed).
    """
    if name not in NAMES:
        raise ValueError(nearest.unknown("controlled quantity", name, NAMES))
    if name == "hue":
        return _mean_hue(color.rgb_to_hsv(rgb))[0]
    if name == "saturation":
        return _mean(color.rgb_to_hsv(rgb)[..., 1:2])
    channel = CHANNELS[name]
    return _mean(ops.cast(rgb, "float32")[..., channel : channel + 1])


def term(rgb, name, desired):
    """|mean - desired|, the loss term of one controlled quantity.

    Args:
        rgb: [B, H, W, 3] sRGB in [0, 1], generated pictures.
        name: as in `value`.
        desired: in [0, 1]: a number, or [B] one per picture.

    Returns:
        [B] float32: in [0, 1], or for hue the distance on the circle in [0, 0.5], a turn being 1; 0 for a picture
        without a mean hue, because no small change would bring it nearer. The gradient is finite everywhere.

    Raises:
        ValueError: if the name is unknown.
    """
    desired = ops.cast(desired, "float32")
    if name != "hue":
        return ops.abs(value(rgb, name) - desired)
    mean, some = _mean_hue(color.rgb_to_hsv(rgb))
    distance = ops.abs(mean - desired)
    return ops.where(some, ops.minimum(distance, 1 - distance), 0.0)


def adjust(rgb, *, saturation=None, hue=None, steps=24):
    """Move photographs to a desired mean saturation or hue, as the truth for a controlled generator.

    It works in HSV and keeps the value of every pixel. Saturation becomes S^gamma with one gamma per picture, which
    keeps the order of saturations and the grays. For gamma > 1 there is also the factor (255/256)^(gamma - 1), so that
    a pixel of saturation 1 can lose some. Hue: all hues of a picture are turned by the same angle.

    Lightness and luma change with both. Combined with the original's gray, as in a Lab or YUV generator, the means are
    near the desired means: on 40 photographs of 64x64, saturation is within 0.07 of 0.5, but only 0.68 on average for
    0.75, because bright pixels cannot be so saturated.

    Args:
        rgb: [B, H, W, 3] sRGB in [0, 1].
        saturation: desired mean saturation in [0, 1], a number or [B]. None: unchanged. Grays can make it unreachable;
            then the other pixels become fully saturated.
        hue: desired mean hue (see `value`), likewise. Pictures without a mean hue do not change.
        steps: halvings of the interval in which log2 gamma is searched, [-16, 16].

    Returns:
        [B, H, W, 3] float32 sRGB in [0, 1].
    """
    hsv = color.rgb_to_hsv(rgb)
    if saturation is not None:
        hsv = _with_saturation(hsv, _per_picture(saturation), steps)
    if hue is not None:
        mean, some = _mean_hue(hsv)
        turn = ops.where(some, ops.cast(hue, "float32") - mean, 0.0)
        hsv = ops.concatenate([hsv[..., 0:1] + _per_picture(turn), hsv[..., 1:3]], axis=-1)
    return color.hsv_to_rgb(hsv)


def _with_saturation(hsv, desired, steps):
    """[B, H, W, 3] HSV with each picture's mean saturation moved to `desired`, [B or 1, 1, 1, 1]."""
    s = hsv[..., 1:2]
    colored = s * hsv[..., 2:3] >= NO_CHROMA
    log_s = ops.log(ops.where(colored, s, 1.0))
    fading = math.log(255 / 256)

    def moved(exponent):
        gamma = 2.0**exponent
        return ops.where(colored, ops.exp(gamma * log_s + ops.maximum(gamma - 1, 0.0) * fading), s)

    low = ops.zeros_like(s[:, :1, :1]) - EXPONENTS
    high = -low
    for _ in range(steps):
        middle = (low + high) / 2
        too_much = _per_picture(_mean(moved(middle))) > desired  # the mean falls as gamma rises
        low, high = ops.where(too_much, middle, low), ops.where(too_much, high, middle)
    s = moved((low + high) / 2)
    s = ops.where(desired >= 1, ops.where(colored, 1.0, s), s)
    s = ops.where(desired <= 0, 0.0, s)
    return ops.concatenate([hsv[..., 0:1], s, hsv[..., 2:3]], axis=-1)


def _mean_hue(hsv):
    """-> [B] the circular mean of hue in [0, 1], and [B] bool, whether there is one."""
    angle, s = 2 * math.pi * hsv[..., 0:1], hsv[..., 1:2]
    x, y = _mean(s * ops.cos(angle)), _mean(s * ops.sin(angle))
    some = x**2 + y**2 > NO_HUE**2
    # The angle of (0, 0) has no slope; a constant replaces it.
    turns = ops.arctan2(ops.where(some, y, 0.0), ops.where(some, x, 1.0)) / (2 * math.pi)
    return ops.where(turns < 0, turns + 1, turns), some


def _mean(x):
    return ops.mean(x, axis=(1, 2, 3))


def _per_picture(x):
    return ops.reshape(ops.cast(x, "float32"), (-1, 1, 1, 1))
