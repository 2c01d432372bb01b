"""The one thread that runs the network, for many who wait: in turn, plain pictures of one shape in one forward pass.

Owns the order. A forward pass of several pictures costs less than as many passes, on a GPU by far, and what reads and
writes files runs beside it. Imports `serving.photos` for the size of a pass.
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
        self._pace = PASS  # seconds of a picture in a pass, a moving mean

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
        most = min(photos.BATCH, max(1, int(PASS / self._pace)))
        jobs = [job for job in line if job.shares(line[0])][:most]
        for job in jobs:
            line.remove(job)
        return jobs

    def _run(self, jobs):
        start = time.perf_counter()
        try:
            if jobs[0].picture is None:
                results = [jobs[0].work()]
            else:
                results = self._predict(np.stack([job.picture for job in jobs]))
                seconds = time.perf_counter() - start
                self._pace += (seconds / len(jobs) - self._pace) / 4
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
