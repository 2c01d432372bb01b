"""The published systems through the doors, as their users run them, on tiny data."""

import json

import numpy as np
import pytest
from PIL import Image

from colorgan.commands import class_weights
from colorgan.settings import flags

NARROW = ["--filter-multiplier", "0.1", "--batch-size", "4", "--validate-size", "4", "--sample-size", "2"]


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """-> a folder of jpgs, larger than what is trained on."""
    folder = tmp_path_factory.mktemp("faces")
    rng = np.random.default_rng(0)
    for i in range(12):
        small = Image.fromarray(rng.integers(0, 256, (6, 5, 3), dtype=np.uint8))
        small.resize((50, 90), Image.Resampling.BICUBIC).save(folder / f"{i}.jpg")
    return folder


@pytest.fixture(scope="module")
def portraits(faces, door, tmp_path_factory):
    """-> the folder of a run of `rgb64` at 64x32."""
    cwd = tmp_path_factory.mktemp("rgb64")
    words = ["--dataset", "folder", "--dataset-path", faces, "--height", 64, "--width", 32, "--checkpoints-path", "run"]
    done = door("train.py", "--preset", "rgb64", *words, *NARROW, "--max-steps", 3, cwd=cwd)
    assert "Finished at iteration 3" in done.stdout
    return cwd


@pytest.mark.slow
def test_rgb64_samples_differ_with_the_noise(portraits, door):
    printed = door("main.py", "--mode", "sample", "--checkpoints-path", "run", "--runs", 2, cwd=portraits).stdout
    grids = [np.asarray(Image.open(portraits / line)) for line in printed.split() if line.endswith(".png")]
    assert len(grids) == 2 and grids[0].shape == grids[1].shape
    # gray | truth | result: the first two thirds are the same photographs.
    columns = grids[0].shape[1] * 2 // 3
    assert np.array_equal(grids[0][:, :columns], grids[1][:, :columns])
    assert not np.array_equal(grids[0], grids[1])


@pytest.mark.slow
def test_network_begins_where_another_run_ended(portraits, faces, door, tmp_path):
    settings = json.loads((portraits / "run" / "config.json").read_text())
    words = [
        "--preset",
        "rgb64",
        "--dataset",
        "folder",
        "--dataset-path",
        faces,
        "--height",
        64,
        "--width",
        32,
        *NARROW,
    ]
    done = door("train.py", *words, "--network", portraits / "run", "--lr", 1e-5, "--max-steps", 1, cwd=tmp_path)
    assert "Starting from" in done.stdout and "generator and discriminator" in done.stdout
    assert json.loads((tmp_path / "checkpoints/folder/config.json").read_text())["lr"] != settings["lr"]
    other = door(
        "train.py", *words, "--filter-multiplier", 0.2, "--network", portraits / "run", "--name", "other",
        cwd=tmp_path, expect=1,
    )  # fmt: skip
    assert "--filter-multiplier: 0.1 there, 0.2 now" in other.stderr
    gone = door("train.py", *words, "--network", "nowhere", "--name", "gone", cwd=tmp_path, expect=1)
    assert "`--network`: no weights at nowhere" in gone.stderr


@pytest.mark.slow
def test_noise_is_what_several_samples_need(door, tmp_path):
    door("train.py", "--dataset", "shapes", *NARROW, "--max-steps", 1, cwd=tmp_path)
    words = ["--mode", "sample", "--checkpoints-path", "checkpoints/shapes"]
    assert (
        "`--runs`: this generator takes no noise" in door("main.py", *words, "--runs", 2, cwd=tmp_path, expect=1).stderr
    )


@pytest.mark.slow
def test_wgan256_through_both_phases(door, tmp_path):
    words = [
        "--preset", "wgan256", "--dataset", "shapes", "--height", 64, "--width", 64, *NARROW, "--pretrain-steps", 2,
        "--critic-ratio-min", 2, "--d-steps", 2, "--unfreeze", "[[0,13],[3,0]]",
    ]  # fmt: skip
    measured = door("main.py", "--mode", "class-weights", *words, cwd=tmp_path)
    path = tmp_path / "checkpoints/shapes/class_weights.json"
    before = path.read_text()
    assert "32 weights" in measured.stdout and len(json.loads(before)["weights"]) == 2
    done = door("train.py", *words, "--max-steps", 6, cwd=tmp_path)
    assert "Measuring" not in done.stdout and path.read_text() == before
    assert "phase pretrain" in done.stdout + done.stderr and "phase adversarial" in done.stdout + done.stderr
    rows = [json.loads(line) for line in (tmp_path / "checkpoints/shapes/metrics.jsonl").read_text().splitlines()]
    logged = set().union(*rows)
    assert {"g/classification", "g/adv", "d/gp", "d/gap", "d/ratio"} <= logged
    other = [*words, "--validation-fraction", 0.5, "--name", "other"]
    again = door("main.py", "--mode", "class-weights", *other, cwd=tmp_path)
    assert "Measuring" in again.stdout


def test_weights_of_bins_are_those_of_the_photographs_as_they_are():
    with pytest.raises(ValueError, match="`--chroma-gain` and `--min-colorfulness` change the colours"):
        class_weights.obtain(flags.resolve({"preset": "wgan256", "chroma_gain": 1.2}), photographs=None)


@pytest.mark.slow
def test_a_controlled_run_says_what_it_achieved(door, tmp_path):
    words = [
        "--preset",
        "controlled",
        "--dataset",
        "shapes",
        *NARROW,
        "--desired-saturation",
        0.5,
        "--desired-hue",
        0.6,
    ]
    done = door("train.py", *words, "--max-steps", 2, cwd=tmp_path)
    table = (tmp_path / "checkpoints/shapes/validation.txt").read_text()
    for text in (done.stdout, table):
        assert "desired" in text and "saturation" in text and "hue" in text
    measured = door("test-eval.py", "--checkpoints-path", "checkpoints/shapes", "--eval-size", 4, cwd=tmp_path)
    assert "desired" in measured.stdout
