"""Models in pairs: who is better after the correction, and runs that differ in their seed alone as one."""

import dataclasses
import json

import numpy as np
import pytest

from colorgan.evaluation import baselines, comparisons, evaluate
from colorgan.models import color


def damped(factor):
    return lambda x: np.asarray(color.rgb_to_lab(x / 255.0)) * np.array([1, factor, factor], np.float32)


@pytest.fixture(scope="module")
def evaluation():
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (12, 8, 8, 3)).astype(np.uint8)
    models = {"half": damped(0.5), "again": damped(0.5), "most": damped(0.8), "gray": baselines.gray_baseline}
    batch = {"rgb": rgb, "label": np.full(12, -1), "index": np.arange(12)}
    return evaluate.evaluate(models, [batch], description="noise", resamples=50)


def test_holms_correction_by_hand():
    # 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1, which may not be below the one before it
    np.testing.assert_allclose(comparisons.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(comparisons.holm([0.5, 0.9]), [1, 1])


def test_every_pair_and_gray_with_each(evaluation):
    made, groups = comparisons.compare(evaluation)
    assert [(one.a, one.b) for one in made] == [
        ("half", "again"), ("half", "most"), ("again", "most"), ("gray", "half"), ("gray", "again"), ("gray", "most")
    ]  # fmt: skip
    assert groups == {} and made[0].n == 12
    by_pair = {(one.a, one.b): one for one in made}
    gray = by_pair["gray", "half"]
    for name in ("mae_ab", "psnr", "auc", "chroma_ratio"):
        assert gray.better(name) == "half", name
        assert gray.rows[name]["a"] == pytest.approx(evaluation.table["gray"][name][0])
        assert by_pair["half", "most"].better(name) == by_pair["again", "most"].better(name) == "most", name
    difference = evaluation.per_image["half"]["mae_ab"] - evaluation.per_image["gray"]["mae_ab"]
    assert gray.rows["mae_ab"]["difference"][0] == pytest.approx(difference.mean())
    assert gray.better("colorfulness") == "" and "p" not in gray.rows["colorfulness"]
    assert not any(name.endswith("_truth") for name in gray.rows)
    same = by_pair["half", "again"]
    assert same.rows["psnr"]["difference"] == (0, 0, 0) and same.rows["psnr"]["p"] == 1 and same.better("psnr") == ""


def test_p_values_are_corrected_for_all_metrics_and_pairs(evaluation):
    made, _ = comparisons.compare(evaluation)
    rows = [one.rows[name] for one in made for name in one.tested]
    assert len(rows) == 6 * 12
    np.testing.assert_allclose([r["p_holm"] for r in rows], comparisons.holm([r["p"] for r in rows]))
    # What one resample alone could contradict must be able to stand the correction.
    assert min(row["p"] for row in rows) * len(rows) < comparisons.LEVEL
    said = comparisons.lines(made)["who is better"]
    assert "Holm 1979 over all 72 tests, of 6 pairs" in said and comparisons.lines([]) == {}


def test_one_image_decides_nothing():
    rgb = np.random.default_rng(1).integers(0, 256, (1, 8, 8, 3)).astype(np.uint8)
    batch = {"rgb": rgb, "label": np.array([-1]), "index": np.array([0])}
    models = {"half": damped(0.5), "gray": baselines.gray_baseline}
    (one,), _ = comparisons.compare(evaluate.evaluate(models, [batch], description="one", resamples=5))
    assert one.tested == [] and one.better("psnr") == ""


def test_runs_of_several_seeds_are_one(evaluation):
    made, groups = comparisons.compare(evaluation, {"a": ("half", "most"), "b": ("again",)})
    assert [(one.a, one.b) for one in made] == [("a", "b"), ("gray", "a"), ("gray", "b")]
    values = [evaluation.table[run]["psnr"][0] for run in ("half", "most")]
    assert groups["a"].table["psnr"][0] == pytest.approx(np.mean(values))
    assert groups["a"].spread["psnr"] == pytest.approx((np.std(values, ddof=1), min(values), max(values)))
    # Two seeds are drawn twice alike half of the time: the interval reaches from the one's values to the other's.
    low, high = groups["a"].table["psnr"][1:]
    assert low < min(values) + 0.1 and high > max(values) - 0.1
    assert groups["b"].table["psnr"][0] == pytest.approx(values[0])
    low, high = groups["b"].table["psnr"][1:]
    assert high - low < 0.5 * (max(values) - min(values))
    assert np.isnan(groups["b"].spread["psnr"][0])
    with_fid = dataclasses.replace(
        evaluation,
        table={run: own | {"fid": (i, np.nan, np.nan)} for i, (run, own) in enumerate(evaluation.table.items())},
    )
    _, groups = comparisons.compare(with_fid, {"a": ("half", "most")})
    assert groups["a"].table["fid"][0] == 1 and groups["a"].spread["fid"] == pytest.approx((2**0.5, 0, 2))


def test_result_json_has_the_comparisons_where_they_were(evaluation):
    evaluation.comparisons, evaluation.groups = comparisons.compare(
        evaluation, {"a": ("half", "most"), "b": ("again",)}
    )
    loaded = json.loads(evaluation.to_json())
    first = loaded["record"]["comparisons"][0]
    assert (first["a"], first["b"], first["n"]) == ("a", "b", 12)
    assert set(first["rows"]["psnr"]) == {"a", "b", "difference", "gain", "p", "p_holm"}
    assert loaded["groups"]["a"]["runs"] == ["half", "most"] and loaded["groups"]["b"]["spread"]["psnr"][0] is None
