"""Simulated people: their wishes for a photograph whose colours they know, and a colorizer's results.

Every model gets the same wishes: random draws depend only on the photograph's index and the seed. Colorizers are
arguments. Imports `models.color` and `models.conditions`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from colorgan.models import color, conditions


@dataclass(frozen=True)
class Points:
    """Squares in [B] photographs; their mean true colour is given.

    Attributes:
        centres: [B, K, 2] float32 in [0, 1): y and x, as shares of height and width.
        sizes: [B, K] float32: pixels across, odd.
    """

    centres: np.ndarray
    sizes: np.ndarray

    def first(self, count) -> Points:
        """-> the first of each photograph's points."""
        return Points(self.centres[:, :count], self.sizes[:, :count])

    def covers(self, i, height, width):
        """-> the rows [K, height] and columns [K, width] of photograph `i` that each of its points covers, bool."""
        return tuple(
            np.abs(np.arange(size) - np.floor(self.centres[i, :, axis] * size)[:, None])
            <= self.sizes[i][:, None] / 2
            for axis, size in enumerate((height, width))
        )  # fmt: skip


@dataclass(frozen=True)
class Wishes:
    """Wishes for [B] photographs; none: the automatic result.

    Attributes:
        points: `Points` of the truth's colours, or None.
        palette: whether the truth's palette is given.
        saturation, hue: [B] float in [0, 1], the desired means, or None.
    """

    points: Points | None = None
    palette: bool = False
    saturation: np.ndarray | None = None
    hue: np.ndarray | None = None


def points(index, count, *, seed=0) -> Points:
    """-> points placed as in Zhang et al. 2017, section 3.2: around the middle, with 1 to 9 pixels.

    Args:
        index: [B] int, indices of the photographs in the data set.
        count: number of points per photograph. Fewer points are the first of more.
        seed: of the random draws.
    """

    def uniform(shape, k):
        return np.stack([np.random.default_rng((seed, int(i), k)).random(shape[1:], np.float32) for i in index])

    centres, sizes = conditions.places(uniform, len(index), count)
    return Points(np.asarray(centres), np.asarray(sizes))


def colorized(colorizer, rgb, wishes: Wishes) -> np.ndarray:
    """Colorize photographs with wishes: the only place where wishes become pictures.

    Args:
        colorizer: a `Colorizer` whose network has the conditions for the wishes.
        rgb: [B, H, W, 3] uint8 sRGB, the photographs in true colours, the source of the wishes.
        wishes: for each.

    Returns:
        [B, H, W, 3] float32 Lab, as `Colorizer.predict_lab`.
    """
    seen, given = colorizer.seen(rgb), {}
    rows, size = {row.name: row for row in colorizer.predictor.inputs}, seen.shape[:3]
    ab = np.asarray(color.rgb_to_lab(seen / 255.0))[..., 1:]
    if wishes.points is not None:
        sizes = wishes.points.sizes * np.float32(seen.shape[1] / rgb.shape[1])
        scaled = ab / np.float32(colorizer.predictor.ab_scale)
        used = np.ones_like(sizes)
        given["hints"] = conditions.hints(wishes.points.centres, sizes, used, scaled, rows["hints"].shape(*size))
    if wishes.palette:
        steps = [max(1, side // conditions.SAMPLED) for side in size[1:]]
        given["palette"] = conditions.palette(ab[:, :: steps[0], :: steps[1]].reshape(len(ab), -1, 2))
    if wishes.saturation is not None or wishes.hue is not None:
        given["aim"] = conditions.aim(wishes.saturation, wishes.hue)
    return colorizer.predict_lab(rgb, given={name: np.asarray(values) for name, values in given.items()})


def in_place(points: Points, truth_lab, result_lab, *, within):
    """Count the points that have their colour in place.

    A point's colour is the truth's mean over its square, fitted into sRGB at the lightness of each pixel. Overlapping
    points contradict each other and are left out.

    Args:
        points: the points of the photographs.
        truth_lab: [B, H, W, 3] float.
        result_lab: the same for the delivered pictures.
        within: largest ab distance between the means over the square, in Lab units.

    Returns:
        [B] float64 twice: the number of points in place, and of points that count.
    """
    found, counted = np.zeros((2, len(truth_lab)))
    for i, (truth, result) in enumerate(zip(truth_lab, result_lab, strict=True)):
        rows, columns = points.covers(i, *truth.shape[:2])
        alone = np.count_nonzero((rows @ rows.T) & (columns @ columns.T), axis=1) == 1
        k, y, x = np.nonzero(rows[alone][:, :, None] & columns[alone][:, None])
        number, count = int(alone.sum()), np.bincount(k)

        def means(ab, k=k, number=number, count=count):
            return np.stack([np.bincount(k, one, number) / count for one in ab.T], axis=-1)

        asked = np.concatenate([truth[y, x, :1], means(truth[y, x, 1:])[k]], axis=-1)
        wanted = means(np.asarray(color.fit_gamut(asked))[:, 1:])
        distance = np.linalg.norm(means(result[y, x, 1:]) - wanted, axis=-1)
        found[i], counted[i] = (distance <= within).sum(), number
    return found, counted
