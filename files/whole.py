"""Writing files whole or not at all: they appear when complete, and old files stay until then.

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
    """-> the beginning of the names of this process's unfinished folders, after the dot.

    After a process was killed, its unfinished folders can be removed by it.
    """
    return _OWN[0]


def adopt(name: str) -> None:
    """Take a name for `token`, in a process that works for another: it begins with the other's token and a dash."""
    _OWN[0] = name


_OWN = [secrets.token_hex(4)]
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _OWN.__setitem__(0, secrets.token_hex(4)))


@contextlib.contextmanager
def replacing(*targets: Path) -> Iterator[list[Path]]:
    """Within: files or folders are written elsewhere; at the end they replace the targets, all or none.

    Elsewhere is a hidden folder next to the first target, so programs that write the same files at once do not collide.
    In it the files have the targets' names, because many writers depend on the suffix. Missing folders of the first
    target are created.

    Args:
        targets: in folders of one file system, with different names. A single file is replaced in one step, so a reader
            always finds it. For a folder or several targets, there is a moment without.

    Yields:
        The paths to write to, one for each target.

    Raises:
        OSError: if they cannot be written. Then, as after any exception, the old files are unchanged.
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
    """Write a file of UTF-8 text or bytes.

    Args:
        target: the file; missing folders are created.
        content: all of it.
        durable: flush it to the disk before it replaces the target, so a power cut leaves no half file.

    Raises:
        OSError: see `replacing`.
    """
    with replacing(target) as (path,), path.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
