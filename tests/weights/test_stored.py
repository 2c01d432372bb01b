import json

import h5py
import numpy as np
import pytest

from colorgan.models import color, discriminators, generators
from colorgan.models.predictor import Predictor
from colorgan.serving.colorizer import Colorizer
from colorgan.settings import flags
from colorgan.weights import packing, stored


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run's folder with untrained weights, whose settings name a place of this machine."""
    folder = tmp_path_factory.mktemp("run")
    config = flags.resolve(
        {"dataset": "shapes", "dataset_path": "/somewhere", "network": "/somewhere/else", "filter_multiplier": 0.25}
    )
    generators.build(config).save_weights(folder / stored.WEIGHTS)
    (folder / "config.json").write_text(config.to_json())
    return folder


@pytest.fixture
def packed(run, tmp_path):
    return packing.pack(stored.find(run), tmp_path / "small.weights.h5", median_ab=(1.5, -2.0))


def test_packed_weights_colorize_as_the_run_does(run, packed):
    picture = np.random.default_rng(0).integers(0, 256, (1, 32, 48, 3), dtype=np.uint8)
    ours, theirs = Colorizer.load(packed.weights), Colorizer.load(run)
    # float16 has 11 bits of mantissa.
    np.testing.assert_allclose(ours.predict_lab(picture), theirs.predict_lab(picture), atol=0.2)
    assert (ours.name, theirs.name) == ("small", run.name)
    assert packed.median_ab == (1.5, -2.0) and packed.packed and not stored.find(run).packed


def test_kernels_are_halved_vectors_are_not(run, packed):
    types = {}
    with h5py.File(packed.weights) as file:
        file.visititems(lambda _, x: types.setdefault(x.ndim > 1, set()).add(x.dtype) if hasattr(x, "dtype") else None)
    assert types == {True: {np.dtype(np.float16)}, False: {np.dtype(np.float32)}}
    assert packed.weights.stat().st_size < 0.7 * (run / stored.WEIGHTS).stat().st_size


def test_a_description_holds_no_place_of_the_machine(packed):
    description = json.loads(packed.described_by.read_text())
    assert "dataset_path" not in description["config"] and "/somewhere" not in packed.described_by.read_text()
    assert description["config"]["dataset"] == "shapes" and description["sha256"] == stored.sha256(packed.weights)


def test_a_changed_file_is_refused(packed):
    data = bytearray(packed.weights.read_bytes())
    data[-1] ^= 1
    packed.weights.write_bytes(data)
    with pytest.raises(
        ValueError, match="small.weights.h5 is not the file that small.weights.json describes: its SHA-256 is"
    ):
        Colorizer.load(packed.weights)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"config": {}}',
        '{"config": {"x": 1}, "sha256": "", "median_ab": null}',
        '{"config": {}, "sha256": "", "median_ab": null}',
        '{"config": {}, "sha256": "%s", "median_ab": [1]}' % ("0" * 64),
    ],
)
def test_a_description_that_cannot_be_read(packed, text):
    packed.described_by.write_text(text)
    with pytest.raises(ValueError, match="small.weights.json does not describe weights"):
        stored.find(packed.weights)


def test_a_runs_best_weights_are_no_packed_ones(run, tmp_path):
    """`best.json` beside them says how good they were."""
    for name in ("config.json", stored.WEIGHTS):
        (tmp_path / name.replace("generator", "best")).write_bytes((run / name).read_bytes())
    (tmp_path / "best.json").write_text('{"metric": "mae_ab", "value": 1.0}')
    assert not stored.find(tmp_path / "best.weights.h5").packed
    with pytest.raises(ValueError, match="is a run's folder, and packed weights"):
        packing.pack(stored.find(run), tmp_path / "mine.weights.h5", median_ab=None)


@pytest.mark.parametrize(("value", "said"), [("NaN", "nan"), ("1e6", "1e\\+06")])
def test_what_float16_cannot_hold_is_not_packed(run, tmp_path, value, said):
    (tmp_path / "config.json").write_text((run / "config.json").read_text())
    (tmp_path / stored.WEIGHTS).write_bytes((run / stored.WEIGHTS).read_bytes())
    with h5py.File(tmp_path / stored.WEIGHTS, "r+") as file:
        kernels = []
        file.visititems(lambda _, x: kernels.append(x) if getattr(x, "ndim", 0) > 1 else None)
        kernels[0][...] = float(value)
    with pytest.raises(ValueError, match=f"holds {said}, which does not fit into float16"):
        packing.pack(stored.find(tmp_path), tmp_path / "new" / "large.weights.h5", median_ab=None)
    assert list((tmp_path / "new").iterdir()) == []


def test_weights_without_a_description(run, tmp_path):
    (tmp_path / "lone.weights.h5").write_bytes((run / stored.WEIGHTS).read_bytes())
    with pytest.raises(FileNotFoundError, match="config.json, and no lone.weights.json next to the weights"):
        stored.find(tmp_path / "lone.weights.h5")


def test_a_name_that_is_none(run, tmp_path):
    with pytest.raises(ValueError, match="Packed weights are named NAME.weights.h5. Received: photo.h5"):
        packing.pack(stored.find(run), tmp_path / "photo.h5", median_ab=None)


def configured(**values):
    table = {"encoder": ((8, 1), (8, 2), (8, 2)), "decoder": ((8, 2), (8, 2))}
    return flags.resolve({"dataset": "shapes", "height": 16, "width": 16, **table, **values})


def leave_run(folder, config):
    """What a training leaves: settings and weights, here random ones."""
    folder.mkdir()
    generator = generators.build(config)
    (folder / "config.json").write_text(config.to_json())
    generator.save_weights(folder / stored.WEIGHTS)
    return generator


def picture(*size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def test_load_gives_the_generators_predictions(tmp_path):
    config = configured(ab_scale=90.0)
    generator = leave_run(tmp_path / "a run", config)
    image = picture(1, 9, 13)
    gray, _ = color.encode(image / np.float32(255), color_space="lab", ab_scale=90.0)
    expected = np.asarray(generator(gray)) * 90
    for path in (tmp_path / "a run", str(tmp_path / "a run"), tmp_path / "a run" / stored.WEIGHTS):
        loaded = Colorizer.load(path)
        assert (loaded.name, loaded.predictor.color_space, loaded.predictor.ab_scale) == ("a run", "lab", 90.0)
        np.testing.assert_allclose(loaded.predictor.predict_lab(image)[..., 1:], expected, atol=1e-3)


def test_weights_that_were_trained_in_half_precision_are_used_in_full(tmp_path):
    config = configured(precision="mixed_bfloat16")
    leave_run(tmp_path / "run", config)
    full = generators.build(config.replace(precision="float32"))
    full.load_weights(tmp_path / "run" / stored.WEIGHTS)
    image = picture(1, 8, 8)
    expected = Predictor.of(full, config).predict_lab(image)
    np.testing.assert_array_equal(Colorizer.load(tmp_path / "run").predictor.predict_lab(image), expected)


def test_missing_weights(tmp_path):
    (tmp_path / "config.json").write_text(configured().to_json())
    with pytest.raises(FileNotFoundError, match="No weights at .*Expected a run's folder"):
        Colorizer.load(tmp_path)
    for name in ("nowhere", "best.weights.h5"):
        with pytest.raises(FileNotFoundError, match=f"{name} is not there, and no weights of that name ship"):
            Colorizer.load(tmp_path / name)


def test_a_discriminator_under_spectral_normalization_is_loaded_back(tmp_path):
    """Keras saves its kernels twice."""
    config = configured(d_normalization="spectral")
    network, other = discriminators.build(config), discriminators.build(config)
    network.save_weights(tmp_path / "d.weights.h5")
    stored.load(other, tmp_path / "d.weights.h5", described_by="itself")
    for mine, its in zip(other.get_weights(), network.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, its)
    with pytest.raises(ValueError, match="d.weights.h5 does not hold the weights of the network in a plain one"):
        stored.load(discriminators.build(configured()), tmp_path / "d.weights.h5", described_by="a plain one")


def test_missing_settings(tmp_path):
    leave_run(tmp_path / "run", configured())
    (tmp_path / "run" / "config.json").unlink()
    with pytest.raises(FileNotFoundError, match="run is neither a run's folder nor a weights file"):
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
    (tmp_path / "run" / stored.WEIGHTS).write_bytes(b"no weights")
    with pytest.raises(ValueError, match="does not hold the weights"):
        Colorizer.load(tmp_path / "run")
