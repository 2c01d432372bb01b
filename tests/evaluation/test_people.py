"""Simulated people: what they draw, what a network is given of it, and whether a point is where it was put."""

import types

import numpy as np
import pytest

from colorgan.evaluation import people
from colorgan.models import color, conditions, inputs

ROWS = [row for row in inputs.INPUTS if not row.setting]


def seeing(size=None):
    """A colorizer that keeps what it is given; `size`: of the working picture, every pixel of it one of the picture."""
    asked = []

    def predict_lab(rgb, given):
        asked.append(given)
        return np.asarray(color.rgb_to_lab(rgb / 255.0))

    return types.SimpleNamespace(
        asked=asked,
        predictor=types.SimpleNamespace(inputs=ROWS, ab_scale=110.0),
        predict_lab=predict_lab,
        seen=lambda rgb: rgb if size is None else rgb[:, :: rgb.shape[1] // size, :: rgb.shape[2] // size],
    )


def test_what_a_person_draws_depends_on_the_photograph_and_the_seed_alone():
    many, few = people.points([7, 3], 100), people.points([3], 5)
    np.testing.assert_array_equal(many.first(5).centres[1], few.centres[0])
    np.testing.assert_array_equal(many.first(5).sizes[1], few.sizes[0])
    assert not np.array_equal(many.centres[0], many.centres[1])
    assert not np.array_equal(people.points([3], 5, seed=1).centres, few.centres)
    assert set(np.unique(many.sizes)) == {1, 3, 5, 7, 9}
    assert many.centres.min() >= 0 and many.centres.max() < 1
    # a Gaussian of a quarter of the picture, cut off at its rim: 0.239 by its moments; of 400 numbers to 4 %
    assert many.centres.std() == pytest.approx(0.239, abs=0.03)


def test_nothing_is_given_where_nothing_is_asked():
    colorizer = seeing()
    people.colorized(colorizer, np.zeros((1, 8, 8, 3), np.uint8), people.Wishes())
    assert colorizer.asked == [{}]


@pytest.mark.parametrize("size", [None, 8])
def test_a_point_has_the_truths_colour_at_its_place_in_the_picture_that_the_network_sees(size):
    rgb = np.full((1, 16, 16, 3), 128, np.uint8)
    rgb[:, 4:8, 8:12] = (200, 30, 30)
    ab = np.asarray(color.rgb_to_lab(rgb[0, 4, 8] / 255.0))[1:]
    colorizer = seeing(size)
    points = people.Points(np.float32([[[0.35, 0.6], [0.9, 0.1]]]), np.float32([[1, 1]]))
    people.colorized(colorizer, rgb, people.Wishes(points=points))
    hints = colorizer.asked[0]["hints"]
    cells = (size or 16) // 2
    wanted = np.zeros((1, cells, cells, 3))
    wanted[0, int(0.35 * cells), int(0.6 * cells)] = (*ab / 110, 1)
    wanted[0, int(0.9 * cells), int(0.1 * cells)] = (0, 0, 1)  # gray is a colour too
    np.testing.assert_allclose(hints, wanted, atol=1e-6)


def test_palettes_and_aims_are_the_truths_and_those_asked_for():
    rgb = np.random.default_rng(0).integers(0, 256, (2, 24, 24, 3)).astype(np.uint8)
    colorizer = seeing()
    wishes = people.Wishes(palette=True, saturation=np.array([0.25, 0.5]), hue=np.array([0.0, 0.25]))
    people.colorized(colorizer, rgb, wishes)
    (given,) = colorizer.asked
    ab = np.asarray(color.rgb_to_lab(rgb / 255.0))[..., 1:].reshape(2, -1, 2)
    np.testing.assert_allclose(given["palette"], conditions.palette(ab), atol=1e-6)
    np.testing.assert_allclose(given["aim"][:, 0, 0], [[1, 0.25, 1, 1, 0], [1, 0.5, 1, 0, 1]], atol=1e-6)


def lab_of(ab, lightness=50.0):
    lab = np.full((1, 16, 16, 3), lightness)
    lab[..., 1:] = ab
    return lab


@pytest.mark.parametrize(
    ("result", "found"),
    [((10, 10), 2), ((14, 13), 2), ((14.1, 13.1), 0), ((10, 4), 0)],  # 3-4-5: within 5, and just beyond
)
def test_a_point_is_in_place_within_the_distance(result, found):
    points = people.Points(np.float32([[[0.2, 0.2], [0.8, 0.8]]]), np.float32([[3, 1]]))
    assert people.in_place(points, lab_of((10, 10)), lab_of(result), within=5) == (found, 2)


def test_a_point_is_looked_for_where_it_is_and_overlapping_ones_are_not():
    truth, result = lab_of((10, 10)), lab_of((10, 10))
    result[0, 8:, 8:, 1:] = -40
    points = people.Points(np.float32([[[0.2, 0.2], [0.8, 0.8]]]), np.float32([[3, 1]]))
    assert people.in_place(points, truth, result, within=5) == (1, 2)
    together = people.Points(np.float32([[[0.2, 0.2], [0.25, 0.25], [0.8, 0.8]]]), np.float32([[3, 3, 1]]))
    assert people.in_place(together, truth, truth, within=5) == (1, 1)


def test_a_colour_that_its_lightness_cannot_have_is_asked_for_as_far_as_it_can():
    """White has no chroma at all, so that white is in place whatever was asked."""
    points = people.Points(np.float32([[[0.5, 0.5]]]), np.float32([[9]]))
    assert people.in_place(points, lab_of((60, 60), 100.0), lab_of((0, 0), 100.0), within=5) == (1, 1)
