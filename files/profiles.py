"""Converting values under a colour profile to sRGB, the space of networks and results.

Owns ICC profiles, a PNG's gamma and primaries, CMYK and CIE L*a*b*. Imports `imaging.modes`.
"""

from __future__ import annotations

import functools

import imagecodecs
import numpy as np

from ..imaging.modes import as_depth

_SPACES = {b"GRAY": "gray", b"RGB ": "rgb", b"CMYK": "cmyk"}
_RELATIVE = 1  # the intent: relative colorimetric
_EXACT = 0x100  # LittleCMS' cmsFLAGS_NOOPTIMIZE: otherwise 16 bits use a table of 33 steps, up to 19 of 255 off
_NEAR = 2  # of 255: the many profiles called sRGB differ by their rounding
WHITE = (0.3127, 0.3290)  # sRGB's white and primaries, CIE xy (IEC 61966-2-1)
PRIMARIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_D50 = (0.96422, 1.0, 0.82521)
# CIE XYZ at D50 -> linear sRGB, Bradford adaptation (Lindbloom).
_FROM_D50 = (
    (3.1338561, -1.6168667, -0.4906146),
    (-0.9787684, 1.9161415, 0.0334540),
    (0.0719453, -0.2289914, 1.4052427),
)


def as_srgb(values: np.ndarray, icc: bytes | None, notes: list[str]) -> tuple[np.ndarray, bytes | None]:
    """Convert a file's values to sRGB.

    Args:
        values: [H, W] gray, [H, W, 3] RGB or [H, W, 4] CMYK (0: no ink), uint8 or uint16.
        icc: their profile, or None.
        notes: a note is appended if the profile cannot be used; the values are then taken as sRGB, or plain inks.

    Returns:
        [H, W] or [H, W, 3] of the same type, and the profile if it is still true, as for sRGB.
    """
    space = "gray" if values.ndim == 2 else {3: "rgb", 4: "cmyk"}[values.shape[-1]]
    if icc and _SPACES.get(icc[16:20]) != space:
        notes.append("its colour profile does not fit its colours and is left out")
        icc = None
    try:
        if icc and space == "rgb" and _is_srgb(icc):
            return values, icc
        if icc:
            return _converted(values, icc, space), None
    except (imagecodecs.CmsError, ValueError) as error:
        notes.append(f"its colour profile cannot be used and is left out ({error})")
    return (_without_inks(values) if space == "cmyk" else values), None


def _converted(values, icc, space):
    if space == "rgb" and all(np.array_equal(values[..., 0], values[..., i]) for i in (1, 2)):
        return np.repeat(_gray(values[..., 0], icc, space)[..., None], 3, axis=-1)  # gray stays gray, to the last bit
    if space == "gray":
        return _gray(values, icc, space)
    return _transformed(values, icc, space)


def _gray(values, icc, space):
    """-> converted gray values by a table of all values, which is exact and many times faster."""
    ramp = np.arange(65536, dtype=np.uint16)[None]
    ramp = ramp if space == "gray" else np.repeat(ramp[..., None], 3, axis=-1)
    table = _transformed(ramp, icc, space)[0, :, 1]
    return table[values] if values.dtype == np.uint16 else as_depth(table[::257], np.uint8)[values]


def _transformed(values, icc, space):
    flags = _EXACT if values.dtype == np.uint16 else 0
    options = {"colorspace": space, "outcolorspace": "rgb", "intent": _RELATIVE, "flags": flags}
    return imagecodecs.cms_transform(np.ascontiguousarray(values), icc, _srgb(), **options)


@functools.cache
def _srgb():
    return imagecodecs.cms_profile("srgb")


@functools.lru_cache(64)
def _is_srgb(icc):
    """-> whether an RGB profile changes nothing visible."""
    steps = np.arange(0, 256, 51, dtype=np.uint8)
    colors = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    return np.abs(_transformed(colors, icc, "rgb").astype(int) - colors).max() <= _NEAR


def _without_inks(values):
    """-> CMYK without a profile, as usually shown: each ink and black absorb their share of the light."""
    top = np.iinfo(values.dtype).max
    light = (top - values).astype(np.uint32)
    return ((light[..., :3] * light[..., 3:] + top // 2) // top).astype(values.dtype)


def of_png(info: dict, is_gray: bool) -> bytes | None:
    """-> the profile for a PNG's gAMA and cHRM chunks; None if they mean sRGB or are incomplete.

    Args:
        info: Pillow's info. sRGB and iCCP chunks have priority (PNG specification, 11.3.2).
        is_gray: whether the picture is without colour.
    """
    gamma, stated = info.get("gamma", 0), info.get("chromaticity", (*WHITE, *PRIMARIES))
    if "srgb" in info or not 0.1 <= gamma <= 1 or not all(0 < value < 1 for value in stated):
        return None
    other_colors = not is_gray and not np.allclose(stated, (*WHITE, *PRIMARIES), atol=0.002)
    if abs(gamma - 1 / 2.2) < 0.005 and not other_colors:  # gAMA for sRGB
        return None
    return made(is_gray, stated[2:], 1 / gamma, stated[:2])


def made(is_gray: bool, primaries=PRIMARIES, gamma: float | None = None, white=WHITE) -> bytes:
    """-> an ICC profile: primaries and white in CIE xy, light = value ** gamma, or sRGB's curve if that is None."""
    value = np.linspace(0, 1, 4096)
    curve = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)
    options = {"whitepoint": (*white, 1.0)} | ({"gamma": gamma} if gamma else {"transferfunction": curve})
    if not is_gray:
        options["primaries"] = np.ravel([(*primaries[i : i + 2], 1.0) for i in (0, 2, 4)])
    return imagecodecs.cms_profile("gray" if is_gray else "rgb", **options)


def from_lab(lightness: np.ndarray, ab: np.ndarray, dtype) -> np.ndarray:
    """CIE L*a*b* at D50 -> sRGB, [H, W] if nothing has a colour, otherwise [H, W, 3].

    Args:
        lightness: [H, W] float32, 0 to 100.
        ab: [H, W, 2] float32.
        dtype: of the result, uint8 or uint16.
    """
    y = (lightness + 16) / 116
    if not ab.any():
        linear = _linear(y)
    else:
        xyz = np.stack(
            [_linear(y + ab[..., 0] / 500) * _D50[0], _linear(y), _linear(y - ab[..., 1] / 200) * _D50[2]], -1
        )
        linear = xyz @ np.float32(_FROM_D50).T
    linear = linear.clip(0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(encoded * np.iinfo(dtype).max).astype(dtype)


def _linear(f):
    """The inverse of CIE 1976's f."""
    return np.where(f > 6 / 29, f**3, (f - 4 / 29) * (3 * (6 / 29) ** 2))
