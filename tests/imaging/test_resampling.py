"""Arrays at another size are what OpenCV makes of them."""

import cv2
import numpy as np
import pytest

from colorgan.imaging import resampling

RANDOM = np.random.RandomState(0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(61, 83), (61, 83, 3), (1, 200, 3), (200, 1)])
@pytest.mark.parametrize("size", [(61, 83), (20, 30), (7, 64), (1, 1)])
def test_means_over_areas_are_opencvs(dtype, shape, size):
    values = (RANDOM.rand(*shape) * (65535 if dtype == np.uint16 else 255)).astype(dtype)
    height, width = np.minimum(size, shape[:2])
    ours = resampling.area(values, height, width)
    theirs = cv2.resize(values, (int(width), int(height)), interpolation=cv2.INTER_AREA).reshape(ours.shape)
    assert ours.dtype == dtype and ours.flags.c_contiguous
    # Sums in another order: whole numbers may be rounded the other way.
    np.testing.assert_allclose(ours.astype(float), theirs, atol=1e-3 if dtype == np.float32 else 1)
    assert dtype == np.float32 or (ours != theirs).sum() <= 1 + ours.size / 50


def test_a_little_larger_repeats_values_and_mixes_them_at_their_borders():
    np.testing.assert_allclose(resampling.area(np.float32([[0, 30]]), 2, 3), [[0, 15, 30]] * 2)


def test_white_stays_white_however_much_is_averaged():
    assert resampling.area(np.full((3, 40_000), 65535, np.uint16), 1, 16).tolist() == [[65535] * 16]


@pytest.mark.parametrize("count", [3, 9, 100])
def test_the_cubic_kernel_is_opencvs(count):
    values = RANDOM.rand(9, 4).astype(np.float32)
    theirs = cv2.resize(values, (4, count), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(resampling.cubic(values, count), theirs, atol=1e-4)
