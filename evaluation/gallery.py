"""The pictures of a report: the first of a stream, and the best, median and worst by several metrics.

They are the measured pictures. Their number is fixed: the first, the best and the worst so far, and a random choice of
all so far. At the end, the pictures nearest to the median are taken from the random choice; with more images than
`POOL` they are only near the median. Imports `definitions` and `baselines`.
"""

from __future__ import annotations

import bisect
import functools
import operator

import numpy as np
from PIL import Image

from colorgan.evaluation import baselines, definitions

METRICS = ("mae_ab", "psnr", "ssim", "ciede2000")  # and a feature network's distance
SHOWN, WORST = 3, 6
POOL = 32
LONGEST = 384  # pixels: larger pictures are reduced, which keeps memory and report small


class Gallery:
    """Pictures by quality.

    Args:
        models: names of the models whose pictures are kept.
        metrics: with one column each and a better direction.
        first: number of first images to keep.
        seed: of the random choice.
    """

    def __init__(self, models, *, metrics=METRICS, first=8, seed=0):
        self.models, self.metrics, self.first = tuple(models), tuple(metrics), first
        self._rng, self._seen, self._pool, self._first = np.random.default_rng(seed), 0, [], []
        self._ends = {(m, n, end): [] for m in self.models for n in self.metrics for end in ("best", "worst")}

    def add(self, columns, truth_rgb, results, index, labels):
        """Add a batch.

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
            shown = SHOWN if end == "best" else WORST
            for i in np.argsort(costs, kind="stable")[:shown].tolist():
                if len(kept) < shown or costs[i] < kept[-1][0]:
                    bisect.insort(kept, (costs[i], entry(i)), key=operator.itemgetter(0))
                    del kept[shown:]
        for i in range(len(truth_rgb)):  # reservoir sampling (Vitter 1985, algorithm R)
            seen = self._seen + i
            if seen < self.first:
                self._first.append(entry(i))
            slot = seen if seen < POOL else int(self._rng.integers(seen + 1))
            if slot < POOL:
                self._pool[slot : slot + 1] = [entry(i)]
        self._seen += len(truth_rgb)

    def pictures(self, columns) -> list[dict]:
        """-> the chosen pictures, each photograph once.

        Args:
            columns: {model: {metric: [N] float64}} of all images.

        Returns:
            [{"index", "class", "gray", "truth", "results": {model: picture}, "values": {model: {metric: value}},
            "shown": [(part, model, metric)]}], pictures [h, w, 3] uint8, at most `LONGEST` long. A part is `first`,
            with neither model nor metric, or `worst`, `median` or `best`. The first images first, then the worst.
        """
        cards: dict = {}
        for part in ("first", "worst", "median", "best"):
            for shown, entries in self._found(part, columns):
                for one in entries:
                    card = cards.setdefault(one["place"], self._card(one, columns))
                    card["shown"].append((part, *shown))
        return list(cards.values())

    def _found(self, part, columns):
        """-> ((model, metric), entries) of a part."""
        if part == "first":
            yield ("", ""), self._first
            return
        for model in self.models:
            for name in self.metrics:
                values = columns[model][name]
                distances = np.abs(values - np.median(values))
                yield (
                    (model, name),
                    sorted(self._pool, key=lambda entry, far=distances: far[entry["place"]])[:SHOWN]
                    if part == "median"
                    else [entry for _, entry in self._ends[model, name, part]],
                )

    def _card(self, entry, columns):
        return {
            **{key: entry[key] for key in ("index", "class", "truth", "results")},
            "gray": baselines.gray_picture(entry["truth"]),
            "values": {m: {n: float(columns[m][n][entry["place"]]) for n in self.metrics} for m in self.models},
            "shown": [],
        }


def _reduced(picture):
    if max(picture.shape[:2]) <= LONGEST:
        return picture.copy()  # a copy, because a view would keep the whole batch in memory
    image = Image.fromarray(picture)
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    return np.asarray(image)
