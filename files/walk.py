"""Walking through a folder. Imports nothing of ours."""

from __future__ import annotations

import os
from collections.abc import Iterator


def folders(root, *, strict: bool = True, without=None) -> Iterator[tuple[str, list[str], int]]:
    """Iterate over a folder and all folders in it, also linked folders; memory is that of the largest folder.

    Names that begin with a dot are skipped: unfinished files, and other systems' notes on pictures. Links can make
    circles, so each folder is entered once, by its real path rather than a link's.

    Args:
        root: the folder.
        strict: whether an unreadable folder is an error; otherwise it is skipped.
        without: a folder that is not entered, unless it is the root.

    Yields:
        folder: path relative to `root`, with slashes, "" for `root`. A folder comes before its inner folders.
        names: of its files, sorted.
        modified: its modification time in ns.

    Raises:
        OSError: if `strict`.
    """
    seen = {_identity(os.stat(without))} if without and os.path.isdir(without) else set()
    seen -= {_identity(os.stat(root))} if seen and os.path.isdir(root) else set()
    own, linked = [""], []
    while own or linked:
        folder = own.pop() if own else linked.pop(0)
        try:
            status = os.stat(os.path.join(root, folder))
            if _identity(status) in seen:
                continue
            names, inner, links = _entries(os.path.join(root, folder))
        except OSError:
            if strict:
                raise
            continue
        seen.add(_identity(status))
        above = f"{folder}/" if folder else ""
        own += [above + name for name in sorted(inner, reverse=True)]  # the last is taken first
        linked += [above + name for name in sorted(links)]
        yield folder, sorted(names), status.st_mtime_ns


def listing(root) -> tuple[list[str], dict[str, int]]:
    """List all files in a folder and its inner folders; see `folders`.

    Returns:
        files: paths relative to `root`, with slashes, sorted.
        folders: {path relative to `root`: modification time in ns} of every folder entered, "" for `root`.

    Raises:
        OSError: if a folder cannot be read.
    """
    files, times = [], {}
    for folder, names, modified in folders(root):
        times[folder] = modified
        files += [f"{folder}/{name}" if folder else name for name in names]
    return sorted(files), times


def _identity(status):
    return status.st_dev, status.st_ino


def _entries(place):
    """-> names of a folder's files, of the folders in it, and of links to folders."""
    names, inner, links = [], [], []
    with os.scandir(place) as found:
        for entry in found:
            if not entry.name.startswith("."):
                kind = names if not _is_folder(entry) else links if entry.is_symlink() else inner
                kind.append(entry.name)
    return names, inner, links


def _is_folder(entry):
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
