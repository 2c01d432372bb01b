"""Full resolution: lightness stays, colours follow edges, strips leave no trace."""

import tracemalloc

import cv2
import numpy as np
import pytest

from colorgan.imaging import fullres
from colorgan.models import color

RANDOM = np.random.RandomState(0)
AB = (RANDOM.randn(7, 9, 2) * 50).astype(np.float32)  # vivid: many colours outside sRGB


def picture(depth, channels):
    shape = (61, 83, 3) if channels == 3 else (61, 83)
    values = RANDOM.randint(0, np.iinfo(depth).max + 1, shape).astype(depth)
    values[:3], values[3:6] = 0, np.iinfo(depth).max  # black and white too
    return values


PICTURES = [picture(depth, channels) for depth in (np.uint8, np.uint16) for channels in (1, 3)]
IDS = ["gray8", "rgb8", "gray16", "rgb16"]


@pytest.mark.parametrize("values", PICTURES, ids=IDS)
def test_lightness_is_that_of_models_color(values, lab_of):
    np.testing.assert_allclose(fullres.lightness(values), lab_of(values)[..., 0], atol=1e-3)


@pytest.mark.parametrize("values", PICTURES, ids=IDS)
def test_lightness_stays_on_every_pixel(values, lab_of):
    before = lab_of(values)[..., 0]
    eight = fullres.join(values, AB, dtype=np.uint8)
    assert eight.shape == (61, 83, 3) and eight.dtype == np.uint8
    # Half of the largest step between two grays, 0.509 from 24 to 25 (NumPy): L is concave, so colours do no worse.
    assert np.abs(lab_of(eight)[..., 0] - before).max() < 0.3
    assert np.abs(lab_of(fullres.join(values, AB, dtype=np.uint16))[..., 0] - before).max() < 0.01


@pytest.mark.parametrize("values", PICTURES, ids=IDS)
def test_strips_and_threads_leave_no_trace(values, monkeypatch):
    whole, lab = fullres.join(values, AB, threads=1), fullres.lab(values, AB)
    assert whole.dtype == values.dtype
    for rows in (1, 16, 23):
        monkeypatch.setattr(fullres, "STRIP_PIXELS", rows * 83)
        np.testing.assert_array_equal(fullres.join(values, AB, threads=2), whole)
        np.testing.assert_array_equal(fullres.lab(values, AB), lab)


@pytest.mark.parametrize("values", PICTURES, ids=IDS)
def test_lab_is_what_join_puts_together(values, lab_of):
    lab = fullres.lab(values, AB)
    assert lab.shape == (61, 83, 3) and lab.dtype == np.float32
    np.testing.assert_array_equal(lab[..., 0], fullres.lightness(values))
    joined = lab_of(fullres.join(values, AB, dtype=np.uint16))
    linear = np.asarray(color.lab_to_linear(lab))
    inside = ((linear > 0) & (linear < 1)).all(axis=-1)
    assert inside.sum() > 500
    np.testing.assert_allclose(joined[inside], lab[inside], atol=0.05)
    with pytest.raises(ValueError, match="`ab_small`"):
        fullres.lab(values, AB[..., :1])


def test_a_constant_colour_comes_out(lab_of):
    gray = lab_of(np.full((20, 30), 119, np.uint8))[0, 0, 0]
    lab = lab_of(fullres.join(np.full((20, 30), 119, np.uint8), np.full((4, 6, 2), 20.0), dtype=np.uint16))
    np.testing.assert_allclose(lab, np.broadcast_to((gray, 20, 20), lab.shape), atol=0.01)


def test_the_gamut_rule_is_that_of_models_color():
    light, (a, b) = RANDOM.uniform(1, 99, 500).astype(np.float32), (RANDOM.randn(2, 500) * 60).astype(np.float32)
    linear = fullres._linear_rgb(light[None], a[None], b[None])[:, 0].T
    ours = np.asarray(color.rgb_to_lab(color.linear_to_srgb(linear)))
    theirs = np.asarray(color.fit_gamut(np.stack([light, a, b], axis=-1)))
    np.testing.assert_allclose(ours[:, 0], light, atol=0.01)
    difference = np.linalg.norm(ours - theirs, axis=-1)
    assert (np.linalg.norm(theirs[:, 1:] - np.stack([a, b], axis=-1), axis=-1) > 1).mean() > 0.3  # many were outside
    assert difference.max() < 0.5
    np.testing.assert_allclose(ours[:, 1] * b, ours[:, 2] * a, atol=5)  # hue


def test_colours_follow_edges(lab_of):
    """Two flat areas; the small map cannot hold the edge that lies inside one of its pixels, but L can."""
    full = np.zeros((96, 96), np.uint8)
    full[:, :52], full[:, 52:] = 90, 170  # 52 is not a multiple of 8
    truth = np.where(np.arange(96)[:, None] < 52, (30.0, 10.0), (-20.0, 25.0))
    small = truth.reshape(12, 8, 2).mean(axis=1)[None].repeat(12, 0)
    ab = lab_of(fullres.join(full, small, dtype=np.uint16))[..., 1:]
    plain = cv2.resize(small.astype(np.float32), (96, 96), interpolation=cv2.INTER_CUBIC)
    error, plain_error = (np.abs(x[:, 40:64] - truth[40:64]).mean() for x in (ab, plain))
    assert error < 0.6 * plain_error


def test_where_lightness_is_flat_the_map_is_enlarged_as_opencv_does():
    flat = np.full((61, 83), 99, np.uint8)
    expected = cv2.resize(AB, (83, 61), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(fullres.lab(flat, AB)[..., 1:], expected, atol=1e-3)


def test_a_map_of_full_size_comes_back(lab_of):
    full = RANDOM.randint(60, 200, (24, 32)).astype(np.uint8)
    ab = (RANDOM.rand(24, 32, 2) * 20 - 10).astype(np.float32)
    np.testing.assert_allclose(lab_of(fullres.join(full, ab, dtype=np.uint16))[..., 1:], ab, atol=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1), (2, 3)])
def test_tiny_pictures(size):
    assert fullres.join(np.full(size, 99, np.uint8), AB).shape == (*size, 3)


@pytest.mark.parametrize(
    ("values", "ab", "named"),
    [
        (np.zeros((4, 4), np.int32), AB, "`picture`"),
        (np.zeros((4, 4, 4), np.uint8), AB, "`picture`"),
        (np.zeros((0, 4), np.uint8), AB, "`picture`"),
        (np.zeros((4, 4), np.uint8), AB[..., :1], "`ab_small`"),
    ],
)
def test_arguments_are_checked(values, ab, named):
    with pytest.raises(ValueError, match=named):
        fullres.join(values, ab)


def test_memory_grows_with_picture_and_result_alone(monkeypatch):
    monkeypatch.setattr(fullres, "STRIP_PIXELS", 16 * 1000)
    peaks = []
    for height in (500, 2000):
        tracemalloc.start()
        try:
            fullres.join(np.zeros((height, 1000), np.uint8), np.ones((32, 32, 2)), threads=1)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] - peaks[0] == pytest.approx(1500 * 1000 * (1 + 3), rel=0.05)  # gray in, RGB out
