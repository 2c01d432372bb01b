"""Reading JPEG XL, which Pillow cannot. Imports `imaging.modes`, `files.orientation` and `files.profiles`."""

from __future__ import annotations

import imagecodecs
import numpy as np

from ..imaging import modes
from . import orientation, profiles

_BOX = b"\0\0\0\x0cJXL \r\n\x87\n"
_RGB, _GRAY, _D65, _SRGB = 0, 1, 1, 1  # names of colour spaces, white points and primaries
_PRIMARIES = {
    _SRGB: profiles.PRIMARIES,
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),  # BT.2100
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060),  # P3
}
_CURVES = {8: 1.0, 13: None}  # linear, sRGB
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


def is_one(head: bytes) -> bool:
    """-> whether a file with these first 12 bytes is a JPEG XL."""
    return head[:2] == b"\xff\x0a" or head[:12] == _BOX


def size(content: bytes) -> tuple[int, int]:
    """-> upright height and width in a file's header. Raises OSError without a header."""
    return _Header(content).size


def profile(content: bytes) -> bytes | None:
    """-> an ICC profile of the colours named in a file's header: empty for sRGB, None if unknown."""
    return _Header(content).profile


class _Header:
    """Parse ISO/IEC 18181-1, SizeHeader and ImageMetadata: size, bits a sample (0: complex, or float), motion,
    profile."""

    def __init__(self, content):
        self._left, self.profile = int.from_bytes(_codestream(content)[2:], "little"), None
        self.size, self.bits, self.moves = self._sides(), 8, False
        if self._take(1):  # all defaults
            self.profile = b""
            return
        if self._take(1):  # extra fields
            turn = self._take(3) + 1
            self.size = self.size[::-1] if orientation.swaps_sides(turn) else self.size
            if self._take(1):
                self._sides()  # intrinsic size
            if self._take(1):  # a preview, which is complex
                self.bits = 0
                return
            self.moves = bool(self._take(1))
            for widths in ((0, 0, 10, 30), (0, 0, 8, 10), (0, 3, 16, 32)) if self.moves else ():  # rate, rate, loops
                self._take(widths[self._take(2)])
            self._take(int(self.moves))  # whether there are time codes
        self.bits = self._depth()
        self._take(1)  # whether 16 bits are enough for decoders
        self.profile = self._colors() if self._has_plain_extras() else None

    def _take(self, count):
        value, self._left = self._left & ((1 << count) - 1), self._left >> count
        return value

    def _name(self):
        """Read an enumerated value."""
        selector = self._take(2)
        return selector if selector < 2 else 2 + self._take(4) if selector == 2 else 18 + self._take(6)

    def _sides(self):
        is_small = self._take(1)

        def side():
            return (self._take(5) + 1) * 8 if is_small else self._take((9, 13, 18, 30)[self._take(2)]) + 1

        height, ratio = side(), self._take(3)
        return height, height * _RATIOS[ratio][0] // _RATIOS[ratio][1] if ratio else side()

    def _depth(self):
        is_float, depth = self._take(1), self._take(2)
        return 0 if is_float else (8, 10, 12, None)[depth] or 1 + self._take(6)

    def _has_plain_extras(self):
        """Whether there is no channel besides colours, or an unnamed alpha channel."""
        count = self._take(2)
        if not count or (count == 1 and self._take(1)):
            return True
        return count == 1 and self._name() == 0 and self._depth() > 0 and not self._take(5)  # unscaled, no name, plain

    def _colors(self):
        self._take(1)  # whether they are stored as XYB
        if self._take(1):
            return b""
        if self._take(1):  # a profile, compressed
            return None
        space = self._name()
        white, primaries = self._name(), self._name() if space == _RGB else _SRGB
        gamma = 1e7 / (self._take(24) or 1e7) if self._take(1) else _CURVES.get(self._name(), 0)
        if space not in (_RGB, _GRAY) or white != _D65 or primaries not in _PRIMARIES or gamma == 0:
            return None
        is_usual = gamma is None and primaries == _SRGB
        return b"" if is_usual else profiles.made(space == _GRAY, _PRIMARIES[primaries], gamma)


def _codestream(content):
    """-> the beginning of the codestream, bare or in boxes (ISO/IEC 18181-2)."""
    place = 0 if content[:2] != b"\xff\x0a" else None
    while place is not None and place + 16 <= len(content):
        length, name = int.from_bytes(content[place : place + 4], "big"), content[place + 4 : place + 8]
        if name in (b"jxlc", b"jxlp"):
            return content[place + (8 if length != 1 else 16) + (4 if name == b"jxlp" else 0) :][:64]
        length = int.from_bytes(content[place + 8 : place + 16], "big") if length == 1 else length
        place = place + length if length >= 8 else None
    if content[:2] != b"\xff\x0a":
        raise OSError("it has no picture")
    return content[:64]


def read(content: bytes, notes: list[str]):
    """-> [H, W] or [H, W, 3] uint8 or uint16, and alpha or None. Raises OSError if it is damaged.

    Of several frames the first is read, and `notes` grow.
    """
    header = _Header(content)
    try:
        array = imagecodecs.jpegxl_decode(content, index=0)
    except imagecodecs.JpegxlError as error:
        raise OSError(f"its pixels are damaged ({error})") from error
    bits = 8 if array.dtype == np.uint8 else header.bits
    if array.dtype not in (np.uint8, np.uint16) or not bits or array.ndim not in (2, 3):
        raise OSError(f"pixels of type {array.dtype} and shape {list(array.shape)} have no defined brightness")
    notes += ["only the first of its frames is coloured"] if header.moves else []
    return modes.split(modes.scaled(array, bits).reshape(*array.shape[:2], -1))
