"""What a picture's file says beside its pixels: what of it is worth keeping, and how it is read.

Imports `files.orientation`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from PIL import Image

from colorgan.files import orientation

EXIF_IFD, GPS_IFD = 0x8769, 0x8825
# What describes a photograph; the rest of a TIFF's tags describe how its file is built. No thumbnail: it would be gray.
_KEPT = (
    *(0x010E, 0x010F, 0x0110, orientation.TAG, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298),
    *(0x4746, 0x4749, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F),
)
_INTEROP_IFD = 0xA005  # inside the EXIF directory


@dataclass(frozen=True)
class Metadata:
    """What goes along with a picture."""

    exif: Image.Exif = field(default_factory=Image.Exif)  # what is worth keeping, orientation 1; empty if none
    icc: bytes | None = None  # the profile of an RGB picture
    dpi: tuple | None = None  # (horizontal, vertical)
    iptc: bytes | None = None  # records of IPTC-IIM
    xmp: bytes | None = None  # the packet
    comment: str = ""


def of(image, notes: list[str]) -> Metadata:
    """What a file that Pillow opened says; notes of what is damaged and left out are appended."""
    return Metadata(_kept_exif(image, notes), image.info.get("icc_profile"), _dpi(image.info.get("dpi")))


def _kept_exif(image, notes):
    found, kept = image.getexif(), Image.Exif()
    for tag in _KEPT:
        if tag in found:
            kept[tag] = found[tag]
    for ifd in (EXIF_IFD, GPS_IFD):
        values = {tag: value for tag, value in found.get_ifd(ifd).items() if tag != _INTEROP_IFD}
        if values:
            kept[ifd] = values
    if orientation.TAG in kept:
        kept[orientation.TAG] = 1
    try:
        kept.tobytes()
    except Exception as error:  # values of types that their tags do not allow
        notes.append(f"its EXIF data is damaged and left out ({error})")
        return Image.Exif()
    return kept


def _dpi(values):
    """A resolution as other formats can hold it, or None: files also say 0/0 and numbers beyond any."""
    return values if values and all(1 <= value <= 1e6 for value in values) else None
