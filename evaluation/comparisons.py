"""Pairs of an evaluation's models: differences, intervals, and p-values corrected for their number.

Runs that differ only in their seed are compared as one group. Imports `baselines`, `definitions` and `statistics`.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from colorgan.evaluation import baselines, definitions, statistics

LEVEL = 0.05  # of the family-wise error, and of the intervals
RESAMPLES, PER_TEST = 10_000, 100  # at least; with more tests more, or no p-value could survive the correction


@dataclass(frozen=True)
class Comparison:
    """The differences of model `b` from model `a` on the same `n` images.

    `rows` are those of `statistics.paired`. If a metric has a better direction, a row has "p" of the paired bootstrap,
    and "p_holm", corrected for all metrics and pairs of the evaluation.
    """

    a: str
    b: str
    n: int
    rows: dict
    intervals: str

    def better(self, name) -> str:
        """-> the name of the better model by this metric; empty if the corrected p-value is not below `LEVEL`."""
        row = self.rows[name]
        if not row.get("p_holm", 1) < LEVEL:
            return ""
        return self.b if row["gain"][0] > 0 else self.a

    @property
    def tested(self) -> list:
        """-> the metrics that have a p-value."""
        return [name for name, row in self.rows.items() if "p_holm" in row]


@dataclass(frozen=True)
class Group:
    """Runs that differ only in their seed, as one.

    Attributes:
        runs: their names.
        table: {metric: (mean over the runs, low, high)}, intervals over images and seeds.
        spread: {metric: (standard deviation over the runs with N - 1, least, greatest)}; NaN of one run.
    """

    runs: tuple
    table: dict
    spread: dict


def compare(evaluation, groups=None, *, seed=0) -> tuple[list[Comparison], dict[str, Group]]:
    """Compare every pair of an evaluation's models, image by image, and gray with each.

    Args:
        evaluation: with per-image values.
        groups: {name: its runs}; default: a group for every model except the baselines.
        seed: of the draws, of images and of a group's runs.

    Returns:
        Comparisons of all per-image metrics, except the truth's: first of the groups, in their order, then of gray with
        each. Then {name: `Group`} of the given groups.
    """
    own = groups or {name: (name,) for name in baselines.own(evaluation.table)}
    members = own | ({"gray": ("gray",)} if "gray" in evaluation.table else {})
    pairs = [*itertools.combinations(own, 2), *(("gray", name) for name in own if "gray" in members and name != "gray")]
    names = [
        name
        for name in next(iter(evaluation.table.values()))
        if definitions.metric(name).columns and not name.endswith("_truth")
    ]
    tests = len(pairs) * sum(bool(definitions.metric(name).better) for name in names)
    resamples = max(RESAMPLES, PER_TEST * tests)
    estimates = _estimates(evaluation.per_image, members, names, resamples=resamples, seed=seed)
    how = f"95 % paired percentile bootstrap over the same images, {resamples} resamples, seed {seed}"
    made = [
        Comparison(a, b, evaluation.protocol["n"], statistics.paired(estimates[a], estimates[b]), how) for a, b in pairs
    ]
    _correct(made)
    found = {name: _group(evaluation, runs, estimates[name]) for name, runs in (groups or {}).items()}
    return made, found


def lines(comparisons) -> dict:
    """-> the protocol's lines on the comparisons; none without comparisons."""
    if not comparisons:
        return {}
    tests = sum(len(one.tested) for one in comparisons)
    return {
        "comparisons": f"{comparisons[0].intervals}; intervals of single differences, not corrected",
        "who is better": f"decided where p < {LEVEL}: two-sided, of the same bootstrap, the share of resamples on the "
        f"rarer side of no gain, twice; corrected by Holm 1979 over all {tests} tests, of {len(comparisons)} pairs and "
        "their metrics",
    }


def holm(p) -> np.ndarray:
    """p-values, [m] -> those corrected for their number (Holm 1979): the i-th smallest times m - i, never falling."""
    p = np.asarray(p, np.float64)
    order, m = np.argsort(p, kind="stable"), len(p)
    corrected = np.empty(m)
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * (m - np.arange(m))))
    return corrected


def _estimates(per_image, members, names, *, resamples, seed):
    """-> {member: {metric: (value, draws)}}, with the same drawn images for all, and drawn runs of a group."""
    needed = list(dict.fromkeys(c for name in names for c in definitions.metric(name).columns))
    runs = dict.fromkeys(itertools.chain(*members.values()))
    columns = {(run, c): per_image[run][c] for run in runs for c in needed}
    draws = statistics.drawn_means(columns, resamples=resamples, seed=seed)
    made = {}
    for number, (name, own) in enumerate(members.items()):
        k = len(own)
        means = {c: np.mean([np.mean(per_image[run][c]) for run in own]) for c in needed}
        times = np.random.default_rng((seed, number)).multinomial(k, np.full(k, 1 / k), size=resamples).T / k
        drawn = {c: sum(share * draws[run, c] for share, run in zip(times, own, strict=True)) for c in needed}
        made[name] = statistics.reduced(means, drawn, names)
    return made


def _correct(comparisons):
    """Add the corrected p-value to every row with a p-value."""
    rows = (row for one in comparisons for row in one.rows.values())
    known = [row for row in rows if not np.isnan(row.get("p", np.nan))]
    for row, corrected in zip(known, holm([row["p"] for row in known]), strict=True):
        row["p_holm"] = float(corrected)


def _group(evaluation, runs, estimates):
    """A metric without values per image, such as FID, has a mean over the runs and no interval."""
    table, spread, intervals = {}, {}, statistics.intervals(estimates)
    for name in evaluation.table[runs[0]]:
        values = np.array([evaluation.table[run][name][0] for run in runs])
        table[name] = intervals.get(name, (float(values.mean()), math.nan, math.nan))
        deviation = float(values.std(ddof=1)) if len(runs) > 1 else math.nan
        spread[name] = (deviation, float(values.min()), float(values.max()))
    return Group(tuple(runs), table, spread)
