"""Files by URL, `s3://bucket/scans`, and by path, with the same functions for both.

Remote files are fetched into a temporary file, or written to a temporary file and uploaded whole. Paths work too,
without cost: fsspec is imported at the first URL. Imports `files.whole`.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import hashlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath
from urllib.request import url2pathname

from . import whole

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):///?")  # a single letter is a Windows drive
# user:password@host; a password can contain slashes, but a later @ behind a glob character is in a pattern.
_SECRET = re.compile(r"[^/]*:[^/]*@|[^*?[]*:[^*?[]*@")
_QUERY = re.compile(r".*\?\w")  # of a web address: often a signature. `a?.jpg` is a pattern
# Object stores: a file appears only when it is complete. In all other file systems readers can see it grow.
_STORES = {
    "abfs", "abfss", "adl", "az", "gcs", "gs", "hf", "http", "https", "lakefs", "memory", "oci", "ocilake", "oss", "s3",
    "s3a", "tos", "tosfs",
}  # fmt: skip
_PAUSES = (0.2, 1.0)  # seconds before another try to read
_LASTING = (PermissionError, ImportError, ValueError)  # another try would not help
_GONE = {errno.ENOENT, errno.ENOTDIR, 0xC0000033}  # the last: SMB's STATUS_OBJECT_NAME_INVALID
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
        if folder.scheme != self.scheme or not self.path.is_relative_to(folder.path):
            raise ValueError(f"{self} does not lie in {folder}")
        return self.path.relative_to(folder.path)


def is_url(given) -> bool:
    """-> whether a text or a place is a URL other than of a local path."""
    return isinstance(given, Url) or (isinstance(given, str) and bool(_SCHEME.match(given)))


def place(given) -> Path | Url:
    """-> the place of a text: `s3://bucket/scans` is a URL; anything else, `file:///scans` too, is a path.

    Raises:
        ValueError: if it holds a password or a signature, because URLs are printed and recorded; the error does not
            repeat it. If it is a chain of URLs, has a part `..`, or is a `file:` URL of another machine.
    """
    if not isinstance(given, str):
        return given if isinstance(given, Url) else Path(given)
    found = _SCHEME.match(given)
    if "::" in given and "://" in given and not found:
        raise ValueError(f"{given.partition('::')[0]}::...: {_CHAINED}")
    if not found:
        return Path(given)
    scheme, rest = found[1].lower(), given[found.end() :]
    if _SECRET.match(rest) or (scheme in ("http", "https") and _QUERY.match(rest)):
        raise ValueError(
            f"{found[0]}...: URLs are printed and recorded, but this URL has a password or a signature. Leave it out, "
            "and give credentials by environment variables or ~/.config/fsspec, as in fsspec's documentation."
        )
    if scheme == "file":
        return _path_of(given)
    if "::" in rest:
        raise ValueError(f"{given}: {_CHAINED}")
    if ".." in rest.split("/"):
        raise ValueError(f"{given}: a URL cannot have `..` in its path. Give the folder that it means.")
    return Url(found[0].lower(), PurePosixPath(rest))


_CHAINED = "`::` chains URLs, which is not supported. Give the URL of a file or folder; unpack archives first."


def _path_of(given):
    """-> the path of a `file:` URL (RFC 8089)."""
    host, slash, rest = given.partition("://")[2].partition("/")
    if host.lower() not in ("", "localhost"):
        raise ValueError(f"{given} names the machine {host}. Give a path of this machine, as in file:///scans.")
    return Path(url2pathname(slash + rest))


def key(place) -> str:
    """-> a text that is the same for all spellings of a place.

    Links in a path are resolved. For a URL it has the first name of the file system's type, the host and the path.

    Raises:
        OSError: if the URL's file system is unknown or needs a package.
    """
    if not isinstance(place, Url):
        return os.path.realpath(place)
    import fsspec  # only if there is a URL

    with _named(place):
        kind = fsspec.get_filesystem_class(place.scheme.partition(":")[0])
        path = kind._strip_protocol(str(place))
        protocol = _protocols(kind)[0]
        if protocol == "file":
            return os.path.realpath(path)
        host = str(kind._get_kwargs_from_urls(str(place)).get("host", "")).lower()
        return f"{protocol}://{host}/{path.strip('/')}"


def lies_in(place, folder) -> bool:
    """-> whether a place is a folder or lies in it, however they are spelled. Errors as for `key`."""
    return f"{key(place).rstrip('/')}/".startswith(f"{key(folder).rstrip('/')}/")


def unusable(place) -> str:
    """-> why a place cannot be read or written because of its name; empty if it can."""
    if isinstance(place, Url) and "::" in str(place):
        return f"{place}: a name with `::` cannot be read or written by URL. Rename it, or give its path."
    return ""


def exists(place) -> bool:
    """-> whether a file or folder is there; OSError if that is unknown for a URL."""
    # Not `Path.exists`, which fails for long names.
    return _info(place) is not None if isinstance(place, Url) else os.path.exists(place)


def is_file(place) -> bool:
    """-> whether a file is there; errors as for `exists`."""
    if isinstance(place, Url):
        return (_info(place) or {}).get("type") == "file"
    return os.path.isfile(place)


def state(place) -> tuple | None:
    """-> values that differ between a file and its replacement; None without a file. Errors as for `exists`."""
    if isinstance(place, Url):
        info = _info(place)
        return None if info is None else _state_of(info)
    try:
        status = os.stat(place)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def head(place, count: int) -> bytes:
    """-> a file's first bytes, at most `count`. Raises OSError."""
    if not isinstance(place, Url):
        with open(place, "rb") as file:
            return file.read(count)

    def read(system, there):
        with system.open(there, "rb", block_size=2**16) as file:
            return file.read(count)

    return _tried(place, read)


def remove(place) -> None:
    """Remove a file, if it is there. Raises OSError."""
    if isinstance(place, Url):
        with contextlib.suppress(FileNotFoundError):
            _asked(place, lambda system, there: system.rm_file(there))
    else:
        place.unlink(missing_ok=True)


def fetch(url: Url, folder: Path) -> Path:
    """-> a copy of a file in a new folder in `folder`, under its name. Raises OSError."""
    path = Path(tempfile.mkdtemp(dir=folder), url.name)
    try:
        _tried(url, lambda system, there: system.get_file(there, str(path)))
    except BaseException:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise
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
            if _STORES.intersection(_protocols(system)):
                system.put_file(str(path), there)
            else:
                _put_and_move(system, path, there)


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
        if not _STORES.intersection(_protocols(system)):
            for entry in _tried(folder, lambda system, there: system.ls(there, detail=False)):
                if entry.rpartition("/")[2].startswith(f".{token}-"):
                    system.rm_file(entry)


def _put_and_move(system, path, there):
    parent = there.rpartition("/")[0]
    # Without the file's name, which can be as long as the file system allows.
    aside, old = (f"{parent}/.{whole.token()}-{secrets.token_hex(4)}" for _ in range(2))
    if parent:
        system.makedirs(parent, exist_ok=True)
    try:
        system.put_file(str(path), aside)
        _move(system, aside, there, old)
        found = _found(system, there) or {}
        if found.get("type") != "file" or found.get("size") not in (None, path.stat().st_size):
            raise OSError("it was uploaded and moved to its name, but is not there with its size. Repeat the command.")
    except BaseException:
        with contextlib.suppress(Exception):  # the first error counts, and fsspec's file systems raise many types
            system.rm_file(aside)
        raise


def _move(system, aside, there, old):
    """Move a file to its name. Where files are not replaced, the present one goes to `old` before, and then away."""
    try:
        system.mv(aside, there)
    except Exception:  # fsspec's file systems raise many types
        if _found(system, aside) is None or _found(system, there) is None:
            raise
    if _found(system, aside) is None:
        return
    if _found(system, there) is not None:  # not replaced; webhdfs does not even raise
        system.mv(there, old)
    try:
        system.mv(aside, there)
        if _found(system, aside) is not None:
            raise OSError("the file system did not move the uploaded file to its name")
    except BaseException:
        with contextlib.suppress(Exception):
            system.mv(old, there)
        raise
    with contextlib.suppress(FileNotFoundError):
        system.rm_file(old)


def folders(root: Url) -> Iterator[tuple[Url, list[str], list[str], str]]:
    """Iterate over a folder and all folders in it; as in `walk.folders`, memory is that of the largest folder.

    Names that begin with a dot are skipped. Folders removed from `inner` are not entered.

    Yields:
        folder, the names of its files, and the names of the folders in it (`inner`), both sorted, and why it could not
        be read; empty if it could.
    """
    own = [root]
    while own:
        folder = own.pop()
        entries, problem = {}, ""
        try:
            entries = listing(folder)
        except OSError as error:
            problem = str(error)
        names = sorted(name for name, found in entries.items() if found is not None)
        inner = sorted(name for name, found in entries.items() if found is None)
        yield folder, names, inner, problem
        own += [folder / name for name in reversed(inner)]


def listing(folder: Url) -> dict[str, tuple | None]:
    """-> {name: its `state`, None for a folder} of a folder's contents, without names that begin with a dot.

    Raises:
        OSError: if it cannot be read; FileNotFoundError if it is not there.
    """
    found, (_, there) = {}, _system(folder)
    for entry in _tried(folder, lambda system, there: system.ls(there, detail=True)):
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
    """-> the local folder for state of a URL: in $XDG_STATE_HOME, or ~/.local/state. Errors as for `key`."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    digest = hashlib.sha256(os.fsencode(key(url))).hexdigest()[:16]
    return Path(home, "colorgan", f"{url.name[:40]}-{digest}")


def _state_of(info):
    marks = (info[mark] for mark in _MARKS if mark in info)
    return tuple(str(one.timestamp() if isinstance(one, datetime.datetime) else one) for one in marks)


def _info(url):
    """-> what is known of a file or folder; None if it is not there. fsspec's own `exists` takes any error for that."""
    return _tried(url, _found)


def _found(system, there):
    try:
        return system.info(there)
    except OSError as error:
        if _is_gone(error):
            return None
        raise


def _is_gone(error):
    # Some packages give only the number. SMB calls a pattern an invalid name.
    numbers = getattr(error, "errno", None), getattr(error, "ntstatus", None)
    return isinstance(error, (FileNotFoundError, NotADirectoryError)) or bool(_GONE.intersection(numbers))


def _tried(url, read: Callable):
    """-> the answer of a function that reads; after an error that may be of the network, it is tried again."""
    for pause in _PAUSES:
        try:
            return _asked(url, read)
        except OSError as error:
            if isinstance(error, FileNotFoundError) or isinstance(error.__cause__, _LASTING) or unusable(url):
                raise
            time.sleep(pause)
    return _asked(url, read)


def _asked(url, do: Callable):
    """-> the answer of a function of the file system and the path in it; errors name the URL."""
    system, there = _system(url)
    with _named(url):
        return do(system, there)


def _protocols(system):
    return (system.protocol,) if isinstance(system.protocol, str) else system.protocol


def _system(url):
    """-> fsspec's file system without cached listings, and the path in it."""
    import fsspec  # only if there is a URL

    if reason := unusable(url):
        raise OSError(reason)
    with _named(url):
        return fsspec.core.url_to_fs(str(url), use_listings_cache=False)


@contextlib.contextmanager
def _named(url):
    """Within: errors name the URL. The packages behind fsspec raise many types."""
    try:
        yield
    except ImportError as error:
        raise OSError(f"{url} needs a package that is not installed: {error}") from error
    except Exception as error:
        if _is_gone(error):
            raise FileNotFoundError(f"{url} is not there") from error
        said = " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
        raise OSError(f"{url}: {said}") from error
