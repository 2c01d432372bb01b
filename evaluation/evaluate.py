"""The evaluator: several colorizers on the same photographs, measured together, with two baselines and the protocol.

Owns the loop over batches, the baselines, and `Evaluation`, which holds all that a report prints and `result.json`
keeps. It gets batches and colorizers as arguments. Imports `models.color` and `models.colorizer`; never `training` or
`datasets`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np

from colorgan.evaluation import metrics
from colorgan.models import color
from colorgan.models.colorizer import to_rgb8

SAME_L = 1e-3  # Lab units: a result whose L is nowhere farther from the truth's has kept it (float32 rounds at 1e-5)
MEDIAN_STEP = 0.01  # Lab units
MEDIAN_RANGE = 128


def median_baseline(ab) -> Callable:
    """A colorizer that paints every pixel in one ab, such as the training set's `median_ab`.

    Args:
        ab: (a, b), Lab units.

    Returns:
        A callable, [B, H, W, 3] uint8 RGB -> [B, H, W, 3] float32 Lab with the truth's L.
    """

    def predict_lab(rgb):
        lab = np.array(color.rgb_to_lab(np.asarray(rgb) / 255.0), dtype=np.float32)
        lab[..., 1:] = ab
        return lab

    return predict_lab


gray_baseline = median_baseline((0.0, 0.0))


def median_ab(batches: Iterable) -> tuple[float, float]:
    """The median of a and of b over all pixels of a training set, by histograms of `MEDIAN_STEP`.

    Args:
        batches: {"rgb": [B, H, W, 3] uint8} dicts (other keys are ignored).

    Returns:
        (a, b) Lab units, to within half a step.

    Raises:
        ValueError: if there is no pixel.
    """
    bins = round(2 * MEDIAN_RANGE / MEDIAN_STEP) + 1
    counts = np.zeros((2, bins), dtype=np.int64)
    for batch in batches:
        ab = np.asarray(color.rgb_to_lab(np.asarray(batch["rgb"]) / 255.0))[..., 1:]
        index = np.rint((ab + MEDIAN_RANGE) / MEDIAN_STEP).astype(np.int64).reshape(-1, 2)
        for channel in range(2):
            counts[channel] += np.bincount(index[:, channel], minlength=bins)
    total = counts[0].sum()
    if not total:
        raise ValueError("`batches` holds no pixel, so there is no median ab. Check the data set and its split")
    # The middle pixel, or the mean of the two middle ones, as numpy's median has it.
    ranks = ((total - 1) // 2 + 1, total // 2 + 1)
    places = [[np.searchsorted(np.cumsum(c), rank) for rank in ranks] for c in counts]
    a, b = (float(np.mean(p)) * MEDIAN_STEP - MEDIAN_RANGE for p in places)
    return round(a, 4), round(b, 4)


@dataclass
class Evaluation:
    """What was measured, how, and on what.

    Attributes:
        protocol: everything needed to repeat it: data, N, size, crop, what each model predicts, definitions, versions.
        table: {model: {metric: (value, low, high)}}, 95 % intervals over images.
        classes: {class: {"n": images, "table": as `table`}}; empty when there are no classes.
        samples: [{"index", "class", "gray", "truth", "results": {model: picture}}], pictures [H, W, 3] uint8.
        per_image: {model: {column: [N] float64}}, in the order of `index`; the material of paired comparisons.
        index: [N] the images' places in the data set.
    """

    protocol: dict
    table: dict
    classes: dict = field(default_factory=dict)
    samples: list = field(default_factory=list)
    per_image: dict = field(default_factory=dict)
    index: np.ndarray | None = None

    def to_json(self) -> str:
        """-> the protocol and the tables as JSON text; a value that does not exist (0/0) is null."""
        content = {"protocol": self.protocol, "results": self.table, "classes": self.classes}
        return json.dumps(_plain(content), indent=2, allow_nan=False) + "\n"

    def write_json(self, path):
        """Write `to_json` to a file, such as a run directory's `result.json`; it replaces an earlier one in one go."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".part")
        unfinished.write_text(self.to_json(), encoding="utf-8")
        unfinished.replace(path)


def evaluate(
    models: Mapping[str, Callable],
    batches: Iterable,
    *,
    description: str | Mapping,
    class_names=None,
    thresholds=(2, 5),
    names=None,
    class_by="label",
    sample_size=8,
    resamples=1000,
    seed=0,
) -> Evaluation:
    """Measure colorizers on the same photographs.

    Args:
        models: {name: colorizer}, callables [B, H, W, 3] uint8 RGB -> [B, H, W, 3] float32 Lab, such as
            `Colorizer.predict_lab`, `gray_baseline` and `median_baseline(...)`; they take the photograph's L from it.
        batches: dicts of arrays: "rgb" [B, H, W, 3] uint8, "index" [B] int, and `class_by` [B] int.
        description: what the images are (data set, split, crop) and what else it takes to repeat the evaluation: a
            line, or {name: value} for several lines of the protocol.
        class_names: the classes' names, by number; default, or when empty: the numbers.
        thresholds: of the epsilon accuracies, Lab units.
        names: the metrics; default: all, but no SSIM when the first images are smaller than its window, which the
            protocol then says.
        class_by: the batches' key by which a table per class is made, -1 in it meaning no class; None: no such table.
        sample_size: how many of the first images are kept as samples.
        resamples, seed: of the bootstrap.

    Returns:
        The evaluation, its models in the order given.

    Raises:
        ValueError: if there are no models or images, a key is missing, a metric is unknown, a class number has no name,
            or a model returns something else than Lab of the image's size (the message names the model).
    """
    _check_arguments(models, description, resamples)
    scores: dict[str, metrics.Measurement] = {}
    index, labels, samples, sizes, omitted = [], [], [], {}, {}
    l_difference = dict.fromkeys(models, 0.0)
    for batch in batches:
        rgb = _take(batch, "rgb")
        sizes[f"{rgb.shape[1]}x{rgb.shape[2]}"] = sizes.get(f"{rgb.shape[1]}x{rgb.shape[2]}", 0) + len(rgb)
        if not scores:
            chosen, omitted = _choose(names, thresholds, rgb.shape[1:3])
            scores = {name: metrics.Measurement(chosen) for name in models}
        index.append(_take(batch, "index", len(rgb)))
        labels.append(_take(batch, class_by, len(rgb)) if class_by else np.full(len(rgb), -1))
        truth_lab = np.asarray(color.rgb_to_lab(rgb / 255.0))
        pictures = {}
        for name, predict_lab in models.items():
            lab = _predict(name, predict_lab, rgb)
            pictures[name] = to_rgb8(lab)
            scores[name].add(rgb, lab, pictures[name], truth_lab=truth_lab)
            l_difference[name] = max(l_difference[name], float(np.abs(lab[..., 0] - truth_lab[..., 0]).max()))
        kept = [_class_name(label, class_names) for label in labels[-1][: sample_size - len(samples)]]
        samples += _samples(kept, rgb, truth_lab, pictures, index[-1])
    if not scores:
        raise ValueError("`batches` holds no image to evaluate on. Check the data set, its split and `--eval-size`")
    columns = {name: score.columns() for name, score in scores.items()}
    # The truth's columns and the draws are the same for all models, so their differences can be compared in pairs.
    tables = {name: metrics.bootstrap(c, chosen, resamples=resamples, seed=seed) for name, c in columns.items()}
    protocol = {
        **({"dataset": description} if isinstance(description, str) else description),
        "n": sum(sizes.values()),
        "size (height x width)": sizes,
        "predicted": {name: "a and b" if d <= SAME_L else "L, a and b (RGB)" for name, d in l_difference.items()},
        "L in the epsilon accuracy": {
            name: "the truth's: a and b alone decide" if d <= SAME_L else f"the result's own, up to {d:.3g} off"
            for name, d in l_difference.items()
        },
        "intervals": f"95 % percentile bootstrap over images, {resamples} resamples, seed {seed}",
        "delivered": "8-bit sRGB; colours outside the gamut lose chroma at constant L and hue",
        "definitions": {name: metrics.metric(name).definition for name in chosen},
        "omitted": omitted,
        "versions": ", ".join(f"{name} {version(name)}" for name in ("colorgan", "keras", "numpy", "scikit-image")),
    }
    labels = np.concatenate(labels)
    classes = _by_class(columns, labels, class_names, chosen, resamples, seed)
    return Evaluation(protocol, tables, classes, samples, columns, np.concatenate(index))


def _check_arguments(models, description, resamples):
    if not models:
        raise ValueError("`models` is empty. Give at least one colorizer, such as gray_baseline")
    if not description:
        raise ValueError("`description` is empty. Say which images these are: data set, split, crop")
    if resamples < 1:
        raise ValueError(f"`resamples` must be at least 1. Received: {resamples}")


def _choose(names, thresholds, size):
    """-> the metrics, and {metric: why it is left out}."""
    chosen = tuple(metrics.all_names(thresholds) if names is None else names)
    if names is None and min(size) < metrics.SSIM_WINDOW:
        chosen = tuple(name for name in chosen if name != "ssim")
        return chosen, {"ssim": f"images of {size[0]}x{size[1]} are smaller than its window of {metrics.SSIM_WINDOW}"}
    return chosen, {}


def _take(batch, key, length=None):
    if key not in batch:
        raise ValueError(f"A batch has no `{key}`. It has: {', '.join(batch)}")
    values = np.asarray(batch[key])
    if length is not None and values.shape != (length,):
        raise ValueError(f"`{key}` must have one value per image, [{length}]. Received: {values.shape}")
    return values


def _predict(name, predict_lab, rgb):
    lab = np.asarray(predict_lab(rgb))
    if lab.shape != rgb.shape or lab.dtype.kind != "f":
        raise ValueError(f"Model `{name}` must return {list(rgb.shape)} float Lab. Received: {lab.shape} {lab.dtype}")
    if not np.isfinite(lab).all():
        raise ValueError(f"Model `{name}` returned NaN or infinite Lab values")
    return lab


def _samples(classes, rgb, truth_lab, pictures, index):
    """The first images of a batch, as many as there are `classes`."""
    grays = to_rgb8(truth_lab[: len(classes)] * np.array([1, 0, 0], np.float32)) if classes else ()
    return [
        {
            "index": int(index[i]),
            "class": name,
            "gray": gray,
            "truth": rgb[i],
            "results": {model: picture[i] for model, picture in pictures.items()},
        }
        for i, (name, gray) in enumerate(zip(classes, grays, strict=True))
    ]


def _class_name(label, class_names):
    """-> the class's name, its number where there are no names, or an empty text for -1."""
    if label < 0:
        return ""
    if not class_names:
        return str(label)
    if label >= len(class_names):
        raise ValueError(f"`class_names` names {len(class_names)} classes, but an image is of class {label}")
    return str(class_names[label])


def _by_class(columns, labels, class_names, names, resamples, seed):
    classes = {}
    for label in np.unique(labels[labels >= 0]):
        rows = labels == label
        table = {
            model: metrics.bootstrap({c: v[rows] for c, v in own.items()}, names, resamples=resamples, seed=seed)
            for model, own in columns.items()
        }
        classes[_class_name(label, class_names)] = {"n": int(rows.sum()), "table": table}
    return classes


def _plain(value):
    """What JSON can hold: numpy's numbers and arrays become Python's, NaN becomes null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
