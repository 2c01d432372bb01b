"""CIFAR-10 from its python batches (Krizhevsky 2009), or without them from TensorFlow Datasets.

Owns reading the pickled batches, which executes nothing in them. Imports this room's modules only.
"""

from __future__ import annotations

import io
import math
import pickle

import numpy as np
from PIL import Image

from colorgan.datasets import classes, files, paths, randomness, sources, tfds

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN = tuple(f"data_batch_{i}" for i in range(1, 6))
UNPACKED = "cifar-10-batches-py"  # the folder in cifar-10-python.tar.gz
SIZE = 32


def load(data, split):
    """-> sources.Source. train: the five batches without the held-out share; test: test_batch.

    Raises:
        ValueError: if a file is missing, malformed, or holds anything but a CIFAR-10 batch, or a class is unknown.
    """
    path = paths.locate(data)
    if path is None:
        return tfds.load(data, split, name="cifar10")
    if not (path / TRAIN[0]).exists() and (path / UNPACKED).is_dir():
        path = path / UNPACKED
    names = ("test_batch",) if split == "test" else TRAIN
    rgb, labels = (np.concatenate(parts) for parts in zip(*(read_batch(path, name) for name in names), strict=True))
    origin = f"python batches in {path}"
    if split != "test":
        # A fixed key instead of the run's seed: all runs are validated on the same photographs.
        order = randomness.permutation(len(rgb), "cifar10 held out")
        held = round(data.validation_fraction * len(rgb)) or math.ceil(data.validation_fraction)
        chosen = np.sort(order[held:] if split == "train" else order[:held])
        if not len(chosen) and split != "train":
            raise paths.no_held_out(data)
        origin += f", {len(chosen):,} of the {len(rgb):,} in data_batch_1 to 5"
        rgb, labels = rgb[chosen], labels[chosen]
    # After holding out, so some classes have the same held-out photographs as all classes.
    chosen, labels, names = classes.select(data.classes, CLASSES, labels, where="cifar10")
    if data.classes:
        rgb, origin = rgb[chosen], origin + classes.in_words(data.classes)
    return Pictures(data, rgb, labels, origin=origin, class_names=names)


class Pictures(sources.Arrays):
    """Pictures in memory at their original size, resized when read if training has another size."""

    def read(self, indices):  # noqa: D102 - see sources.RandomAccess
        indices, rgb, labels, ok = super().read(indices)
        if rgb.shape[1:3] != (self.height, self.width):
            fitted = [files.fit(Image.fromarray(one), height=self.height, width=self.width) for one in rgb]
            rgb = np.stack(fitted)
        return indices, rgb, labels, ok


def read_batch(folder, name):
    """Read one python batch.

    Returns:
        rgb: [N, 32, 32, 3] uint8; labels: [N] int64 in 0..9.

    Raises:
        ValueError: if it is missing, or is not a CIFAR-10 batch; the message names the file.
    """
    file = folder / name
    if not file.is_file():
        raise ValueError(
            f"`--dataset-path`: no `{name}` under {folder}. Expected the folder of cifar-10-python.tar.gz. Or"
            " leave --dataset-path out to use TensorFlow Datasets."
        )
    try:
        batch = _Unpickler(io.BytesIO(file.read_bytes()), encoding="bytes").load()
        if not isinstance(batch, dict):
            raise ValueError(f"it holds a {type(batch).__name__}, not a dict")
        batch = {k.decode() if isinstance(k, bytes) else k: v for k, v in batch.items()}
        pixels, labels = _pixels(batch["data"]), batch["labels"]
        if not isinstance(labels, list) or len(labels) != len(pixels):
            raise ValueError("its `labels` is not a list with a number for each picture")
        if not all(type(label) is int and 0 <= label < len(CLASSES) for label in labels):
            raise ValueError(f"its `labels` are not all in 0..{len(CLASSES) - 1}")
    # The unpickler's errors in a damaged file: an early end, wrong opcodes, an empty stack.
    except (pickle.UnpicklingError, EOFError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(
            f"`--dataset-path`: {file} is not a CIFAR-10 python batch: {type(error).__name__}: {error}. Unpack"
            " cifar-10-python.tar.gz again."
        ) from error
    planes = pixels.reshape(-1, 3, SIZE, SIZE)  # a row has the red, the green and the blue plane
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), np.array(labels, np.int64)


class _Described:
    """Stands for NumPy's arrays and types in a batch: it keeps its arguments and creates nothing."""

    state = None

    def __init__(self, *arguments):
        self.arguments = arguments

    def __setstate__(self, state):
        self.state = state


def _pixels(array):
    """-> [N, 3072] uint8, made here from the pickle's values, so no pickle reaches NumPy."""
    if array.state:  # given to `_reconstruct`'s array
        _, shape, dtype, fortran, raw = array.state
        order = "F" if fortran else "C"
    else:  # to `_frombuffer`
        raw, dtype, shape, order = array.arguments
    if dtype.arguments[0] not in ("u1", b"u1"):
        raise ValueError(f"its `data` is of type {dtype.arguments[0]!r}, not uint8")
    pixels = np.frombuffer(raw, np.uint8).reshape(shape, order=order)
    if pixels.ndim != 2 or pixels.shape[1] != 3 * SIZE * SIZE:
        raise ValueError(f"its `data` is not [N, {3 * SIZE * SIZE}] uint8")
    return pixels


def _latin1(text, _):
    return text.encode("latin1")


class _Unpickler(pickle.Unpickler):
    """Reads dicts, lists, strings, numbers and uint8 arrays, as NumPy 1 and 2 write them, and refuses the rest."""

    ALLOWED = {
        ("_codecs", "encode"): _latin1,  # protocol 2 from Python 3 writes bytes so
        **{("numpy", name): _Described for name in ("ndarray", "dtype")},
        **{(f"numpy.{core}.multiarray", "_reconstruct"): _Described for core in ("core", "_core")},
        **{(f"numpy.{core}.numeric", "_frombuffer"): _Described for core in ("core", "_core")},
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(
                f"it refers to {module}.{name}, which such a file never does. It was not executed"
            )
        return self.ALLOWED[module, name]
