"""What several modules' tests share: small evaluations."""

import numpy as np
import pytest

from colorgan.evaluation import baselines, comparisons, evaluate


@pytest.fixture(scope="session")
def evaluation():
    rng = np.random.default_rng(6)
    rgb = rng.integers(0, 256, (6, 8, 8, 3)).astype(np.uint8)
    batch = {"rgb": rgb, "label": np.array([0, 1, 0, 1, 0, 1]), "index": np.arange(6)}
    models = {"gray": baselines.gray_baseline, "warm": baselines.median_baseline((10.0, 20.0))}
    return evaluate.evaluate(
        models, [batch], description="noise, no crop", class_names=("cat", "dog"), resamples=20, sample_size=3
    )


@pytest.fixture(scope="session")
def full():
    """An evaluation with all that a report shows; a class's and a model's name need escaping."""
    rng = np.random.default_rng(8)
    rgb = rng.integers(0, 256, (9, 8, 10, 3)).astype(np.uint8)
    batch = {"rgb": rgb, "label": np.arange(9) % 2, "index": np.arange(9)}
    models = {
        "<warm>": baselines.median_baseline((10.0, 20.0)),
        "cold": baselines.median_baseline((-5.0, -20.0)),
        "gray": baselines.gray_baseline,
    }
    options = {"class_names": ("cats & dogs", "x"), "resamples": 20, "sample_size": 2, "for_report": True}
    made = evaluate.evaluate(models, [batch], description="noise", desired={"saturation": 0.5}, **options)
    made.comparisons, _ = comparisons.compare(made)
    made.settings = {"--lr": {"<warm>": "0.1", "cold": "0.2"}}
    return made
