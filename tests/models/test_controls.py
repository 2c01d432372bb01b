"""Means of pictures by hand and by the standard library, terms at and off their targets, gradients, adjusted truths."""

import colorsys

import numpy as np
import pytest
import tensorflow as tf

from colorgan.models.objectives import controls

RED, GREEN, CYAN, BLUE = (1, 0, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1)
BLACK, WHITE, GRAY = (0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5)


def picture(*pixels):
    """-> [1, 1, number of pixels, 3]."""
    return tf.constant([[pixels]], tf.float32)


@pytest.fixture
def photographs():
    """Four pictures of moderate and different saturation: [4, 6, 5, 3]."""
    rng = np.random.default_rng(0)
    gray, tint = rng.random((4, 6, 5, 1)), rng.random((4, 6, 5, 3))
    return tf.constant(0.5 * gray + np.float32([0.1, 0.2, 0.3, 0.5])[:, None, None, None] * tint, tf.float32)


def test_means_by_hand():
    # Saturations 1, 0, 1/2 and 0; hues 0 and 1/3: the angle of 1 + 1/2 exp(2 pi i / 3) = 3/4 + i sqrt(3)/4, 30 degrees.
    pixels = picture(RED, GRAY, (0.25, 0.5, 0.25), BLACK)
    expected = {"saturation": 0.375, "hue": 1 / 12, "red": 1.75 / 4, "green": 1 / 4, "blue": 0.75 / 4}
    assert set(expected) == set(controls.NAMES)
    for name, mean in expected.items():
        values = controls.value(pixels, name)
        assert values.shape == (1,) and values.dtype == tf.float32
        assert values.numpy() == pytest.approx(mean, abs=1e-6)


def test_means_are_each_pictures_own_and_the_standard_librarys(photographs):
    hsv = np.array([[colorsys.rgb_to_hsv(*map(float, p)) for p in one.reshape(-1, 3)] for one in photographs.numpy()])
    vector = (hsv[..., 1] * np.exp(2j * np.pi * hsv[..., 0])).sum(axis=1)
    expected = {"saturation": hsv[..., 1].mean(axis=1), "hue": np.angle(vector) / (2 * np.pi) % 1}
    for name, mean in expected.items():
        np.testing.assert_allclose(controls.value(photographs, name), mean, atol=1e-5, err_msg=name)
    assert np.ptp(expected["saturation"]) > 0.1


@pytest.mark.parametrize(
    ("a", "b", "mean"),
    [  # Equal saturations: half-way on the shorter arc. Hues 340 and 40 degrees, 240 and 0, 60 and 120.
        ((1, 0, 1 / 3), (1, 2 / 3, 0), 10 / 360),
        (BLUE, RED, 300 / 360),
        ((1, 1, 0), GREEN, 90 / 360),
    ],
)
def test_hue_is_averaged_on_the_circle(a, b, mean):
    assert controls.value(picture(a, b), "hue").numpy() == pytest.approx(mean, abs=1e-6)


@pytest.mark.parametrize("pixels", [(BLACK,), (WHITE, GRAY), (RED, CYAN), (RED, GREEN, BLUE)])
def test_pictures_without_a_mean_hue(pixels):
    assert controls.value(picture(*pixels), "hue").numpy() == 0
    for desired in (0.0, 0.3, 1.0):
        assert controls.term(picture(*pixels), "hue", desired).numpy() == 0


@pytest.mark.parametrize(
    ("name", "desired", "expected"),
    [  # of the picture above: saturation 0.375, hue 1/12, red 0.4375
        ("saturation", 1.0, 0.625),
        ("saturation", 0.25, 0.125),
        ("red", 0.0, 0.4375),
        ("hue", 0.25, 1 / 6),
        ("hue", 11 / 12, 1 / 6),
        ("hue", 7 / 12, 0.5),
        ("hue", 1.0, 1 / 12),
    ],
)
def test_terms_by_hand(name, desired, expected):
    values = controls.term(picture(RED, GRAY, (0.25, 0.5, 0.25), BLACK), name, desired)
    assert values.shape == (1,) and values.numpy() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", controls.NAMES)
def test_a_term_is_zero_at_its_target_and_nowhere_near_it(photographs, name):
    means = controls.value(photographs, name)
    np.testing.assert_array_equal(controls.term(photographs, name, means), np.zeros(4))
    np.testing.assert_allclose(controls.term(photographs, name, means + 0.1), np.full(4, 0.1), atol=1e-6)


@pytest.mark.parametrize("name", controls.NAMES)
def test_descending_a_term_brings_the_mean_to_its_target(photographs, name):
    desired = float(controls.value(photographs, name)[0]) + 0.05
    pixels = tf.Variable(photographs[:1])
    before = float(controls.term(pixels, name, desired)[0])
    for _ in range(5):
        with tf.GradientTape() as tape:
            loss = controls.term(pixels, name, desired)
        slope = tape.gradient(loss, pixels)
        # The step that would lead to 0 if the term were linear, halved.
        pixels.assign_sub(0.5 * loss * slope / tf.reduce_sum(slope**2))
    assert float(controls.term(pixels, name, desired)[0]) < before / 4


@pytest.mark.parametrize("name", controls.NAMES)
@pytest.mark.parametrize(
    "pixels",
    [(BLACK,), (WHITE,), (GRAY,), (RED,), (GREEN,), (BLUE,), (BLACK, RED), (RED, CYAN), (RED, GREEN, BLUE)],
)
def test_gradients_are_finite(name, pixels):
    for desired in (0.0, 0.4, 1.0):
        x = picture(*pixels)
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(controls.term(x, name, desired))
        assert np.all(np.isfinite(tape.gradient(total, x).numpy()))


def test_the_slope_of_saturation_by_hand():
    x = picture((0.8, 0.5, 0.2))  # S = 1 - 0.2 / 0.8: dS/dR = 0.2 / 0.64, dS/dG = 0, dS/dB = -1 / 0.8
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = controls.term(x, "saturation", 0.5)
    np.testing.assert_allclose(tape.gradient(value, x)[0, 0, 0], [0.3125, 0, -1.25], rtol=1e-5)


def test_unknown_quantities_list_the_known():
    known = "Unknown controlled quantity 'chroma'. Known: saturation, hue, red, green, blue"
    with pytest.raises(ValueError, match=known):
        controls.value(picture(RED), "chroma")
    with pytest.raises(ValueError, match=known):
        controls.term(picture(RED), "chroma", 0.5)


def hsv_of(rgb):
    return np.array([colorsys.rgb_to_hsv(*map(float, p)) for p in np.asarray(rgb).reshape(-1, 3)])


@pytest.mark.parametrize("desired", [0.02, 0.25, 0.5, 0.75, 0.98])
def test_adjusted_saturation_has_the_desired_mean(photographs, desired):
    adjusted = controls.adjust(photographs, saturation=desired)
    assert adjusted.shape == photographs.shape and adjusted.dtype == tf.float32
    np.testing.assert_allclose(controls.value(adjusted, "saturation"), np.full(4, desired), atol=1e-4)
    before, after = hsv_of(photographs), hsv_of(adjusted)
    np.testing.assert_allclose(after[:, 2], before[:, 2], atol=1e-6)  # the value is kept
    turned = np.abs(after[:, 0] - before[:, 0])
    assert np.minimum(turned, 1 - turned)[after[:, 1] > 0.01].max() < 1e-3  # and the hue
    one = slice(0, 30)  # the more saturated pixel stays the more saturated one
    assert np.all(np.diff(after[one, 1][np.argsort(before[one, 1])]) > -1e-6)


def test_adjusted_saturation_is_a_power():
    # By hand: saturations 0.25 and 0.5 with the mean 5/16 wanted: gamma 1/2 and 2 give 0.6036 and 0.15625 = (1/16 +
    # 1/4) / 2; the latter besides loses the factor 255/256.
    pixels = picture((1, 0.75, 0.75), (1, 0.5, 0.5))
    up = hsv_of(controls.adjust(pixels, saturation=(0.5 + 0.5**0.5) / 2))
    np.testing.assert_allclose(up[:, 1], [0.5, 0.5**0.5], atol=1e-5)
    down = hsv_of(controls.adjust(pixels, saturation=0.15625 * 255 / 256))
    np.testing.assert_allclose(down[:, 1], np.float64([1 / 16, 1 / 4]) * 255 / 256, atol=1e-5)


def test_limits_of_adjusted_saturation(photographs):
    np.testing.assert_array_equal(hsv_of(controls.adjust(photographs, saturation=0.0))[:, 1], 0)
    np.testing.assert_allclose(hsv_of(controls.adjust(photographs, saturation=1.0))[:, 1], 1, atol=1e-6)
    pure = controls.adjust(picture(RED, CYAN, BLUE, (1, 0.5, 0.5)), saturation=0.25)  # saturations 1, 1, 1, 0.5
    np.testing.assert_allclose(hsv_of(pure)[:, 1].mean(), 0.25, atol=1e-4)


@pytest.mark.parametrize("desired", [0.0, 0.4, 0.75, 1.0])
def test_grays_stay_gray(desired):
    nearly = (0.2, 0.2, 0.20002)  # a gray after a round trip through Lab
    pixels = picture(BLACK, WHITE, GRAY, nearly, (0.5, 0.25, 0.25))
    adjusted = controls.adjust(pixels, saturation=desired)
    np.testing.assert_allclose(adjusted[0, 0, :4], pixels[0, 0, :4], atol=3e-5)
    if desired == 0:  # no colour is left at all, the rounding errors' neither
        np.testing.assert_array_equal(hsv_of(adjusted)[:, 1], 0)
    # One pixel in five can have a mean of 0.2 at most: for any more it is as saturated as there is.
    np.testing.assert_allclose(hsv_of(adjusted)[4, 1], 0.0 if desired == 0 else 1.0, atol=1e-3)


def test_pictures_are_adjusted_one_by_one(photographs):
    wanted = tf.constant([0.2, 0.3, 0.4, 0.5])
    np.testing.assert_allclose(
        controls.value(controls.adjust(photographs, saturation=wanted), "saturation"), wanted, atol=1e-4
    )
    np.testing.assert_allclose(controls.value(controls.adjust(photographs, hue=wanted), "hue"), wanted, atol=1e-4)
    own = controls.value(photographs, "saturation"), controls.value(photographs, "hue")
    np.testing.assert_allclose(controls.adjust(photographs, saturation=own[0], hue=own[1]), photographs, atol=1e-4)


@pytest.mark.parametrize("desired", [0.0, 0.25, 0.6, 0.85, 1.0])
def test_adjusted_hue_has_the_desired_mean(photographs, desired):
    adjusted = controls.adjust(photographs, hue=desired)
    np.testing.assert_allclose(controls.term(adjusted, "hue", desired), np.zeros(4), atol=1e-5)
    before, after = hsv_of(photographs).reshape(4, 30, 3), hsv_of(adjusted).reshape(4, 30, 3)
    np.testing.assert_allclose(after[..., 1:], before[..., 1:], atol=1e-5)  # saturation and value are kept
    turns = np.exp(2j * np.pi * (after[..., 0] - before[..., 0]))
    assert np.abs(turns - turns[:, :1]).max() < 1e-3  # all hues of a picture by one angle


def test_adjusted_hue_and_saturation_together(photographs):
    adjusted = controls.adjust(photographs, saturation=0.6, hue=0.85)
    np.testing.assert_allclose(controls.value(adjusted, "saturation"), np.full(4, 0.6), atol=1e-4)
    np.testing.assert_allclose(controls.value(adjusted, "hue"), np.full(4, 0.85), atol=1e-5)


def test_adjusting_nothing_or_what_has_no_hue_changes_nothing(photographs):
    np.testing.assert_allclose(controls.adjust(photographs), photographs, atol=1e-6)
    for pixels in (picture(GRAY, BLACK, WHITE), picture(RED, CYAN)):
        np.testing.assert_allclose(controls.adjust(pixels, hue=0.3), pixels, atol=1e-6)


def test_eager_and_graph_agree(photographs):
    def both(x):
        return controls.term(x, "hue", 0.25), controls.adjust(x, saturation=0.4, hue=0.6)

    graph = tf.function(both, input_signature=[tf.TensorSpec([None, None, None, 3])])
    for a, b in zip(both(photographs), graph(photographs), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
