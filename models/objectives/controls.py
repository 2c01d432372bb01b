"""Control of the mean saturation, hue, red, green and blue of what is generated (GAN Image Colorization with Controlled
Parameters): the loss terms, and photographs moved to the desired values.

The published term is |mean of the quantity over G(x) - desired|. Whether that mean is one picture's or the whole
batch's is left open; here it is the picture's, so that each result, and not only their average, has the desired value,
and so that a term means the same for any batch size. Imports `color`.

The saturation and hue of a dark pixel change fast with its RGB: their slopes grow as 1 / value, up to 1e6 at black.
"""

from __future__ import annotations

import math

from keras import ops

from colorgan.models import color
from colorgan.settings import nearest

CHANNELS = {"red": 0, "green": 1, "blue": 2}
NAMES = ("saturation", "hue", *CHANNELS)
NO_HUE = 1e-4  # a picture whose hues, weighted by saturation, average to a vector shorter than this has no mean hue
NO_CHROMA = 1 / 512  # max - min of RGB below which `adjust` takes a pixel for gray: half a step of 8 bits
EXPONENTS = 16.0  # `adjust` searches gamma in [2^-16, 2^16]


def value(rgb, name):
    """The mean of a quantity over each picture.

    Args:
        rgb: [B, H, W, 3] sRGB in [0, 1].
        name: `saturation` (of HSV), `hue`, `red`, `green` or `blue`.

    Returns:
        [B] float32 in [0, 1]. Hue, where a turn is 1, is averaged on the circle and weighted by saturation: the angle
        of sum S exp(2 pi i H). It is 0 for a picture without colour, or whose hues cancel.

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
        rgb: [B, H, W, 3] sRGB in [0, 1], of what is generated.
        name: as in `value`.
        desired: in [0, 1]: a number, or [B] one per picture.

    Returns:
        [B] float32: in [0, 1], or for hue the distance on the circle in [0, 0.5], a turn being 1; 0 for a picture
        without a mean hue, which no small change of it would bring nearer. The gradient is finite everywhere.

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
    """Photographs moved to a desired mean saturation or hue: something true to compare a controlled generator with.

    In HSV, with the value of every pixel kept. Saturation becomes S^gamma with one gamma per picture: what is more
    saturated stays so, and grays stay gray. For gamma > 1 there is besides the factor (255/256)^(gamma - 1), without
    which a pixel of saturation 1 could not lose any. Hue: all hues of a picture are turned by the same angle.

    Lightness and luma change with both. Joined with the original's gray, as a Lab or YUV generator's colours are, the
    means lie near the desired ones: on 40 photographs of 64x64, saturation within 0.07 of 0.5, but only 0.68 on
    average for 0.75, as bright pixels cannot be so saturated.

    Args:
        rgb: [B, H, W, 3] sRGB in [0, 1].
        saturation: mean saturation wanted, in [0, 1]: a number, or [B] one per picture. None: as it is. Grays can make
            it unreachable; then the other pixels become fully saturated.
        hue: mean hue wanted (see `value`), likewise. Pictures without a mean hue stay as they are.
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
    # The angle of (0, 0) has no slope: a constant stands for it.
    turns = ops.arctan2(ops.where(some, y, 0.0), ops.where(some, x, 1.0)) / (2 * math.pi)
    return ops.where(turns < 0, turns + 1, turns), some


def _mean(x):
    return ops.mean(x, axis=(1, 2, 3))


def _per_picture(x):
    return ops.reshape(ops.cast(x, "float32"), (-1, 1, 1, 1))
