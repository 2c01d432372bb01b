"""How well a colorizer follows wishes: points, palettes and aims of simulated people against the automatic result.

Owns the measured wishes and their metrics. Imports `models.color`, `models.predictor` and this room's modules.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from colorgan.evaluation import formulas, metrics, people, statistics
from colorgan.evaluation.definitions import IN_PLACE, NEAR, NO_CHROMA
from colorgan.evaluation.people import Wishes
from colorgan.models import color
from colorgan.models.predictor import to_rgb8

COUNTS = (0, 1, 5, 20, 100)
SATURATIONS, HUES = (0.25, 0.5, 0.75), (0.0, 0.25, 0.6, 0.85)  # aims of the seven published controlled runs
EDGE, MOST_GAIN = 200.0, 32.0  # a chroma beyond sRGB; the largest factor of a plain gain
AUTOMATIC, PALETTE, OWN, GAIN = "nothing", "palette of the truth", "saturation of the truth", "plain gain to the same"
NAMES = ("psnr", "mae_ab", "saturation", "hue")


@dataclass(frozen=True)
class Plan:
    """What is measured: `counts` of points, palettes and aims if `whole`; `seed` of the simulated people."""

    counts: tuple
    whole: bool
    seed: int

    @property
    def lines(self) -> dict:
        """Its line in the protocol."""
        points = (
            f"the first of {max(self.counts)} squares of 1 to 9 pixels around the middle (Zhang et al. "
            f"2017, sect. 3.2) in the truth's mean colour, drawn by the picture's index and seed {self.seed}"
        )
        aims = "whole pictures: the palette of all of the truth; aims of mean HSV saturation and hue of the result"
        return ({"points": points} if max(self.counts) else {}) | ({"palette and aims": aims} if self.whole else {})


def plan(models: Mapping, counts, whole, *, seed=0) -> Plan | None:
    """-> what to measure; None: nothing.

    Args:
        models: {name: `Colorizer`}.
        counts: numbers of points; 0, the automatic result, is always included.
        whole: whether to measure palettes and aims too; the default counts are then `COUNTS`.
        seed: of the simulated people.

    Raises:
        ValueError: if a model lacks a condition (the model is named).
    """
    if not (counts or whole):
        return None
    for name, model in models.items():
        has = _conditions(model)
        if counts and "hints" not in has or not has:
            flag, lacks = ("--hint-counts", "hints") if counts else ("--steering", "conditions")
            raise ValueError(
                f"`{flag}`: {name} takes no {lacks}, because it was trained without --conditions "
                f"{lacks if counts else 'hints,palette,aim'}. Leave it out, or leave out {flag}"
            )
    some = any("hints" in _conditions(model) for model in models.values())
    return Plan(tuple(sorted({0, *(counts or (COUNTS if some else ()))})), bool(whole), seed)


def measure(models: Mapping, batches: Iterable, plan: Plan, *, resamples=1000) -> dict:
    """Measure all wishes of a plan with models.

    Args:
        models: {name: `Colorizer`}.
        batches: dicts of arrays, "rgb" [B, H, W, 3] uint8 and "index" [B] int. Read once.
        plan: the wishes.
        resamples: of the bootstrap over images; its seed is the plan's.

    Returns:
        {model: [row]}, a row for each wish: {"given": title, "points": number, "control": aimed quantity, "desired":
        its mean value, "results": {metric: (value, low, high)}, "difference": {metric: (value, low, high)}, paired, to
        the row in "against"}. A row has only the keys that it needs.
    """
    rows = {name: {} for name in models}
    for batch in batches:
        rgb = np.asarray(batch["rgb"])
        truth = _Truth(rgb, people.points(batch["index"], max(plan.counts), seed=plan.seed))
        for name, colorizer in models.items():
            for title, (wishes, about) in _asked(truth, _conditions(colorizer), plan).items():
                row = rows[name].setdefault(title, _Row(about))
                row.add(truth, people.colorized(colorizer, rgb, wishes), wishes)
            if OWN in rows[name]:
                own, automatic = rows[name][OWN], rows[name][AUTOMATIC]
                same = with_saturation(automatic.lab, own.columns["saturation"][-1])
                rows[name].setdefault(GAIN, _Row({"given": GAIN})).add(truth, same, Wishes())
    return {name: _finished(found, resamples, plan.seed) for name, found in rows.items()}


def with_saturation(lab, saturation, *, steps=16) -> np.ndarray:
    """Apply a plain gain: multiply each picture's chroma by one factor, so that it has a mean saturation.

    Args:
        lab: [B, H, W, 3] float Lab.
        saturation: [B] float in [0, 1], HSV. If no factor up to `MOST_GAIN` gives it, the nearest is taken.
        steps: halvings of the search interval for the factor.

    Returns:
        [B, H, W, 3] float32 Lab within sRGB.
    """
    low, high = np.zeros(len(lab)), np.full(len(lab), MOST_GAIN)
    hue, chroma, edge = _polar(lab)

    def scaled(factor):
        ab = hue * np.minimum(factor[:, None, None, None] * chroma, edge)
        return np.concatenate([lab[..., :1], ab], axis=-1).astype(np.float32)

    for _ in range(steps):
        middle = (low + high) / 2
        enough = _saturation(color.lab_to_rgb(scaled(middle))) >= saturation
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return scaled((low + high) / 2)


def most_saturation(lab) -> np.ndarray:
    """[B, H, W, 3] Lab -> [B]: the mean saturation with each colour at sRGB's edge, at its lightness and hue."""
    hue, _, edge = _polar(lab)
    return _saturation(color.lab_to_rgb(np.concatenate([lab[..., :1], hue * edge], axis=-1)))


def _polar(lab):
    """-> unit vectors of ab, zero without hue; chroma; and the largest chroma in sRGB there."""
    chroma = np.hypot(lab[..., 1:2], lab[..., 2:3])
    hue = np.where(chroma > NO_CHROMA, lab[..., 1:] / np.maximum(chroma, NO_CHROMA), 0)
    edge = np.asarray(color.fit_gamut(np.concatenate([lab[..., :1], EDGE * hue], axis=-1)))
    return hue, chroma, np.hypot(edge[..., 1:2], edge[..., 2:3])


def _saturation(rgb):
    return np.asarray(color.rgb_to_hsv(rgb))[..., 1].mean(axis=(1, 2), dtype=np.float64)


class _Truth:
    """A batch of photographs, the points of the simulated people, and the reachable values."""

    def __init__(self, rgb, points):
        self.rgb, self.points = rgb, points
        self.lab = np.asarray(color.rgb_to_lab(rgb / 255.0))
        self.saturation = _saturation(rgb / 255.0)

    @functools.cached_property
    def most(self):  # only aims need this search
        return most_saturation(self.lab)


class _Row:
    """Accumulated values of one wish. `lab` is from the last batch."""

    def __init__(self, about):
        self.about, self.measurement, self.columns, self.lab = about, metrics.Measurement(NAMES), {}, None

    def add(self, truth, lab, wishes):
        self.lab, picture = lab, to_rgb8(lab)
        columns = dict(self.measurement.add(truth.rgb, lab, picture, truth_lab=truth.lab))
        if wishes.points is not None:
            delivered = np.asarray(color.rgb_to_lab(picture / 255.0))
            found, counted = people.in_place(wishes.points, truth.lab, delivered, within=IN_PLACE)
            columns |= {"points_in_place": found, "points": counted}
        if "control" in self.about:
            desired = wishes.hue if wishes.saturation is None else wishes.saturation
            if wishes.saturation is None:
                can, reachable = truth.most > 0, desired
                achieved = formulas.turns(columns["hue_cosine"], columns["hue_sine"])  # NaN is not near
                distance = np.abs(statistics.around(achieved - desired))
            else:
                can, reachable = truth.most >= desired, np.minimum(desired, truth.most)
                distance = np.abs(columns["saturation"] - desired)
            columns |= {"desired": desired, "reachable": reachable}
            columns |= {"can_reach": can.astype(float), "aim_met": (can & (distance <= NEAR)).astype(float)}
        for name, values in columns.items():
            self.columns.setdefault(name, []).append(values)

    @property
    def names(self):
        """-> the metrics of this wish."""
        if "control" in self.about:
            return (*NAMES[:2], "can_reach", "reachable", self.about["control"], "aim_met")
        return (*NAMES[:2], *(["in_place"] if "points" in self.columns else []))


def _asked(truth, has, plan):
    """-> {title: (wishes, keys of their row)}."""
    b, asked = len(truth.rgb), {AUTOMATIC: (Wishes(), {"points": 0})}
    if "hints" in has:
        titles = {count: f"{count} point" + "s" * (count > 1) for count in plan.counts if count}
        asked |= {t: (Wishes(points=truth.points.first(count)), {"points": count}) for count, t in titles.items()}
    if plan.whole and "palette" in has:
        asked[PALETTE] = Wishes(palette=True), {}
    if plan.whole and "aim" in has:
        asked[OWN] = Wishes(saturation=truth.saturation), {"control": "saturation"}
        for control, values in (("saturation", SATURATIONS), ("hue", HUES)):
            for value in values:
                asked[f"{control} {value:g}"] = Wishes(**{control: np.full(b, value)}), {"control": control}
    return {title: (wishes, {"given": title} | about) for title, (wishes, about) in asked.items()}


def _finished(rows, resamples, seed):
    """-> a model's rows, in the order of the plan, the plain gain last."""
    columns = {title: {c: np.concatenate(v) for c, v in row.columns.items()} for title, row in rows.items()}
    estimates = {
        title: statistics.resampled(columns[title], row.names, resamples=resamples, seed=seed)
        for title, row in rows.items()
    }

    def difference(title, other):
        pair = ({name: estimates[one][name] for name in NAMES[:2]} for one in (other, title))
        return {name: row["difference"] for name, row in statistics.paired(*pair).items()}

    made = []
    for title, row in rows.items():
        entry = row.about | {"results": statistics.intervals(estimates[title])}
        if "control" in entry:
            entry["desired"] = float(np.mean(columns[title]["desired"]))
        if title != AUTOMATIC and ("control" not in entry or title == OWN):  # at other aims the truth is not the goal
            against = GAIN if title == OWN else AUTOMATIC
            entry |= {"difference": difference(title, against), "against": against}
        made.append(entry)
    return made


def _conditions(colorizer):
    return {row.name for row in colorizer.predictor.inputs if row.absent == "nothing"}
