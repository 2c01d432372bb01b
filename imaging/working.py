"""The working size of a picture for the network. Imports `imaging.modes` and `imaging.resampling`."""

from __future__ import annotations

import numpy as np

from . import modes, resampling

STEPS = (8, 64)  # the least and the largest multiple for rounding working sides
LONGEST = 4  # most area of a working picture, in squares


def size(height: int, width: int, shorter: int) -> tuple[int, int]:
    """-> height, width for predicting a picture's colours.

    The proportions stay, because the networks are convolutional and have learned undistorted objects. The shorter side
    becomes `shorter`, but no picture is enlarged, and a picture longer than 4:1 gets less, so its area is bounded. Both
    sides are then rounded to multiples of a power of two, at most a quarter of the shorter side. Deep networks pad to
    such multiples anyway, and pictures of similar shape share a forward pass.
    """
    short, long = sorted((height, width))
    factor = min(1.0, shorter / short, shorter * (LONGEST / (short * long)) ** 0.5)
    step = min(max(2 ** int(np.log2(max(1.0, short * factor / 4))), STEPS[0]), STEPS[1])
    return tuple(max(step, round(side * factor / step) * step) for side in (height, width))


def shrink(pixels: np.ndarray, shorter: int) -> np.ndarray:
    """[H, W] or [H, W, 3] uint8 or uint16 -> [h, w, 3] uint8, gray or unchanged, at the working size."""
    return resized(pixels, *size(*pixels.shape[:2], shorter))


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """[H, W] or [H, W, 3] uint8 or uint16 -> [height, width, 3] uint8: means over areas, gray or unchanged."""
    small = modes.as_depth(resampling.area(pixels, height, width), np.uint8)
    return small if small.ndim == 3 else np.repeat(small[..., None], 3, axis=-1)
