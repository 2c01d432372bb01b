"""Writing pictures, whole or not at all, with the original's metadata.

Owns the writers of the formats, and the metadata that each can hold. Imports `files.iptc`, `files.metadata`,
`imaging.modes`, `files.suffixes`, `files.whole` and `files.xmp`.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin

from ..imaging.modes import as_depth
from . import iptc, suffixes, whole, xmp
from .metadata import EXIF_IFD, Metadata

QUALITY = 92
NONE = Metadata()
_LARGEST = {**dict.fromkeys(suffixes.JPEG, 65535), ".webp": 16383}  # pixels on a side
_EXIF_BYTES, _XMP_BYTES, _COMMENT_BYTES = 65533, 65504, 65533  # bytes in a JPEG segment
_NO_ROOM = {
    ".webp": ("iptc", "remarks"),
    **dict.fromkeys(suffixes.TIFF, ("remarks",)),
    ".bmp": ("exif", "icc", "iptc", "remarks"),
}
_WORDS = {"exif": "EXIF data", "icc": "colour profile", "iptc": "IPTC data", "remarks": "comment"}
_MAKER_NOTE, _COLOR_SPACE, _WIDTH, _HEIGHT = 0x927C, 0xA001, 0xA002, 0xA003
_SRGB = 1
_STRIP_BYTES = 1 << 20
_THREADS = min(os.cpu_count() or 1, 8)


def write(target: Path, rgb: np.ndarray, *, alpha=None, metadata: Metadata = NONE, quality: int = QUALITY) -> list[str]:
    """Write a picture; the file appears when it is complete.

    Args:
        target: the file; its suffix chooses the format (jpg, jpeg, png, tif, tiff, webp, bmp).
        rgb: [H, W, 3] uint8 or uint16. 16 bits are kept in PNG and TIFF.
        alpha: [H, W] of either type, or None. JPEG has none: the picture is then over white.
        metadata: the kept metadata. Size and colour space in EXIF data become the picture's.
        quality: 1 to 100, for JPEG and WebP; WebP at 100 is lossless.

    Returns:
        Notes on metadata that the format cannot hold.

    Raises:
        OSError: if the file cannot be written; nothing is left behind.
        ValueError: if the format is unknown, or cannot hold such a large picture.
    """
    suffix = suffixes.of(target)
    if suffix not in _WRITERS:
        raise ValueError(f"{target}: unknown format {suffix!r}. Known: {', '.join(sorted(_WRITERS))}")
    side = max(rgb.shape[:2])
    if side > _LARGEST.get(suffix, side):
        raise ValueError(f"{target}: {suffix[1:]} holds at most {_LARGEST[suffix]} pixels on a side, not {side}")
    depth = rgb.dtype if suffix in suffixes.DEEP else np.dtype(np.uint8)
    rgb, alpha = as_depth(rgb, depth), None if alpha is None else as_depth(alpha, depth)
    along, notes = _fitting(dataclasses.replace(metadata, exif=_true_of(rgb, metadata)), suffix)
    with whole.replacing(target) as (unfinished,):
        _WRITERS[suffix](unfinished, rgb, alpha, along, quality)
    return notes


def _true_of(rgb, metadata):
    """-> EXIF data with the picture's sizes and colour space, if it states any."""
    exif = Image.Exif()
    for tag, value in metadata.exif.items():
        exif[tag] = value
    if own := metadata.exif.get(EXIF_IFD):
        true = {_WIDTH: rgb.shape[1], _HEIGHT: rgb.shape[0]} | ({} if metadata.icc else {_COLOR_SPACE: _SRGB})
        exif[EXIF_IFD] = own | {tag: value for tag, value in true.items() if tag in own}
    return exif


def _fitting(along, suffix):
    """-> the metadata that a format can hold, and notes on the rest."""
    if suffix in suffixes.JPEG:
        return _fitting_jpeg(along)
    gone = [name for name in _NO_ROOM.get(suffix, ()) if getattr(along, name)]
    notes = [f"its {_WORDS[name]} is left out: {suffix[1:]} has no room for it" for name in gone]
    return along, notes


def _fitting_jpeg(along):
    notes, smaller = [], {}
    if len(along.exif.tobytes()) > _EXIF_BYTES:
        exif, note = _without_makers_notes(along.exif)
        smaller["exif"] = exif
        notes.append(note)
    if along.xmp and len(along.xmp) > _XMP_BYTES:
        smaller["xmp"] = xmp.shortest(along.xmp)
        notes.append("its XMP data is too long for JPEG and left out")
    if len(along.remarks.encode()) > _COMMENT_BYTES:
        smaller |= {"comment": "", "texts": ()}
        notes.append("its comment is too long for JPEG and left out")
    return dataclasses.replace(along, **smaller), notes


def _without_makers_notes(exif):
    """-> EXIF data that fits into JPEG, and a note on omissions: first the camera's notes, then everything."""
    smaller = Image.Exif()
    for tag, value in exif.items():
        own = isinstance(value, dict)
        smaller[tag] = {k: v for k, v in value.items() if k != _MAKER_NOTE} if own else value
    if len(smaller.tobytes()) <= _EXIF_BYTES:
        return smaller, "the camera's notes in its EXIF data are too long for JPEG and left out"
    return Image.Exif(), "its EXIF data is too long for JPEG and left out"


def _jpg(path, rgb, alpha, along, quality):
    if alpha is not None:
        share = alpha[..., None].astype(np.float32) / 255
        rgb = np.rint(rgb * share + 255 * (1 - share)).astype(np.uint8)
    options = {"exif": along.exif or b"", "icc_profile": along.icc, "dpi": along.dpi or (0, 0), "xmp": along.xmp or b""}
    options |= {"comment": along.remarks.encode(), "extra": iptc.for_jpeg(along.iptc) if along.iptc else b""}
    # Full resolution for chroma: at half, it would change the lightness of edges.
    Image.fromarray(rgb).save(path, "JPEG", quality=quality, subsampling=0, **options)


def _webp(path, rgb, alpha, along, quality):
    exif = along.exif
    if along.dpi:  # which the format stores only there
        exif[0x011A], exif[0x011B], exif[0x0128] = float(along.dpi[0]), float(along.dpi[1]), 2
    options = {"exif": exif or b"", "icc_profile": along.icc, "xmp": along.xmp or b""}
    Image.fromarray(_with_alpha(rgb, alpha)).save(
        path, "WEBP", quality=quality, lossless=quality == 100, exact=True, **options
    )


def _with_alpha(rgb, alpha):
    return rgb if alpha is None else np.dstack([rgb, alpha])


def _per_meter(dpi):
    return [max(1, round(float(d) / 0.0254)) for d in dpi]


def _bmp(path, rgb, alpha, along, quality):
    data = bytearray(imagecodecs.bmp_encode(_with_alpha(rgb, alpha)))
    if along.dpi:
        data[38:46] = struct.pack("<2i", *_per_meter(along.dpi))
    path.write_bytes(data)


def _png(path, rgb, alpha, along, quality):
    """-> a PNG with pixels from imagecodecs, because Pillow writes no 16-bit colours, and with Pillow's other
    chunks."""
    # OpenCV's settings according to imagecodecs: quick, and small enough.
    data = memoryview(imagecodecs.png_encode(_with_alpha(rgb, alpha), level=1, strategy=3, filter=16))
    head, more = 8 + 25, PngImagePlugin.PngInfo()  # signature and IHDR
    if along.icc:
        more.add(b"iCCP", b"ICC Profile\0\0" + zlib.compress(along.icc))
    if along.dpi:
        more.add(b"pHYs", struct.pack(">IIB", *_per_meter(along.dpi), 1))
    if along.exif:
        more.add(b"eXIf", along.exif.tobytes()[6:])  # without JPEG's "Exif\0\0"
    if along.xmp:
        more.add_itxt("XML:com.adobe.xmp", along.xmp.decode())
    if along.iptc:
        more.add_text(iptc.PNG_KEYWORD, iptc.for_png(along.iptc), zip=True)
    for keyword, text in (*along.texts, *([("Comment", along.comment)] if along.comment else [])):
        more.add_text(keyword, text)
    with open(path, "wb") as file:
        file.write(data[:head])
        for name, *parts in more.chunks:
            PngImagePlugin.putchunk(file, name, parts[0])
        file.write(data[head:])


def _tiff(path, rgb, alpha, along, quality):
    """Compress with deflate and horizontal differences, by strips: Pillow writes no 16-bit colour, tifffile no EXIF."""
    array = _with_alpha(rgb, alpha)
    height, width, samples = array.shape
    rows = max(1, _STRIP_BYTES // (width * samples * array.itemsize))
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        strips = list(pool.map(_deflated, (array[top : top + rows] for top in range(0, height, rows))))
    ifd = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    for tag, value in along.exif.items():
        ifd[tag] = value
    if along.dpi:
        ifd[282], ifd[283], ifd[296] = float(along.dpi[0]), float(along.dpi[1]), 2
    ifd[256], ifd[257], ifd[258] = width, height, (8 * array.itemsize,) * samples
    ifd[259], ifd[262], ifd[277], ifd[284], ifd[317] = 8, 2, samples, 1, 2
    if alpha is not None:
        ifd[338] = 2  # not multiplied into the colours
    for tag, kind, content in ((700, 1, along.xmp), (33723, 7, along.iptc), (34675, 7, along.icc)):
        if content:
            ifd.tagtype[tag], ifd[tag] = kind, content  # bytes; what they are
    lengths = [len(strip) for strip in strips]
    ifd.tagtype[273] = ifd.tagtype[279] = 4
    ifd[278], ifd[279] = rows, tuple(lengths)
    ifd[273] = tuple(int(offset) for offset in np.cumsum([0, *lengths[:-1]]))  # `save` adds the data's offset
    with open(path, "wb") as file:
        ifd.save(file)
        for strip in strips:
            file.write(strip)


def _deflated(block):
    return imagecodecs.deflate_encode(imagecodecs.delta_encode(block, axis=1), level=3, raw=False)


_WRITERS = {
    **dict.fromkeys(suffixes.JPEG, _jpg),
    **dict.fromkeys(suffixes.TIFF, _tiff),
    ".png": _png,
    ".webp": _webp,
    ".bmp": _bmp,
}
