"""The orientation of a picture: EXIF's orientation, 1 (as stored) to 8 (EXIF 2.3, tag 274).

Imports nothing of ours.
"""

from __future__ import annotations

import numpy as np

TAG = 274


def remaining(image) -> int:
    """-> the orientation of an image opened by Pillow, not TIFF; 1 without a valid value.

    A PNG's pixels are loaded if nothing before them states it.
    """
    try:
        stated = image.getexif().get(TAG)
    # For arbitrary bytes Pillow's parsers raise many types (SyntaxError, struct.error, ...).
    except Exception:
        return 1
    return stated if stated in range(1, 9) else 1


def swaps_sides(orientation: int) -> bool:
    """-> whether height and width are swapped."""
    return orientation in (5, 6, 7, 8)


def upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """[H, W, ...] as stored -> upright."""
    if swaps_sides(orientation):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)
