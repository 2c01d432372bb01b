"""Which files become which: inputs on a command line -> jobs, each with its output.

Reads folders and names; of a picture nothing here is read. Imports `serving.photos` for its settings, and
the room `files`.
"""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path

from colorgan.files import reading, suffixes, walk
from colorgan.serving.photos import Settings


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


def find(inputs, *, outside: Path | None = None) -> list[tuple[Path, Path]]:
    """The photographs and films that files, folders (recursive) and globs name.

    Args:
        inputs: paths or patterns (`*`, `?`, `[...]`, `**`). A pattern's structure is kept below its fixed part.
        outside: a folder that is passed over where it lies below an input: results of an earlier call.

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
        below = {hit / name for hit in hits if hit.is_dir() for name in walk.listing(hit, strict=False)[0]}
        inside = {one for one in (*hits, *below) if _is_wanted(one)}
        # Only where it lies below: the photographs of a folder above or beside it are no results of ours.
        if outside is not None and fixed.resolve() in outside.resolve().parents:
            inside = {p for p in inside if outside.resolve() not in p.resolve().parents}
        if not inside:
            known = f"({', '.join(sorted(suffixes.PICTURES))}) and no film ({', '.join(sorted(suffixes.FILMS))})"
            there = pattern or path.exists()
            raise FileNotFoundError(f"{given} {f'holds no photograph {known}' if there else 'is not there'}")
        for one in sorted(inside):
            found.setdefault(one.resolve(), (one, one.relative_to(fixed)))
    return list(found.values())


def _is_wanted(path):
    return (suffixes.is_picture(path) or suffixes.is_film(path)) and not path.name.startswith(".") and path.is_file()


def jobs(inputs, output: Path, settings: Settings) -> list[Job]:
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
    planned = [Job(source, target(below, output, settings)) for source, below in found]
    names, taken = [below.name for _, below in found], {}
    for job, name in sorted(zip(planned, names, strict=True), key=lambda pair: pair[0].target.name != pair[1]):
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
    for job in planned:
        if job.target.resolve() in originals:
            raise ValueError(f"{job.source} would be written over {job.target}. Choose another --output.")
    return planned


def target(below: Path, output: Path, settings: Settings) -> Path:
    """-> the file that a photograph or film at a place below the inputs becomes."""
    if suffixes.is_film(below):
        return output / below
    return output / below.with_suffix(_suffix(below.suffix, settings.format))


def _suffix(own, wanted):
    """The suffix of an output: the input's, spelled as it is, where that is the format that is wanted."""
    if not wanted:
        return own if own.lower() in suffixes.PICTURES else ".png"
    spellings = suffixes.FORMATS[wanted]
    return own if own.lower() in spellings else spellings[0]


def missing(inputs, output: Path) -> dict[str, str]:
    """-> {input: reason} of the inputs that name nothing.

    Raises:
        FileNotFoundError: if none names anything.
    """
    reasons = {}
    for one in inputs:
        try:
            find([one], outside=output)
        except FileNotFoundError as error:
            reasons[one] = str(error)
    if len(reasons) == len(set(inputs)):
        raise FileNotFoundError("; ".join(reasons.values()))
    return reasons
