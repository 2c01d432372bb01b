"""Files by URL, `s3://bucket/scans`, and by path, with the same functions for both.

Remote files are fetched into a temporary file, or written to a temporary file and uploaded whole. Paths work too,
without cost: fsspec is imported at the first URL. Imports `files.whole`.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from . import whole

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):///?")  # a single letter is a Windows drive
_SECRET = re.compile(r"^[^/]*:[^/]*@|\?.*=")  # user:password@host, and signatures behind a question mark
# File systems in which readers see a growing file, and a file can be replaced in one step. Object stores show only
# complete files.
_GROWING = {"arrow_hdfs", "file", "ftp", "hdfs", "local", "sftp", "smb", "ssh", "webhdfs"}
_MARKS = ("size", "ETag", "etag", "generation", "LastModified", "last_modified", "mtime", "created", "ino")


@dataclass(frozen=True)
class Url:
    """A URL with the name methods of `pathlib.Path`; `str` gives the URL."""

    scheme: str  # with its slashes: "s3://", "local:///"
    path: PurePosixPath

    def __str__(self) -> str:
        return self.scheme + (str(self.path) if self.path.parts else "")

    def __fspath__(self) -> str:
        return str(self)

    def __truediv__(self, below) -> Url:
        return Url(self.scheme, self.path / (below.as_posix() if isinstance(below, PurePath) else below))

    name = property(lambda self: self.path.name)
    stem = property(lambda self: self.path.stem)
    suffix = property(lambda self: self.path.suffix)
    parent = property(lambda self: Url(self.scheme, self.path.parent))

    def with_name(self, name: str) -> Url:
        """-> another file in its folder."""
        return Url(self.scheme, self.path.with_name(name))

    def with_stem(self, stem: str) -> Url:
        """-> another file in its folder, with the same suffix."""
        return Url(self.scheme, self.path.with_stem(stem))

    def relative_to(self, folder: Url) -> PurePosixPath:
        """-> its path relative to a folder; ValueError if it is not in the folder."""
        if not self.lies_in(folder):
            raise ValueError(f"{self} does not lie in {folder}")
        return self.path.relative_to(folder.path)

    def lies_in(self, folder) -> bool:
        """-> whether it is a folder or lies in it."""
        return isinstance(folder, Url) and folder.scheme == self.scheme and self.path.is_relative_to(folder.path)


def is_url(given) -> bool:
    """-> whether a text or a place is a URL other than of a local path."""
    return isinstance(given, Url) or (isinstance(given, str) and bool(_SCHEME.match(given)))


def place(given) -> Path | Url:
    """-> the place of a text: `s3://bucket/scans` is a URL; anything else, `file:///scans` too, is a path.

    Raises:
        ValueError: if it holds a password or a signature, because URLs are printed and recorded. The error does not
            repeat it.
    """
    found = _SCHEME.match(given) if isinstance(given, str) else None
    if not found:
        return given if isinstance(given, Url) else Path(given)
    rest = given[found.end() :]
    if _SECRET.search(rest):
        raise ValueError(
            f"{found[0]}...: URLs are printed and recorded, but this URL has a password or a signature. Leave it out, "
            "and give credentials by environment variables or ~/.config/fsspec, as in fsspec's documentation."
        )
    if found[1] == "file":
        return Path(given.removeprefix("file://"))
    return Url(found[0].lower(), PurePosixPath(rest))


def exists(place) -> bool:
    """-> whether a file or folder is there; OSError if that is unknown for a URL."""
    # Not `Path.exists`, which fails for long names.
    return _asked(place, "exists") if isinstance(place, Url) else os.path.exists(place)


def is_file(place) -> bool:
    """-> whether a file is there; errors as for `exists`."""
    return _asked(place, "isfile") if isinstance(place, Url) else os.path.isfile(place)


def state(place) -> tuple | None:
    """-> values that differ between a file and its replacement; None without a file. Errors as for `exists`."""
    if isinstance(place, Url):
        with contextlib.suppress(FileNotFoundError):
            return _state_of(_asked(place, "info"))
        return None
    try:
        status = os.stat(place)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def opened(place):
    """-> a file for reading bytes piecewise. Raises OSError."""
    return _asked(place, "open", "rb", block_size=2**16) if isinstance(place, Url) else open(place, "rb")


def remove(place) -> None:
    """Remove a file, if it is there. Raises OSError."""
    if isinstance(place, Url):
        with contextlib.suppress(FileNotFoundError):
            _asked(place, "rm_file")
    else:
        place.unlink(missing_ok=True)


def fetch(url: Url, folder: Path) -> Path:
    """-> a copy of a file in a new folder in `folder`, under its name. Raises OSError."""
    path = Path(tempfile.mkdtemp(dir=folder), url.name)
    _asked(url, "get_file", str(path))
    return path


@contextlib.contextmanager
def local(place) -> Iterator[Path]:
    """Within: a path to read a file from; for a URL a copy, removed at the end. Raises OSError."""
    if not isinstance(place, Url):
        yield place
        return
    with scratch() as folder:
        path = fetch(place, folder)
        with named(place, path):
            yield path


@contextlib.contextmanager
def written(place) -> Iterator[Path]:
    """Within: a path to write a file to; for a URL the file is uploaded whole at the end. Raises OSError."""
    if not isinstance(place, Url):
        yield place
        return
    with scratch() as folder:
        path = folder / place.name
        with named(place, path):
            yield path
        system, there = _system(place)
        with _named(place):
            if _protocol(system) in _GROWING:
                _put_and_move(system, path, there)
            else:
                system.put_file(str(path), there)


@contextlib.contextmanager
def named(url, path: Path):
    """Within: errors that name a URL's copy name the URL instead."""
    if not isinstance(url, Url):
        yield
        return
    try:
        yield
    except OSError as error:
        if str(path) not in str(error):
            raise
        raise OSError(str(error).replace(str(path), str(url))) from error


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Within: a temporary folder; see `left_behind`."""
    with tempfile.TemporaryDirectory(prefix=f"colorgan-{whole.token()}-") as folder:
        yield Path(folder)


def left_behind(token: str) -> list[Path]:
    """-> the temporary folders of a killed process, by its `whole.token`."""
    return list(Path(tempfile.gettempdir()).glob(f"colorgan-{token}-*"))


def sweep(folder: Url, token: str) -> None:
    """Remove unfinished files of a killed process in a folder, by its `whole.token`, if possible."""
    with contextlib.suppress(OSError):
        system, _ = _system(folder)
        if _protocol(system) in _GROWING:
            for entry in _asked(folder, "ls", detail=False):
                if entry.rpartition("/")[2].startswith(f".{token}-"):
                    system.rm_file(entry)


def _put_and_move(system, path, there):
    parent, _, name = there.rpartition("/")
    aside = f"{parent}/.{whole.token()}-{secrets.token_hex(4)}-{name}"[: len(parent) + 250]
    system.makedirs(parent, exist_ok=True)
    try:
        system.put_file(str(path), aside)
        system.mv(aside, there)
    except BaseException:
        with contextlib.suppress(Exception):  # the first error counts, and fsspec's file systems raise many types
            system.rm_file(aside)
        raise


def folders(root: Url) -> Iterator[tuple[Url, list[str], list[str]]]:
    """Iterate over a folder and all folders in it; as in `walk.folders`, memory is that of the largest folder.

    Names that begin with a dot are skipped. Folders removed from `inner` are not entered.

    Yields:
        folder, the names of its files, and the names of the folders in it (`inner`), both sorted.

    Raises:
        OSError: if the root cannot be read; an unreadable inner folder is skipped.
    """
    own = [root]
    while own:
        folder = own.pop()
        try:
            entries = listing(folder)
        except OSError:
            if folder == root:
                raise
            continue
        names = sorted(name for name, found in entries.items() if found is not None)
        inner = sorted(name for name, found in entries.items() if found is None)
        yield folder, names, inner
        own += [folder / name for name in reversed(inner)]


def listing(folder: Url) -> dict[str, tuple | None]:
    """-> {name: its `state`, None for a folder} of a folder's contents, without names that begin with a dot.

    Raises:
        OSError: if it cannot be read; FileNotFoundError if it is not there.
    """
    found, (_, there) = {}, _system(folder)
    for entry in _asked(folder, "ls", detail=True):
        name = entry["name"].rstrip("/").rpartition("/")[2]
        # Stores list a folder's marker in the folder.
        if name and not name.startswith(".") and entry["name"].strip("/") != there.strip("/"):
            found[name] = None if entry["type"] == "directory" else _state_of(entry)
    return found


class Listed:
    """The states of files by URL, at the time of their folders' listings, because a request for each would be slow."""

    def __init__(self):
        self._folder, self._states = None, {}

    def state(self, url: Url) -> tuple | None:
        """-> its `state`; memory is that of the last folder. Raises OSError."""
        if url.parent != self._folder:
            try:
                self._states = listing(url.parent)
            except FileNotFoundError:
                self._states = {}
            self._folder = url.parent
        return self._states.get(url.name)


def state_folder(url: Url) -> Path:
    """-> the local folder for state of a URL: in $XDG_STATE_HOME, or ~/.local/state."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home, "colorgan", f"{url.name}-{hashlib.sha256(str(url).encode()).hexdigest()[:16]}")


def _state_of(info):
    marks = (info[mark] for mark in _MARKS if mark in info)
    return tuple(str(one.timestamp() if isinstance(one, datetime.datetime) else one) for one in marks)


def _asked(url, what, *given, **options):
    system, there = _system(url)
    with _named(url):
        return getattr(system, what)(there, *given, **options)


def _protocol(system):
    return system.protocol if isinstance(system.protocol, str) else system.protocol[0]


def _system(url):
    """-> fsspec's file system without cached listings, and the path in it."""
    import fsspec  # only if there is a URL

    with _named(url):
        return fsspec.core.url_to_fs(str(url), use_listings_cache=False)


@contextlib.contextmanager
def _named(url):
    """Within: errors name the URL. The packages behind fsspec raise many types."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{url} is not there") from error
    except ImportError as error:
        raise OSError(f"{url} needs a package that is not installed: {error}") from error
    except Exception as error:
        said = " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
        raise OSError(f"{url}: {said}") from error
