"""The evaluator: several colorizers on the same photographs, measured together, with two baselines and the protocol.

Owns the loop over batches. It gets batches and colorizers as arguments. Imports `models.color`, `models.predictor` and
this room's modules; never `training` or `datasets`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from colorgan.evaluation import baselines, definitions, formulas, gallery, metrics, protocol, statistics, traces
from colorgan.evaluation.baselines import gray_baseline, median_baseline
from colorgan.evaluation.distributions import Distribution
from colorgan.evaluation.result import Evaluation
from colorgan.models import color
from colorgan.models.predictor import to_rgb8

__all__ = ["Evaluation", "Given", "evaluate", "gray_baseline", "median_baseline"]


@dataclass(frozen=True)
class Given:
    """In the place of a colorizer: results that come with the batches under a key, [B, H, W, 3] uint8 sRGB."""

    key: str = "result"


def evaluate(
    models: Mapping[str, Callable | Given],
    batches: Iterable,
    *,
    description: str | Mapping,
    class_names=None,
    thresholds=(2, 5),
    names=None,
    desired: Mapping | None = None,
    class_by="label",
    class_word="class",
    picture_names=None,
    sample_size=8,
    feature_network=None,
    for_report=False,
    resamples=1000,
    seed=0,
) -> Evaluation:
    """Measure colorizers on the same photographs.

    Args:
        models: {name: colorizer}, callables [B, H, W, 3] uint8 RGB -> [B, H, W, 3] float32 Lab, such as
            `Colorizer.predict_lab`, `gray_baseline` and `median_baseline(...)`; they take the photograph's L from it.
            A `Given` is scored as the picture that it is.
        batches: dicts of arrays: "rgb" [B, H, W, 3] uint8, "index" [B] int, `class_by` [B] int, and what the `Given`
            name. Read once.
        description: what the images are (data set, split, crop) and what else it takes to repeat the evaluation: a
            line, or {name: value} for several lines of the protocol.
        class_names: the classes' names, by number; default, or when empty: the numbers.
        thresholds: of the epsilon accuracies, Lab units.
        names: the metrics; default: all, but no SSIM when the first images are smaller than its window, which the
            protocol then says.
        desired: {control: value in 0..1} that the models aim at, out of `definitions.CONTROLS`: their achieved means
            join the metrics, and the values stand beside them in the table.
        class_by: the batches' key by which a table per class is made, -1 in it meaning no class; None: no such table.
        class_word: what to call these, such as folder.
        picture_names: the pictures' names, such as paths, by their index; default: none.
        sample_size: how many of the first images are kept as samples.
        feature_network: a `distributions.FeatureNetwork` for FID and KID; None: without them, which the protocol says.
        for_report: keep what `report.write_html` shows: curves, histograms, the best, median and worst pictures (of
            the baselines only where there is no other model).
        resamples, seed: of the bootstrap, and of the choice of median pictures.

    Returns:
        The evaluation, its models in the order given. Memory grows with the number of images as `metrics.Measurement`
        says, never by their pixels.

    Raises:
        ValueError: if there are no models or images, a key is missing, a metric is unknown, a class number has no name,
            or a model returns something else than Lab of the image's size (the message names the model).
    """
    desired = dict(desired or {})
    _check_arguments(models, description, resamples, desired)
    stream = _Stream(models, class_by, class_names, sample_size, feature_network)
    for batch in batches:
        if not stream.scores:
            stream.prepare(_take(batch, "rgb"), names, thresholds, desired, for_report, seed)
        stream.add(batch)
    if not stream.scores:
        raise ValueError("`batches` holds no image to evaluate on. Check the data set, its split and `--eval-size`")
    columns = {name: score.columns() for name, score in stream.scores.items()}
    tables, undefined = _tables(columns, stream.names, resamples, seed)
    for name in tables:
        tables[name] |= stream.of_sets(name)
    index = np.concatenate(stream.index)
    classes, of_classes = _by_class(columns, np.concatenate(stream.labels), class_names, stream.names, resamples, seed)
    lines = protocol.protocol(
        description,
        sizes=stream.sizes,
        truth=stream.truth,
        given=stream.given,
        l_difference=stream.l_difference,
        desired=desired,
        intervals=protocol.bootstrap(undefined, of_classes, resamples=resamples, seed=seed, class_word=class_word),
        feature_network=feature_network.description if feature_network else "",
        names=stream.names,
        omitted=stream.omitted,
    )
    return Evaluation(
        lines,
        tables,
        classes=classes,
        samples=stream.samples,
        per_image=columns,
        index=index,
        picture_names={} if picture_names is None else {int(i): str(picture_names[i]) for i in index},
        desired=desired,
        class_word=class_word,
        feature_network=feature_network.label if feature_network else "",
        traces=stream.traces,
        gallery=stream.gallery.pictures(columns) if stream.gallery else {},
    )


class _Stream:
    """All that accumulates while the batches pass."""

    def __init__(self, models, class_by, class_names, sample_size, feature_network):
        self.models, self.class_by, self.class_names = models, class_by, class_names
        self.sample_size, self.network = sample_size, feature_network
        self.scores: dict[str, metrics.Measurement] = {}
        self.index, self.labels, self.samples, self.sizes, self.omitted = [], [], [], {}, {}
        self.l_difference = dict.fromkeys(models, 0.0)
        self.distributions = {name: Distribution() for name in models} if feature_network else {}
        self.traces, self.gallery = None, None
        self.truth = protocol.Fingerprint()
        self.given = {name: protocol.Fingerprint() for name, model in models.items() if isinstance(model, Given)}

    def prepare(self, rgb, names, thresholds, desired, for_report, seed):
        """What the first batch decides."""
        self.names, self.omitted = _choose(names, thresholds, rgb.shape[1:3], desired, self.network)
        self.scores = {name: metrics.Measurement(self.names) for name in self.models}
        if for_report:
            self.traces = traces.Traces(self.models)
            shown = [name for name in self.models if name not in baselines.NAMES] or list(self.models)
            ranked = [name for name in gallery.METRICS if name in self.names]
            self.gallery = gallery.Gallery(shown, metrics=ranked, seed=seed)

    def add(self, batch):
        """Take in a batch."""
        rgb = _take(batch, "rgb")
        size = f"{rgb.shape[1]}x{rgb.shape[2]}"
        self.sizes[size] = self.sizes.get(size, 0) + len(rgb)
        self.truth.add(rgb)
        self.index.append(_take(batch, "index", len(rgb)))
        self.labels.append(_take(batch, self.class_by, len(rgb)) if self.class_by else np.full(len(rgb), -1))
        truth_lab = np.asarray(color.rgb_to_lab(rgb / 255.0))
        labs, pictures, columns = {}, {}, {}
        for name, model in self.models.items():
            labs[name], pictures[name] = _result(name, model, rgb, batch)
            columns[name] = self.scores[name].add(rgb, labs[name], pictures[name], truth_lab=truth_lab)
            if name in self.given:
                self.given[name].add(pictures[name])
            off = float(np.abs(labs[name][..., 0] - truth_lab[..., 0]).max())
            self.l_difference[name] = max(self.l_difference[name], off)
        if self.network:
            truth_features = self.network(rgb)
            for name, distribution in self.distributions.items():
                distribution.add(truth_features, self.network(pictures[name]))
        classes = [_class_name(label, self.class_names) for label in self.labels[-1]]
        if self.traces:
            self.traces.add(truth_lab, labs)
            self.gallery.add(columns, rgb, pictures, self.index[-1], classes)
        kept = classes[: self.sample_size - len(self.samples)]
        self.samples += _samples(kept, rgb, truth_lab, pictures, self.index[-1])

    def of_sets(self, model):
        """-> {metric: (value, low, high)} of FID and KID, empty without a feature network."""
        return self.distributions[model].results() if self.distributions else {}


def _check_arguments(models, description, resamples, desired):
    if not models:
        raise ValueError("`models` is empty. Give at least one colorizer, such as gray_baseline")
    if not description:
        raise ValueError("`description` is empty. Say which images these are: data set, split, crop")
    if resamples < 1:
        raise ValueError(f"`resamples` must be at least 1. Received: {resamples}")
    for name, value in desired.items():
        if name not in definitions.CONTROLS:
            raise ValueError(f"`desired`: unknown control `{name}`. Known: {', '.join(definitions.CONTROLS)}")
        if not 0 <= value <= 1:
            raise ValueError(f"`desired`: {name} must be in 0..1. Received: {value}")


def _choose(names, thresholds, size, desired, network):
    """-> the metrics, and {metric: why it is left out}."""
    if names is not None:
        return tuple(dict.fromkeys((*names, *desired))), {}
    chosen, omitted = definitions.all_names(thresholds, controls=tuple(desired)), {}
    if min(size) < formulas.SSIM_WINDOW:
        chosen = tuple(name for name in chosen if name != "ssim")
        omitted["ssim"] = f"images of {size[0]}x{size[1]} are smaller than its window of {formulas.SSIM_WINDOW}"
    if network is None:
        omitted["fid, kid"] = "no feature network was named (--fid-model)"
    return chosen, omitted


def _take(batch, key, length=None):
    if key not in batch:
        raise ValueError(f"A batch has no `{key}`. It has: {', '.join(batch)}")
    values = np.asarray(batch[key])
    if length is not None and values.shape != (length,):
        raise ValueError(f"`{key}` must have one value per image, [{length}]. Received: {values.shape}")
    return values


def _result(name, model, rgb, batch):
    """-> a model's Lab and its delivered picture."""
    if isinstance(model, Given):
        picture = _take(batch, model.key)
        if picture.shape != rgb.shape or picture.dtype != np.uint8:
            raise ValueError(
                f"`{model.key}` must be {list(rgb.shape)} uint8. Received: {picture.shape} {picture.dtype}"
            )
        return np.asarray(color.rgb_to_lab(picture / 255.0)), picture
    lab = np.asarray(model(rgb))
    if lab.shape != rgb.shape or lab.dtype.kind != "f":
        raise ValueError(f"Model `{name}` must return {list(rgb.shape)} float Lab. Received: {lab.shape} {lab.dtype}")
    if not np.isfinite(lab).all():
        raise ValueError(f"Model `{name}` returned NaN or infinite Lab values")
    return lab, to_rgb8(lab)


def _samples(classes, rgb, truth_lab, pictures, index):
    """The first images of a batch, as many as there are `classes`; copies, so that no batch stays in memory."""
    grays = to_rgb8(truth_lab[: len(classes)] * np.array([1, 0, 0], np.float32)) if classes else ()
    return [
        {
            "index": int(index[i]),
            "class": name,
            "gray": gray,
            "truth": rgb[i].copy(),
            "results": {model: picture[i].copy() for model, picture in pictures.items()},
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


def _tables(columns, names, resamples, seed):
    """-> {model: table}, and {model: {metric: resamples without it}}.

    The truth's columns and the draws are the same for all models, so their differences can be compared in pairs.
    """
    tables, undefined = {}, {}
    for model, own in columns.items():
        spread = statistics.resampled(own, names, resamples=resamples, seed=seed)
        tables[model], undefined[model] = statistics.intervals(own, spread), statistics.undefined(spread)
    return tables, undefined


def _by_class(columns, labels, class_names, names, resamples, seed):
    """-> {class: {"n", "table"}}, and (class, model, {metric: resamples without it})s."""
    classes, undefined = {}, []
    for label in np.unique(labels[labels >= 0]):
        rows, title = labels == label, _class_name(label, class_names)
        own = {model: {c: v[rows] for c, v in values.items()} for model, values in columns.items()}
        tables, lacking = _tables(own, names, resamples, seed)
        classes[title] = {"n": int(rows.sum()), "table": tables}
        undefined += [(title, model, counts) for model, counts in lacking.items()]
    return classes, undefined
