"""Arrays at another size: means over areas to make them smaller, a cubic kernel to make them larger.

Both give what OpenCV's INTER_AREA and INTER_CUBIC give, up to rounding. They are here because OpenCV would be half of
what the light distribution installs. Imports nothing of ours.
"""

from __future__ import annotations

import numpy as np

EDGE = 2  # values that are repeated on either side, which the cubic kernel reaches for
# How Keys' kernel with a = -0.75 weighs the four values around a place x between two: a row per power of x.
_CUBIC = np.array([[0, 1, 0, 0], [-0.75, 0, 0.75, 0], [1.5, -2.25, 1.5, -0.75], [-0.75, 1.25, -1.25, 0.75]])


def area(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """[H, W] or [H, W, C] of any type -> [height, width] or [height, width, C] of the same type: means over areas."""
    means = np.swapaxes(_means(np.swapaxes(_means(values, height), 0, 1), width), 0, 1)
    if np.issubdtype(values.dtype, np.integer):
        means = np.rint(means)
    return np.ascontiguousarray(means, values.dtype)


def _means(values, count):
    """-> [count, ...] float32: means over that many equal parts of the first axis, which may cut values."""
    size = len(values)
    source, result = values.reshape(size, -1), np.empty((count, *values.shape[1:]), np.float32)
    flat, edges = result.reshape(count, -1), np.arange(count + 1) * size / count
    for mean, low, high in zip(flat, edges[:-1], edges[1:], strict=True):
        first, last = int(low), min(size, int(np.ceil(high)))
        places = np.arange(first, last)
        cover = np.minimum(places + 1, high) - np.maximum(places, low)
        weights = (cover / cover.sum()).astype(np.float32)
        # Not a BLAS call, which would start threads, and whose sums differ from machine to machine.
        np.einsum("k,kx->x", weights, source[first:last].astype(np.float32), out=mean)
    return result


def cubic(values: np.ndarray, count: int) -> np.ndarray:
    """[n, ...] float32 -> [count, ...] float32, along the first axis; its ends are repeated beyond it."""
    source = with_edges(values).reshape(len(values) + 2 * EDGE, -1)
    result = np.empty((count, *values.shape[1:]), np.float32)
    flat = result.reshape(count, -1)
    for value, base, weights in zip(flat, *cubic_weights(len(values), count, 0, count), strict=True):
        np.einsum("k,kx->x", weights, source[base : base + 4], out=value)
    return result


def with_edges(values: np.ndarray) -> np.ndarray:
    """[n, ...] -> [n + 2 EDGE, ...]: the first and the last repeated."""
    return values[np.clip(np.arange(-EDGE, len(values) + EDGE), 0, len(values) - 1)]


def cubic_weights(size: int, count: int, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """How `count` values come out of `size` values `with_edges`.

    Returns:
        For each of those from `start` to `stop`: the first of the four that it is made of, and [..., 4] float32, how
        much each counts.
    """
    places = (np.arange(start, stop) + 0.5) * (size / count) - 0.5
    bases = np.floor(places).astype(int)
    weights = np.vander(places - bases, 4, increasing=True) @ _CUBIC
    return bases - 1 + EDGE, weights.astype(np.float32)
