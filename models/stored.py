"""Weights on disk and what describes them: a run's folder, or packed weights, a pair of files that can be passed on.

Packed weights are `NAME.weights.h5`, Keras' own format with the kernels in float16, and `NAME.weights.json`: the
settings of the network, the SHA-256 of the first file, and the median ab of the training set. HDF5 and JSON only:
reading them runs no code of theirs. Imports `settings.config`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from colorgan.settings.config import FIELDS, Config, read

WEIGHTS = "generator.weights.h5"  # in a run's folder
SUFFIX = ".weights.h5"
DESCRIPTION_SUFFIX = ".weights.json"
DESCRIBED = ("config", "sha256", "median_ab")
PLACES = {"network", "feature_model"}  # settings that name files of the machine on which a run was trained


@dataclass(frozen=True)
class Stored:
    """A weights file and its description.

    Attributes:
        weights: the file.
        described_by: the file with its settings: `config.json` of a run, `NAME.weights.json` of packed weights.
        config: those settings.
        sha256: what the file must have, in hex; empty for a run's, which changes while it trains.
        median_ab: of the training set; None for a run's, which keeps it elsewhere.
    """

    weights: Path
    described_by: Path
    config: Config
    sha256: str = ""
    median_ab: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        """What to call it: the run's folder, or the name of packed weights."""
        return self.weights.name.removesuffix(SUFFIX) if self.packed else self.weights.parent.name

    @property
    def packed(self) -> bool:
        """Whether these are packed weights, not a run's."""
        return bool(self.sha256)

    def check(self) -> None:
        """Raise ValueError if the file is not the one that was described."""
        if self.packed and (found := sha256(self.weights)) != self.sha256:
            raise ValueError(
                f"{self.weights} is not the file that {self.described_by.name} describes: its SHA-256 is {found}, "
                f"{self.sha256} is expected. It was changed or not copied whole: fetch both files again."
            )


def is_one(path) -> bool:
    """-> whether there is a run, perhaps one without weights so far, or a weights file at a path."""
    path = Path(path)
    return (path / "config.json").is_file() if path.is_dir() else path.is_file() and path.suffix == ".h5"


def find(path) -> Stored:
    """What is at a path.

    Args:
        path: a run's folder, a weights file in one (`generator.weights.h5`, `best.weights.h5`), or packed weights.

    Raises:
        FileNotFoundError: if there are no weights, or nothing beside them says what they are.
        ValueError: if their description cannot be read.
    """
    weights = _weights(path)
    if not weights.is_file():
        raise FileNotFoundError(f"No weights at {weights}. Expected a run's directory or its {WEIGHTS}.")
    return describe(path)


def describe(path) -> Stored:
    """`find` that wants the description only: a run may have no weights so far."""
    weights = _weights(path)
    described_by = weights.with_name(weights.name.removesuffix(SUFFIX) + DESCRIPTION_SUFFIX)
    if described_by.is_file():
        return _packed(weights, described_by)
    settings = weights.parent / "config.json"
    if not settings.is_file():
        raise FileNotFoundError(
            f"No {settings}, and no {described_by.name} beside the weights: they say which network the weights are for."
        )
    return Stored(weights, settings, read(settings))


def _weights(path):
    path = Path(path)
    return path / WEIGHTS if path.is_dir() else path


def _packed(weights, described_by):
    try:
        values = json.loads(described_by.read_text(encoding="utf-8"))
        if not isinstance(values, dict) or set(DESCRIBED) - set(values):
            raise ValueError(f"it must be an object with {', '.join(DESCRIBED)}")
        config, median = Config.from_json(json.dumps(values["config"])), values["median_ab"]
        if not re.fullmatch("[0-9a-f]{64}", str(values["sha256"])):
            raise ValueError("`sha256` must be 64 hexadecimal digits")
        if median is not None and not (isinstance(median, list) and [type(x) for x in median] == [float, float]):
            raise ValueError("`median_ab` must be two numbers, or null")
    except ValueError as error:
        raise ValueError(
            f"{described_by} does not describe weights that this version of colorgan can read: {error}"
        ) from error
    return Stored(weights, described_by, config, values["sha256"], None if median is None else tuple(median))


def pack(stored: Stored, weights: Path, *, median_ab) -> Stored:
    """Write packed weights, each file whole or not at all; what does not belong together is refused when it is loaded.

    Kernels are rounded to float16, 11 bits of mantissa; vectors (biases, normalization) stay float32, where a variance
    may be out of float16's range. Settings that a run may change, and those that name files, keep their defaults.

    Args:
        stored: weights to pack.
        weights: the file to write, `NAME.weights.h5`; `NAME.weights.json` goes beside it.
        median_ab: of the training set, two Lab numbers, or None.

    Returns:
        What was written.

    Raises:
        ValueError: see `packed_name`; or if a weight does not fit into float16.
        OSError: if the files cannot be written.
    """
    weights = Path(weights)
    description_name = packed_name(weights)
    weights.parent.mkdir(parents=True, exist_ok=True)
    own = stored.config.flat()
    kept = {name: own[name] for name, f in FIELDS.items() if not (f.metadata["may_change"] or name in PLACES)}
    with tempfile.TemporaryDirectory(dir=weights.parent, prefix=".pack-") as folder:
        made = Path(folder) / weights.name
        with h5py.File(stored.weights) as source, h5py.File(made, "w") as target:
            _copy(source, target)
        median = None if median_ab is None else [float(x) for x in median_ab]
        description = {"config": kept, "sha256": sha256(made), "median_ab": median}
        described = made.with_name(description_name)
        described.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
        os.replace(made, weights)
        os.replace(described, weights.with_name(described.name))
    return find(weights)


def packed_name(weights: Path) -> str:
    """-> the name of the file that describes packed weights.

    Raises:
        ValueError: if the weights' own name is not `NAME.weights.h5`, or their folder is a run's.
    """
    if not weights.name.endswith(SUFFIX) or weights.name == SUFFIX:
        raise ValueError(f"Packed weights are called NAME{SUFFIX}. Received: {weights.name}")
    if (weights.parent / "config.json").exists():
        raise ValueError(f"{weights.parent} is a run's directory, whose weights are its own. Choose another folder.")
    return weights.name.removesuffix(SUFFIX) + DESCRIPTION_SUFFIX


def _copy(source, target):
    target.attrs.update(source.attrs)
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            _copy(item, target.create_group(name))
            continue
        values = item[()]
        if np.ndim(values) > 1 and values.dtype == np.float32:
            largest = np.abs(values).max(initial=0)
            if not largest <= np.finfo(np.float16).max:  # nor NaN
                raise ValueError(f"{item.name} holds {largest:g}, which float16 cannot")
            values = values.astype(np.float16)
        made = target.create_dataset(name, data=values, track_times=False)
        made.attrs.update(item.attrs)


def sha256(path: Path) -> str:
    """-> a file's SHA-256 in hex, which says which weights made a result."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
