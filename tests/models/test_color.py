"""Colour maths against the CIE formulas by hand, scikit-image 0.26, numpy in float64 and the standard library."""

import colorsys

import numpy as np
import pytest
import tensorflow as tf
from skimage import color as skcolor

from colorgan.models import color

SPACES = [("lab", 110.0), ("lab", 128.0), ("rgb", 110.0), ("yuv", 110.0)]


@pytest.fixture(scope="module")
def rgb():
    """All corners and grays of the RGB cube and random colours: [4, 10, 25, 3] float32."""
    rng = np.random.default_rng(0)
    levels = np.array([0, 1, 2, 10, 11, 127, 128, 254, 255]) / 255  # 0.04045 lies between 10 and 11
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    return np.concatenate([grid, rng.random((1000 - len(grid), 3))]).astype(np.float32).reshape(4, 10, 25, 3)


def numpy(x):
    return np.asarray(x)


def lab_float64(rgb):
    """CIE 15:2004 in plain numpy with the sRGB matrix and its own white, after IEC 61966-2-1."""
    rgb = np.asarray(rgb, dtype=np.float64)
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    matrix = np.array([[0.412453, 0.35758, 0.180423], [0.212671, 0.71516, 0.072169], [0.019334, 0.119193, 0.950227]])
    xyz = linear @ matrix.T / matrix.sum(axis=1)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # CIE 15:2004, 8.2.1 by hand from the six-digit matrix, e.g. red: Y = 0.212671, L = 116 Y^(1/3) - 16 = 53.24
        ((1, 0, 0), (53.2406, 80.0941, 67.2015)),
        ((0, 1, 0), (87.7351, -86.1813, 83.1775)),
        ((0, 0, 1), (32.2957, 79.1870, -107.8618)),
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_primaries_by_hand(rgb, lab):
    np.testing.assert_allclose(numpy(color.rgb_to_lab(np.float32(rgb))), lab, atol=0.02)
    np.testing.assert_allclose(numpy(color.lab_to_rgb(np.float32(lab))), rgb, atol=5e-4)


def test_lab_is_the_formula_in_float64(rgb):
    # float32 has 24 bits: 1e-6 relative of values around 100, tripled by the differences times 500.
    np.testing.assert_allclose(numpy(color.rgb_to_lab(rgb)), lab_float64(rgb), atol=3e-4)


def test_lab_against_scikit_image(rgb):
    # scikit-image 0.26 divides by a rounded white, which moves a and b by 0.01.
    np.testing.assert_allclose(numpy(color.rgb_to_lab(rgb)), skcolor.rgb2lab(rgb.astype(np.float64)), atol=0.02)


def test_hsv_against_scikit_image_and_the_standard_library(rgb):
    result = numpy(color.rgb_to_hsv(rgb)).reshape(-1, 3)
    by_library = np.array([colorsys.rgb_to_hsv(*map(float, pixel)) for pixel in rgb.reshape(-1, 3)])
    for expected in (skcolor.rgb2hsv(rgb.astype(np.float64)).reshape(-1, 3), by_library):
        turn = np.abs(result[:, 0] - expected[:, 0])
        assert np.max(np.minimum(turn, 1 - turn)) < 1e-5
        np.testing.assert_allclose(result[:, 1:], expected[:, 1:], atol=1e-6)
    assert result.min() >= 0 and result.max() <= 1


def test_hue_by_hand():
    pixels = np.float32([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 1], [1, 0, 1], [0.5, 0.25, 0.25]])
    expected = [[k / 6, 1, 1] for k in range(6)] + [[0, 0.5, 0.5]]
    np.testing.assert_allclose(numpy(color.rgb_to_hsv(pixels)), expected, atol=1e-6)


def test_hsv_to_rgb_against_the_standard_library_and_scikit_image():
    rng = np.random.default_rng(4)
    edges = np.stack(np.meshgrid(np.arange(13) / 12, [0, 0.5, 1], [0, 0.5, 1], indexing="ij"), axis=-1).reshape(-1, 3)
    hsv = np.concatenate([edges, rng.random((500, 3))])
    by_library = np.array([colorsys.hsv_to_rgb(*pixel) for pixel in hsv])
    for expected in (by_library, skcolor.hsv2rgb(hsv)):
        np.testing.assert_allclose(numpy(color.hsv_to_rgb(hsv)), expected, atol=1e-6)
    np.testing.assert_allclose(numpy(color.hsv_to_rgb(hsv - (2, 0, 0))), by_library, atol=2e-6)  # whole turns


def test_hsv_round_trip(rgb):
    np.testing.assert_allclose(numpy(color.hsv_to_rgb(color.rgb_to_hsv(rgb))), rgb, atol=1e-6)


def test_grays_have_no_colour():
    gray = np.repeat(np.arange(256, dtype=np.float32)[:, None] / 255, 3, axis=1)
    lab = numpy(color.rgb_to_lab(gray))
    assert np.abs(lab[:, 1:]).max() < 1e-4
    assert np.all(np.diff(lab[:, 0]) > 0)
    assert np.all(numpy(color.rgb_to_hsv(gray))[:, :2] == 0)
    np.testing.assert_allclose(numpy(color.rgb_to_yuv(gray)), gray * (1, 0, 0), atol=1e-7)


def test_luma():
    # ITU-R BT.601, 2.5.1
    result = numpy(color.luma(np.eye(3, dtype=np.float32)))
    np.testing.assert_allclose(result, [[0.299], [0.587], [0.114]], atol=1e-7)


@pytest.mark.parametrize(
    ("rgb", "yuv"),
    [  # ITU-R BT.601 by hand: U = 0.492 (B - Y'), V = 0.877 (R - Y'), e.g. blue: Y' = 0.114, U = 0.492 * 0.886
        ((1, 0, 0), (0.299, -0.147108, 0.614777)),
        ((0, 1, 0), (0.587, -0.288804, -0.514799)),
        ((0, 0, 1), (0.114, 0.435912, -0.099978)),
        ((1, 1, 0), (0.886, -0.435912, 0.099978)),
        ((1, 1, 1), (1, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_yuv_by_hand(rgb, yuv):
    np.testing.assert_allclose(numpy(color.rgb_to_yuv(np.float32(rgb))), yuv, atol=1e-6)
    np.testing.assert_allclose(numpy(color.yuv_to_rgb(np.float32(yuv))), rgb, atol=2e-6)


def test_yuv_against_scikit_image(rgb):
    # scikit-image 0.26 has the analog PAL factors with more digits: 0.49211104 and 0.87728322.
    np.testing.assert_allclose(numpy(color.rgb_to_yuv(rgb)), skcolor.rgb2yuv(rgb.astype(np.float64)), atol=3e-4)


@pytest.mark.parametrize("space", ["lab", "rgb", "yuv"])
def test_gray_is_the_pixel_again(space):
    values = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    gray = color.gray(np.repeat(values, 3, axis=-1), space)
    np.testing.assert_allclose(color.gray_to_srgb(gray, space), values, atol=2e-5)
    traced = tf.function(lambda x: color.gray_to_srgb(x, space))(gray)
    stream = tf.data.Dataset.from_tensors(np.asarray(gray)).map(lambda x: color.gray_to_srgb(x, space))
    for other in (traced, next(iter(stream))):
        np.testing.assert_allclose(other, color.gray_to_srgb(gray, space), atol=1e-6)


def test_round_trips(rgb):
    np.testing.assert_allclose(numpy(color.linear_to_srgb(color.srgb_to_linear(rgb))), rgb, atol=1e-6)
    np.testing.assert_allclose(numpy(color.lab_to_rgb(color.rgb_to_lab(rgb))), rgb, atol=2e-5)
    np.testing.assert_allclose(numpy(color.yuv_to_rgb(color.rgb_to_yuv(rgb))), rgb, atol=1e-6)
    np.testing.assert_allclose(numpy(color.unscale_l(color.scale_l(np.float32([0, 25, 100])))), [0, 25, 100])
    np.testing.assert_array_equal(numpy(color.scale_l([0, 50, 100])), [-1, 0, 1])


def test_every_8_bit_gray_survives():
    levels = np.repeat(np.arange(256)[:, None], 3, axis=1)
    again = numpy(color.lab_to_rgb(color.rgb_to_lab(levels / 255))) * 255
    np.testing.assert_array_equal(np.rint(again), levels)


@pytest.mark.parametrize(("space", "scale"), SPACES)
def test_encode_and_its_inverses(rgb, space, scale):
    gray, colors = color.encode(rgb, color_space=space, ab_scale=scale)
    lab = numpy(color.rgb_to_lab(rgb))
    assert gray.shape == (4, 10, 25, 1) and colors.shape == (4, 10, 25, color.COLOR_CHANNELS[space])
    assert numpy(gray).dtype == numpy(colors).dtype == np.float32
    expected = color.scale_l(lab[..., :1]) if space == "lab" else color.luma(rgb) * 2 - 1
    np.testing.assert_array_equal(numpy(gray), numpy(expected))
    np.testing.assert_array_equal(numpy(gray), numpy(color.gray(rgb, space)))
    again = numpy(color.to_lab(gray, colors, color_space=space, ab_scale=scale))
    np.testing.assert_allclose(again, lab, atol=2e-4)
    decoded = numpy(color.decode(gray, colors, color_space=space, ab_scale=scale))
    np.testing.assert_allclose(decoded, rgb, atol=2e-5 if space == "lab" else 1e-6)


def test_what_the_network_sees_is_scaled(rgb):
    lab = lab_float64(rgb)
    _, ab = color.encode(rgb, color_space="lab", ab_scale=55.0)
    np.testing.assert_allclose(numpy(ab), lab[..., 1:] / 55, atol=1e-5)
    _, scaled = color.encode(rgb, color_space="rgb", ab_scale=55.0)
    np.testing.assert_allclose(numpy(scaled), rgb * 2 - 1, atol=1e-6)
    _, scaled = color.encode(rgb, color_space="yuv", ab_scale=55.0)
    np.testing.assert_allclose(numpy(scaled), numpy(color.rgb_to_yuv(rgb))[..., 1:] / (0.436, 0.615), atol=1e-6)
    # Blue and yellow, red and cyan are the extremes: 0.435912 / 0.436 and 0.614777 / 0.615.
    corners = np.abs(numpy(scaled)).reshape(-1, 2).max(axis=0)
    np.testing.assert_allclose(corners, [0.999798, 0.999637], atol=1e-6)


def test_what_the_network_is_given_of_a_picture():
    # Red. L: 53.2406 of 100 (see above); luma: 0.299 of 1.
    red = np.float32([[[[1, 0, 0]]]])
    for space, expected in (("lab", 0.064812), ("rgb", -0.402), ("yuv", -0.402)):
        gray = numpy(color.gray(red, space))
        assert gray.shape == (1, 1, 1, 1)
        assert gray.item() == pytest.approx(expected, abs=1e-5)


def test_yuv_predictions_beyond_the_gamut_are_cut_off():
    # By hand: Y' 0.5, U = V = the bounds. B = 0.5 + 0.436 / 0.492 and R = 0.5 + 0.615 / 0.877 exceed 1; G is negative.
    picture = color.decode(np.zeros((1, 1, 1, 1)), np.ones((1, 1, 1, 2)), color_space="yuv", ab_scale=1.0)
    np.testing.assert_array_equal(numpy(picture), [[[[1, 0, 1]]]])
    lab = color.to_lab(np.zeros((1, 1, 1, 1)), np.ones((1, 1, 1, 2)), color_space="yuv", ab_scale=1.0)
    np.testing.assert_array_equal(numpy(lab), numpy(color.rgb_to_lab(picture)))


def test_lab_keeps_the_lightness_of_gray_exactly():
    gray = np.random.default_rng(1).uniform(-1, 1, (2, 5, 5, 1)).astype(np.float32)
    wild = np.random.default_rng(2).uniform(-1, 1, (2, 5, 5, 2)).astype(np.float32)
    lab = numpy(color.to_lab(gray, wild, color_space="lab", ab_scale=110))
    np.testing.assert_array_equal(lab[..., :1], numpy(color.unscale_l(gray)))
    np.testing.assert_allclose(lab[..., 1:], wild * 110, rtol=1e-6)


@pytest.mark.parametrize("function", [color.encode, color.to_lab, color.decode])
def test_unknown_spaces_list_the_known(function):
    arguments = [np.zeros((1, 1, 1, 3), np.float32)] * (1 if function is color.encode else 2)
    with pytest.raises(ValueError, match="`color_space` must be one of lab, rgb, yuv. Received: 'hsv'"):
        function(*arguments, color_space="hsv", ab_scale=1.0)
    with pytest.raises(ValueError, match="`color_space` must be one of lab, rgb, yuv. Received: 'hsv'"):
        color.gray(arguments[0], "hsv")


@pytest.fixture(scope="module")
def wide():
    """Lab colours of which most lie outside the sRGB gamut: [1, 1, 4000, 3]."""
    rng = np.random.default_rng(3)
    return rng.uniform((0, -110, -110), (100, 110, 110), (1, 1, 4000, 3)).astype(np.float32)


def test_fit_gamut_leaves_what_is_inside(rgb):
    lab = numpy(color.rgb_to_lab(rgb))
    np.testing.assert_array_equal(numpy(color.fit_gamut(lab)), lab)


def test_fit_gamut_takes_chroma_and_nothing_else(wide):
    fitted = numpy(color.fit_gamut(wide))
    np.testing.assert_array_equal(fitted[..., 0], wide[..., 0])
    before, after = np.hypot(wide[..., 1], wide[..., 2]), np.hypot(fitted[..., 1], fitted[..., 2])
    assert np.all(after <= before * (1 + 1e-6))
    assert np.mean(after < 0.99 * before) > 0.5  # the colours were wide
    cross = wide[..., 1] * fitted[..., 2] - wide[..., 2] * fitted[..., 1]
    np.testing.assert_allclose(cross / before**2, 0, atol=1e-6)  # the angle is the same
    # It stops at the gamut's surface: 0.1 % more chroma than what is left falls outside.
    linear = numpy(color.lab_to_linear(np.concatenate([fitted[..., :1], fitted[..., 1:] * 1.002], axis=-1)))
    moved = (after < 0.99 * before) & (after > before / 8)
    assert np.all((linear.min(axis=-1) < 0)[moved] | (linear.max(axis=-1) > 1)[moved])


def test_fit_gamut_keeps_lightness_where_clipping_does_not(wide):
    fitted = numpy(color.rgb_to_lab(color.lab_to_rgb(color.fit_gamut(wide))))
    assert np.abs(fitted[..., 0] - wide[..., 0]).max() < 0.02
    strong = np.hypot(fitted[..., 1], fitted[..., 2]) > 5
    turned = np.arctan2(fitted[..., 2], fitted[..., 1]) - np.arctan2(wide[..., 2], wide[..., 1])
    assert np.abs(np.angle(np.exp(1j * turned)))[strong].max() < 0.01
    clipped = numpy(color.rgb_to_lab(color.lab_to_rgb(wide)))
    assert np.abs(clipped[..., 0] - wide[..., 0]).max() > 5


PIXELS = np.float32([[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5], [1, 0, 0], [0, 0, 1], [0.04045, 0.04045, 0.04045]])


@pytest.mark.parametrize(
    "function",
    [
        color.rgb_to_lab,
        color.rgb_to_hsv,
        color.hsv_to_rgb,
        lambda x: color.hsv_to_rgb(color.rgb_to_hsv(x)),
        color.luma,
        color.rgb_to_yuv,
        color.srgb_to_linear,
        color.linear_to_srgb,
        lambda x: color.lab_to_rgb(x * 100),
        lambda x: color.lab_to_rgb(x * (100, 0, 0)),
        lambda x: color.decode(x[..., :1] * 2 - 1, x[..., 1:] - 0.5, color_space="lab", ab_scale=110),
        lambda x: color.decode(x[..., :1], x * 2 - 1, color_space="rgb", ab_scale=110),
        lambda x: color.decode(x[..., :1] * 2 - 1, x[..., 1:] * 2 - 1, color_space="yuv", ab_scale=110),
        lambda x: color.rgb_to_hsv(color.decode(x[..., :1], x[..., 1:] * 0, color_space="lab", ab_scale=110)),
    ],
)
def test_gradients_are_finite_at_black_white_and_gray(function):
    x = tf.constant(PIXELS)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(function(x))
    assert np.all(np.isfinite(tape.gradient(total, x).numpy()))


def test_a_gradient_is_the_slope():
    pixel = np.float64([0.3, 0.6, 0.2])
    x = tf.constant(pixel, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        lightness = color.rgb_to_lab(x)[0]
    slopes = [(lab_float64(pixel + d)[0] - lab_float64(pixel - d)[0]) / 2e-5 for d in np.eye(3) * 1e-5]
    np.testing.assert_allclose(tape.gradient(lightness, x).numpy(), slopes, rtol=1e-4)


def there_and_back(x):
    return color.lab_to_rgb(color.rgb_to_lab(x))


def fitted(x):
    return color.fit_gamut(color.rgb_to_lab(x) * (1, 1.5, 1.5))


def encoded(x):
    return color.encode(x, color_space="lab", ab_scale=110.0)[1]


@pytest.mark.parametrize(
    ("function", "atol"),
    [
        # The graph optimizer rewrites divisions and powers; 2e-7 of f becomes 1e-4 in a = 500 (fx - fy).
        (color.rgb_to_lab, 3e-4),
        (fitted, 0.03),  # besides, the last halving can fall either way: 1/4096 of a chroma of at most 200
        (encoded, 3e-6),
        (there_and_back, 2e-5),  # 1/200 of a step of 8 bits
        (color.rgb_to_hsv, 1e-6),
        (color.hsv_to_rgb, 1e-6),
        (color.luma, 1e-6),
        (color.rgb_to_yuv, 1e-6),
    ],
)
def test_eager_graph_and_pipeline_agree(rgb, function, atol):
    eager = np.stack([numpy(function(image)) for image in rgb])
    graph = tf.function(function, input_signature=[tf.TensorSpec([None, None, 3])])
    np.testing.assert_allclose(np.stack([graph(image).numpy() for image in rgb]), eager, rtol=0, atol=atol)
    data = tf.data.Dataset.from_tensor_slices(rgb).map(function)
    np.testing.assert_allclose(np.stack(list(data.as_numpy_iterator())), eager, rtol=0, atol=atol)


def test_half_precision_and_integers_are_cast():
    half = tf.constant([[0.5, 0.25, 0.75]], tf.bfloat16)
    assert color.rgb_to_lab(half).dtype == color.decode(half[..., :1], half[..., :2], color_space="lab",
                                                        ab_scale=1).dtype == tf.float32  # fmt: skip
    np.testing.assert_array_equal(numpy(color.rgb_to_lab(half)), numpy(color.rgb_to_lab([[0.5, 0.25, 0.75]])))
    np.testing.assert_allclose(numpy(color.rgb_to_lab(np.uint8([[1, 1, 1]]))), [[100, 0, 0]], atol=1e-4)
