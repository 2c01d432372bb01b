"""How a picture is to be seen: EXIF's orientation, 1 (as it lies in the file) to 8 (EXIF 2.3, tag 274).

Imports nothing of ours.
"""

from __future__ import annotations

import numpy as np

TAG = 274


def remaining(image) -> int:
    """-> what is still to be done to the pixels of an image that Pillow opened; 1 where its file says nothing of sense.

    Nothing to a TIFF's: Pillow turns these as it loads them, and before that its `size` is the upright picture's.
    """
    try:
        stated = image.getexif().get(TAG) if image.format != "TIFF" else 1
    # Pillow's parsers meet arbitrary bytes and raise what comes up (SyntaxError, struct.error, ...).
    except Exception:
        return 1
    return stated if stated in range(1, 9) else 1


def swaps_sides(orientation: int) -> bool:
    """-> whether height and width are exchanged."""
    return orientation in (5, 6, 7, 8)


def upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """[H, W, ...] as it lies in a file -> as it is to be seen."""
    if swaps_sides(orientation):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)
