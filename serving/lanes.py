"""Limits of work in hand: requests, bytes of files, photographs in memory; and the order of waiting.

Small photographs do not wait behind large photographs: each kind has a lane, with an order in the lane. Imports
`serving.photos` for its batch and `serving.network` for the longest step; limits are arguments.
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

LARGE = 8.0  # megapixels from which a photograph goes into the large lane
SMALL_AT_ONCE = 2 * photos.BATCH  # photographs in memory: a forward pass, and as many being read or written
PATIENCE = 120  # longest wait for a lane, in seconds
LONGEST = 60  # longest `Retry-After`, in seconds


class Lanes:
    """The places for requests, in one event loop.

    Args:
        most: requests in hand.
        most_bytes: of all their files; a single file is always allowed.
    """

    def __init__(self, *, most: int, most_bytes: int):
        self.most, self.most_bytes, self.count, self.bytes = most, most_bytes, 0, 0
        self._small, self._large = asyncio.Semaphore(SMALL_AT_ONCE), asyncio.Semaphore(1)
        # Large photographs have a separate thread, so large and small photographs share the cores.
        self._few, self._one = anyio.CapacityLimiter(os.cpu_count() or 1), anyio.CapacityLimiter(1)
        self._pace = 1.0  # moving mean of the seconds between answers while there is work
        self._last, self._since = None, {}  # start of each step in work, in seconds

    @property
    def is_stuck(self) -> bool:
        """Whether a step is in work for too long."""
        return any(time.monotonic() - since > STUCK for since in [*self._since.values()])

    @contextlib.contextmanager
    def place(self, size: int):
        """Within: a place for a request with a body of at most so many bytes; HTTPException 503 if there is none."""
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
        """-> status 503, with the time until most work in hand is done as `Retry-After`."""
        seconds = min(LONGEST, max(1, math.ceil(self.count * self._pace / 2)))
        unit = "second" if seconds == 1 else "seconds"
        return HTTPException(503, f"{detail} Try again in {seconds} {unit}.", {"Retry-After": str(seconds)})

    @contextlib.asynccontextmanager
    async def lane(self, *, large: bool):
        """Within: the turn of a photograph. Yields a coroutine function that runs a function in a thread of the lane.

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
