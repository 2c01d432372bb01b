"""Picture files: finding them and decoding them to RGB of the training size (stage 1 of `pipeline.py`).

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

SAMPLED = 10_000  # files whose size and time count for `Files.content`: asking for millions takes minutes


def decode(file, *, height, width):
    """Decode a picture, upright, its short side covering the size, cut out in the middle.

    Args:
        file: a path or a binary file object; see `reading.rgb`, which is strict.
        height, width: of the result.

    Returns:
        [height, width, 3] uint8, sRGB; what is transparent lies on white.

    Raises:
        Unreadable: with the reader's reason, without the file's name.
    """
    try:
        picture = reading.rgb(file, at_least=(height, width))
    except OSError as error:
        raise sources.Unreadable(str(error).replace(f"{file}: ", "")) from error
    return np.asarray(fit(Image.fromarray(picture), height=height, width=width))


def fit(image, *, height, width):
    """Scale so that the short side covers the size, and cut out the middle: mode RGB -> mode RGB, width x height.

    Lanczos, because blur in the training target is blur in L, which the network never meets in use; its negative
    lobes ring far less after the box filter that `reducing_gap` puts before it in strong reductions, which is also
    what makes those fast. A picture that has the size already, as Places365's have, is not touched.
    """
    scale = min(image.width / width, image.height / height)
    box_width, box_height = min(width * scale, image.width), min(height * scale, image.height)
    # Whole pixels: half a pixel off would blur a picture that only needs cutting.
    left, top = (image.width - box_width) // 2, (image.height - box_height) // 2
    box = (left, top, left + box_width, top + box_height)
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)


def listing(root, wanted=suffixes.PICTURES):
    """All files of these suffixes below a folder; see `walk.listing`.

    Returns:
        files: list of paths relative to `root`, with slashes, in an order that is fixed but mixed (by a hash of the
            path in Unicode's form NFC, which copies on other systems share): the beginning of it is a fair sample of
            all folders, and a new file does not reorder the others.
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

    Two spellings of a name in Unicode are one class, called by the composed one (NFC). `names` are those to number by,
    where the files are only some of a set's.
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
        for path in self.paths[:SAMPLED]:  # a fair sample: the listing's order is mixed
            try:
                status = os.stat(self.root / path)
            except FileNotFoundError:
                yield b"gone"
            else:
                yield b"%d %d" % (status.st_size, status.st_mtime_ns)
