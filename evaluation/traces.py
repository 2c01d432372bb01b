"""Data for the plots of a report, counted from the stream of pictures: accuracy curves and histograms of colours.

Memory does not grow with the number of images. Imports `evaluation.formulas`.
"""

from __future__ import annotations

import numpy as np

from colorgan.evaluation import formulas

EPS_GRID = np.arange(0, 50.5, 0.5)  # thresholds of the epsilon accuracy's curve, Lab units
AB_EDGES = np.arange(-110, 111, 2)
CHROMA_EDGES = np.arange(0, 141, 2)


class Traces:
    """Curves and histograms of several models on the same pictures.

    Attributes:
        count: images so far.
        truth_ab: [110, 110] int64, pixels of the truth by a (rows) and b (columns), bins of `AB_EDGES`.
        ab: {model: the same for its results}.
        chroma: {model: [70, 70] int64}, pixels by true (rows) and achieved (columns) chroma, bins of `CHROMA_EDGES`.

    Values beyond the edges are counted in the outermost bins.
    """

    def __init__(self, models):
        """Prepare for models of these names."""
        size = len(AB_EDGES) - 1, len(CHROMA_EDGES) - 1
        self.count = 0
        self.truth_ab = np.zeros((size[0],) * 2, np.int64)
        self.ab = {name: np.zeros((size[0],) * 2, np.int64) for name in models}
        self.chroma = {name: np.zeros((size[1],) * 2, np.int64) for name in models}
        self._within_eps = {name: np.zeros(len(EPS_GRID)) for name in models}
        self._within_ab = {name: np.zeros(len(formulas.AUC_THRESHOLDS)) for name in models}

    def add(self, truth_lab, result_labs):
        """Add a batch.

        Args:
            truth_lab: [B, H, W, 3] float, Lab.
            result_labs: {model: [B, H, W, 3] float, Lab}, of every model.
        """
        for i, truth in enumerate(np.asarray(truth_lab, np.float64)):
            self.count += 1
            self.truth_ab += _histogram(truth[..., 1], truth[..., 2], AB_EDGES)
            chroma = np.hypot(truth[..., 1], truth[..., 2])
            for name, batch in result_labs.items():
                result = np.asarray(batch[i], np.float64)
                self.ab[name] += _histogram(result[..., 1], result[..., 2], AB_EDGES)
                self.chroma[name] += _histogram(chroma, np.hypot(result[..., 1], result[..., 2]), CHROMA_EDGES)
                self._within_eps[name] += _shares(_needed_eps(truth, result), len(EPS_GRID))
                distance = np.hypot(*np.moveaxis(result[..., 1:] - truth[..., 1:], -1, 0))
                self._within_ab[name] += _shares(np.ceil(distance), len(formulas.AUC_THRESHOLDS))

    def eps_curve(self, model):
        """-> [101] float64: the epsilon accuracy at the thresholds `EPS_GRID`, mean over images."""
        return self._within_eps[model] / self.count

    def ab_curve(self, model):
        """-> [151] float64: the share of pixels within each ab distance 0..150, mean over images; its mean is `auc`."""
        return self._within_ab[model] / self.count


def _needed_eps(truth, result):
    """-> [H, W]: the first index of `EPS_GRID` at which `formulas.epsilon_accuracy` counts each pixel."""
    difference = np.abs(np.rint(truth) - np.rint(result)) / formulas.EPS_SLACK
    # The margin of `formulas.epsilon_accuracy`: 11 / 2.2 is 5 under any rounding.
    return np.ceil(difference.max(axis=-1) / EPS_GRID[1] - 1e-9)


def _shares(places, size):
    """First indices at which pixels count -> [size], the share of the pixels that count at each index."""
    found = np.bincount(np.minimum(places, size).astype(np.int64).ravel(), minlength=size + 1)
    return np.cumsum(found[:size]) / places.size


def _histogram(x, y, edges):
    bins, step = len(edges) - 1, edges[1] - edges[0]
    row, column = (np.clip((v - edges[0]) // step, 0, bins - 1).astype(np.int64) for v in (x, y))
    return np.bincount((row * bins + column).ravel(), minlength=bins**2).reshape(bins, bins)
