"""The baselines: gray, and one colour everywhere."""

import numpy as np
import pytest

from colorgan.evaluation import baselines
from colorgan.models import color


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(4)
    coarse = rng.integers(0, 256, (10, 2, 3, 3)).repeat(4, axis=1).repeat(4, axis=2)
    return np.clip(coarse + rng.normal(0, 10, coarse.shape), 0, 255).astype(np.uint8)


def exact(rgb):
    return np.asarray(color.rgb_to_lab(rgb / 255.0))


def test_the_median_baseline_is_one_colour(pictures):
    lab = baselines.median_baseline((5.0, -7.5))(pictures)
    assert lab.dtype == np.float32
    np.testing.assert_array_equal(lab[..., 0], exact(pictures)[..., 0])
    np.testing.assert_array_equal(np.unique(lab[..., 1:].reshape(-1, 2), axis=0), [[5, -7.5]])


def test_without_a_median_gray_is_alone(pictures):
    assert list(baselines.colorizers(None)) == ["gray"]
    both = baselines.colorizers((1.0, 2.0))
    assert tuple(both) == baselines.NAMES
    assert (both["gray"](pictures)[..., 1:] == 0).all() and (both["median"](pictures)[..., 1:] == (1, 2)).all()
