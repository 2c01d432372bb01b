"""Exported networks: each is loaded back by its own runtime and must give what Keras gives, at any size."""

import dataclasses
import functools
import importlib
import json
import shutil
import subprocess
import sys
import types

import cv2
import numpy as np
import pytest
from PIL import Image

from colorgan.imaging import working
from colorgan.models import color, generators
from colorgan.models.predictor import Predictor
from colorgan.serving import description, export
from colorgan.serving.colorizer import Colorizer, natural_size
from colorgan.settings import flags
from colorgan.settings.config import Config

NAMES = {"tf_saved_model": "network", "onnx": "network.onnx", "litert": "network.tflite"}
PRETRAINED = {"preset": "photo", "conditions": (), "encoder_name": "efficientnet-lite0", "filter_multiplier": 1 / 16}
STEERED = {  # attends at 1/8; colours at half the size
    "preset": "photo",
    "encoder_name": "table",
    "encoder": ((4, 2), (4, 2), (4, 2), (4, 2)),
    "decoder": ((4, 2), (4, 2), (4, 2)),
    "head": "color",
}
NOISY = {"preset": "rgb64", "filter_multiplier": 1 / 8}  # takes noise, gives RGB
SCALED = {"ab_scale": 90.0}
BINS = {"head": "joint-bins", "ab_scale": 80.0}


def built(**values):
    table = {"encoder": ((4, 1), (4, 2)), "decoder": ((4, 2),)}
    config = flags.resolve({"dataset": "shapes", **({} if "preset" in values else table), **values})
    generator = generators.build(config)
    for one in generator.decoder.additions:
        if one is not None:  # they begin at zero
            one.last.kernel.assign(np.random.default_rng(0).normal(0, 0.1, one.last.kernel.shape))
    return generator, config


def given_to(generator, *size):
    gray = np.random.default_rng(3).uniform(-1, 1, (*size, 1)).astype(np.float32)
    random = np.random.default_rng(4)
    return gray, {row.name: export._drawn(row, row.shape(*size), random) for row in generator.inputs}


def photograph(height, width):
    """-> [H, W, 3] uint8: random, but as smooth as photographs are."""
    small = np.random.default_rng(0).integers(50, 206, (9, 12, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """-> a function that exports the network of a format and settings, once: it, its settings, the file, the errors."""

    @functools.cache
    def made(format, **values):
        generator, config = built(**values)
        path = tmp_path_factory.mktemp("exported") / "a folder" / NAMES[format]
        steering = bool(config.architecture.conditions)
        return generator, config, path, export.export(generator, config, path, format=format, steering=steering)

    return made


@pytest.fixture
def written(exported, monkeypatch):
    """-> a network and its settings. Its SavedModel is there already, and copied where one is to be written."""
    generator, config, path, _ = exported("tf_saved_model", **SCALED)
    row = export.FORMATS["tf_saved_model"]
    copied = dataclasses.replace(row, write=lambda model, specs, to: shutil.copytree(path, to))
    monkeypatch.setitem(export.FORMATS, "tf_saved_model", copied)
    return generator, config


@pytest.mark.parametrize(
    ("format", "values"),
    [
        *((format, SCALED) for format in export.FORMATS),
        *((format, PRETRAINED) for format in ("onnx", "litert")),
        ("onnx", NOISY),  # each of the others where its converter is the one that is most easily at a loss
        ("onnx", STEERED),
        *(("litert", values) for values in (BINS, STEERED)),
    ],
)
def test_the_formats_own_runtime_gives_what_keras_gives(exported, shallow, format, values):
    generator, config, path, parity = exported(format, **values)
    assert sorted(p.name for p in path.parent.iterdir()) == [path.name, path.name + ".json"]
    assert [one.size for one in parity] == list(export.SIZES)
    assert all(0 <= one.mean_error <= one.max_error < 1e-5 for one in parity)
    run = export.FORMATS[format].load(str(path))
    for size in ((1, 8, 8), (3, 5, 11)):  # neither was seen by the export
        gray, given = given_to(generator, *size)
        expected = np.asarray(generator(gray, given))
        np.testing.assert_allclose(run(gray=gray, **given), expected, atol=1e-5)
        assert expected.std() > 1e-3  # colours, not a constant that anything equals


def test_an_export_takes_no_conditions_unless_it_is_asked_to(exported, tmp_path):
    generator, config, path, _ = exported("onnx", **STEERED)
    said = json.loads((path.parent / (path.name + ".json")).read_text())["inputs"]
    assert [one["name"] for one in said] == ["gray", "hints", "palette", "aim"]
    assert said[1]["shape"] == ["batch", "height / 2, rounded up", "width / 2, rounded up", 3]
    assert {one["if not given"] for one in said[1:]} == {"zeros"}
    gray, given = given_to(generator, 1, 32, 40)
    run = export.FORMATS["onnx"].load(str(path))
    absent = run(gray=gray, **{name: 0 * values for name, values in given.items()})
    np.testing.assert_allclose(absent, np.asarray(generator(gray)), atol=1e-5)
    export.export(generator, config, tmp_path / "plain.onnx", format="onnx")
    plain = export.FORMATS["onnx"].load(str(tmp_path / "plain.onnx"))
    np.testing.assert_allclose(plain(gray=gray), absent, atol=1e-5)
    with pytest.raises(ValueError, match="`--steering`: these weights were trained without --conditions"):
        export.export(*built(), tmp_path / "n.onnx", format="onnx", steering=True)


def test_the_network_with_the_most_joints_is_free_in_its_sizes_too(tmp_path):
    """LiteRT is the format that fails first: its converter must know the channels everywhere. Pixels are repeated too.

    `export` itself compares the file with Keras at two sizes.
    """
    generator, config = built(preset="wgan256", filter_multiplier=1 / 64)
    export.export(generator, config, tmp_path / "n.tflite", format="litert")


@pytest.mark.parametrize(
    ("format", "values", "mode"),
    [
        *((one, SCALED, "RGB") for one in export.FORMATS),
        ("onnx", NOISY, "L"),
        ("tf_saved_model", SCALED | {"color_space": "yuv"}, "RGBA"),
    ],
)
def test_the_description_and_its_example(exported, tmp_path, monkeypatch, format, values, mode):
    """The example colours as `Colorizer` does, which it knows nothing of, a picture larger than the working size."""
    generator, config, path, _ = exported(format, **values)
    shutil.copytree(path.parent, tmp_path, dirs_exist_ok=True)
    space = config.data.color_space
    said = json.loads((tmp_path / (NAMES[format] + ".json")).read_text())
    assert (said["format"], said["color_space"]) == (format, space)
    assert said["ab_scale"] == (90 if space == "lab" else None)
    assert [one["name"] for one in said["inputs"]] == (["gray", "noise"] if space == "rgb" else ["gray"])
    assert said["inputs"][0]["shape"] == ["batch", "height", "width", 1] and said["inputs"][0]["range"] == [-1, 1]
    assert said["output"]["shape"][-1] == (3 if space == "rgb" else 2)
    assert [one["size"] for one in said["difference_from_keras"]] == [list(size) for size in export.SIZES]
    work_size = said["working_size"]["shorter_side"]
    assert work_size == natural_size(config.data, generator.multiple)
    monkeypatch.chdir(tmp_path)
    picture = photograph(3 * work_size, 4 * work_size)
    Image.fromarray(picture).convert(mode).save("photo.png")
    exec("\n".join(said["example"]), {})
    result = np.asarray(Image.open("colored.png"))
    colorizer = Colorizer(Predictor.of(generator, config), work_size=work_size)
    expected = colorizer.colorize(np.asarray(Image.open("photo.png").convert("L" if mode == "L" else "RGB")))
    result, expected = (np.asarray(color.rgb_to_lab(one / np.float32(255))) for one in (result, expected))
    error = np.abs(result - expected).mean(axis=(0, 1))
    assert error[0] < 0.2 and error[1:].mean() < 0.5, error  # Lab units; of L 8 bits leave 0.1
    assert np.abs(expected[..., 1:]).mean() > 2  # colours, not gray that anything equals


@pytest.mark.parametrize("size", [(3000, 4000), (700, 5000), (300, 160), (1, 1), (9, 400), (231, 223)])
def test_the_working_size_of_the_example_is_that_of_serving(size):
    """Panoramas, small pictures and slivers too."""
    said = description.of(Config(), "n.onnx", format="onnx", imports="", call="", rows=[], work_size=224)
    code = [line for line in said["example"] if line.startswith(("factor", "step", "h, w"))]
    exec("\n".join(code), scope := {"size": size, "np": np})
    assert (scope["h"], scope["w"]) == working.size(*size, 224)


def test_the_example_takes_12_megapixels_within_2_gb(exported, tmp_path):
    """It takes some memory for the runtime and some for each pixel: 3 megapixels within 500 MB is a stricter law."""
    *_, path, _ = exported("onnx", **SCALED)
    example = json.loads((path.parent / (path.name + ".json")).read_text())["example"]
    shutil.copy(path, tmp_path)
    Image.fromarray(photograph(1500, 2000)).save(tmp_path / "photo.png")
    # Not getrusage: its peak is inherited from the process that tests run in.
    code = [*example, "print([line for line in open('/proc/self/status') if 'VmHWM' in line][0].split()[1])"]
    done = subprocess.run([sys.executable, "-c", "\n".join(code)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and int(done.stdout) < 0.5e6, done


def test_onnx_names_its_sizes(exported):
    import onnxruntime

    session = onnxruntime.InferenceSession(exported("onnx", **NOISY)[2])
    shapes = {one.name: one.shape for one in (*session.get_inputs(), *session.get_outputs())}
    sizes = ["batch", "height", "width"]
    assert shapes == {"gray": [*sizes, 1], "noise": [*sizes, 1], "color": [*sizes, 3]}


def test_the_range_of_bins_is_that_of_their_centres():
    ranges = {}
    for values in (BINS, {"ab_scale": 80.0}):
        _, config = built(**values)
        said = description.of(config, "n.onnx", format="onnx", imports="", call="", rows=[], work_size=32)
        ranges[config.architecture.head] = said["output"]["range"]
    assert ranges == {"joint-bins": [-1.375, 1.375], "color": [-1, 1]}  # 110 / 80, by hand


def test_what_is_there_stays_unless_it_is_to_be_replaced(written, tmp_path):
    generator, config = written
    (tmp_path / "network.tflite").write_bytes(b"before")
    with pytest.raises(FileExistsError, match=r"network\.tflite exists.*--overwrite"):
        export.export(generator, config, tmp_path / "network.tflite", format="litert")
    assert (tmp_path / "network.tflite").read_bytes() == b"before"
    for _ in range(2):  # over nothing, over a SavedModel
        export.export(generator, config, tmp_path / "network", format="tf_saved_model", overwrite=True)
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.png").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="not a SavedModel"):
        export.export(generator, config, tmp_path / "holiday", format="tf_saved_model", overwrite=True)
    assert (tmp_path / "holiday" / "photo.png").read_bytes() == b"mine"


def test_what_cannot_be_exported(tmp_path, monkeypatch):
    generator, config = built()
    with pytest.raises(ValueError, match="Unknown `--format` 'jpg' of a network. Known: tf_saved_model, onnx, litert"):
        export.export(generator, config, tmp_path / "a.jpg", format="jpg")
    for format, suffix in (("litert", ".tflite"), ("onnx", ".onnx")):
        with pytest.raises(ValueError, match=rf"{format} has a name that ends in \{suffix}. Received: .*a.h5"):
            export.export(generator, config, tmp_path / "a.h5", format=format)
    half, _ = built(precision="mixed_bfloat16")
    with pytest.raises(ValueError, match="in float32. Received: one in bfloat16"):
        export.export(half, config, tmp_path / "a.onnx", format="onnx")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else types.ModuleType(name))
    with pytest.raises(
        ValueError, match=r"missing packages, tf2onnx, from the extra `onnx`.*pip install -e \"\.\[onnx\]\"$"
    ):
        export.export(generator, config, tmp_path / "a.onnx", format="onnx")
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_written(tmp_path):
    generator, config = built()
    (tmp_path / "file").write_bytes(b"a file where a folder should be")
    with pytest.raises(OSError, match=r"`--output`: cannot write .*n\.tflite"):
        export.export(generator, config, tmp_path / "file" / "n.tflite", format="litert")


@pytest.mark.parametrize("wrong", [0.01, np.nan])
def test_a_file_that_differs_from_keras_is_not_written(written, tmp_path, monkeypatch, wrong):
    generator, config = written
    row = export.FORMATS["tf_saved_model"]
    off = dataclasses.replace(row, load=lambda path: lambda **given: row.load(path)(**given) + np.float32(wrong))
    monkeypatch.setitem(export.FORMATS, "tf_saved_model", off)
    with pytest.raises(ValueError, match="differs from Keras by"):
        export.export(generator, config, tmp_path / "network", format="tf_saved_model")
    assert list(tmp_path.iterdir()) == []


def test_errors_are_the_largest_and_the_mean(tmp_path):
    generator, _ = built()

    def one_value_is_off(gray):
        result = np.array(generator(gray))
        result[0, 0, 0, 0] += 5e-4
        return result

    for one in export.compare(generator, [], one_value_is_off, path=tmp_path):
        batch, height, width = one.size
        np.testing.assert_allclose(one.max_error, 5e-4, rtol=1e-3)
        np.testing.assert_allclose(one.mean_error, 5e-4 / (batch * height * width * 2), rtol=1e-3)  # two channels
    with pytest.raises(ValueError, match=r"\[1, 31, 48, 2\], but Keras gives \[1, 32, 48, 2\]"):
        export.compare(generator, [], lambda gray: np.asarray(generator(gray))[:, 1:], path=tmp_path)


def test_network_and_description_are_replaced_both_or_none(written, tmp_path):
    generator, config = written
    path, beside = tmp_path / "network", tmp_path / "network.json"
    export.export(generator, config, path, format="tf_saved_model")
    before = (path / "saved_model.pb").stat()
    beside.unlink()
    beside.mkdir()  # a folder where the description should be
    with pytest.raises(OSError, match="`--output`: cannot write"):
        export.export(generator, config, path, format="tf_saved_model", overwrite=True)
    after = (path / "saved_model.pb").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    with pytest.raises(OSError, match="`--output`: cannot write"):
        (tmp_path / "new.json").mkdir()
        export.export(generator, config, tmp_path / "new", format="tf_saved_model")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["network", "network.json", "new.json"]
