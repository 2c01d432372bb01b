"""A file's kind, from its first bytes: names can be wrong, or have no suffix.

Owns the table of the first bytes of pictures and films. It includes formats that nothing here reads, to name skipped
files. Imports `files.suffixes` and `files.remote`.
"""

from __future__ import annotations

import re

from PIL import Image

from . import remote, suffixes

PICTURE, FILM = "picture", "film"
_HEAD = 4096  # bytes, within which Ogg names its content
_STILL_BRANDS = ("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis")
_STILL_OR_MOVING = (".gif", ".webp")
_SOUND_BRANDS = ("M4A ", "M4B ", "M4P ", "F4A ", "F4B ")
# (first bytes, kind, common name); the first match counts.
_BEGINNINGS = tuple(
    (re.compile(pattern, re.DOTALL), kind, name)
    for pattern, kind, name in (
        (rb"\xff\xd8\xff", PICTURE, "JPEG"),
        (rb"\x89PNG\r\n\x1a\n", PICTURE, "PNG"),
        (rb"GIF8[79]a", PICTURE, "GIF"),
        (rb"RIFF....WEBP", PICTURE, "WebP"),
        (rb"BM.{4}.{8}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0", PICTURE, "BMP"),  # the known sizes of its second header
        (rb"II\*\0.{4}CR|.{6}HEAPCCDR|FUJIFILMCCD-RAW|II(U\0|RO|RS)|MMOR|FOVb|\0MRM", PICTURE, "camera raw"),
        (rb"II[*+]\0|MM\0[*+]", PICTURE, "TIFF or camera raw"),
        (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", PICTURE, "JPEG 2000"),
        (rb"\0\0\0\x0cJXL \r\n\x87\n|\xff\x0a", PICTURE, "JPEG XL"),
        (rb"II\xbc\x01", PICTURE, "JPEG XR"),
        (rb"8BPS\0[\x01\x02]", PICTURE, "Photoshop"),
        (rb"gimp xcf", PICTURE, "GIMP"),
        (rb"P[1-7]\r?\n[#0-9WH]", PICTURE, "PNM"),
        (rb"\x76\x2f\x31\x01", PICTURE, "OpenEXR"),
        (rb"#\?(RADIANCE|RGBE)", PICTURE, "Radiance"),
        (rb".{128}DICM", PICTURE, "DICOM"),
        (rb"SIMPLE  = ", PICTURE, "FITS"),
        (rb"\0.{3}(moov|wide|free|skip|pnot)|.{4}mdat", FILM, "QuickTime"),
        (rb"\x1a\x45\xdf\xa3", FILM, "Matroska or WebM"),
        (rb"RIFF....AVI ", FILM, "AVI"),
        (rb"\0\0\x01[\xba\xb3]", FILM, "MPEG"),
        (rb"\x47.{187}\x47.{187}\x47|.{4}\x47.{191}\x47.{191}\x47", FILM, "MPEG transport stream"),
        (rb"FLV\x01", FILM, "Flash video"),
        (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", FILM, "Windows Media"),
        (rb"OggS.*(\x80theora|\x01video\0|BBCD\0)", FILM, "Ogg"),
        (rb"\x1f\x07\0[\x3f\xbf]", FILM, "DV"),
        (rb"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02", FILM, "MXF"),
        (rb"\.RMF\0", FILM, "RealMedia"),
        (rb"YUV4MPEG2 ", FILM, "YUV4MPEG"),
        (rb"nut/multimedia container\0", FILM, "NUT"),
        (rb"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d", FILM, "Windows TV recording"),
    )
)


def of(path) -> str:
    """-> "picture", "film", or "" for other files, sound, and unreadable files.

    Moving GIF and WebP files are films.

    Raises:
        OSError: if a file by URL cannot be read, as in `is_film` and `name`: its network may be at fault.
    """
    kind, name = _told(path)
    return FILM if name in ("GIF", "WebP") and _moves(path) else kind


def is_film(path) -> bool:
    """-> whether a file is coloured as a film: by its name, or for GIF, WebP and other names by its content."""
    if suffixes.of(path) in _STILL_OR_MOVING or not (suffixes.is_picture(path) or suffixes.is_film(path)):
        return of(path) == FILM
    return suffixes.is_film(path)


def name(path) -> str:
    """-> the common name of a picture's or film's format, such as `JPEG`; "" for anything else."""
    return _told(path)[1]


def _told(path):
    try:
        head = remote.head(path, _HEAD)
    except OSError as error:
        if remote.is_url(path) and not isinstance(error, FileNotFoundError):
            raise
        return "", ""
    if head[4:8] == b"ftyp":
        return _boxed(head)
    return next(((kind, name) for begins, kind, name in _BEGINNINGS if begins.match(head)), ("", ""))


def _boxed(head):
    """-> the kind of an ISO base media file, which its brands state (ISO/IEC 14496-12, 4.3)."""
    length = int.from_bytes(head[:4], "big")
    brands = [head[i : i + 4].decode("latin-1") for i in (8, *range(16, min(length, len(head)), 4))]
    if brands[0] == "crx ":
        return PICTURE, "camera raw"
    if brands[0] in _STILL_BRANDS:
        return PICTURE, "AVIF" if {"avif", "avis"} & set(brands) else "HEIC"
    if brands[0] in _SOUND_BRANDS:
        return "", ""
    return FILM, "QuickTime" if brands[0] == "qt  " else "3GP" if brands[0].startswith("3g") else "MP4"


def _moves(path):
    with remote.local(path) as here:  # copied whole, so errors below are of the file, not of a network
        try:
            with Image.open(here, formats=("GIF", "WEBP")) as image:
                return image.is_animated
        # For arbitrary bytes Pillow's parsers raise many types (OSError, SyntaxError, struct.error, ...).
        except Exception:
            return False
