"""From per-image values to a table: means, bootstrap intervals over images, paired differences with their p-values.

Imports `evaluation.definitions` and `evaluation.formulas`; numpy in float64.
"""

from __future__ import annotations

import math

import numpy as np

from colorgan.evaluation import definitions, formulas

PERCENTILES = (2.5, 97.5)


def reduce(name, means):
    """-> a metric from the means of its columns: {column: number or array of any shape}; see `Metric.reduction`.

    NaN if it does not exist, such as a ratio to nothing (see `Metric.floor`) or the hue of grays.
    """
    known = definitions.metric(name)
    first, *rest = (np.asarray(means[c], dtype=np.float64) for c in known.columns)
    if known.reduction == "ratio":
        return np.divide(first, rest[0], out=np.full_like(first, np.nan), where=rest[0] > known.floor)
    return formulas.turns(first, rest[0]) if known.reduction == "angle" else first


def resampled(columns, names, *, resamples=1000, seed=0) -> dict[str, tuple[float, np.ndarray]]:
    """Compute each metric of some images, and its bootstrap distribution over images drawn with replacement.

    The draws depend only on the number of images and the seed. Two models on the same images get the same draws, so the
    difference of their distributions is paired.

    Args:
        columns: {column: [N] float64}, N >= 1, from `Measurement.columns`.
        names: the metrics.
        resamples: number of draws of N images.
        seed: of the draws.

    Returns:
        {metric: (value, [resamples] float64)}; a ratio is a ratio of means. NaN means that a value does not exist, such
        as all draws of a single image.
    """
    needed = list(dict.fromkeys(c for name in names for c in definitions.metric(name).columns))
    draws = drawn_means({c: columns[c] for c in needed}, resamples=resamples, seed=seed)
    return reduced({c: np.mean(columns[c]) for c in needed}, draws, names)


def reduced(means, draws, names) -> dict[str, tuple[float, np.ndarray]]:
    """Columns' means, {column: number}, and their draws, {column: [resamples]} -> {metric: (value, [resamples])}."""
    return {name: (float(reduce(name, means)), reduce(name, draws)) for name in names}


def drawn_means(columns, *, resamples, seed) -> dict:
    """-> the means of columns over images drawn with replacement, with the same draws for all.

    `scipy.stats.bootstrap` gives the same distribution (a test compares them), but gathers the values of every draw of
    every metric. Counting how often an image is drawn turns all means of a draw into one matrix product.

    Args:
        columns: {key: [N] float64}.

    Returns:
        {key: [resamples] float64}; NaN for a single image.
    """
    values = np.stack(list(columns.values()), axis=1)
    n = len(values)
    if n == 1:
        return {key: np.full(resamples, np.nan) for key in columns}
    rng, found = np.random.default_rng(seed), []
    step = max(1, 2**20 // n)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(n, size=(rows, n)) + np.arange(rows)[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        found.append(times.astype(np.float64) @ values / n)
    return dict(zip(columns, np.concatenate(found).T, strict=True))


def intervals(estimates) -> dict[str, tuple[float, float, float]]:
    """The result of `resampled` -> {metric: (value, low, high)}, 95 % percentile intervals (2.5 and 97.5).

    An angle's interval is that of its deviations on the circle, so its low end can be above its high end. Resamples in
    which a metric does not exist are left out. low and high are NaN if the value does not exist, and for a single
    image.
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
    """-> {metric: number of missing resamples}, for metrics that lack some but not all."""
    counts = {name: int(np.isnan(draws).sum()) for name, (_, draws) in estimates.items()}
    return {name: count for name, count in counts.items() if 0 < count < len(estimates[name][1])}


def paired(estimates_a, estimates_b) -> dict[str, dict]:
    """Compute the differences of B from A on the same images, with 95 % intervals of the paired bootstrap.

    Args:
        estimates_a, estimates_b: results of `resampled`, of the same images in the same order, with one seed.

    Returns:
        {metric: {"a", "b": values, "difference": (b - a, low, high), "gain": (cost of a - cost of b, low, high),
        "p": that of no gain}}. The gain is positive if B is better (see `definitions.cost`); metrics without a better
        direction have no gain and p. A difference of angles is taken on the circle, in [-0.5, 0.5).
    """
    table = {}
    for name, a in estimates_a.items():
        known, b = definitions.metric(name), estimates_b[name]
        wrap = around if known.reduction == "angle" else np.asarray
        difference = _with_interval(*(wrap(of_b - of_a) for of_a, of_b in zip(a, b, strict=True)))
        table[name] = {"a": a[0], "b": b[0], "difference": difference}
        if known.better:
            costs = ([definitions.cost(name, one) for one in pair] for pair in zip(a, b, strict=True))
            value, draws = (of_a - of_b for of_a, of_b in costs)
            table[name] |= {"gain": _with_interval(value, draws), "p": p_value(draws)}
    return table


def p_value(draws) -> float:
    """-> the two-sided p-value of no gain, from bootstrap draws of the gain; NaN without draws.

    It is twice the share of draws on the rarer side of 0, with the value itself counted, so it is never 0 (Davison and
    Hinkley 1997, section 4.2).
    """
    defined = draws[~np.isnan(draws)]
    if not defined.size:
        return math.nan
    rarer = min((defined <= 0).sum(), (defined >= 0).sum())
    return float(min(1.0, 2 * (rarer + 1) / (defined.size + 1)))


def around(turns):
    """Differences of angles, in turns -> the same in [-0.5, 0.5)."""
    return (np.asarray(turns) + 0.5) % 1 - 0.5


def _with_interval(value, draws):
    defined = draws[~np.isnan(draws)]
    if np.isnan(value) or not defined.size:
        return float(value), math.nan, math.nan
    low, high = np.percentile(defined, PERCENTILES)
    return float(value), float(low), float(high)
