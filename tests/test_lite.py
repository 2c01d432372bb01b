"""The light distribution colours as colorgan does, without TensorFlow; here from its sources, in its own process."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from PIL import Image

from colorgan.files import reading
from colorgan.imaging import fullres, working
from colorgan.serving import photos

ROOT = Path(__file__).parent.parent
FACTORS = np.float32([0.5, -0.25])  # a and b of the network here are its gray times these
CODE = """
import importlib.metadata as metadata, sys
metadata.version = lambda name: "0"
from colorgan_lite import command
status = command.run(sys.argv[1:])
print(*sorted({"tensorflow", "keras", "cv2", "av", "scipy", "colorgan"} & set(sys.modules)))
sys.exit(status)
"""


class Stub:
    """What the network here predicts, for `photos`."""

    def predict_small(self, rgb, flip_average=False):
        light = np.stack([fullres.lightness(one) for one in rgb])[..., None]
        return (light / 50 - 1) * FACTORS * np.float32(110)


@pytest.fixture
def lite(tmp_path):
    """A function that runs the command in a new process -> it, as it ended."""
    place = tmp_path / "sources" / "colorgan_lite"
    place.mkdir(parents=True)
    for path in (ROOT / "packaging/lite/colorgan_lite").glob("*.py"):
        (place / path.name).symlink_to(path)
    for room in ("files", "imaging"):
        (place / room).symlink_to(ROOT / room)
    network(tmp_path / "net.onnx")

    def run(*words, weights="net.onnx"):
        command = [sys.executable, "-c", CODE, *map(str, words), "--weights", weights]
        paths = {"PYTHONPATH": str(tmp_path / "sources")}
        return subprocess.run(command, cwd=tmp_path, env=paths, capture_output=True, text=True)

    return run


def network(path, inputs=("gray",)):
    """Write a network that multiplies gray, and what describes it."""
    shape = ["batch", "height", "width"]
    tensors = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [*shape, channels])
        for name, channels in (("gray", 1), ("color", 2))
    ]
    graph = helper.make_graph(
        [helper.make_node("Mul", ["gray", "factors"], ["color"])],
        "net",
        tensors[:1],
        tensors[1:],
        [numpy_helper.from_array(FACTORS, "factors")],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    said = {"color_space": "lab", "ab_scale": 110, "working_size": {"shorter_side": 32}}
    said |= {"inputs": [{"name": name} for name in inputs], "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    path.with_name(f"{path.name}.json").write_text(json.dumps(said))


def test_it_colours_as_colorgan_does(lite, tmp_path):
    random, folder = np.random.RandomState(0), tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    smooth = Image.fromarray(random.randint(0, 255, (6, 8), np.uint8)).resize((200, 150), Image.BICUBIC)
    smooth.save(folder / "a.jpg")
    smooth.convert("LA").save(folder / "deep" / "b.png")
    Image.fromarray(np.asarray(smooth).astype(np.uint16) * 257).save(folder / "c.tif")
    (folder / "notes.txt").write_text("not a photograph")
    done = lite("in", "--output", "out", "--saturation", "0.5")
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == "", done  # and it needs none of the large packages
    settings = photos.Settings(work_size=32, saturation=0.5)
    for name in ("a.jpg", "deep/b.png", "c.tif"):
        photograph = reading.read(folder / name)
        (ab,) = photos.predict_ab(Stub(), working.shrink(photograph.pixels, 32)[None], settings)
        photos.finish(photograph, ab, tmp_path / "expected" / name, settings)
        ours, theirs = (reading.read(tmp_path / place / name) for place in ("out", "expected"))
        assert ours.pixels.dtype == theirs.pixels.dtype and ours.metadata.xmp == theirs.metadata.xmp
        assert b"DigitalSourceType" in ours.metadata.xmp
        difference = np.abs(ours.pixels.astype(int) - theirs.pixels)
        assert (difference <= (257 if ours.pixels.dtype == np.uint16 else 1)).mean() >= 0.999
        assert np.ptp(ours.pixels.astype(int), axis=-1).max() > 20  # there is colour
    again = lite("in", "--output", "out")
    assert again.returncode == 0 and "3 skipped" in again.stdout


def test_no_photograph_is_written_over(lite, tmp_path):
    (tmp_path / "in").mkdir()
    for name, value in (("s.jpg", 50), ("s.png", 200)):
        Image.new("L", (20, 30), value).save(tmp_path / "in" / name)
    before = (tmp_path / "in" / "s.png").read_bytes()
    done = lite("in", "--output", "in", "--format", "png", "--overwrite")
    assert done.returncode == 1 and done.stderr.count("would be written over in/s.png, a photograph of yours") == 2
    assert (tmp_path / "in" / "s.png").read_bytes() == before
    done = lite("in", "in/s.jpg", "--output", "out", "--format", "png")
    assert done.returncode == 0, done.stderr
    lightness = {path.name: np.asarray(Image.open(path).convert("L")).mean() for path in (tmp_path / "out").iterdir()}
    assert lightness == {"s.png": pytest.approx(200, abs=30), "s.jpg.png": pytest.approx(50, abs=30)}


def test_what_cannot_be_done_is_said(lite, tmp_path):
    Image.new("L", (20, 30), 99).save(tmp_path / "fine.png")
    (tmp_path / "bad.jpg").write_bytes(b"")
    (tmp_path / "colorized").mkdir()
    Image.new("L", (20, 30), 99).save(tmp_path / "colorized" / "own.png")
    done = lite("bad.jpg", "fine.png", "./fine.png", "colorized/own.png")
    assert "own.png would be written over colorized/own.png, a photograph of yours" in done.stderr
    assert done.returncode == 1 and "bad.jpg: cannot be read: the file is empty" in done.stderr
    assert "1 colorized, 2 not." in done.stderr and (tmp_path / "colorized/fine.png").exists()
    for words, said in (
        (["gone.jpg"], "gone.jpg is not there"),
        (["fine.png", "--saturation", "11"], "11 is not a number"),
    ):
        done = lite(*words)
        assert done.returncode == 2 and said in done.stderr
    network(tmp_path / "hints.onnx", inputs=("gray", "hints"))
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    (tmp_path / "bad.onnx.json").write_text((tmp_path / "net.onnx.json").read_text().replace("sha256", "-"))
    (tmp_path / "net.onnx").write_bytes((tmp_path / "net.onnx").read_bytes() + b"\0")
    for weights, said in (
        ("hints.onnx", "without --steering"),
        ("net.onnx", "is damaged"),
        ("bad.onnx", "cannot be used"),
    ):
        done = lite("fine.png", weights=weights)
        assert done.returncode == 2 and said in done.stderr
