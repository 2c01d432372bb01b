"""Variants of photographs: their distance, and whether each is as believable as the automatic result.

    python benchmarks/variants.py RUN --dataset places365 --dataset-path DIR --eval-split validation --eval-size 100

Takes the command line of `test-eval.py`, for weights with conditions and joint bins. Prints the mean distance in ab of
two variants of a photograph, over all pairs, and PSNR and class-rebalanced AuC (Zhang et al. 2016, section 3.1) of each
variant against the truth. The first is the automatic result.
"""

import itertools
import sys

import numpy as np

from colorgan import datasets
from colorgan.commands import common
from colorgan.evaluation import metrics
from colorgan.models import color
from colorgan.settings import flags

COUNT = 4
NAMES = ("psnr", "auc_rebalanced")


def main():
    """Parse, measure, print."""
    command = flags.parse(sys.argv[1:], mode="eval")
    (path,) = common.named_runs(command)
    colorizer, config = common.trained(command, path)
    split = datasets.load(config.data, command.config.evaluation.eval_split)
    scores, distances = [metrics.Measurement(NAMES) for _ in range(COUNT)], []
    for batch in split.pictures(config.data.batch_size, limit=command.config.evaluation.eval_size):
        for rgb in np.asarray(batch["rgb"]):
            made = np.stack(colorizer.variants(rgb, COUNT))
            lab = np.asarray(color.rgb_to_lab(made / 255.0))
            for score, one, delivered in zip(scores, lab, made, strict=True):
                score.add(rgb[None], one[None], delivered[None])
            pairs = itertools.combinations(lab[..., 1:], 2)
            distances.append([np.linalg.norm(a - b, axis=-1).mean() for a, b in pairs])
    print(f"{colorizer.name}, {split.description}")
    each = np.mean(distances, axis=1)
    print(f"ab distance of two variants, mean over pairs: {each.mean():.2f}; least of a photograph {each.min():.2f}")
    for number, score in enumerate(scores):
        psnr, auc = score.means().values()
        print(f"variant {number + 1}: PSNR {psnr:.2f}, class-rebalanced AuC {100 * auc:.2f} %")


if __name__ == "__main__":
    main()
