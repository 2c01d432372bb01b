"""Every metric against an independent computation: by hand, plain numpy, scikit-image, or a published table."""

import numpy as np
import pytest
from skimage import color as skcolor
from skimage import metrics as skmetrics

from colorgan.evaluation import metrics


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
    got = metrics.epsilon_accuracy(lab_image((50, 0, 0)), lab_image(pixel), threshold=threshold)
    np.testing.assert_array_equal(got, [share])


def test_epsilon_accuracy_counts_pixels_and_takes_any_threshold_by_name(pair):
    truth = lab_image((50, 0, 0), (50, 0, 0), (50, 0, 0), (50, 0, 0))
    result = lab_image((50, 0, 0), (50, 9, 0), (50, 4, 4), (60, 0, 0))
    np.testing.assert_array_equal(metrics.epsilon_accuracy(truth, result, threshold=2), [0.5])
    columns = metrics.evaluate_batch(*pair, names=["eps2.5", "eps5"])
    assert list(columns) == ["eps2.5", "eps5"]
    assert (columns["eps2.5"] <= columns["eps5"]).all()


def test_mean_errors(pair):
    truth, lab, rgb = pair
    columns = metrics.evaluate_batch(truth, lab, rgb, names=["mae_ab", "mae_rgb"])
    for i in range(len(truth)):
        ab = np.abs(skcolor.rgb2lab(truth[i]) - lab[i])[..., 1:]
        # scikit-image's rounded white point moves a and b by up to 0.01
        assert columns["mae_ab"][i] == pytest.approx(ab.mean(), abs=0.01)
        assert columns["mae_rgb"][i] == pytest.approx(np.abs(truth[i].astype(int) - rgb[i].astype(int)).mean())


def test_psnr_is_scikit_images(pair):
    truth, _, rgb = pair
    expected = [skmetrics.peak_signal_noise_ratio(t, r, data_range=255) for t, r in zip(truth, rgb, strict=True)]
    np.testing.assert_allclose(metrics.psnr(truth, rgb), expected, rtol=1e-12)


def test_psnr_of_one_value_off_by_one():
    truth = np.zeros((1, 8, 8, 3), np.uint8)
    result = truth.copy()
    result[0, 0, 0, 0] = 1
    # by hand: mse = 1/192, 20 log10(255) + 10 log10(192) = 48.1308 + 22.8330
    np.testing.assert_allclose(metrics.psnr(truth, result), [70.9638], atol=1e-4)
    np.testing.assert_array_equal(metrics.psnr(truth, truth), [100.0])


def test_ssim_by_sliding_windows(pair):
    truth, _, rgb = pair
    # Wang et al. 2004, eq. 13 with K1 = 0.01, K2 = 0.03 and sample (co)variances, over all 7x7 windows and channels
    for i, got in enumerate(metrics.ssim(truth, rgb)):
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
    with pytest.raises(ValueError, match=r"at least 7x7.*6x20"):
        metrics.ssim(tiny, tiny)


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [  # Sharma, Wu and Dalal 2005, table 1, pairs 1, 4, 17 and 25
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ],
)
def test_ciede2000_of_published_pairs(one, other, difference):
    rgb = np.zeros((1, 1, 1, 3), np.uint8)
    columns = metrics.evaluate_batch(rgb, lab_image(other), rgb, truth_lab=lab_image(one), names=["ciede2000"])
    np.testing.assert_allclose(columns["ciede2000"], [difference], atol=1e-4)


def hasler_suesstrunk(image, absolute):
    rg, yb = [], []
    for r, g, b in image.reshape(-1, 3).tolist():
        rg.append(abs(r - g) if absolute else r - g)
        yb.append(abs(0.5 * (r + g) - b) if absolute else 0.5 * (r + g) - b)
    spread = np.sqrt(np.std(rg) ** 2 + np.std(yb) ** 2)
    return spread + 0.3 * np.sqrt(np.mean(rg) ** 2 + np.mean(yb) ** 2)


def test_colorfulness(pair):
    truth, lab, rgb = pair
    values = metrics.Measurement()
    values.add(truth, lab, rgb)
    means = values.means()
    for suffix, absolute in (("", False), ("_abs", True)):
        of_truth = np.mean([hasler_suesstrunk(p, absolute) for p in truth])
        of_result = np.mean([hasler_suesstrunk(p, absolute) for p in rgb])
        assert means[f"colorfulness{suffix}"] == pytest.approx(of_result)
        assert means[f"colorfulness{suffix}_truth"] == pytest.approx(of_truth)
        assert means[f"colorfulness{suffix}_ratio"] == pytest.approx(of_result / of_truth)


def test_colorfulness_by_hand():
    # half red, half green: rg is +-255, yb is 127.5 everywhere: sqrt(255^2 + 0) + 0.3 sqrt(0 + 127.5^2) = 293.25
    image = np.zeros((1, 2, 2, 3), np.uint8)
    image[0, 0, :, 0], image[0, 1, :, 1] = 255, 255
    np.testing.assert_allclose(metrics.colorfulness(image), [293.25])
    # absolute: |rg| is 255 everywhere, no spread: 0.3 sqrt(255^2 + 127.5^2) = 85.5296
    np.testing.assert_allclose(metrics.colorfulness(image, absolute=True), [85.5296], atol=1e-4)


def test_auc_by_brute_force(pair):
    truth, lab, rgb = pair
    truth_lab = skcolor.rgb2lab(truth)
    far = lab * [1, 3, 3]  # some pixels beyond 150
    columns = metrics.evaluate_batch(truth, far, rgb, truth_lab=truth_lab, names=["auc"])
    for i in range(len(truth)):
        distance = np.sqrt(((far[i] - truth_lab[i])[..., 1:] ** 2).sum(-1))
        expected = np.mean([(distance <= t).mean() for t in range(151)])
        assert columns["auc"][i] == pytest.approx(expected, abs=1e-12)


def test_auc_at_whole_distances():
    # by hand: distance 0 hits all 151 thresholds, 1 hits 150, 150 hits one, 150.5 none
    truth = lab_image(*[(50, 0, 0)] * 4)
    result = lab_image((50, 0, 0), (50, 1, 0), (50, 0, -150), (50, 150.5, 0))
    np.testing.assert_allclose(metrics.pixel_auc(truth, result)[0, 0] * 151, [151, 150, 1, 0])


def test_rebalanced_auc_pixel_by_pixel(pair):
    truth, lab, rgb = pair
    truth_lab = skcolor.rgb2lab(truth)
    measurement = metrics.Measurement(["auc_rebalanced"])
    measurement.add(truth, lab, rgb, truth_lab=truth_lab)
    # Zhang 2016, eq. 4, written out: counts per bin of 10, a Gaussian of sigma 5 over the grid, half of it uniform
    pixels = truth_lab.reshape(-1, 3)
    bins = [(round(a / 10), round(b / 10)) for _, a, b in pixels]
    grid = [(i, j) for i in range(-11, 12) for j in range(-11, 12)]
    smooth = {}
    for i, j in grid:
        smooth[i, j] = sum(np.exp(-((10 * (i - k)) ** 2 + (10 * (j - m)) ** 2) / 50) for k, m in bins)
    total = sum(smooth.values())
    weight = {q: 1 / (0.5 * p / total + 0.5 / metrics.bins_in_gamut()) for q, p in smooth.items()}
    distance = np.hypot(*(lab.reshape(-1, 3) - pixels)[:, 1:].T)
    hits = np.mean([distance <= t for t in range(151)], axis=0)
    w = np.array([weight[q] for q in bins])
    assert measurement.means()["auc_rebalanced"] == pytest.approx((w * hits).sum() / w.sum(), abs=1e-9)


def test_rebalancing_favours_rare_colours():
    pixels = np.zeros(metrics.BINS**2)
    gray, red = metrics.ab_bin(np.array([[50.0, 0, 0], [50, 60, 40]]))
    pixels[gray], pixels[red] = 990, 10
    weights = metrics.rebalancing_weights(pixels)
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
    assert metrics.bins_in_gamut() == inside.sum()


def test_chroma_ratio_is_a_ratio_of_means():
    rgb = np.zeros((2, 1, 1, 3), np.uint8)
    truth_lab = np.array([[[[50.0, 30, 40]]], [[[50, 0, 10]]]])  # chroma 50 and 10
    measurement = metrics.Measurement(["chroma_ratio"])
    measurement.add(rgb, truth_lab * [[[[1, 0.5, 0.5]]], [[[1, 2, 2]]]], rgb, truth_lab=truth_lab)
    assert measurement.means()["chroma_ratio"] == pytest.approx((25 + 20) / (50 + 10))


def test_a_gray_truth_has_no_ratio():
    gray = np.full((3, 8, 8, 3), 120, np.uint8)
    lab = np.zeros((3, 8, 8, 3))
    measurement = metrics.Measurement(["chroma_ratio", "colorfulness_ratio"])
    measurement.add(gray, lab, gray, truth_lab=lab)
    assert np.isnan(list(measurement.means().values())).all()
    assert np.isnan(measurement.intervals(resamples=10)["chroma_ratio"]).all()


def test_identical_pictures_are_perfect(pair):
    truth = pair[0]
    lab = skcolor.rgb2lab(truth)
    measurement = metrics.Measurement()
    measurement.add(truth, lab, truth, truth_lab=lab)
    means = measurement.means()
    assert {n: means[n] for n in ("mae_ab", "mae_rgb", "ciede2000")} == {"mae_ab": 0, "mae_rgb": 0, "ciede2000": 0}
    ones = ("eps2", "eps5", "ssim", "auc", "auc_rebalanced")
    ones += ("colorfulness_ratio", "colorfulness_abs_ratio", "chroma_ratio")
    assert {n: means[n] for n in ones} == pytest.approx(dict.fromkeys(ones, 1))
    assert means["psnr"] == metrics.PSNR_CAP


def test_a_stream_gives_what_one_batch_gives(pair, monkeypatch):
    truth, lab, rgb = pair
    truth_lab = skcolor.rgb2lab(truth)
    whole, stream = metrics.Measurement(), metrics.Measurement()
    whole.add(truth, lab, rgb, truth_lab=truth_lab)
    monkeypatch.setattr(metrics, "CHUNK_PIXELS", 3 * truth.shape[1] * truth.shape[2])
    for part in (slice(0, 4), slice(4, 5), slice(5, 11)):
        stream.add(truth[part], lab[part], rgb[part], truth_lab=truth_lab[part])
    assert stream.count == whole.count == 11
    for name, column in whole.columns().items():
        np.testing.assert_allclose(stream.columns()[name], column, rtol=1e-12, err_msg=name)
    intervals = whole.intervals(resamples=20)
    for name, interval in stream.intervals(resamples=20).items():
        assert interval == pytest.approx(intervals[name]), name


def test_what_is_kept_does_not_grow_with_the_pixels():
    def kept(size):
        picture = np.full((2, size, size, 3), (200, 90, 40), np.uint8)
        measurement = metrics.Measurement()
        measurement.add(picture, skcolor.rgb2lab(picture), picture)
        return sum(part.nbytes for parts in measurement._parts.values() for part in parts)

    assert kept(8) == kept(64)


def test_names():
    assert metrics.all_names((2, 2.5))[:3] == ("mae_ab", "eps2", "eps2.5")
    assert metrics.validation_names(5.0) == ("mae_ab", "eps5", "psnr", "colorfulness_ratio")
    for name in ("lpips", "eps", "epsx", "eps0", "eps-1", "epsnan", "epsinf"):
        with pytest.raises(ValueError, match=f"Unknown metric `{name}`. Known: mae_ab, .*chroma_ratio, and epsE"):
            metrics.Measurement([name])


def test_cost_is_smaller_for_better():
    assert metrics.cost("mae_ab", 8.0) < metrics.cost("mae_ab", 9.0)
    assert metrics.cost("psnr", 25.0) < metrics.cost("psnr", 24.0)
    assert metrics.cost("eps2", 0.3) < metrics.cost("eps2", 0.2)
    assert metrics.cost("colorfulness_ratio", 0.9) < metrics.cost("colorfulness_ratio", 1.2)
    with pytest.raises(ValueError, match="`colorfulness_truth` has no better or worse"):
        metrics.cost("colorfulness_truth", 1.0)
    with pytest.raises(ValueError, match="Unknown metric `nope`"):
        metrics.cost("nope", 1.0)


def test_bad_input_is_named(pair):
    truth, lab, rgb = pair
    with pytest.raises(ValueError, match=r"`truth_rgb` must be .* uint8"):
        metrics.evaluate_batch(truth / 255.0, lab, rgb)
    with pytest.raises(ValueError, match=r"`result_lab` must be \[11, 9, 12, 3\] float"):
        metrics.evaluate_batch(truth, lab[:3], rgb)
    with pytest.raises(ValueError, match="`result_rgb` must be .* uint8"):
        metrics.evaluate_batch(truth, lab, rgb.astype(np.uint16))
    with pytest.raises(ValueError, match="`result_lab` holds NaN"):
        metrics.evaluate_batch(truth, lab * np.nan, rgb)
    with pytest.raises(ValueError, match="no image was evaluated"):
        metrics.Measurement().means()


def test_bootstrap_agrees_with_the_normal_theory():
    x = np.random.default_rng(1).normal(10, 2, 500)
    value, low, high = metrics.bootstrap({"mae_ab": x}, ["mae_ab"], resamples=4000)["mae_ab"]
    half = 1.959964 * x.std(ddof=1) / np.sqrt(len(x))
    assert value == pytest.approx(x.mean())
    # 4,000 resamples know a 2.5 % quantile to about 0.04 standard errors, 2 % of the half width
    assert (low, high) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.08 * half)


def test_bootstrap_of_a_ratio_agrees_with_the_delta_method():
    rng = np.random.default_rng(2)
    truth = rng.normal(30, 6, 600)
    result = 0.5 * truth + rng.normal(0, 1, 600)
    columns = {"chroma": result, "chroma_truth": truth}
    value, low, high = metrics.bootstrap(columns, ["chroma_ratio"], resamples=4000)["chroma_ratio"]
    ratio = result.mean() / truth.mean()
    half = 1.959964 * (result - ratio * truth).std(ddof=1) / truth.mean() / np.sqrt(600)
    assert value == pytest.approx(ratio)
    assert (low, high) == pytest.approx((ratio - half, ratio + half), abs=0.08 * half)


def test_bootstrap_draws_are_seeded_and_shared_between_models():
    x = np.random.default_rng(3).normal(size=50)
    one = metrics.resampled({"psnr": x}, ["psnr"], resamples=100, seed=5)["psnr"]
    other = metrics.resampled({"psnr": x + 3, "ssim": x}, ["psnr", "ssim"], resamples=100, seed=5)["psnr"]
    np.testing.assert_allclose(other - one, 3)
    assert not np.array_equal(one, metrics.resampled({"psnr": x}, ["psnr"], resamples=100, seed=6)["psnr"])
    assert metrics.bootstrap({"psnr": x[:1]}, ["psnr"])["psnr"] == pytest.approx((x[0], x[0], x[0]))
