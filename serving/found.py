"""Which files are meant: what files, folders and patterns on a command line name, one folder after the other.

Lists folders, and opens only what is no photograph or film by its name, to tell whether it is one in truth. Imports the
room `files`.
"""

from __future__ import annotations

import glob
import itertools
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from colorgan.files import kinds, suffixes, walk

NAMED = 10  # files that a message names
_SCRIPTS = (".ts", ".mts")  # also the ends of TypeScript's names
# What Pillow and the reader of films know, whatever the file is called; the rest is to be converted first.
_READ = {"JPEG", "PNG", "GIF", "WebP", "BMP", "JPEG 2000", "JPEG XL", "HEIC", "AVIF", "PNM", "TIFF or camera raw"}


@dataclass
class Group:
    """Files of one folder, in the order of their names; or those that are given by name."""

    folder: Path
    below: Path  # where it lies below the folder that was given, or below a pattern's fixed part
    names: list[str]  # of photographs and films, or their paths where they are given by name
    others: list[str] = field(default_factory=list)  # names of all other files

    def place(self, name: str) -> tuple[Path, Path]:
        """-> a file's path, and its place below what was given."""
        return self.folder / name, self.below / os.path.basename(name)


def groups(inputs, *, without: Path | None = None) -> Iterator[Group]:
    """The photographs and films that files, folders (recursive) and patterns name; memory is that of one folder.

    A file that two inputs name comes twice. Names that begin with a dot are passed over, unless given by name; links
    are followed, see `walk.folders`.

    Args:
        inputs: paths or patterns (`*`, `?`, `[...]`, `**`). A file that is given by name is taken whatever its name.
        without: a folder that is passed over where it lies below an input: results of an earlier call.
    """
    for are_files, some in itertools.groupby(map(str, inputs), os.path.isfile):
        if are_files:
            yield Group(Path(), Path(), list(some))
            continue
        for given in some:
            path = Path(given)
            yield from _matching(path, without) if is_pattern(given) else _inside(path, path, without)


def is_pattern(given) -> bool:
    """-> whether an input is a pattern, and not a file or folder that has such a name."""
    return glob.has_magic(str(given)) and not os.path.lexists(given)


def fixed_part(pattern) -> Path:
    """-> the folder that a pattern's matches lie below."""
    return Path(*itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))


def _inside(root, base, without):
    for folder, names, _ in walk.folders(root, strict=False, without=without):
        place = root / folder
        yield _sorted_out(place, place.relative_to(base), names)


def _matching(pattern, without):
    """What a pattern matches: whole folders first, then files that lie in none of these."""
    base, whole, seen = fixed_part(pattern), set(), set()
    # Only where it lies below: the photographs of a folder above or beside it are no results of ours.
    results = without.resolve() if without and base.resolve() in without.resolve().parents else None
    for hit in glob.iglob(str(pattern), recursive=True):
        if os.path.isdir(hit) and not _lies_in(Path(hit), results):
            whole.add(Path(hit))
    for folder in sorted(one for one in whole if not whole.intersection(one.parents)):
        yield from _inside(folder, base, results)
    for folder, hits in itertools.groupby(glob.iglob(str(pattern), recursive=True), os.path.dirname):
        place = Path(folder)
        if place in seen or place in whole or whole.intersection(place.parents):
            continue
        seen.add(place)
        if not _lies_in(place, results):
            names = sorted(os.path.basename(hit) for hit in hits)
            yield _sorted_out(place, place.relative_to(base), [name for name in names if not name.startswith(".")])


def _lies_in(place, folder):
    return folder is not None and folder in (place.resolve(), *place.resolve().parents)


def _sorted_out(place, below, names):
    group = Group(place, below, [])
    for name in names:
        if suffixes.is_picture(name) or suffixes.is_film(name):
            path = place / name
            if suffixes.of(name) in _SCRIPTS and kinds.of(path) != kinds.FILM:
                continue
            if _is_file(path):
                group.names.append(name)
        else:
            group.others.append(name)
    return group


def _is_file(path):
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:  # a link to nothing
        return False


class PassedOver:
    """What looks like a photograph or film by its content, and is not taken for its name: counted, the first named."""

    def __init__(self):
        self.count, self.formats, self.named = 0, Counter(), []

    def look(self, group: Group) -> None:
        """Open a group's other files."""
        for name in group.others:
            path = group.folder / name
            if _is_file(path) and (called := kinds.name(path)):
                self.count += 1
                self.formats[called, kinds.of(path)] += 1
                if len(self.named) < NAMED:
                    self.named.append(f"{path} ({called})")

    def __str__(self) -> str:
        """In words, with what would help; empty if there are none."""
        if not self.count:
            return ""
        one = self.count == 1
        more = f" and {self.count - len(self.named):,} more" if self.count > len(self.named) else ""
        text = f"{self.count:,} passed over, since {'its name does' if one else 'their names do'} not say what "
        text += f"{'it is' if one else 'they are'}: {', '.join(self.named)}{more}."
        known = [name for name, kind in self.formats if kind == kinds.FILM or name in _READ]
        foreign = sorted({name for name, _ in self.formats} - set(known))
        if known:
            text += " Give such a file by name, or a suffix that says what it is."
        if foreign:
            text += f" {', '.join(foreign)}: convert to TIFF or PNG first."
        return text
