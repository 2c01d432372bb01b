"""Finding the files of inputs: files, folders, patterns and URLs, folder by folder.

It lists folders, and opens only files that are not photographs or films by name, to see whether they are by content.
Imports the room `files`.
"""

from __future__ import annotations

import fnmatch
import glob
import itertools
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from colorgan.files import kinds, remote, suffixes, walk
from colorgan.files.remote import Url

NAMED = 10  # files in a message
_SCRIPTS = (".ts", ".mts")  # also suffixes of TypeScript
# Formats that are read under any name; others must be converted first.
_READ = {"JPEG", "PNG", "GIF", "WebP", "BMP", "JPEG 2000", "JPEG XL", "HEIC", "AVIF", "PNM", "TIFF or camera raw"}


@dataclass
class Group:
    """Files of one folder, in the order of their names; or files given by name."""

    folder: Path | Url
    below: Path  # its path relative to the input folder, or to a pattern's fixed part
    names: list[str]  # of photographs and films, or their paths if given by name
    others: list[str] = field(default_factory=list)  # names of all other files
    unread: dict[Url, str] = field(default_factory=dict)  # folders and films by URL that cannot be read, and why

    def place(self, name: str | Url) -> tuple[Path | Url, Path]:
        """-> a file's path or URL, and its path relative to the input."""
        return (name if isinstance(name, Url) else self.folder / name), self.below / os.path.basename(name)


def groups(inputs, *, without: Path | None = None) -> Iterator[Group]:
    """-> the photographs and films of files, folders (recursive) and patterns; memory is that of one folder.

    A file that two inputs name comes twice. Names that begin with a dot are skipped, unless given by name. Links are
    followed, see `walk.folders`.

    Args:
        inputs: paths, URLs, or patterns of either (`*`, `?`, `[...]`, `**`). A file given by name is taken under any
            name.
        without: a folder to skip in an input: results of an earlier call.

    Raises:
        OSError: if a URL cannot be examined.
    """
    places, beside = (remote.place(one) for one in inputs), without
    if isinstance(without, Url):
        own = remote.key(without)
        beside = Path(own) if os.path.isabs(own) else None  # local:///scans is the path /scans
    for are_files, some in itertools.groupby(places, remote.is_file):
        if are_files:
            yield Group(Path(), Path(), [one if isinstance(one, Url) else str(one) for one in some])
            continue
        for place in some:
            if isinstance(place, Url):
                yield from _by_url(place, without)
            else:
                yield from _matching(place, beside) if is_pattern(place) else _inside(place, place, beside)


def is_pattern(given) -> bool:
    """-> whether an input is a pattern, not a file or folder with such a name."""
    place = remote.place(given)
    is_there = remote.exists if isinstance(place, Url) else os.path.lexists
    return glob.has_magic(str(place)) and not is_there(place)


def fixed_part(pattern) -> Path | Url:
    """-> the folder that contains a pattern's matches."""
    place = remote.place(pattern)
    path = place.path if isinstance(place, Url) else place
    path = type(path)(*itertools.takewhile(lambda part: not glob.has_magic(part), path.parts))
    return Url(place.scheme, path) if isinstance(place, Url) else path


def _by_url(given, without):
    """-> the files of a folder's URL or a URL pattern, as for paths, but in one pass, because listings take time."""
    base, wanted = (fixed_part(given), None) if is_pattern(given) else (given, None)
    if base != given:
        wanted = given.relative_to(base).parts
    whole = set()  # matching folders, with all their contents
    results = None if without is None else remote.key(without)
    for folder, names, inner, problem in remote.folders(base) if remote.exists(base) else ():
        parts = folder.relative_to(base).parts
        if wanted is not None and folder.parent not in whole and not (parts and _fits(parts, wanted)):
            inner[:] = [name for name in inner if _may_lead(parts + (name,), wanted)]
            names = [name for name in names if _fits(parts + (name,), wanted)]
        elif wanted is not None:
            whole.add(folder)
        if results is not None and remote.key(folder) != results:
            inner[:] = [name for name in inner if remote.key(folder / name) != results]
        group = _sorted_out(folder, Path(*parts), names)
        group.unread |= {folder: problem} if problem else {}
        yield group


def _fits(parts, wanted):
    """-> whether a path matches a pattern, both split into parts."""
    if not wanted or wanted[0] == "**":
        return not parts if not wanted else any(_fits(parts[i:], wanted[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], wanted[0]) and _fits(parts[1:], wanted[1:])


def _may_lead(parts, wanted):
    """-> whether a folder can match, or contain matches."""
    if "**" in wanted[: len(parts)]:
        return True
    return len(parts) <= len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def _inside(root, base, without):
    for folder, names, _ in walk.folders(root, strict=False, without=without):
        place = root / folder
        yield _sorted_out(place, place.relative_to(base), names)


def _matching(pattern, without):
    """-> the matches of a pattern: whole folders first, then files outside these."""
    base, whole, seen = fixed_part(pattern), set(), set()
    # Only if it lies inside: photographs of other folders are not our results.
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
            try:
                if suffixes.of(name) in _SCRIPTS and kinds.of(path) != kinds.FILM:
                    continue
            except OSError as error:
                group.unread[path] = str(error)
                continue
            if isinstance(path, Url) or _is_file(path):  # for a URL the listing has told
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
    """Files with a photograph or film under another name: counted, the first are named."""

    def __init__(self):
        self.count, self.formats, self.named = 0, Counter(), []
        self.unread, self.reason = 0, ""  # files by URL that could not be opened, and why not the first

    def look(self, group: Group) -> None:
        """Open a group's other files."""
        for name in group.others:
            path = group.folder / name
            try:
                if (isinstance(path, Url) or _is_file(path)) and (called := kinds.name(path)):
                    self.formats[called, kinds.of(path)] += 1
                    self.count += 1
                    if len(self.named) < NAMED:
                        self.named.append(f"{path} ({called})")
            except OSError as error:
                self.unread, self.reason = self.unread + 1, self.reason or str(error)

    def __str__(self) -> str:
        """Sentences with a remedy; empty if there are none."""
        unread = f"{self.unread:,} without a known suffix could not be read; the first: {self.reason}. "
        return f"{unread if self.unread else ''}{self._known()}".strip()

    def _known(self):
        if not self.count:
            return ""
        one = self.count == 1
        more = f" and {self.count - len(self.named):,} more" if self.count > len(self.named) else ""
        text = f"{self.count:,} skipped, because {'its name does' if one else 'their names do'} not tell what "
        text += f"{'it is' if one else 'they are'}: {', '.join(self.named)}{more}."
        known = [name for name, kind in self.formats if kind == kinds.FILM or name in _READ]
        foreign = sorted({name for name, _ in self.formats} - set(known))
        if known:
            text += " Give such a file by name, or a suffix that says what it is."
        if foreign:
            text += f" {', '.join(foreign)}: convert to TIFF or PNG first."
        return text
