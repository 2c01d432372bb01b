"""Picture files: listing them, and decoding them to RGB at the training size (stage 1 of `pipeline.py`).

Owns the order of a listing. Imports the room `files`, `sources` and `randomness`.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import numpy as np
from PIL import Image

from colorgan.datasets import randomness, sources
from colorgan.files import reading, suffixes, walk

SAMPLED = 10_000  # files whose size and time count for `Files.content`; millions would take minutes


def decode(file, *, height, width):
    """Decode a picture upright, scale its short side to the size, and crop the middle.

    Args:
        file: a path or a binary file object; see `reading.rgb`, which is strict.
        height, width: of the result.

    Returns:
        [height, width, 3] uint8, sRGB; transparent parts are over white.

    Raises:
        Unreadable: with the reader's reason, without the file's name.
    """
    try:
        picture = reading.rgb(file, at_least=(height, width))
    except OSError as error:
        raise sources.Unreadable(str(error).replace(f"{file}: ", "")) from error
    return np.asarray(fit(Image.fromarray(picture), height=height, width=width))


def fit(image, *, height, width):
    """Scale the short side to the size, and crop the middle: mode RGB -> mode RGB, width x height.

    The filter is Lanczos, because a blurred training target has a blurred L, which the network never sees in use. In
    strong reductions `reducing_gap` puts a box filter before it, which reduces ringing and saves time. A picture that
    already has the size, as in Places365, is not changed.
    """
    scale = min(image.width / width, image.height / height)
    box_width, box_height = min(width * scale, image.width), min(height * scale, image.height)
    # Whole pixels: half a pixel would blur a picture that only needs cropping.
    left, top = (image.width - box_width) // 2, (image.height - box_height) // 2
    box = (left, top, left + box_width, top + box_height)
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)


def listing(root, wanted=suffixes.PICTURES):
    """List all files of these suffixes below a folder; see `walk.listing`.

    Returns:
        files: list of paths relative to `root`, with slashes, sorted by a hash of the path in Unicode's form NFC. This
            order is mixed, and copies on other systems have the same. So the beginning is a fair sample of all folders,
            and a new file does not reorder the others.
        folders: {path relative to `root`: modification time in ns} of every folder seen.

    Raises:
        OSError: if a folder cannot be read.
    """
    found, folders = walk.listing(root)
    pictures = (path for path in found if suffixes.of(path) in wanted)

    def place(path):
        return randomness.digest(os.fsencode(unicodedata.normalize("NFC", path))), path

    return sorted(pictures, key=place), folders


def folder_labels(files, names=None):
    """Classes from the folders that files lie in: list of paths -> labels [N] (-1: in no folder), names tuple.

    Two Unicode spellings of a name are one class, named by the composed spelling (NFC). `names` gives the numbering if
    the files are only a part of a set.
    """
    parents = [unicodedata.normalize("NFC", path.rpartition("/")[0]) for path in files]
    names = tuple(sorted(set(parents) - {""})) if names is None else names
    number = {name: i for i, name in enumerate(names)} | {"": -1}
    return np.array([number[parent] for parent in parents], np.int64), names


class Files(sources.OneByOne):
    """Picture files at `paths` below `root`, in the order of their listing; `labels` [N] integers, -1: unknown."""

    def __init__(self, data, root, paths, labels, *, origin, class_names=()):
        super().__init__(data, labels, origin=origin, class_names=class_names)
        self.root, self.paths = Path(root), paths

    def name(self, index):  # noqa: D102 - see OneByOne
        return str(self.root / self.paths[index])

    def picture(self, index):  # noqa: D102 - see OneByOne
        return decode(self.name(index), height=self.height, width=self.width)

    def content(self):  # noqa: D102 - see sources.Source
        yield os.fsencode("\0".join(self.paths))
        for path in self.paths[:SAMPLED]:  # a fair sample, because the listing is mixed
            try:
                status = os.stat(self.root / path)
            except FileNotFoundError:
                yield b"gone"
            else:
                yield b"%d %d" % (status.st_size, status.st_mtime_ns)
