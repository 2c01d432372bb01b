"""Inputs and outputs: inputs on a command line -> jobs, each with its output.

Reads folders and names, by path or by URL, but no photographs. Imports `serving.found`, `serving.photos` for its
settings, and the room `files`.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import sqlite3
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from colorgan.files import kinds, reading, remote, suffixes
from colorgan.files.films import containers
from colorgan.files.remote import Url
from colorgan.serving import found, photos
from colorgan.serving.photos import Settings

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)  # errors of a full disk or quota
ALL = (1, 1)  # all files: share 1 of 1
MEMORY_KB = 65536  # most memory for the names of outputs; more go into a temporary file


@dataclass(eq=False)
class Job:
    """A photograph or film to colorize."""

    source: Path | Url
    target: Path | Url  # the file to write
    name: str = ""  # its path below the output folder, with slashes
    is_film: bool = False
    problem: str = ""  # why it failed
    full: bool = False  # whether the disk is full
    seen: bool = True  # whether its worker sees the source
    stopped: bool = False  # whether it was stopped in the middle and its finished part is kept
    notes: list[str] = field(default_factory=list)  # notes on it
    made: dict = field(default_factory=dict)  # values for the manifest besides the settings, when it is made
    seconds: float | None = 0.0  # spent on it: reading, its share of the forward pass, writing; None: unknown
    megapixels: float = 0.0  # from its header
    # Intermediate values until it is written: a copy of a URL's file, pixels, [h, w, 3] uint8 working picture, [h, w,
    # 2] prediction.
    copy: Path | None = None
    photograph: reading.Photograph | None = None
    small: np.ndarray | None = None
    ab: np.ndarray | None = None
    # Further files: variants and a map of doubt, with their intermediate values.
    variants: dict[Path | Url, np.ndarray | None] = field(default_factory=dict)
    doubt: dict[Path | Url, np.ndarray | None] = field(default_factory=dict)

    @property
    def targets(self) -> list[Path | Url]:
        """All files to write."""
        return [self.target, *self.variants, *self.doubt]

    def beside(self, variants: int, doubt: bool) -> None:
        """Name its further files: `photo-variant-2.jpg` and so on, and `photo.jpg-doubt.png`."""
        names = [self.target.with_stem(f"{self.target.stem}-variant-{i}") for i in range(2, variants + 1)]
        self.variants = dict.fromkeys(names)
        self.doubt = dict.fromkeys([self.target.with_name(f"{self.target.name}-doubt.png")] if doubt else [])

    def fail(self, error: Exception | str) -> None:
        """Note why it failed."""
        reason = error if isinstance(error, str) else photos.reason(error)
        self.problem = reason if str(self.source) in reason else f"{self.source}: {reason}"
        causes = (error, getattr(error, "__cause__", None))  # films' errors name the target, and have this cause
        self.full = any(getattr(one, "errno", None) in NO_ROOM for one in causes)


class Plan:
    """Iterates over jobs: inputs with their outputs and further files. It can be repeated.

    If `--format` would give several files one name, such as s.jpg and s.png as PNG, the file of that format gets it,
    otherwise the first. The others keep their suffix in the name, s.jpg.png, with a note. Without `--format` a
    photograph keeps its suffix, or becomes PNG if its format is only read; a film likewise becomes Matroska. If two
    files still have one output, the later has a `problem`. So has an input that matches nothing, and a folder by URL
    that cannot be read. A file comes once, even if several inputs name it.

    Memory is that of the largest folder: many names of outputs go into a temporary file.

    Args:
        inputs: files, folders and patterns, by path or URL; see `found.groups`.
        output: folder for the results, a path or a URL; skipped if it lies in an input.
        settings: only `format` is used.
        variants, doubt: see `Job.beside`.
        shard: (i, n): only the i-th of n shares of the files, counted from 1. A file is in the same share everywhere.

    Attributes:
        passed_over: files of the last pass skipped because of their names, a `found.PassedOver`.

    Raises:
        FileNotFoundError: if no input names a photograph or film.
        ValueError: if an output is an input, or a URL holds a password.
        OSError: if a URL cannot be read.
    """

    def __init__(self, inputs, output, settings: Settings, *, variants: int = 1, doubt: bool = False, shard=ALL):
        self.inputs, self.output, self.settings, self.shard = list(inputs), remote.place(output), settings, shard
        self.variants, self.doubt, self.passed_over = variants, doubt, found.PassedOver()
        self._missing = {given: reason for given in self.inputs if (reason := _why_missing(given, self.output))}
        if len(self._missing) == len(set(self.inputs)):
            raise FileNotFoundError("; ".join(self._missing.values()))
        self._overlaps = any(_lies_in(given, self.output) for given in self.inputs)
        if self._overlaps:
            self._check_originals()

    def sources(self) -> Iterator[Path | Url]:
        """-> the photographs and films; a file that several inputs name can come several times."""
        for group in found.groups(self.inputs, without=self.output):
            places = map(group.place, group.names)
            yield from (source for source, below in places if _is_of(self.shard, below))

    def __iter__(self) -> Iterator[Job]:
        """-> a pass over the jobs."""
        self.passed_over = found.PassedOver()
        for given, reason in self._missing.items():
            yield Job(remote.place(given), self.output, problem=reason)
        with contextlib.closing(_Taken()) as taken:
            for group in found.groups(self.inputs, without=self.output):
                self.passed_over.look(group)
                for place, reason in group.unread.items():
                    if taken.add_source(remote.key(place)):  # in every share: a folder has files of all
                        yield Job(place, self.output, problem=reason)
                yield from (job for job, below in self._jobs(group, taken) if _is_of(self.shard, below))

    def _jobs(self, group, taken):
        """-> the jobs of a group, each with its path relative to the input."""
        real = "" if isinstance(group.folder, Url) else os.path.realpath(group.folder)
        fresh = [name for name in group.names if self._is_new(group, name, real, taken)]
        films, problems = set(), {}
        for name in fresh:
            try:
                films |= {name} if kinds.is_film(group.place(name)[0]) else set()
            except OSError as error:
                problems[name] = str(error)
        places = {
            name: target(group.place(name)[1], self.output, self.settings, is_film=name in films) for name in fresh
        }
        others = {}  # files whose outputs are taken: the owners of the outputs
        for name in sorted(fresh, key=lambda name: places[name].name != os.path.basename(name)):
            source, below = group.place(name)
            other = taken.take(places[name], source)
            if other and places[name].name != below.name:
                places[name] = places[name].with_name(below.name + places[name].suffix)
                other = taken.take(places[name], source)
            if other:
                others[name] = other
        for name in fresh:
            source, below = group.place(name)
            job = self._job(source, below, places.pop(name), others.get(name), taken)
            job.problem = problems.get(name, job.problem)
            job.is_film = name in films
            yield job, below

    def _is_new(self, group, name, real, taken):
        """Whether a file is new, and not a result of this pass; `real` is its folder's real path."""
        source, _ = group.place(name)
        if isinstance(source, Url):
            return taken.add_source(remote.key(source)) and not (self._overlaps and taken.has(source))
        path = os.path.join(real, name)
        if os.sep in name:
            path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        return taken.add_source(path) and not (self._overlaps and taken.has(Path(path)))

    def _job(self, source, below, place, other, taken):
        job = Job(source, place, name=place.relative_to(self.output).as_posix())
        job.beside(self.variants, self.doubt)
        if other:
            job.problem = (
                f"{other} and {source} would both become {place}. Give the folder above them instead of the files, or "
                "use separate calls with separate outputs."
            )
        elif reason := remote.unusable(source) or remote.unusable(place):
            job.problem = reason
        elif below.suffix and place.name == below.name + place.suffix:
            job.notes.append(f"{source} becomes {place}, because another file has the shorter name")
        for one in job.targets[1:]:
            if other := taken.take(one, source):
                job.problem = job.problem or f"{other} becomes {one}, which {source} needs for more results."
        return job

    def _check_originals(self):
        """Two passes: every source, then every target."""
        with contextlib.closing(_Taken()) as taken, contextlib.closing(_Taken()) as again:
            for pass_over in (taken, again):
                for group in found.groups(self.inputs, without=self.output):
                    for job, _ in self._jobs(group, pass_over):
                        if pass_over is again:
                            _check_target(job, taken)


def _check_target(job, taken):
    for one in job.targets:
        if taken.has_source(remote.key(one)):
            raise ValueError(f"{job.source} would be written over {one}. Choose another --output.")


def target(below: Path, output: Path | Url, settings: Settings, *, is_film: bool = False) -> Path | Url:
    """-> the output of a photograph or film with this path relative to the inputs."""
    if is_film:
        return output / below.with_suffix(containers.suffix(below))
    # The suffix is spelled as the input's if it has the wanted format.
    spellings = suffixes.FORMATS[settings.format] if settings.format else suffixes.WRITTEN
    if suffixes.of(below) in spellings:
        return output / below
    return output / below.with_suffix(spellings[0] if settings.format else ".png")


def _is_of(shard, below):
    """Whether a file belongs to a share, by its path relative to the input folder."""
    index, count = shard
    text = unicodedata.normalize("NFC", below.as_posix())
    return zlib.crc32(os.fsencode(text)) % count == index - 1


def _why_missing(given, output):
    """-> why an input names no photograph or film; empty if it does."""
    if remote.is_file(remote.place(given)):
        return ""
    passed_over = found.PassedOver()
    for group in found.groups([given], without=output):
        if group.names or group.unread:
            return ""
        passed_over.look(group)
    if not (remote.exists(remote.place(given)) or found.is_pattern(given)):
        return f"{given} is not there"
    known = f"({', '.join(sorted(suffixes.PICTURES))}) and no film ({', '.join(sorted(suffixes.FILMS))})"
    return f"{given} holds no photograph {known}" + (f"; {told}" if (told := str(passed_over)) else "")


def _lies_in(given, output):
    """-> whether an input is a folder or lies in it, so a result could replace a source."""
    path = remote.place(given)
    place = path.parent if remote.is_file(path) else found.fixed_part(given) if found.is_pattern(given) else path
    return remote.lies_in(place, output)


class _Taken:
    """The outputs taken and the sources met in a pass; on a disk if they are many."""

    def __init__(self):
        self._database = sqlite3.connect("", isolation_level=None)
        self._do = self._database.execute
        self._do(f"PRAGMA cache_size = -{MEMORY_KB}")
        self._do("PRAGMA journal_mode = OFF")
        self._do("CREATE TABLE targets (key BLOB PRIMARY KEY, source BLOB) WITHOUT ROWID")
        self._do("CREATE TABLE sources (path BLOB PRIMARY KEY) WITHOUT ROWID")
        self._do("BEGIN")  # one transaction: a transaction for each name would take ten times as long

    def close(self):
        self._database.close()

    def take(self, path, source):
        """Give an output to a source. -> None, or the other source that has it."""
        key = _key(path)
        if self._do("INSERT OR IGNORE INTO targets VALUES (?, ?)", (key, os.fsencode(source))).rowcount:
            return None
        return os.fsdecode(self._do("SELECT source FROM targets WHERE key = ?", (key,)).fetchone()[0])

    def has(self, path):
        return self._do("SELECT 1 FROM targets WHERE key = ?", (_key(path),)).fetchone() is not None

    def add_source(self, path):
        """-> whether it is new."""
        return self._do("INSERT OR IGNORE INTO sources VALUES (?)", (os.fsencode(path),)).rowcount == 1

    def has_source(self, path):
        return self._do("SELECT 1 FROM sources WHERE path = ?", (os.fsencode(path),)).fetchone() is not None


def _key(path):
    """-> the key for comparing outputs: names that differ in case, or in Unicode's form, are one file on some
    systems."""
    place = remote.key(path) if isinstance(path, Url) else os.path.join(_real(path.parent), path.name)
    return os.fsencode(unicodedata.normalize("NFC", place).lower())


# A folder of results is asked for once for each of its files.
_real = functools.lru_cache(256)(os.path.realpath)
