"""Copies photographs by URL to this machine before they are read, so reading never waits for a network.

Imports `serving.plan` for its jobs, `serving.photos` and `files.remote`.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import shutil
import time
from collections.abc import Iterable, Iterator

from colorgan.files import remote
from colorgan.files.remote import Url
from colorgan.serving import photos
from colorgan.serving.plan import Job

AHEAD = 2 * photos.BATCH  # most copies waiting to be read
THREADS = 8  # threads that fetch or upload: they mostly wait


@contextlib.contextmanager
def ahead(jobs: Iterable[Job | None]) -> Iterator[Iterator[Job | None]]:
    """Within: the same jobs; jobs by URL have a `copy` or a `problem`. None: nothing yet."""
    with contextlib.ExitStack() as closing:
        yield _ahead(jobs, closing)


def _ahead(jobs, closing):
    pool, folder, waiting = None, None, collections.deque()
    for job in jobs:
        if job is None or not isinstance(job.source, Url):
            yield job
        else:
            if pool is None:
                folder = closing.enter_context(remote.scratch())
                pool = closing.enter_context(concurrent.futures.ThreadPoolExecutor(THREADS))
            waiting.append((job, pool.submit(_fetch, job, folder)))
        while waiting and (len(waiting) == AHEAD or waiting[0][1].done()):
            yield _next(waiting)
    while waiting:
        yield _next(waiting)


def _next(waiting):
    """-> the job that waits longest, if its copy is there."""
    concurrent.futures.wait([waiting[0][1]], timeout=0.02)
    return waiting.popleft()[0] if waiting[0][1].done() else None


def _fetch(job, folder):
    start = time.perf_counter()
    try:
        job.copy = remote.fetch(job.source, folder)
    except Exception as error:  # errors of any network
        job.fail(error)
    job.seconds += time.perf_counter() - start


def drop(job: Job) -> None:
    """Remove a job's copy, if it has one."""
    if job.copy is not None:
        shutil.rmtree(job.copy.parent, ignore_errors=True)
        job.copy = None
