"""Hints, palettes and aims: what they hold, and that simulated people give them as often as they should."""

import numpy as np
import pytest

from colorgan.models import color, conditions, quantization
from colorgan.models.objectives import controls


def uniform_of(seed):
    def uniform(shape, k):
        return np.random.default_rng((seed, k)).random(tuple(int(n) for n in shape), np.float32)

    return uniform


def test_a_hint_has_the_mean_colour_of_its_square_in_every_cell_that_it_touches():
    rgb = np.zeros((1, 8, 10, 2), np.float32)
    rgb[0, 2:5, 4:7] = np.arange(18).reshape(3, 3, 2) / 100
    made = conditions.hints(
        np.float32([[[3.5 / 8, 5.5 / 10], [0.0, 0.0]]]), np.float32([[3, 1]]), np.float32([[1, 0]]), rgb, (1, 4, 5)
    )
    made = np.asarray(made)
    # By hand: pixels 2..4 by 4..6 are cells 1..2 by 2..3; the mean of 0, 2 .. 16 is 8, of 1, 3 .. 17 is 9.
    mask = np.zeros((4, 5), np.float32)
    mask[1:3, 2:4] = 1
    np.testing.assert_array_equal(made[0, ..., 2], mask)
    np.testing.assert_allclose(made[0, ..., :2], mask[..., None] * [0.08, 0.09], atol=1e-6)


def test_hints_in_a_picture_of_odd_size():
    color_ = np.full((1, 7, 9, 2), 0.25, np.float32)
    corner = np.float32([[[0.999, 0.999]]])
    made = conditions.hints(corner, np.float32([[1]]), np.float32([[1]]), color_, (1, 4, 5))
    np.testing.assert_allclose(np.asarray(made)[0, 3, 4], (0.25, 0.25, 1))
    assert np.asarray(made)[..., 2].sum() == 1


def test_a_palette_is_the_square_root_of_shares():
    centres = quantization.joint_centres()
    ab = np.stack([centres[40], centres[40], centres[40], centres[200]])[None]
    made = np.asarray(conditions.palette(ab, spread=1.0))[0, 0, 0]
    assert made.shape == (conditions.PALETTE,) and (made**2).sum() == pytest.approx(1, abs=1e-5)
    assert made[40] ** 2 == pytest.approx(0.75, abs=1e-4) and made[200] ** 2 == pytest.approx(0.25, abs=1e-4)
    weighted = np.asarray(conditions.palette(ab, np.float32([[1, 1, 1, 9]]), spread=1.0))[0, 0, 0]
    assert weighted[200] ** 2 == pytest.approx(0.75, abs=1e-4)


def test_an_aim_says_what_is_given():
    made = np.asarray(conditions.aim(np.float32([0.3]), np.float32([0.25])))
    np.testing.assert_allclose(made[0, 0, 0], (1, 0.3, 1, 0, 1), atol=1e-6)  # a quarter of a turn: cos 0, sin 1
    np.testing.assert_allclose(np.asarray(conditions.aim(saturation=np.float32([0.3])))[0, 0, 0], (1, 0.3, 0, 0, 0))
    np.testing.assert_allclose(np.asarray(conditions.aim(hue=np.float32([0.5])))[0, 0, 0], (0, 0, 1, -1, 0), atol=1e-6)


def test_simulated_people():
    """Of 400 pictures: how many are given what, and that what they are given is their own colours."""
    count, rng = 400, np.random.default_rng(0)
    rgb = rng.random((count, 1, 1, 3), np.float32).repeat(16, axis=1).repeat(16, axis=2)  # each of one colour
    gray, truth = (np.asarray(x) for x in color.encode(rgb, color_space="lab", ab_scale=110.0))
    made = np.asarray(conditions.simulated_hints(gray, truth, (count, 8, 8, 3), uniform_of(1), ab_scale=110.0))
    given = made[..., 2] > 0
    some = given.any((1, 2))
    # None is given in 0.3, and where the geometric number, of half of the rest, is 0: in 1/8.
    assert some.mean() == pytest.approx(0.7 * (0.5 + 0.5 * 7 / 8), abs=0.06)
    assert given.all((1, 2)).mean() > 0.02 and 1 < given[some].sum((1, 2)).mean() < 60
    np.testing.assert_allclose(made[..., :2], truth[:, ::2, ::2] * given[..., None], atol=1e-5)
    aim = np.asarray(conditions.simulated_aim(gray, truth, (count, 1, 1, 5), uniform_of(2), ab_scale=110.0))[:, 0, 0]
    assert aim[:, 0].mean() == pytest.approx(conditions.KEPT["saturation"], abs=0.06)
    assert aim[:, 2].mean() == pytest.approx(conditions.KEPT["hue"], abs=0.06)
    wanted = np.asarray(controls.value(rgb, "saturation"))
    np.testing.assert_allclose(aim[:, 1], wanted * aim[:, 0], atol=2e-3)
    hue = np.asarray(controls.value(rgb, "hue"))[aim[:, 2] > 0]
    np.testing.assert_allclose(np.arctan2(aim[:, 4], aim[:, 3])[aim[:, 2] > 0] / (2 * np.pi) % 1, hue, atol=2e-3)
    palette = np.asarray(
        conditions.simulated_palette(gray, truth, (count, 1, 1, conditions.PALETTE), uniform_of(3), ab_scale=110.0)
    )[:, 0, 0]
    sums = (palette**2).sum(-1)
    assert ((np.abs(sums) < 1e-6) | (np.abs(sums - 1) < 1e-4)).all()
    assert (sums > 0.5).mean() == pytest.approx(conditions.KEPT["palette"], abs=0.06)
