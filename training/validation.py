"""Measuring a run in progress on validation images. Imports `evaluation` and `models.predictor`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from colorgan.evaluation import definitions, metrics
from colorgan.models.predictor import Predictor, to_rgb8


def validator(predictor: Predictor, batches: Callable, *, threshold: float, best_metric: str) -> Callable:
    """The validation of a run.

    Args:
        predictor: of the generator in training (its average, if it has one).
        batches: () -> iterable of {"rgb": [B, H, W, 3] uint8, ...}, the same images at every call.
        threshold: of the epsilon accuracy, Lab units.
        best_metric: measured besides the cheap ones.

    Returns:
        () -> {metric: value}.

    Raises:
        ValueError: if `best_metric` is unknown or has no better or worse.
    """
    definitions.cost(best_metric, 0.0)
    names = tuple(dict.fromkeys((*definitions.validation_names(threshold), best_metric)))

    def validate():
        measurement = metrics.Measurement(names)
        for batch in batches():
            truth = np.asarray(batch["rgb"])
            lab = predictor.predict_lab(truth)
            measurement.add(truth, lab, to_rgb8(lab))
        return measurement.means()

    return validate
