"""The benchmarks run, and the method that one compares with is the published one; what they find nobody asserts."""

import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from colorgan.evaluation import people
from colorgan.models import generators
from colorgan.settings import flags
from colorgan.weights.stored import WEIGHTS

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


@pytest.mark.nightly
def test_the_service_loses_nothing_under_load(tmp_path):
    words = [ROOT / "benchmarks" / "service.py", "--clients", "8", "--seconds", "10"]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
    assert done.stdout.count("lost 0, wrong 0") == 2 and done.stdout.endswith("exit status after SIGTERM 0\n")


@pytest.fixture(scope="module")
def propagation():
    return SimpleNamespace(**runpy.run_path(str(ROOT / "benchmarks" / "propagation.py")))


def test_one_point_colours_a_plain_picture(propagation):
    """Every pixel the mean of its neighbours and one given: the only such picture is constant (maximum principle)."""
    values, given = np.zeros((5, 5, 2)), np.zeros((5, 5), bool)
    values[1, 3], given[1, 3] = (30, -12), True
    made = propagation.propagate(propagation.affinities(np.full((5, 5), 0.5)), values, given, pull=0)
    np.testing.assert_allclose(made, np.broadcast_to([30.0, -12.0], (5, 5, 2)), atol=1e-6)


def test_propagation_by_hand(propagation):
    """Of three equal pixels in a row with 1 at one end and 7 at the other the middle has 4, pulled by 1/3 it has 3."""
    weights, given = propagation.affinities(np.full((1, 3), 0.5)), np.array([[True, False, True]])
    np.testing.assert_allclose(weights.toarray(), [[0, 1, 0], [0.5, 0, 0.5], [0, 1, 0]])
    values = np.array([[[1.0], [99.0], [7.0]]])
    assert propagation.propagate(weights, values, given, pull=0)[0, 1, 0] == pytest.approx(4)
    assert propagation.propagate(weights, values, given, pull=1 / 3)[0, 1, 0] == pytest.approx(3)


def test_propagation_stops_at_edges(propagation):
    lightness = np.repeat([[0.2, 0.2, 0.2, 0.8, 0.8, 0.8]], 4, axis=0)
    values, given = np.zeros((4, 6, 1)), np.zeros((4, 6), bool)
    values[0, 0], values[3, 5], given[0, 0], given[3, 5] = 10, 50, True, True
    made = propagation.propagate(propagation.affinities(lightness), values, given)
    assert np.abs(made[:, :3] - 10).max() < 5 and np.abs(made[:, 3:] - 50).max() < 5


def test_points_are_painted_with_their_mean(propagation):
    truth = np.zeros((1, 4, 4, 3))
    truth[0, 1, 1, 1:] = (9, 18)
    points = people.Points(np.float32([[[0.3, 0.3], [0.9, 0.9]]]), np.float32([[3, 1]]))
    colors, given = propagation.painted(points, 0, truth[0])
    expected = np.pad(np.ones((3, 3), bool), ((0, 1), (0, 1)))
    np.testing.assert_allclose(colors[expected], np.broadcast_to([1, 2], (9, 2)))  # 9 and 18, over nine pixels
    expected[3, 3] = True
    np.testing.assert_array_equal(given, expected)


@pytest.mark.nightly
def test_propagation_is_compared_with_a_network(tmp_path):
    config = flags.parse(["--dataset", "shapes", "--conditions", "hints"]).config
    (tmp_path / "config.json").write_text(config.to_json())
    generators.build(config).save_weights(tmp_path / WEIGHTS)
    words = [ROOT / "benchmarks" / "propagation.py", tmp_path, "--eval-size", "3", "--hint-counts", "2"]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "N = 3 images" in done.stdout and done.stdout.splitlines()[-1].startswith("2 points  mae_ab (Lab)")


@pytest.mark.nightly
def test_smoothing_is_measured(tmp_path):
    for seed in range(2):
        picture = np.random.RandomState(seed).randint(0, 256, (12, 16, 3), np.uint8)
        Image.fromarray(picture).resize((192, 160)).save(tmp_path / f"{seed}.png")
    words = [ROOT / "benchmarks" / "smoothing.py", tmp_path, "--clips", "1", "--films", "1"]
    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.count("flicker moving") == 9 and "cuts: precision" in done.stdout.splitlines()[-1]
