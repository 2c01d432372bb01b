"""Visitors' photographs, colorized within limits, for the web page and the API.

Owns the way of a photograph, the data kept while its page is open, and messages to visitors. A photograph that is not
colorized raises Starlette's HTTPException: 410 gone, 413 too large, 422 not readable or not a photograph, 503 too many
in hand. Imports `serving.photos`, `serving.plan`, `serving.steering`, `serving.lanes`, `serving.network`,
`serving.measures` and the room `files`; the colorizer is an argument.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import os
import secrets
import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from colorgan.files import reading
from colorgan.imaging import working
from colorgan.serving import photos, plan, steering
from colorgan.serving.lanes import LARGE, Lanes
from colorgan.serving.measures import Measures
from colorgan.serving.network import Network
from colorgan.serving.opened import Opened
from colorgan.serving.photos import Settings
from colorgan.serving.steering import Wishes

IN_HAND = 100  # requests in hand, at most
FILES = 4  # the requests in hand hold at most as many bytes as so many largest files
KEPT = 16  # photographs that are kept open
KEPT_SECONDS = 3600
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Open:
    """A photograph kept for its page: the data for colouring its preview again."""

    opened: Opened
    alpha: np.ndarray | None  # [h, w, 1] uint8, of the preview
    icc: bytes | None  # its profile
    notes: tuple[str, ...]  # notes on omissions


class Kept:
    """Keeps the newest things for a time, by unguessable keys. Any thread can call it.

    Args:
        count: most things; the one not requested for the longest time is dropped.
        seconds: things not requested for so long are dropped.
        now: a clock, in seconds.
    """

    def __init__(self, count: int = KEPT, seconds: float = KEPT_SECONDS, now=time.monotonic):
        self.count, self.seconds, self.now = count, seconds, now
        self._held, self._lock = {}, threading.Lock()

    def put(self, thing) -> str:
        """Keep a thing. -> its key."""
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
        """Drop old things."""
        with self._lock:
            self._tidy()

    def _tidy(self):
        old = self.now() - self.seconds
        for key in [key for key, (since, _) in self._held.items() if since < old]:
            del self._held[key]


@dataclass(frozen=True)
class Order:
    """A visitor's request for a photograph. Raises ValueError for values out of their range."""

    saturation: float = 1.0
    wishes: Wishes = photos.AUTOMATIC
    variants: int = 1  # number of results
    format: str | None = None  # one of `suffixes.FORMATS`; None: from the settings
    size: int | None = None  # most pixels of the result's longer side

    def settings(self, settings: Settings) -> Settings:
        """-> settings with this saturation and format."""
        changed = {"saturation": self.saturation} | ({} if self.format is None else {"format": self.format})
        return dataclasses.replace(settings, **changed)


class Visitors:
    """Colorizes visitors' photographs, in one event loop.

    Args:
        colorizer: anything with `Colorizer.predict_small` and `Colorizer.open`.
        settings: for colorizing; `saturation` is only the page's default, and `side_by_side` is not used.
        max_upload_mb: larger files are refused, 1 MB being 2^20 bytes.
        folder: for temporary files.
        in_hand: most requests at once; further requests get `Retry-After`.

    Attributes:
        max_bytes, too_large: the limit in bytes, and the message beyond it.
        kept: the photographs of open pages, `Open`s.
        lanes, network, measures: the order of waiting, the network's thread, and the counters.
        is_warm: whether the network has run.
    """

    def __init__(self, colorizer, *, settings: Settings, max_upload_mb: float, folder: Path, in_hand: int = IN_HAND):
        self.colorizer, self.folder, self.kept = colorizer, Path(folder), Kept()
        self.settings = dataclasses.replace(settings, side_by_side=False)
        self.max_upload_mb, self.max_bytes = max_upload_mb, int(max_upload_mb * 2**20)
        self.too_large = f"The file is too large: at most {max_upload_mb:g} MB are taken."
        self.lanes, self.is_warm = Lanes(most=in_hand, most_bytes=FILES * self.max_bytes), False
        self.measures = Measures(self.lanes)
        self.network = Network(self._predict, self.measures.passed)

    @property
    def is_stuck(self) -> bool:
        """Whether something is in work for so long that it will not end."""
        return self.network.is_stuck or self.lanes.is_stuck

    def _predict(self, pictures):
        return self.colorizer.predict_small(pictures, flip_average=self.settings.flip_average)

    @contextlib.contextmanager
    def place(self, size: int | None = None) -> Iterator[Path]:
        """Within: a place for a request whose body has so many bytes (None: unknown); HTTPException if there is none.

        Yields:
            A folder for its files, with an unguessable name.
        """
        with self.lanes.place(self.max_bytes if size is None else size):
            folder = Path(tempfile.mkdtemp(dir=self.folder, prefix="photograph-"))
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def told(self, name: str = "the photograph", *places: Path):
        """Within: errors become an HTTPException that tells the visitor what went wrong, without paths."""
        try:
            yield
        except HTTPException:
            raise
        # Decoders, encoders and networks raise many types: struct.error, OverflowError, ...
        except Exception as error:
            if isinstance(error.__cause__, Image.DecompressionBombError):
                limit = f"at most {self.settings.max_megapixels:g} megapixels are taken."
                raise HTTPException(413, f"{name} is too large: {limit}") from error
            if not isinstance(error, (OSError, ValueError, MemoryError, cv2.error)):  # for the operator
                _LOG.warning("a photograph was not colorized", exc_info=error)
            reason = photos.reason(error)
            for place in places:
                reason = reason.replace(f"{place}{os.sep}", "")
            raise HTTPException(422, reason) from error

    async def colorize(self, source: Path, order: Order) -> Path:
        """Colorize a file like `colorize.py`, when its turn comes.

        Returns:
            The new file, with `-colorized` in its name, in a new folder next to the source; for several variants a zip
            archive of the files. No visitor's file has the folder's name.
        """
        folder = source.parent / ".out"
        folder.mkdir()
        with self.told(source.name, folder, source.parent):
            settings = order.settings(self.settings)
            target = plan.target(Path(source.name), folder, settings)
            target = target.with_stem(f"{target.stem}-colorized")
            async with self.lanes.lane(large=order.variants > 1 or await _is_large(source)) as run:
                photograph = await run(self._read, source)
                small, full = working.shrink(photograph.pixels, settings.work_size), photograph.pixels.shape[:2]
                every = await self._wished(photograph, order)
                if order.size is not None:
                    photograph = await run(photos.smaller, photograph, order.size)
                made = [target, *(target.with_stem(f"{target.stem}-variant-{i}") for i in range(2, len(every) + 1))]
                for path, one in zip(made, every, strict=True):
                    ab = await self._colors(small, full, settings, one)
                    threads = 1 if self.lanes.count > 1 else None  # several photographs already share the cores
                    finish = functools.partial(photos.finish, photograph, ab, path, settings, threads=threads)
                    with self.measures.timed("write"):
                        await run(finish)
                self.measures.photograph(full)
                return target if order.variants == 1 else await run(_zipped, made)

    async def _wished(self, photograph, order):
        """-> the wishes for each result."""
        if order.variants == 1:
            return [order.wishes]
        opened = self.colorizer.open(photograph.pixels)
        return await self.network.do(lambda: opened.variants(order.variants, order.wishes))

    async def _colors(self, small, size, settings, wishes):
        if not wishes:  # plain photographs can share a forward pass
            return await self.network.colors(small) * np.float32(settings.saturation)
        predicted = await self.network.do(
            lambda: photos.predict_ab(self.colorizer, small[None], settings, wishes, [size])
        )
        return predicted[0]

    async def open(self, source: Path) -> tuple[str, Open]:
        """Open a file for a page, when its turn comes. -> its key in `kept`, and its `Open`."""

        def opened():
            photograph = self._read(source)
            opened, alpha = self.colorizer.open(photograph.pixels), photograph.alpha
            if alpha is not None:
                alpha = working.resized(alpha, *opened.preview.shape[:2])[..., :1]
            return Open(opened, alpha, photograph.metadata.icc, tuple(photograph.notes))

        held = await self._looked_at(source, opened)
        return self.kept.put(held), held

    async def palette(self, source: Path) -> np.ndarray:
        """-> the palette of a file, when its turn comes."""
        return await self._looked_at(source, lambda: steering.palette_of(self._read(source).pixels))

    async def _looked_at(self, source, work: Callable):
        with self.told(source.name, source.parent):
            async with self.lanes.lane(large=await _is_large(source)) as run:
                return await run(work)

    async def warm_up(self) -> None:
        """Colorize gray pictures, so the first visitors do not wait for graphs; then set `is_warm`."""

        def work():
            side = max(working.size(*[self.settings.work_size] * 2, self.settings.work_size))
            # The graph for the third shape is used for all others.
            for shape in ((1, 64, 64, 3), (1, 64, 128, 3), (2, side, side, 3)):
                self._predict(np.full(shape, 128, np.uint8))
            opened = self.colorizer.open(np.full((64, 64), 128, np.uint8))
            opened.colors()
            if any(row.name == "hints" for row in self.colorizer.predictor.inputs):
                opened.colors(Wishes(hints=(steering.Hint(0, 0, None),)))

        try:
            await self.network.do(work)
        except Exception as error:  # networks raise many types
            _LOG.error("The network does not run, and no photograph is coloured: %s", photos.reason(error))
        else:
            self.is_warm = True

    def _read(self, source):
        if source.stat().st_size > self.max_bytes:
            raise HTTPException(413, self.too_large)
        with self.measures.timed("read"):
            return reading.read(source, max_megapixels=self.settings.max_megapixels)


async def _is_large(source):
    return await run_in_threadpool(reading.megapixels, source) > LARGE


def _zipped(files):
    """-> an uncompressed zip archive of files, next to them."""
    archive = files[0].with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as made:
        for file in files:
            made.write(file, file.name)
    return archive
