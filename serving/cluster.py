"""Colorizing by workers of a Ray cluster; the call plans, records and distributes the work.

A worker loads the colorizer once, and runs the same `pipeline` on groups of jobs. Owns the number of workers, their
work in hand, and the jobs of workers that die. Imports `serving.pipeline`, `serving.work`,
`serving.record`, `serving.joining`, which has Ray (extra `cluster`), and the room `files`.
"""

from __future__ import annotations

import collections
import contextlib
import importlib.util
import os
import pickle
import platform
import shutil
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from colorgan.files import reading, whole
from colorgan.files.remote import Url
from colorgan.serving import joining, photos, pipeline, work
from colorgan.serving.plan import Job
from colorgan.serving.record import remove_unfinished
from colorgan.settings.modes import ROOT, install

GROUP = 2 * photos.BATCH  # photographs in a worker's group
AT_ONCE = 2  # groups of a worker: while the network runs on a group, the next is read
CORES = 4  # approximate cores of a worker without a GPU
TRIES = 3  # workers that can die of a job, the last with nothing else in hand
STARTS = 3  # deaths, or replacements, of a worker without finished work in between
COMING = 300  # seconds in which a worker that starts is waited for, to confirm another's failures
FULL = 2**26  # bytes; with less the place of the results is full
WAIT = 0.2  # seconds between two checks for signals
_SHARED = (
    "All machines of a cluster need inputs and --output at the same paths, in shared folders, or by URL (s3://...)."
)


@dataclass(frozen=True)
class Wanted:
    """The cluster, and the division of its machines into workers.

    Attributes:
        address: of a cluster, for `ray.init`. `auto`: this machine's cluster, otherwise `local`: a cluster of only this
            machine, for this call.
        gpus: whether there is a worker for each GPU, and none for the cores of a machine with GPUs.
        cores: approximate cores per worker on other machines; a machine with fewer has one worker.
    """

    address: str
    gpus: bool = True
    cores: int = CORES


def check() -> None:
    """Raise ValueError with the install command if Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise ValueError(f"--cluster needs Ray, which is not installed: {install('cluster')}")


@dataclass(eq=False)
class _Hand:
    """The call's view of a worker."""

    share: dict  # a machine's resources, with Ray's names
    actor: object = None
    beginning: object = None  # reference of its start; None after it has started
    host: str = ""
    token: str = ""
    groups: dict = field(default_factory=dict)  # {reference: jobs} in hand
    alone: bool = False  # whether it has a single job that may kill workers
    starts: int = 0  # since the last finished work
    since: float = 0.0  # time of its last start
    failures: int = 0  # in a row, not confirmed by another worker

    def has_room(self, at_once: int) -> bool:
        return self.beginning is None and not self.alone and len(self.groups) < at_once

    def is_coming(self) -> bool:
        return self.beginning is None or time.monotonic() - self.since < COMING


class Cluster:
    """Workers on the machines of a cluster; `photographs` and `films` are those of `work.Local`.

    A worker has at most `AT_ONCE` groups of photographs, or a film. When it dies, another starts in its place. Its
    finished work counts, and its other jobs are distributed again, each alone. So a job that kills workers costs no
    other job, and gets a `problem` after `TRIES`.

    A failure can be the worker's fault: a broken GPU, a lost mount, a full temporary folder. So it counts only when a
    second worker confirms it, on another machine if there is one. A worker whose last `GROUP` jobs failed (of films:
    two) gets no new jobs until another has tried one of them. If the other succeeds, the worker is replaced, and given
    up after `STARTS` replacements without success.

    Args:
        wanted: see `Wanted`.
        colorizer: a loaded `Colorizer`, which can be pickled.
        how: see `work.How`.
        record: the folder of the call's record, which workers must see if they write results by path; otherwise None.

    Raises:
        OSError: if there is no such cluster; later, if no worker can start.
    """

    def __init__(self, wanted: Wanted, colorizer, how: work.How, record: Path | None):
        self._wanted, self._record = wanted, record
        self._packed = colorizer, how
        self._hands, self._suspects, self._deaths = [], collections.deque(), collections.Counter()
        self._dead = []  # tokens of workers that were replaced
        self._again = collections.deque()  # jobs to give out again, in groups
        self._failed = {}  # {job: (its first worker, that worker's host, the outcome)}; no second has confirmed it

    def __enter__(self):
        with contextlib.ExitStack() as closing:
            self._ray = closing.enter_context(joining.joined(self._wanted.address))
            self._packed = self._ray.cloudpickle.dumps(self._packed)
            self._hands = [_Hand(share) for share in _shares(self._ray.nodes(), self._wanted)]
            if not self._hands:
                raise OSError(f"--cluster {self._wanted.address}: its machines have no cores for workers.")
            for hand in self._hands:
                self._begin(hand)
            self._closing = closing.pop_all()
        return self

    def __exit__(self, *_):
        with self._closing:
            for hand in self._hands:
                self._ray.kill(hand.actor)

    def photographs(self, call) -> None:
        """Colorize a call's photographs."""
        self._run(call, call.photographs(), "photographs", GROUP, AT_ONCE)

    def films(self, call) -> None:
        """Colorize a call's films, each on one worker."""
        self._run(call, call.films(), "film", 1, 1)

    def _run(self, call, jobs, method, size, at_once):
        self._jobs, self._over, self._group, self._stopped = iter(jobs), False, [], False
        self._size, self._limit = size, max(size, 2)
        for hand in self._hands:
            hand.failures = 0
        try:
            while self._step(call, method, at_once):
                pass
        except BaseException:
            for hand in self._hands:
                self._ray.kill(hand.actor)
            if in_hand := [ref for hand in self._hands for ref in hand.groups]:
                self._ray.wait(in_hand, num_returns=len(in_hand), timeout=joining.PATIENCE)  # until no worker writes
            for hand in self._hands:
                self._settle_made(call, hand)
            raise

    def _step(self, call, method, at_once):
        """Distribute jobs while there is room, then wait briefly for results. -> whether there is more to do."""
        if call.stop() or self._stopped:
            self._stop(call, method)
        else:
            self._give(call, method, at_once)
        references = {ref: hand for hand in self._hands for ref in (*hand.groups, hand.beginning) if ref is not None}
        if references:
            waits = WAIT if self._over or not any(self._takes_new(hand, at_once) for hand in self._hands) else 0
            done, _ = self._ray.wait(list(references), num_returns=1, timeout=waits)
            for ref in done:
                self._settle(call, references[ref], ref)
        in_hand = any(hand.groups for hand in self._hands)
        return bool(in_hand or self._group or self._suspects or self._again or not self._over)

    def _stop(self, call, method):
        """Give nothing more to workers; jobs that none has in hand are left for a later call."""
        if not self._stopped and method == "film":
            for hand in self._hands:
                if hand.groups:
                    hand.actor.stop.remote()
        waiting = [*self._group, *self._suspects, *self._again, *(job for job in self._jobs if job is not None)]
        self._stopped = self._over = True
        for queue in (self._group, self._suspects, self._again, self._failed):
            queue.clear()
        for job in waiting:
            job.stopped = True
            call.finish(job)

    def _give(self, call, method, at_once):
        until = time.monotonic() + WAIT
        self._give_again(call, method, at_once)
        while hand := self._least_busy(at_once):
            while len(self._group) < self._size and not self._over and time.monotonic() < until:
                job = next(self._jobs, self)
                if job is self:
                    self._over = True
                elif job is not None:  # None: nothing to do yet
                    self._group.append(job)
            if not self._group or (len(self._group) < self._size and not self._over):
                break
            self._send(hand, method, self._group)
            self._group = []

    def _give_again(self, call, method, at_once):
        """Give out jobs of dead workers, each alone, and jobs that failed, to other workers."""
        may = {job: self._others(job) for job in (*self._suspects, *self._again)}
        for job in [job for job in self._again if not may[job]]:  # nobody else can confirm it
            self._again.remove(job)
            vars(job).update(self._failed[job][2])
            self._finish(call, job)
        for hand in sorted(self._hands, key=lambda hand: len(hand.groups)):
            own = next((job for job in self._suspects if hand in may[job] or not may[job]), None)
            if own and hand.beginning is None and not hand.groups:
                hand.alone = True
                self._suspects.remove(own)
                self._send(hand, method, [own])
            while hand.has_room(at_once):
                jobs = [job for job in self._again if hand in may[job]][: self._size]
                if not jobs:
                    break
                for job in jobs:
                    self._again.remove(job)
                self._send(hand, method, jobs)

    def _others(self, job):
        """-> the workers that may have a job that is given out again."""
        if job not in self._failed:
            return [hand for hand in self._hands if hand.failures < self._limit] or self._hands
        first, host, _ = self._failed[job]
        hands = [hand for hand in self._hands if hand is not first and hand.is_coming()]
        hands = [hand for hand in hands if hand.host != host] or hands
        return [hand for hand in hands if not (hand.starts or hand.failures)] or hands

    def _takes_new(self, hand, at_once):
        return hand.has_room(at_once) and hand.failures < self._limit

    def _least_busy(self, at_once):
        free = [hand for hand in self._hands if self._takes_new(hand, at_once)]
        return min(free, key=lambda hand: len(hand.groups), default=None)

    def _send(self, hand, method, jobs):
        hand.groups[getattr(hand.actor, method).remote(jobs)] = jobs

    def _settle(self, call, hand, ref):
        """Take a worker's answer, or its death."""
        errors = self._ray.exceptions
        try:
            answer = self._ray.get(ref)
        except errors.RayTaskError as error:  # a Python error that does not concern a single job
            if ref is hand.beginning:
                self._give_up(call, hand, f"a worker cannot start: {photos.reason(error.cause)}")
            else:
                self._broke(call, hand, ref, photos.reason(error.cause))
            return
        except errors.RayError as error:
            self._died(call, hand, error)
            return
        if ref is hand.beginning:
            hand.beginning, hand.host = None, answer
            return
        hand.alone = False
        for job, outcome in zip(hand.groups.pop(ref), answer, strict=True):
            self._take(call, hand, job, outcome)

    def _take(self, call, hand, job, outcome):
        """Take the outcome of a job; a failure counts if a second worker confirms it, or there is none."""
        for text in outcome.pop("said", ()):
            call.say_of_film(text)
        if (
            outcome["problem"]
            and not isinstance(job.source, Url)
            and os.path.exists(job.source)
            and not outcome["seen"]
        ):
            outcome["problem"] = f"{hand.host} does not see {job.source}. {_SHARED}"
        outcome["full"] = outcome["full"] and self._is_full(job, outcome["problem"])
        if not outcome["problem"]:
            hand.starts = hand.failures = 0
        elif job not in self._failed or self._failed[job][0] is hand:
            hand.failures += 1
            self._failed[job] = hand, hand.host, outcome
            if self._others(job):
                self._again.append(job)
                return
        vars(job).update(outcome)
        self._finish(call, job, hand)

    def _is_full(self, job, problem):
        """-> whether the place of the results is full, and not a worker's temporary folder, which only URLs need."""
        if isinstance(job.target, Url):  # errors of an upload begin with its target
            return any(f"{target}: " in problem for target in job.targets)
        return not isinstance(job.source, Url) or shutil.disk_usage(self._record).free < FULL

    def _finish(self, call, job, hand=None):
        """Finish a job. If another worker failed at it before, the outcome tells whose fault that was."""
        first, _, outcome = self._failed.pop(job, (None, "", {}))
        if first is not None and job.problem:
            first.failures = 0
        elif first not in (None, hand) and first.failures >= self._limit:
            self._replace(call, first, outcome["problem"])
        call.finish(job)

    def _replace(self, call, hand, reason):
        """Replace a worker that fails at what another can do, or give it up."""
        self._ray.kill(hand.actor)
        hand.failures = 0
        self._again += self._settle_made(call, hand)
        text = f"fails at files that another can colorize ({reason})."
        if hand.starts > STARTS:
            self._give_up(call, hand, f"the worker on {hand.host} {text} It is given up after {STARTS} replacements.")
            return
        call.note(f"The worker on {hand.host} {text} Another starts in its place.")
        self._begin(hand)

    def _broke(self, call, hand, ref, reason):
        """Handle a Python error for a whole group: what is written is recorded, the rest distributed, each alone."""
        hand.alone = False
        for job in hand.groups.pop(ref):
            if call.is_made(job):
                job.seconds = None
                self._finish(call, job, hand)
                continue
            text = f"the worker on {hand.host} failed: {reason}"
            if job not in self._failed:
                hand.failures += 1
                self._failed[job] = hand, hand.host, {"problem": text}
            self._suspect(call, job, text)

    def _suspect(self, call, job, text):
        """Distribute a job again, alone, or fail it after the last try. -> whether it is distributed."""
        self._deaths[job] += 1
        if self._deaths[job] < TRIES:
            self._suspects.append(job)
            return True
        job.fail(text)
        self._finish(call, job)
        return False

    def _died(self, call, hand, error):
        """Handle a lost worker: its finished work is recorded, the rest is distributed again, job by job."""
        self._ray.kill(hand.actor)  # it may only be unreachable
        text = (
            f"{TRIES} workers died of it, the last with nothing else in hand; the memory may not be enough for it, or "
            "it is damaged in a way that ends a program. Colorize it alone to see."
        )
        lost = sum(self._suspect(call, job, text) for job in self._settle_made(call, hand))
        if hand.beginning is not None and hand.starts >= STARTS:
            self._give_up(call, hand, f"a worker cannot start: {photos.reason(error)}")
            return
        given = f"; {lost} in its hands restart" if lost else ""
        call.note(f"The worker on {hand.host or 'a machine'} died{given}. Another starts in its place.")
        self._begin(hand)

    def _give_up(self, call, hand, reason):
        self._hands.remove(hand)
        self._ray.kill(hand.actor)
        text = f"`--cluster`: {reason}"
        if not self._hands:
            raise OSError(text)
        call.note(text)

    def _settle_made(self, call, hand):
        """Record a lost worker's finished work. -> its other jobs, without their unfinished files."""
        jobs, hand.groups = [job for group in hand.groups.values() for job in group], {}
        remove_unfinished({one.parent for job in jobs for one in job.targets}, hand.token)
        made = {job for job in jobs if call.is_made(job)}
        for job in made:
            job.seconds = None
            self._finish(call, job, hand)
        return [job for job in jobs if job not in made]

    def _begin(self, hand):
        self._dead += [hand.token] if hand.token else []
        hand.alone, hand.failures, hand.since = False, 0, time.monotonic()
        hand.starts += 1
        hand.token = f"{whole.token()}-{self._hands.index(hand)}-{time.monotonic_ns():x}"
        actor = self._ray.remote(Worker).options(max_concurrency=AT_ONCE + 1, **hand.share)
        hand.actor, cores = actor.remote(), max(1, int(hand.share["num_cpus"]))
        place = None if self._record is None else str(self._record)
        hand.beginning = hand.actor.begin.remote(self._packed, cores, hand.token, self._dead, os.getcwd(), place)


class Worker:
    """An actor: a process on a machine of the cluster, with a share of its cores or a GPU."""

    def begin(self, packed: bytes, cores: int, token: str, dead: list[str], here: str, record: str | None) -> str:
        """Load the colorizer, and use only this share of the machine's threads.

        Args:
            packed: the colorizer and `work.How`, pickled.
            cores: number in the share.
            token: see `whole.adopt`.
            dead: tokens of the call's dead workers, whose temporary folders on the machine are removed.
            here: base of relative paths.
            record: the folder that the machine must see, or None.

        Returns:
            The machine's name.

        Raises:
            OSError, ValueError: naming the machine, if it does not see the folder of results, or lacks the weights.
        """
        host = platform.node()
        # The script's folder is on the path: `import datasets` in another package would find ours.
        sys.path[:] = [place for place in sys.path if Path(place).resolve() != ROOT]
        with contextlib.suppress(OSError):  # absolute paths do not need it
            os.chdir(here)
        if record is not None and not os.path.isdir(record):
            raise FileNotFoundError(f"{host} does not see {os.path.dirname(record)}. {_SHARED}")
        whole.adopt(token)
        for one in dead:
            remove_unfinished((), one)
        # TensorFlow reads these at its first use.
        os.environ |= {"TF_NUM_INTRAOP_THREADS": str(cores), "TF_NUM_INTEROP_THREADS": str(min(cores, 2))}
        cv2.setNumThreads(cores)
        try:
            self._colorizer, self._how = pickle.loads(packed)
        except (OSError, ValueError) as error:
            raise OSError(f"{host} cannot load the weights: {photos.reason(error)}") from error
        # Never restored: groups overlap, and each would restore its own value.
        reading.large_pictures(self._how.settings.max_megapixels).__enter__()
        self._cores, self._stopped = cores, threading.Event()
        return host

    def photographs(self, jobs: list[Job]) -> list[dict]:
        """Colorize photographs. -> the result of each, by the names of `Job`."""
        how, threads = self._how, max(2, self._cores)
        pipeline.run(self._colorizer, jobs, how.settings, how.wishes, lambda job: None, threads=threads)
        return [_outcome(job) for job in jobs]

    def film(self, jobs: list[Job]) -> list[dict]:
        """Colorize a film, the only job. -> its result, and the messages `said`."""
        said = []
        work.film(self._colorizer, jobs[0], self._how, stop=self._stopped.is_set, say=said.append)
        return [_outcome(jobs[0]) | {"said": said}]

    def stop(self) -> None:
        """Stop a film between two batches."""
        self._stopped.set()


def _outcome(job):
    names = ("problem", "full", "stopped", "notes", "made", "seconds")
    seen = isinstance(job.source, Url) or os.path.exists(job.source)
    return {name: getattr(job, name) for name in names} | {"seen": seen}


def _shares(nodes, wanted):
    """-> each worker's share of its machine as Ray's options: {num_cpus, num_gpus}."""
    shares = []
    for node in nodes:
        cores = int(node["Resources"].get("CPU", 0)) if node["Alive"] else 0
        gpus = int(node["Resources"].get("GPU", 0)) if node["Alive"] and wanted.gpus else 0
        count = gpus or min(cores, max(1, cores // wanted.cores))
        shares += [{"num_cpus": cores // count, "num_gpus": 1 if gpus else 0} for _ in range(count)]
    return shares
