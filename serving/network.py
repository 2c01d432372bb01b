"""The one thread that runs the network, for many who wait: in turn, plain pictures of one shape in one forward pass.

Owns the order. A forward pass of several pictures costs less than as many passes on a GPU, and on busy cores sometimes
more: it is measured which. What reads and writes files runs beside it. Imports `serving.photos` for the size of a pass.
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

PASS = 0.5  # seconds that a shared forward pass may take: whoever looks at a picture meanwhile waits for it
AGAIN = 16  # passes after which the other way is tried once: with others, or alone
STUCK = 300.0  # seconds: who works longer on one thing will not end


@dataclass(eq=False)
class _Job:
    """Something to do, or a picture to colour."""

    work: Callable | None = None
    picture: np.ndarray | None = None
    done: concurrent.futures.Future = field(default_factory=concurrent.futures.Future)

    def shares(self, other):
        """-> whether the two can share a forward pass."""
        return self is other or (
            self.picture is not None and other.picture is not None and self.picture.shape == other.picture.shape
        )


class Network:
    """What only one may use at a time.

    Args:
        predict: function([B, h, w, 3] uint8) -> [B, ...], of plain pictures.
        passed: is told how many pictures a forward pass had, and its seconds.
    """

    def __init__(self, predict: Callable, passed: Callable[[int, float], None] = lambda count, seconds: None):
        self._predict, self._passed = predict, passed
        self._thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="network")
        self._lines, self._lock = (collections.deque(), collections.deque()), threading.Lock()
        self._urgent_last, self._since = False, None
        self._pace, self._passes = [PASS, None], 0  # seconds of a picture, moving means: alone, and with others

    @property
    def is_stuck(self) -> bool:
        """Whether what runs has run for longer than anything should."""
        since = self._since
        return since is not None and time.monotonic() - since > STUCK

    async def colors(self, picture: np.ndarray) -> np.ndarray:
        """Wait for the turn. -> what `predict` says of one picture, [h, w, 3] uint8."""
        return await self._put(_Job(picture=picture), urgent=False)

    async def do(self, work: Callable, *, urgent: bool = False):
        """Wait for the turn. -> what a function returns, or raises, that uses the network.

        `urgent` goes first, but not twice in a row while others wait. Who is cancelled while it waits is left out.
        """
        return await self._put(_Job(work=work), urgent=urgent)

    async def _put(self, job, urgent):
        with self._lock:
            self._lines[urgent].append(job)
        self._thread.submit(self._step)  # one for each job; a shared pass leaves some with nothing to do
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
        """-> how many pictures the next pass takes: several where that has been quicker for each, as on any GPU."""
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
            for job in jobs:  # memory for one may be there
                self._run([job])
        else:
            for job, result in zip(jobs, results, strict=True):
                job.done.set_result(result)
