"""Weights on disk and their description: `find` takes a name, a run or a file.

A run's folder has `config.json` and `generator.weights.h5`. Packed weights are two files to pass on: `NAME.weights.h5`,
Keras' format with float16 kernels, and `NAME.weights.json` with the network's settings, the SHA-256 of the first file,
and the median ab of the training set. Reading HDF5 and JSON runs no code from the files. Imports `settings.config`.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from colorgan.settings import nearest
from colorgan.settings.config import Config, read

HERE = Path(__file__).parent  # of the weights that ship
WEIGHTS = "generator.weights.h5"  # in a run's folder
SUFFIX = ".weights.h5"
DESCRIPTION_SUFFIX = ".weights.json"
DESCRIBED = ("config", "sha256", "median_ab")


@dataclass(frozen=True)
class Stored:
    """A weights file and its description."""

    weights: Path  # a run may not have the file yet
    described_by: Path  # the file with its settings: `config.json` of a run, `NAME.weights.json` of packed weights
    config: Config  # those settings
    sha256: str = ""  # expected hash of packed weights, in hex; empty for a run, whose file changes
    median_ab: tuple[float, float] | None = None  # of the training set; a run keeps it in another file

    @property
    def name(self) -> str:
        """The name of the run's folder, or of packed weights."""
        return self.weights.name.removesuffix(SUFFIX) if self.packed else self.weights.parent.name

    @property
    def packed(self) -> bool:
        """Whether these are packed weights."""
        return bool(self.sha256)

    @property
    def ships(self) -> bool:
        """Whether these weights ship with the package."""
        return self.weights.parent == HERE

    @functools.cached_property
    def digest(self) -> str:
        """The actual SHA-256 of the file, in hex, computed once."""
        return sha256(self.weights)

    def check(self) -> None:
        """Check that the weights are there and match their description.

        Raises:
            FileNotFoundError: if there is no file.
            ValueError: if its hash differs.
        """
        if not self.weights.is_file():
            raise FileNotFoundError(f"No weights at {self.weights}. Expected a run's folder or its {WEIGHTS}.")
        if self.packed and self.digest != self.sha256:
            raise ValueError(
                f"{self.weights} is not the file that {self.described_by.name} describes: its SHA-256 is "
                f"{self.digest}, not {self.sha256}. It was changed or not copied completely. Fetch both files again."
            )

    def load_into(self, network) -> None:
        """`check`, and load the weights into a built Keras model, whole or not at all; errors of `load` too."""
        self.check()
        load(network, self.weights, described_by=self.described_by)


def names() -> tuple[str, ...]:
    """-> the names of the weights that ship, sorted."""
    return tuple(sorted(path.name.removesuffix(SUFFIX) for path in HERE.glob(f"*{SUFFIX}")))


def find(name_or_path) -> Stored:
    """Find the weights of a name or a path.

    Args:
        name_or_path: a run's folder, a weights file in one (`generator.weights.h5`, `best.weights.h5`), packed
            weights, a folder with one pair of packed weights, or the name of weights that ship. Paths to weights win
            over names; a folder of photographs called `photo` does not.

    Raises:
        FileNotFoundError: if it is none of these (the message lists the names), or if nothing next to a file describes
            it.
        ValueError: if the description cannot be read.
    """
    path, known = Path(name_or_path), names()
    packed = list(path.glob(f"*{DESCRIPTION_SUFFIX}")) if path.is_dir() else []
    if len(packed) == 1 and not (path / "config.json").is_file():
        return _described(packed[0].with_name(packed[0].name.removesuffix(DESCRIPTION_SUFFIX) + SUFFIX))
    if (path / "config.json").is_file() if path.is_dir() else path.is_file() and path.suffix == ".h5":
        return _described(path / WEIGHTS if path.is_dir() else path)
    if str(name_or_path) in known:
        return _described(HERE / f"{name_or_path}{SUFFIX}")
    what = "is neither a run's folder nor a weights file" if path.exists() else "is not there"
    raise FileNotFoundError(
        f"{name_or_path} {what}, and no weights of that name ship.{nearest.did_you_mean(name_or_path, known)} Name a "
        f"run's folder, a weights file, or weights that ship: {', '.join(known) or 'none'}."
    )


def _described(weights):
    described_by, settings = (
        weights.with_name(weights.name.removesuffix(SUFFIX) + DESCRIPTION_SUFFIX),
        weights.parent / "config.json",
    )
    if not described_by.is_file():
        if not settings.is_file():
            raise FileNotFoundError(
                f"There is no {settings}, and no {described_by.name} next to the weights. One of them must describe "
                "the network."
            )
        return Stored(weights, settings, read(settings))
    try:
        values = json.loads(described_by.read_text(encoding="utf-8"))
        if not isinstance(values, dict) or set(DESCRIBED) - set(values):
            raise ValueError(f"it must be an object with {', '.join(DESCRIBED)}")
        config, digest, median = (values[name] for name in DESCRIBED)
        if not re.fullmatch("[0-9a-f]{64}", str(digest)):
            raise ValueError("`sha256` must be 64 hexadecimal digits")
        if median is not None:
            a, b = map(float, median)
            median = a, b
        return Stored(weights, described_by, Config.from_json(json.dumps(config)), digest, median)
    except (ValueError, TypeError) as error:
        what = "does not describe weights that this version of colorgan can read"
        raise ValueError(f"{described_by} {what}: {error}") from error


def load(network, weights: Path, *, described_by) -> None:
    """Load a weights file, in Keras' HDF5 format, into a built Keras model, whole or not at all.

    `described_by`, a file or words, names the network's description in the message.

    Raises:
        ValueError: if the file does not hold the weights of this network.
    """
    try:
        # Checked first, because Keras ignores layers in the file that the network lacks.
        if (held := _count_values(weights)) != (own := _count_saved(network)):
            raise ValueError(f"the file holds {held:,} numbers, the network {own:,}")
        network.load_weights(weights)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{weights} does not hold the weights of the network in {described_by}: {error}") from error


def _count_values(path):
    sizes = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: sizes.append(item.size) if isinstance(item, h5py.Dataset) else None)
    return sum(sizes)


def _count_saved(network):
    """-> how many numbers Keras saves for a network. Spectral normalization saves a kernel twice."""
    total = 0
    for layer in network._flatten_layers():
        own: dict = {}
        layer.save_own_variables(own)
        total += sum(np.size(values) for values in own.values())
    return total


def sha256(path: Path) -> str:
    """-> the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
