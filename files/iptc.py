"""IPTC-IIM, the captions of archives: its records, and their places in JPEG, PNG and TIFF files.

Source: IPTC-NAA Information Interchange Model 4.2, 1.5 and 3. Imports nothing of ours.
"""

from __future__ import annotations

import re
import struct

PNG_KEYWORD = "Raw profile type iptc"  # ImageMagick's keyword, which other programs read
_SEGMENT = b"Photoshop 3.0\0"
_SEGMENT_BYTES = 65533 - len(_SEGMENT)
_RESOURCE = 0x0404
_MARK = b"\x1c"
_OF_PIXELS = (3, 7, 8, 9)  # records on the structure of the old picture
_PREVIEW = ((2, 200), (2, 201), (2, 202))  # records with its preview


def kept(data: bytes, notes: list[str]) -> bytes | None:
    """-> the data sets that describe a photograph, only whole ones; a note is appended if others are dropped."""
    if data[:1] != _MARK and data[3:4] == _MARK:  # 32-bit numbers in the other byte order
        data = b"".join(data[i : i + 4][::-1] for i in range(0, len(data), 4))
    found, place = [], 0
    while data[place : place + 1] == _MARK and place + 5 <= len(data):
        record, number, size = struct.unpack(">BBH", data[place + 1 : place + 5])
        start = place + 5
        if size & 0x8000:  # the size follows in so many bytes
            start += size & 0x7FFF
            size = int.from_bytes(data[place + 5 : start], "big")
        if start + size > len(data):
            break
        if record not in _OF_PIXELS and (record, number) not in _PREVIEW:
            found.append(data[place : start + size])
        place = start + size
    if data[place:].strip(b"\0"):
        notes.append("damaged parts of its IPTC data are left out")
    return b"".join(found) or None


def in_jpeg(segments: list[bytes]) -> bytes:
    """-> the records in the contents of a JPEG file's APP13 segments; empty if there are none."""
    return in_resources(b"".join(one[len(_SEGMENT) :] for one in segments if one.startswith(_SEGMENT)))


def in_png(text: str) -> bytes:
    """-> the records in the text of `PNG_KEYWORD` or a similar keyword; empty if there are none."""
    try:
        data = bytes.fromhex(re.sub(r"^\s*\w+\s+\d+\s", "", text))
    except ValueError:
        return b""
    data = data.removeprefix(_SEGMENT)
    return data if data[:1] == _MARK else in_resources(data)


def in_resources(data):
    """Photoshop's image resources: "8BIM", number, name and content, the last two padded to even lengths."""
    place = 0
    while data[place : place + 4] == b"8BIM" and place + 12 <= len(data):
        start = place + 6 + (data[place + 6] + 2) // 2 * 2
        size = int.from_bytes(data[start : start + 4], "big")
        if data[place + 4 : place + 6] == _RESOURCE.to_bytes(2, "big"):
            return data[start + 4 : start + 4 + size]
        place = start + 4 + size + size % 2
    return b""


def _as_resource(records):
    return b"8BIM" + struct.pack(">HHI", _RESOURCE, 0, len(records)) + records + b"\0" * (len(records) % 2)


def for_jpeg(records: bytes) -> bytes:
    """-> whole APP13 segments; several if one is too small."""
    data, made = _as_resource(records), b""
    for place in range(0, len(data), _SEGMENT_BYTES):
        part = _SEGMENT + data[place : place + _SEGMENT_BYTES]
        made += b"\xff\xed" + struct.pack(">H", 2 + len(part)) + part
    return made


def for_png(records: bytes) -> str:
    """-> the text of `PNG_KEYWORD`."""
    data = _as_resource(records)
    lines = re.sub("(.{72})", r"\1\n", data.hex())
    return f"\niptc\n{len(data):8d}\n{lines}\n"
