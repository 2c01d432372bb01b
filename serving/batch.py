"""Many photographs and films: which, where to, and in what order, so that the network never waits for a disk.

Owns the plan (inputs -> outputs), the pipeline of reading, predicting and writing, and the manifest. Imports
`serving.photos`, `serving.reading`, `serving.video` and `serving.writing`.
"""

from __future__ import annotations

import collections
import concurrent.futures as futures
import contextlib
import dataclasses
import glob
import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tqdm import tqdm

from colorgan.serving import photos, reading, video, writing
from colorgan.serving.photos import Settings

MANIFEST = "manifest.json"
LOCK = ".manifest.lock"  # is there while a call changes the manifest: a moment
LOCK_SECONDS = 10  # that other calls wait for it
THREADS = max(2, min(os.cpu_count() or 1, 8))  # that read and write while the network runs
IN_FLIGHT = 4 * photos.BATCH  # pictures between reading and writing ...
IN_FLIGHT_MEGAPIXELS = 48  # ... and how large they may be together; one may always be


@dataclass
class Job:
    """One photograph, or film, on its way.

    Attributes:
        source: its file.
        target: the file that is written.
        problem: why it cannot be written there, in words; or empty.
        renamed: whether the target keeps the source's suffix in its name, since the shorter name is another's.
        megapixels: as its header states them.
        photograph, small: what reading leaves: it and its [h, w, 3] uint8 working picture.
        seconds: spent on it: reading, its share of the forward pass, writing.
    """

    source: Path
    target: Path
    problem: str = ""
    renamed: bool = False
    megapixels: float = 0.0
    photograph: reading.Photograph | None = None
    small: object = None
    seconds: float = 0.0


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


def find(inputs, *, outside: Path | None = None) -> list[tuple[Path, Path]]:
    """The photographs and films that files, folders (recursive) and globs name.

    Args:
        inputs: paths or patterns (`*`, `?`, `[...]`, `**`). A pattern's structure is kept below its fixed part.
        outside: a folder that is passed over, unless it is an input itself: results of an earlier call.

    Returns:
        [(path, its path below the given folder, or its name)], each file once.

    Raises:
        FileNotFoundError: if an input does not exist, or a folder or pattern holds neither photograph nor film.
    """
    found = {}
    for given in inputs:
        path = Path(given)
        if path.is_file():
            found.setdefault(path.resolve(), (path, Path(path.name)))
            continue
        pattern = glob.has_magic(str(given)) and not path.exists()
        if pattern:
            fixed = path
            while glob.has_magic(str(fixed)):
                fixed = fixed.parent
            hits = [Path(hit) for hit in glob.glob(str(given), recursive=True)]
        else:
            fixed, hits = path, [path]
        inside = {p for hit in hits if hit.is_dir() for p in hit.rglob("*") if _is_wanted(p)}
        inside |= {hit for hit in hits if _is_wanted(hit)}
        # Only where it lies below: the photographs of a folder above or beside it are no results of ours.
        if outside is not None and fixed.resolve() in outside.resolve().parents:
            inside = {p for p in inside if outside.resolve() not in p.resolve().parents}
        if not inside:
            known = f"({', '.join(sorted(reading.SUFFIXES))}) and no film ({', '.join(sorted(video.FILMS))})"
            there = pattern or path.exists()
            raise FileNotFoundError(f"{given} {f'holds no photograph {known}' if there else 'is not there'}")
        for one in sorted(inside):
            found.setdefault(one.resolve(), (one, one.relative_to(fixed)))
    return list(found.values())


def _is_wanted(path):
    # Names with a dot in front are unfinished outputs, and other systems' notes beside a picture.
    suffix = path.suffix.lower()
    known = suffix in reading.SUFFIXES or suffix in video.FILMS
    return known and not path.name.startswith(".") and path.is_file()


def plan(inputs, output: Path, settings: Settings) -> list[Job]:
    """Which file becomes which.

    Where `--format` would give one name to several, s.jpg and s.png as PNG, the one that is of the format has it, else
    the first; the others keep their suffix in their names: s.jpg.png.

    Args:
        inputs: see `find`.
        output: folder for the results.
        settings: `format` says the suffix of photographs; without it each has its input's, and PNG for a kind that is
            only read. Films keep their names.

    Returns:
        The jobs, in the order of `find`; where two still have one output, the later one has a `problem`.

    Raises:
        FileNotFoundError: see `find`.
        ValueError: if an output is an input.
    """
    found = find(inputs, outside=output)
    jobs = [Job(source, target(below, output, settings)) for source, below in found]
    names, taken = [below.name for _, below in found], {}
    for job, name in sorted(zip(jobs, names, strict=True), key=lambda pair: pair[0].target.name != pair[1]):
        # Two names that differ in case are one file on some systems.
        other = taken.setdefault(str(job.target).lower(), job)
        if other is not job and job.target.name != name:
            job.target, job.renamed = job.target.with_name(name + job.target.suffix), True
            other = taken.setdefault(str(job.target).lower(), job)
        if other is not job:
            job.problem = (
                f"{other.source} and {job.source} would both become {job.target}. Give the folder above them instead "
                "of the files, or use several calls with outputs of their own."
            )
    originals = {source.resolve() for source, _ in found}
    for job in jobs:
        if job.target.resolve() in originals:
            raise ValueError(f"{job.source} would be written over {job.target}. Choose another --output.")
    return jobs


def target(below: Path, output: Path, settings: Settings) -> Path:
    """-> the file that a photograph or film at a place below the inputs becomes."""
    if below.suffix.lower() in video.FILMS:
        return output / below
    return output / below.with_suffix(_suffix(below.suffix, settings.format))


def _suffix(own, wanted):
    """The suffix of an output: the input's, spelled as it is, where that is the format that is wanted."""
    if not wanted:
        return own if own.lower() in reading.SUFFIXES else ".png"
    spellings = {"jpg": (".jpg", ".jpeg"), "tiff": (".tif", ".tiff")}.get(wanted, (writing.FORMATS[wanted],))
    return own if own.lower() in spellings else writing.FORMATS[wanted]


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
        inputs: files, folders and globs; see `find`.
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
        FileNotFoundError, ValueError: before anything is written; see `plan`.
        OSError: if the output folder cannot be written to.
    """
    output = Path(output)
    video.Smoother(smoothing)  # a value out of its range shows before all else
    missing = _missing(inputs, output)
    jobs = plan([one for one in inputs if one not in missing], output, settings)
    _check_writable(output)
    with _locked(output):
        recorded(output)
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
            record(output, done, outcome.reasons)
    options = {"settings": settings, "smoothing": smoothing, "overwrite": overwrite, "say": say}
    for job in films:
        done, failed = video.colorize_films(colorizer, {job.source: job.target}, output, **options)
        for one in failed:
            outcome.fail(job, one["reason"])
        record(output, [{**film, "weights_sha256": weights_sha256} for film in done], outcome.reasons)
    _report(outcome, output, say)
    return 1 if outcome.failed else 0


def _to_do(jobs, outcome, overwrite):
    """-> photographs and films to colorize; what is not to be done is noted."""
    photographs, films = [], []
    for job in jobs:
        if job.problem:
            outcome.fail(job, job.problem)
        elif video.is_film(job.source):  # whose outputs are looked at there
            films.append(job)
        else:
            # Not `Path.exists`, which fails on names that are too long.
            (outcome.skipped if os.path.exists(job.target) and not overwrite else photographs).append(job)
            if job.renamed:
                outcome.notes.append(f"{job.source} becomes {job.target}, since the shorter name is another's")
    return photographs, films


def _missing(inputs, output) -> dict:
    """-> {input: reason} of those that name nothing; raises the reason where no input names anything."""
    missing = {}
    for one in inputs:
        try:
            find([one], outside=output)
        except FileNotFoundError as error:
            missing[one] = str(error)
    if len(missing) == len(set(inputs)):
        raise FileNotFoundError("; ".join(missing.values()))
    return missing


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
    job.target.parent.mkdir(parents=True, exist_ok=True)
    photos.finish(job.photograph, ab, job.target, settings, threads=threads)
    job.seconds += time.perf_counter() - start


def recorded(output: Path) -> dict:
    """-> {output: entry} of the manifest that a folder has already.

    Raises:
        ValueError: if there is another file of that name.
    """
    path = output / MANIFEST
    if not path.exists():
        return {}
    try:
        return {entry["output"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))["photographs"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not a manifest of ours ({error}). Move it away, or choose another --output."
        ) from error


def _entry(job, output, settings, weights_sha256):
    return {
        "input": str(job.source),
        "output": job.target.relative_to(output).as_posix(),
        "weights_sha256": weights_sha256,
        "settings": dataclasses.asdict(settings),
        "seconds": round(job.seconds, 3),
    }


def record(output: Path, done: list[dict], failed: list[dict]) -> None:
    """Add to the manifest: what each output was made from, and how.

    Entries that are there stay unless their output was made anew, also those of calls that run at the same time.

    Args:
        output: the folder.
        done: entries, each with its `output`, a path below the folder.
        failed: {"input", "reason"} of each input that gave none; these replace those of an earlier call.

    Raises:
        OSError: if it cannot be written.
        ValueError: see `recorded`.
    """
    with _locked(output):
        entries = {**recorded(output), **{entry["output"]: entry for entry in done}}
        content = {"photographs": [entries[name] for name in sorted(entries)], "failed": failed}
        temporary = output / f".{os.getpid()}.{MANIFEST}"
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(output / MANIFEST)


@contextlib.contextmanager
def _locked(output):
    """Nobody else reads or writes a folder's manifest for a moment. A file, which works on every system and share."""
    lock, end = output / LOCK, time.monotonic() + LOCK_SECONDS
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            if time.monotonic() > end:
                raise OSError(
                    f"{lock} is there: another call seems to write {output / MANIFEST}, and has not ended for "
                    f"{LOCK_SECONDS} seconds. If none is running, delete that file."
                ) from None
            time.sleep(0.02)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _report(outcome, output, say):
    for note in outcome.notes:
        say(note)
    if outcome.done:
        one = len(outcome.done) == 1
        say(f"Colorized: {outcome.done[0].target}" if one else f"{len(outcome.done)} photographs colorized: {output}")
    if outcome.skipped:
        listed = "\n  ".join(str(job.target) for job in outcome.skipped)
        say(f"{len(outcome.skipped)} passed over, since they exist (--overwrite True replaces them):\n  {listed}")
    if outcome.failed:
        say(f"{len(outcome.failed)} not colorized:\n  " + "\n  ".join(reason for _, reason in outcome.failed))
