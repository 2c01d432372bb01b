"""Many photographs and films: which, where to, and in what order, so that the network never waits for a disk.

Owns the pipeline of reading, predicting and writing; which files these are is `plan`'s, and what was done goes into the
`manifest`. Imports these, `serving.photos`, `serving.video` and the room `files`.
"""

from __future__ import annotations

import collections
import concurrent.futures as futures
import dataclasses
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from colorgan.files import reading, suffixes
from colorgan.serving import manifest, photos, plan, video
from colorgan.serving.photos import Settings
from colorgan.serving.plan import Job

THREADS = max(2, min(os.cpu_count() or 1, 8))  # that read and write while the network runs
IN_FLIGHT = 4 * photos.BATCH  # pictures between reading and writing ...
IN_FLIGHT_MEGAPIXELS = 48  # ... and how large they may be together; one may always be


@dataclass
class Outcome:
    """What became of the jobs: done, skipped because their output existed, or failed with a reason."""

    done: list[Job] = field(default_factory=list)
    skipped: list[Job] = field(default_factory=list)
    failed: list[tuple[Job, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def reasons(self) -> list[dict]:
        """What a manifest says of the failed ones."""
        return [{"input": str(job.source), "reason": reason} for job, reason in self.failed]

    def fail(self, job: Job, reason: str) -> None:
        """Note that a job failed, and let go of its picture."""
        self.failed.append((job, reason if str(job.source) in reason else f"{job.source}: {reason}"))
        job.photograph = job.small = None


def colorize_files(
    colorizer,
    inputs,
    output: Path,
    *,
    settings: Settings,
    smoothing: float = video.SMOOTHING,
    overwrite: bool = False,
    weights_sha256="",
    say=print,
) -> int:
    """Colorize photographs and films into a folder; one bad file does not stop the others.

    Args:
        colorizer: anything with `Colorizer.predict_small`.
        inputs: files, folders and globs; see `plan.find`.
        output: folder for the results and `manifest.json`; the structure below a given folder is kept.
        settings: how.
        smoothing: of films; see `video.Smoother`.
        overwrite: replace outputs that exist. Otherwise they are passed over and listed; that is no failure, so a call
            that was interrupted can be repeated.
        weights_sha256: for the manifest.
        say: gets the text for people.

    Returns:
        Exit status: 0, or 1 if a file could not be colorized; those are listed.

    Raises:
        FileNotFoundError, ValueError: before anything is written; see `plan.jobs`. `output` must not look like a file.
        OSError: if the output folder cannot be written to.
    """
    output = Path(output)
    if not output.is_dir() and (suffixes.is_picture(output) or suffixes.is_film(output)):
        raise ValueError(
            f"--output is a folder for results, and {output} looks like a file. Name a folder; --format says the "
            "format of the files in it."
        )
    video.Smoother(smoothing)  # a value out of its range shows before all else
    missing = plan.missing(inputs, output)
    jobs = plan.jobs([one for one in inputs if one not in missing], output, settings)
    _check_writable(output)
    with manifest.locked(output):
        earlier = manifest.read(output)
    if getattr(colorizer, "color_space", "lab") == "rgb":
        say("The weights predict RGB: each photograph's own lightness is put back.")
    outcome = Outcome(failed=[(Job(Path(one), output), reason) for one, reason in missing.items()])
    todo, films = _to_do(jobs, outcome, overwrite)
    if todo or not films:
        try:
            with (
                reading.large_pictures(settings.max_megapixels),
                tqdm(total=len(todo), unit="photo", disable=None) as bar,
            ):
                _run(colorizer, todo, settings, outcome, bar)
        finally:  # what was done before an interruption is on record
            done = [_entry(job, output, settings, weights_sha256) for job in outcome.done]
            manifest.add(output, done, outcome.reasons)
    options = {"settings": settings, "smoothing": smoothing, "overwrite": overwrite, "say": say}
    for job in films:
        done, failed = video.colorize_films(colorizer, {job.source: job.target}, output, **options)
        for one in failed:
            outcome.fail(job, one["reason"])
        manifest.add(output, [{**film, "weights_sha256": weights_sha256} for film in done], outcome.reasons)
    other = [job for job in outcome.skipped if _is_other(job, output, earlier, settings, weights_sha256)]
    _report(outcome, output, other, say)
    return 1 if outcome.failed else 0


def _to_do(jobs, outcome, overwrite):
    """-> photographs and films to colorize; what is not to be done is noted."""
    photographs, films = [], []
    for job in jobs:
        if job.problem:
            outcome.fail(job, job.problem)
        elif suffixes.is_film(job.source):  # whose outputs are looked at there
            films.append(job)
        else:
            # Not `Path.exists`, which fails on names that are too long.
            (outcome.skipped if os.path.exists(job.target) and not overwrite else photographs).append(job)
            if job.renamed:
                outcome.notes.append(f"{job.source} becomes {job.target}, since the shorter name is another's")
    return photographs, films


def _check_writable(output):
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output):
            pass
    except OSError as error:
        raise OSError(f"--output: cannot write to {output} ({error.strerror}). Choose another folder.") from error


def _run(colorizer, todo, settings, outcome, bar):
    """The pipeline: this thread runs the network on what has been read, others read and write."""
    todo, reads, writes, ready = collections.deque(todo), {}, {}, {}
    threads = 1 if len(todo) > 1 else None  # several pictures share the cores already
    with futures.ThreadPoolExecutor(THREADS) as pool:
        try:
            while todo or reads or writes or ready:
                while todo and _has_room(todo[0], reads, writes, ready):
                    job = todo.popleft()
                    reads[pool.submit(_read, job, settings)] = job
                group = max(ready.values(), key=len, default=[])
                # A full batch goes at once, less than that when nothing else is coming in.
                if len(group) >= photos.BATCH or (group and not reads):
                    now = group[: photos.BATCH]
                    del group[: photos.BATCH]
                    for job, ab in _predict(colorizer, now, settings, outcome, bar):
                        writes[pool.submit(_write, job, ab, settings, threads)] = job
                else:
                    futures.wait([*reads, *writes], return_when=futures.FIRST_COMPLETED)
                ready = {shape: jobs for shape, jobs in ready.items() if jobs}
                for job in _collect(reads, outcome, bar):
                    ready.setdefault(job.small.shape, []).append(job)
                _finish(writes, outcome, bar)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            _finish({one: job for one, job in writes.items() if not one.cancelled()}, outcome, bar)
            raise


def _finish(writes, outcome, bar):
    """Note the outputs that are written by now."""
    for job in _collect(writes, outcome, bar):
        outcome.done.append(job)
        outcome.notes += [f"{job.source}: {note}" for note in job.photograph.notes]
        job.photograph = job.small = None
        bar.update()


def _has_room(job, reads, writes, ready):
    """Whether a picture may be read beside those on their way; one always may."""
    flying = [*reads.values(), *writes.values(), *(one for jobs in ready.values() for one in jobs)]
    if not flying:
        return True
    job.megapixels = job.megapixels or reading.megapixels(job.source)
    return (
        len(reads) < photos.BATCH
        and len(flying) < IN_FLIGHT
        and sum(one.megapixels for one in flying) + job.megapixels <= IN_FLIGHT_MEGAPIXELS
    )


def _collect(running, outcome, bar):
    """Take what is finished out of {future: job}. -> jobs that went well; the others are noted."""
    fine = []
    for future in [one for one in running if one.done()]:
        job = running.pop(future)
        try:
            future.result()
        except Exception as error:  # decoders and encoders raise what comes up: struct.error, OverflowError, ...
            outcome.fail(job, photos.reason(error))
            bar.update()
        else:
            fine.append(job)
    return fine


def _read(job, settings):
    start = time.perf_counter()
    job.photograph = reading.read(job.source, max_megapixels=settings.max_megapixels)
    height, width = job.photograph.pixels.shape[:2]
    job.megapixels = height * width / 1e6
    job.small = photos.shrink(job.photograph.pixels, settings.work_size)
    job.seconds += time.perf_counter() - start


def _predict(colorizer, jobs, settings, outcome, bar):
    """-> [(job, its ab)]; none where the forward pass fails, which is noted for these pictures."""
    start = time.perf_counter()
    pictures = np.stack([job.small for job in jobs])
    try:
        ab = photos.predict_ab(colorizer, pictures, settings)
    except Exception as error:  # of whatever the network runs on: out of memory, most of all
        for job in jobs:
            outcome.fail(job, f"the network failed: {photos.reason(error)}")
            bar.update()
        return []
    for job in jobs:
        job.seconds += (time.perf_counter() - start) / len(jobs)
    return list(zip(jobs, ab, strict=True))


def _write(job, ab, settings, threads):
    start = time.perf_counter()
    photos.finish(job.photograph, ab, job.target, settings, threads=threads)
    job.seconds += time.perf_counter() - start


def _entry(job, output, settings, weights_sha256):
    return {
        "input": str(job.source),
        "output": job.target.relative_to(output).as_posix(),
        "weights_sha256": weights_sha256,
        "settings": dataclasses.asdict(settings),
        "seconds": round(job.seconds, 3),
    }


def _is_other(job, output, earlier, settings, weights_sha256):
    """-> whether an output that exists is known to be another picture than would be made now."""
    entry = earlier.get(job.target.relative_to(output).as_posix())
    if entry is None:
        return False
    lossy = ("quality",) if suffixes.of(job.target) in suffixes.LOSSY else ()
    names = ("work_size", "saturation", "flip_average", "side_by_side", *lossy)
    made = entry.get("settings", {})
    return entry.get("weights_sha256") != weights_sha256 or any(made.get(n) != getattr(settings, n) for n in names)


def _report(outcome, output, other, say):
    for note in outcome.notes:
        say(note)
    if outcome.done:
        one = len(outcome.done) == 1
        say(f"Colorized: {outcome.done[0].target}" if one else f"{len(outcome.done)} photographs colorized: {output}")
    if outcome.skipped:
        listed = "\n  ".join(str(job.target) for job in outcome.skipped)
        made = f", {len(other)} of them made with other settings or weights" if other else ""
        say(f"{len(outcome.skipped)} passed over, since they exist{made} (--overwrite replaces them):\n  {listed}")
    if outcome.failed:
        say(f"{len(outcome.failed)} not colorized:\n  " + "\n  ".join(reason for _, reason in outcome.failed))
