"""Places365 as the original lays it out: `data_256/**/*.jpg` for training and validation, `val_256/*.jpg` for tests.

The set's test photographs have no labels, so results are customarily given on `val_256`. Validation is a part of
`data_256` that training does not see, so nothing is chosen on the reported photographs.

Owns the cached list of files, and the labels of `val_256`. That folder is flat: two official lists next to it have the
labels. Imports this room's modules and the room `files`. Without such a folder, it uses TensorFlow Datasets'
`places365_small`, the same photographs.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
import unicodedata

import numpy as np

from colorgan.datasets import classes, files, folder, paths, tfds
from colorgan.files import suffixes, whole

CATEGORIES, LABELS = "categories_places365.txt", "places365_val.txt"  # lines `/a/airfield 0`, `NAME.jpg 165`
JUST_NOW = 2_000_000_000  # ns; FAT has the coarsest clock of the file systems in use


def load(data, split):
    """-> sources.Source. The classes are the category folders, or for `val_256` those of the official lists.

    Without lists, the photographs of `val_256` have no class, and `--classes` cannot choose among them. Then the test
    split is the part held out of `data_256`, as in any folder.

    Raises:
        ValueError: if the folder lacks `data_256` or `val_256`, or it holds no photographs, a list is malformed, or a
            class is unknown.
    """
    path = paths.locate(data)
    if path is None:
        return tfds.load(data, split, name="places365_small", test="validation")
    train, test = path / "data_256", path / "val_256"
    for root in (train, test):  # reports a missing test set before days of training
        if not root.is_dir():
            raise ValueError(
                f"`--dataset-path`: no folder `{root.name}` under {path}. Expected Places365's small images: data_256"
                " (training and validation) and val_256 (test). Or leave --dataset-path out to use TensorFlow Datasets."
            )
    if split != "test":
        return folder.divided(data, split, train, _photographs(train))
    found = _photographs(test)
    labels, names = files.folder_labels(found)
    lists = path / LABELS, path / CATEGORIES
    # A single list is useless: numbers without names, or names without numbers.
    if not names and all(one.is_file() for one in lists):
        labels, names = official_labels(*lists, found)
    if data.classes and not names:
        reason = f", as for validation: val_256 has no classes (no {LABELS} and {CATEGORIES} next to it)"
        return folder.divided(data, split, train, _photographs(train), reason=reason)
    chosen, labels, names = classes.select(data.classes, names, labels, where=f"folder {test}")
    origin = f"folder {test}{classes.in_words(data.classes)}"
    return files.Files(data, test, [found[i] for i in chosen], labels, origin=origin, class_names=names)


def _photographs(root):
    found = cached_listing(root)
    if not found:
        raise ValueError(f"`--dataset-path`: no .jpg files under {root}.")
    return found


def official_labels(labels, categories, found):
    """Read the labels of the photographs `found` in `val_256` from the lists of the Places365 development kit.

    Args:
        labels: path of `places365_val.txt`: lines `Places365_val_00000001.jpg 165`.
        categories: path of `categories_places365.txt`: lines `/f/forest/broadleaf 150`, numbered from 0 on.

    Returns:
        [N] int64 labels, -1: unknown; and their names, as the folders of `data_256` have them: `f/forest/broadleaf`.

    Raises:
        ValueError: if a line has another form, the numbers do not fit or no photograph is listed; it names the file.
    """
    named = {number: name.strip("/") for name, number in _pairs(categories)}
    if sorted(named) != list(range(len(named))):
        raise ValueError(f"`--dataset-path`: {categories} does not number its categories 0, 1, 2, ...")
    numbers = {unicodedata.normalize("NFC", name): number for name, number in _pairs(labels)}
    found = [unicodedata.normalize("NFC", name) for name in found]
    if unknown := sorted(set(numbers.values()) - set(named)):
        raise ValueError(f"`--dataset-path`: {labels} has a label {unknown[0]} that {categories} does not name.")
    if not numbers.keys() & set(found):
        raise ValueError(f"`--dataset-path`: {labels} lists none of the photographs in val_256. Remove or replace it.")
    return np.array([numbers.get(name, -1) for name in found], np.int64), tuple(named[i] for i in range(len(named)))


def _pairs(path):
    for place, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        name, _, number = line.strip().rpartition(" ")
        if name and number.isdecimal():
            yield name.strip(), int(number)
        elif line.strip():
            raise ValueError(f"`--dataset-path`: {path}, line {place}: expected a name and a number. Received: {line}")


def cached_listing(root):
    """-> the photographs under a folder, from the list written next to it if the list is still valid.

    Listing Places365's 1.8 million files takes minutes on a network disk, but reading the times of its few hundred
    folders does not. A folder's time changes when a file in it is added, removed or renamed. If a folder changed just
    before the listing, within the clock's resolution, it can change again unnoticed: then the list is not trusted.

    Returns:
        list of paths relative to `root`, in the order of `files.listing`.
    """
    cache = root.with_name(root.name + ".files.json")
    # The list is made again if it is missing, malformed, or names a folder that is gone.
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        known = json.loads(cache.read_text(encoding="utf-8"))
        settled = known["listed"] - JUST_NOW
        if all(os.stat(root / one).st_mtime_ns == then < settled for one, then in known["folders"].items()):
            return known["files"]
    listed = time.time_ns()
    found, folders = files.listing(root, suffixes.JPEG)
    with contextlib.suppress(OSError):  # data on a read-only disk are listed each time
        whole.write(cache, json.dumps({"listed": listed, "folders": folders, "files": found}))
    return found
