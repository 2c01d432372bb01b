"""The doors of use, on a run that was never trained: a film, an export; the page in a process of its own."""

import importlib.util
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from colorgan.models import generators
from colorgan.serving.colorizer import Colorizer
from colorgan.settings import flags

ROOT = Path(__file__).parents[2]
TABLES = {"encoder": ((4, 1), (6, 2), (8, 2)), "decoder": ((6, 2), (4, 2))}
CONFIG = {"dataset": "shapes", "height": 16, "width": 16, **TABLES}
ON_CPU = ("--gpu-ids", "-1")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run's directory."""
    folder = tmp_path_factory.mktemp("home") / "run"
    folder.mkdir()
    config = flags.resolve(CONFIG)
    generators.build(config).save_weights(folder / "generator.weights.h5")
    (folder / "config.json").write_text(config.to_json())
    return folder


def needs(*packages):
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"{', '.join(missing)} missing")


def test_a_film_and_a_photograph_through_the_door(run, here, tmp_path, make_film):
    make_film(tmp_path / "film.mp4", (60, 90, 120), codec="mpeg4")
    picture = np.random.RandomState(0).randint(0, 256, (37, 51), np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    words = ["film.mp4", "photo.png", "--weights", run, "--output", "out", "--film-codec", "ffv1", *ON_CPU]
    printed = here("colorize", *words).out
    assert "3 frames in" in printed
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["film.mp4", "manifest.json", "photo.png"]
    with av.open(str(tmp_path / "out" / "film.mp4")) as film:
        assert film.streams.video[0].codec_context.name == "ffv1"
        assert [(one.height, one.width) for one in film.decode(video=0)] == [(24, 32)] * 3
    entries = json.loads((tmp_path / "out" / "manifest.json").read_text())["photographs"]
    assert [one["output"] for one in entries] == ["film.mp4", "photo.png"] and len(entries[0]["weights_sha256"]) == 64
    # The class gives what the door gives.
    with Image.open(tmp_path / "out" / "photo.png") as image:
        np.testing.assert_array_equal(np.asarray(image), Colorizer.load(run).colorize(picture))


def test_a_photograph_is_steered_through_the_door(run, here, tmp_path):
    picture = np.linspace(40, 200, 37 * 51).reshape(37, 51).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "photo.png")
    (tmp_path / "hints.json").write_text('[{"x": 20, "y": 12, "color": "#7a1f2b"}]')
    words = ["photo.png", "--hints", "hints.json", "--desired-saturation", "0.3", "--variants", "2", "--doubt", *ON_CPU]
    said = here("colorize", *words, "--weights", run, expect=1).err
    assert "were trained without --conditions hints" in said and not (tmp_path / "colorized").exists()
    config = flags.resolve({**CONFIG, "head": "color-and-bins", "conditions": ("hints", "palette", "aim")})
    (tmp_path / "run").mkdir()
    generators.build(config).save_weights(tmp_path / "run" / "generator.weights.h5")
    (tmp_path / "run" / "config.json").write_text(config.to_json())
    gone = here("colorize", "photo.png", "--hints", "gone.json", "--weights", "run", "--dry-run", expect=1)
    assert "gone.json" in gone.err
    here("colorize", *words, "--weights", "run", "--dry-run")
    assert not (tmp_path / "colorized").exists()
    here("colorize", *words, "--weights", "run")
    names = ["manifest.json", "photo-variant-2.png", "photo.png", "photo.png-doubt.png"]
    assert sorted(p.name for p in (tmp_path / "colorized").iterdir()) == names
    (entry,) = json.loads((tmp_path / "colorized" / "manifest.json").read_text())["photographs"]
    asked = {"hints": "hints.json", "desired_saturation": 0.3, "variants": 2, "doubt": True}
    assert entry["steering"].items() >= asked.items() and entry["aim"]["saturation"]["desired"] == 0.3


def test_an_export_through_the_door(run, here, tmp_path):
    needs("onnx", "tf2onnx", "onnxruntime")
    words = ["--mode", "export", "--format", "onnx", "--weights", run, "--output", "network.onnx", *ON_CPU]
    said = here(None, *words).out
    assert "Difference from Keras" in said and "network.onnx.json with its ranges and an example of its use" in said
    assert sorted(p.name for p in tmp_path.iterdir()) == ["network.onnx", "network.onnx.json"]
    import onnxruntime

    gray = np.random.default_rng(0).uniform(-1, 1, (1, 9, 13, 1)).astype(np.float32)
    (color,) = onnxruntime.InferenceSession(tmp_path / "network.onnx").run(["color"], {"gray": gray})
    np.testing.assert_allclose(color, np.asarray(Colorizer.load(run).generator(gray)), atol=1e-5)


def test_the_page_through_the_door(run, tmp_path):
    said = tmp_path / "said.txt"
    command = [sys.executable, str(ROOT / "app.py"), "--weights", str(run), "--port", "0", *ON_CPU]
    with said.open("w") as file:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=file, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 300
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", said.read_text())):
            assert process.poll() is None and time.monotonic() < end, said.read_text()
            time.sleep(0.1)
        with _opened(found[0]) as answer:
            assert answer.status == 200 and b"Colorize photographs" in answer.read()
        file = io.BytesIO()
        picture = np.random.RandomState(0).randint(0, 256, (37, 51), np.uint8)
        Image.fromarray(picture).save(file, "PNG")
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        request = urllib.request.Request(f"{found[0]}/colorize", head + file.getvalue() + b"\r\n--x--\r\n", kind)
        with _opened(request) as answer:
            result = np.asarray(Image.open(io.BytesIO(answer.read())))
        np.testing.assert_array_equal(result, Colorizer.load(run).colorize(picture))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, said.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _opened(request):
    """The answer, whatever proxy the environment names."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120)
