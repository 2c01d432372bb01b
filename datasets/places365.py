"""Places365 as the original lays it out: `data_256/**/*.jpg` for training, `val_256/*.jpg` for everything else.

Owns the cached list of files. Imports this room's modules only. Without such a folder: TensorFlow Datasets'
`places365_small`, which is the same photographs.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from colorgan.datasets import files, paths, tfds

FOLDERS = {"train": "data_256", "validation": "val_256", "test": "val_256"}
SUFFIXES = (".jpg", ".jpeg")
JUST_NOW = 2_000_000_000  # ns; the coarsest clock of a file system in use (FAT)


def load(data, split):
    """-> sources.Source. The labels are the category folders, where there are any (`val_256` is flat: -1).

    Raises:
        ValueError: if the folder lacks `data_256` or `val_256`, or it holds no photographs.
    """
    path = paths.locate(data)
    if path is None:
        # The published test photographs have no labels and, by custom, results are given on val_256.
        return tfds.load(data, split, name="places365_small", test="validation")
    root = path / FOLDERS[split]
    if not root.is_dir():
        raise ValueError(
            f"`--dataset-path`: no folder `{FOLDERS[split]}` under {path}. Expected Places365's small images: data_256"
            " (train) and val_256 (validation), or omit --dataset-path to use TensorFlow Datasets."
        )
    found = cached_listing(root)
    if not found:
        raise ValueError(f"`--dataset-path`: no .jpg files under {root}.")
    return files.Files(data, root, found, origin=f"folder {root}")


def cached_listing(root):
    """The photographs under a folder, from the list written beside it if that is still true.

    Listing Places365's 1.8 million files takes minutes on a network disk; asking its few hundred folders when they
    last changed does not. A folder's time changes with every file that is added, removed or renamed in it. A folder
    that changed within the clock's grain before the listing may change again unnoticed: then the list is not trusted.

    Returns:
        list of paths relative to `root`, in the order of `files.listing`.
    """
    cache = root.with_name(root.name + ".files.json")
    known = _read(cache)
    if known is not None and all(_unchanged(root, *item, known["listed"]) for item in known["folders"].items()):
        return known["files"]
    listed = time.time_ns()
    found, folders = files.listing(root, SUFFIXES)
    _write(cache, {"listed": listed, "folders": folders, "files": found})
    return found


def _unchanged(root, folder, changed, listed):
    try:
        now = os.stat(os.path.join(root, folder)).st_mtime_ns
    except FileNotFoundError:
        return False
    return now == changed and changed < listed - JUST_NOW


def _read(cache):
    """-> the cached list, or None if there is none in this form: it is then made again."""
    try:
        known = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return known if isinstance(known, dict) and known.keys() == {"listed", "folders", "files"} else None


def _write(cache: Path, content):
    temporary = cache.with_name(f".{cache.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(content), encoding="utf-8")
        os.replace(temporary, cache)  # another run never sees half a list
    except OSError:
        temporary.unlink(missing_ok=True)  # data on a read-only disk are listed anew each time
