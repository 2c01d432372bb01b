"""Photographs out of files: pixels of any mode and depth, upright, with what goes along with them.

Owns what their values mean, and which of their metadata is worth keeping. Pillow reads them;
OpenCV reads 16-bit colour, which Pillow cuts to 8 bits; tifffile reads 16-bit gray with alpha, which neither can.
Imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import io
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MAX_MEGAPIXELS = 200
ORIENTATION, EXIF_IFD, GPS_IFD = 0x0112, 0x8769, 0x8825
# What describes a photograph; the rest of a TIFF's tags describe how its file is built. No thumbnail: it would be gray.
_KEPT = (
    *(0x010E, 0x010F, 0x0110, ORIENTATION, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298),
    *(0x4746, 0x4749, 0x83BB, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F),
)
_INTEROP_IFD, _WIDTH, _HEIGHT = 0xA005, 0xA002, 0xA003  # inside the EXIF directory
_EXTRA_SAMPLES, _ASSOCIATED = 338, 1  # of TIFF: alpha that the colours are multiplied with
_DEFLATE = (8, 32946)  # TIFF's numbers of zlib
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass
class Photograph:
    """A picture and what its file said about it.

    Attributes:
        pixels: [H, W] or [H, W, 3] uint8 or uint16, sRGB-encoded, upright.
        alpha: [H, W] of the same type, or None.
        exif: what is worth keeping of its EXIF data, orientation 1; empty if there was none.
        icc: the embedded profile of an RGB picture, or None.
        dpi: (horizontal, vertical), or None.
        notes: what was left out, in words.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None
    exif: Image.Exif
    icc: bytes | None
    dpi: tuple | None
    notes: list[str]


@contextlib.contextmanager
def large_pictures(max_megapixels: float):
    """Raises Pillow's own guard against decompression bombs for a while; for the whole process, so before threads."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max(1, int(max_megapixels * 1e6))
    try:
        with warnings.catch_warnings():
            # Pillow warns above its limit and fails above twice of it; `read` fails above the limit, in its own words.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def megapixels(path: Path) -> float:
    """-> the size that a file's header states; 0 where it cannot be read (`read` then says why)."""
    try:
        with Image.open(path) as image:
            return image.width * image.height / 1e6
    except Exception:  # see `read`
        return 0.0


def read(path: Path, *, max_megapixels: float = MAX_MEGAPIXELS) -> Photograph:
    """A photograph out of a file.

    Gray values with a gray profile, and CMYK values with a CMYK profile, are converted to sRGB, since no RGB result
    could carry such a profile. An RGB profile is kept, and the values are treated as sRGB's: grays are nearly the same
    in all common RGB spaces.

    Args:
        path: a JPEG, PNG, TIFF, WebP or BMP file, or another that Pillow knows; of several pages the first counts.
        max_megapixels: larger pictures are refused.

    Raises:
        OSError: if it is no image, is empty, truncated or too large, or its mode has no defined brightness. The
            message names the file.
    """
    path = Path(path)
    try:
        if path.stat().st_size == 0:
            raise OSError("the file is empty (0 bytes)")
        try:
            # Not by its name: Pillow 13 then maps uncompressed TIFF files with sides exchanged if they are turned.
            with open(path, "rb") as file, Image.open(file) as image:
                if image.width * image.height > max_megapixels * 1e6:
                    raise Image.DecompressionBombError(f"{image.width} x {image.height} pixels")
                return _read(path, image)
        except UnidentifiedImageError:
            if not _is_gray_alpha(path):
                raise
            return _read_gray_alpha(path, max_megapixels)
    except UnidentifiedImageError as error:
        raise OSError(f"{path}: not an image, or of a kind that cannot be read") from error
    except Image.DecompressionBombError as error:
        raise OSError(f"{path}: {error} are more than --max-megapixels {max_megapixels:g}") from error
    # Pillow's parsers meet arbitrary bytes and raise what comes up (OSError, SyntaxError, struct.error, ...).
    except Exception as error:
        reason = getattr(error, "strerror", None) or error
        raise OSError(f"{path}: cannot be read: {reason}") from error


def _read(path, image):
    notes, info = [], image.info
    icc, dpi, orientation = info.get("icc_profile"), _dpi(info.get("dpi")), image.getexif().get(ORIENTATION, 1)
    exif = _kept_exif(image, notes)
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":  # MPO: a JPEG with previews
        notes.append(f"the first of {image.n_frames} pages")
    if image.format == "TIFF" and set(image.tag_v2.get(258, ())) == {16}:
        _check_strips(path)
    if _has_wide_colour(path, image):
        pixels, alpha = _wide(path, image)
        pixels, alpha = upright(pixels, orientation), None if alpha is None else upright(alpha, orientation)
    else:
        inverted = image.format == "TIFF" and image.tag_v2.get(262) == 0
        pixels, alpha, icc = _values(ImageOps.exif_transpose(image), icc, notes, inverted=inverted)
    for tag, size in ((_WIDTH, pixels.shape[1]), (_HEIGHT, pixels.shape[0])):
        if tag in exif.get(EXIF_IFD, {}):
            exif[EXIF_IFD][tag] = size
    if icc and icc[16:20] != b"RGB ":
        notes.append("its colour profile does not fit its colours and is left out")
        icc = None
    return Photograph(pixels, alpha, exif, icc, dpi, notes)


def upright(array: np.ndarray, orientation: int) -> np.ndarray:
    """[H, W, ...] as it lies in a file -> as EXIF's orientation (1 to 8) says it is to be seen."""
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def _kept_exif(image, notes):
    found, kept = image.getexif(), Image.Exif()
    for tag in _KEPT:
        if tag in found:
            kept[tag] = found[tag]
    for ifd in (EXIF_IFD, GPS_IFD):
        values = {tag: value for tag, value in found.get_ifd(ifd).items() if tag != _INTEROP_IFD}
        if values:
            kept[ifd] = values
    if ORIENTATION in kept:
        kept[ORIENTATION] = 1
    try:
        kept.tobytes()
    except Exception as error:  # values of types that their tags do not allow
        notes.append(f"its EXIF data is damaged and left out ({error})")
        return Image.Exif()
    return kept


def _dpi(values):
    """A resolution as other formats can hold it, or None: files also say 0/0 and numbers beyond any."""
    return values if values and all(1 <= value <= 1e6 for value in values) else None


def _has_wide_colour(path, image):
    if image.format == "PNG":
        with open(path, "rb") as file:
            header = file.read(26)
        return header[24] == 16 and header[25] != 0  # 0: gray without alpha, which Pillow reads in full
    if image.format == "TIFF":
        return image.mode in ("RGB", "RGBA") and set(image.tag_v2.get(258, ())) == {16}
    return False


def _wide(path, image):
    """16-bit colour. -> [H, W] or [H, W, 3] uint16, alpha or None, as they lie in the file."""
    data = Path(path).read_bytes()
    if image.format == "PNG":
        with Image.open(path) as again:  # `verify` wants a file that nothing has been read from
            again.verify()
    else:
        if image.tag_v2.get(284, 1) == 2:  # OpenCV 5 fills most of such a picture with what lay in memory
            raise OSError("its 16-bit colours lie in separate planes. Save it with interleaved ones")
        data = _unturned(data)
    quiet = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        cv2.utils.logging.setLogLevel(quiet)
    if array is None or array.dtype != np.uint16 or array.ndim != 3:
        raise OSError("its 16-bit colours are damaged or compressed in a way that OpenCV cannot read")
    alpha = np.ascontiguousarray(array[..., 3]) if array.shape[-1] == 4 else None
    if image.format == "PNG" and data[25] == 4:
        return np.ascontiguousarray(array[..., 0]), alpha
    rgb = cv2.cvtColor(array, cv2.COLOR_BGRA2RGB if alpha is not None else cv2.COLOR_BGR2RGB)
    if alpha is not None and image.format == "TIFF" and image.tag_v2.get(_EXTRA_SAMPLES, (0,))[0] == _ASSOCIATED:
        rgb = _divided(rgb, alpha[..., None])
    return rgb, alpha


def _divided(values, alpha):
    """uint16 values that were multiplied with alpha / 65535 -> as they were; 0 where nothing of them is left."""
    # The largest, 65535 * 65535 + 32767, still fits.
    alpha = np.maximum(alpha, 1).astype(np.uint32)
    return np.minimum((values * np.uint32(65535) + alpha // 2) // alpha, 65535).astype(np.uint16)


def _check_strips(path):
    """Raises OSError if pixels of a TIFF are missing or damaged: decoders do not compare zlib's checksums."""
    size = path.stat().st_size
    with open(path, "rb") as data, tifffile.TiffFile(data) as file:
        page = file.pages[0]
        parts = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        if not parts or any(not count or offset + count > size for offset, count in parts):
            raise OSError("it is truncated")
        for offset, count in parts if page.compression in _DEFLATE else []:
            data.seek(offset)
            packed, stream = data.read(count), zlib.decompressobj()
            try:
                while packed:
                    stream.decompress(packed, 1 << 20)
                    packed = stream.unconsumed_tail
            except zlib.error as error:
                raise OSError(f"its pixels are damaged ({error})") from error
            if not stream.eof:
                raise OSError("its pixels are damaged (a compressed part ends early)")


def _unturned(data):
    """A TIFF file's bytes with orientation 1: OpenCV 5 fails on others."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tag = file.pages[0].tags.get(ORIENTATION)
        if tag is None or tag.value == 1:
            return data
        place, order = tag.valueoffset, "little" if file.byteorder == "<" else "big"
    return data[:place] + (1).to_bytes(2, order) + data[place + 2 :]


def _is_gray_alpha(path):
    """Whether it is a TIFF of 16-bit gray with alpha, which Pillow does not know."""
    with open(path, "rb") as file:
        if file.read(4) not in _TIFF_MAGIC:
            return False
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages[0]
            return page.dtype == np.uint16 and page.samplesperpixel == 2 and page.planarconfig == 1
    except (ValueError, KeyError, IndexError, tifffile.TiffFileError):
        return False


def _read_gray_alpha(path, max_megapixels):
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        if page.imagewidth * page.imagelength > max_megapixels * 1e6:
            raise Image.DecompressionBombError(f"{page.imagewidth} x {page.imagelength} pixels")
        _check_strips(path)
        array = upright(page.asarray(), getattr(page.tags.get(ORIENTATION), "value", 1))
        values = array[..., 0]
        if page.extrasamples and page.extrasamples[0] == _ASSOCIATED:
            values = _divided(values, array[..., 1])
        values = values if page.photometric != 0 else 65535 - values
    notes = ["metadata of 16-bit gray TIFF files with alpha is left out"]
    return Photograph(
        np.ascontiguousarray(values), np.ascontiguousarray(array[..., 1]), Image.Exif(), None, None, notes
    )


def _values(image, icc, notes, *, inverted):
    """An upright Pillow image -> [H, W] or [H, W, 3] uint8 or uint16, alpha or None, the profile that still fits."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("32-bit pixels outside 0..65535 have no defined brightness")
        values = values.astype(np.uint16)
        clear = image.info.get("transparency")
        alpha = None if clear is None else np.where(values == clear, 0, 65535).astype(np.uint16)
        values = 65535 - values if inverted else values  # Pillow inverts 8 bits where 0 is white, but not 16
        return _gray_as_srgb(values, icc, notes, alpha)
    if image.mode == "CMYK":
        return np.asarray(_cmyk_as_rgb(image, icc, notes)), None, None
    if image.mode not in ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr"):
        raise ValueError(f"pixels of mode {image.mode} have no defined brightness")
    gray = image.mode in ("1", "L", "LA", "La")
    if image.mode in ("La", "RGBa") or image.has_transparency_data:
        array = np.asarray(image.convert("LA" if gray else "RGBA"))
        values, alpha = array[..., :-1], np.ascontiguousarray(array[..., -1])
    else:
        values, alpha = np.asarray(image.convert("L" if gray else "RGB")), None
    if gray:
        return _gray_as_srgb(np.ascontiguousarray(values.reshape(values.shape[:2])), icc, notes, alpha)
    return np.ascontiguousarray(values), alpha, icc


def _gray_as_srgb(values, icc, notes, alpha):
    """Gray values under a gray profile become sRGB's: a profile for gray has nothing to say on a coloured result."""
    if not icc or icc[16:20] != b"GRAY":
        return values, alpha, icc
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    try:
        table = np.asarray(_to_srgb(ramp, icc))[0, :, 1]
    except (ImageCms.PyCMSError, OSError) as error:
        notes.append(f"its colour profile cannot be used and is left out ({error})")
        return values, alpha, None
    if values.dtype == np.uint16:
        table = np.rint(np.interp(np.arange(65536) / 257, np.arange(256), table) * 257).astype(np.uint16)
    return table[values], alpha, None


def _cmyk_as_rgb(image, icc, notes):
    if icc and icc[16:20] == b"CMYK":
        try:
            return _to_srgb(image, icc)
        except (ImageCms.PyCMSError, OSError) as error:
            notes.append(f"its colour profile cannot be used and is left out ({error})")
    return image.convert("RGB")


def _to_srgb(image, icc):
    return ImageCms.profileToProfile(
        image,
        ImageCms.ImageCmsProfile(io.BytesIO(icc)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
    )
