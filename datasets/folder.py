"""Any folder of photographs, at any depth: validation is held out by a hash of each file's path.

Imports this room's modules and `files.suffixes`.
"""

from __future__ import annotations

import os

from colorgan.datasets import classes, files, paths, randomness
from colorgan.files import suffixes


def load(data, split):
    """-> sources.Source. The classes are the folders that photographs lie in, or the words of `--classes` that they lie
    below. test is the validation split.

    Raises:
        ValueError: if the folder does not exist or holds no photographs, a class is unknown, or the split is empty.
    """
    path = paths.locate(data)
    if path is None:
        raise ValueError(f"`--dataset-path`: no folder {paths.DEFAULT / data.dataset}. Name the folder of photographs.")
    found, _ = files.listing(path)
    if not found:
        raise ValueError(f"`--dataset-path`: no photographs ({', '.join(suffixes.PICTURES)}) under {path}.")
    return divided(data, split, path, found)


def divided(data, split, root, found, *, reason=""):
    """-> files.Files: of the classes chosen of a folder, what is held out, or for `train` the rest.

    A file is held out by its own path: those held out of some classes are also held out of all, but for the one that
    fills an otherwise empty part.

    Args:
        data, split: as in `load`.
        root, found: the folder and its `files.listing`.
        reason: added to the origin.

    Raises:
        ValueError: if a class is unknown or nothing is held out.
    """
    labels, names = files.folder_labels(found)
    chosen, labels, names = classes.select(data.classes, names, labels, where=f"folder {root}")
    label = {found[i]: one for i, one in zip(chosen, labels, strict=True)}
    train, held = held_out(list(label), data.validation_fraction)
    if split != "train" and not held:
        raise paths.no_held_out(data)
    part, what = (train, "not held out") if split == "train" else (held, "held out")
    origin = f"folder {root}, {len(part):,} of {len(found):,} files, {what}{classes.in_words(data.classes)}{reason}"
    return files.Files(data, root, part, [label[path] for path in part], origin=origin, class_names=names)


def held_out(found, fraction):
    """Divide files into training and validation by a hash of each path, so that new files move no others across.

    From 2 files on, neither part is empty unless the fraction is 0; only the file that fills an otherwise empty part
    may later move back. Lists of relative paths, in one order: found -> (train, validation).
    """
    place = [int.from_bytes(randomness.digest(b"held out " + os.fsencode(path)), "big") for path in found]
    held = [one < fraction * 2**64 for one in place]
    if fraction > 0 and len(found) > 1:  # of a part that is not empty these are already
        held[place.index(min(place))], held[place.index(max(place))] = True, False
    pairs = list(zip(found, held, strict=True))
    return [path for path, out in pairs if not out], [path for path, out in pairs if out]
