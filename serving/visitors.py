"""Photographs of visitors, colorized one at a time and within limits; what the web page and its API share.

Owns the limits, the order, and what visitors are told: a photograph that is not colorized raises Starlette's
HTTPException, with 410 gone, 413 too large, 422 not readable or not a photograph, 503 too many are waiting. Imports
`serving.fullres`, `serving.photos`, `serving.plan` and the room `files`; gets the colorizer as an argument.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
from PIL import Image
from starlette.exceptions import HTTPException

from colorgan.files import reading, writing
from colorgan.serving import fullres, photos, plan
from colorgan.serving.photos import Settings

WAITING = 20  # photographs that may wait for their turn
PREVIEW = 2000  # pixels on the longer side of what the page shows
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """What became of a photograph."""

    file: Path  # as `colorize.py` writes it, with `-colorized` in its name
    previews: tuple[Path, Path] | None  # JPEG files before and after, small enough for a page; None: not wanted
    size: tuple[int, int]  # width and height
    notes: tuple[str, ...]  # what was left out of it, in words
    seconds: float  # spent on it


class Visitors:
    """Those whose photographs are colorized, one at a time. Any thread may call it.

    Args:
        colorizer: anything with `Colorizer.predict_small`.
        settings: how; `saturation` is only what the page begins with, and `side_by_side` is not used.
        max_upload_mb: larger files are refused, 1 MB being 2^20 bytes, as in Gradio's own messages.
        folder: for temporary files.

    Attributes:
        max_bytes, too_large: the limit in bytes, and what is said of a file beyond it.
    """

    def __init__(self, colorizer, *, settings: Settings, max_upload_mb: float, folder: Path):
        self.colorizer, self.folder = colorizer, Path(folder)
        self.settings = dataclasses.replace(settings, side_by_side=False)
        self.max_upload_mb, self.max_bytes = max_upload_mb, int(max_upload_mb * 2**20)
        self.too_large = f"The file is too large: at most {max_upload_mb:g} MB are taken."
        self._turn, self._count, self._waiting = threading.Lock(), threading.Lock(), 0

    def new_folder(self) -> Path:
        """-> a folder for temporary files whose name nobody can guess."""
        return Path(tempfile.mkdtemp(dir=self.folder, prefix="photograph-"))

    def colorize(self, source: Path, folder: Path, *, saturation: float, previews: bool) -> Result:
        """Wait for the turn and colorize a file into a folder; an HTTPException says to the visitor why not."""
        with self._count:
            if self._waiting > WAITING:
                raise HTTPException(503, "Too many photographs are waiting. Try again in a minute.")
            self._waiting += 1
        try:
            with self._turn, reading.large_pictures(self.settings.max_megapixels):
                return self._colorize(source, folder, saturation, previews)
        except HTTPException:
            raise
        # Decoders, encoders and networks raise what comes up: struct.error, OverflowError, ...
        except Exception as error:
            if isinstance(error.__cause__, Image.DecompressionBombError):
                limit = f"at most {self.settings.max_megapixels:g} megapixels are taken."
                raise HTTPException(413, f"{source.name} is too large: {limit}") from error
            if not isinstance(error, (OSError, ValueError, MemoryError, cv2.error)):  # who runs this may want to know
                _LOG.warning("%s was not colorized", source.name, exc_info=error)
            # Visitors know their file's name, and need not know where it lies here.
            reason = photos.reason(error).replace(str(source), source.name).replace(f"{folder}{os.sep}", "")
            raise HTTPException(422, reason) from error
        finally:
            with self._count:
                self._waiting -= 1

    def _colorize(self, source, folder, saturation, previews):
        start = time.perf_counter()
        settings = dataclasses.replace(self.settings, saturation=saturation)
        if not source.is_file():
            raise HTTPException(410, f"{source.name} is not kept any longer. Upload it again.")
        if source.stat().st_size > self.max_bytes:
            raise HTTPException(413, self.too_large)
        photograph = reading.read(source, max_megapixels=settings.max_megapixels)
        small = photos.shrink(photograph.pixels, settings.work_size)[None]
        ab = photos.predict_ab(self.colorizer, small, settings)[0]
        target = plan.target(Path(source.name), folder, settings)
        target = target.with_stem(f"{target.stem}-colorized")
        photos.finish(photograph, ab, target, settings)
        pair = _previews(photograph, ab, folder) if previews else None
        size = photograph.pixels.shape[1::-1]
        return Result(target, pair, size, tuple(photograph.notes), time.perf_counter() - start)


def _previews(photograph, ab, folder):
    """Before and after as JPEG files that a browser can show, whatever the photograph's depth and format."""
    height, width = photograph.pixels.shape[:2]
    factor = min(1.0, PREVIEW / max(height, width))
    size = max(1, round(height * factor)), max(1, round(width * factor))
    before = photos.resized(photograph.pixels, *size)
    alpha = None if photograph.alpha is None else photos.resized(photograph.alpha, *size)[..., 0]
    pair = folder / "before.jpg", folder / "after.jpg"
    for path, rgb in zip(pair, (before, fullres.join(before, ab)), strict=True):
        writing.write(path, rgb, alpha=alpha, icc=photograph.icc)
    return pair
