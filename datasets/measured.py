"""Statistics of a training set: its median colour, and what its colours make each bin of a classification weigh.

Pure measuring; who wants to keep a result keeps it. Imports `models.color` and `models.quantization`, which says what a
bin is.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from colorgan.models import color, quantization

MEDIAN_IMAGES = 2000  # photographs that are enough for each
BIN_IMAGES = 5000
MEDIAN_STEP = 0.01  # Lab units
MEDIAN_RANGE = 128


def median_ab(batches: Iterable) -> tuple[float, float]:
    """The median of a and of b over all pixels, by histograms of `MEDIAN_STEP`.

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


def class_weights(batches: Iterable, *, bins, uniform_mix: float, exponent: float) -> np.ndarray:
    """What each bin weighs in a classification, from how often its colours occur.

    Args:
        batches: as in `median_ab`.
        bins: what `quantization.describe` says of them; a head has it as `bins`.
        uniform_mix, exponent: see `quantization.class_weights`.

    Returns:
        float32, in the shape that `objectives.rebalanced.cross_entropy` takes.

    Raises:
        ValueError: if there is no pixel, or see `quantization.class_weights`.
    """
    counts = quantization.histogram((batch["rgb"] for batch in batches), bins=bins)
    return quantization.class_weights(counts, bins=bins, uniform_mix=uniform_mix, exponent=exponent)
