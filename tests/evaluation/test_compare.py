"""Two models of one evaluation, image by image."""

import numpy as np
import pytest

from colorgan.evaluation import baselines, compare, evaluate
from colorgan.models import color


@pytest.fixture(scope="module")
def evaluation():
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (12, 8, 8, 3)).astype(np.uint8)
    half = {"half": lambda x: np.asarray(color.rgb_to_lab(x / 255.0)) * np.array([1, 0.5, 0.5], np.float32)}
    models = {"gray": baselines.gray_baseline, **half, "again": half["half"]}
    batch = {"rgb": rgb, "label": np.full(12, -1), "index": np.arange(12)}
    return evaluate.evaluate(models, [batch], description="noise", resamples=50)


def test_the_better_one_is_named(evaluation):
    result = compare.compare(evaluation, "gray", "half", resamples=200)
    assert (result.a, result.b, result.n) == ("gray", "half", 12)
    for name in ("mae_ab", "psnr", "auc", "chroma_ratio"):
        assert result.better(name) == "half", name
        assert result.rows[name]["a"] == pytest.approx(evaluation.table["gray"][name][0])
        assert result.rows[name]["b"] == pytest.approx(evaluation.table["half"][name][0])
    difference = evaluation.per_image["half"]["mae_ab"] - evaluation.per_image["gray"]["mae_ab"]
    assert result.rows["mae_ab"]["difference"][0] == pytest.approx(difference.mean())
    assert result.better("colorfulness") == ""
    assert not any(name.endswith("_truth") for name in result.rows)
    back = compare.compare(evaluation, "half", "gray", resamples=200)
    assert back.better("mae_ab") == "half"


def test_equal_models_are_undecided(evaluation):
    result = compare.compare(evaluation, "half", "again", resamples=20)
    assert result.rows["psnr"]["difference"] == (0, 0, 0)
    assert result.better("psnr") == ""
