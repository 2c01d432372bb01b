"""`manifest.json`: what each file of a folder of results was made from, and how.

Several calls may write into one folder at once: a lock file keeps them apart. Imports `files.whole`.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import filelock

from colorgan.files import whole

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
    """Add to a folder's manifest; entries of other outputs stay, also those of calls that run at the same time.

    Args:
        done: what each output was made from, and how; `output` is its path below the folder.
        failed: {"input", "reason"} of each input that gave none; these replace those of an earlier call.

    Raises:
        OSError: if it cannot be written.
        ValueError: see `read`.
    """
    with locked(output):
        entries = {**read(output), **{entry["output"]: entry for entry in done}}
        content = {"photographs": [entries[name] for name in sorted(entries)], "failed": failed}
        whole.write(output / NAME, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def locked(output):
    """Nobody else reads or writes a folder's manifest for a moment: a file is there, on every system and share.

    One that a call left when it was killed is taken over, if that was on this computer.
    """
    lock = output / LOCK
    try:
        output.mkdir(parents=True, exist_ok=True)
        held = filelock.SoftFileLock(lock, timeout=LOCK_SECONDS).acquire()
    except filelock.Timeout as error:
        raise OSError(
            f"{lock} is there: another call seems to write {output / NAME}, and has not ended for {LOCK_SECONDS} "
            "seconds. If none is running, delete that file."
        ) from error
    except OSError as error:
        raise OSError(f"--output: cannot write to {output} ({error.strerror}). Choose another folder.") from error
    with held:
        yield
