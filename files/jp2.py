"""Parts of JPEG 2000 that Pillow ignores: more than 8 bits of a colour, and profiles. Imports `imaging.modes`."""

from __future__ import annotations

import imagecodecs
import numpy as np

from ..imaging import modes

_CODESTREAM = b"\xff\x4f\xff\x51"  # its first two markers (ISO/IEC 15444-1, annex A)
_SRGB, _GRAY = 16, 17  # of the colour box's enumerated spaces (annex I)


def profile(content: bytes) -> bytes | None:
    """-> the ICC profile in a file."""
    method, box = _color(content)
    return box if method == 2 else None


def deep(content: bytes):
    """-> the pixels of a file with 9 to 16 bits a sample.

    Returns:
        [H, W] or [H, W, 3] uint16, and alpha or None; None for other files, whose pixels Pillow reads.

    Raises:
        OSError: if they are damaged.
    """
    bits = (content[content.index(_CODESTREAM) + 42] & 0x7F) + 1  # of the first component
    method, box = _color(content)
    is_plain = method in (None, 2) or (method == 1 and int.from_bytes(box[:4], "big") in (_SRGB, _GRAY))
    if not 8 < bits <= 16 or not is_plain:
        return None
    try:
        array = imagecodecs.jpeg2k_decode(content)
    except imagecodecs.Jpeg2kError as error:
        raise OSError(f"its pixels are damaged ({error})") from error
    if array.dtype != np.uint16 or array.ndim not in (2, 3):
        return None
    return modes.split(modes.scaled(array, bits).reshape(*array.shape[:2], -1))


def _color(content):
    """-> the method of the first colour box and the bytes after its first three; None and nothing without a box."""
    place = content.find(b"colr", 0, max(0, content.find(_CODESTREAM)))
    if place < 4:
        return None, b""
    return content[place + 4], content[place + 7 : place - 4 + int.from_bytes(content[place - 4 : place], "big")]
