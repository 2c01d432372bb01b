"""A new system is one preset row and at most one file of networks, a new input one row: docs/port.md's, added."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORT = (ROOT / "docs" / "port.md").read_text(encoding="utf-8")


@pytest.fixture
def package(tmp_path):
    """-> a folder that holds the package `colorgan` with the system and the input added, the rest of it linked."""
    copy = tmp_path / "path" / "colorgan"
    copy.mkdir(parents=True)
    networks = copy / "models" / "networks"
    networks.mkdir(parents=True)
    (copy / "settings").mkdir()
    file, preset, option, row = re.findall(r"```python\n(.*?)```", PORT, re.S)
    added = {
        "settings/presets.py": ("PRESETS = {\n", preset),
        "settings/config.py": ("    filter_multiplier: float = ", option),
        "models/inputs.py": ("INPUTS = (\n", row.removeprefix("INPUTS = (\n").removesuffix(")\n")),
    }
    made = {"": {"models", "settings"}, "models": {"networks", "inputs.py"}, "settings": {"presets.py", "config.py"}}
    for folder, others in ((ROOT / name, others) for name, others in made.items()):
        for entry in folder.iterdir():
            if entry.name not in others | {"tests", "docs", "benchmarks"} and not entry.name.startswith("."):
                (copy / folder.relative_to(ROOT) / entry.name).symlink_to(entry)
    for entry in (ROOT / "models" / "networks").glob("*.py"):
        (networks / entry.name).symlink_to(entry)
    (networks / "plain.py").write_text(file)
    for name, (before, lines) in added.items():
        text = (ROOT / name).read_text()
        assert text.count(before) == 1
        lines = before + lines if before.endswith(("{\n", "= (\n")) else lines + before  # into a table; before a field
        (copy / name).write_text(text.replace(before, lines))
    return copy.parent


USE = """
import json, sys
import numpy as np
import tensorflow as tf
from PIL import Image
from colorgan import main

tf.config.run_functions_eagerly(True)
RUN = ["--checkpoints-path", "run"]
small = ["--dataset", "shapes", "--batch-size", "4", "--validate-size", "4", "--sample", "False", "--max-steps", "1"]
channels = ["--noise-channels", "1", "--warmth-channels", "1"]
assert main.run("train", ["--preset", "plain", *small, *channels, *RUN]) == 0
assert json.load(open("run/config.json"))["generator"] == "plain"
assert main.run("eval", [*RUN, "--eval-size", "4"]) == 0
Image.fromarray(np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)).save("gray.png")
assert main.run("colorize", ["gray.png", *RUN, "--flip-average"]) == 0
assert Image.open("colorized/gray.png").size == (64, 48)
assert main.run("export", [*RUN, "--format", "tf_saved_model", "--output", "network"]) == 0
inputs = json.load(open("network.json"))["inputs"]
assert [one["name"] for one in inputs] == ["gray", "warmth", "noise"], inputs
"""


@pytest.mark.slow
def test_the_system_and_the_input_of_the_guide_are_trained_and_used(package, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    assert "Finished at iteration 1" in done.stdout and "mae_ab" in done.stdout
