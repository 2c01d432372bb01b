"""From per-image values to a table: means, bootstrap intervals over images, and paired differences of two models.

Imports `evaluation.definitions` and `evaluation.formulas`; numpy in float64.
"""

from __future__ import annotations

import math

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


def column_means(columns):
    """{column: [N] float64} -> {column: float64}."""
    return {c: np.mean(v) for c, v in columns.items()}


def resampled(columns, names, *, resamples=1000, seed=0) -> dict[str, np.ndarray]:
    """The bootstrap distribution of each metric over images drawn with replacement.

    The draws depend on the number of images and the seed alone: two models measured on the same images get the same
    draws, so the difference of their distributions is a paired one.

    Args:
        columns: {column: [N] float64}, N >= 1, as `Measurement.columns` returns them.
        names: the metrics.
        resamples: how many times N images are drawn.
        seed: of the draws.

    Returns:
        {metric: [resamples] float64}; a ratio is a ratio of resampled means, NaN where it does not exist.
    """
    needed = list(dict.fromkeys(c for name in names for c in definitions.metric(name).columns))
    values = np.stack([columns[c] for c in needed], axis=1)
    n = len(values)
    rng = np.random.default_rng(seed)
    step = max(1, 2**20 // n)
    means = []
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = rng.integers(n, size=(rows, n)) + np.arange(rows)[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        means.append(times.astype(np.float64) @ values / n)
    by_column = dict(zip(needed, np.concatenate(means).T, strict=True))
    return {name: reduce(name, by_column) for name in names}


def bootstrap(columns, names, *, resamples=1000, seed=0) -> dict[str, tuple[float, float, float]]:
    """Each metric with its 95 % interval over images (percentiles 2.5 and 97.5 of `resampled`; arguments as there).

    Returns:
        {metric: (value, low, high)} floats; the value is that of the images themselves. An angle's interval is that
        of its deviations on the circle, so that its low end may be above its high end. Resamples in which a metric
        does not exist are left out. low and high are NaN where the value does not exist, and of a single image.
    """
    return intervals(columns, resampled(columns, names, resamples=resamples, seed=seed))


def intervals(columns, spread) -> dict[str, tuple[float, float, float]]:
    """As `bootstrap`, of draws that were made before.

    Args:
        columns: {column: [N] float64}.
        spread: {metric: [resamples] float64}, as `resampled` returns it; what is NaN in it has no say.
    """
    means, n = column_means(columns), len(next(iter(columns.values())))
    table = {}
    for name, many in spread.items():
        value = float(reduce(name, means))
        if definitions.metric(name).reduction == "angle":
            _, low, high = _with_interval(value, around(many - value), n)
            table[name] = (value, (value + low) % 1, (value + high) % 1)
        else:
            table[name] = _with_interval(value, many, n)
    return table


def undefined(spread) -> dict[str, int]:
    """-> {metric: how many of its resamples do not exist}, of those that lack some but not all."""
    counts = {name: int(np.isnan(many).sum()) for name, many in spread.items()}
    return {name: count for name, count in counts.items() if 0 < count < len(spread[name])}


def paired(columns_a, columns_b, names, *, resamples=1000, seed=0) -> dict[str, dict]:
    """How B differs from A on the same images, with 95 % intervals of the paired bootstrap.

    Args:
        columns_a, columns_b: {column: [N] float64} of the two models, in the same order of images.
        names, resamples, seed: as in `resampled`.

    Returns:
        {metric: {"a", "b": values, "difference": (b - a, low, high), "gain": (cost of a - cost of b, low, high)}}.
        The gain is positive where B is better (see `definitions.cost`); it is absent of metrics without a better.
        A difference of angles is taken on the circle, in [-0.5, 0.5).

    Raises:
        ValueError: if the two were not measured on as many images.
    """
    sizes = {len(v) for columns in (columns_a, columns_b) for v in columns.values()}
    if len(sizes) != 1:
        raise ValueError(f"Paired differences need the same images on both sides. Received numbers: {sorted(sizes)}")
    draws = [resampled(columns, names, resamples=resamples, seed=seed) for columns in (columns_a, columns_b)]
    means, n = [column_means(columns) for columns in (columns_a, columns_b)], sizes.pop()
    table = {}
    for name in names:
        known = definitions.metric(name)
        pairs = [(float(reduce(name, means[k])), draws[k][name]) for k in (0, 1)]
        (a, many_a), (b, many_b) = pairs
        wrap = around if known.reduction == "angle" else np.asarray
        table[name] = {"a": a, "b": b, "difference": _with_interval(wrap(b - a), wrap(many_b - many_a), n)}
        if known.better:
            one, many = ([definitions.cost(name, side[k]) for side in pairs] for k in (0, 1))
            table[name]["gain"] = _with_interval(one[0] - one[1], many[0] - many[1], n)
    return table


def around(turns):
    """Differences of angles, in turns -> the same in [-0.5, 0.5)."""
    return (np.asarray(turns) + 0.5) % 1 - 0.5


def _with_interval(value, many, n):
    defined = many[~np.isnan(many)]
    if n < 2 or np.isnan(value) or not defined.size:
        return float(value), math.nan, math.nan
    low, high = np.percentile(defined, PERCENTILES)
    return float(value), float(low), float(high)
