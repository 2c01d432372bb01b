"""Reads, predicts and writes photographs in parallel, so the network never waits for a disk.

It knows only single jobs; the caller chooses and records them. Imports `serving.photos`, `serving.plan` for its jobs,
`serving.fetching`, `serving.corrections`, `imaging.fullres` and the room `files`.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import os
import queue
import time
from collections.abc import Callable, Iterable

import cv2
import numpy as np

from colorgan.files import reading, remote, writing
from colorgan.files.remote import Url
from colorgan.imaging import fullres, working
from colorgan.serving import corrections, fetching, photos
from colorgan.serving.photos import Settings
from colorgan.serving.plan import Job
from colorgan.serving.steering import Wishes

THREADS = max(2, min(os.cpu_count() or 1, 8))  # threads that read and write while the network runs
IN_FLIGHT = 4 * photos.BATCH  # most pictures between reading and writing
IN_FLIGHT_MEGAPIXELS = 48  # most pixels of these together; a single picture is always allowed


def run(
    colorizer,
    jobs: Iterable[Job | None],
    settings: Settings,
    wishes: Wishes,
    finish: Callable[[Job], None],
    *,
    threads: int = THREADS,
) -> None:
    """Colorize photographs; one bad file does not stop the others.

    Args:
        colorizer: anything with `Colorizer.predict_small`.
        jobs: iterator of jobs, taken when there is room. None means nothing yet, and finished jobs are handled
            meanwhile. After its end the current jobs are completed.
        settings, wishes: for all of them.
        finish: called in this thread when a job is written, or has a `problem`.
        threads: number of threads that read and write.
    """
    with (
        reading.large_pictures(settings.max_megapixels),
        concurrent.futures.ThreadPoolExecutor(threads) as pool,
        concurrent.futures.ThreadPoolExecutor(fetching.THREADS) as far,  # threads start only if there is work
        fetching.ahead(jobs) as jobs,
    ):
        flight = _Flight(colorizer, jobs, settings, wishes, finish, pool, far)
        try:
            while flight.step():
                pass
        except BaseException:
            pool.shutdown(cancel_futures=True)
            far.shutdown(cancel_futures=True)
            flight.settle_all()
            raise


class _Flight:
    """The jobs between reading and writing. This thread runs the network, others read and write."""

    def __init__(self, colorizer, jobs, settings, wishes, finish, pool, far):
        self.colorizer, self.jobs, self.settings, self.wishes = colorizer, jobs, settings, wishes
        self.finish, self.pool, self.far = finish, pool, far
        self.reads, self.writes, self.ready, self.taken = set(), set(), [], 0
        self.waiting, self.over = None, False  # the next job, if there is no room yet; whether there are more
        self.done = queue.SimpleQueue()  # jobs that are read, written, or failed

    def step(self) -> bool:
        """Take jobs while there is room; predict a group, or wait for a thread. -> whether there is more to do."""
        self._take()
        group = _largest_group(self.ready)
        # A full batch goes at once, a smaller batch if nothing else is coming.
        if len(group) == photos.BATCH or (group and not self.reads):
            self.ready = [job for job in self.ready if job not in group]
            self.writes.update(group)
            _predict(self.colorizer, group, self.settings, self.wishes)
            threads = None if self.taken == 1 and self.over else 1  # several pictures already share the cores
            for job in group:
                pool = self.far if isinstance(job.target, Url) else self.pool
                pool.submit(_timed, self.done, job, _write, self.settings, threads)
        elif self.reads or self.writes:
            self._settle(self.done.get())
        self.settle_all()
        return bool(self.reads or self.writes or self.ready or self.waiting or not self.over)

    def settle_all(self):
        while not self.done.empty():
            self._settle(self.done.get())

    def _take(self):
        while self.done.empty():
            if self.waiting is None and not self.over:
                try:
                    self.waiting = next(self.jobs)
                except StopIteration:
                    self.over = True
            if self.waiting is not None and self._has_room():
                self.taken += 1
                self.reads.add(self.waiting)
                self.pool.submit(_timed, self.done, self.waiting, _read, self.settings)
                self.waiting = None
            elif self.waiting is not None or self.over:
                break

    def _has_room(self):
        """Whether there is room for another picture; a single picture always has room."""
        flying, job = [*self.reads, *self.writes, *self.ready], self.waiting
        if not flying:
            return True
        job.megapixels = job.megapixels or reading.megapixels(job.copy or job.source)
        megapixels = sum(one.megapixels for one in (job, *flying))
        return len(flying) < IN_FLIGHT and megapixels <= IN_FLIGHT_MEGAPIXELS

    def _settle(self, job):
        was_read = job in self.reads
        (self.reads if was_read else self.writes).remove(job)
        if was_read and not job.problem:
            self.ready.append(job)
            return
        if not job.problem:
            job.notes += [f"{job.source}: {note}" for note in dict.fromkeys(job.photograph.notes)]
            if "aim" in self.wishes.named:
                aimed = corrections.record(job.ab, fullres.lightness(job.small), self.wishes)
                job.made |= {"aim": aimed} if aimed else {}
        job.photograph = job.small = job.ab = None
        job.variants, job.doubt = dict.fromkeys(job.variants), dict.fromkeys(job.doubt)
        self.finish(job)


def _largest_group(ready):
    """-> at most `photos.BATCH` jobs for a forward pass, of the most frequent shape."""
    shapes = collections.Counter(job.small.shape for job in ready).most_common(1)
    return [job for job in ready if job.small.shape == shapes[0][0]][: photos.BATCH] if shapes else []


def _timed(done, job, step, *given):
    """Take a step of a job, unless an earlier step failed, and put it among the done jobs."""
    start = time.perf_counter()
    try:
        if not job.problem:
            step(job, *given)
    except Exception as error:  # decoders and encoders raise many types: struct.error, OverflowError, ...
        job.fail(error)
    job.seconds += time.perf_counter() - start
    done.put(job)


def _read(job, settings):
    path = job.copy or job.source
    try:
        with remote.named(job.source, path):
            job.photograph = reading.read(path, max_megapixels=settings.max_megapixels)
    finally:
        fetching.drop(job)
    height, width = job.photograph.pixels.shape[:2]
    job.megapixels = height * width / 1e6
    job.small = working.shrink(job.photograph.pixels, settings.work_size)


def _predict(colorizer, group, settings, wishes):
    start, sizes = time.perf_counter(), [job.photograph.pixels.shape[:2] for job in group]
    try:
        pictures = np.stack([job.small for job in group])
        predicted = photos.predict_ab(colorizer, pictures, settings, wishes, sizes)
        for job, ab, size in zip(group, predicted, sizes, strict=True):
            job.ab = ab
            if job.variants or job.doubt:
                _predict_more(colorizer, job, settings, wishes, size)
    except Exception as error:  # errors of the device, mostly out of memory
        for job in group:
            job.fail(f"the network failed: {photos.reason(error)}")
    for job in group:
        job.seconds += (time.perf_counter() - start) / len(group)


def _predict_more(colorizer, job, settings, wishes, size):
    opened = colorizer.open(job.photograph.pixels)
    others = opened.variants(len(job.variants) + 1, wishes)[1:]
    for path, other in zip(job.variants, others, strict=True):
        job.variants[path] = photos.predict_ab(colorizer, job.small[None], settings, other, [size])[0]
    for path in job.doubt:
        job.doubt[path] = opened.doubt(job.small.shape[:2])


def _write(job, settings, threads):
    """Write all of a job's files, or none, because a missing part would go unnoticed."""
    with contextlib.ExitStack() as undo:
        for path, ab in {job.target: job.ab, **job.variants}.items():
            with remote.written(path) as here:
                photos.finish(job.photograph, ab, here, settings, threads=threads)
            undo.callback(remote.remove, path)
        for path, doubt in job.doubt.items():
            height, width = job.photograph.pixels.shape[:2]
            levels = np.rint(cv2.resize(doubt, (width, height), interpolation=cv2.INTER_LINEAR) * 255).astype(np.uint8)
            with remote.written(path) as here:
                writing.write(here, np.repeat(levels[..., None], 3, axis=-1))
            undo.callback(remote.remove, path)
        undo.pop_all()
