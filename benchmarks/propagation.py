"""A network with given points against propagation of the same points by optimization over its automatic result.

    python benchmarks/propagation.py RUN --dataset places365 --dataset-path DIR --eval-split validation

Takes the command line of `test-eval.py`, for weights with the condition `hints`. Defaults are 200 photographs
(`--eval-size`) and 5, 20 and 100 points (`--hint-counts`), the same points as in `test-eval.py`. Prints PSNR and MAE of
both, and the paired difference with its interval.

Propagation: Levin, Lischinski and Weiss 2004, Colorization using Optimization. A pixel is the mean of its eight
neighbours, each weighted by the similarity of its lightness (their eq. 2, with the variances and bounds of their
published program). Pixels under points are given; the others solve a sparse linear system. It propagates the difference
of the points' colours from the automatic result, with a weak pull to zero, so the automatic result stays far from all
points. This was the strongest variant tried, see `docs/evaluation.md`. The solver is scipy's, which comes with
scikit-image.
"""

import sys

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from colorgan import datasets
from colorgan.commands import common
from colorgan.evaluation import metrics, people, statistics, steering
from colorgan.evaluation.report import tables
from colorgan.models import color
from colorgan.models.predictor import to_rgb8
from colorgan.settings import flags

PULL = 1e-6  # pull to the automatic result, relative to the neighbours' weights, whose sum is 1
NEIGHBOURS = [(y, x) for y in (0, 1, 2) for x in (0, 1, 2) if (y, x) != (1, 1)]
LEAST_VARIANCE = 2e-6  # least variance of lightness in [0, 1], for plain areas
NAMES = ("psnr", "mae_ab")


def affinities(lightness):
    """Compute the similarity of each pixel to its neighbours.

    Args:
        lightness: [H, W] float in [0, 1].

    Returns:
        [H W, H W] sparse float64; each row, of a pixel, has the weights of its neighbours, whose sum is 1.
    """
    height, width = lightness.shape
    around = np.pad(lightness.astype(np.float64), 1, constant_values=np.nan)
    near = np.stack([around[y : y + height, x : x + width] for y, x in NEIGHBOURS])
    squares = (near - lightness) ** 2
    variance = 0.6 * np.nanvar(np.concatenate([near, lightness[None]]), axis=0)
    # The most similar neighbour has a weight of at least 0.01 before normalization.
    variance = np.maximum(np.maximum(variance, np.nanmin(squares, axis=0) / -np.log(0.01)), LEAST_VARIANCE)
    weights = np.nan_to_num(np.exp(-squares / variance))
    weights /= weights.sum(axis=0)
    number = np.arange(height * width).reshape(height, width)
    padded = np.pad(number, 1, constant_values=-1)
    columns = np.stack([padded[y : y + height, x : x + width] for y, x in NEIGHBOURS])
    inside, rows = columns >= 0, np.broadcast_to(number, columns.shape)
    return sparse.csr_array((weights[inside], (rows[inside], columns[inside])), shape=(number.size,) * 2)


def propagate(weights, values, given, *, pull=PULL):
    """Propagate values at some pixels to all others.

    Args:
        weights: from `affinities`.
        values: [H, W, C] float64; values at other pixels are ignored.
        given: [H, W] bool, at least one.
        pull: of the others to zero.

    Returns:
        [H, W, C] float64.
    """
    fixed, flat = given.ravel(), values.reshape(given.size, -1)
    system = ((1 + pull) * sparse.eye_array(given.size) - weights).tocsr()[~fixed]
    made = flat.copy()
    made[~fixed] = splu(system[:, ~fixed].tocsc()).solve(-system[:, fixed] @ flat[fixed])
    return made.reshape(values.shape)


def painted(points, i, truth):
    """-> the colours [H, W, 2] of photograph `i`'s points, the truth's mean over each, and where they are [H, W].

    Pixels under several points have their mean.
    """
    total, count = np.zeros((*truth.shape[:2], 2)), np.zeros(truth.shape[:2])
    for rows, columns in zip(*points.covers(i, *truth.shape[:2]), strict=True):
        square = np.ix_(rows, columns)
        total[square] += truth[square][..., 1:].mean(axis=(0, 1))
        count[square] += 1
    return total / np.maximum(count, 1)[..., None], count > 0


def measured(colorizer, batches, counts, seed):
    """-> {points: {"network", "propagation": columns of NAMES}}."""
    scores = {n: {side: metrics.Measurement(NAMES) for side in ("network", "propagation")} for n in counts}
    for batch in batches:
        rgb = np.asarray(batch["rgb"])
        truth = np.asarray(color.rgb_to_lab(rgb / 255.0))
        drawn = people.points(batch["index"], max(counts), seed=seed)
        automatic = people.colorized(colorizer, rgb, people.Wishes())
        weights = [affinities(one[..., 0] / 100) for one in truth]
        for count, by_side in scores.items():
            points = drawn.first(count)
            propagated = automatic.copy()
            for i, (result, own) in enumerate(zip(propagated, truth, strict=True)):
                colors, given = painted(points, i, own)
                result[..., 1:] += propagate(weights[i], colors - result[..., 1:], given)
            results = people.colorized(colorizer, rgb, people.Wishes(points=points)), propagated
            for score, lab in zip(by_side.values(), results, strict=True):
                score.add(rgb, lab, to_rgb8(lab), truth_lab=truth)
    return {n: {side: score.columns() for side, score in sides.items()} for n, sides in scores.items()}


def table(found, seed):
    """-> `measured`'s columns as a table with 95 % paired intervals."""
    rows = []
    for count, columns in found.items():
        estimates = [statistics.resampled(columns[side], NAMES, seed=seed) for side in ("propagation", "network")]
        for name, row in statistics.paired(*estimates).items():
            sides = [tables.number(name, row[side]) for side in ("b", "a")]
            rows.append([f"{count} points", tables.label(name), *sides, tables.cell(name, row["difference"], sign="+")])
    n = len(next(iter(found.values()))["network"][NAMES[0]])
    title = f"Points given to the network and propagated, N = {n} images, [95 % interval], paired"
    return title, ["given", "metric", "network", "propagation", "difference"], rows


def main():
    """Parse, measure, print."""
    command = flags.parse(sys.argv[1:], mode="eval")
    asked = command.config.evaluation
    (path,) = common.named_runs(command)
    colorizer, config = common.trained(command, path)
    counts = [count for count in asked.hint_counts or (5, 20, 100) if count]
    plan = steering.plan({colorizer.name: colorizer}, counts, False, seed=command.config.run.seed)
    split = datasets.load(config.data, asked.eval_split)
    batches = split.pictures(config.data.batch_size, limit=asked.eval_size if "eval_size" in command.given else 200)
    found = measured(colorizer, batches, plan.counts[1:], plan.seed)
    print(f"{colorizer.name}, {split.description}")
    print(tables.text_table(table(found, plan.seed)))


if __name__ == "__main__":
    main()
