"""FID and KID against closed forms, scipy and a brute-force kernel sum."""

import numpy as np
import pytest
from scipy import linalg

from colorgan.evaluation import distributions


def spd(rng, size):
    root = rng.normal(size=(size, size))
    return root @ root.T + 0.1 * np.eye(size)


def test_frechet_distance_of_equal_covariances_is_that_of_the_means():
    rng = np.random.default_rng(0)
    covariance = spd(rng, 6)
    one, other = rng.normal(size=(2, 6))
    # Dowson and Landau 1982: with C1 = C2 the traces cancel
    got = distributions.frechet_distance(one, covariance, other, covariance)
    assert got == pytest.approx(np.sum((one - other) ** 2), rel=1e-9)


def test_frechet_distance_of_one_dimension_by_hand():
    # (3 - 1)^2 + (2 - 5)^2: in one dimension it is that of the means and of the standard deviations
    assert distributions.frechet_distance([3.0], [[4.0]], [1.0], [[25.0]]) == pytest.approx(13)


def test_frechet_distance_by_scipys_matrix_root():
    rng = np.random.default_rng(1)
    one, other, mean_1, mean_2 = spd(rng, 8), spd(rng, 8), *rng.normal(size=(2, 8))
    root = linalg.sqrtm(one @ other).real
    expected = np.sum((mean_1 - mean_2) ** 2) + np.trace(one + other - 2 * root)
    assert distributions.frechet_distance(mean_1, one, mean_2, other) == pytest.approx(expected, rel=1e-8)


def test_frechet_distance_of_singular_covariances():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4, 10))  # fewer vectors than features
    covariance = np.cov(x.T)
    assert distributions.frechet_distance(x.mean(0), covariance, x.mean(0) + 1, covariance) == pytest.approx(10)


def test_running_mean_and_covariance_are_numpys():
    x = np.random.default_rng(3).normal(1000, 1, size=(50, 5))  # far from 0: sums of squares would lose digits
    gaussian = distributions.Gaussian()
    for part in np.split(x, [1, 8, 30]):
        gaussian.add(part)
    np.testing.assert_allclose(gaussian.mean, x.mean(0), rtol=1e-13)
    np.testing.assert_allclose(gaussian.covariance, np.cov(x.T), rtol=1e-10, atol=1e-12)


def test_kid_of_pairs_leaves_out_a_row_and_its_partner():
    """By Gretton 2012, eq. 4: the mean over i != j of k(xi, xj) + k(yi, yj) - k(xi, yj) - k(xj, yi)."""
    rng = np.random.default_rng(9)
    x = rng.normal(size=(6, 3))
    y = x + rng.normal(0, 0.3, size=(6, 3))

    def k(a, b):
        return (a @ b / 3 + 1) ** 3

    h = [k(x[i], x[j]) + k(y[i], y[j]) - k(x[i], y[j]) - k(x[j], y[i]) for i in range(6) for j in range(6) if i != j]
    assert distributions.polynomial_mmd(x, y) == pytest.approx(np.mean(h))
    assert distributions.polynomial_mmd(x, x) == pytest.approx(0, abs=1e-12)


def test_a_stream_in_blocks():
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(25, 4)), rng.normal(0.3, 1, size=(25, 4))
    distribution = distributions.Distribution(block=10)
    for part in (slice(0, 3), slice(3, 17), slice(17, 25)):
        distribution.add(x[part], y[part])
    results = distribution.results()
    parts = (slice(0, 10), slice(10, 20))  # the last 5 are left out
    blocks = [distributions.polynomial_mmd(x[part], y[part]) for part in parts]
    half = 1.959964 * np.std(blocks, ddof=1) / np.sqrt(2)
    assert results["kid"] == pytest.approx((np.mean(blocks), np.mean(blocks) - half, np.mean(blocks) + half))
    expected = distributions.frechet_distance(x.mean(0), np.cov(x.T), y.mean(0), np.cov(y.T))
    assert results["fid"][0] == pytest.approx(expected)
    assert np.isnan(results["fid"][1:]).all()


def test_less_than_a_block_is_one_without_an_interval():
    x = np.random.default_rng(6).normal(size=(6, 2))
    distribution = distributions.Distribution(block=10)
    distribution.add(x, x + 1)
    value, low, high = distribution.results()["kid"]
    assert value == pytest.approx(distributions.polynomial_mmd(x, x + 1))
    assert np.isnan([low, high]).all()
    one = distributions.Distribution()
    one.add(x[:1], x[:1])
    assert np.isnan([one.results()["fid"][0], one.results()["kid"][0]]).all()


def test_what_is_kept_does_not_grow_with_the_images():
    distribution = distributions.Distribution(block=8)
    x = np.random.default_rng(7).normal(size=(20, 4))
    for _ in range(50):
        distribution.add(x, x + 1)
        assert len(distribution._waiting[0]) < 8
    assert distribution.truth.count == 1000
    assert distribution.truth._scatter.shape == (4, 4)
