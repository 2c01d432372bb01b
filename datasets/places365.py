"""Places365 as the original lays it out: `data_256/**/*.jpg` for training and validation, `val_256/*.jpg` for tests.

The set's own test photographs have no labels, and by custom results are given on `val_256`: so that nothing is chosen
on what is reported, validation is a part of `data_256` that training does not see.

Owns the cached list of files, and the labels of `val_256`, which is flat: two of the official lists beside it have
them. Imports this room's modules and the room `files`. Without such a folder: TensorFlow Datasets'
`places365_small`, which is the same photographs.
"""

from __future__ import annotations

import contextlib
import json
import os
import time

import numpy as np

from colorgan.datasets import classes, files, folder, paths, tfds
from colorgan.files import suffixes, whole

CATEGORIES, LABELS = "categories_places365.txt", "places365_val.txt"  # lines `/a/airfield 0`, `NAME.jpg 165`
JUST_NOW = 2_000_000_000  # ns; the coarsest clock of a file system in use (FAT)


def load(data, split):
    """-> sources.Source. The classes are the category folders, or those in the official lists for `val_256`.

    Without either, the photographs of `val_256` are of unknown class, so that `--classes` cannot choose among them:
    then test is what is held out from `data_256`, as in any folder.

    Raises:
        ValueError: if the folder lacks `data_256` or `val_256`, or it holds no photographs, a list is malformed, or a
            class is unknown.
    """
    path = paths.locate(data)
    if path is None:
        return tfds.load(data, split, name="places365_small", test="validation")
    for part in ("data_256", "val_256"):  # a test set that is missing is told before days of training
        _check(path / part)
    if split != "test":
        return folder.divided(data, split, path / "data_256", _photographs(path / "data_256"))
    if data.classes and not _is_labelled(path / "val_256"):
        reason = f", as for validation: val_256 has no classes (no {LABELS} and {CATEGORIES} beside it)"
        return folder.divided(data, split, path / "data_256", _photographs(path / "data_256"), reason=reason)
    root = path / "val_256"
    found = _photographs(root)
    labels, names = _labels(root, found)
    chosen, labels, names = classes.select(data.classes, names, labels, where=f"folder {root}")
    origin = f"folder {root}{classes.in_words(data.classes)}"
    return files.Files(data, root, [found[i] for i in chosen], labels, origin=origin, class_names=names)


def _check(root):
    if not root.is_dir():
        raise ValueError(
            f"`--dataset-path`: no folder `{root.name}` under {root.parent}. Expected Places365's small images:"
            " data_256 (training and validation) and val_256 (test), or omit --dataset-path to use TensorFlow Datasets."
        )


def _photographs(root):
    found = cached_listing(root)
    if not found:
        raise ValueError(f"`--dataset-path`: no .jpg files under {root}.")
    return found


def _is_labelled(root):
    return bool(_labels(root, _photographs(root))[1])


def _labels(root, found):
    """-> labels [N] int64, -1: unknown; names of the categories, none if the labels are unknown."""
    labels, names = files.folder_labels(found)
    lists = root.with_name(LABELS), root.with_name(CATEGORIES)
    # One list alone says nothing: numbers without names, or names without numbers.
    if names or root.name != "val_256" or not all(path.is_file() for path in lists):
        return labels, names
    numbers, names = official_labels(*lists)
    labels = np.array([numbers.get(path, -1) for path in found], np.int64)
    if (labels < 0).all():
        raise ValueError(f"`--dataset-path`: {lists[0]} has none of the photographs in {root}. Remove or replace it.")
    return labels, names


def official_labels(labels, categories):
    """Read the lists of the Places365 development kit that say what the validation photographs show.

    Args:
        labels: path of `places365_val.txt`: lines `Places365_val_00000001.jpg 165`.
        categories: path of `categories_places365.txt`: lines `/f/forest/broadleaf 150`, numbered from 0 on.

    Returns:
        {file name: number}, and the names by number, as the folders of `data_256` have them: `f/forest/broadleaf`.

    Raises:
        ValueError: if a line has another form or the numbers do not fit; it names the file.
    """
    numbered = {number: name.strip("/") for name, number in _pairs(categories)}
    if sorted(numbered) != list(range(len(numbered))):
        raise ValueError(f"`--dataset-path`: {categories} does not number its categories 0, 1, 2, ...")
    numbers = dict(_pairs(labels))
    if unknown := sorted(set(numbers.values()) - set(numbered)):
        raise ValueError(f"`--dataset-path`: {labels} has a label {unknown[0]} that {categories} does not name.")
    return numbers, tuple(numbered[number] for number in range(len(numbered)))


def _pairs(path):
    for place, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        name, _, number = line.strip().rpartition(" ")
        if name and number.isdecimal():
            yield name.strip(), int(number)
        elif line.strip():
            raise ValueError(f"`--dataset-path`: {path}, line {place}: expected a name and a number. Received: {line}")


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
    found, folders = files.listing(root, suffixes.JPEG)
    with contextlib.suppress(OSError):  # data on a read-only disk are listed anew each time
        whole.write(cache, json.dumps({"listed": listed, "folders": folders, "files": found}))
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
