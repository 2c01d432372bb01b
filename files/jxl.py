"""JPEG XL, which Pillow does not read. Imports `files.modes` and `files.orientation`."""

from __future__ import annotations

import imagecodecs
import numpy as np

from colorgan.files import modes, orientation

_BOX = b"\0\0\0\x0cJXL \r\n\x87\n"
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


def is_one(head: bytes) -> bool:
    """-> whether a file that begins so, with 12 bytes, is a JPEG XL."""
    return head[:2] == b"\xff\x0a" or head[:12] == _BOX


def size(content: bytes) -> tuple[int, int]:
    """-> height and width that a file's header states, upright. Raises OSError if there is none."""
    return _header(content)[:2]


def _header(content):
    """-> height, width, bits a sample (ISO/IEC 18181-1, SizeHeader and ImageMetadata); 0 bits where it is intricate."""
    bits = int.from_bytes(_codestream(content)[2:], "little")

    def take(count):
        nonlocal bits
        value, bits = bits & ((1 << count) - 1), bits >> count
        return value

    def sides():
        is_small = take(1)

        def side():
            return (take(5) + 1) * 8 if is_small else take((9, 13, 18, 30)[take(2)]) + 1

        height, ratio = side(), take(3)
        return height, height * _RATIOS[ratio][0] // _RATIOS[ratio][1] if ratio else side()

    (height, width), bits_of = sides(), (8, 10, 12, None)
    if take(1):  # all is as usual
        return height, width, 8
    if take(1):  # there is something special
        if orientation.swaps_sides(take(3) + 1):
            height, width = width, height
        if take(1):
            sides()  # to be shown at
        if take(2):  # a preview, an animation
            return height, width, 0
    is_float, depth = take(1), take(2)
    return height, width, 0 if is_float else bits_of[depth] or 1 + take(6)


def _codestream(content):
    """-> the beginning of the codestream, bare or in boxes (ISO/IEC 18181-2)."""
    place = 0 if content[:2] != b"\xff\x0a" else None
    while place is not None and place + 16 <= len(content):
        length, name = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        if name in (b"jxlc", b"jxlp"):
            return content[place + (8 if length != 1 else 16) + (4 if name == b"jxlp" else 0) :][:32]
        length = int.from_bytes(content[place + 8 : place + 16], "big") if length == 1 else length
        place = place + length if length >= 8 else None
    if content[:2] != b"\xff\x0a":
        raise OSError("it has no picture")
    return content[:32]


def read(content: bytes):
    """-> [H, W] or [H, W, 3] uint8 or uint16, and alpha or None. Raises OSError if it is damaged."""
    try:
        array = imagecodecs.jpegxl_decode(content)
    except imagecodecs.JpegxlError as error:
        raise OSError(f"its pixels are damaged ({error})") from error
    bits = 8 if array.dtype == np.uint8 else _header(content)[2]
    if array.dtype not in (np.uint8, np.uint16) or not bits or array.ndim not in (2, 3):
        raise OSError(f"pixels of type {array.dtype} and shape {list(array.shape)} have no defined brightness")
    return modes.split(modes.scaled(array, bits).reshape(*array.shape[:2], -1))
