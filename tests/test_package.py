"""The package as others get it: a wheel, installed in an environment of its own, and used outside the checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import colorgan
from colorgan import weights

pytestmark = pytest.mark.nightly
ROOT = Path(__file__).parent.parent
LEFT_OUT = (".*", "build", "*.egg-info", "__pycache__", "checkpoints", "dataset", "results", "tests", "benchmarks")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    place = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, place / "source", ignore=shutil.ignore_patterns(*LEFT_OUT))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", place, place / "source"]
    subprocess.run(command, check=True)
    (made,) = place.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def bin_folder(wheel, tmp_path_factory):
    """The programs of an environment with nothing but the wheel and what it asks for."""
    place = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    subprocess.run([place / "bin" / "pip", "install", "--quiet", wheel], check=True)
    return place / "bin"


def told(program, *words, cwd, expect=0):
    """-> what a program of the clean environment prints, with nothing of ours on its path."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([program, *words], cwd=cwd, env=clean, capture_output=True, text=True)
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_wheel_holds_the_rooms_and_the_weights_and_no_more(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert wheel.name.startswith(f"colorgan-{colorgan.__version__}-py3-none-any")
    sources = {str(path.relative_to(ROOT)) for path in ROOT.glob("*/**/*.py")}
    others = ("tests", "docs", "benchmarks", "build", "packaging")
    rooms = {name for name in sources if name.split("/")[0] not in others}
    assert {f"colorgan/{name}" for name in rooms} <= names
    for name in weights.names():
        assert {f"colorgan/weights/{name}{suffix}" for suffix in (".weights.h5", ".weights.json", ".md")} <= names
    assert {"colorgan/turing/page.html", "colorgan/serving/static/index.html"} <= names
    assert "colorgan/serving/static/examples/cat.jpg" in names
    top = {name.split("/")[1] for name in names if name.count("/") == 1 and name.startswith("colorgan/")}
    assert top == {"__init__.py", "__main__.py", "main.py"} and not any("colorgan/tests" in name for name in names)
    assert 40e6 < wheel.stat().st_size < 100e6  # the weights alone take 40; PyPI takes no file above 100


def test_it_colorizes_outside_the_checkout(bin_folder, tmp_path):
    colorgan_ = bin_folder / "colorgan"
    assert told(colorgan_, "--version", cwd=tmp_path).strip() == f"colorgan {colorgan.__version__}"
    assert told(colorgan_, cwd=tmp_path) == told(bin_folder / "python", "-m", "colorgan", cwd=tmp_path)
    assert "colorgan colorize photo.jpg" in told(colorgan_, "colorize", "--help", cwd=tmp_path)
    Image.linear_gradient("L").resize((60, 40)).save(tmp_path / "gray.png")
    told(colorgan_, "colorize", "gray.png", "--gpu-ids", "-1", cwd=tmp_path)
    with Image.open(tmp_path / "colorized" / "gray.png") as made:
        assert made.size == (60, 40) and made.mode == "RGB"
    needs = told(colorgan_, "export", "--format", "onnx", "--output", "a.onnx", cwd=tmp_path, expect=1)
    assert 'pip install "colorgan[onnx]"' in needs


def test_the_light_distribution_is_small_quick_and_colours_alike(bin_folder, tmp_path):
    place = tmp_path / "source"
    shutil.copytree(ROOT, place, ignore=shutil.ignore_patterns(*LEFT_OUT))
    subprocess.run([sys.executable, place / "packaging/lite/make.py"], check=True, env=os.environ | {"PYTHONPATH": ""})
    wheel = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path]
    subprocess.run([*wheel, place / "packaging/lite"], check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "light"], check=True)
    python, (made,) = tmp_path / "light/bin/python", tmp_path.glob("*.whl")
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", "--quiet", made], check=True)
    installed = [path for path in (tmp_path / "light/lib").rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in installed) < 300e6
    picture = Image.open(ROOT / "serving/static/examples/cat.jpg").convert("L").resize((1200, 900), Image.BICUBIC)
    picture.save(tmp_path / "cat.png")
    told(tmp_path / "light/bin/colorgan_lite", "cat.png", "--output", "light-out", cwd=tmp_path)
    told(bin_folder / "colorgan", "colorize", "cat.png", "--output", "out", cwd=tmp_path)
    ours, theirs = (np.asarray(Image.open(tmp_path / name / "cat.png"), int) for name in ("light-out", "out"))
    assert (np.abs(ours - theirs) <= 1).mean() >= 0.999 and np.ptp(ours, axis=-1).max() > 20
