"""How a picture is to be seen: EXIF's orientation, 1 (as it lies in the file) to 8 (EXIF 2.3, tag 274).

Imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import os

import numpy as np
from PIL import Image, UnidentifiedImageError

TAG = 274


@contextlib.contextmanager
def opened(file, *, formats=None):
    """Open a picture, a path or a binary file object, with Pillow, so that `remaining` is true of the image.

    Args:
        formats: Pillow's names of those that it may be of; None: any.

    Raises:
        OSError: if it cannot be opened; UnidentifiedImageError if it is no picture.
    """
    # Of files that it opens itself Pillow maps gray, uncompressed TIFFs, and does not turn these.
    with open(file, "rb") if isinstance(file, str | os.PathLike) else contextlib.nullcontext(file) as data:
        try:
            image = Image.open(data, formats=formats)
        except UnidentifiedImageError as error:  # which names the file object
            raise UnidentifiedImageError("not an image, or of a kind that cannot be read") from error
        with image:
            yield image


def remaining(image) -> int:
    """-> what is still to be done to the pixels of an image that was `opened`; 1 where its file says nothing of sense.

    Nothing to a TIFF's: Pillow turns these as it loads them, and before that its `size` is the upright picture's.
    """
    stated = image.getexif().get(TAG) if image.format != "TIFF" else 1
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
