"""Which files become which: inputs on a command line -> jobs, each with its output.

Reads folders and names; of a picture nothing here is read. Imports `serving.photos` for its settings, and
the room `files`.
"""

from __future__ import annotations

import glob
import itertools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from colorgan.files import kinds, reading, suffixes, walk
from colorgan.files.films import containers
from colorgan.serving.photos import Settings


@dataclass(eq=False)
class Job:
    """One photograph, or film, on its way."""

    source: Path
    target: Path  # the file that is written
    problem: str = ""  # why it is not
    notes: list[str] = field(default_factory=list)  # what there is to say of it
    entry: dict | None = None  # what the manifest says of it, once it is written
    seconds: float = 0.0  # spent on it: reading, its share of the forward pass, writing
    megapixels: float = 0.0  # as its header states them
    # What there is of it between reading and writing: pixels, [h, w, 3] uint8 working picture, [h, w, 2] prediction.
    photograph: reading.Photograph | None = None
    small: np.ndarray | None = None
    ab: np.ndarray | None = None
    # What is written beside it: variants, and a map of doubt, with what there is of each until then.
    variants: dict[Path, np.ndarray | None] = field(default_factory=dict)
    doubt: dict[Path, np.ndarray | None] = field(default_factory=dict)

    @property
    def targets(self) -> list[Path]:
        """All files that are written."""
        return [self.target, *self.variants, *self.doubt]

    def beside(self, variants: int, doubt: bool) -> None:
        """Name what is written beside it: `photo-variant-2.jpg` and so on, and `photo.jpg-doubt.png`."""
        names = [self.target.with_stem(f"{self.target.stem}-variant-{i}") for i in range(2, variants + 1)]
        self.variants = dict.fromkeys(names)
        self.doubt = dict.fromkeys([self.target.with_name(f"{self.target.name}-doubt.png")] if doubt else [])

    def fail(self, reason: str) -> None:
        """Note why it failed."""
        self.problem = reason if str(self.source) in reason else f"{self.source}: {reason}"


def find(inputs, *, outside: Path | None = None) -> tuple[list[tuple[Path, Path]], dict]:
    """The photographs and films that files, folders (recursive) and globs name.

    Args:
        inputs: paths or patterns (`*`, `?`, `[...]`, `**`). A pattern's structure is kept below its fixed part.
        outside: a folder that is passed over where it lies below an input: results of an earlier call.

    Returns:
        found: [(path, its path below the given folder, or its name)], each file once.
        missing: {input: why it names none}.

    Raises:
        FileNotFoundError: if no input names any.
    """
    found, missing = {}, {}
    for given in inputs:
        path = Path(given)
        named = {path: path.parent} if path.is_file() else _inside(path, outside)
        if not named:
            known = f"({', '.join(sorted(suffixes.PICTURES))}) and no film ({', '.join(sorted(suffixes.FILMS))})"
            there = path.exists() or glob.has_magic(str(given))
            missing[given] = f"{given} {f'holds no photograph {known}' if there else 'is not there'}"
        for one in sorted(named):
            found.setdefault(one.resolve(), (one, one.relative_to(named[one])))
    if not found:
        raise FileNotFoundError("; ".join(missing.values()))
    return list(found.values()), missing


def _inside(path, outside):
    """-> {file: the folder that its place is kept below} of a folder or a pattern."""
    folder, hits = path, [path]
    if glob.has_magic(str(path)) and not path.exists():
        folder = Path(*itertools.takewhile(lambda part: not glob.has_magic(part), path.parts))
        hits = [Path(hit) for hit in glob.glob(str(path), recursive=True)]
    below = [hit / name for hit in hits for name in walk.listing(hit, strict=False)[0]]
    # Only where it lies below: the photographs of a folder above or beside it are no results of ours.
    passed = outside.resolve() if outside and folder.resolve() in outside.resolve().parents else None
    return {one: folder for one in (*hits, *below) if _is_wanted(one) and passed not in one.resolve().parents}


def _is_wanted(path):
    return (suffixes.is_picture(path) or suffixes.is_film(path)) and not path.name.startswith(".") and path.is_file()


def jobs(inputs, output: Path, settings: Settings, *, variants: int = 1, doubt: bool = False) -> list[Job]:
    """Which file becomes which, and what is written beside it, `Job.beside`.

    Where `--format` would give one name to several, s.jpg and s.png as PNG, the one that is of the format has it, else
    the first; the others keep their suffix in their names, s.jpg.png, with a note.

    Without `--format` a photograph keeps its suffix, and becomes PNG where it is of a kind that is only read; a film
    likewise becomes Matroska.

    Returns:
        The jobs, in the order of `find`. Where two still have one output the later one has a `problem`, and so has an
        input that names nothing.

    Raises:
        FileNotFoundError: see `find`.
        ValueError: if an output is an input.
    """
    found, missing = find(inputs, outside=output)
    planned = [Job(source, target(below, output, settings, is_film=kinds.is_film(source))) for source, below in found]
    names, taken = [below.name for _, below in found], {}
    for job, name in sorted(zip(planned, names, strict=True), key=lambda pair: pair[0].target.name != pair[1]):
        # Two names that differ in case are one file on some systems.
        other = taken.setdefault(str(job.target).lower(), job)
        if other is not job and job.target.name != name:
            job.target = job.target.with_name(name + job.target.suffix)
            job.notes.append(f"{job.source} becomes {job.target}, since the shorter name is another's")
            other = taken.setdefault(str(job.target).lower(), job)
        if other is not job:
            job.problem = (
                f"{other.source} and {job.source} would both become {job.target}. Give the folder above them instead "
                "of the files, or use several calls with outputs of their own."
            )
    for job in planned:
        job.beside(variants, doubt)
        for one in job.targets[1:]:
            if (other := taken.setdefault(str(one).lower(), job)) is not job:
                job.problem = job.problem or f"{other.source} becomes {one}, which {job.source} needs for more results."
    originals = {source.resolve() for source, _ in found}
    for job in planned:
        for one in job.targets:
            if one.resolve() in originals:
                raise ValueError(f"{job.source} would be written over {one}. Choose another --output.")
    return [*(Job(Path(given), output, problem=reason) for given, reason in missing.items()), *planned]


def target(below: Path, output: Path, settings: Settings, *, is_film: bool = False) -> Path:
    """-> the file that a photograph or film at a place below the inputs becomes."""
    if is_film:
        return output / below.with_suffix(containers.suffix(below))
    # The suffix is spelled as the input's where that is of the format that is wanted.
    spellings = suffixes.FORMATS[settings.format] if settings.format else suffixes.WRITTEN
    if suffixes.of(below) in spellings:
        return output / below
    return output / below.with_suffix(spellings[0] if settings.format else ".png")
