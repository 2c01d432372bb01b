"""Hints hold exactly, and an aim is reached as far as it can be."""

import numpy as np
import pytest

from colorgan.imaging import fullres
from colorgan.models import color, conditions
from colorgan.models.objectives import controls
from colorgan.serving import corrections
from colorgan.serving.steering import Wishes

HEIGHT, WIDTH = 32, 48


@pytest.fixture
def predicted():
    """Soft colours all around the circle, and L between 30 and 80."""
    random = np.random.RandomState(0)
    small = random.normal(0, 1, (2, 4, 6, 2)).repeat(8, 1).repeat(8, 2)
    light = random.uniform(30, 80, (2, HEIGHT, WIDTH)).astype(np.float32)
    return (12 * small + [4, 9]).astype(np.float32), light


def hints(*cells):
    """{(row, column): ab}, Lab units -> what is given of two pictures, the second without."""
    made = np.zeros((2, HEIGHT // 2, WIDTH // 2, 3), np.float32)
    for row, column, *ab in cells:
        made[0, row, column] = (ab[0] / 110, ab[1] / 110, 1)
    return made


def means(ab, light, name):
    return np.asarray(controls.value(color.lab_to_rgb(color.fit_gamut(np.dstack([light, ab])))[None], name))[0]


def test_without_hints_and_aim_nothing_but_the_factor(predicted):
    ab, light = predicted
    np.testing.assert_array_equal(corrections.settled(ab, light, {}, ab_scale=110.0), ab)
    given = {"hints": hints(), "aim": np.zeros((2, 1, 1, 5), np.float32), "palette": None}
    np.testing.assert_array_equal(corrections.settled(ab, light, given, saturation=2.0, ab_scale=110.0), 2 * ab)


def test_a_hint_holds_in_its_cell_and_fades_around_it(predicted):
    ab, light = predicted
    given = {"hints": hints((5, 7, 40, -20), (5, 8, 0, 0))}
    made = corrections.settled(ab, light, given, saturation=1.5, ab_scale=110.0)
    np.testing.assert_allclose(made[0, 10:12, 14:16], np.broadcast_to([40, -20], (2, 2, 2)), atol=1e-3)
    np.testing.assert_allclose(made[0, 10:12, 16:18], 0, atol=1e-3)
    np.testing.assert_array_equal(made[1], ab[1] * np.float32(1.5))
    moved = np.linalg.norm(made[0] - 1.5 * ab[0], axis=-1)
    column = moved[11, :15]  # towards the hint, where the prediction is one colour on the last six
    assert (np.diff(column[9:14]) > 0).all() and not moved[:5].any() and not moved[17:].any()


def test_a_given_aim_is_reached(predicted):
    ab, light = predicted
    for saturation, hue in ((0.1, None), (0.5, None), (None, 0.2), (None, 0.75), (0.4, 0.95)):
        wanted = [None if v is None else np.float32([v, v]) for v in (saturation, hue)]
        given = {"aim": np.asarray(conditions.aim(*wanted)), "hints": hints()}
        made = corrections.settled(ab, light, given, ab_scale=110.0)
        for one, lightness in zip(made, light, strict=True):
            if saturation is not None:
                assert means(one, lightness, "saturation") == pytest.approx(saturation, abs=0.01)
            if hue is not None:
                away = abs(means(one, lightness, "hue") - hue)
                assert min(away, 1 - away) < 0.02


def test_an_aim_is_reached_around_hints_which_hold(predicted):
    ab, light = predicted
    given = {"aim": np.asarray(conditions.aim(np.float32([0.15, 0.15]), None)), "hints": hints((5, 7, 30, 30))}
    made = corrections.settled(ab, light, given, ab_scale=110.0)
    np.testing.assert_allclose(made[0, 10:12, 14:16], 30, atol=1e-3)
    assert means(made[0], light[0], "saturation") == pytest.approx(0.15, abs=0.01)


def test_out_of_reach_is_gone_as_far_as_it_goes_and_recorded(predicted):
    """White can have no colour: on a picture that is half white half of the saturation is not to be had."""
    ab, light = predicted
    light[:, :, ::2] = 100
    given = {"aim": np.asarray(conditions.aim(np.float32([0.9, 0.9]), None))}
    made = corrections.settled(ab, light, given, ab_scale=110.0)
    found = corrections.record(made[0], light[0], Wishes(desired_saturation=0.9, desired_hue=0.5))
    assert found["saturation"]["desired"] == 0.9 and found["hue"]["desired"] == 0.5
    assert 0.3 < found["saturation"]["reachable"] < 0.5
    assert found["saturation"]["achieved"] == pytest.approx(found["saturation"]["reachable"], abs=0.01)
    assert corrections.record(made[0], light[0], Wishes()) == {}


def test_what_is_measured_is_what_training_measures(predicted):
    ab, light = predicted
    rgb = fullres.srgb(light[0], ab[0])
    np.testing.assert_allclose(rgb, color.lab_to_rgb(color.fit_gamut(np.dstack([light[0], ab[0]]))), atol=2e-3)
    for name in ("saturation", "hue"):
        assert corrections._mean(rgb, name) == pytest.approx(float(controls.value(rgb[None], name)[0]), abs=1e-4)
