"""Colour spaces and every scaling to and from the networks' range: pure functions of arrays or tensors.

Owns sRGB <-> linear RGB <-> XYZ <-> Lab (D65), RGB <-> HSV, RGB <-> YUV, luma, the gamut rule, and `encode` /
`decode` between pictures and what a network sees. Imports `imaging.constants`, and Keras ops only, so that the same
code runs eagerly, inside a `tf.function` and inside `tf.data`, on any Keras backend.

| quantity | range |
|---|---|
| RGB, HSV, luma | [0, 1], gamma-encoded sRGB |
| linear RGB | [0, 1] |
| L | [0, 100] |
| a, b | about [-86, 98], [-108, 95] inside the sRGB gamut |
| U, V | [-0.436, 0.436], [-0.615, 0.615] inside the gamut |
| scaled L, luma, RGB, U, V | [-1, 1] |
| scaled a, b | ab / `ab_scale`; [-1, 1] at the default 110 |

What a generator sees and predicts:

| `color_space` | gray | colour |
|---|---|---|
| `lab` | L | a, b |
| `rgb` | luma, as the systems that predict RGB were published | R, G, B |
| `yuv` | luma | U, V |

All functions take and return float32 (other floats are cast: half precision cannot hold Lab), channels last. An unknown
`color_space` is a ValueError.
"""

from __future__ import annotations

import numpy as np
from keras import ops

from colorgan.imaging.constants import LAB_EPSILON, LAB_SLOPE, RGB_FROM_XYZ, WHITE_D65, XYZ_FROM_RGB

# ITU-R BT.601: luma, and U and V as multiples of B - Y' and R - Y' with the rounded factors in use, which leave the
# gamut's extremes (blue, red) 0.0002 and 0.0004 inside of the bounds that they are scaled by.
LUMA = (0.299, 0.587, 0.114)
U_FACTOR, V_FACTOR = 0.492, 0.877
U_BOUND, V_BOUND = 0.436, 0.615
COLOR_CHANNELS = {"lab": 2, "rgb": 3, "yuv": 2}


def _float(x):
    return ops.cast(ops.convert_to_tensor(x), "float32")


def _matmul(x, matrix):
    return ops.matmul(x, ops.convert_to_tensor(matrix.T.astype("float32")))


def srgb_to_linear(rgb):
    """Undo the sRGB transfer function (IEC 61966-2-1). [..., C] in [0, 1] -> the same shape, linear in [0, 1]."""
    rgb = _float(rgb)
    # The maximum keeps the gradient of the branch that is not taken finite, here and below.
    curve = ((ops.maximum(rgb, 0.04045) + 0.055) / 1.055) ** 2.4
    return ops.where(rgb > 0.04045, curve, rgb / 12.92)


def linear_to_srgb(linear):
    """Apply the sRGB transfer function (IEC 61966-2-1). [..., C] linear -> gamma-encoded; negatives stay negative."""
    linear = _float(linear)
    curve = 1.055 * ops.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return ops.where(linear > 0.0031308, curve, linear * 12.92)


def rgb_to_lab(rgb):
    """[..., 3] sRGB in [0, 1] -> [..., 3] Lab, D65 (CIE 15:2004): L in [0, 100], a and b in Lab units."""
    xyz = _matmul(srgb_to_linear(rgb), XYZ_FROM_RGB / WHITE_D65[:, None])
    root = ops.maximum(xyz, LAB_EPSILON) ** (1 / 3)
    f = ops.where(xyz > LAB_EPSILON, root, xyz * LAB_SLOPE + 4 / 29)
    fx, fy, fz = f[..., 0:1], f[..., 1:2], f[..., 2:3]
    return ops.concatenate([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], axis=-1)


def lab_to_linear(lab):
    """[..., 3] Lab -> [..., 3] linear RGB; outside [0, 1] where the colour lies outside the sRGB gamut."""
    lab = _float(lab)
    fy = (lab[..., 0:1] + 16) / 116
    f = ops.concatenate([fy + lab[..., 1:2] / 500, fy, fy - lab[..., 2:3] / 200], axis=-1)
    return _matmul(_cubed(f), RGB_FROM_XYZ * WHITE_D65[None, :])


def _cubed(f):
    """The inverse of Lab's cube root, with its line below `LAB_EPSILON`."""
    return ops.where(f > 6 / 29, f**3, (f - 4 / 29) / LAB_SLOPE)


def lab_to_rgb(lab):
    """[..., 3] Lab -> [..., 3] sRGB in [0, 1]; colours outside the gamut are cut off per channel (see `fit_gamut`)."""
    return ops.clip(linear_to_srgb(lab_to_linear(lab)), 0.0, 1.0)


def fit_gamut(lab, *, steps=12):
    """Take chroma, and nothing else, from colours that sRGB cannot show: L and hue stay, as `lab_to_rgb` does not.

    Args:
        lab: [..., 3] Lab.
        steps: halvings of the interval in which the largest chroma factor is searched; 12 leave 1/4096 of the chroma.

    Returns:
        [..., 3] Lab, inside the sRGB gamut to within 1e-5 of linear RGB; colours that were inside are unchanged.
    """
    lab = _float(lab)
    lightness, ab = lab[..., 0:1], lab[..., 1:3]

    def inside(factor):
        linear = lab_to_linear(ops.concatenate([lightness, factor * ab], axis=-1))
        worst = ops.max(ops.maximum(-linear, linear - 1), axis=-1, keepdims=True)
        return worst <= 1e-5

    low, high = ops.zeros_like(lightness), ops.ones_like(lightness)
    fits = inside(high)
    for _ in range(steps):
        middle = (low + high) / 2
        ok = inside(middle)
        low, high = ops.where(ok, middle, low), ops.where(ok, high, middle)
    return ops.concatenate([lightness, ops.where(fits, 1.0, low) * ab], axis=-1)


def luma(rgb):
    """[..., 3] sRGB in [0, 1] -> [..., 1] luma Y' in [0, 1] (ITU-R BT.601 weights)."""
    return _matmul(_float(rgb), np.array([LUMA]))


def rgb_to_yuv(rgb):
    """[..., 3] sRGB in [0, 1] -> [..., 3] luma in [0, 1], U in [-0.436, 0.436], V in [-0.615, 0.615] (ITU-R BT.601)."""
    rgb = _float(rgb)
    y = luma(rgb)
    return ops.concatenate([y, U_FACTOR * (rgb[..., 2:3] - y), V_FACTOR * (rgb[..., 0:1] - y)], axis=-1)


def yuv_to_rgb(yuv):
    """[..., 3] luma, U and V -> [..., 3] sRGB, the inverse of `rgb_to_yuv`; outside [0, 1] where no RGB has them."""
    yuv = _float(yuv)
    y = yuv[..., 0:1]
    b = y + yuv[..., 1:2] / U_FACTOR
    r = y + yuv[..., 2:3] / V_FACTOR
    return ops.concatenate([r, (y - LUMA[0] * r - LUMA[2] * b) / LUMA[1], b], axis=-1)


def rgb_to_hsv(rgb):
    """[..., 3] sRGB in [0, 1] -> [..., 3] hue (a turn is 1), saturation, value, each in [0, 1] (Smith 1978).

    Hue and saturation are 0 where there is none; gradients are finite everywhere, at black, white and gray too.
    """
    rgb = _float(rgb)
    r, g, b = rgb[..., 0:1], rgb[..., 1:2], rgb[..., 2:3]
    value = ops.max(rgb, axis=-1, keepdims=True)
    chroma = value - ops.min(rgb, axis=-1, keepdims=True)
    some = chroma > 1e-6
    divisor = ops.where(some, chroma, 1.0)
    sector = ops.where(
        value == r, (g - b) / divisor, ops.where(value == g, 2 + (b - r) / divisor, 4 + (r - g) / divisor)
    )
    hue = ops.where(some, sector / 6, 0.0)
    hue = ops.where(hue < 0, hue + 1, hue)
    saturation = ops.where(some, chroma / ops.where(value > 1e-6, value, 1.0), 0.0)
    return ops.concatenate([hue, saturation, value], axis=-1)


def hsv_to_rgb(hsv):
    """[..., 3] hue (a turn is 1), saturation, value -> [..., 3] sRGB in [0, 1], the inverse of `rgb_to_hsv`.

    Hue may be any number: whole turns change nothing.
    """
    hsv = _float(hsv)
    hue, saturation, value = hsv[..., 0:1], hsv[..., 1:2], hsv[..., 2:3]
    # Each channel falls by the chroma over one sector, stays for two and rises over one; red, green and blue do so
    # a third of a turn apart.
    sector = ops.mod(6 * hue + ops.convert_to_tensor(np.float32([5, 3, 1])), 6)
    return value - value * saturation * ops.clip(ops.minimum(sector, 4 - sector), 0.0, 1.0)


def scale_l(lightness):
    """L in [0, 100] -> [-1, 1]."""
    return _float(lightness) / 50 - 1


def unscale_l(scaled):
    """[-1, 1] -> L in [0, 100]."""
    return (_float(scaled) + 1) * 50


def gray(rgb, color_space):
    """What a generator is given of a picture.

    Args:
        rgb: [..., 3] sRGB in [0, 1].
        color_space: `lab`, `rgb` or `yuv`.

    Returns:
        [..., 1] float32 in [-1, 1]: L scaled (`lab`) or luma scaled (`rgb`, `yuv`).
    """
    _check_space(color_space)
    return scale_l(rgb_to_lab(rgb)[..., 0:1]) if color_space == "lab" else luma(rgb) * 2 - 1


def gray_to_srgb(gray, color_space):
    """The gray picture that `gray` was taken of.

    Args:
        gray: [..., 1] in [-1, 1], as `gray` returns it.
        color_space: `lab`, `rgb` or `yuv`.

    Returns:
        [..., 1] float32 in [0, 1], sRGB: what the three channels of a gray picture hold.
    """
    _check_space(color_space)
    if color_space != "lab":
        return (_float(gray) + 1) / 2
    return linear_to_srgb(_cubed((unscale_l(gray) + 16) / 116))


def encode(rgb, *, color_space, ab_scale):
    """A picture as the networks see it.

    Args:
        rgb: [..., 3] sRGB in [0, 1].
        color_space: `lab`, `rgb` or `yuv`.
        ab_scale: Lab units of a and b that become 1 (`lab` only).

    Returns:
        gray: [..., 1] float32 in [-1, 1], as `gray` returns it: L (`lab`) or luma (`rgb`, `yuv`), scaled.
        color: [..., 2] float32, ab / ab_scale (`lab`) or U / 0.436 and V / 0.615 (`yuv`), or [..., 3], RGB scaled to
            [-1, 1] (`rgb`).
    """
    if color_space == "lab":  # one conversion for both
        lab = rgb_to_lab(rgb)
        return scale_l(lab[..., 0:1]), lab[..., 1:3] / ab_scale
    color = rgb_to_yuv(rgb)[..., 1:3] / _uv_bounds() if color_space == "yuv" else _float(rgb) * 2 - 1
    return gray(rgb, color_space), color


def to_lab(gray, color, *, color_space, ab_scale):
    """What the networks see, as Lab: the inverse of `encode`.

    Args:
        gray: [..., 1] in [-1, 1], as `encode` returns it. `rgb` does not look at it; `yuv` needs the true one.
        color: [..., 2] or [..., 3], as `encode` returns it.
        color_space, ab_scale: as in `encode`.

    Returns:
        [..., 3] Lab. In `lab` its L is `gray`'s, exactly, and colours may lie outside the sRGB gamut; in `rgb` and
        `yuv` it is that of `decode`'s picture, its L included.
    """
    if color_space == "lab":
        return ops.concatenate([unscale_l(gray), _float(color) * ab_scale], axis=-1)
    return rgb_to_lab(decode(gray, color, color_space=color_space, ab_scale=ab_scale))


def decode(gray, color, *, color_space, ab_scale):
    """What the networks see, as a picture.

    Args:
        gray, color, color_space, ab_scale: as in `to_lab`.

    Returns:
        [..., 3] sRGB in [0, 1]. Values outside are cut off per channel, which in `lab` and `yuv` also moves the
        lightness of such colours (see `lab_to_rgb`).
    """
    _check_space(color_space)
    if color_space == "lab":
        return lab_to_rgb(to_lab(gray, color, color_space=color_space, ab_scale=ab_scale))
    if color_space == "yuv":
        yuv = ops.concatenate([(_float(gray) + 1) / 2, _float(color) * _uv_bounds()], axis=-1)
        return ops.clip(yuv_to_rgb(yuv), 0.0, 1.0)
    return ops.clip((_float(color) + 1) / 2, 0.0, 1.0)


def _uv_bounds():
    return ops.convert_to_tensor(np.float32([U_BOUND, V_BOUND]))


def _check_space(color_space):
    if color_space not in COLOR_CHANNELS:
        raise ValueError(f"`color_space` must be one of {', '.join(COLOR_CHANNELS)}. Received: {color_space!r}")
