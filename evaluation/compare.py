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

    Raises:
        ValueError: if a model was not evaluated, or both are the same.
    """
    for name in (a, b):
        if name not in evaluation.per_image:
            raise ValueError(f"`{name}` was not evaluated. Known: {', '.join(evaluation.per_image)}")
    if a == b:
        raise ValueError(f"Two different models are needed for a comparison. Received: {a!r} twice")
    names = [n for n in evaluation.table[a] if definitions.metric(n).columns and not n.endswith("_truth")]
    one, other = evaluation.per_image[a], evaluation.per_image[b]
    rows = statistics.paired(one, other, names, resamples=resamples, seed=seed)
    intervals = f"95 % paired percentile bootstrap over the same images, {resamples} resamples, seed {seed}"
    return Comparison(a, b, len(next(iter(one.values()))), rows, intervals)
