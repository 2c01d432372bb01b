"""Photographs -> batches. Call `load(data, split)`. There is a module per source, and `pipeline.py` for all sources.

Imports `models.color`, `settings.config`, the room `files` and its own modules.
"""

from __future__ import annotations

from colorgan.datasets import cifar10, folder, pipeline, places365, shapes, tfds
from colorgan.settings import nearest

SOURCES = {"cifar10": cifar10.load, "places365": places365.load, "folder": folder.load, "shapes": shapes.Shapes}
SPLITS = ("train", "validation", "test")


def load(data, split, *, seed=0) -> pipeline.Split:
    """Open one split of the data set that a configuration names.

    Args:
        data: config.Data.
        split: train, validation or test.
        seed: of the order of training and of the augmentation, but not of the choice of held-out photographs.

    Returns:
        pipeline.Split.

    Raises:
        ValueError: for an unknown data set or split (the known ones are listed), missing or malformed data.
    """
    if split not in SPLITS:
        raise ValueError(f"`split` must be one of {', '.join(SPLITS)}. Received: {split!r}")
    if data.dataset.startswith("tfds:"):
        source = tfds.load(data, split)
    elif data.dataset in SOURCES:
        source = SOURCES[data.dataset](data, split)
    else:
        raise ValueError(nearest.unknown("`--dataset`", data.dataset, (*SOURCES, "tfds:NAME")))
    return pipeline.Split(split, source, data, seed=seed)
