"""How much is in hand at once: requests, bytes of files, photographs in memory; and who waits behind whom.

Small photographs do not wait behind large ones: each kind has a lane of its own, and in it one comes after the other.
Imports `serving.photos` for its batch and `serving.network` for how long a step may take; gets the limits as arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import time

import anyio
from starlette.exceptions import HTTPException

from colorgan.serving import photos
from colorgan.serving.network import STUCK

LARGE = 8.0  # megapixels from which on a photograph goes into the lane for large ones
SMALL_AT_ONCE = 2 * photos.BATCH  # photographs in memory: one forward pass, and as many being read or written
PATIENCE = 120  # seconds that one may wait for its lane
LONGEST = 60  # seconds that somebody is told to wait, at most


class Lanes:
    """The places that requests take. In one event loop.

    Args:
        most: requests in hand.
        most_bytes: of the files that they bring, together; one may always be.
    """

    def __init__(self, *, most: int, most_bytes: int):
        self.most, self.most_bytes, self.count, self.bytes = most, most_bytes, 0, 0
        self._small, self._large = asyncio.Semaphore(SMALL_AT_ONCE), asyncio.Semaphore(1)
        # Large ones have a thread of their own, so that they and small ones share the cores.
        self._few, self._one = anyio.CapacityLimiter(os.cpu_count() or 1), anyio.CapacityLimiter(1)
        self._pace = 1.0  # seconds from one answer to the next while there is work, a moving mean
        self._last, self._since = None, {}  # the second: when each step in work began

    @property
    def is_stuck(self) -> bool:
        """Whether a step has been in work for longer than any should."""
        return any(time.monotonic() - since > STUCK for since in [*self._since.values()])

    @contextlib.contextmanager
    def place(self, size: int):
        """Within: a place for a request whose body may have so many bytes; HTTPException 503 if there is none."""
        if self.count >= self.most:
            raise self.busy(f"{self.count} photographs are in hand, and no more are taken.")
        if self.count and self.bytes + size > self.most_bytes:
            raise self.busy(f"The photographs in hand and this one have more than {self.most_bytes >> 20} MB.")
        self.count, self.bytes = self.count + 1, self.bytes + size
        start = time.monotonic()
        try:
            yield
        finally:
            self.count, self.bytes = self.count - 1, self.bytes - size
            now = time.monotonic()
            self._pace += 0.1 * (now - max(start, self._last or start) - self._pace)
            self._last = now

    def busy(self, detail: str) -> HTTPException:
        """-> status 503, with a `Retry-After` by when most of what is in hand will be done."""
        seconds = min(LONGEST, max(1, math.ceil(self.count * self._pace / 2)))
        unit = "second" if seconds == 1 else "seconds"
        return HTTPException(503, f"{detail} Try again in {seconds} {unit}.", {"Retry-After": str(seconds)})

    @contextlib.asynccontextmanager
    async def lane(self, *, large: bool):
        """Within: the turn of a photograph. Yields a coroutine function that runs a function in one of its threads.

        HTTPException 503 if the turn does not come in time.
        """
        turn, threads = (self._large, self._one) if large else (self._small, self._few)
        try:
            async with asyncio.timeout(PATIENCE):
                await turn.acquire()
        except TimeoutError as error:
            raise self.busy(f"The photograph has waited for {PATIENCE} seconds.") from error

        def step(work, args):
            key = object()
            self._since[key] = time.monotonic()
            try:
                return work(*args)
            finally:
                del self._since[key]

        async def run(work, *args):
            return await anyio.to_thread.run_sync(step, work, args, limiter=threads)

        try:
            yield run
        finally:
            turn.release()
