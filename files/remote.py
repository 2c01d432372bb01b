"""Files by URL, `s3://bucket/scans`, beside files by path, so that whoever reads and writes need not tell them apart.

What lies elsewhere is fetched into a temporary file, or written as one and put there whole. Everything here takes
paths as well, and costs them nothing: fsspec is imported when the first URL is met. Imports `files.whole`.
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

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):///?")  # a letter alone is a drive of Windows
_SECRET = re.compile(r"^[^/]*:[^/]*@|\?.*=")  # user:password@host, and signatures behind a question mark
# File systems in which a file grows where readers see it, and another can take its place in one step. The others, the
# stores of objects, show a file when it is complete.
_GROWING = {"arrow_hdfs", "file", "ftp", "hdfs", "local", "sftp", "smb", "ssh", "webhdfs"}
_MARKS = ("size", "ETag", "etag", "generation", "LastModified", "last_modified", "mtime", "created", "ino")


@dataclass(frozen=True)
class Url:
    """A place that a URL names, with what `pathlib.Path` has for names; `str` gives the URL."""

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
        """-> another file of its folder."""
        return Url(self.scheme, self.path.with_name(name))

    def with_stem(self, stem: str) -> Url:
        """-> another file of its folder, of the same suffix."""
        return Url(self.scheme, self.path.with_stem(stem))

    def relative_to(self, folder: Url) -> PurePosixPath:
        """-> the path from a folder that it lies in; ValueError if it does not."""
        if not self.lies_in(folder):
            raise ValueError(f"{self} does not lie in {folder}")
        return self.path.relative_to(folder.path)

    def lies_in(self, folder) -> bool:
        """-> whether it is a folder or lies below it."""
        return isinstance(folder, Url) and folder.scheme == self.scheme and self.path.is_relative_to(folder.path)


def is_url(given) -> bool:
    """-> whether a text, or a place, is a URL of something else than a path."""
    return isinstance(given, Url) or (isinstance(given, str) and bool(_SCHEME.match(given)))


def place(given) -> Path | Url:
    """What a text names: `s3://bucket/scans` a URL, anything else a path, `file:///scans` too.

    Raises:
        ValueError: if it holds a password, or a signature: it would be printed, and recorded. It is not repeated.
    """
    found = _SCHEME.match(given) if isinstance(given, str) else None
    if not found:
        return given if isinstance(given, Url) else Path(given)
    rest = given[found.end() :]
    if _SECRET.search(rest):
        raise ValueError(
            f"{found[0]}...: a URL is printed and recorded, and this one has a password or a signature in it. Leave it "
            "out, and give credentials by environment variables or by ~/.config/fsspec, as fsspec's documentation says."
        )
    if found[1] == "file":
        return Path(given.removeprefix("file://"))
    return Url(found[0].lower(), PurePosixPath(rest))


def exists(place) -> bool:
    """-> whether a file or folder is there; OSError where that cannot be known of a URL."""
    # Not `Path.exists`, which fails on names that are too long.
    return _asked(place, "exists") if isinstance(place, Url) else os.path.exists(place)


def is_file(place) -> bool:
    """-> whether a file is there; errors as of `exists`."""
    return _asked(place, "isfile") if isinstance(place, Url) else os.path.isfile(place)


def state(place) -> tuple | None:
    """-> what tells a file from one that takes its place; None where there is none. Errors as of `exists`."""
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
    """-> a file to read bytes of, piece by piece. Raises OSError."""
    return _asked(place, "open", "rb", block_size=2**16) if isinstance(place, Url) else open(place, "rb")


def remove(place) -> None:
    """Remove a file, if it is there. Raises OSError."""
    if isinstance(place, Url):
        with contextlib.suppress(FileNotFoundError):
            _asked(place, "rm_file")
    else:
        place.unlink(missing_ok=True)


def fetch(url: Url, folder: Path) -> Path:
    """-> a copy of a file in a folder of its own in `folder`, under its name. Raises OSError."""
    path = Path(tempfile.mkdtemp(dir=folder), url.name)
    _asked(url, "get_file", str(path))
    return path


@contextlib.contextmanager
def local(place) -> Iterator[Path]:
    """Within: a path to read a file from; of a URL a copy, which is then removed. Raises OSError."""
    if not isinstance(place, Url):
        yield place
        return
    with scratch() as folder:
        path = fetch(place, folder)
        with named(place, path):
            yield path


@contextlib.contextmanager
def written(place) -> Iterator[Path]:
    """Within: a path to write a file to; what it is of a URL is put there at the end, whole. Raises OSError."""
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
    """Within: errors that name the copy of what a URL names say the URL instead."""
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
    """-> the temporary folders of a process that was killed, by its `whole.token`."""
    return list(Path(tempfile.gettempdir()).glob(f"colorgan-{token}-*"))


def sweep(folder: Url, token: str) -> None:
    """Remove what a process that was killed was putting into a folder, by its `whole.token`, as far as it can be."""
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
        with contextlib.suppress(Exception):  # the first error counts, and fsspec's systems raise what comes up
            system.rm_file(aside)
        raise


def folders(root: Url) -> Iterator[tuple[Url, list[str], list[str]]]:
    """A folder and all below it, one after the other; as of `walk.folders` memory is that of the largest of them.

    Names that begin with a dot are left out. Who takes names out of `inner` keeps these folders from being entered.

    Yields:
        folder, the names of its files, and the names of the folders in it (`inner`), both sorted.

    Raises:
        OSError: if the root cannot be read; a folder below it is then passed over.
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
    """-> {name: its `state`, None of a folder} of what lies in a folder, names with a dot in front left out.

    Raises:
        OSError: if it cannot be read; FileNotFoundError if it is not there.
    """
    found, (_, there) = {}, _system(folder)
    for entry in _asked(folder, "ls", detail=True):
        name = entry["name"].rstrip("/").rpartition("/")[2]
        # Stores list a folder's own marker in it.
        if name and not name.startswith(".") and entry["name"].strip("/") != there.strip("/"):
            found[name] = None if entry["type"] == "directory" else _state_of(entry)
    return found


class Listed:
    """The states of files by URL, as of when their folders were listed: asking for each would take a request each."""

    def __init__(self):
        self._folder, self._states = None, {}

    def state(self, url: Url) -> tuple | None:
        """-> its `state`; memory is that of the folder asked for last. Raises OSError."""
        if url.parent != self._folder:
            try:
                self._states = listing(url.parent)
            except FileNotFoundError:
                self._states = {}
            self._folder = url.parent
        return self._states.get(url.name)


def state_folder(url: Url) -> Path:
    """-> the folder of this machine in which notes on a URL are kept: below $XDG_STATE_HOME, or ~/.local/state."""
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
    """-> fsspec's file system, which does not keep listings, and the place in it."""
    import fsspec  # not before there is a URL

    with _named(url):
        return fsspec.core.url_to_fs(str(url), use_listings_cache=False)


@contextlib.contextmanager
def _named(url):
    """Within: what fails names the URL. What the packages behind fsspec raise is of many kinds."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{url} is not there") from error
    except ImportError as error:
        raise OSError(f"{url} needs a package that is not installed: {error}") from error
    except Exception as error:
        said = " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
        raise OSError(f"{url}: {said}") from error
