"""Reading photographs: the only reader of serving, training and evaluation.

Owns the size limit, repairs of damaged files, and errors that name the file. `decoding` interprets the samples. Imports
`files.decoding`, `files.kinds`, `files.metadata`, `imaging.modes`, `files.repair` and `files.tiff`.
"""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..imaging import modes
from . import decoding, kinds, repair, tiff
from .metadata import Metadata

MAX_MEGAPIXELS = 200


@dataclass
class Photograph:
    """A picture and its file's metadata."""

    pixels: np.ndarray  # [H, W] or [H, W, 3] uint8 or uint16, sRGB-encoded, upright
    alpha: np.ndarray | None  # [H, W] of the same type
    metadata: Metadata  # kept metadata; the profile is that of `pixels`
    notes: list[str]  # notes on omissions


@contextlib.contextmanager
def large_pictures(max_megapixels: float):
    """Within: Pillow's guard against decompression bombs is raised, for the whole process, so before threads start."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = max(1, int(max_megapixels * 1e6))
    try:
        with warnings.catch_warnings():
            # Pillow warns above its limit and fails above twice the limit; `read` fails above the limit with its
            # message.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def megapixels(path: Path) -> float:
    """-> the size in a file's header; 0 if it cannot be read (then `read` says why)."""
    try:
        height, width = _found(path, decoding.size, None, upright=False)
        return height * width / 1e6
    except OSError:
        return 0.0


def size(file) -> tuple[int, int]:
    """-> upright height and width of the picture from `rgb`; files and errors as for `read`."""
    return _found(file, decoding.size, None)


def read(file, *, max_megapixels: float = MAX_MEGAPIXELS) -> Photograph:
    """Read a photograph from a file; its content tells the format.

    Values under a profile, or a PNG's gamma, other than sRGB's are converted to sRGB; a profile of sRGB is kept. The
    first of several pages or frames is read, and previews are skipped. Only samples declared as alpha are alpha.

    Args:
        file: a path or a binary file object: JPEG, PNG, TIFF, WebP, HEIC, AVIF, GIF, BMP, JPEG 2000, JPEG XL, or
            another of `decoding.FORMATS`.
        max_megapixels: larger pictures are refused.

    Raises:
        OSError: if it is not an image, is empty, truncated or too large, or its samples have no defined brightness. The
            message names the file. Damage outside the pixels is a note.
    """
    found = _found(file, decoding.decode, max_megapixels, with_metadata=True)
    return Photograph(found.pixels, found.alpha, found.metadata, found.notes)


def rgb(file, *, at_least: tuple[int, int] | None = None) -> np.ndarray:
    """Read a picture for networks and metrics; files and errors as for `read`.

    Args:
        file: see there.
        at_least: (height, width) needed: a large JPEG can be read smaller, but not below twice these.

    Returns:
        [H, W, 3] uint8, sRGB, upright; transparent parts are over white. A picture that Pillow takes for a
        decompression bomb is an error.
    """
    at_least = at_least and (2 * at_least[0], 2 * at_least[1])
    found = _found(file, decoding.decode, None, at_least=at_least)
    return modes.on_white(found.pixels, found.alpha)


def _found(file, look, max_megapixels, **options):
    """-> `look(data, check, **options)` of a file, or of its repaired data if it is damaged outside the pixels."""

    limit = max_megapixels * 1e6 if max_megapixels else 2 * (Image.MAX_IMAGE_PIXELS or float("inf"))

    def check(size):
        if size[0] * size[1] > limit:
            raise Image.DecompressionBombError(f"{size[0]} x {size[1]} pixels")

    is_path = isinstance(file, str | os.PathLike)
    name = f"{file}: " if is_path else ""
    try:
        with open(file, "rb") if is_path else contextlib.nullcontext(file) as data:
            try:
                return look(data, check, **options)
            except Image.DecompressionBombError:
                raise
            # For arbitrary bytes Pillow's parsers raise many types (OSError, SyntaxError, struct.error, ...).
            except Exception:
                data.seek(0)
                whole = repair.without_damage(data.read())
                if whole is None:
                    raise
                found = look(io.BytesIO(whole[0]), check, **options)
        if isinstance(found, decoding.Decoded):
            found.notes += whole[1]
        return found
    except Image.DecompressionBombError as error:
        most = f"--max-megapixels {max_megapixels:g}" if max_megapixels else f"{limit / 1e6:g} megapixels"
        raise OSError(f"{name}too large ({error}): at most {most} are read") from error
    except Exception as error:
        raise OSError(f"{name}{_reason(file if is_path else None, error)}") from error


def _reason(path, error):
    if isinstance(error, UnidentifiedImageError):
        if path is not None and os.stat(path).st_size == 0:
            return "cannot be read: the file is empty (0 bytes)"
        if path is not None and kinds.name(path) == "camera raw":
            return f"cannot be read: {tiff.RAW}"
        if path is not None and kinds.name(path) == "HEIC" and not decoding.HEIF:
            return "cannot be read: it is HEIC, which takes one package more (pip install pillow-heif)"
        return "not an image, or of an unreadable kind"
    said = getattr(error, "strerror", None) or str(error)
    return f"cannot be read: {' '.join(said.split())}"  # some decoders' messages have several lines
