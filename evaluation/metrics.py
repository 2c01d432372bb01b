"""Differences of colorized pictures from the photographs: per-image values of a stream of batches, and their means.

`definitions.py` defines the metrics, `formulas.py` computes them for a picture, `statistics.py` makes tables. Owns the
columns and the streaming `Measurement`. Memory grows by a few numbers per image, never with its pixels. Imports
`models.color` and those three; numpy in float64.

Three inputs describe a result: the truth's 8-bit RGB, the result's Lab, and the delivered 8-bit RGB. A Lab model's Lab
has the truth's L, an RGB model's is the Lab of its raw RGB. Colours outside the sRGB gamut count as predicted.
"""

from __future__ import annotations

import functools

import numpy as np
from skimage.color import deltaE_ciede2000

from colorgan.evaluation import definitions, formulas, statistics
from colorgan.models import color

CHUNK_PIXELS = 2**17  # so many pixels in float64 fit about into the processor's caches

_COLUMNS = {
    "mae_ab": lambda p: np.abs(p.truth_lab - p.result_lab)[..., 1:].mean(axis=(1, 2, 3)),
    "mae_rgb": lambda p: np.abs(p.truth_rgb.astype(np.float64) - p.result_rgb).mean(axis=(1, 2, 3)),
    "psnr": lambda p: formulas.psnr(p.truth_rgb, p.result_rgb),
    "ssim": lambda p: formulas.ssim(p.truth_rgb, p.result_rgb),
    "ciede2000": lambda p: deltaE_ciede2000(p.truth_lab, p.result_lab).mean(axis=(1, 2)),
    "auc": lambda p: p.pixel_auc.mean(axis=(1, 2)),
    "colorfulness": lambda p: formulas.colorfulness(p.result_rgb),
    "colorfulness_truth": lambda p: formulas.colorfulness(p.truth_rgb),
    "colorfulness_abs": lambda p: formulas.colorfulness(p.result_rgb, absolute=True),
    "colorfulness_abs_truth": lambda p: formulas.colorfulness(p.truth_rgb, absolute=True),
    "chroma": lambda p: formulas.chroma(p.result_lab),
    "chroma_truth": lambda p: formulas.chroma(p.truth_lab),
    "saturation": lambda p: p.hsv[..., 1].mean(axis=(1, 2), dtype=np.float64),
    "hue_cosine": lambda p: p.hue_vector[0],
    "hue_sine": lambda p: p.hue_vector[1],
    "red": lambda p: p.result_rgb[..., 0].mean(axis=(1, 2)) / 255,
    "green": lambda p: p.result_rgb[..., 1].mean(axis=(1, 2)) / 255,
    "blue": lambda p: p.result_rgb[..., 2].mean(axis=(1, 2)) / 255,
}
_BY_BIN = {"rebalanced_hits", "rebalanced_weight"}  # needs the prior: see Measurement.columns
# Unaligned on purpose: `auc_rebalanced` keeps 18 bytes for each colour bin of an image.
_BIN_RECORD = np.dtype([("image", np.uint32), ("bin", np.uint16), ("pixels", np.uint32), ("hits", np.float64)])


class Measurement:
    """Metrics of one model over a stream of batches: `add` each batch, then ask for `columns` or `means`.

    Memory grows by 8 bytes per column and image and, for `auc_rebalanced`, by 18 bytes for each colour bin of an image
    (at most 529, some dozens in a photograph).

    Args:
        names: the metrics.

    Raises:
        ValueError: for an unknown metric, or a metric of sets of images.
    """

    def __init__(self, names):
        self.names, self.count = tuple(names), 0
        for name in self.names:
            definitions.check_measured(name)
        needed = (c for name in self.names for c in definitions.metric(name).columns)
        self._parts: dict[str, list] = {"bins" if c in _BY_BIN else c: [] for c in needed}

    def add(self, truth_rgb, result_lab, result_rgb, *, truth_lab=None) -> dict[str, np.ndarray]:
        """Add a batch; batches can differ in size.

        Args:
            truth_rgb: [B, H, W, 3] uint8, sRGB.
            result_lab: [B, H, W, 3] float, the result's Lab.
            result_rgb: [B, H, W, 3] uint8, the delivered picture.
            truth_lab: [B, H, W, 3] float, the truth's Lab if the caller has it; otherwise it is computed.

        Returns:
            {column: [B] float64} for the columns of the metrics. `auc_rebalanced` has the column `bins` instead: [M]
            records (image, bin, pixels, hits), one for each bin of an image, because its weights are known only after
            all images. `columns` turns them into numbers.

        Raises:
            ValueError: for a wrong shape or dtype, NaN, or images too small for SSIM.
        """
        truth_rgb, result_rgb, result_lab = np.asarray(truth_rgb), np.asarray(result_rgb), np.asarray(result_lab)
        truth_lab = np.asarray(color.rgb_to_lab(truth_rgb / 255.0) if truth_lab is None else truth_lab)
        _check(truth_rgb=truth_rgb, truth_lab=truth_lab, result_lab=result_lab, result_rgb=result_rgb)
        step = max(1, CHUNK_PIXELS // (truth_rgb.shape[1] * truth_rgb.shape[2]))
        chunks = {c: [] for c in self._parts}
        for start in range(0, len(truth_rgb), step):
            part = slice(start, start + step)
            pair = _Pair(truth_rgb[part], truth_lab[part], result_lab[part], result_rgb[part])
            for column, found in chunks.items():
                found.append(_column(column, pair))
            if "bins" in chunks:
                chunks["bins"][-1]["image"] += self.count + start
        columns = {c: np.concatenate(found) for c, found in chunks.items()}
        for column, values in columns.items():
            self._parts[column].append(values)
        self.count += len(truth_rgb)
        return columns

    def columns(self) -> dict[str, np.ndarray]:
        """-> {column: [N] float64}, an image's values in the order of `add`.

        Raises:
            ValueError: if no batch was added.
        """
        if not self.count:
            raise ValueError("No image was evaluated, so there is nothing to measure.")
        columns = {name: np.concatenate(parts) for name, parts in self._parts.items()}
        if "bins" in columns:
            rows = columns.pop("bins")
            prior = np.bincount(rows["bin"], rows["pixels"], formulas.BINS**2)
            weights = formulas.rebalancing_weights(prior)[rows["bin"]]
            for column, field in (("rebalanced_hits", "hits"), ("rebalanced_weight", "pixels")):
                columns[column] = np.bincount(rows["image"], weights * rows[field], self.count)
        return columns

    def means(self) -> dict[str, float]:
        """-> {metric: value} over all images so far."""
        means = {c: np.mean(values) for c, values in self.columns().items()}
        return {name: float(statistics.reduce(name, means)) for name in self.names}


class _Pair:
    """A chunk's arrays, Lab in float64; values for several columns are computed once."""

    def __init__(self, truth_rgb, truth_lab, result_lab, result_rgb):
        self.truth_rgb, self.result_rgb = truth_rgb, result_rgb
        self.truth_lab, self.result_lab = truth_lab.astype(np.float64), result_lab.astype(np.float64)

    @functools.cached_property
    def pixel_auc(self):
        return formulas.pixel_auc(self.truth_lab, self.result_lab)

    @functools.cached_property
    def hsv(self):
        return np.asarray(color.rgb_to_hsv(self.result_rgb / 255.0))

    @functools.cached_property
    def hue_vector(self):
        return formulas.hue_vector(self.hsv)


def _column(name, pair):
    if name in _COLUMNS:
        return _COLUMNS[name](pair)
    if name != "bins":
        return formulas.epsilon_accuracy(pair.truth_lab, pair.result_lab, threshold=definitions.threshold(name))
    images, bins = len(pair.truth_lab), formulas.BINS**2
    key = formulas.ab_bin(pair.truth_lab) + bins * np.arange(images)[:, None, None]
    pixels = np.bincount(key.ravel(), minlength=images * bins)
    hits = np.bincount(key.ravel(), weights=pair.pixel_auc.ravel(), minlength=images * bins)
    occupied = np.flatnonzero(pixels)
    records = np.empty(len(occupied), _BIN_RECORD)
    records["image"], records["bin"] = np.divmod(occupied, bins)
    records["pixels"], records["hits"] = pixels[occupied], hits[occupied]
    return records


def _check(**arrays):
    shape = arrays["truth_rgb"].shape
    for name, array in arrays.items():
        kind = np.uint8 if name.endswith("rgb") else np.floating
        if array.shape != shape or not np.issubdtype(array.dtype, kind) or not np.isfinite(array).all():
            want = f"{list(shape)} {kind.__name__}, as `truth_rgb` is, without NaN or infinite values"
            raise ValueError(f"`{name}` must be {want}. Received: {array.shape} {array.dtype}")
