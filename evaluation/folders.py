"""Two folders of pictures, results and truths, as batches for the evaluator. So results of any program can be measured.

Imports the room `files`. Pictures are read upright, as 8-bit sRGB.
"""

from __future__ import annotations

import itertools
import os
import unicodedata
from pathlib import Path

import numpy as np

from colorgan.evaluation.formulas import SSIM_WINDOW
from colorgan.files import reading, suffixes, walk

NAMED = 10  # files in a message
BATCH_PIXELS = 2**21  # a batch of large pictures is smaller, down to one picture


class Pairs:
    """The pictures that two folders share: the same path in the folder, with any suffix.

    Paths are compared in Unicode's form NFC, so a copy from another system has a partner too.

    Args:
        result_dir, truth_dir: the folders; see `walk.listing` for skipped files.

    Attributes:
        names: sorted list of the pairs' paths without suffix; a batch's index refers to it.
        missing: {folder: paths of the other that have no partner in it}.
        class_names: the pictures' folders, "." for the top; a picture's label is an index into it. Empty if all are in
            one folder.
        description: {line of a protocol: text}.

    Raises:
        FileNotFoundError: if a folder does not exist.
        ValueError: if there is no pair, a path occurs with two suffixes, a file is not a picture, a pair's sizes
            differ, or a picture is smaller than SSIM's window; the files are named.
    """

    def __init__(self, result_dir, truth_dir):
        results, left_of_results = _listing(result_dir, "--result-dir")
        truths, left_of_truths = _listing(truth_dir, "--truth-dir")
        one, other = str(result_dir), str(truth_dir)
        self.names = sorted(results.keys() & truths.keys())
        self._paths = [(results[name], truths[name]) for name in self.names]
        self.missing = {one: sorted(truths.keys() - results.keys()), other: sorted(results.keys() - truths.keys())}
        if not self.names:
            raise ValueError(
                f"{result_dir} ({len(results)} pictures) and {truth_dir} ({len(truths)}) have no path in common. Pairs "
                f"have the same path without suffix. Without a partner: {_named(sorted(results))}; "
                f"{_named(sorted(truths))}"
            )
        self._sizes = _common_sizes(self._paths)
        parents = [str(Path(name).parent) for name in self.names]
        folders = tuple(sorted(set(parents)))
        self.class_names = folders if len(folders) > 1 else ()
        self._labels = np.array([folders.index(parent) if self.class_names else -1 for parent in parents])
        self.description = {
            "dataset": f"{len(self.names)} pairs of pictures, each at its size: {result_dir} against {truth_dir}",
            "pictures read": "as 8-bit sRGB, alpha over white, turned as EXIF says, colour profiles applied",
            "without a partner": {place: f"{_named(paths)} missing" for place, paths in self.missing.items() if paths},
            "left out for their suffix": {
                place: _named(paths) for place, paths in {one: left_of_results, other: left_of_truths}.items() if paths
            },
        }

    def batches(self, batch_size, *, limit=0):
        """Make one pass; consecutive pictures of equal size share a batch.

        Args:
            batch_size: at most so many pictures, fewer if they are large.
            limit: at most so many pairs, evenly spread over the sorted names; 0: all.

        Yields:
            {"rgb": [b, H, W, 3] uint8 truth, "result": the same, "label": [b] int64, "index": [b] int64}.

        Raises:
            ValueError: if a file cannot be read; it is named.
        """
        chosen = np.arange(len(self.names))
        if limit and limit < len(chosen):
            chosen = np.unique(np.linspace(0, len(chosen) - 1, limit).round().astype(int))
        for (height, width), run in itertools.groupby(chosen, key=lambda i: self._sizes[i]):
            room = min(batch_size, max(1, BATCH_PIXELS // (height * width)))
            while batch := list(itertools.islice(run, room)):
                results, truths = (np.stack([_read(self._paths[i][side]) for i in batch]) for side in (0, 1))
                yield {"rgb": truths, "result": results, "label": self._labels[batch], "index": np.array(batch)}


def _listing(folder, flag):
    """-> {path without suffix: file} of the pictures under a folder, and the other files' paths."""
    root = Path(folder)
    if not root.is_dir():
        raise FileNotFoundError(f"`{flag}`: {folder} is not {'a folder' if root.exists() else 'there'}.")
    found, left = {}, []
    for path in walk.listing(root)[0]:
        name = unicodedata.normalize("NFC", os.path.splitext(path)[0])
        if not suffixes.is_picture(path):
            left.append(path)
        elif name in found:
            raise ValueError(
                f"`{flag}`: {found[name]} and {root / path} differ only in the suffix, or in the Unicode form of the "
                "name. Keep one."
            )
        else:
            found[name] = root / path
    return found, left


def _common_sizes(paths):
    """-> [(height, width)] of the pairs."""
    sizes = [(_size(result), _size(truth)) for result, truth in paths]
    different = [
        f"{result} is {one[1]}x{one[0]}, {truth} is {other[1]}x{other[0]}"
        for (result, truth), (one, other) in zip(paths, sizes, strict=True)
        if one != other
    ]
    small = [str(truth) for (_, truth), (size, _) in zip(paths, sizes, strict=True) if min(size) < SSIM_WINDOW]
    if different:
        raise ValueError(
            f"The pictures of a pair must have the same size. {len(different)} differ: {_named(different)}. "
            "Save results at the size of their truths: resizing here would change the measurement."
        )
    if small:
        raise ValueError(f"Pictures must have at least {SSIM_WINDOW}x{SSIM_WINDOW} pixels. Smaller: {_named(small)}")
    return [size for size, _ in sizes]


def _size(path):
    return _seen(reading.size, path)


def _read(path):
    return _seen(reading.rgb, path)


def _seen(look, path):
    try:
        return look(path)
    except OSError as error:
        raise ValueError(str(error)) from error


def _named(texts):
    more = len(texts) - NAMED
    return ", ".join(texts[:NAMED]) + (f" and {more} more" if more > 0 else "")
