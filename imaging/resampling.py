"""Arrays at another size: means over areas to make them smaller, a cubic kernel to make them larger.

They equal OpenCV's INTER_AREA, where no side grows, and INTER_CUBIC, up to rounding. OpenCV itself would be
half of the light distribution. Imports nothing of ours.
"""

from __future__ import annotations

import numpy as np

EDGE = 2  # values repeated on either side for the cubic kernel
# Weights of Keys' kernel with a = -0.75 for the four values around a place x: a row per power of x.
_CUBIC = np.array([[0, 1, 0, 0], [-0.75, 0, 0.75, 0], [1.5, -2.25, 1.5, -0.75], [-0.75, 1.25, -1.25, 0.75]])


def area(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """[H, W] or [H, W, C] of any type -> [height, width] or [height, width, C] of the same type: means over areas."""
    means = np.swapaxes(_means(np.swapaxes(_means(values, height), 0, 1), width), 0, 1)
    if np.issubdtype(values.dtype, np.integer):
        means = np.rint(means).clip(0, np.iinfo(values.dtype).max)  # a sum of float32 weights can exceed 1
    return np.ascontiguousarray(means, values.dtype)


def _means(values, count):
    """-> [count, ...] float32: means over so many equal parts of the first axis, which can divide values."""
    size = len(values)
    source, result = values.reshape(size, -1), np.empty((count, *values.shape[1:]), np.float32)
    flat, edges = result.reshape(count, -1), np.arange(count + 1) * size / count
    for mean, low, high in zip(flat, edges[:-1], edges[1:], strict=True):
        first, last = int(low), min(size, int(np.ceil(high)))
        places = np.arange(first, last)
        cover = np.minimum(places + 1, high) - np.maximum(places, low)
        weights = (cover / cover.sum()).astype(np.float32)
        # Not a BLAS call: it would start threads, and its sums differ between machines.
        np.einsum("k,kx->x", weights, source[first:last].astype(np.float32), out=mean)
    return result


def cubic(values: np.ndarray, count: int) -> np.ndarray:
    """[n, ...] float32 -> [count, ...] float32, along the first axis, with repeated ends."""
    source = with_edges(values).reshape(len(values) + 2 * EDGE, -1)
    result = np.empty((count, *values.shape[1:]), np.float32)
    flat = result.reshape(count, -1)
    for value, base, weights in zip(flat, *cubic_weights(len(values), count, 0, count), strict=True):
        np.einsum("k,kx->x", weights, source[base : base + 4], out=value)
    return result


def with_edges(values: np.ndarray) -> np.ndarray:
    """[n, ...] -> [n + 2 EDGE, ...]: the first and the last value repeated."""
    return values[np.clip(np.arange(-EDGE, len(values) + EDGE), 0, len(values) - 1)]


def cubic_weights(size: int, count: int, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Compute how `count` values are made from `size` values `with_edges`.

    Returns:
        For each value from `start` to `stop`: the index of the first of its four sources, and [..., 4] float32, their
            weights.
    """
    places = (np.arange(start, stop) + 0.5) * (size / count) - 0.5
    bases = np.floor(places).astype(int)
    weights = np.vander(places - bases, 4, increasing=True) @ _CUBIC
    return bases - 1 + EDGE, weights.astype(np.float32)
