"""Loading trained weights, and what the colorizer promises of its results."""

import numpy as np
import pytest

from colorgan.models import color, discriminators, generators
from colorgan.models.colorizer import Colorizer, load_weights, to_rgb8
from colorgan.models.stored import WEIGHTS
from colorgan.settings import flags


def configured(**values):
    table = {"encoder": ((8, 1), (8, 2), (8, 2)), "decoder": ((8, 2), (8, 2))}
    return flags.resolve({"dataset": "shapes", "height": 16, "width": 16, **table, **values})


def leave_run(folder, config):
    """What a training leaves: settings and weights, here random ones."""
    folder.mkdir()
    generator = generators.build(config)
    (folder / "config.json").write_text(config.to_json())
    generator.save_weights(folder / WEIGHTS)
    return generator


@pytest.fixture(scope="module", params=["lab", "rgb", "yuv"])
def colorizer(request):
    config = configured(color_space=request.param)
    return Colorizer.of(generators.build(config), config)


def picture(*size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def lightness(rgb):
    return np.asarray(color.rgb_to_lab(rgb.astype(np.float32) / 255))[..., 0]


def test_load_gives_the_generators_predictions(tmp_path):
    config = configured(ab_scale=90.0)
    generator = leave_run(tmp_path / "a run", config)
    image = picture(1, 9, 13)
    gray, _ = color.encode(image / np.float32(255), color_space="lab", ab_scale=90.0)
    expected = np.asarray(generator(gray)) * 90
    for path in (tmp_path / "a run", str(tmp_path / "a run"), tmp_path / "a run" / WEIGHTS):
        loaded = Colorizer.load(path)
        assert (loaded.name, loaded.color_space, loaded.ab_scale) == ("a run", "lab", 90.0)
        np.testing.assert_allclose(loaded.predict_lab(image)[..., 1:], expected, atol=1e-3)


def test_weights_that_were_trained_in_half_precision_are_used_in_full(tmp_path):
    config = configured(precision="mixed_bfloat16")
    leave_run(tmp_path / "run", config)
    full = generators.build(config.replace(precision="float32"))
    full.load_weights(tmp_path / "run" / WEIGHTS)
    image = picture(1, 8, 8)
    expected = Colorizer.of(full, config).predict_lab(image)
    np.testing.assert_array_equal(Colorizer.load(tmp_path / "run").predict_lab(image), expected)


def test_missing_weights(tmp_path):
    (tmp_path / "config.json").write_text(configured().to_json())
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "best.weights.h5"):
        with pytest.raises(FileNotFoundError, match="No weights at .*Expected a run's directory"):
            Colorizer.load(path)


def test_a_discriminator_under_spectral_normalization_is_loaded_back(tmp_path):
    """Keras saves its kernels twice."""
    config = configured(d_normalization="spectral")
    network, other = discriminators.build(config), discriminators.build(config)
    network.save_weights(tmp_path / "d.weights.h5")
    load_weights(other, tmp_path / "d.weights.h5", described_by="itself")
    for mine, its in zip(other.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    with pytest.raises(ValueError, match="d.weights.h5 does not hold the weights of the network in a plain one"):
        load_weights(discriminators.build(configured()), tmp_path / "d.weights.h5", described_by="a plain one")


def test_missing_settings(tmp_path):
    leave_run(tmp_path / "run", configured())
    (tmp_path / "run" / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"config.json, and no generator.weights.json beside the weights"):
        Colorizer.load(tmp_path / "run")


@pytest.mark.parametrize(
    "other",
    [
        {"filter_multiplier": 2.0},
        {"color_space": "rgb"},
        {"kernel_size": 3},
        {"encoder": ((8, 1), (8, 2)), "decoder": ((8, 2),)},  # every layer it has fits one in the file
        {"encoder": ((8, 1), (8, 2), (8, 2), (8, 2)), "decoder": ((8, 2), (8, 2), (8, 2))},
    ],
)
def test_weights_of_another_network(tmp_path, other):
    leave_run(tmp_path / "run", configured())
    (tmp_path / "run" / "config.json").write_text(configured(**other).to_json())
    with pytest.raises(ValueError, match="does not hold the weights of the network in"):
        Colorizer.load(tmp_path / "run")


def test_a_file_that_holds_no_weights(tmp_path):
    leave_run(tmp_path / "run", configured())
    (tmp_path / "run" / WEIGHTS).write_bytes(b"no weights")
    with pytest.raises(ValueError, match="does not hold the weights"):
        Colorizer.load(tmp_path / "run")


def test_predict_lab(colorizer):
    images = picture(2, 9, 14)
    lab = colorizer.predict_lab(images)
    assert isinstance(lab, np.ndarray) and lab.shape == (2, 9, 14, 3) and lab.dtype == np.float32
    own = lightness(images)
    if colorizer.color_space == "lab":
        np.testing.assert_array_equal(lab[..., 0], own)
        assert np.abs(lab[..., 1:]).max() <= colorizer.ab_scale
    else:
        assert np.abs(lab[..., 0] - own).mean() > 1  # an untrained generator's own lightness
        np.testing.assert_allclose(color.rgb_to_lab(color.lab_to_rgb(lab)), lab, atol=2e-3)  # inside the gamut


def test_only_lightness_is_looked_at():
    """The generator is handed the scaled L and nothing else."""
    seen = []

    def predict(gray):
        seen.append(np.asarray(gray))
        return np.zeros((*gray.shape[:3], 2), np.float32)

    image = picture(1, 6, 6)
    lab = Colorizer(predict, color_space="lab", ab_scale=110.0).predict_lab(image)
    np.testing.assert_allclose(seen[0][..., 0], lightness(image) / 50 - 1, atol=1e-5)
    assert seen[0].shape == (1, 6, 6, 1) and seen[0].dtype == np.float32
    np.testing.assert_array_equal(lab[..., 1:], 0)


def test_colour_comes_out_as_predicted():
    def predict(gray):
        return np.broadcast_to(np.float32([0.2, -0.1]), (*gray.shape[:3], 2))

    colorizer = Colorizer(predict, color_space="lab", ab_scale=100.0)
    gray = np.full((1, 2, 2, 3), 119, np.uint8)  # L 50, where (20, -10) is inside the gamut
    result = to_rgb8(colorizer.predict_lab(gray))[0]
    lab = np.asarray(color.rgb_to_lab(result / np.float32(255)))
    np.testing.assert_allclose(lab[0, 0], [50, 20, -10], atol=0.6)  # half a step of 8 bits is about 0.3


def test_to_rgb8():
    # By hand: black, white, and a red far outside the gamut, which keeps L 50 and its hue angle of 0.
    result = to_rgb8(np.float32([[0, 0, 0], [100, 0, 0], [50, 200, 0]]))
    np.testing.assert_array_equal(result[:2], [[0, 0, 0], [255, 255, 255]])
    lab = np.asarray(color.rgb_to_lab(result[2] / np.float32(255)))
    assert abs(lab[0] - 50) < 0.3 and abs(lab[2]) < 1 and 70 < lab[1] < 90
