"""Repairs files with whole pixels but damaged other parts, by removing these parts.

Owns the list of dispensable parts of PNG and JPEG files. Imports nothing of ours.
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

NO_END = "its end marker is missing"
_PNG = b"\x89PNG\r\n\x1a\n"
# Needed to interpret pixels.
_MEANING = (b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"acTL", b"fcTL", b"fdAT")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_TEXT = 1 << 20  # most bytes of a text for Pillow
_ADOBE, _JFIF = 0xEE, 0xE0  # JPEG's application segments that define its colours


def without_damage(data: bytes) -> tuple[bytes, list[str]] | None:
    """-> a picture's file without damaged parts other than pixels.

    Args:
        data: bytes of an unreadable file.

    Returns:
        A readable file, if its pixels are whole, and notes on removed parts; None if nothing can be removed.
    """
    if data.startswith(_PNG):
        return _png(data)
    return _jpeg(data) if data.startswith(b"\xff\xd8") else None


def damaged_chunks(data: bytes) -> list[str]:
    """-> the names of a PNG's chunks that end too early or have a wrong checksum."""
    return [name.decode("latin-1") for name, _, fine in _chunks(data) if not fine]


def _chunks(data):
    """-> (name, the whole chunk, whether its checksum is right) of each chunk of a PNG."""
    place = len(_PNG)
    while place + 8 <= len(data):
        length, name = struct.unpack(">I4s", data[place : place + 8])
        chunk = data[place : place + 12 + length]
        place += len(chunk)
        yield name, chunk, len(chunk) == 12 + length and zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")


def _png(data):
    """Remove damaged and overlong chunks, unless pixels are in them or depend on them."""
    kept, lost = [_PNG], []
    for name, chunk, fine in _chunks(data):
        is_side = name[:1].islower() and name not in _MEANING
        if is_side and (not fine or (name in _TEXTS and _is_long(name, chunk[8:-4]))):
            lost.append(name.decode("latin-1"))
        elif name == b"IEND":
            break
        elif len(chunk) != 12 + int.from_bytes(chunk[:4], "big"):
            return None  # pixels are missing
        else:
            kept.append(chunk)
    kept.append(b"\0\0\0\0IEND\xaeB`\x82")
    made = b"".join(kept)
    if made == data:
        return None
    named = f" ({', '.join(dict.fromkeys(lost))})" if lost else ""
    return made, [f"a damaged or overlong part other than pixels is left out{named}" if lost else NO_END]


def _is_long(name, content):
    if len(content) > _TEXT:
        return True
    if name == b"tEXt":
        return False
    try:
        packed = content[content.index(b"\0") + (2 if name == b"zTXt" else 3) :]
        if name == b"iTXt":  # keyword, flag, method, language, translated keyword
            packed = packed.split(b"\0", 2)[2]
        return len(zlib.decompressobj().decompress(packed, _TEXT + 1)) > _TEXT
    except (ValueError, IndexError, zlib.error):
        return True


def _jpeg(data):
    made, notes = bytearray(b"\xff\xd8"), []
    for marker, segment in _segments(data):
        if 0xE0 <= marker <= 0xEF and marker not in (_JFIF, _ADOBE) or marker == 0xFE:
            notes = ["its metadata is damaged and left out"]
        else:
            made += segment
    if not data.rstrip(b"\0").endswith(b"\xff\xd9") and _is_complete(bytes(made)):
        made += b"\xff\xd9"
        notes = [*notes, NO_END]
    return (bytes(made), notes) if notes else None


def _segments(data):
    """-> (marker, bytes) of the segments before the first scan, then (0, the rest)."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF and data[place + 1] != 0xDA:
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        yield data[place + 1], data[place:end]
        place = end
    yield 0, data[place:]


def _is_complete(data):
    """-> whether the pixels do not depend on the missing end: any bytes there give the same pixels."""
    found = []
    for more in (b"", b"\xff\0" * 64, b"\x55" * 64):
        try:
            with Image.open(io.BytesIO(data + more + b"\xff\xd9"), formats=("JPEG",)) as image:
                found.append(np.asarray(image))
        except Exception:  # Pillow's parsers raise many types; the reader reports them
            return False
    return all(np.array_equal(found[0], other) for other in found[1:])
