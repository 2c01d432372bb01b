"""Means, intervals and paired differences against the normal theory and by hand; two models of one evaluation."""

import numpy as np
import pytest

from colorgan.evaluation import baselines, evaluate, statistics
from colorgan.models import color


def bootstrap(columns, name, **options):
    """-> (value, low, high)."""
    return statistics.intervals(statistics.resampled(columns, [name], **options))[name]


def paired(a, b, *names, **options):
    return statistics.paired(*(statistics.resampled(columns, names, **options) for columns in (a, b)))


def test_bootstrap_agrees_with_the_normal_theory():
    x = np.random.default_rng(1).normal(10, 2, 500)
    value, low, high = bootstrap({"mae_ab": x}, "mae_ab", resamples=4000)
    half = 1.959964 * x.std(ddof=1) / np.sqrt(len(x))
    assert value == pytest.approx(x.mean())
    # 4,000 resamples know a 2.5 % quantile to about 0.04 standard errors, 2 % of the half width
    assert (low, high) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.08 * half)


def test_bootstrap_of_a_ratio_agrees_with_the_delta_method():
    rng = np.random.default_rng(2)
    truth = rng.normal(30, 6, 600)
    result = 0.5 * truth + rng.normal(0, 1, 600)
    columns = {"chroma": result, "chroma_truth": truth}
    value, low, high = bootstrap(columns, "chroma_ratio", resamples=4000)
    ratio = result.mean() / truth.mean()
    half = 1.959964 * (result - ratio * truth).std(ddof=1) / truth.mean() / np.sqrt(600)
    assert value == pytest.approx(ratio)
    assert (low, high) == pytest.approx((ratio - half, ratio + half), abs=0.08 * half)


def test_bootstrap_draws_are_seeded_and_shared_between_models():
    x = np.random.default_rng(3).normal(size=50)
    value, one = statistics.resampled({"psnr": x}, ["psnr"], resamples=100, seed=5)["psnr"]
    _, other = statistics.resampled({"psnr": x + 3, "ssim": x}, ["psnr", "ssim"], resamples=100, seed=5)["psnr"]
    assert value == x.mean() and one.shape == (100,)
    np.testing.assert_allclose(other - one, 3)
    assert not np.array_equal(one, statistics.resampled({"psnr": x}, ["psnr"], resamples=100, seed=6)["psnr"][1])


def test_one_image_has_no_interval():
    value, low, high = bootstrap({"psnr": np.array([30.0])}, "psnr")
    assert value == 30 and np.isnan([low, high]).all()
    row = paired({"psnr": np.array([30.0])}, {"psnr": np.array([31.0])}, "psnr")["psnr"]
    assert row["difference"][0] == 1 and np.isnan(row["difference"][1:]).all()


def test_undefined_resamples_are_left_out_and_counted():
    # Of two images one is gray: a quarter of the resamples draws it twice, the others have the ratio 0.5
    columns = {"chroma": np.array([0.0, 5.0]), "chroma_truth": np.array([0.0, 10.0])}
    spread = statistics.resampled(columns, ["chroma_ratio"], resamples=400)
    assert bootstrap(columns, "chroma_ratio", resamples=400) == (0.5, 0.5, 0.5)
    counted = statistics.undefined(spread)["chroma_ratio"]
    assert counted == np.isnan(spread["chroma_ratio"][1]).sum() and 60 < counted < 140
    both = paired(columns, columns, "chroma_ratio", resamples=400)["chroma_ratio"]
    assert both["difference"] == (0, 0, 0)


def test_what_float32_leaves_on_grays_is_no_chroma():
    columns = {"chroma": np.full(3, 20.0), "chroma_truth": np.full(3, 3e-5)}
    assert np.isnan(bootstrap(columns, "chroma_ratio", resamples=10)).all()


def test_the_interval_of_an_angle_crosses_its_zero():
    rng = np.random.default_rng(4)
    angles = 2 * np.pi * rng.normal(0.0, 0.05, 400)
    columns = {"hue_cosine": np.cos(angles), "hue_sine": np.sin(angles)}
    value, low, high = bootstrap(columns, "hue", resamples=2000)
    # A mean of 400 small angles: standard error 0.05 / 20 turns, and the value within three of them from 0
    assert abs((value + 0.5) % 1 - 0.5) < 0.0075
    assert low > 0.98 and high < 0.02
    assert (high - low) % 1 == pytest.approx(2 * 1.96 * 0.0025, rel=0.15)


def test_paired_differences_agree_with_the_normal_theory():
    rng = np.random.default_rng(5)
    a = rng.normal(10, 3, 500)
    b = a - 0.2 + rng.normal(0, 0.5, 500)
    row = paired({"mae_ab": a}, {"mae_ab": b}, "mae_ab", resamples=4000)["mae_ab"]
    d = b - a
    half = 1.959964 * d.std(ddof=1) / np.sqrt(500)
    assert (row["a"], row["b"]) == pytest.approx((a.mean(), b.mean()))
    assert row["difference"] == pytest.approx((d.mean(), d.mean() - half, d.mean() + half), abs=0.08 * half)
    assert row["gain"] == pytest.approx([-x for x in (row["difference"][0], *row["difference"][:0:-1])])
    # Unpaired, the difference would drown: its half width is that of sqrt(2) x 3 / sqrt(500)
    assert half < 0.25 * 1.96 * np.sqrt(2) * 3 / np.sqrt(500)


def test_gain_follows_the_metrics_direction():
    rng = np.random.default_rng(6)
    noise = rng.normal(0, 0.01, (2, 50))
    a = {"psnr": 20 + noise[0], "chroma": 5 + noise[0], "chroma_truth": np.full(50, 10.0), "red": 0.2 + noise[0]}
    b = {"psnr": 21 + noise[1], "chroma": 13 + noise[1], "chroma_truth": np.full(50, 10.0), "red": 0.3 + noise[1]}
    rows = paired(a, b, "psnr", "chroma_ratio", "red", resamples=100)
    assert rows["psnr"]["gain"] == pytest.approx((1, 1, 1), abs=0.01)
    # by hand: 0.5 and 1.3 are 0.5 and 0.3 from 1: b is nearer by 0.2, though it differs by 0.8
    assert rows["chroma_ratio"]["difference"] == pytest.approx((0.8,) * 3, abs=0.01)
    assert rows["chroma_ratio"]["gain"] == pytest.approx((0.2,) * 3, abs=0.01)
    assert "gain" not in rows["red"]


def test_differences_of_hues_are_taken_on_the_circle():
    def hue(turns):
        return {"hue_cosine": np.full(4, np.cos(2 * np.pi * turns)), "hue_sine": np.full(4, np.sin(2 * np.pi * turns))}

    row = paired(hue(0.95), hue(0.05), "hue", resamples=10)["hue"]
    assert row["difference"] == pytest.approx((0.1, 0.1, 0.1))


@pytest.fixture(scope="module")
def evaluation():
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (12, 8, 8, 3)).astype(np.uint8)
    half = {"half": lambda x: np.asarray(color.rgb_to_lab(x / 255.0)) * np.array([1, 0.5, 0.5], np.float32)}
    models = {"gray": baselines.gray_baseline, **half, "again": half["half"]}
    batch = {"rgb": rgb, "label": np.full(12, -1), "index": np.arange(12)}
    return evaluate.evaluate(models, [batch], description="noise", resamples=50)


def test_the_better_one_is_named(evaluation):
    result = statistics.compare(evaluation, "gray", "half", resamples=200)
    assert (result.a, result.b, result.n) == ("gray", "half", 12)
    for name in ("mae_ab", "psnr", "auc", "chroma_ratio"):
        assert result.better(name) == "half", name
        assert result.rows[name]["a"] == pytest.approx(evaluation.table["gray"][name][0])
        assert result.rows[name]["b"] == pytest.approx(evaluation.table["half"][name][0])
    difference = evaluation.per_image["half"]["mae_ab"] - evaluation.per_image["gray"]["mae_ab"]
    assert result.rows["mae_ab"]["difference"][0] == pytest.approx(difference.mean())
    assert result.better("colorfulness") == ""
    assert not any(name.endswith("_truth") for name in result.rows)
    back = statistics.compare(evaluation, "half", "gray", resamples=200)
    assert back.better("mae_ab") == "half"


def test_equal_models_are_undecided(evaluation):
    result = statistics.compare(evaluation, "half", "again", resamples=20)
    assert result.rows["psnr"]["difference"] == (0, 0, 0)
    assert result.better("psnr") == ""
