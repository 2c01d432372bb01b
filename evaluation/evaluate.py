"""The evaluator: several colorizers on the same photographs, measured together, with two baselines and the protocol.

Owns the loop over batches. Batches and colorizers are arguments. Imports `models.color`, `models.predictor` and this
room's modules; never `training` or `datasets`.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from colorgan.evaluation import baselines, definitions, formulas, gallery, metrics, protocol, statistics, traces
from colorgan.evaluation.distributions import Distribution
from colorgan.evaluation.result import Evaluation
from colorgan.models import color
from colorgan.models.predictor import to_rgb8


def evaluate(
    models: Mapping[str, Callable | str],
    batches: Iterable,
    *,
    description: str | Mapping,
    class_names=None,
    thresholds=(2, 5),
    names=None,
    desired: Mapping | None = None,
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
            `Colorizer.predict_lab` and `baselines.gray_baseline`; they take the photograph's L from it. Instead of a
            callable, it can be the batches' key of results, [B, H, W, 3] uint8 sRGB, which are scored as pictures.
        batches: dicts of arrays: "rgb" [B, H, W, 3] uint8, "index" [B] int, "label" [B] int, the class, -1 for none,
            and the keys that models name. Read once.
        description: the images (data set, split, crop), and everything else needed to repeat the evaluation: a line, or
            {name: value} for several lines of the protocol.
        class_names: names of the classes, in order of their numbers; default, or if empty: the numbers.
        thresholds: of the epsilon accuracies, Lab units.
        names: the metrics; default: all, without SSIM if the first images are smaller than its window, which the
            protocol says.
        desired: {control: value in 0..1}, the models' aims among `definitions.CONTROLS`: the table shows achieved means
            and desired values.
        class_word: the word for a class, such as folder.
        picture_names: names of the pictures, such as paths, by index; default: none.
        sample_size: number of the first images kept as samples.
        feature_network: one of `feature_networks`, for FID, KID and a distance; None: without these, which the protocol
            says.
        for_report: keep data for a report: curves, histograms, the best, median and worst pictures (of the baselines
            only if there is no other model).
        resamples, seed: of the bootstrap, and of the choice of median pictures.

    Returns:
        The evaluation, its models in the given order. Memory grows with the number of images as in
        `metrics.Measurement`, never with their pixels.

    Raises:
        ValueError: if there are no images, a metric is unknown, or a model does not return Lab of the image's size (the
            message names the model).
    """
    desired, batches = dict(desired or {}), iter(batches)
    first = next(batches, None)
    if first is None:
        raise ValueError("`batches` holds no image to evaluate on. Check the data set, its split and `--eval-size`")
    names, omitted = _choose(names, thresholds, first["rgb"].shape[1:3], desired, feature_network)
    stream = _Stream(models, names, class_names, sample_size, feature_network, seed if for_report else None)
    for batch in itertools.chain([first], batches):
        stream.add(batch)
    columns = stream.columns()
    names = (*names, *([feature_network.distance] if feature_network and feature_network.distance else ()))
    tables, undefined = _tables(columns, names, resamples, seed)
    for name, distribution in stream.distributions.items():
        tables[name] |= {feature_network.of_sets[kind]: found for kind, found in distribution.results().items()}
    index = np.concatenate(stream.index)
    classes, undefined_by_class = _by_class(columns, np.concatenate(stream.labels), class_names, names, resamples, seed)
    return Evaluation(
        protocol.protocol(
            description,
            stream,
            names=(*names, *(feature_network.of_sets.values() if feature_network else ())),
            omitted=omitted,
            desired=desired,
            intervals=protocol.bootstrap(
                undefined, undefined_by_class, resamples=resamples, seed=seed, class_word=class_word
            ),
            feature_network=feature_network.description if feature_network else "",
        ),
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
        gallery=stream.gallery.pictures(columns) if stream.gallery else [],
    )


class _Stream:
    """Everything that accumulates over the batches; `report_seed` is None without a report."""

    def __init__(self, models, names, class_names, sample_size, feature_network, report_seed):
        self.models, self.class_names, self.sample_size = models, class_names, sample_size
        self.network = feature_network
        self.scores = {name: metrics.Measurement(names) for name in models}
        self.distributions = {name: Distribution() for name in models} if feature_network else {}
        self.distances = {name: [] for name in models} if feature_network and feature_network.distance else {}
        self.index, self.labels, self.samples, self.sizes = [], [], [], {}
        self.l_difference = dict.fromkeys(models, 0.0)
        self.truth = hashlib.sha256()
        self.given = {name: hashlib.sha256() for name, model in models.items() if isinstance(model, str)}
        self.traces, self.gallery = None, None
        if report_seed is not None:
            self.traces = traces.Traces(models)
            ranked = [name for name in gallery.METRICS if name in names]
            ranked += [feature_network.distance] if self.distances else []
            self.gallery = gallery.Gallery(baselines.own(models), metrics=ranked, first=sample_size, seed=report_seed)

    def add(self, batch):
        """Add a batch."""
        rgb = np.asarray(batch["rgb"])
        size = f"{rgb.shape[1]}x{rgb.shape[2]}"
        self.sizes[size] = self.sizes.get(size, 0) + len(rgb)
        protocol.take_in(self.truth, rgb)
        self.index.append(np.asarray(batch["index"]))
        self.labels.append(np.asarray(batch["label"]))
        truth_lab = np.asarray(color.rgb_to_lab(rgb / 255.0))
        labs, pictures, columns = {}, {}, {}
        for name, model in self.models.items():
            labs[name], pictures[name] = _result(name, model, rgb, batch)
            columns[name] = self.scores[name].add(rgb, labs[name], pictures[name], truth_lab=truth_lab)
            if name in self.given:
                protocol.take_in(self.given[name], pictures[name])
            off = float(np.abs(labs[name][..., 0] - truth_lab[..., 0]).max())
            self.l_difference[name] = max(self.l_difference[name], off)
        if self.network:
            self._compare_features(rgb, pictures, columns)
        classes = [_class_name(label, self.class_names) for label in self.labels[-1]]
        if self.traces:
            self.traces.add(truth_lab, labs)
            self.gallery.add(columns, rgb, pictures, self.index[-1], classes)
        kept = classes[: self.sample_size - len(self.samples)]
        for i, name in enumerate(kept):  # copies, so no batch stays in memory
            results = {model: picture[i].copy() for model, picture in pictures.items()}
            sample = {"index": int(batch["index"][i]), "class": name, "gray": baselines.gray_picture(rgb[i])}
            self.samples.append(sample | {"truth": rgb[i].copy(), "results": results})

    def columns(self):
        """-> {model: {column: [N] float64}}."""
        return {
            name: score.columns()
            | ({self.network.distance: np.concatenate(self.distances[name])} if self.distances else {})
            for name, score in self.scores.items()
        }

    def _compare_features(self, rgb, pictures, columns):
        truth, truth_maps = self.network(rgb)
        for name, distribution in self.distributions.items():
            features, maps = self.network(pictures[name])
            distribution.add(truth, features)
            if self.distances:
                columns[name][self.network.distance] = formulas.feature_distance(truth_maps, maps)
                self.distances[name].append(columns[name][self.network.distance])


def _choose(names, thresholds, size, desired, network):
    """-> the metrics, and {metric: why it is left out}."""
    if names is not None:
        return tuple(dict.fromkeys((*names, *desired))), {}
    chosen, omitted = definitions.all_names(thresholds, controls=tuple(desired)), {}
    if min(size) < formulas.SSIM_WINDOW:
        chosen = tuple(name for name in chosen if name != "ssim")
        omitted["ssim"] = f"images of {size[0]}x{size[1]} are smaller than its window of {formulas.SSIM_WINDOW}"
    if network is None:
        omitted["FID-lite2, KID-lite2, LPIPS-lite2"] = "--fid-model efficientnet-lite2 asks for them"
    return chosen, omitted


def _result(name, model, rgb, batch):
    """-> a model's Lab and its delivered picture."""
    if isinstance(model, str):
        picture = np.asarray(batch[model])
        return np.asarray(color.rgb_to_lab(picture / 255.0)), picture
    lab = np.asarray(model(rgb))
    if lab.shape != rgb.shape or lab.dtype.kind != "f" or not np.isfinite(lab).all():
        raise ValueError(
            f"Model `{name}` must return {list(rgb.shape)} float Lab without NaN or infinite values. "
            f"Received: {lab.shape} {lab.dtype}"
        )
    return lab, to_rgb8(lab)


def _class_name(label, class_names):
    """-> the class's name, its number without names, or an empty text for -1."""
    if label < 0:
        return ""
    return str(class_names[label] if class_names else label)


def _tables(columns, names, resamples, seed):
    """-> {model: table}, and {model: {metric: resamples without it}}.

    All models share the truth's columns and the draws, so differences can be compared in pairs.
    """
    tables, undefined = {}, {}
    for model, own in columns.items():
        estimates = statistics.resampled(own, names, resamples=resamples, seed=seed)
        tables[model], undefined[model] = statistics.intervals(estimates), statistics.undefined(estimates)
    return tables, undefined


def _by_class(columns, labels, class_names, names, resamples, seed):
    """-> {class: {"n", "table"}}, and {"class, model": {metric: resamples without it}}."""
    classes, undefined = {}, {}
    for label in np.unique(labels[labels >= 0]):
        rows, title = labels == label, _class_name(label, class_names)
        own = {model: {c: v[rows] for c, v in values.items()} for model, values in columns.items()}
        tables, lacking = _tables(own, names, resamples, seed)
        classes[title] = {"n": int(rows.sum()), "table": tables}
        undefined |= {f"{title}, {model}": counts for model, counts in lacking.items()}
    return classes, undefined
