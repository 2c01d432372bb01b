"""Many photographs and films: which, where to, and in what order, so that the network never waits for a disk.

Owns the pipeline of reading, predicting and writing; which files these are is `plan`'s, and what was done goes into the
`manifest`. Imports these, `serving.photos`, `serving.video`, `serving.asked` and the room `files`.
"""

from __future__ import annotations

import collections
import concurrent.futures
import os
import queue
import time
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from colorgan.files import kinds, reading, suffixes, writing
from colorgan.serving import corrections, fullres, manifest, photos, plan, video
from colorgan.serving.asked import Steering, wishes_of
from colorgan.serving.photos import Settings

THREADS = max(2, min(os.cpu_count() or 1, 8))  # that read and write while the network runs
IN_FLIGHT = 4 * photos.BATCH  # pictures between reading and writing ...
IN_FLIGHT_MEGAPIXELS = 48  # ... and how large they may be together; one may always be


def colorize_files(
    colorizer,
    inputs,
    output: Path,
    *,
    settings: Settings,
    steering: Steering = Steering(),  # noqa: B008 - frozen
    smoothing: float = video.SMOOTHING,
    film_codec: str = "",
    film_quality: float | None = None,
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
        steering: what a person decides about the colours, and what is written beside the results.
        smoothing, film_codec, film_quality: of films; see `video.colorize_film`.
        overwrite: replace outputs that exist. Otherwise they are listed: a call that was interrupted can be repeated.
        weights_sha256: for the manifest.
        say: gets the text for people.

    Returns:
        Exit status: 0, or 1 if a file could not be colorized; those are listed.

    Raises:
        FileNotFoundError, ValueError: before anything is written; see `plan.jobs`, `wishes_of`. `output` must not look
            like a file.
        OSError: if the output folder cannot be written to.
    """
    output = Path(output)
    if not output.is_dir() and (suffixes.is_picture(output) or suffixes.is_film(output)):
        raise ValueError(
            f"--output is a folder for results, and {output} looks like a file. Name a folder; --format says the "
            "format of the files in it."
        )
    jobs = plan.jobs(inputs, output, settings, variants=steering.variants, doubt=steering.doubt)
    wishes = wishes_of(steering, [job.source for job in jobs if not job.problem], colorizer, settings)
    with manifest.locked(output):
        earlier = manifest.read(output)
    if getattr(colorizer, "color_space", "lab") == "rgb":
        say("The weights predict RGB: each photograph's own lightness is put back.")
    todo, skipped = [], []
    for job in [job for job in jobs if not job.problem]:
        # Not `Path.exists`, which fails on names that are too long.
        there = any(map(os.path.exists, job.targets))
        (skipped if there and not overwrite else todo).append(job)

    def finish(job, **made):
        name = job.target.relative_to(output).as_posix()
        entry = {"input": str(job.source), "output": name, "weights_sha256": weights_sha256, **made}
        if steering != Steering():
            entry |= {"steering": asdict(steering), "beside": [one.name for one in job.targets[1:]]}
        job.entry = {"settings": asdict(settings), **entry, "seconds": round(job.seconds, 3)}

    def record():
        failed = [{"input": str(job.source), "reason": job.problem} for job in jobs if job.problem]
        manifest.add(output, [job.entry for job in jobs if job.entry], failed)

    try:
        photographs = [job for job in todo if not kinds.is_film(job.source)]
        _colorize_photographs(colorizer, photographs, settings, wishes, finish)
    finally:  # what was done before an interruption is on record
        record()
    wanted = {"smoothing": smoothing, "codec": film_codec, "quality": film_quality}
    for job in [job for job in todo if kinds.is_film(job.source)]:
        options = {"wishes": wishes, "weights_sha256": weights_sha256, "say": say}
        _colorize_film(colorizer, job, finish, wanted, settings=settings, **options)
        record()
    other = [job for job in skipped if _is_other(job, output, earlier, settings, steering, weights_sha256)]
    _report(jobs, skipped, len(other), output, say)
    return 1 if any(job.problem for job in jobs) else 0


def _colorize_photographs(colorizer, todo, settings, wishes, finish):
    """This thread runs the network on what has been read, others read and write. A job ends by `finish` or `fail`."""
    waiting, reads, writes, ready = collections.deque(todo), set(), set(), []
    done = queue.SimpleQueue()  # jobs that have been read, or written, or have failed at it
    threads = 1 if len(todo) > 1 else None  # several pictures share the cores already

    def settle(job):
        was_read = job in reads
        (reads if was_read else writes).remove(job)
        if was_read and not job.problem:
            ready.append(job)
            return
        if not job.problem:
            job.notes += [f"{job.source}: {note}" for note in dict.fromkeys(job.photograph.notes)]
            aimed = "aim" in wishes.named and corrections.record(job.ab, fullres.lightness(job.small), wishes)
            finish(job, **({"aim": aimed} if aimed else {}))
        job.photograph = job.small = job.ab = None
        job.variants, job.doubt = dict.fromkeys(job.variants), dict.fromkeys(job.doubt)
        bar.update()

    with (
        reading.large_pictures(settings.max_megapixels),
        tqdm(total=len(todo), unit="photo", disable=None if todo else True) as bar,
        concurrent.futures.ThreadPoolExecutor(THREADS) as pool,
    ):
        try:
            while waiting or reads or writes or ready:
                while waiting and _has_room(waiting[0], [*reads, *writes, *ready]):
                    job = waiting.popleft()
                    reads.add(job)
                    pool.submit(_timed, done, job, _read, settings)
                group = _largest_group(ready)
                # A full batch goes at once, less than that when nothing else is coming in.
                if len(group) == photos.BATCH or (group and not reads):
                    ready = [job for job in ready if job not in group]
                    writes.update(group)
                    _predict(colorizer, group, settings, wishes)
                    for job in group:
                        pool.submit(_timed, done, job, _write, settings, threads)
                else:
                    settle(done.get())
                while not done.empty():
                    settle(done.get())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            while not done.empty():
                settle(done.get())
            raise


def _has_room(job, flying):
    """Whether a picture may be read beside those on their way; one always may."""
    if not flying:
        return True
    job.megapixels = job.megapixels or reading.megapixels(job.source)
    megapixels = sum(one.megapixels for one in (job, *flying))
    return len(flying) < IN_FLIGHT and megapixels <= IN_FLIGHT_MEGAPIXELS


def _largest_group(ready):
    """-> jobs that can share a forward pass, `photos.BATCH` at most: of the shape that most have."""
    shapes = collections.Counter(job.small.shape for job in ready).most_common(1)
    return [job for job in ready if job.small.shape == shapes[0][0]][: photos.BATCH] if shapes else []


def _timed(done, job, step, *given):
    """Take a step of a job, unless one before has failed, and put it among those that are done."""
    start = time.perf_counter()
    try:
        if not job.problem:
            step(job, *given)
    except Exception as error:  # decoders and encoders raise what comes up: struct.error, OverflowError, ...
        job.fail(photos.reason(error))
    job.seconds += time.perf_counter() - start
    done.put(job)


def _read(job, settings):
    job.photograph = reading.read(job.source, max_megapixels=settings.max_megapixels)
    height, width = job.photograph.pixels.shape[:2]
    job.megapixels = height * width / 1e6
    job.small = photos.shrink(job.photograph.pixels, settings.work_size)


def _predict(colorizer, group, settings, wishes):
    start, sizes = time.perf_counter(), [job.photograph.pixels.shape[:2] for job in group]
    try:
        pictures = np.stack([job.small for job in group])
        predicted = photos.predict_ab(colorizer, pictures, settings, wishes, sizes)
        for job, ab, size in zip(group, predicted, sizes, strict=True):
            job.ab = ab
            if job.variants or job.doubt:
                _predict_more(colorizer, job, settings, wishes, size)
    except Exception as error:  # of whatever the network runs on: out of memory, most of all
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
    for path, ab in {job.target: job.ab, **job.variants}.items():
        photos.finish(job.photograph, ab, path, settings, threads=threads)
    for path, doubt in job.doubt.items():
        height, width = job.photograph.pixels.shape[:2]
        levels = np.rint(cv2.resize(doubt, (width, height), interpolation=cv2.INTER_LINEAR) * 255).astype(np.uint8)
        writing.write(path, np.repeat(levels[..., None], 3, axis=-1))


def _colorize_film(colorizer, job, finish, wanted, *, settings, **options):
    try:
        film = video.colorize_film(colorizer, job.source, job.target, settings=settings, **wanted, **options)
    except Exception as error:  # decoders, encoders and networks raise what comes up
        job.fail(photos.reason(error))
    else:
        job.seconds = film.seconds
        finish(job, **{**asdict(film), "settings": {**asdict(settings), **wanted}})


def _is_other(job, output, earlier, settings, steering, weights_sha256):
    """-> whether an output that exists is known to be another picture than would be made now."""
    entry = earlier.get(job.target.relative_to(output).as_posix())
    if entry is None:
        return False
    lossy = ("quality",) if suffixes.of(job.target) in suffixes.LOSSY else ()
    names = ("work_size", "saturation", "flip_average", "side_by_side", *lossy)
    made = entry.get("settings", {})
    if entry.get("steering", asdict(Steering())) != asdict(steering):
        return True
    return entry.get("weights_sha256") != weights_sha256 or any(made.get(n) != getattr(settings, n) for n in names)


def _report(jobs, skipped, others, output, say):
    for job in jobs:
        for note in job.notes:
            say(note)
    photographs = [job for job in jobs if job.entry and not kinds.is_film(job.source)]
    if photographs:
        one = len(photographs) == 1
        say(f"Colorized: {photographs[0].target}" if one else f"{len(photographs)} photographs colorized: {output}")
    if skipped:
        listed = "\n  ".join(str(job.target) for job in skipped)
        made = f", {others} of them made with other settings or weights" if others else ""
        say(f"{len(skipped)} passed over, since they exist{made} (--overwrite replaces them):\n  {listed}")
    if failed := [job.problem for job in jobs if job.problem]:
        say(f"{len(failed)} not colorized:\n  " + "\n  ".join(failed))
