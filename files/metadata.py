"""The metadata of a picture's file: the parts to keep, and reading them.

Imports `files.iptc`, `files.orientation` and `files.xmp`.
"""

from __future__ import annotations

import dataclasses
import numbers
import struct
from dataclasses import dataclass, field

import imagecodecs
from PIL import Image

from . import iptc, orientation, xmp

EXIF_IFD, GPS_IFD = 0x8769, 0x8825
# Tags that describe a photograph; other TIFF tags describe the file. No thumbnail, because it would be gray.
_KEPT = (
    *(0x010E, 0x010F, 0x0110, orientation.TAG, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298),
    *(0x4746, 0x4749, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F),
)
# In the EXIF directory: interoperability, compression and gamma of the old pixels.
_OF_PIXELS = (0xA005, 0x9102, 0xA500)
_PLACES = (0x9214, 0xA214)  # places of the subject, which turn with the picture
_RESOLUTION, _UNIT, _IPTC, _PHOTOSHOP = (0x011A, 0x011B), 0x0128, 33723, 34377  # tags of TIFF
_UNDEFINED = 7  # TIFF's type of bytes
# Boxes of JPEG 2000 (XMP part 3, 1.1.4; ExifTool).
_XMP_BOX = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
_IPTC_BOX = bytes.fromhex("33C7A4D2B81D4723A0BAF1A3E097AD38")
_EXIF_BOX = b"JpgTiffExif->JP2"
_MOST_BYTES = 1 << 24  # of a box that is unpacked
_EMPTY = 20  # bytes of empty EXIF data
# Texts of a PNG file that hold other metadata, or describe the old file.
_NO_REMARKS = ("Raw profile type ", "XML:com.adobe.xmp", "Thumb::", "date:", "Software")


@dataclass(frozen=True)
class Metadata:
    """The metadata that are kept with a picture."""

    exif: Image.Exif = field(default_factory=Image.Exif)  # the kept parts, with orientation 1; empty if none
    icc: bytes | None = None  # the profile of an RGB picture
    dpi: tuple | None = None  # (horizontal, vertical)
    iptc: bytes | None = None  # records of IPTC-IIM
    xmp: bytes | None = None  # the packet
    comment: str = ""
    texts: tuple[tuple[str, str], ...] = ()  # (keyword, text), of a PNG file, besides the comment

    @property
    def remarks(self) -> str:
        """The comment and the texts as one text, for formats that only have a comment."""
        return "\n".join([*([self.comment] if self.comment else []), *(f"{word}: {text}" for word, text in self.texts)])

    def machine_made(self) -> Metadata:
        """-> the same with provenance; see `xmp.machine_made`."""
        return dataclasses.replace(self, xmp=xmp.machine_made(self.xmp))


class _Text(str):
    """A text of EXIF data as in its file: Pillow reads Latin-1, and would write other bytes as `?`."""

    def encode(self, *_):
        return str.encode(self, "latin-1")


def of(image, notes: list[str], content: bytes = b"") -> Metadata:
    """-> the metadata of a file.

    Args:
        image: opened by Pillow. A PNG's pixels are loaded, because texts can follow them.
        notes: notes on damaged and dropped parts are appended.
        content: bytes of a JPEG 2000 or JPEG XL file, whose boxes Pillow ignores.
    """
    boxes = _boxes(content)
    remarks, exif = _texts(image), _exif(image, boxes.get(_EXIF_BOX), notes)
    turned = (image.info.get("original_orientation") or exif.get(orientation.TAG, 1)) != 1  # HEIC's; EXIF's
    found = {"icc": image.info.get("icc_profile"), "dpi": _dpi(image, exif), "comment": _comment(image)}
    if packet := image.info.get("xmp") or boxes.get(_XMP_BOX):
        found["xmp"] = xmp.kept(packet, notes, turned=turned)
    if records := _iptc(image) or boxes.get(_IPTC_BOX):
        found["iptc"] = iptc.kept(records, notes)
    if remarks:
        found["comment"] = remarks.pop("Comment", "")
        found["texts"] = tuple(remarks.items())
    return Metadata(_kept_exif(exif, notes, turned), **found)


def _exif(image, box, notes):
    try:
        exif = image.getexif()
        if box:
            exif.load(b"Exif\0\0" + box)
        if len(box or image.info.get("exif") or b"") > _EMPTY and not exif:  # Pillow does not report this
            notes.append("its EXIF data is damaged and left out")
        for tag in _KEPT:
            exif.get(tag)
        for ifd in (EXIF_IFD, GPS_IFD):
            exif.get_ifd(ifd)
        return exif
    except Exception as error:  # Pillow's parser raises many types, some only when a value is read
        notes.append(f"its EXIF data is damaged and left out ({error})")
        return Image.Exif()


def _kept_exif(found, notes, turned):
    kept = Image.Exif()
    for tag in _KEPT:
        if tag in found and (value := _plain(found[tag])) is not None:
            kept[tag] = value
    gone = (*_OF_PIXELS, *(_PLACES if turned else ()))
    for ifd in (EXIF_IFD, GPS_IFD):
        values = {tag: _as_written(value) for tag, value in found.get_ifd(ifd).items() if tag not in gone}
        if values:
            kept[ifd] = values
    if orientation.TAG in kept:
        kept[orientation.TAG] = 1
    try:
        kept.tobytes()
    except Exception as error:  # values of types that the tags do not allow
        notes.append(f"its EXIF data is damaged and left out ({error})")
        return Image.Exif()
    return kept


def _plain(value):
    """-> a text, bytes or number of a tag in the first directory, or None."""
    if isinstance(value, str):
        return _Text(value.rstrip("\0"))
    is_number = isinstance(value, numbers.Real) and 0 <= value < 65536
    return value if isinstance(value, bytes) or is_number else None


def _as_written(value):
    return _Text(value) if isinstance(value, str) else value


def _dpi(image, exif):
    """-> a resolution that other formats can hold, or None: files also state 0/0, huge numbers, or no unit."""
    stated = image.info.get("dpi")
    is_unitless_jpeg = image.format in ("JPEG", "MPO") and not image.info.get("jfif_unit")
    if is_unitless_jpeg or image.format == "TIFF":
        stated = None  # Pillow assumes inches without unit, and 1 without a resolution
    per_inch = {2: 1, 3: 2.54}.get(exif.get(_UNIT, 2))  # TIFF 6.0, ResolutionUnit
    if stated is None and per_inch:
        stated = [exif.get(tag) for tag in _RESOLUTION]
        stated = tuple(value * per_inch for value in stated if isinstance(value, numbers.Real))
    return stated if stated and len(stated) == 2 and all(1 <= value <= 1e6 for value in stated) else None


def _comment(image):
    if image.format in ("JPEG", "MPO"):
        said = [content for name, content in image.applist if name == "COM"]
    elif image.format == "GIF":
        said = [image.info.get("comment", b"")]
    else:  # JPEG 2000's comment names the program that wrote the file
        said = []
    return "\n".join(filter(None, map(_decoded, said)))


def _decoded(content):
    try:
        return content.decode().strip("\0 \r\n")
    except UnicodeDecodeError:
        return content.decode("latin-1").strip("\0 \r\n")


def _texts(image):
    """{keyword: text} of a PNG file."""
    if image.format != "PNG":
        return {}
    return {word: str(text) for word, text in image.text.items() if text and not word.startswith(_NO_REMARKS)}


def _iptc(image):
    if image.format in ("JPEG", "MPO"):
        return iptc.in_jpeg([content for name, content in image.applist if name == "APP13"])
    if image.format == "PNG":
        words = (iptc.PNG_KEYWORD, "Raw profile type 8bim", "Raw profile type APP1")
        return next(filter(None, (iptc.in_png(image.text[word]) for word in words if word in image.text)), b"")
    if image.format == "TIFF":
        return _bytes_of(image.tag_v2, _IPTC) or iptc.in_resources(_bytes_of(image.tag_v2, _PHOTOSHOP))
    return b""


def _bytes_of(tags, tag):
    """-> a tag of a TIFF file as bytes, for any type of numbers."""
    if tag not in tags:
        return b""
    tags.tagtype[tag] = _UNDEFINED
    return tags[tag]


def _boxes(content):
    """{name: content} of the boxes of JPEG 2000 and JPEG XL that hold metadata (ISO 15444-1, I.4; ISO 18181-2)."""
    found, place = {}, 0
    while place + 8 <= len(content):
        size, kind = struct.unpack(">I4s", content[place : place + 8])
        start = place + 8
        if size == 1:  # the size follows
            size, start = int.from_bytes(content[start : start + 8], "big"), start + 8
        end = place + size if size >= 8 else len(content)  # 0: to the end
        inside = content[start:end]
        if kind == b"brob" and inside[:4] in (b"Exif", b"xml "):  # such a box compressed by Brotli
            kind, inside = inside[:4], bytes(imagecodecs.brotli_decode(inside[4:], out=_MOST_BYTES))
        if kind == b"uuid":
            found[inside[:16]] = inside[16:]
        elif kind == b"xml ":
            found.setdefault(_XMP_BOX, inside)
        elif kind == b"Exif":  # after the offset of its header
            found[_EXIF_BOX] = inside[4 + int.from_bytes(inside[:4], "big") :]
        place = end
    return found
