"""Any folder of photographs, at any depth: validation is held out by a hash of each file's path.

Imports this room's modules only.
"""

from __future__ import annotations

import os

from colorgan.datasets import files, paths, randomness


def load(data, split):
    """-> sources.Source. The labels are the folders that the photographs lie in. test is the validation split.

    Raises:
        ValueError: if the folder does not exist or holds no photographs, or the split is empty.
    """
    path = paths.locate(data)
    if path is None:
        raise ValueError(f"`--dataset-path`: no folder {paths.DEFAULT / data.dataset}. Name the folder of photographs.")
    found, _ = files.listing(path)
    if not found:
        raise ValueError(f"`--dataset-path`: no photographs ({', '.join(files.SUFFIXES)}) under {path}.")
    train, held = held_out(found, data.validation_fraction)
    if split != "train" and not held:
        raise paths.no_held_out(data)
    chosen, part = (train, "not held out") if split == "train" else (held, "held out")
    return files.Files(data, path, chosen, origin=f"folder {path}, {len(chosen):,} of {len(found):,} files, {part}")


def held_out(found, fraction):
    """Divide files into training and validation by a hash of each path, so that new files move no others across.

    Args:
        found: list of relative paths.
        fraction: share of validation. From 2 files on, neither part is empty unless the fraction is 0; only the file
            that fills an otherwise empty part may later move back.

    Returns:
        train, validation: lists in the order of `found`.
    """
    place = {path: int.from_bytes(randomness.digest(b"held out " + os.fsencode(path)), "big") for path in found}
    held = {path for path in found if place[path] < fraction * 2**64}
    if fraction > 0 and len(found) > 1:
        if not held:
            held = {min(found, key=place.get)}
        elif len(held) == len(found):
            held -= {max(found, key=place.get)}
    return [path for path in found if path not in held], [path for path in found if path in held]
