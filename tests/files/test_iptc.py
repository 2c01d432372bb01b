"""Records of captions come whole or not at all."""

import struct

import numpy as np
import pytest

from colorgan.files import iptc, reading, writing
from colorgan.files.metadata import Metadata


def record(number, data_set, content, *, extended=False):
    """IPTC-IIM 4.2, 1.5 b and c."""
    size = struct.pack(">HI", 0x8004, len(content)) if extended else struct.pack(">H", len(content))
    return b"\x1c" + bytes([number, data_set]) + size + content


CAPTION, KEYWORD = record(2, 120, b"Market square"), record(2, 25, b"market")


@pytest.mark.parametrize(
    ("data", "expected", "is_noted"),
    [
        (CAPTION + KEYWORD + b"\0\0", CAPTION + KEYWORD, False),
        (CAPTION + record(2, 202, b"gray") + record(3, 20, b"\0\x08") + KEYWORD, CAPTION + KEYWORD, False),
        (record(2, 120, b"long" * 9000, extended=True) + KEYWORD,) * 2 + (False,),
        (CAPTION + KEYWORD[:-1], CAPTION, True),
        (b"1638940", None, True),
        (struct.pack("<4I", *struct.unpack(">4I", KEYWORD + b"\0" * 5)), KEYWORD, False),
    ],
    ids=["filled up", "of the old pixels", "long", "cut", "decimal text", "swapped"],
)
def test_what_is_kept(data, expected, is_noted):
    notes = []
    assert iptc.kept(data, notes) == expected
    assert notes == ["damaged parts of its IPTC data are left out"] * is_noted


def test_captions_of_several_segments(tmp_path):
    """A segment of JPEG holds 65,533 bytes."""
    long = record(2, 120, b"long" * 50000, extended=True)
    rgb = np.zeros((8, 8, 3), np.uint8)
    assert writing.write(tmp_path / "a.jpg", rgb, metadata=Metadata(iptc=long)) == []
    assert reading.read(tmp_path / "a.jpg").metadata.iptc == long


def test_texts_of_png():
    for data in (CAPTION, b"8BIM\x04\x04\0\0" + struct.pack(">I", len(CAPTION)) + CAPTION):
        for start in (b"", b"Photoshop 3.0\0"):
            assert iptc.in_png(f"\n8bim\n   {len(start + data)}\n{(start + data).hex()}\n") == CAPTION
    assert iptc.in_png("\niptc\n 3\nno hex") == b"" and iptc.in_png("") == b""
