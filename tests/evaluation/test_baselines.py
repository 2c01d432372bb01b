"""The baselines: gray, one colour, and the median of a training set against numpy's."""

import numpy as np
import pytest

from colorgan.evaluation import baselines
from colorgan.models import color


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(4)
    coarse = rng.integers(0, 256, (10, 2, 3, 3)).repeat(4, axis=1).repeat(4, axis=2)
    return np.clip(coarse + rng.normal(0, 10, coarse.shape), 0, 255).astype(np.uint8)


def batches(rgb, size=4, labels=None):
    labels = np.arange(len(rgb)) % 3 if labels is None else np.asarray(labels)
    for i in range(0, len(rgb), size):
        part = slice(i, i + size)
        yield {"rgb": rgb[part], "label": labels[part], "index": 100 + np.arange(len(rgb))[part]}


def exact(rgb):
    return np.asarray(color.rgb_to_lab(rgb / 255.0))


def test_the_median_baseline_is_one_colour(pictures):
    lab = baselines.median_baseline((5.0, -7.5))(pictures)
    assert lab.dtype == np.float32
    np.testing.assert_array_equal(lab[..., 0], exact(pictures)[..., 0])
    np.testing.assert_array_equal(np.unique(lab[..., 1:].reshape(-1, 2), axis=0), [[5, -7.5]])


@pytest.mark.parametrize("count", [10, 9])
def test_median_ab_is_numpys(pictures, count):
    pictures = pictures[:count, :, :11]  # 880 or 792 pixels: both even; the odd case follows
    expected = np.median(exact(pictures)[..., 1:].reshape(-1, 2), axis=0)
    np.testing.assert_allclose(baselines.median_ab(batches(pictures)), expected, atol=0.0051)
    odd = pictures[:1, :7]
    expected = np.median(exact(odd)[..., 1:].reshape(-1, 2), axis=0)
    np.testing.assert_allclose(baselines.median_ab(batches(odd)), expected, atol=0.0051)


def test_without_a_median_gray_is_alone(pictures):
    assert list(baselines.colorizers(None)) == ["gray"]
    both = baselines.colorizers((1.0, 2.0))
    assert tuple(both) == baselines.NAMES
    assert (both["gray"](pictures)[..., 1:] == 0).all() and (both["median"](pictures)[..., 1:] == (1, 2)).all()
