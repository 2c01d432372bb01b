"""Statistics of a training set: its median colour. The caller keeps it. Imports `models.color`."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from colorgan.models import color

MEDIAN_IMAGES = 2000  # photographs
MEDIAN_STEP = 0.01  # Lab units
MEDIAN_RANGE = 128


def median_ab(batches: Iterable) -> tuple[float, float]:
    """Measure the median of a and of b over all pixels, by histograms of `MEDIAN_STEP`.

    Args:
        batches: {"rgb": [B, H, W, 3] uint8} dicts (other keys are ignored).

    Returns:
        (a, b) Lab units, to within half a step.

    Raises:
        ValueError: if the batches hold no pixel.
    """
    bins = round(2 * MEDIAN_RANGE / MEDIAN_STEP) + 1
    counts = np.zeros((2, bins), dtype=np.int64)
    for batch in batches:
        ab = np.asarray(color.rgb_to_lab(np.asarray(batch["rgb"]) / 255.0))[..., 1:]
        index = np.rint((ab + MEDIAN_RANGE) / MEDIAN_STEP).astype(np.int64).reshape(-1, 2)
        counts += [np.bincount(channel, minlength=bins) for channel in index.T]
    total = counts[0].sum()
    if not total:
        raise ValueError("`batches` holds no pixel, so there is no median ab. Check the data set and its split")
    # The middle pixel, or the mean of the two middle pixels, as in numpy's median.
    ranks = ((total - 1) // 2 + 1, total // 2 + 1)
    a, b = (np.searchsorted(np.cumsum(c), ranks).mean() * MEDIAN_STEP - MEDIAN_RANGE for c in counts)
    return round(float(a), 4), round(float(b), 4)
