"""The median against numpy's."""

import numpy as np
import pytest

from colorgan.datasets import measured
from colorgan.models import color


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


def test_nothing_to_measure():
    with pytest.raises(ValueError, match="holds no pixel"):
        measured.median_ab([])
