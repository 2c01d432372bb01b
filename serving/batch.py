"""Many photographs: which, where to, and in what order, so that the network never waits for a disk.

Owns the plan (inputs -> outputs), the pipeline of reading, predicting and writing, and the manifest. Imports
`serving.photos`, `serving.reading` and `serving.writing`.
"""

from __future__ import annotations

import collections
import concurrent.futures as futures
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

from colorgan.serving import photos, reading, writing
from colorgan.serving.photos import Settings

MANIFEST = "manifest.json"
BATCH = 8  # pictures in a forward pass
THREADS = max(2, min(os.cpu_count() or 1, 8))  # that read and write while the network runs
IN_FLIGHT = 4 * BATCH  # pictures between reading and writing ...
IN_FLIGHT_MEGAPIXELS = 48  # ... and how large they may be together; one may always be


@dataclass
class Job:
    """One photograph on its way.

    Attributes:
        source: its file.
        target: the file that is written.
        megapixels: as its header states them.
        photograph, small: what reading leaves: it and its [h, w, 3] uint8 working picture.
        seconds: spent on it: reading, its share of the forward pass, writing.
    """

    source: Path
    target: Path
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


def find(inputs, *, outside: Path | None = None) -> list[tuple[Path, Path]]:
    """The photographs that files, folders (recursive) and globs name.

    Args:
        inputs: paths or patterns (`*`, `?`, `[...]`, `**`). A pattern's structure is kept below its fixed part.
        outside: a folder that is passed over, unless it is an input itself: results of an earlier call.

    Returns:
        [(path, its path below the given folder, or its name)], each file once.

    Raises:
        FileNotFoundError: if an input does not exist, or a folder or pattern holds no photograph.
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
        inside = {p for hit in hits if hit.is_dir() for p in hit.rglob("*") if _is_photograph(p)}
        inside |= {hit for hit in hits if _is_photograph(hit)}
        if outside is not None and outside.resolve() != fixed.resolve():
            inside = {p for p in inside if outside.resolve() not in p.resolve().parents}
        if not inside:
            known = ", ".join(sorted(reading.SUFFIXES))
            there = pattern or path.exists()
            raise FileNotFoundError(f"{given} {f'holds no photograph ({known})' if there else 'is not there'}")
        for one in sorted(inside):
            found.setdefault(one.resolve(), (one, one.relative_to(fixed)))
    return list(found.values())


def _is_photograph(path):
    # Names with a dot in front are unfinished outputs, and other systems' notes beside a picture.
    return path.suffix.lower() in reading.SUFFIXES and not path.name.startswith(".") and path.is_file()


def plan(inputs, output: Path, settings: Settings) -> list[Job]:
    """Which file becomes which.

    Args:
        inputs: see `find`.
        output: folder for the results.
        settings: `format` says the outputs' suffix; without it each has its input's, and PNG for a kind that is only
            read.

    Raises:
        FileNotFoundError: see `find`.
        ValueError: if two inputs have one output, or an output is an input.
    """
    jobs, sources = {}, find(inputs, outside=output)
    for source, below in sources:
        suffix = _suffix(below.suffix, settings.format)
        target = output / below.with_suffix(suffix)
        # Two names that differ in case are one file on some systems.
        other = jobs.setdefault(str(target).lower(), Job(source, target))
        if other.source is not source:
            raise ValueError(
                f"{other.source} and {source} would both become {target}. Give the folder above them instead of the "
                "files, or use several calls with outputs of their own."
            )
    originals = {source.resolve() for source, _ in sources}
    for job in jobs.values():
        if job.target.resolve() in originals:
            raise ValueError(f"{job.source} would be written over {job.target}. Choose another --output.")
    return list(jobs.values())


def _suffix(own, wanted):
    """The suffix of an output: the input's, spelled as it is, where that is the format that is wanted."""
    if not wanted:
        return own if own.lower() in reading.SUFFIXES else ".png"
    spellings = {"jpg": (".jpg", ".jpeg"), "tiff": (".tif", ".tiff")}.get(wanted, (writing.FORMATS[wanted],))
    return own if own.lower() in spellings else writing.FORMATS[wanted]


def colorize_files(
    colorizer, inputs, output: Path, *, settings: Settings, overwrite: bool = False, weights_sha256="", say=print
) -> int:
    """Colorize files into a folder; one bad file does not stop the others.

    Args:
        colorizer: anything with `Colorizer.predict_lab`.
        inputs: files, folders and globs; see `find`.
        output: folder for the results and `manifest.json`; the structure below a given folder is kept.
        settings: how.
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
    missing = _missing(inputs)
    jobs = plan([one for one in inputs if one not in missing], output, settings)
    _check_writable(output)
    earlier = recorded(output)
    if getattr(colorizer, "color_space", "lab") == "rgb":
        say("The weights predict RGB: each photograph's own lightness is put back.")
    outcome, todo = Outcome(failed=[(Job(Path(one), output), reason) for one, reason in missing.items()]), []
    for job in jobs:
        (outcome.skipped if job.target.exists() and not overwrite else todo).append(job)
    try:
        with reading.large_pictures(settings.max_megapixels), tqdm(total=len(todo), unit="photo", disable=None) as bar:
            _run(colorizer, todo, settings, outcome, bar)
    finally:  # what was done before an interruption is on record
        record(
            output, earlier, [_entry(job, output, settings, weights_sha256) for job in outcome.done], outcome.reasons
        )
    _report(outcome, say)
    return 1 if outcome.failed else 0


def _missing(inputs) -> dict:
    """-> {input: reason} of those that name nothing; raises the reason where no input names anything."""
    missing = {}
    for one in inputs:
        try:
            find([one])
        except FileNotFoundError as error:
            missing[one] = str(error)
    if len(missing) == len(inputs):
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
                if len(group) >= BATCH or (group and not reads):
                    now = group[:BATCH]
                    del group[:BATCH]
                    for job, ab in zip(now, _predict(colorizer, now, settings), strict=True):
                        writes[pool.submit(_write, job, ab, settings, threads)] = job
                else:
                    futures.wait([*reads, *writes], return_when=futures.FIRST_COMPLETED)
                ready = {shape: jobs for shape, jobs in ready.items() if jobs}
                for job in _collect(reads, outcome, bar):
                    ready.setdefault(job.small.shape, []).append(job)
                for job in _collect(writes, outcome, bar):
                    outcome.done.append(job)
                    outcome.notes += [f"{job.source}: {note}" for note in job.photograph.notes]
                    job.photograph = job.small = None
                    bar.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _has_room(job, reads, writes, ready):
    """Whether a picture may be read beside those on their way; one always may."""
    flying = [*reads.values(), *writes.values(), *(one for jobs in ready.values() for one in jobs)]
    if not flying:
        return True
    job.megapixels = job.megapixels or reading.megapixels(job.source)
    return (
        len(reads) < BATCH
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
            reason = str(error) or type(error).__name__
            outcome.failed.append((job, reason if str(job.source) in reason else f"{job.source}: {reason}"))
            job.photograph = job.small = None
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


def _predict(colorizer, jobs, settings):
    start = time.perf_counter()
    pictures = np.stack([job.small for job in jobs])
    ab = photos.predict_ab(colorizer, pictures, chroma_gain=settings.chroma_gain, flip=settings.flip)
    for job in jobs:
        job.seconds += (time.perf_counter() - start) / len(jobs)
    return ab


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


def failures(output: Path) -> list[dict]:
    """-> the failures of the last call that wrote a folder's manifest."""
    path = output / MANIFEST
    return json.loads(path.read_text(encoding="utf-8"))["failed"] if path.exists() else []


def record(output: Path, earlier: dict, done: list[dict], failed: list[dict]) -> None:
    """Write the manifest: what each output was made from, and how.

    Args:
        output: the folder.
        earlier: see `recorded`; these entries stay unless their output is made anew.
        done: entries, each with its `output`, a path below the folder.
        failed: {"input", "reason"} of each input that gave none.
    """
    entries = {**earlier, **{entry["output"]: entry for entry in done}}
    content = {"photographs": [entries[name] for name in sorted(entries)], "failed": failed}
    temporary = output / f".{os.getpid()}.{MANIFEST}"
    temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(output / MANIFEST)


def _report(outcome, say):
    for note in outcome.notes:
        say(note)
    if outcome.skipped:
        listed = "\n  ".join(str(job.target) for job in outcome.skipped)
        say(f"{len(outcome.skipped)} passed over, since they exist (--overwrite True replaces them):\n  {listed}")
    if outcome.failed:
        say(f"{len(outcome.failed)} not colorized:\n  " + "\n  ".join(reason for _, reason in outcome.failed))
