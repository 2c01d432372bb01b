"""Photographs of visitors, colorized one at a time and within limits; what the web page and its API share.

Owns the limits, the order, what is kept of a photograph while its page is open, and what visitors are told: a
photograph that is not colorized raises Starlette's HTTPException, with 410 gone, 413 too large, 422 not readable or
not a photograph, 503 too many are waiting. Imports `serving.photos`, `serving.plan`, `serving.steering` and the room
`files`; gets the colorizer as an argument.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import secrets
import tempfile
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from starlette.exceptions import HTTPException

from colorgan.files import reading
from colorgan.serving import photos, plan, steering
from colorgan.serving.opened import Opened
from colorgan.serving.photos import Settings
from colorgan.serving.steering import Wishes

WAITING = 20  # requests that may wait for their turn
KEPT = 16  # photographs that are kept open
KEPT_SECONDS = 3600
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Open:
    """A photograph that is kept for its page: what of it is needed to colour its preview again."""

    opened: Opened
    alpha: np.ndarray | None  # [h, w, 1] uint8, of the preview
    icc: bytes | None  # its profile
    notes: tuple[str, ...]  # what was left out of it, in words


class Kept:
    """The newest things, for a while, by keys that nobody can guess. Any thread may call it.

    Args:
        count: of more, the one that was not asked for longest goes.
        seconds: what was not asked for so long goes.
        now: a clock, in seconds.
    """

    def __init__(self, count: int = KEPT, seconds: float = KEPT_SECONDS, now=time.monotonic):
        self.count, self.seconds, self.now = count, seconds, now
        self._held, self._lock = {}, threading.Lock()

    def put(self, thing) -> str:
        """-> the key of a thing from now on."""
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._held[key] = self.now(), thing
            while len(self._held) > self.count:
                del self._held[next(iter(self._held))]
        return key

    def get(self, key: str):
        """-> a thing, or None."""
        with self._lock:
            self._tidy()
            if key not in self._held:
                return None
            _, thing = self._held.pop(key)
            self._held[key] = self.now(), thing  # the last of a dict is the newest
            return thing

    def tidy(self) -> None:
        """Let go of what is too old."""
        with self._lock:
            self._tidy()

    def _tidy(self):
        old = self.now() - self.seconds
        for key in [key for key, (since, _) in self._held.items() if since < old]:
            del self._held[key]


class Visitors:
    """Those whose photographs are colorized, one at a time. Any thread may call it.

    Args:
        colorizer: anything with `Colorizer.predict_small` and `Colorizer.open`.
        settings: how; `saturation` is only what the page begins with, and `side_by_side` is not used.
        max_upload_mb: larger files are refused, 1 MB being 2^20 bytes.
        folder: for temporary files.

    Attributes:
        max_bytes, too_large: the limit in bytes, and what is said of a file beyond it.
        kept: the photographs of open pages, `Open`s.
    """

    def __init__(self, colorizer, *, settings: Settings, max_upload_mb: float, folder: Path):
        self.colorizer, self.folder, self.kept = colorizer, Path(folder), Kept()
        self.settings = dataclasses.replace(settings, side_by_side=False)
        self.max_upload_mb, self.max_bytes = max_upload_mb, int(max_upload_mb * 2**20)
        self.too_large = f"The file is too large: at most {max_upload_mb:g} MB are taken."
        self._turn, self._count, self._waiting = threading.Lock(), threading.Lock(), 0

    def new_folder(self) -> Path:
        """-> a folder for temporary files whose name nobody can guess."""
        return Path(tempfile.mkdtemp(dir=self.folder, prefix="photograph-"))

    @contextlib.contextmanager
    def turn(self, name: str = "the photograph", *places: Path):
        """Within: the visitor's turn. An HTTPException says to them what went wrong, without the places of files."""
        with self._count:
            if self._waiting > WAITING:
                raise HTTPException(503, "Too many photographs are waiting. Try again in a minute.")
            self._waiting += 1
        try:
            with self._turn, reading.large_pictures(self.settings.max_megapixels):
                yield
        except HTTPException:
            raise
        # Decoders, encoders and networks raise what comes up: struct.error, OverflowError, ...
        except Exception as error:
            if isinstance(error.__cause__, Image.DecompressionBombError):
                limit = f"at most {self.settings.max_megapixels:g} megapixels are taken."
                raise HTTPException(413, f"{name} is too large: {limit}") from error
            if not isinstance(error, (OSError, ValueError, MemoryError, cv2.error)):  # who runs this may want to know
                _LOG.warning("%s was not colorized", name, exc_info=error)
            reason = photos.reason(error)
            for place in places:
                reason = reason.replace(f"{place}{os.sep}", "")
            raise HTTPException(422, reason) from error
        finally:
            with self._count:
                self._waiting -= 1

    def colorize(
        self, source: Path, *, saturation: float, wishes: Wishes = photos.AUTOMATIC, variants: int = 1
    ) -> Path:
        """Wait for the turn and colorize a file as `colorize.py` does.

        Returns:
            The new file, with `-colorized` in its name, in a new folder beside the source; of several variants a zip
            archive of the files. No visitor's file has the folder's name.
        """
        folder = source.parent / ".out"
        folder.mkdir()
        with self.turn(source.name, folder, source.parent):
            settings = dataclasses.replace(self.settings, saturation=saturation)
            photograph = self._read(source)
            target = plan.target(Path(source.name), folder, settings)
            target = target.with_stem(f"{target.stem}-colorized")
            every = [wishes] if variants == 1 else self.colorizer.open(photograph.pixels).variants(variants, wishes)
            small, size = photos.shrink(photograph.pixels, settings.work_size)[None], photograph.pixels.shape[:2]
            made = [target, *(target.with_stem(f"{target.stem}-variant-{i}") for i in range(2, len(every) + 1))]
            for path, one in zip(made, every, strict=True):
                ab = photos.predict_ab(self.colorizer, small, settings, one, [size])[0]
                photos.finish(photograph, ab, path, settings)
            return target if variants == 1 else _zipped(made)

    def open(self, source: Path) -> tuple[str, Open]:
        """Wait for the turn and open a file for a page. -> its key in `kept`, and what is kept."""
        with self.turn(source.name, source.parent):
            photograph = self._read(source)
            opened, alpha = self.colorizer.open(photograph.pixels), photograph.alpha
            if alpha is not None:
                alpha = photos.resized(alpha, *opened.preview.shape[:2])[..., :1]
            held = Open(opened, alpha, photograph.metadata.icc, tuple(photograph.notes))
        return self.kept.put(held), held

    def warm_up(self) -> None:
        """Colour a small gray picture, so that the first visitor's first dab does not wait for graphs to be made."""
        with contextlib.suppress(HTTPException), self.turn():
            opened = self.colorizer.open(np.full((64, 64), 128, np.uint8))
            opened.colors()
            if any(row.name == "hints" for row in self.colorizer.predictor.inputs):
                opened.colors(Wishes(hints=(steering.Hint(0, 0, None),)))

    def palette(self, source: Path) -> np.ndarray:
        """Wait for the turn. -> `steering.palette_of` a file."""
        with self.turn(source.name, source.parent):
            return steering.palette_of(self._read(source).pixels)

    def _read(self, source):
        if source.stat().st_size > self.max_bytes:
            raise HTTPException(413, self.too_large)
        return reading.read(source, max_megapixels=self.settings.max_megapixels)


def _zipped(files):
    """-> a zip archive of files, as they are, beside them."""
    archive = files[0].with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as made:
        for file in files:
            made.write(file, file.name)
    return archive
