"""`manifest.json`: what each file of a folder of results was made from, and how.

Several calls may write into one folder at once: a lock file keeps them apart. Imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

NAME = "manifest.json"
LOCK = ".manifest.lock"  # is there while a call changes the manifest: a moment
LOCK_SECONDS = 10  # that other calls wait for it


def read(output: Path) -> dict:
    """-> {output: entry} of the manifest that a folder has already.

    Raises:
        ValueError: if there is another file of that name.
    """
    path = output / NAME
    if not path.exists():
        return {}
    try:
        return {entry["output"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))["photographs"]}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not a manifest of ours ({error}). Move it away, or choose another --output."
        ) from error


def add(output: Path, done: list[dict], failed: list[dict]) -> None:
    """Add to the manifest: what each output was made from, and how.

    Entries that are there stay unless their output was made anew, also those of calls that run at the same time.

    Args:
        output: the folder.
        done: entries, each with its `output`, a path below the folder.
        failed: {"input", "reason"} of each input that gave none; these replace those of an earlier call.

    Raises:
        OSError: if it cannot be written.
        ValueError: see `read`.
    """
    with locked(output):
        entries = {**read(output), **{entry["output"]: entry for entry in done}}
        content = {"photographs": [entries[name] for name in sorted(entries)], "failed": failed}
        temporary = output / f".{os.getpid()}.{NAME}"
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(output / NAME)


@contextlib.contextmanager
def locked(output):
    """Nobody else reads or writes a folder's manifest for a moment. A file, which works on every system and share."""
    lock, end = output / LOCK, time.monotonic() + LOCK_SECONDS
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            if time.monotonic() > end:
                raise OSError(
                    f"{lock} is there: another call seems to write {output / NAME}, and has not ended for "
                    f"{LOCK_SECONDS} seconds. If none is running, delete that file."
                ) from None
            time.sleep(0.02)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
