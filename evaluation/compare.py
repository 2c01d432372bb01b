"""Two models of one evaluation, image by image: paired differences with their intervals.

Imports `definitions`, `statistics` and `result`.
"""

from __future__ import annotations

from dataclasses import dataclass

from colorgan.evaluation import definitions, statistics
from colorgan.evaluation.result import Evaluation


@dataclass(frozen=True)
class Comparison:
    """How model `b` differs from model `a` on the same `n` images; `rows` as `statistics.paired` gives them."""

    a: str
    b: str
    n: int
    rows: dict
    intervals: str

    def better(self, name) -> str:
        """-> the better one's name by this metric, an empty text if the interval of the difference does not say."""
        low, high = self.rows[name].get("gain", (0, 0, 0))[1:]
        return self.b if low > 0 else self.a if high < 0 else ""


def compare(evaluation: Evaluation, a: str, b: str, *, resamples=1000, seed=0) -> Comparison:
    """Compare two models of an evaluation.

    Args:
        evaluation: of both models, on the same images.
        a, b: their names in its table.
        resamples, seed: of the bootstrap over images.

    Returns:
        All per-image metrics that both have; not the truth's own, and not FID and KID, which have no value per image.
    """
    names = [n for n in evaluation.table[a] if definitions.metric(n).columns and not n.endswith("_truth")]
    estimates = (
        statistics.resampled(evaluation.per_image[one], names, resamples=resamples, seed=seed) for one in (a, b)
    )
    intervals = f"95 % paired percentile bootstrap over the same images, {resamples} resamples, seed {seed}"
    return Comparison(a, b, evaluation.protocol["n"], statistics.paired(*estimates), intervals)
