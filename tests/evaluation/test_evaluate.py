"""The evaluator on tiny pictures: baselines, protocol, classes, samples, result.json."""

import hashlib
import json

import numpy as np
import pytest
from skimage.color import rgb2lab

from colorgan.evaluation import baselines, evaluate, formulas
from colorgan.evaluation.report import tables
from colorgan.models import color
from colorgan.models.predictor import to_rgb8


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(4)
    coarse = rng.integers(0, 256, (10, 2, 3, 3)).repeat(4, axis=1).repeat(4, axis=2)
    return np.clip(coarse + rng.normal(0, 10, coarse.shape), 0, 255).astype(np.uint8)


def batches(rgb, size=4, labels=None):
    labels = np.arange(len(rgb)) % 3 if labels is None else np.asarray(labels)
    for i in range(0, len(rgb), size):
        part = slice(i, i + size)
        yield {"rgb": rgb[part], "label": labels[part], "index": 100 + np.arange(len(rgb))[part]}


def exact(rgb):
    return np.asarray(color.rgb_to_lab(rgb / 255.0))


def darker(rgb):
    """As an RGB model: its L is its own."""
    return np.asarray(color.rgb_to_lab(rgb / 255.0 * 0.8))


def run(rgb, models=None, **options):
    models = models or {"exact": exact, "gray": baselines.gray_baseline}
    given = {"description": "tiny pictures, no crop", "resamples": 50, "class_names": ("cat", "dog", "ship")}
    return evaluate.evaluate(models, batches(rgb), **(given | options))


def test_the_truth_is_perfect_and_gray_has_no_colour(pictures):
    table = run(pictures).table
    assert list(table) == ["exact", "gray"]
    for name, value in {"mae_ab": 0, "eps2": 1, "mae_rgb": 0, "psnr": 58.92261, "ssim": 1, "chroma_ratio": 1}.items():
        assert table["exact"][name] == pytest.approx((value, value, value), abs=1e-5), name
    assert table["gray"]["chroma_ratio"] == (0, 0, 0)
    assert table["gray"]["colorfulness_ratio"][0] < 0.001
    truth = rgb2lab(pictures)
    # scikit-image's rounded white point moves a and b by up to 0.01
    assert table["gray"]["mae_ab"][0] == pytest.approx(np.abs(truth[..., 1:]).mean(), abs=0.01)
    low, high = table["gray"]["mae_ab"][1:]
    assert low < table["gray"]["mae_ab"][0] < high


def test_the_protocol_says_which_l_was_judged(pictures):
    protocol = run(pictures, {"exact": exact, "darker": darker}).protocol
    assert protocol["dataset"] == "tiny pictures, no crop"
    assert protocol["n"] == 10
    assert protocol["size (height x width)"] == {"8x12": 10}
    assert protocol["predicted"] == {"exact": "a and b", "darker": "L, a and b (RGB)"}
    judged = protocol["L in the epsilon accuracy"]
    assert judged["exact"].startswith("the truth's")
    assert judged["darker"].startswith("the result's own")
    assert "50 resamples, seed 0" in protocol["intervals"]
    assert {"eps2", "eps5", "ciede2000"} <= set(protocol["definitions"])
    assert list(protocol["omitted"]) == ["FID-lite2, KID-lite2, LPIPS-lite2"]
    for package in ("colorgan", "tensorflow", "keras", "numpy", "scikit-image", "pillow", "Python"):
        assert f"{package} " in protocol["versions"]


def test_a_description_of_several_lines(pictures):
    protocol = run(pictures, description={"dataset": "tiny", "crop": "none", "checkpoint": 3}).protocol
    assert [protocol[k] for k in ("dataset", "crop", "checkpoint")] == ["tiny", "none", 3]


def test_metrics_thresholds_and_small_images(pictures):
    assert list(run(pictures, names=["psnr", "eps7"]).table["gray"]) == ["psnr", "eps7"]
    assert "eps2.5" in run(pictures, thresholds=(2.5,)).table["gray"]
    small = run(pictures[:, :5])
    assert "ssim" not in small.table["gray"]
    assert "5x12" in small.protocol["omitted"]["ssim"]
    with pytest.raises(ValueError, match="win_size exceeds image extent"):
        run(pictures[:, :5], names=["ssim"])


def test_the_median_has_a_smaller_error_than_its_neighbours(pictures):
    a, b = np.median(exact(pictures)[..., 1:].reshape(-1, 2), axis=0)
    models = {str(d): baselines.median_baseline((a + d, b - d)) for d in (-3, 0, 3)}
    table = run(pictures, models, names=["mae_ab"]).table
    assert table["0"]["mae_ab"][0] < min(table["-3"]["mae_ab"][0], table["3"]["mae_ab"][0])


def test_delivered_pictures_lose_chroma_only_outside_the_gamut():
    rng = np.random.default_rng(5)
    lab = np.stack([rng.uniform(0, 100, 500), *rng.uniform(-110, 110, (2, 500))], -1).astype(np.float32)
    lab[:20, 1:] = 0
    expected = np.rint(np.asarray(color.lab_to_rgb(color.fit_gamut(lab))) * 255)
    got = to_rgb8(lab)
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, expected)
    assert np.abs(rgb2lab(got)[..., 0] - lab[..., 0]).max() < 0.6  # L stays, to 8-bit rounding


def test_classes_are_measured_apart(pictures):
    result = run(pictures, names=["mae_ab", "chroma_ratio"])
    assert {name: entry["n"] for name, entry in result.classes.items()} == {"cat": 4, "dog": 3, "ship": 3}
    alone = evaluate.evaluate({"gray": baselines.gray_baseline}, batches(pictures[0::3]), description="x", resamples=50)
    assert result.classes["cat"]["table"]["gray"]["mae_ab"] == pytest.approx(alone.table["gray"]["mae_ab"])


def test_images_without_a_class(pictures):
    labels = [-1] * 8 + [1, 1]
    options = {"description": "x", "resamples": 10, "names": ["psnr"]}
    result = evaluate.evaluate({"gray": baselines.gray_baseline}, batches(pictures, labels=labels), **options)
    assert {name: entry["n"] for name, entry in result.classes.items()} == {"1": 2}
    assert result.samples[0]["class"] == ""


def test_samples_are_the_first_images(pictures):
    samples = run(pictures, sample_size=6).samples
    assert [s["index"] for s in samples] == [100, 101, 102, 103, 104, 105]
    assert [s["class"] for s in samples[:4]] == ["cat", "dog", "ship", "cat"]
    for i, sample in enumerate(samples):
        np.testing.assert_array_equal(sample["truth"], pictures[i])
        np.testing.assert_array_equal(sample["gray"], sample["results"]["gray"])
        assert np.ptp(sample["gray"].astype(int), axis=-1).max() == 0
    assert run(pictures, sample_size=0).samples == []


def test_per_image_values_follow_the_index(pictures):
    result = run(pictures, names=["mae_ab"])
    np.testing.assert_array_equal(result.index, 100 + np.arange(10))
    expected = np.abs(exact(pictures)[..., 1:]).mean((1, 2, 3))
    np.testing.assert_allclose(result.per_image["gray"]["mae_ab"], expected, rtol=1e-6)


def test_result_json_holds_protocol_and_tables(pictures):
    gray = np.repeat(pictures[..., :1], 3, axis=-1)
    truth_gray = run(gray, {"darker": darker})  # 0/0: a truth without colour has no chroma ratio to speak of
    truth_gray.table["darker"]["chroma_ratio"] = (float("nan"),) * 3
    loaded = json.loads(truth_gray.to_json())
    assert loaded["results"]["darker"]["chroma_ratio"] == [None, None, None]
    assert loaded["results"]["darker"]["psnr"] == list(truth_gray.table["darker"]["psnr"])
    assert loaded["protocol"] == json.loads(json.dumps(truth_gray.protocol))
    assert loaded["classes"]["cat"]["n"] == 4


def test_the_same_seed_repeats_the_numbers(pictures):
    assert run(pictures).to_json() == run(pictures).to_json()
    assert run(pictures).to_json() != run(pictures, seed=1).to_json()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"names": ["lpips"]}, "Unknown metric 'lpips'"),
        ({"names": ["fid"]}, "`fid` needs a feature network"),
        ({"desired": {"yellow": 0.5}}, "Unknown metric 'yellow'. Known: .*saturation, hue, red, green, blue"),
        ({"models": {"half": lambda rgb: exact(rgb)[:, ::2]}}, "Model `half` must return"),
        ({"models": {"bytes": lambda rgb: rgb}}, "Model `bytes` must return .* float Lab"),
        ({"models": {"lost": lambda rgb: exact(rgb) * np.nan}}, "Model `lost` must return .* without NaN"),
    ],
)
def test_errors_say_what_is_wrong(pictures, options, message):
    with pytest.raises(ValueError, match=message):
        run(pictures, **options)


def test_nothing_to_evaluate():
    with pytest.raises(ValueError, match="holds no image"):
        evaluate.evaluate({"gray": baselines.gray_baseline}, [], description="x")


def test_what_was_desired_joins_the_table(pictures):
    vivid = {"vivid": lambda rgb: exact(rgb) * [1, 1.2, 1.2], "gray": baselines.gray_baseline}
    result = run(pictures, vivid, desired={"saturation": 0.5, "red": 0.25})
    assert list(result.table["vivid"])[-2:] == ["saturation", "red"]
    assert "hue" not in result.table["vivid"]
    assert result.table["gray"]["saturation"][0] == pytest.approx(0, abs=1e-3)
    delivered = to_rgb8(vivid["vivid"](pictures))
    assert result.table["vivid"]["red"][0] == pytest.approx(delivered[..., 0].mean() / 255)
    assert result.desired == result.protocol["desired"] == {"saturation": 0.5, "red": 0.25}
    assert json.loads(result.to_json())["desired"] == {"saturation": 0.5, "red": 0.25}
    chosen = run(pictures, vivid, names=["psnr"], desired={"hue": 0.1})
    assert list(chosen.table["vivid"]) == ["psnr", "hue"]


def test_given_results_are_scored_as_they_are(pictures):
    batch = {"rgb": pictures, "result": to_rgb8(darker(pictures)), "label": np.zeros(10, int), "index": np.arange(10)}
    models = {"folder": "result", "gray": baselines.gray_baseline}
    result = evaluate.evaluate(models, [batch], description="x", class_names=("a",), resamples=10)
    expected = hashlib.sha256(b"".join(b"8x12" + picture.tobytes() for picture in batch["result"])).hexdigest()
    assert result.protocol["fingerprint of the results"] == {"folder": f"sha256 {expected}"}
    assert result.protocol["Lab metrics"] == {
        "folder": "of the 8-bit picture",
        "gray": "of the prediction, before colours are fitted into sRGB",
    }
    difference = np.abs(batch["result"].astype(int) - pictures).mean()
    assert result.table["folder"]["mae_rgb"][0] == pytest.approx(difference)
    assert result.protocol["predicted"] == {"folder": "L, a and b (RGB)", "gray": "a and b"}
    np.testing.assert_array_equal(result.samples[0]["results"]["folder"], batch["result"][0])
    with pytest.raises(ValueError, match=r"`result_lab` must be \[10, 8, 12, 3\]"):
        evaluate.evaluate(models, [{**batch, "result": pictures[:3]}], description="x", class_names=("a",))


def test_pictures_with_names_are_called_by_them(pictures):
    names = dict(enumerate("abcdefghij", 100))
    result = run(pictures, names=["psnr"], picture_names=names)
    assert json.loads(result.to_json())["pictures"] == list("abcdefghij")
    assert result.what(result.samples[1]) == "b"
    plain = run(pictures, names=["psnr"])
    assert plain.what(plain.samples[1]) == "image 101, dog"
    assert "pictures" not in json.loads(plain.to_json())


def test_truths_without_colour_have_no_chroma_ratio(pictures):
    gray = np.repeat(pictures[..., :1], 3, axis=-1)
    warm = {"warm": baselines.median_baseline((10, 20))}
    assert np.isnan(run(gray, warm).table["warm"]["chroma_ratio"]).all()
    mixed = run(np.concatenate([gray[:9], pictures[:1]]), warm)  # (9/10)^10: a third of the resamples is all gray
    value, low, high = mixed.table["warm"]["chroma_ratio"]
    assert 0 < low <= value <= high
    assert "chroma_ratio in " in mixed.protocol["undefined resamples"]["warm"]


def test_undefined_resamples_of_a_class_are_noted(pictures):
    """A class with one coloured picture of three: (2/3)^3 of its resamples are all gray, and have no ratio."""
    gray = np.repeat(pictures[..., :1], 3, axis=-1)
    mixed = np.concatenate([pictures[:1], gray[1:3], gray[3:6], pictures[6:9]])
    labels = [0, 0, 0, 1, 1, 1, 2, 2, 2]
    models = {"warm": baselines.median_baseline((10, 20)), "gray": baselines.gray_baseline}
    options = {"description": "x", "class_names": ("cat", "dog", "ship"), "names": ["chroma_ratio", "psnr"]}
    one = evaluate.evaluate(models, batches(mixed, labels=labels), class_word="folder", **options)
    noted = one.protocol["undefined resamples by folder"]
    assert list(noted) == ["cat, warm", "cat, gray"], "the ship's all exist, the dog's value does not itself"
    count = int(noted["cat, warm"].removeprefix("chroma_ratio in ").removesuffix(" of 1000, left out"))
    assert count == pytest.approx(1000 * (2 / 3) ** 3, abs=75)  # five standard deviations of a binomial count
    value, low, high = one.classes["cat"]["table"]["warm"]["chroma_ratio"]
    assert 0 < low <= value <= high
    assert np.isnan(one.classes["dog"]["table"]["warm"]["chroma_ratio"]).all()
    assert f"undefined resamples by folder  cat, warm: {noted['cat, warm']}" in tables.protocol_text(one.protocol)
    assert not any(line.startswith("undefined") for line in run(pictures).protocol)


def test_the_fingerprint_is_of_the_pixels_in_their_order(pictures):
    key = "fingerprint of the truth"
    own = run(pictures, names=["psnr"]).protocol[key]
    options = {"description": "x", "names": ["psnr"], "resamples": 5}
    other = evaluate.evaluate({"gray": baselines.gray_baseline}, batches(pictures, size=3), **options)
    assert own == other.protocol[key]
    assert own != run(pictures[::-1], names=["psnr"]).protocol[key]
    expected = hashlib.sha256(b"".join(b"8x12" + picture.tobytes() for picture in pictures)).hexdigest()
    assert own.startswith(f"sha256 {expected}")


class Network:
    """Means of colours as features, and the pictures themselves as the only map."""

    label, description = "mean", "mean, sha256 0123"
    of_sets, distance = {"fid": "FID-mean", "kid": "KID-mean"}, "LPIPS-mean"

    def __call__(self, rgb):
        return rgb.reshape(len(rgb), -1, 3).mean(axis=1) / 255, [rgb / 255] if self.distance else ()


def test_features_give_distances_under_the_networks_name(pictures):
    result = run(pictures, feature_network=Network())
    for model in ("exact", "gray"):
        assert list(result.table[model])[-3:] == ["LPIPS-mean", "FID-mean", "KID-mean"]
    assert result.table["exact"]["FID-mean"][0] == pytest.approx(0, abs=1e-9)
    assert result.table["gray"]["FID-mean"][0] > 0.001
    assert np.isnan(result.table["gray"]["FID-mean"][1:]).all()
    gray = baselines.gray_picture(pictures)
    expected = formulas.feature_distance([pictures / 255], [gray / 255])
    np.testing.assert_allclose(result.per_image["gray"]["LPIPS-mean"], expected)
    low, high = result.table["gray"]["LPIPS-mean"][1:]
    assert low < expected.mean() < high
    assert result.protocol["feature network"] == Network.description
    assert result.protocol["omitted"] == {}
    assert {"LPIPS-mean", "FID-mean", "KID-mean"} <= set(result.protocol["definitions"])
    assert "FID-mean" not in result.classes["cat"]["table"]["gray"]
    assert "LPIPS-mean" in run(pictures, feature_network=Network(), for_report=True).gallery[0]["values"]["exact"]


def test_a_network_of_a_file_gives_fid_and_kid_alone(pictures):
    network = Network()
    network.of_sets, network.distance = {"fid": "fid", "kid": "kid"}, ""
    assert list(run(pictures, feature_network=network).table["gray"])[-3:] == ["chroma_ratio", "fid", "kid"]


def test_only_a_report_keeps_traces_and_pictures(pictures):
    plain, full = run(pictures), run(pictures, for_report=True)
    assert plain.traces is None and plain.gallery == []
    assert full.traces.count == 10
    assert list(full.gallery[0]["results"]) == ["exact"]
    assert list(run(pictures, {"gray": baselines.gray_baseline}, for_report=True).gallery[0]["results"]) == ["gray"]
    assert full.to_json() == plain.to_json()
