"""Full resolution: a small map of colours on a large picture with unchanged lightness.

Owns the lightness of pictures of any depth, edge-aware upsampling of ab, and a fast gamut rule. NumPy works on strips,
so memory besides input and output does not grow with the picture's height. Imports `imaging.constants` and
`imaging.resampling`.

The upsampling is a guided filter (He, Sun, Tang 2013) in its fast form (He, Sun 2015): the slopes A of ab against L
are fitted in windows of the small map and upsampled. It departs from the paper in one point. The paper takes ab = A L +
B, and loses everything that the line does not explain. Here ab = up(ab) + up(A) (L - up(L_small)), so the small map
stays and only detail is added. On photographs halved and quartered this has 2 to 5 % less error than bicubic upsampling
from a quarter, and the fast guided filter has more error than both.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from . import constants, resampling

RADIUS = 1  # radius of the windows for slopes, in pixels of the small map
EPSILON = 64.0  # L units squared: a window with a variation of L below 8 gets little slope
STRIP_PIXELS = 1 << 17  # a strip's arrays fit into a core's cache
GAMUT_STEPS = 12  # halvings, as in `models.color.fit_gamut`

_KNEE = np.float32(6 / 29)  # of Lab's f
_DARK = np.float32(0.0031308)  # of the sRGB curve
_RGB_FROM_WHITE_XYZ = (constants.RGB_FROM_XYZ * constants.WHITE_D65).astype(np.float32)


def _linear(depth_max):
    values = np.arange(depth_max + 1) / depth_max
    return np.where(values > 0.04045, ((values + 0.055) / 1.055) ** 2.4, values / 12.92)


def _lightness_of(y):
    """Y in [0, 1] -> L (CIE 15:2004)."""
    return np.where(y > constants.LAB_EPSILON, 116 * np.cbrt(y) - 16, y * np.float32(116 * constants.LAB_SLOPE))


def _srgb(linear):
    """[...] in [0, 1] -> the same, as sRGB: the curve down to its knee, plus the line below, without branches."""
    values = np.maximum(linear, _DARK)
    values **= np.float32(1 / 2.4)
    values *= np.float32(1.055)
    values -= np.float32(0.055)
    line = np.minimum(linear, _DARK)
    line -= _DARK
    line *= np.float32(12.92)
    values += line
    return values


# Tables from sRGB values to each channel's part of Y, and from grays to L.
_LINEAR = {depth: _linear(np.iinfo(depth).max) for depth in (np.uint8, np.uint16)}
_WEIGHED = {depth: np.outer(constants.XYZ_FROM_RGB[1], y).astype(np.float32) for depth, y in _LINEAR.items()}
_GRAY = {depth: _lightness_of(y).astype(np.float32) for depth, y in _LINEAR.items()}
# A table from linear light to 8 bits of sRGB. The curve is steepest in the dark, where a step is 1/80 of a value.
_LIGHTS = 1 << 18
_BYTES = np.rint(255 * _srgb(np.arange(_LIGHTS + 1, dtype=np.float32) / _LIGHTS)).astype(np.uint8)


def lightness(picture) -> np.ndarray:
    """A picture as for `join`, or its ValueError -> [H, W] float32, L in [0, 100]."""
    _check(picture)
    depth = picture.dtype.type
    if picture.ndim == 2:
        return _GRAY[depth].take(picture)
    y, *others = (table.take(picture[..., c]) for c, table in enumerate(_WEIGHED[depth]))
    for part in others:
        y += part
    return _lightness_of(y)


def join(picture, ab_small, *, dtype=None, threads: int | None = None) -> np.ndarray:
    """Put the colours of a small map on a full picture; the picture's lightness does not change.

    Args:
        picture: [H, W] or [H, W, 3] uint8 or uint16, sRGB; only its L is used.
        ab_small: [h, w, 2] float, Lab units, for the same picture at a working size.
        dtype: of the result, uint8 or uint16; default: the picture's.
        threads: number of parallel strips; default: the number of cores, at most 4. The result is bit for bit the same.

    Returns:
        [H, W, 3] sRGB. Colours outside sRGB lose chroma, never lightness or hue (`models.color.fit_gamut`). L is the
        picture's to within 0.01 in 16 bits; rounding to 8 bits moves it by less than 0.3.

    Raises:
        ValueError: if an array has another shape or type.
    """
    depth = np.dtype(dtype or picture.dtype).type

    def encode(light, a, b, out):
        _encode(_linear_rgb(light, a, b), out)

    return _in_strips(picture, ab_small, depth, encode, threads)


def lab(picture, ab_small) -> np.ndarray:
    """-> the result of `join` before it is fitted into sRGB; arguments and errors as there.

    Returns:
        [H, W, 3] float32 Lab: the picture's L, and the small map's a and b at full size, along the picture's edges.
    """

    def encode(light, a, b, out):
        out[..., 0], out[..., 1], out[..., 2] = light, a, b

    return _in_strips(picture, ab_small, np.float32, encode)


def srgb(light, ab) -> np.ndarray:
    """[h, w] float32 L and [h, w, 2] float32 ab -> [h, w, 3] float32 sRGB in [0, 1], fitted as in `join`."""
    linear = _linear_rgb(light, np.ascontiguousarray(ab[..., 0]), np.ascontiguousarray(ab[..., 1]))
    return np.moveaxis(_srgb(linear), 0, -1)


def _in_strips(picture, ab_small, dtype, encode, threads=None):
    """-> [H, W, 3], filled strip by strip by `encode(L, a, b, out)` from the picture and the upsampled map."""
    planes = _planes(picture, np.asarray(ab_small, np.float32))
    height, width = picture.shape[:2]
    result = np.empty((height, width, 3), dtype)
    rows = max(1, STRIP_PIXELS // width)

    def work(top):
        light = lightness(picture[top : top + rows])
        encode(light, *_upsampled(planes, light, top, height), result[top : top + rows])

    tops, threads = range(0, height, rows), threads or min(os.cpu_count() or 1, 4)
    if threads == 1:  # a new thread would begin with cold memory
        for top in tops:
            work(top)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, tops))
    return result


def _check(picture):
    if picture.dtype.type not in _GRAY or 0 in picture.shape or not (picture.ndim == 2 or picture.shape[2:] == (3,)):
        raise ValueError(
            "`picture` must be [H, W] or [H, W, 3] uint8 or uint16, and not be empty. "
            f"Received: {list(picture.shape)} {picture.dtype}"
        )


def _planes(picture, ab_small):
    """-> the maps to interpolate over rows: a, b, L and the slopes of a and b, at full width. [h + 2 EDGE, 5, W]
    float32."""
    _check(picture)
    if ab_small.ndim != 3 or ab_small.shape[-1] != 2 or 0 in ab_small.shape:
        raise ValueError(f"`ab_small` must have shape [h, w, 2]. Received: {list(ab_small.shape)}")
    h, w = ab_small.shape[:2]
    guide = lightness(resampling.area(picture, h, w))
    planes = [ab_small[..., 0], ab_small[..., 1], guide]
    planes += [_slopes(guide, plane) for plane in planes[:2]]
    columns = np.ascontiguousarray(np.stack(planes).transpose(2, 1, 0))  # [w, h, 5]
    wide = resampling.cubic(columns, picture.shape[1])
    return resampling.with_edges(np.ascontiguousarray(wide.transpose(1, 2, 0)))


def _slopes(guide, values):
    """-> the guided filter's A: covariance over (variance + epsilon), averaged over the windows of a pixel."""
    center, level = _mean(guide), _mean(values)
    variance = _mean(guide * guide) - center * center
    return _mean((_mean(guide * values) - center * level) / (np.maximum(variance, 0) + EPSILON))


def _mean(plane):
    """-> [h, w]: the mean over each pixel's window; beyond the edges the plane is mirrored."""
    (h, w), side = plane.shape, 2 * RADIUS + 1
    padded = np.pad(plane, RADIUS, "symmetric")
    rows = sum(padded[i : i + h] for i in range(side))
    return sum(rows[:, i : i + w] for i in range(side)) * np.float32(1 / side**2)


def _upsampled(planes, light, top, height):
    """-> a and b, [2, rows, W] float32, for the strip that starts at row `top`."""
    ab, values = np.empty((2, *light.shape), np.float32), np.empty(planes.shape[1:], np.float32)
    small = len(planes) - 2 * resampling.EDGE
    for y, (base, weights) in enumerate(
        zip(*resampling.cubic_weights(small, height, top, top + len(light)), strict=True)
    ):
        np.einsum("k,kpx->px", weights, planes[base : base + 4], out=values)
        np.multiply(values[3:], light[y] - values[2], out=ab[:, y])
        ab[:, y] += values[:2]
    return ab


def _xyz(f):
    """-> the inverse of Lab's f, relative to white: a cube, continued by its tangent below 6/29, without branches."""
    cube = np.maximum(f, _KNEE)
    square = cube * cube
    cube *= square
    line = np.minimum(f, _KNEE, out=square)
    line -= _KNEE
    line *= np.float32(1 / constants.LAB_SLOPE)
    cube += line
    return cube


def _rgb_of(fy, y, a, b):
    """-> [3, ...] float32 linear RGB, unlimited."""
    fx = a * np.float32(1 / 500)
    fx += fy
    fz = b * np.float32(-1 / 200)
    fz += fy
    x, z = _xyz(fx), _xyz(fz)
    rgb = np.empty((3, *y.shape), np.float32)
    # Three by three: a BLAS call would start more threads.
    for channel, (from_x, from_y, from_z) in zip(rgb, _RGB_FROM_WHITE_XYZ, strict=True):
        np.multiply(x, from_x, out=channel)
        channel += np.multiply(y, from_y, out=fx)
        channel += np.multiply(z, from_z, out=fx)
    return rgb


def _is_outside(rgb):
    return (rgb.min(axis=0) < -1e-5) | (rgb.max(axis=0) > 1 + 1e-5)  # the tolerance of `models.color.fit_gamut`


def _linear_rgb(light, a, b):
    """L, a, b -> [3, rows, W] float32 linear RGB inside [0, 1], with less chroma if necessary."""
    fy = (light + np.float32(16)) * np.float32(1 / 116)
    y = _xyz(fy)
    rgb = _rgb_of(fy, y, a, b)
    outside = _is_outside(rgb)
    if outside.any():
        fy, y, a, b = fy[outside], y[outside], a[outside], b[outside]
        share = np.zeros_like(fy)
        for step in range(1, GAMUT_STEPS + 1):
            more = share + np.float32(0.5**step)
            share = np.where(_is_outside(_rgb_of(fy, y, more * a, more * b)), share, more)
        rgb[:, outside] = _rgb_of(fy, y, share * a, share * b)
    return np.clip(rgb, 0, 1, out=rgb)


def _encode(rgb, out):
    """[3, rows, W] linear RGB in [0, 1] -> sRGB, into [rows, W, 3] uint8 or uint16."""
    if out.dtype == np.uint8:
        steps = (rgb * np.float32(_LIGHTS) + np.float32(0.5)).astype(np.int32)
        for c, plane in enumerate(steps):
            out[..., c] = _BYTES.take(plane)
    else:
        out[...] = np.moveaxis(_srgb(rgb) * np.float32(65535) + np.float32(0.5), 0, -1)  # truncated: rounds
