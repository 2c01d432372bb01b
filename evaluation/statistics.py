"""From per-image values to a table: means, bootstrap intervals over images, and paired differences of two models.

Imports `evaluation.definitions` and `evaluation.formulas`; numpy in float64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from colorgan.evaluation import definitions, formulas

PERCENTILES = (2.5, 97.5)


def reduce(name, means):
    """-> a metric from the means of its columns: {column: number or array of any shape}; see `Metric.reduction`.

    NaN where it does not exist: a ratio to nothing (see `Metric.floor`), the hue of grays.
    """
    known = definitions.metric(name)
    first, *rest = (np.asarray(means[c], dtype=np.float64) for c in known.columns)
    if known.reduction == "ratio":
        return np.divide(first, rest[0], out=np.full_like(first, np.nan), where=rest[0] > known.floor)
    return formulas.turns(first, rest[0]) if known.reduction == "angle" else first


def resampled(columns, names, *, resamples=1000, seed=0) -> dict[str, tuple[float, np.ndarray]]:
    """Each metric of some images, and its bootstrap distribution over images drawn from them with replacement.

    The draws depend on the number of images and the seed alone: two models measured on the same images get the same
    draws, so the difference of their distributions is a paired one.

    Args:
        columns: {column: [N] float64}, N >= 1, as `Measurement.columns` returns them.
        names: the metrics.
        resamples: how many times N images are drawn.
        seed: of the draws.

    Returns:
        {metric: (value, [resamples] float64)}; a ratio is a ratio of means. NaN stands for what does not exist, such as
        all draws of a single image.
    """
    needed = list(dict.fromkeys(c for name in names for c in definitions.metric(name).columns))
    values = np.stack([columns[c] for c in needed], axis=1)
    n = len(values)
    rng = np.random.default_rng(seed)
    step = max(1, 2**20 // n)
    drawn_means = []
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(n, size=(rows, n)) + np.arange(rows)[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        drawn_means.append(times.astype(np.float64) @ values / n)
    spread = np.concatenate(drawn_means) if n > 1 else np.full((resamples, len(needed)), np.nan)
    means = {c: np.mean(columns[c]) for c in needed}
    draws = dict(zip(needed, spread.T, strict=True))
    return {name: (float(reduce(name, means)), reduce(name, draws)) for name in names}


def intervals(estimates) -> dict[str, tuple[float, float, float]]:
    """What `resampled` returns -> {metric: (value, low, high)}, 95 % percentile intervals (2.5 and 97.5).

    An angle's interval is that of its deviations on the circle, so that its low end may be above its high end.
    Resamples in which a metric does not exist are left out. low and high are NaN where the value does not exist, and of
    a single image.
    """
    table = {}
    for name, (value, draws) in estimates.items():
        if definitions.metric(name).reduction == "angle":
            _, low, high = _with_interval(value, around(draws - value))
            table[name] = (value, (value + low) % 1, (value + high) % 1)
        else:
            table[name] = _with_interval(value, draws)
    return table


def undefined(estimates) -> dict[str, int]:
    """-> {metric: how many of its resamples do not exist}, of those that lack some but not all."""
    counts = {name: int(np.isnan(draws).sum()) for name, (_, draws) in estimates.items()}
    return {name: count for name, count in counts.items() if 0 < count < len(estimates[name][1])}


@dataclass(frozen=True)
class Comparison:
    """How model `b` differs from model `a` on the same `n` images; `rows` as `paired` gives them."""

    a: str
    b: str
    n: int
    rows: dict
    intervals: str

    def better(self, name) -> str:
        """-> the better one's name by this metric, an empty text if the interval of the difference does not say."""
        low, high = self.rows[name].get("gain", (0, 0, 0))[1:]
        return self.b if low > 0 else self.a if high < 0 else ""


def compare(evaluation, a: str, b: str, *, resamples=1000, seed=0) -> Comparison:
    """Two models of an `Evaluation`, of these names in its table, image by image.

    Returns:
        All per-image metrics that both have; not the truth's own, and not FID and KID, which have no value per image.
    """
    names = [n for n in evaluation.table[a] if definitions.metric(n).columns and not n.endswith("_truth")]
    estimates = (resampled(evaluation.per_image[one], names, resamples=resamples, seed=seed) for one in (a, b))
    how = f"95 % paired percentile bootstrap over the same images, {resamples} resamples, seed {seed}"
    return Comparison(a, b, evaluation.protocol["n"], paired(*estimates), how)


def paired(estimates_a, estimates_b) -> dict[str, dict]:
    """How B differs from A on the same images, with 95 % intervals of the paired bootstrap.

    Args:
        estimates_a, estimates_b: as `resampled` returns them, of the same images in the same order and one seed.

    Returns:
        {metric: {"a", "b": values, "difference": (b - a, low, high), "gain": (cost of a - cost of b, low, high)}}.
        The gain is positive where B is better (see `definitions.cost`); it is absent of metrics without a better.
        A difference of angles is taken on the circle, in [-0.5, 0.5).
    """
    table = {}
    for name, a in estimates_a.items():
        known, b = definitions.metric(name), estimates_b[name]
        wrap = around if known.reduction == "angle" else np.asarray
        difference = _with_interval(*(wrap(of_b - of_a) for of_a, of_b in zip(a, b, strict=True)))
        table[name] = {"a": a[0], "b": b[0], "difference": difference}
        if known.better:
            costs = ([definitions.cost(name, one) for one in pair] for pair in zip(a, b, strict=True))
            table[name]["gain"] = _with_interval(*(of_a - of_b for of_a, of_b in costs))
    return table


def around(turns):
    """Differences of angles, in turns -> the same in [-0.5, 0.5)."""
    return (np.asarray(turns) + 0.5) % 1 - 0.5


def _with_interval(value, draws):
    defined = draws[~np.isnan(draws)]
    if np.isnan(value) or not defined.size:
        return float(value), math.nan, math.nan
    low, high = np.percentile(defined, PERCENTILES)
    return float(value), float(low), float(high)
