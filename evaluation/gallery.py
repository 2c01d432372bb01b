"""The best, median and worst pictures of a stream, kept while it passes.

The pictures shown are the ones that were measured. Their number is fixed: the best and the worst so far, and a random
choice of all so far, out of which the ones next to the median are taken at the end; with more images than `POOL` they
are next to it, not on it, so each picture comes with its place in the order. Imports `definitions` and `baselines`.
"""

from __future__ import annotations

import bisect
import functools
import operator

import numpy as np
from PIL import Image

from colorgan.evaluation import baselines, definitions

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
        self._ends = {(m, n, end): [] for m in self.models for n in self.metrics for end in ("best", "worst")}

    def add(self, columns, truth_rgb, results, index, labels):
        """Take in a batch.

        Args:
            columns: {model: {metric: [B] float64}}.
            truth_rgb: [B, H, W, 3] uint8.
            results: {model: [B, H, W, 3] uint8}.
            index: [B] int. labels: [B] texts.
        """

        @functools.cache
        def entry(i):
            return {
                "place": self._seen + i,
                "index": int(index[i]),
                "class": labels[i],
                "truth": _reduced(truth_rgb[i]),
                "results": {m: _reduced(results[m][i]) for m in self.models},
            }

        for (model, name, end), kept in self._ends.items():
            costs = definitions.cost(name, columns[model][name]) * (1 if end == "best" else -1)
            for i in np.argsort(costs, kind="stable")[:SHOWN].tolist():
                if len(kept) < SHOWN or costs[i] < kept[-1][0]:
                    bisect.insort(kept, (costs[i], entry(i)), key=operator.itemgetter(0))
                    del kept[SHOWN:]
        for i in range(len(truth_rgb)):  # reservoir sampling (Vitter 1985, algorithm R)
            seen = self._seen + i
            slot = seen if seen < POOL else int(self._rng.integers(seen + 1))
            if slot < POOL:
                self._pool[slot : slot + 1] = [entry(i)]
        self._seen += len(truth_rgb)

    def pictures(self, columns) -> dict:
        """What was found.

        Args:
            columns: {model: {metric: [N] float64}} of all images.

        Returns:
            {model: {metric: {"best" | "median" | "worst": [{"index", "class", "value", "rank" (share of the images
            that are better, 0..1), "gray", "truth", "result"}]}}}, pictures [h, w, 3] uint8, at most `LONGEST` long.
        """
        return {m: {n: self._found(m, n, columns[m][n]) for n in self.metrics} for m in self.models}

    def _found(self, model, name, values):
        distances, costs = np.abs(values - np.median(values)), definitions.cost(name, values)
        best, worst = ([entry for _, entry in self._ends[model, name, end]] for end in ("best", "worst"))
        median = sorted(self._pool, key=lambda entry: distances[entry["place"]])[:SHOWN]
        return {
            part: [
                {
                    **{key: entry[key] for key in ("index", "class", "truth")},
                    "value": float(values[entry["place"]]),
                    "rank": float((costs < costs[entry["place"]]).mean()),
                    "gray": baselines.gray_picture(entry["truth"]),
                    "result": entry["results"][model],
                }
                for entry in entries
            ]
            for part, entries in (("best", best), ("median", median), ("worst", worst))
        }


def _reduced(picture):
    if max(picture.shape[:2]) <= LONGEST:
        return picture.copy()  # a view would keep the whole batch in memory
    image = Image.fromarray(picture)
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return np.asarray(image)
