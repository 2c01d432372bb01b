"""Every formula against an independent computation: by hand, plain numpy, scikit-image."""

import numpy as np
import pytest
from skimage import color as skcolor
from skimage import metrics as skmetrics

from colorgan.evaluation import formulas
from colorgan.models import color
from colorgan.models.objectives import controls


@pytest.fixture(scope="module")
def pair():
    """Eleven smooth coloured pictures, 9x12, and a disturbed version: truth RGB, result Lab, result RGB."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (11, 3, 4, 3)).repeat(3, axis=1).repeat(3, axis=2)
    truth = np.clip(coarse + rng.normal(0, 12, coarse.shape), 0, 255).astype(np.uint8)
    result = np.clip(truth * 0.7 + 30 + rng.normal(0, 8, truth.shape), 0, 255).astype(np.uint8)
    return truth, skcolor.rgb2lab(result), result


def lab_image(*pixels):
    return np.array(pixels, dtype=np.float64).reshape(1, 1, -1, 3)


@pytest.mark.parametrize(
    ("threshold", "pixel", "share"),
    [  # by hand, truth (50, 0, 0): the limits are 2 and 4.4, 5 and 11, 2.5 and 5.5, after rounding to integers
        (2, (52, 4, -4), 1),
        (2, (53, 0, 0), 0),
        (2, (50, 5, 0), 0),
        (2, (50, 0, -5), 0),
        (2, (52.49, 4.49, 0), 1),
        (2, (50, 4.51, 0), 0),
        (5, (45, 11, -11), 1),
        (5, (50, 11.6, 0), 0),
        (5, (50, 0, 12), 0),
        (5, (44, 0, 0), 0),
        (2.5, (52, 5, 5), 1),
        (2.5, (53, 0, 0), 0),
    ],
)
def test_epsilon_accuracy_at_its_limits(threshold, pixel, share):
    got = formulas.epsilon_accuracy(lab_image((50, 0, 0)), lab_image(pixel), threshold=threshold)
    np.testing.assert_array_equal(got, [share])


def test_epsilon_accuracy_counts_pixels():
    truth = lab_image((50, 0, 0), (50, 0, 0), (50, 0, 0), (50, 0, 0))
    result = lab_image((50, 0, 0), (50, 9, 0), (50, 4, 4), (60, 0, 0))
    np.testing.assert_array_equal(formulas.epsilon_accuracy(truth, result, threshold=2), [0.5])


def test_psnr_is_scikit_images(pair):
    truth, _, rgb = pair
    expected = [skmetrics.peak_signal_noise_ratio(t, r, data_range=255) for t, r in zip(truth, rgb, strict=True)]
    np.testing.assert_allclose(formulas.psnr(truth, rgb), expected, rtol=1e-12)


def test_psnr_of_one_value_that_is_off():
    truth = np.zeros((1, 8, 8, 3), np.uint8)
    result = truth.copy()
    result[0, 0, 0, 0] = 5
    # by hand: mse = 25/192, 20 log10(255) + 10 log10(192 / 25) = 48.1308 + 8.8536
    np.testing.assert_allclose(formulas.psnr(truth, result), [56.9844], atol=1e-4)


def test_psnr_ends_where_rounding_to_8_bits_does():
    """By simulation: a fine picture against its rounding has the mean squared error that is the least to count."""
    fine = np.random.default_rng(0).uniform(0, 255, 10**6)
    assert np.mean((fine - np.rint(fine)) ** 2) == pytest.approx(formulas.ROUNDING_MSE, rel=0.01)
    truth = np.zeros((1, 8, 8, 3), np.uint8)
    result = truth.copy()
    result[0, 0, 0, 0] = 1  # mse = 1/192, below 1/12
    # by hand: 20 log10(255) + 10 log10(12) = 48.1308 + 10.7918
    np.testing.assert_allclose(formulas.psnr(truth, np.concatenate([truth, result])), 58.9226, atol=1e-4)


def test_ssim_by_sliding_windows(pair):
    truth, _, rgb = pair
    # Wang et al. 2004, eq. 13 with K1 = 0.01, K2 = 0.03 and sample (co)variances, over all 7x7 windows and channels
    for i, got in enumerate(formulas.ssim(truth, rgb)):
        x, y = (
            np.lib.stride_tricks.sliding_window_view(p[i].astype(np.float64), (7, 7), axis=(0, 1)) for p in (truth, rgb)
        )
        mx, my = x.mean((-2, -1)), y.mean((-2, -1))
        vx, vy = x.var((-2, -1), ddof=1), y.var((-2, -1), ddof=1)
        cov = ((x - mx[..., None, None]) * (y - my[..., None, None])).sum((-2, -1)) / 48
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        ssim = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
        assert got == pytest.approx(ssim.mean(), abs=1e-9)


def test_ssim_refuses_small_images():
    tiny = np.zeros((2, 6, 20, 3), np.uint8)
    with pytest.raises(ValueError, match="win_size exceeds image extent"):  # scikit-image's own words
        formulas.ssim(tiny, tiny)


def test_colorfulness_by_hand():
    # half red, half green: rg is +-255, yb is 127.5 everywhere: sqrt(255^2 + 0) + 0.3 sqrt(0 + 127.5^2) = 293.25
    image = np.zeros((1, 2, 2, 3), np.uint8)
    image[0, 0, :, 0], image[0, 1, :, 1] = 255, 255
    np.testing.assert_allclose(formulas.colorfulness(image), [293.25])
    # absolute: |rg| is 255 everywhere, no spread: 0.3 sqrt(255^2 + 127.5^2) = 85.5296
    np.testing.assert_allclose(formulas.colorfulness(image, absolute=True), [85.5296], atol=1e-4)


def test_auc_at_whole_distances():
    # by hand: distance 0 hits all 151 thresholds, 1 hits 150, 150 hits one, 150.5 none
    truth = lab_image(*[(50, 0, 0)] * 4)
    result = lab_image((50, 0, 0), (50, 1, 0), (50, 0, -150), (50, 150.5, 0))
    np.testing.assert_allclose(formulas.pixel_auc(truth, result)[0, 0] * 151, [151, 150, 1, 0])


def test_rebalancing_favours_rare_colours():
    pixels = np.zeros(formulas.BINS**2)
    gray, red = formulas.ab_bin(np.array([[50.0, 0, 0], [50, 60, 40]]))
    pixels[gray], pixels[red] = 990, 10
    weights = formulas.rebalancing_weights(pixels)
    assert weights[red] > 10 * weights[gray]
    assert (weights @ pixels) / pixels.sum() == pytest.approx(1)


def test_bins_in_gamut_by_scikit_image():
    centres = np.arange(-110, 111, 10)
    lab = np.stack(np.meshgrid(np.arange(0, 101), centres, centres, indexing="ij"), -1).astype(float)
    # The inverse of CIE 15:2004, 8.2.1 in numpy, and scikit-image's matrix; white is the matrix's own
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    matrix = skcolor.colorconv.xyz_from_rgb
    linear = (xyz * matrix.sum(1)) @ np.linalg.inv(matrix).T
    inside = ((linear >= -1e-5) & (linear <= 1 + 1e-5)).all(-1).any(0)
    assert formulas.bins_in_gamut() == inside.sum()


def test_lab_is_scikit_images(pair):
    # The matrix is the same; scikit-image's rounded white point moves a and b by up to 0.01, float32 by 1e-4
    np.testing.assert_allclose(np.asarray(color.rgb_to_lab(pair[0] / 255.0)), skcolor.rgb2lab(pair[0]), atol=0.011)


@pytest.mark.parametrize(
    ("hues", "saturations", "mean"),
    [  # by hand: the bisector of two equal vectors; grays have no say; a vector twice as long counts twice
        ((0.9, 0.1), (1, 1), 0.0),
        ((0.2, 0.4), (0.5, 0.5), 0.3),
        ((0.2, 0.7), (1, 0), 0.2),
        ((0.0, 0.25), (1, 2), np.arctan2(2, 1) / (2 * np.pi)),
        ((0.1, 0.6), (1, 1), np.nan),
        ((0.1, 0.3), (0, 0), np.nan),
    ],
)
def test_mean_hue_on_the_circle(hues, saturations, mean):
    hsv = np.stack([hues, saturations, np.ones(2)], axis=-1).reshape(1, 1, 2, 3)
    got = formulas.turns(*formulas.hue_vector(hsv))
    np.testing.assert_allclose((got - mean + 0.5) % 1 - 0.5, [0 if np.isfinite(mean) else np.nan], atol=1e-12)


def test_mean_hue_is_that_of_the_loss(pair):
    rgb = pair[0] / 255.0
    got = formulas.turns(*formulas.hue_vector(np.asarray(color.rgb_to_hsv(rgb))))
    np.testing.assert_allclose(got, np.asarray(controls.value(rgb, "hue")), atol=1e-5)


def test_feature_distance_by_numpy():
    """Zhang et al. 2018, eq. 1, place by place: here one minus the cosine, twice."""
    rng = np.random.default_rng(11)
    maps, others = ([rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 1, 2, 7))] for _ in range(2))
    expected = np.zeros(2)
    for one, other in zip(maps, others, strict=True):
        for b in range(2):
            cosines = [
                x @ y / np.sqrt(x @ x) / np.sqrt(y @ y)
                for x, y in zip(one[b].reshape(-1, one.shape[-1]), other[b].reshape(-1, one.shape[-1]), strict=True)
            ]
            expected[b] += np.mean([2 - 2 * cosine for cosine in cosines])
    np.testing.assert_allclose(formulas.feature_distance(maps, others), expected, rtol=1e-12)
    assert formulas.feature_distance(maps, maps) == pytest.approx([0, 0])
    nothing = [np.zeros((1, 2, 2, 3))]
    assert formulas.feature_distance(nothing, [np.ones((1, 2, 2, 3))]) == pytest.approx([1])
