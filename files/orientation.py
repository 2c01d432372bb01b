"""How a picture is to be seen: EXIF's orientation, 1 (as it lies in the file) to 8 (EXIF 2.3, tag 274).

Imports nothing of ours.
"""

from __future__ import annotations

import numpy as np

TAG = 274


def remaining(image) -> int:
    """-> what is to be done to the pixels of an image that Pillow opened, no TIFF; 1 where it says nothing of sense.

    A PNG's pixels are loaded, where nothing before them says.
    """
    try:
        stated = image.getexif().get(TAG)
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
