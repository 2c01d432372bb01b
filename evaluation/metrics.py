"""How far a colorized picture is from the photograph: per-image metrics, their means and their intervals.

Owns every metric's definition (`METRICS`), the streaming `Measurement` over batches and the bootstrap over images.
Memory grows by a few numbers per image, never by its pixels. Imports `models.color` only; numpy in float64.

Three inputs describe a result: the truth's 8-bit RGB, the result as Lab (a Lab model's keeps the truth's L; an RGB
model's is the Lab of its raw RGB; colours outside the sRGB gamut count as predicted), and the delivered 8-bit RGB.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from skimage.color import deltaE_ciede2000
from skimage.metrics import structural_similarity

from colorgan.models import color

SSIM_WINDOW = 7  # scikit-image's default
PSNR_CAP = 100.0
AUC_THRESHOLDS = np.arange(151)
BIN_SIZE = 10  # Lab units; bins are centred on the multiples of it, a and b in -110 .. 110
BINS = 23
REBALANCE_LAMBDA = 0.5
REBALANCE_SIGMA = 5.0
CHUNK_PIXELS = 2**17  # float64 temporaries of this many pixels stay near the processor's caches


@dataclass(frozen=True)
class Metric:
    """A row of the table of results.

    `columns` names its per-image values: one column is averaged over the images, two make a ratio of their means.
    `better` is `low`, `high`, `one` (a ratio to the truth), or empty for a property of the truth.
    """

    definition: str
    columns: tuple[str, ...]
    better: str
    unit: str = ""


METRICS = {
    "mae_ab": Metric("mean |difference| of a and b of the result's Lab", ("mae_ab",), "low", "Lab"),
    "mae_rgb": Metric("mean |difference| of the 8-bit RGB, 0..255", ("mae_rgb",), "low"),
    "psnr": Metric(
        f"10 log10(255^2 / mse) of the 8-bit RGB of each image, at most {PSNR_CAP:g} dB, which identical pictures get",
        ("psnr",),
        "high",
        "dB",
    ),
    "ssim": Metric(
        f"scikit-image's structural_similarity on the 8-bit RGB, channel mean, uniform {SSIM_WINDOW}x{SSIM_WINDOW} "
        "window, data range 255",
        ("ssim",),
        "high",
    ),
    "ciede2000": Metric("mean CIEDE2000 colour difference of the Lab values", ("ciede2000",), "low"),
    "auc": Metric(
        "mean over the thresholds 0, 1 .. 150 of the share of pixels within that Euclidean ab distance (Zhang 2016)",
        ("auc",),
        "high",
        "%",
    ),
    "auc_rebalanced": Metric(
        "auc with each pixel weighted by 1 / ((1 - l) p + l / Q) of its true ab bin (Zhang 2016, eq. 4): bins of 10 "
        "Lab units, p the share of the evaluated truth's pixels smoothed by a Gaussian (sigma 5), l = 1/2, Q the bins "
        "whose centre sRGB can show at some whole L; the interval keeps p fixed",
        ("rebalanced_hits", "rebalanced_weight"),
        "high",
        "%",
    ),
    "colorfulness": Metric(
        "Hasler and Suesstrunk 2003 on the 8-bit result, signed R-G and (R+G)/2-B; the goal is the truth's",
        ("colorfulness",),
        "",
    ),
    "colorfulness_truth": Metric("the same of the truth", ("colorfulness_truth",), ""),
    "colorfulness_ratio": Metric(
        "mean colorfulness of the results / of the truths", ("colorfulness", "colorfulness_truth"), "one"
    ),
    "colorfulness_abs": Metric(
        "the variant with |R-G| and |(R+G)/2-B| that several papers use", ("colorfulness_abs",), ""
    ),
    "colorfulness_abs_truth": Metric("the same of the truth", ("colorfulness_abs_truth",), ""),
    "colorfulness_abs_ratio": Metric(
        "mean colorfulness_abs of the results / of the truths", ("colorfulness_abs", "colorfulness_abs_truth"), "one"
    ),
    "chroma_ratio": Metric(
        "mean chroma sqrt(a^2 + b^2) of the results' Lab / of the truths'; below 0.5 a model is giving up on colour",
        ("chroma", "chroma_truth"),
        "one",
    ),
}


def eps_name(threshold) -> str:
    """-> the name of the epsilon accuracy at a threshold: 2.0 -> `eps2`, 2.5 -> `eps2.5`."""
    return f"eps{threshold:g}"


def all_names(thresholds=(2, 5)) -> tuple[str, ...]:
    """-> every metric, with the epsilon accuracies at these thresholds after the first."""
    first, *rest = METRICS
    return (first, *map(eps_name, thresholds), *rest)


def validation_names(threshold=2) -> tuple[str, ...]:
    """-> the cheap metrics for validation during training: no SSIM, CIEDE2000 or AuC."""
    return ("mae_ab", eps_name(threshold), "psnr", "colorfulness_ratio")


def table_names() -> tuple[str, ...]:
    """-> what the table at the end of training shows: quick to compute, and pixels and colourfulness side by side."""
    return ("mae_ab", eps_name(2), eps_name(5), "psnr", "colorfulness_ratio", "chroma_ratio")


def metric(name: str) -> Metric:
    """-> the metric of this name; `epsE` for any number E > 0 is the epsilon accuracy at E.

    Raises:
        ValueError: if there is none; the message lists the known ones.
    """
    if name in METRICS:
        return METRICS[name]
    threshold = _threshold(name)
    if threshold is None:
        raise ValueError(f"Unknown metric `{name}`. Known: {', '.join(METRICS)}, and epsE for a number E, such as eps2")
    text = (
        f"share of pixels with |dL| <= {threshold:g}, |da| <= {2.2 * threshold:g} and |db| <= {2.2 * threshold:g}, "
        "Lab rounded to integers (Nazeri et al. 2018)"
    )
    return Metric(text, (name,), "high", "%")


def cost(name: str, value: float) -> float:
    """A metric's value as a cost, smaller is better: what keeps a run's best weights.

    Returns:
        The value itself, its negative where more is better, or the distance from 1 of a ratio to the truth.

    Raises:
        ValueError: if the metric is unknown or has no better or worse.
    """
    better = metric(name).better
    if not better:
        raise ValueError(f"`{name}` has no better or worse. Choose another, such as mae_ab or colorfulness_ratio")
    return {"low": value, "high": -value, "one": abs(value - 1)}[better]


def epsilon_accuracy(truth_lab, result_lab, *, threshold):
    """Nazeri et al. 2018, section 4: share of pixels close in all of L, a and b, each rounded to an integer.

    Args:
        truth_lab, result_lab: [B, H, W, 3] float, Lab.
        threshold: e > 0, Lab units: |dL| <= e, |da| <= 2.2 e, |db| <= 2.2 e.

    Returns:
        [B] float64 in [0, 1].
    """
    difference = np.abs(np.rint(truth_lab) - np.rint(result_lab))
    # The differences are whole numbers: the small margin lets 2.2 e reach a whole number that it equals on paper.
    limit = np.array([1.0, 2.2, 2.2]) * threshold + 1e-9
    return (difference <= limit).all(axis=-1).mean(axis=(1, 2))


def psnr(truth_rgb, result_rgb):
    """[B, H, W, 3] uint8 twice -> [B] float64 dB; identical pictures (mse 0) have `PSNR_CAP`, which nothing exceeds."""
    error = np.mean((truth_rgb.astype(np.float64) - result_rgb) ** 2, axis=(1, 2, 3))
    floor = 255.0**2 / 10 ** (PSNR_CAP / 10)
    return 10 * np.log10(255.0**2 / np.maximum(error, floor))


def ssim(truth_rgb, result_rgb):
    """Wang et al. 2004 as scikit-image's defaults have it. [B, H, W, 3] uint8 twice -> [B] float64 in [-1, 1].

    Raises:
        ValueError: if the images are smaller than the window of 7x7.
    """
    if min(truth_rgb.shape[1:3]) < SSIM_WINDOW:
        raise ValueError(
            f"`ssim` needs images of at least {SSIM_WINDOW}x{SSIM_WINDOW} pixels (its window). "
            f"Received: {truth_rgb.shape[1]}x{truth_rgb.shape[2]}. Leave it out of `names`"
        )
    pairs = zip(truth_rgb, result_rgb, strict=True)
    return np.array([structural_similarity(t, r, channel_axis=-1, data_range=255) for t, r in pairs])


def colorfulness(rgb, *, absolute=False):
    """Hasler and Suesstrunk 2003, eq. 2, of each image.

    Args:
        rgb: [B, H, W, 3] uint8, sRGB.
        absolute: take |R-G| and |(R+G)/2-B|, as several papers do, which gives other numbers.

    Returns:
        [B] float64, in units of 0..255.
    """
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    rg, yb = red - green, (red + green) / 2 - blue
    if absolute:
        rg, yb = np.abs(rg), np.abs(yb)
    spread = np.sqrt(rg.var(axis=(1, 2)) + yb.var(axis=(1, 2)))
    return spread + 0.3 * np.sqrt(rg.mean(axis=(1, 2)) ** 2 + yb.mean(axis=(1, 2)) ** 2)


def chroma(lab):
    """[B, H, W, 3] Lab -> [B] float64, mean sqrt(a^2 + b^2), Lab units."""
    return np.hypot(lab[..., 1], lab[..., 2]).mean(axis=(1, 2))


def pixel_auc(truth_lab, result_lab):
    """The share of the thresholds 0, 1 .. 150 within which each pixel's ab lies (Zhang 2016).

    A pixel at distance d is a hit at ceil(d), .. 150: that many of 151, with no loop over thresholds. Its mean over
    pixels is the mean over thresholds of the share of pixels.

    Args:
        truth_lab, result_lab: [B, H, W, 3] float, Lab.

    Returns:
        [B, H, W] float64 in [0, 1].
    """
    difference = result_lab[..., 1:].astype(np.float64) - truth_lab[..., 1:]
    hits = len(AUC_THRESHOLDS) - np.ceil(np.hypot(difference[..., 0], difference[..., 1]))
    return np.maximum(hits, 0) / len(AUC_THRESHOLDS)


def ab_bin(lab):
    """[..., 3] Lab -> [...] int64 in [0, BINS^2): the bin of `BIN_SIZE` in which its a and b lie; row a, column b."""
    index = np.floor(np.asarray(lab)[..., 1:] / BIN_SIZE + 0.5).astype(np.int64) + BINS // 2
    index = np.clip(index, 0, BINS - 1)
    return index[..., 0] * BINS + index[..., 1]


@functools.cache
def bins_in_gamut() -> int:
    """-> Q, how many bins have a centre that sRGB can show at some whole L in 0..100."""
    centres = (np.arange(BINS) - BINS // 2) * BIN_SIZE
    lab = np.stack(np.meshgrid(np.arange(101), centres, centres, indexing="ij"), axis=-1)
    linear = np.asarray(color.lab_to_linear(lab))
    inside = ((linear >= -1e-5) & (linear <= 1 + 1e-5)).all(axis=-1)
    return int(inside.any(axis=0).sum())


def rebalancing_weights(pixels):
    """Zhang 2016, eq. 4: rare colours count more.

    Args:
        pixels: [BINS^2] how many of the truth's pixels lie in each bin of `ab_bin`; at least one.

    Returns:
        [BINS^2] float64, positive; scaled so that the mean weight of these pixels is 1.
    """
    share = np.reshape(pixels, (BINS, BINS)) / np.sum(pixels)
    position = np.arange(BINS) * BIN_SIZE
    blur = np.exp(-((position[:, None] - position) ** 2) / (2 * REBALANCE_SIGMA**2))
    smooth = blur @ share @ blur
    smooth /= smooth.sum()
    weights = 1 / ((1 - REBALANCE_LAMBDA) * smooth + REBALANCE_LAMBDA / bins_in_gamut())
    return (weights / np.sum(weights * share)).ravel()


_COLUMNS = {
    "mae_ab": lambda p: np.abs(p.truth_lab - p.result_lab)[..., 1:].mean(axis=(1, 2, 3)),
    "mae_rgb": lambda p: np.abs(p.truth_rgb.astype(np.float64) - p.result_rgb).mean(axis=(1, 2, 3)),
    "psnr": lambda p: psnr(p.truth_rgb, p.result_rgb),
    "ssim": lambda p: ssim(p.truth_rgb, p.result_rgb),
    "ciede2000": lambda p: deltaE_ciede2000(p.truth_lab, p.result_lab).mean(axis=(1, 2)),
    "auc": lambda p: p.pixel_auc.mean(axis=(1, 2)),
    "colorfulness": lambda p: colorfulness(p.result_rgb),
    "colorfulness_truth": lambda p: colorfulness(p.truth_rgb),
    "colorfulness_abs": lambda p: colorfulness(p.result_rgb, absolute=True),
    "colorfulness_abs_truth": lambda p: colorfulness(p.truth_rgb, absolute=True),
    "chroma": lambda p: chroma(p.result_lab),
    "chroma_truth": lambda p: chroma(p.truth_lab),
}
_BY_BIN = {"rebalanced_hits", "rebalanced_weight"}  # known only when the prior is: see Measurement.columns


def evaluate_batch(truth_rgb, result_lab, result_rgb, *, truth_lab=None, names=None) -> dict[str, np.ndarray]:
    """The per-image values behind some metrics.

    Args:
        truth_rgb: [B, H, W, 3] uint8, sRGB.
        result_lab: [B, H, W, 3] float, the result's Lab.
        result_rgb: [B, H, W, 3] uint8, the delivered picture.
        truth_lab: [B, H, W, 3] float, the truth's Lab where the caller has it; otherwise computed.
        names: the metrics; default: `validation_names()`.

    Returns:
        {column: [B] float64} for the columns of these metrics. `auc_rebalanced` has instead the column `bins`: [M]
        records (image in the batch, bin, pixels, hits), one for each bin that an image occupies, because its weights
        are known only when all images are. `Measurement` turns them into numbers.

    Raises:
        ValueError: for an unknown metric, a shape or dtype that does not fit, or images too small for SSIM.
    """
    truth_rgb, result_rgb, result_lab = np.asarray(truth_rgb), np.asarray(result_rgb), np.asarray(result_lab)
    truth_lab = np.asarray(color.rgb_to_lab(truth_rgb / 255.0) if truth_lab is None else truth_lab)
    _check(truth_rgb, truth_lab=truth_lab, result_lab=result_lab, result_rgb=result_rgb)
    columns = _columns_of(validation_names() if names is None else names)
    step = max(1, CHUNK_PIXELS // (truth_rgb.shape[1] * truth_rgb.shape[2]))
    parts = []
    for start in range(0, len(truth_rgb), step):
        part = slice(start, start + step)
        pair = _Pair(truth_rgb[part], truth_lab[part], result_lab[part], result_rgb[part])
        parts.append({c: _column(c, pair) for c in columns})
        if "bins" in parts[-1]:
            parts[-1]["bins"]["image"] += start
    return {c: np.concatenate([part[c] for part in parts]) for c in columns}


class _Pair:
    """A chunk's arrays, Lab in float64, with what several columns need computed once."""

    def __init__(self, truth_rgb, truth_lab, result_lab, result_rgb):
        self.truth_rgb, self.result_rgb = truth_rgb, result_rgb
        self.truth_lab, self.result_lab = truth_lab.astype(np.float64), result_lab.astype(np.float64)

    @functools.cached_property
    def pixel_auc(self):
        return pixel_auc(self.truth_lab, self.result_lab)


_BIN_RECORD = np.dtype([("image", np.int64), ("bin", np.int64), ("pixels", np.float64), ("hits", np.float64)])


def _column(name, pair):
    if name in _COLUMNS:
        return _COLUMNS[name](pair)
    if name != "bins":
        return epsilon_accuracy(pair.truth_lab, pair.result_lab, threshold=_threshold(name))
    images = len(pair.truth_lab)
    key = ab_bin(pair.truth_lab) + BINS**2 * np.arange(images)[:, None, None]
    pixels = np.bincount(key.ravel(), minlength=images * BINS**2)
    hits = np.bincount(key.ravel(), weights=pair.pixel_auc.ravel(), minlength=images * BINS**2)
    occupied = np.flatnonzero(pixels)
    records = np.empty(len(occupied), _BIN_RECORD)
    records["image"], records["bin"] = np.divmod(occupied, BINS**2)
    records["pixels"], records["hits"] = pixels[occupied], hits[occupied]
    return records


def _columns_of(names):
    columns = [c for name in names for c in metric(name).columns]
    return list(dict.fromkeys("bins" if c in _BY_BIN else c for c in columns))


def _threshold(name):
    """`eps2` -> 2.0; None if the name is not an epsilon accuracy."""
    if not name.startswith("eps"):
        return None
    try:
        value = float(name[3:])
    except ValueError:
        return None
    return value if 0 < value < np.inf else None


def _check(truth_rgb, **others):
    if truth_rgb.ndim != 4 or truth_rgb.shape[-1] != 3 or truth_rgb.dtype != np.uint8 or not truth_rgb.size:
        raise ValueError(
            f"`truth_rgb` must be [B, H, W, 3] uint8, not empty. Received: {truth_rgb.shape} {truth_rgb.dtype}"
        )
    for name, array in others.items():
        kind = "u" if name.endswith("rgb") else "f"
        if array.shape != truth_rgb.shape or array.dtype.kind != kind or (kind == "u" and array.dtype != np.uint8):
            want = f"{list(truth_rgb.shape)} {'uint8' if kind == 'u' else 'float'}"
            raise ValueError(f"`{name}` must be {want}, as `truth_rgb` is. Received: {array.shape} {array.dtype}")
        if kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"`{name}` holds NaN or infinite values")


class Measurement:
    """Metrics of one model over a stream of batches: `add` each batch, then ask for `means` or `intervals`."""

    def __init__(self, names=None, *, thresholds=(2, 5)):
        """Prepare for these metrics (default: all, with the epsilon accuracy at `thresholds`); unknown names raise."""
        self.names = tuple(all_names(thresholds) if names is None else names)
        self.count = 0
        self._parts: dict[str, list] = {c: [] for c in _columns_of(self.names)}

    def add(self, truth_rgb, result_lab, result_rgb, *, truth_lab=None):
        """Take in a batch. Arguments and errors as in `evaluate_batch`; batches may differ in size."""
        columns = evaluate_batch(truth_rgb, result_lab, result_rgb, truth_lab=truth_lab, names=self.names)
        if "bins" in columns:
            columns["bins"]["image"] += self.count
        for name, values in columns.items():
            self._parts[name].append(values)
        self.count += len(truth_rgb)

    def columns(self) -> dict[str, np.ndarray]:
        """-> {column: [N] float64}, an image's values in the order of `add`.

        Raises:
            ValueError: if no batch was added.
        """
        if not self.count:
            raise ValueError("There is nothing to measure: no image was evaluated")
        columns = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        if "bins" in columns:
            rows = columns.pop("bins")
            weights = rebalancing_weights(np.bincount(rows["bin"], rows["pixels"], BINS**2))[rows["bin"]]
            for column, field in (("rebalanced_hits", "hits"), ("rebalanced_weight", "pixels")):
                columns[column] = np.bincount(rows["image"], weights * rows[field], self.count)
        return columns

    def means(self) -> dict[str, float]:
        """-> {metric: value} over all images so far."""
        columns = self.columns()
        return {name: float(_reduce(name, {c: np.mean(v) for c, v in columns.items()})) for name in self.names}

    def intervals(self, *, resamples=1000, seed=0) -> dict[str, tuple[float, float, float]]:
        """-> {metric: (value, low, high)}; see `bootstrap`."""
        return bootstrap(self.columns(), self.names, resamples=resamples, seed=seed)


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
        {metric: [resamples] float64}; a ratio is a ratio of resampled means, NaN where its denominator is 0.
    """
    needed = list(dict.fromkeys(c for name in names for c in metric(name).columns))
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
    return {name: _reduce(name, by_column) for name in names}


def bootstrap(columns, names, *, resamples=1000, seed=0) -> dict[str, tuple[float, float, float]]:
    """Each metric with its 95 % interval over images (percentiles 2.5 and 97.5 of `resampled`; arguments as there).

    Returns:
        {metric: (value, low, high)} floats; the value is that of the images themselves.
    """
    spread = resampled(columns, names, resamples=resamples, seed=seed)
    means = {c: np.mean(v) for c, v in columns.items()}
    table = {}
    for name in names:
        low, high = np.percentile(spread[name], [2.5, 97.5])
        table[name] = (float(_reduce(name, means)), float(low), float(high))
    return table


def _reduce(name, means):
    """Column means (numbers or arrays of them) -> the metric."""
    first, *rest = (np.asarray(means[c], dtype=np.float64) for c in metric(name).columns)
    if not rest:
        return first
    return np.divide(first, rest[0], out=np.full_like(first, np.nan), where=rest[0] > 0)
