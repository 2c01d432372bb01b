"""The single thread that runs the network for all requests, in order; plain pictures of one shape share a pass.

Owns the order. On a GPU a shared forward pass costs less than single passes, on busy cores sometimes more, so both are
measured. Other threads read and write files. Imports `serving.photos` for the size of a pass.
"""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from colorgan.serving import photos

PASS = 0.5  # longest shared forward pass, in seconds, because a visitor at the page waits for it
AGAIN = 16  # passes after which the other way, shared or single, is tried once
STUCK = 300.0  # seconds: longer work will not end


@dataclass(eq=False)
class _Job:
    """A function to run, or a picture to colour."""

    work: Callable | None = None
    picture: np.ndarray | None = None
    done: concurrent.futures.Future = field(default_factory=concurrent.futures.Future)

    def shares(self, other):
        """-> whether the two can share a forward pass."""
        return self is other or (
            self.picture is not None and other.picture is not None and self.picture.shape == other.picture.shape
        )


class Network:
    """The network, which one request uses at a time.

    Args:
        predict: function([B, h, w, 3] uint8) -> [B, ...], for plain pictures.
        passed: called with the number of pictures of a forward pass, and its seconds.
    """

    def __init__(self, predict: Callable, passed: Callable[[int, float], None] = lambda count, seconds: None):
        self._predict, self._passed = predict, passed
        self._thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="network")
        self._lines, self._lock = (collections.deque(), collections.deque()), threading.Lock()
        self._urgent_last, self._since = False, None
        self._pace, self._passes = [PASS, None], 0  # moving means of the seconds per picture: single, and shared

    @property
    def is_stuck(self) -> bool:
        """Whether the current work has run for too long."""
        since = self._since
        return since is not None and time.monotonic() - since > STUCK

    async def colors(self, picture: np.ndarray) -> np.ndarray:
        """Wait for the turn. -> the result of `predict` for a picture, [h, w, 3] uint8."""
        return await self._put(_Job(picture=picture), urgent=False)

    async def do(self, work: Callable, *, urgent: bool = False):
        """Wait for the turn. -> the result, or exception, of a function that uses the network.

        `urgent` work goes first, but not twice in a row while others wait. Cancelled waiting work is dropped.
        """
        return await self._put(_Job(work=work), urgent=urgent)

    async def _put(self, job, urgent):
        with self._lock:
            self._lines[urgent].append(job)
        self._thread.submit(self._step)  # one for each job; after a shared pass some have nothing to do
        return await asyncio.wrap_future(job.done)

    def _step(self):
        with self._lock:
            jobs = [job for job in self._next() if job.done.set_running_or_notify_cancel()]
        self._since = time.monotonic()
        try:
            if jobs:
                self._run(jobs)
        finally:
            self._since = None

    def _next(self):
        """-> the next job, with others that share its pass."""
        waiting, urgent = self._lines
        self._urgent_last = bool(urgent) and not (waiting and self._urgent_last)
        line = urgent if self._urgent_last else waiting
        jobs = [job for job in line if job.shares(line[0])]
        if len(jobs) > 1:
            jobs = jobs[: self._most()]
        for job in jobs:
            line.remove(job)
        return jobs

    def _most(self):
        """-> the number of pictures for the next pass: several if that was quicker per picture, as on a GPU."""
        alone, shared = self._pace
        self._passes += 1
        together = shared is None or (shared < alone) != (self._passes % AGAIN == 0)
        return min(photos.BATCH, max(1, int(PASS / alone))) if together else 1

    def _learn(self, count, seconds):
        known, each = self._pace[count > 1], seconds / count
        self._pace[count > 1] = each if known is None else known + (each - known) / 4

    def _run(self, jobs):
        start = time.perf_counter()
        try:
            if jobs[0].picture is None:
                results = [jobs[0].work()]
            else:
                results = self._predict(np.stack([job.picture for job in jobs]))
                seconds = time.perf_counter() - start
                self._learn(len(jobs), seconds)
                self._passed(len(jobs), seconds)
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].done.set_exception(error)
                return
            for job in jobs:  # there may be memory for one picture
                self._run([job])
        else:
            for job, result in zip(jobs, results, strict=True):
                job.done.set_result(result)
