"""What lies below a folder. Imports nothing of ours."""

from __future__ import annotations

import os


def listing(root, *, strict: bool = True) -> tuple[list[str], dict[str, int]]:
    """All files below a folder, those in linked folders too.

    Names that begin with a dot are left out: what is unfinished, and other systems' notes beside a picture. Links may
    make circles, so each folder is entered once, by its own path rather than by a link's.

    Args:
        root: the folder.
        strict: whether a folder that cannot be read is an error; else it is passed over.

    Returns:
        files: paths relative to `root`, with slashes, sorted.
        folders: {path relative to `root`: modification time in ns} of every folder entered, "" for `root`.

    Raises:
        OSError: if `strict`.
    """
    files, folders, seen = [], {}, set()
    own, linked = [""], []
    while own or linked:
        folder = own.pop() if own else linked.pop(0)
        place = os.path.join(root, folder)
        try:
            status = os.stat(place)
            if (status.st_dev, status.st_ino) in seen:
                continue
            with os.scandir(place) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            if strict:
                raise
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[folder] = status.st_mtime_ns
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                files.append(path)
            else:
                (linked if entry.is_symlink() else own).append(path)
    return sorted(files), folders
