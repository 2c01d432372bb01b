"""The median against numpy's, and weights of bins against `quantization`, which has golden tests of its own."""

import numpy as np
import pytest

from colorgan.datasets import measured
from colorgan.models import color, quantization


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(4)
    coarse = rng.integers(0, 256, (10, 2, 3, 3)).repeat(4, axis=1).repeat(4, axis=2)
    return np.clip(coarse + rng.normal(0, 10, coarse.shape), 0, 255).astype(np.uint8)


def batches(rgb, size=4):
    return ({"rgb": rgb[i : i + size], "label": None} for i in range(0, len(rgb), size))


@pytest.mark.parametrize("part", [np.s_[:, :, :11], np.s_[:9, :, :11], np.s_[:1, :7, :11]])
def test_median_ab_is_numpys(pictures, part):
    """Of 880, 792 and 77 pixels: a mean of two, and one."""
    rgb = pictures[part]
    expected = np.median(np.asarray(color.rgb_to_lab(rgb / 255.0))[..., 1:].reshape(-1, 2), axis=0)
    np.testing.assert_allclose(measured.median_ab(batches(rgb)), expected, atol=0.0051)


@pytest.mark.parametrize("kind", ["joint-bins", "channel-bins"])
def test_class_weights_are_of_all_batches(pictures, kind):
    bins = quantization.describe(kind, ab_scale=110)
    counts = quantization.histogram([pictures], bins=bins)
    expected = quantization.class_weights(counts, bins=bins, uniform_mix=0.3, exponent=0.5)
    weights = measured.class_weights(batches(pictures), bins=bins, uniform_mix=0.3, exponent=0.5)
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights, expected)


def test_nothing_to_measure():
    with pytest.raises(ValueError, match="holds no pixel"):
        measured.median_ab([])
    with pytest.raises(ValueError, match="not all 0"):
        bins = quantization.describe("joint-bins", ab_scale=110)
        measured.class_weights([], bins=bins, uniform_mix=0.5, exponent=1.0)
