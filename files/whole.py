"""Files that are written whole or not at all: they appear when they are complete, and what was there stays until then.

Imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path


def token() -> str:
    """-> what the names of this process's unfinished folders begin with, behind the dot.

    Whoever knows that a process was killed can remove what it has left.
    """
    return _OWN[0]


def adopt(name: str) -> None:
    """Take a name for `token`, of a process that works for another: it begins with that one's token and a dash."""
    _OWN[0] = name


_OWN = [secrets.token_hex(4)]
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _OWN.__setitem__(0, secrets.token_hex(4)))


@contextlib.contextmanager
def replacing(*targets: Path) -> Iterator[list[Path]]:
    """Write files, or folders, elsewhere first; at the end they replace the targets, all or none.

    Elsewhere is a folder of its own beside the first target, with a dot in front of its name: programs that write the
    same files at once do not meet. In it the files have the targets' names, since many a writer goes by the suffix.
    Missing folders above the first target are made.

    Args:
        targets: in folders of one file system, no two of one name. One file is replaced in one step, so that a reader
            always finds one; of a folder, or of several targets, there is a moment with none.

    Yields:
        The paths to write to, one for each target.

    Raises:
        OSError: if they cannot be written. Then, as after any other exception, what was there is as it was.
    """
    targets = [Path(target) for target in targets]
    targets[0].parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=targets[0].parent, prefix=f".{token()}-") as folder:
        made = [Path(folder, target.name) for target in targets]
        yield made
        with tempfile.TemporaryDirectory(dir=folder) as aside, contextlib.ExitStack() as back:
            for path, target in zip(made, targets, strict=True):
                if (len(targets) > 1 or path.is_dir()) and target.exists() and target.is_dir() == path.is_dir():
                    old = Path(aside, target.name)
                    os.replace(target, old)
                    back.callback(os.replace, old, target)
                os.replace(path, target)
                back.callback(os.replace, target, path)
            back.pop_all()


def write(target: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Write a file of text, in UTF-8, or of bytes.

    Args:
        target: where to; missing folders are made.
        content: all of it.
        durable: put it on the disk before it takes its place, so that a power cut leaves no half of it.

    Raises:
        OSError: see `replacing`.
    """
    with replacing(target) as (path,), path.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
