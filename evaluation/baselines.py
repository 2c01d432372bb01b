"""What every model must beat: the gray picture, and one colour everywhere. Imports `models.color`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from colorgan.models import color

MEDIAN_STEP = 0.01  # Lab units
MEDIAN_RANGE = 128
NAMES = ("gray", "median")  # what tables call them


def median_baseline(ab) -> Callable:
    """A colorizer that paints every pixel in one ab, such as the training set's `median_ab`.

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


def colorizers(median) -> dict[str, Callable]:
    """-> {name: colorizer} of the baselines: gray, and the median ab unless it is None."""
    return {"gray": gray_baseline} | ({} if median is None else {"median": median_baseline(median)})


def median_ab(batches: Iterable) -> tuple[float, float]:
    """The median of a and of b over all pixels of a training set, by histograms of `MEDIAN_STEP`.

    Args:
        batches: {"rgb": [B, H, W, 3] uint8} dicts (other keys are ignored).

    Returns:
        (a, b) Lab units, to within half a step.

    Raises:
        ValueError: if there is no pixel.
    """
    bins = round(2 * MEDIAN_RANGE / MEDIAN_STEP) + 1
    counts = np.zeros((2, bins), dtype=np.int64)
    for batch in batches:
        ab = np.asarray(color.rgb_to_lab(np.asarray(batch["rgb"]) / 255.0))[..., 1:]
        index = np.rint((ab + MEDIAN_RANGE) / MEDIAN_STEP).astype(np.int64).reshape(-1, 2)
        for channel in range(2):
            counts[channel] += np.bincount(index[:, channel], minlength=bins)
    total = counts[0].sum()
    if not total:
        raise ValueError("`batches` holds no pixel, so there is no median ab. Check the data set and its split")
    # The middle pixel, or the mean of the two middle ones, as numpy's median has it.
    ranks = ((total - 1) // 2 + 1, total // 2 + 1)
    places = [[np.searchsorted(np.cumsum(c), rank) for rank in ranks] for c in counts]
    a, b = (float(np.mean(p)) * MEDIAN_STEP - MEDIAN_RANGE for p in places)
    return round(a, 4), round(b, 4)
