"""Pictures into files, whole or not at all, with what went along with the original.

Owns how each format is written. Imports `files.metadata`, `files.modes`, `files.suffixes` and `files.whole`.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, PngImagePlugin, TiffImagePlugin

from colorgan.files import suffixes, whole
from colorgan.files.metadata import EXIF_IFD, Metadata
from colorgan.files.modes import as_depth

QUALITY = 92
NONE = Metadata()
_LARGEST = {**dict.fromkeys(suffixes.JPEG, 65535), ".webp": 16383}  # pixels on a side
_EXIF_BYTES = 65533  # what a segment of JPEG holds
_MAKER_NOTE = 0x927C
_STRIP_BYTES = 1 << 20


def write(target: Path, rgb: np.ndarray, *, alpha=None, metadata: Metadata = NONE, quality: int = QUALITY) -> list[str]:
    """Write a picture; the file appears when it is complete.

    Args:
        target: where to; its suffix says the format (jpg, jpeg, png, tif, tiff, webp, bmp).
        rgb: [H, W, 3] uint8 or uint16. 16 bits are kept in PNG and TIFF.
        alpha: [H, W] of any of both types, or None. JPEG has none: the picture then lies on white.
        metadata: what goes along. BMP holds none of it. Sizes that EXIF data states become the picture's.
        quality: 1 to 100, of JPEG and WebP; WebP at 100 is lossless.

    Returns:
        Notes: what the format has no room for, in words.

    Raises:
        OSError: if the file cannot be written; nothing is left behind.
        ValueError: if the format is unknown, or cannot hold a picture as large as this.
    """
    suffix = suffixes.of(target)
    if suffix not in _WRITERS:
        raise ValueError(f"{target}: unknown format {suffix!r}. Known: {', '.join(sorted(_WRITERS))}")
    side = max(rgb.shape[:2])
    if side > _LARGEST.get(suffix, side):
        raise ValueError(f"{target}: {suffix[1:]} holds at most {_LARGEST[suffix]} pixels on a side, not {side}")
    depth = rgb.dtype if suffix in suffixes.DEEP else np.dtype(np.uint8)
    rgb, alpha = as_depth(rgb, depth), None if alpha is None else as_depth(alpha, depth)
    exif = _sized(metadata.exif, *rgb.shape[:2])
    exif, notes = _fitting(exif) if exif and suffix in suffixes.JPEG else (exif, [])
    with whole.replacing(target) as (unfinished,):
        options = {"exif": exif, "icc": metadata.icc, "dpi": metadata.dpi, "quality": quality}
        _WRITERS[suffix](unfinished, rgb, alpha, **options)
    return notes


def _sized(exif, height, width):
    """EXIF data whose sizes, where it states some, are the picture's."""
    sized = Image.Exif()
    for tag, value in exif.items():
        sized[tag] = value
    if own := exif.get(EXIF_IFD):
        sized[EXIF_IFD] = own | {tag: size for tag, size in ((0xA002, width), (0xA003, height)) if tag in own}
    return sized


def _fitting(exif):
    """EXIF data that JPEG can hold, and notes of what had to go: the camera's own notes first, then all."""
    if len(exif.tobytes()) <= _EXIF_BYTES:
        return exif, []
    smaller = Image.Exif()
    for tag, value in exif.items():
        own = isinstance(value, dict)
        smaller[tag] = {k: v for k, v in value.items() if k != _MAKER_NOTE} if own else value
    if len(smaller.tobytes()) <= _EXIF_BYTES:
        return smaller, ["the camera's own notes in its EXIF data are too long for JPEG and left out"]
    return None, ["its EXIF data is too long for JPEG and left out"]


def _jpg(path, rgb, alpha, *, exif, icc, dpi, quality):
    if alpha is not None:
        share = alpha[..., None].astype(np.float32) / 255
        rgb = np.rint(rgb * share + 255 * (1 - share)).astype(np.uint8)
    # Full resolution for the chroma too: halved, it would pull at the lightness of edges.
    options = {"subsampling": 0, "exif": exif or b"", "icc_profile": icc, "dpi": dpi or (0, 0)}
    Image.fromarray(rgb).save(path, "JPEG", quality=quality, **options)


def _webp(path, rgb, alpha, *, exif, icc, dpi, quality):
    rgb = rgb if alpha is None else np.dstack([rgb, alpha])
    options = {"lossless": quality == 100, "exact": True, "exif": exif or b"", "icc_profile": icc}
    Image.fromarray(rgb).save(path, "WEBP", quality=quality, **options)


def _encode(suffix, rgb, alpha):
    """OpenCV writes 16-bit PNG and BMP with alpha, which Pillow does not, and PNG several times faster."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR) if alpha is None else cv2.merge([*cv2.split(rgb)[::-1], alpha])
    fine, data = cv2.imencode(suffix, bgr)
    if not fine:
        raise OSError(f"OpenCV could not encode {rgb.shape[1]} x {rgb.shape[0]} pixels as {suffix[1:]}")
    return memoryview(data.reshape(-1))


def _bmp(path, rgb, alpha, *, exif, icc, dpi, quality):
    path.write_bytes(_encode(".bmp", rgb, alpha))


def _png(path, rgb, alpha, *, exif, icc, dpi, quality):
    data, head = _encode(".png", rgb, alpha), 8 + 25  # signature and IHDR
    with open(path, "wb") as file:
        file.write(data[:head])
        if icc:
            PngImagePlugin.putchunk(file, b"iCCP", b"ICC Profile\0\0", zlib.compress(icc))
        if dpi:
            per_meter = (max(1, round(float(d) / 0.0254)) for d in dpi)
            PngImagePlugin.putchunk(file, b"pHYs", struct.pack(">IIB", *per_meter, 1))
        if exif:
            PngImagePlugin.putchunk(file, b"eXIf", exif.tobytes()[6:])  # without JPEG's "Exif\0\0"
        file.write(data[head:])


def _tiff(path, rgb, alpha, *, exif, icc, dpi, quality):
    """Deflate with horizontal differences, strip by strip: Pillow writes no 16-bit colour, tifffile no EXIF."""
    array = rgb if alpha is None else np.dstack([rgb, alpha])
    height, width, samples = array.shape
    rows = max(1, _STRIP_BYTES // (width * samples * array.itemsize))
    strips = [_deflated(array[top : top + rows]) for top in range(0, height, rows)]
    ifd = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    if dpi:
        ifd[282], ifd[283], ifd[296] = float(dpi[0]), float(dpi[1]), 2
    for tag, value in (exif or {}).items():
        ifd[tag] = value
    ifd[256], ifd[257], ifd[258] = width, height, (8 * array.itemsize,) * samples
    ifd[259], ifd[262], ifd[277], ifd[284], ifd[317] = 8, 2, samples, 1, 2
    if alpha is not None:
        ifd[338] = 2  # not multiplied into the colours
    if icc:
        ifd.tagtype[34675] = 7
        ifd[34675] = icc
    lengths = [len(strip) for strip in strips]
    ifd.tagtype[273] = ifd.tagtype[279] = 4
    ifd[278], ifd[279] = rows, tuple(lengths)
    ifd[273] = tuple(int(offset) for offset in np.cumsum([0, *lengths[:-1]]))  # `save` adds where the data begins
    with open(path, "wb") as file:
        ifd.save(file)
        for strip in strips:
            file.write(strip)


def _deflated(block):
    block = block.astype(block.dtype.newbyteorder("<"), copy=True)
    block[:, 1:] -= block[:, :-1].copy()
    return zlib.compress(block.tobytes(), 3)


_WRITERS = {".jpg": _jpg, ".jpeg": _jpg, ".png": _png, ".tif": _tiff, ".tiff": _tiff, ".webp": _webp, ".bmp": _bmp}
