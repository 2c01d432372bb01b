"""Trained weights as two small files to pass on.

Imports `weights.stored`, `settings.config` and `files.whole`.
"""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np

from colorgan.files import whole
from colorgan.settings.config import OPTIONS
from colorgan.weights.stored import DESCRIPTION_SUFFIX, SUFFIX, Stored, find, sha256


def pack(stored: Stored, weights: Path, *, median_ab) -> Stored:
    """Write packed weights, both files or none. Loading refuses files that do not belong together.

    Kernels are rounded to float16, 11 bits of mantissa; vectors (biases, normalization) stay float32, because a
    variance can exceed float16's range. Settings that a run can change, and settings that name files, get their
    defaults.

    Args:
        stored: weights to pack.
        weights: the file to write, `NAME.weights.h5`; `NAME.weights.json` goes next to it.
        median_ab: of the training set, two Lab numbers, or None.

    Returns:
        The packed weights.

    Raises:
        ValueError: see `packed_name`; or if a weight does not fit into float16.
        OSError: if the files cannot be written.
    """
    weights = Path(weights)
    description_name = packed_name(weights)
    own = stored.config.flat()
    kept = {name: own[name] for name, one in OPTIONS.items() if one.fixed and not one.path}
    with whole.replacing(weights, weights.with_name(description_name)) as (made, described):
        with h5py.File(stored.weights) as source, h5py.File(made, "w") as target:
            _copy(source, target)
        median = None if median_ab is None else [float(x) for x in median_ab]
        description = {"config": kept, "sha256": sha256(made), "median_ab": median}
        described.write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    return find(weights)


def packed_name(weights: Path) -> str:
    """-> the name of the file that describes packed weights.

    Raises:
        ValueError: if the weights' own name is not `NAME.weights.h5`, or their folder is a run's.
    """
    if not weights.name.endswith(SUFFIX) or weights.name == SUFFIX:
        raise ValueError(f"Packed weights are named NAME{SUFFIX}. Received: {weights.name}")
    if (weights.parent / "config.json").exists():
        raise ValueError(
            f"{weights.parent} is a run's folder, and packed weights cannot go there. Choose another folder."
        )
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
                raise ValueError(f"{item.name} holds {largest:g}, which does not fit into float16")
            values = values.astype(np.float16)
        made = target.create_dataset(name, data=values, track_times=False)
        made.attrs.update(item.attrs)
