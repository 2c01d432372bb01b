"""The metrics: name, definition, unit and direction of each, and the sets of metrics in tables.

Numbers come from `formulas.py` (one picture), `metrics.py` (a stream of pictures), `statistics.py` (their means and
intervals), `distributions.py` (two sets of pictures) and `feature_networks.py`. Imports `evaluation.formulas`, for its
constants.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from colorgan.evaluation.formulas import PSNR_CAP, SSIM_WINDOW
from colorgan.settings import nearest

NO_CHROMA = 0.01  # Lab units: float32 leaves 3e-5 on grays
CONTROLS = ("saturation", "hue", "red", "green", "blue")
IN_PLACE, NEAR = 5.0, 0.05  # Lab units; of a saturation, or of a turn of hue


@dataclass(frozen=True)
class Metric:
    """A row of the table of results.

    `columns` names its per-image values. `reduction` combines their means over the images: the `mean` itself, the
    `ratio` of two means, or the `angle` of two (cosine and sine, in turns). A metric without columns compares sets of
    images. `better` is `low`, `high`, `one` (a ratio to the truth), or empty for a property. A ratio does not exist if
    its denominator is not above `floor`.
    """

    definition: str
    columns: tuple[str, ...]
    better: str
    unit: str = ""
    reduction: str = "mean"
    floor: float = 0.0


def _ratio(column, definition, floor=0.0):
    return Metric(definition, (column, f"{column}_truth"), "one", reduction="ratio", floor=floor)


METRICS = {
    "mae_ab": Metric("mean |difference| of a and b of the result's Lab", ("mae_ab",), "low", "Lab"),
    "mae_rgb": Metric("mean |difference| of the 8-bit RGB, 0..255", ("mae_rgb",), "low"),
    "psnr": Metric(
        "10 log10(255^2 / mse) of the 8-bit RGB of each image, mse at least 1/12, that of rounding to 8 bits: at most "
        f"{PSNR_CAP:.1f} dB, the value for identical pictures",
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
        "whose centre sRGB can show at some whole L; the interval keeps p fixed. Not comparable with published values: "
        "those take p from ImageNet's training set and Q = 313, and other pictures; compare models of one table only",
        ("rebalanced_hits", "rebalanced_weight"),
        "high",
        "%",
        "ratio",
    ),
    "colorfulness": Metric(
        "Hasler and Suesstrunk 2003 on the 8-bit result, signed R-G and (R+G)/2-B; the goal is the truth's",
        ("colorfulness",),
        "",
    ),
    "colorfulness_truth": Metric("colorfulness of the truth", ("colorfulness_truth",), ""),
    "colorfulness_ratio": _ratio("colorfulness", "mean colorfulness of the results / of the truths"),
    "colorfulness_abs": Metric(
        "the variant with |R-G| and |(R+G)/2-B| that several papers use", ("colorfulness_abs",), ""
    ),
    "colorfulness_abs_truth": Metric("the same of the truth", ("colorfulness_abs_truth",), ""),
    "colorfulness_abs_ratio": _ratio("colorfulness_abs", "mean colorfulness_abs of the results / of the truths"),
    "chroma_ratio": _ratio(
        "chroma",
        "mean chroma sqrt(a^2 + b^2) of the results' Lab / of the truths'; below 0.5 the colours are very pale; "
        f"none if the truths' is not above {NO_CHROMA:g}: they are gray",
        NO_CHROMA,
    ),
    "saturation": Metric("mean saturation (HSV) of the 8-bit result, 0..1", ("saturation",), ""),
    "hue": Metric(
        "mean hue (HSV) of the 8-bit results in turns: the angle of the mean of all pixels' hue vectors, each as long "
        "as the pixel is saturated",
        ("hue_cosine", "hue_sine"),
        "",
        reduction="angle",
    ),
    **{name: Metric(f"mean {name} of the 8-bit result / 255", (name,), "") for name in ("red", "green", "blue")},
    "fid": Metric(
        "Frechet distance of Gaussians fitted to the feature vectors of the 8-bit results and of the truths of the "
        "same images (Heusel 2017, eq. 6; covariance with N - 1); comparable at equal N only; it has no interval",
        (),
        "low",
    ),
    "kid": Metric(
        "squared MMD of the same feature vectors with the kernel (x.y / d + 1)^3 (Binkowski 2018, sect. 4); the sets "
        "are paired, so no result is compared with its own truth, which would bias it (Gretton 2012, eq. 4); mean "
        "over blocks of consecutive images; the interval is the mean +- 1.96 standard errors over the blocks",
        (),
        "low",
    ),
    "in_place": Metric(
        f"share of points whose colour lies within {IN_PLACE:g} Lab units of ab of the asked colour: means over the "
        "point's square, of the 8-bit result and of the asked colour fitted into sRGB at each pixel's lightness; "
        "points "
        "that overlap are left out",
        ("points_in_place", "points"),
        "high",
        "%",
        "ratio",
    ),
    "can_reach": Metric(
        "share of photographs that can reach an aim at their lightness: a mean saturation up to its value with each "
        "true colour moved to the edge of sRGB, hue kept; a hue if they have any colour",
        ("can_reach",),
        "",
        "%",
    ),
    "reachable": Metric("mean of the aims, or of the nearest value that a photograph can reach", ("reachable",), ""),
    "aim_met": Metric(
        f"share, among photographs that can reach an aim, whose 8-bit result is within {NEAR:g} of it: of a mean "
        "saturation (HSV), or of a turn from a mean hue, weighted by saturation",
        ("aim_met", "can_reach"),
        "high",
        "%",
        "ratio",
    ),
}
# Metrics of a feature network. With a named network they are called FID-lite2 and so on, never FID, which means
# InceptionV3. With a network from a file they are `fid` and `kid`, with the file's name.
OF_FEATURES = {
    "FID": METRICS["fid"],
    "KID": METRICS["kid"],
    "LPIPS": Metric(
        "distance of the delivered picture and the truth in the network's maps at five depths: vectors of each place "
        "scaled to length 1, the squared distance of the two, means over places, summed over depths (Zhang 2018, eq. "
        "1, with all weights 1, where LPIPS learned some)",
        (),
        "low",
    ),
}
OF_SETS = ("fid", "kid")
STEERED = ("in_place", "can_reach", "reachable", "aim_met")  # of wishes: see `steering`


def eps_name(threshold) -> str:
    """-> the name of the epsilon accuracy at a threshold: 2.0 -> `eps2`, 2.5 -> `eps2.5`."""
    return f"eps{threshold:g}"


def all_names(thresholds=(2, 5), *, controls=()) -> tuple[str, ...]:
    """-> every per-image metric, with the epsilon accuracies at these thresholds after the first, `controls` last."""
    first, *rest = (name for name in METRICS if name not in (*CONTROLS, *OF_SETS, *STEERED))
    return (first, *map(eps_name, thresholds), *rest, *controls)


def validation_names(threshold=2) -> tuple[str, ...]:
    """-> the cheap metrics for validation during training: no SSIM, CIEDE2000 or AuC."""
    return ("mae_ab", eps_name(threshold), "psnr", "colorfulness_ratio")


def table_names(*, controls=()) -> tuple[str, ...]:
    """-> the metrics of the table at the end of training: quick metrics of pixels and colourfulness; `controls`
    last."""
    return ("mae_ab", eps_name(2), eps_name(5), "psnr", "colorfulness_ratio", "chroma_ratio", *controls)


def metric(name: str) -> Metric:
    """-> the metric of this name; `epsE` for any number E > 0 is the epsilon accuracy at E, `FID-lite2` FID by lite2.

    Raises:
        ValueError: if it is unknown; the message lists the known metrics.
    """
    if name in METRICS:
        return METRICS[name]
    kind, _, network = name.partition("-")
    if kind in OF_FEATURES and network:
        columns = (name,) if kind == "LPIPS" else ()
        return dataclasses.replace(OF_FEATURES[kind], columns=columns)
    limit = threshold(name)
    if limit is None:
        raise ValueError(f"{nearest.unknown('metric', name, METRICS)}, and epsE for a number E, such as eps2")
    text = (
        f"share of pixels with |dL| <= {limit:g}, |da| <= {2.2 * limit:g} and |db| <= {2.2 * limit:g}, "
        "Lab rounded to integers (Nazeri et al. 2018)"
    )
    return Metric(text, (name,), "high", "%")


def check_measured(name: str) -> None:
    """Check that `metrics.Measurement` has a value for a metric, so it can choose a run's best weights.

    Raises:
        ValueError: if it is unknown, or needs a feature network.
    """
    columns = metric(name).columns
    if not columns or columns[0].partition("-")[0] in OF_FEATURES:
        raise ValueError(
            f"`{name}` needs a feature network. Choose another metric, such as mae_ab or colorfulness_ratio"
        )


def threshold(name: str) -> float | None:
    """`eps2` -> 2.0; None if the name is not an epsilon accuracy."""
    try:
        value = float(name[3:]) if name.startswith("eps") else 0.0
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def cost(name: str, value: float) -> float:
    """-> a metric's value as a cost, where smaller is better; it chooses a run's best weights.

    Args:
        name: the metric.
        value: its value, or an array of values.

    Returns:
        The value itself, its negative if higher is better, or a ratio's distance from 1.

    Raises:
        ValueError: if the metric is unknown or has no better direction.
    """
    known = metric(name)
    if not known.better:
        raise ValueError(f"`{name}` has no best value. Choose another metric, such as mae_ab or colorfulness_ratio")
    return {"low": value, "high": -value, "one": abs(value - 1)}[known.better]
