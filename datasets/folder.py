"""Any folder of photographs, at any depth: validation is held out by a hash of each file's path.

A folder that is already divided, into `train` and `val` or `test`, is used as it is divided. Imports this room's
modules and `files.suffixes`.
"""

from __future__ import annotations

import os
import unicodedata

from colorgan.datasets import classes, files, paths, randomness
from colorgan.files import suffixes

PARTS = {"train": ("train",), "validation": ("val", "valid", "validation"), "test": ("test",)}  # in any letter case


def load(data, split):
    """-> sources.Source. The classes are the photographs' folders, or the words of `--classes`. The test split is the
    validation split, unless the folder has a `test`.

    Raises:
        ValueError: if the folder does not exist or holds no photographs, a class is unknown, or the split is empty.
    """
    path = paths.locate(data)
    if path is None:
        raise ValueError(
            f"`--dataset-path`: {paths.DEFAULT / data.dataset} is not there. Name the folder of photographs."
        )
    parts = _parts(path)
    return _part(data, split, parts) if parts else divided(data, split, path, _photographs(path))


def divided(data, split, root, found, *, categories=None, reason=""):
    """-> files.Files: the held-out photographs of a folder's chosen classes, or for `train` the others.

    A file is held out by its path. So files held out of some classes are also held out of all classes. The exception is
    a file that fills an otherwise empty part.

    Args:
        data, split: as in `load`.
        root, found: the folder and its `files.listing`.
        categories: as in `files.folder_labels`.
        reason: added to the origin.

    Raises:
        ValueError: if a class is unknown or nothing is held out.
    """
    label, names = _chosen(data, root, found, categories)
    train, held = held_out(list(label), data.validation_fraction)
    if split != "train" and not held:
        raise paths.no_held_out(data, root, label)
    part, what = (train, "not held out") if split == "train" else (held, "held out")
    origin = f"folder {root}, {len(part):,} of {len(found):,} files, {what}{classes.in_words(data.classes)}{reason}"
    return files.Files(data, root, part, [label[path] for path in part], origin=origin, class_names=names)


def _parts(path):
    """-> {split: folder} of a divided folder, or of the folder around its `val` or `test`; otherwise {}.

    If `val` or `test` was named, it is the test split, and is measured whole.
    """
    parts, place = _subfolders(path), path.resolve()
    around = {} if parts else _subfolders(place.parent)
    if place in [around[split] for split in around if split != "train"]:
        return around | {"test": path}
    return parts


def _subfolders(path):
    there = {one.name.lower(): one for one in sorted(path.iterdir()) if one.is_dir()}
    named = {split: next((there[name] for name in names if name in there), None) for split, names in PARTS.items()}
    parts = {split: folder for split, folder in named.items() if folder}
    return parts if "train" in parts and len(parts) > 1 else {}


def _part(data, split, parts):
    """-> files.Files: one part of a divided folder. The classes have the same order in all parts."""
    found = {name: _photographs(folder) for name, folder in parts.items()}
    _, categories = files.folder_labels([path for part in found.values() for path in part])
    name = split if split in parts else "validation" if split == "test" else "train"
    root, around = parts[name], parts["train"].parent
    taken = {folder.name for folder in _subfolders(around).values()}
    beside = [one.name for one in sorted(around.iterdir()) if _has_photographs(one, taken)]
    left = f"; left out, next to train: {classes.listed(beside, 3)}" if beside else ""
    if name == "train" and "validation" not in parts:
        return divided(data, split, root, found[name], categories=categories, reason=left)
    label, names = _chosen(data, root, found[name], categories)
    origin = f"folder {root}{classes.in_words(data.classes)}{left}"
    return files.Files(data, root, list(label), list(label.values()), origin=origin, class_names=names)


def _has_photographs(path, taken):
    return path.name not in taken and not path.name.startswith(".") and (path.is_dir() or suffixes.is_picture(path))


def _photographs(path):
    found, _ = files.listing(path)
    if not found:
        raise ValueError(f"`--dataset-path`: no photographs ({', '.join(suffixes.PICTURES)}) under {path}.")
    return found


def _chosen(data, root, found, categories):
    """-> {path: label} of the photographs of the chosen classes, in the listing's order, and the class names."""
    labels, names = files.folder_labels(found, categories)
    chosen, labels, names = classes.select(data.classes, names, labels, where=f"folder {root}")
    return {found[i]: one for i, one in zip(chosen, labels, strict=True)}, names


def held_out(found, fraction):
    """Divide files into training and validation by a hash of each path, so new files do not move others.

    With 2 files or more, neither part is empty unless the fraction is 0 or 1. A single file is for training unless the
    fraction is 1. Only a file that fills an otherwise empty part can move later. Names are hashed in Unicode's form
    NFC, which copies on other systems share. Lists of relative paths, in one order: found -> (train, validation).
    """
    names = (os.fsencode(unicodedata.normalize("NFC", path)) for path in found)
    place = [int.from_bytes(randomness.digest(b"held out " + name), "big") for name in names]
    held = [one < fraction * 2**64 for one in place]
    if 0 < fraction < 1 and found:  # already in a part that is not empty
        held[place.index(min(place))], held[place.index(max(place))] = True, False
    pairs = list(zip(found, held, strict=True))
    return [path for path, out in pairs if not out], [path for path, out in pairs if out]
