"""The benchmarks run; what they measure is nobody's to assert."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.nightly
def test_the_step_is_timed_against_the_naive_one(tmp_path):
    words = [ROOT / "benchmarks" / "train_step.py", "--preset", "tiny", "--batch-size", "4", "--rounds", "1"]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.splitlines()[-1].startswith("fused_bn_gain=")


@pytest.mark.nightly
def test_the_parts_of_a_pretrained_encoders_step_are_timed(tmp_path):
    words = ["--preset", "photo", "--batch-size", "2", "--size", "32", "--rounds", "1"]
    words = [ROOT / "benchmarks" / "train_step.py", *words]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "encoder, forward, float32: " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("bfloat16 against float32, with gradients, dense 3x3")
