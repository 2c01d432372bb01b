"""The best, median and worst pictures of a stream, kept while it passes.

The pictures shown are the ones that were measured. Their number is fixed: the best and the worst so far, and a random
choice of all so far, out of which the ones next to the median are taken at the end; with more images than `POOL` they
are next to it, not on it, so each picture comes with its place in the order. Imports `definitions` and `models.color`.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from colorgan.evaluation import definitions
from colorgan.models import color
from colorgan.models.predictor import to_rgb8

METRICS = ("mae_ab", "ciede2000")
SHOWN = 3
POOL = 32
LONGEST = 320  # pixels: larger pictures are kept reduced, which keeps both memory and the report small


class Gallery:
    """Pictures by quality.

    Args:
        models: names of those whose pictures are kept.
        metrics: of one column each, with a better and a worse.
        seed: of the random choice.
    """

    def __init__(self, models, *, metrics=METRICS, seed=0):
        self.models, self.metrics = tuple(models), tuple(metrics)
        self._rng, self._seen, self._pool = np.random.default_rng(seed), 0, []
        self._ends = {(m, n): {"best": [], "worst": []} for m in self.models for n in self.metrics}

    def add(self, columns, truth_rgb, results, index, labels):
        """Take in a batch.

        Args:
            columns: {model: {metric: [B] float64}}.
            truth_rgb: [B, H, W, 3] uint8.
            results: {model: [B, H, W, 3] uint8}.
            index: [B] int. labels: [B] texts.
        """
        made = {}

        def entry(i):
            if i not in made:
                made[i] = {
                    "index": int(index[i]),
                    "class": labels[i],
                    "truth": _reduced(truth_rgb[i]),
                    "results": {m: _reduced(results[m][i]) for m in self.models},
                    "values": {m: {n: float(columns[m][n][i]) for n in self.metrics} for m in self.models},
                }
            return made[i]

        for (model, name), ends in self._ends.items():
            order = np.argsort(definitions.cost(name, columns[model][name]), kind="stable")
            for end, first in (("best", order[:SHOWN]), ("worst", order[::-1][:SHOWN])):
                kept = ends[end] + [entry(i) for i in first if self._belongs(ends[end], end, model, name, columns, i)]
                kept.sort(key=lambda one: definitions.cost(name, one["values"][model][name]), reverse=end == "worst")  # noqa: B023
                ends[end] = kept[:SHOWN]
        for i in range(len(truth_rgb)):  # reservoir sampling (Vitter 1985, algorithm R)
            place = self._seen if self._seen < POOL else int(self._rng.integers(self._seen + 1))
            if place < POOL:
                self._pool[place:] = [entry(i), *self._pool[place + 1 :]]
            self._seen += 1

    def _belongs(self, kept, end, model, name, columns, i):
        """Whether a picture is worth making an entry of."""
        if len(kept) < SHOWN:
            return True
        mine = definitions.cost(name, columns[model][name][i])
        last = definitions.cost(name, kept[-1]["values"][model][name])
        return mine < last if end == "best" else mine > last

    def pictures(self, columns) -> dict:
        """What was found.

        Args:
            columns: {model: {metric: [N] float64}} of all images.

        Returns:
            {model: {metric: {"best" | "median" | "worst": [{"index", "class", "value", "rank" (share of the images
            that are better, 0..1), "gray", "truth", "result"}]}}}, pictures [h, w, 3] uint8, at most `LONGEST` long.
        """
        found = {m: {n: {} for n in self.metrics} for m in self.models}
        for (model, name), ends in self._ends.items():
            values = columns[model][name]
            middle = np.median(values)
            near = sorted(self._pool, key=lambda one: abs(one["values"][model][name] - middle))[:SHOWN]  # noqa: B023
            for part, entries in (("best", ends["best"]), ("median", near), ("worst", ends["worst"])):
                found[model][name][part] = [_shown(one, model, name, values) for one in entries]
        return found


def _shown(entry, model, name, values):
    value = entry["values"][model][name]
    better = definitions.cost(name, values) < definitions.cost(name, value)
    truth = entry["truth"]
    lab = np.array(color.rgb_to_lab(truth / 255.0))
    return {
        **{key: entry[key] for key in ("index", "class", "truth")},
        "value": value,
        "rank": float(better.mean()),
        "gray": to_rgb8(lab * np.array([1, 0, 0], np.float32)),
        "result": entry["results"][model],
    }


def _reduced(picture):
    if max(picture.shape[:2]) <= LONGEST:
        return picture.copy()  # a view would keep the whole batch in memory
    image = Image.fromarray(picture)
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return np.asarray(image)
