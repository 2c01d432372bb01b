"""Photographs out of files: pixels of any mode and depth, upright, with what goes along with them.

Owns what their values mean. Pillow reads them, and `deep` what Pillow cannot. Imports `files.deep`, `files.metadata`,
`files.modes` and `files.orientation`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from colorgan.files import deep, metadata, modes, orientation
from colorgan.files.metadata import Metadata

MAX_MEGAPIXELS = 200


@dataclass
class Photograph:
    """A picture and what its file said about it."""

    pixels: np.ndarray  # [H, W] or [H, W, 3] uint8 or uint16, sRGB-encoded, upright
    alpha: np.ndarray | None  # [H, W] of the same type
    metadata: Metadata  # what is worth keeping; its profile is that of `pixels`
    notes: list[str]  # what was left out, in words


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
            with orientation.opened(path) as image:
                _check_size(image.size, max_megapixels)
                return _read(path, image)
        except UnidentifiedImageError:
            size = deep.gray_alpha_size(path)
            if size is None:
                raise
            _check_size(size, max_megapixels)
            notes = ["metadata of 16-bit gray TIFF files with alpha is left out"]
            return Photograph(*deep.tiff(path), Metadata(), notes)
    except UnidentifiedImageError as error:
        raise OSError(f"{path}: {error}") from error
    except Image.DecompressionBombError as error:
        raise OSError(f"{path}: {error} are more than --max-megapixels {max_megapixels:g}") from error
    # Pillow's parsers meet arbitrary bytes and raise what comes up (OSError, SyntaxError, struct.error, ...).
    except Exception as error:
        reason = getattr(error, "strerror", None) or error
        raise OSError(f"{path}: cannot be read: {reason}") from error


def _check_size(size, max_megapixels):
    if size[0] * size[1] > max_megapixels * 1e6:
        raise Image.DecompressionBombError(f"{size[0]} x {size[1]} pixels")


def _read(path, image):
    notes, is_wide = [], deep.is_wide(image)
    said = metadata.of(image, notes, path.read_bytes() if image.format == "JPEG2000" else b"")
    icc = said.icc
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":  # MPO: a JPEG with previews
        notes.append(f"the first of {image.n_frames} pages")
    turn = orientation.remaining(image)
    if is_wide:
        pixels, alpha = deep.png(path) if image.format == "PNG" else deep.tiff(path)
    elif image.mode == "CMYK":
        fits = icc and icc[16:20] == b"CMYK"
        converted = _to_srgb(image, icc, notes) if fits else None
        pixels, alpha, icc = np.asarray(converted or image.convert("RGB")), None, None
    else:
        pixels, alpha = _values(image)
    if pixels.ndim == 2 and icc and icc[16:20] == b"GRAY":
        pixels, icc = _gray_as_srgb(pixels, icc, notes), None
    pixels, alpha = orientation.upright(pixels, turn), None if alpha is None else orientation.upright(alpha, turn)
    if icc and icc[16:20] != b"RGB ":
        notes.append("its colour profile does not fit its colours and is left out")
        icc = None
    return Photograph(pixels, alpha, dataclasses.replace(said, icc=icc), notes)


def _values(image):
    """A Pillow image -> [H, W] or [H, W, 3] uint8 or uint16, and alpha or None."""
    if modes.is_deep(image):
        values, clear = modes.deep_values(image), image.info.get("transparency")
        return values, None if clear is None else np.where(values == clear, 0, 65535).astype(np.uint16)
    if image.mode not in ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr"):
        raise ValueError(f"pixels of mode {image.mode} have no defined brightness")
    gray = image.mode in ("1", "L", "LA", "La")
    if image.mode in ("La", "RGBa") or image.has_transparency_data:
        return modes.split(np.asarray(image.convert("LA" if gray else "RGBA")))
    return np.asarray(image.convert("L" if gray else "RGB")), None


def _gray_as_srgb(values, icc, notes):
    """Gray values under a gray profile become sRGB's: a profile for gray has nothing to say on a coloured result."""
    ramp = _to_srgb(Image.fromarray(np.arange(256, dtype=np.uint8)[None]), icc, notes)
    if ramp is None:
        return values
    table = np.asarray(ramp)[0, :, 1]
    if values.dtype == np.uint16:
        table = np.rint(np.interp(np.arange(65536) / 257, np.arange(256), table) * 257).astype(np.uint16)
    return table[values]


def _to_srgb(image, icc, notes):
    """-> an image under its profile as an sRGB one; None, with a note, where the profile cannot be used."""
    try:
        own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        return ImageCms.profileToProfile(image, own, srgb, renderingIntent=intent, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError) as error:
        notes.append(f"its colour profile cannot be used and is left out ({error})")
        return None
