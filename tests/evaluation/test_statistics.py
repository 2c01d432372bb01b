"""Means, intervals, paired differences and p-values against the normal theory, scipy and by hand."""

import numpy as np
import pytest
from scipy import stats

from colorgan.evaluation import statistics


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


def test_bootstrap_agrees_with_scipys():
    x, y = np.random.default_rng(7).normal(10, 2, (2, 80))
    found = statistics.resampled({"chroma": x, "chroma_truth": y}, ["chroma_ratio"], resamples=9999)["chroma_ratio"][1]
    scipys = stats.bootstrap(
        (x, y),
        lambda x, y, axis: x.mean(axis) / y.mean(axis),
        paired=True,
        method="percentile",
        n_resamples=9999,
        rng=0,
    )
    # 9,999 resamples know a standard deviation to 0.7 %, and the difference of two of them to 1 %
    assert found.std() == pytest.approx(scipys.standard_error, rel=0.04)
    ends = np.percentile(found, (2.5, 97.5))
    assert ends == pytest.approx(tuple(scipys.confidence_interval), abs=0.1 * scipys.standard_error)


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
    # The normal theory's z is -8.9 here: none of the 4,000 gains is on the other side
    assert row["p"] == 2 / 4001
    # Unpaired, the difference would drown: its half width is that of sqrt(2) x 3 / sqrt(500)
    assert half < 0.25 * 1.96 * np.sqrt(2) * 3 / np.sqrt(500)


def test_p_values_are_those_of_the_normal_theory():
    draws = stats.norm.ppf((np.arange(10_000) + 0.5) / 10_000, loc=1.5)  # of a gain 1.5 standard errors above none
    assert statistics.p_value(draws) == pytest.approx(2 * stats.norm.sf(1.5), rel=0.01)
    assert statistics.p_value(-draws) == statistics.p_value(draws)
    assert statistics.p_value(np.zeros(50)) == 1
    assert np.isnan(statistics.p_value(np.full(5, np.nan)))


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
