"""The stream of per-image values against independent computations: plain numpy, scikit-image, a published table."""

import numpy as np
import pytest
from skimage import color as skcolor

from colorgan.evaluation import definitions, formulas, metrics, statistics
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


def test_mean_errors(pair):
    truth, lab, rgb = pair
    columns = metrics.Measurement(["mae_ab", "mae_rgb"]).add(truth, lab, rgb)
    for i in range(len(truth)):
        ab = np.abs(skcolor.rgb2lab(truth[i]) - lab[i])[..., 1:]
        # scikit-image's rounded white point moves a and b by up to 0.01
        assert columns["mae_ab"][i] == pytest.approx(ab.mean(), abs=0.01)
        assert columns["mae_rgb"][i] == pytest.approx(np.abs(truth[i].astype(int) - rgb[i].astype(int)).mean())


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
    columns = metrics.Measurement(["ciede2000"]).add(rgb, lab_image(other), rgb, truth_lab=lab_image(one))
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
    values = metrics.Measurement(definitions.all_names())
    values.add(truth, lab, rgb)
    means = values.means()
    for suffix, absolute in (("", False), ("_abs", True)):
        of_truth = np.mean([hasler_suesstrunk(p, absolute) for p in truth])
        of_result = np.mean([hasler_suesstrunk(p, absolute) for p in rgb])
        assert means[f"colorfulness{suffix}"] == pytest.approx(of_result)
        assert means[f"colorfulness{suffix}_truth"] == pytest.approx(of_truth)
        assert means[f"colorfulness{suffix}_ratio"] == pytest.approx(of_result / of_truth)


def test_auc_by_brute_force(pair):
    truth, lab, rgb = pair
    truth_lab = skcolor.rgb2lab(truth)
    far = lab * [1, 3, 3]  # some pixels beyond 150
    columns = metrics.Measurement(["auc"]).add(truth, far, rgb, truth_lab=truth_lab)
    for i in range(len(truth)):
        distance = np.sqrt(((far[i] - truth_lab[i])[..., 1:] ** 2).sum(-1))
        expected = np.mean([(distance <= t).mean() for t in range(151)])
        assert columns["auc"][i] == pytest.approx(expected, abs=1e-12)


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
    weight = {q: 1 / (0.5 * p / total + 0.5 / formulas.bins_in_gamut()) for q, p in smooth.items()}
    distance = np.hypot(*(lab.reshape(-1, 3) - pixels)[:, 1:].T)
    hits = np.mean([distance <= t for t in range(151)], axis=0)
    w = np.array([weight[q] for q in bins])
    assert measurement.means()["auc_rebalanced"] == pytest.approx((w * hits).sum() / w.sum(), abs=1e-9)


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
    found = statistics.resampled(measurement.columns(), ["chroma_ratio"], resamples=10)
    assert np.isnan(statistics.intervals(found)["chroma_ratio"]).all()


def test_identical_pictures_are_perfect(pair):
    truth = pair[0]
    lab = skcolor.rgb2lab(truth)
    measurement = metrics.Measurement(definitions.all_names())
    measurement.add(truth, lab, truth, truth_lab=lab)
    means = measurement.means()
    assert {n: means[n] for n in ("mae_ab", "mae_rgb", "ciede2000")} == {"mae_ab": 0, "mae_rgb": 0, "ciede2000": 0}
    ones = ("eps2", "eps5", "ssim", "auc", "auc_rebalanced")
    ones += ("colorfulness_ratio", "colorfulness_abs_ratio", "chroma_ratio")
    assert {n: means[n] for n in ones} == pytest.approx(dict.fromkeys(ones, 1))
    assert means["psnr"] == pytest.approx(formulas.PSNR_CAP)


def test_a_stream_gives_what_one_batch_gives(pair, monkeypatch):
    truth, lab, rgb = pair
    truth_lab = skcolor.rgb2lab(truth)
    whole, stream = (metrics.Measurement(definitions.all_names()) for _ in range(2))
    whole.add(truth, lab, rgb, truth_lab=truth_lab)
    monkeypatch.setattr(metrics, "CHUNK_PIXELS", 3 * truth.shape[1] * truth.shape[2])
    for part in (slice(0, 4), slice(4, 5), slice(5, 11)):
        stream.add(truth[part], lab[part], rgb[part], truth_lab=truth_lab[part])
    assert stream.count == whole.count == 11
    for name, column in whole.columns().items():
        np.testing.assert_allclose(stream.columns()[name], column, rtol=1e-12, err_msg=name)


def test_what_is_kept_does_not_grow_with_the_pixels():
    def kept(size):
        picture = np.full((2, size, size, 3), (200, 90, 40), np.uint8)
        measurement = metrics.Measurement(definitions.all_names())
        measurement.add(picture, skcolor.rgb2lab(picture), picture)
        return sum(part.nbytes for parts in measurement._parts.values() for part in parts)

    assert kept(8) == kept(64)


def kept_bytes(measurement):
    return sum(part.nbytes for parts in measurement._parts.values() for part in parts)


def test_what_is_kept_grows_by_the_columns_alone(pair):
    """Ten times the images keep ten times a picture's columns, 8 bytes each, and records of its bins, 18 bytes each."""
    truth, lab, rgb = (part[:4] for part in pair)
    measurement = metrics.Measurement(definitions.all_names())
    sizes = []
    for _ in range(10):
        columns = measurement.add(truth, lab, rgb)
        sizes.append(kept_bytes(measurement))
    scalars = len(columns) - 1
    assert sizes[0] == 4 * 8 * scalars + 18 * len(columns["bins"])
    assert sizes == [sizes[0] * (k + 1) for k in range(10)]
    assert len(columns["bins"]) <= 4 * formulas.BINS**2


def test_no_batch_stays_in_memory(pair):
    """No column is a view into an array of pixels."""
    measurement = metrics.Measurement(definitions.all_names(controls=definitions.CONTROLS))
    measurement.add(*pair)
    for name, parts in measurement._parts.items():
        for part in parts:
            base = part if part.base is None else part.base
            assert base.nbytes == part.nbytes, name


def test_eps_takes_any_threshold_by_name(pair):
    columns = metrics.Measurement(["eps2.5", "eps5"]).add(*pair)
    assert list(columns) == ["eps2.5", "eps5"]
    assert (columns["eps2.5"] <= columns["eps5"]).all()


@pytest.mark.parametrize("name", definitions.CONTROLS)
def test_controls_are_measured_as_the_loss_defines_them(pair, name):
    truth, lab, rgb = pair
    for i in range(3):
        measurement = metrics.Measurement([name])
        measurement.add(truth[i : i + 1], lab[i : i + 1], rgb[i : i + 1])
        expected = np.asarray(controls.value(rgb[i : i + 1] / 255.0, name))
        assert measurement.means()[name] == pytest.approx(expected[0], abs=1e-5)


def test_controls_of_one_colour_by_hand():
    # (255, 127.5 ~ 128, 0): hue 30 degrees = 1/12 to 8 bits, fully saturated
    rgb = np.broadcast_to(np.array([255, 128, 0], np.uint8), (2, 4, 4, 3))
    measurement = metrics.Measurement(definitions.CONTROLS)
    measurement.add(rgb, skcolor.rgb2lab(rgb), rgb)
    means = measurement.means()
    assert means == pytest.approx({"saturation": 1, "hue": 1 / 12, "red": 1, "green": 128 / 255, "blue": 0}, abs=1e-3)


def test_bad_input_is_named(pair):
    truth, lab, rgb = pair
    with pytest.raises(ValueError, match=r"`truth_rgb` must be .* uint8.* Received: .* float64"):
        metrics.Measurement(["mae_ab"]).add(truth / 255.0, lab, rgb)
    with pytest.raises(ValueError, match=r"`result_lab` must be \[11, 9, 12, 3\] float"):
        metrics.Measurement(["mae_ab"]).add(truth, lab[:3], rgb)
    with pytest.raises(ValueError, match="`result_rgb` must be .* uint8"):
        metrics.Measurement(["mae_ab"]).add(truth, lab, rgb.astype(np.uint16))
    with pytest.raises(ValueError, match="`result_lab` must be .* without NaN"):
        metrics.Measurement(["mae_ab"]).add(truth, lab * np.nan, rgb)
    with pytest.raises(ValueError, match="No image was evaluated"):
        metrics.Measurement(definitions.all_names()).means()
    with pytest.raises(ValueError, match="`fid` needs a feature network"):
        metrics.Measurement(["fid"]).add(truth, lab, rgb)
