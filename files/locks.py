"""A file that one process holds while it works, so that no other does the same at once. Imports nothing of ours.

The system's own lock, which ends with its process however that ends: none is left behind by one that was killed.
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

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)  # what file systems without them say


class Taken(OSError):
    """Another holds the file; the text says which process, where and since when."""


@contextlib.contextmanager
def held(path: Path) -> Iterator[str]:
    """Within: this process alone holds the file, which is there only then. Missing folders above it are made.

    Yields:
        Why the file is not locked, where the system or the place has no locks; else "".

    Raises:
        Taken: if another process holds it, or this one already.
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
            path.unlink(missing_ok=True)  # before it is let go: afterwards it may be another's


def _opened(path):
    """-> the file, locked, and why it is not, or ""."""
    while True:
        with contextlib.ExitStack() as closing:
            file = closing.enter_context(path.open("a+", encoding="utf-8"))
            problem = _lock(file)
            # Its last holder may have removed it between the two: then others would make another one.
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
