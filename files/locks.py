"""A lock file that one process holds while it works, so no other does the same work. Imports nothing of ours.

It is the system's lock, which ends with its process in any case, so a killed process leaves none.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)  # errors of file systems without locks


class Taken(OSError):
    """Another process holds the file; the text says which, where and since when."""


@contextlib.contextmanager
def held(path: Path) -> Iterator[str]:
    """Within: only this process holds the file, which exists only then. Missing folders are created.

    Yields:
        Why the file is not locked, if the system or the file system has no locks; otherwise "".

    Raises:
        Taken: if another process holds it, or this process already does.
        OSError: if the file cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    file, problem = _opened(path)
    with file:
        try:
            now = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}, since {now}")
            file.flush()
            yield problem
        finally:
            path.unlink(missing_ok=True)  # before the release: afterwards it can be another's


def _opened(path):
    """-> the file, locked, and why it is not, or ""."""
    while True:
        with contextlib.ExitStack() as closing:
            file = closing.enter_context(path.open("a+", encoding="utf-8"))
            problem = _lock(file)
            # Its last holder may have removed it between the two; then others would create another file.
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                closing.pop_all()
                return file, problem


def _lock(file):
    """-> why it cannot be locked, or ""."""
    if fcntl is None:
        return "this system has no locks for it"
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        raise Taken(file.read() or "another process") from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return error.strerror
    return ""
