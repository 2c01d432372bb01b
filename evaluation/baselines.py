"""The baselines that every model must beat: the gray picture, and one colour everywhere. Imports `models`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from colorgan.models import color
from colorgan.models.predictor import to_rgb8

NAMES = ("gray", "median")  # their names in tables


def own(names) -> list[str]:
    """-> the models that are not baselines; all if there are only baselines."""
    return [name for name in names if name not in NAMES] or list(names)


def median_baseline(ab) -> Callable:
    """-> a colorizer that gives every pixel the same ab, such as the training set's median.

    Args:
        ab: (a, b), Lab units.

    Returns:
        A callable, [B, H, W, 3] uint8 RGB -> [B, H, W, 3] float32 Lab with the truth's L.
    """

    def predict_lab(rgb):
        lab = np.array(color.rgb_to_lab(np.asarray(rgb) / 255.0), dtype=np.float32)
        lab[..., 1:] = ab
        return lab

    return predict_lab


gray_baseline = median_baseline((0.0, 0.0))


def gray_picture(rgb) -> np.ndarray:
    """[..., 3] uint8 RGB -> the same without colour, as the gray baseline delivers it."""
    return to_rgb8(gray_baseline(rgb))


def colorizers(median) -> dict[str, Callable]:
    """-> {name: colorizer} of the baselines: gray, and the median unless it is None."""
    return {"gray": gray_baseline} | ({} if median is None else {"median": median_baseline(median)})
