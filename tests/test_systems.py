"""The published systems through the doors, as their users run them, on tiny data."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorgan.commands import class_weights
from colorgan.settings import flags
from colorgan.training import schedules

pytestmark = pytest.mark.usefixtures("few")
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


def test_rgb64_and_a_run_that_begins_where_it_ended(faces, here, tmp_path):
    words = [
        "--dataset",
        "folder",
        "--dataset-path",
        faces,
        "--height",
        64,
        "--width",
        32,
        "--preset",
        "rgb64",
        *NARROW,
    ]
    done = here("train", *words, "--checkpoints-path", "run", "--max-steps", 1)
    assert "Finished at iteration 1" in done.out
    printed = here(None, "--mode", "sample", "--checkpoints-path", "run", "--runs", 2).out
    grids = [np.asarray(Image.open(line)) for line in printed.split() if line.endswith(".png")]
    assert len(grids) == 2 and grids[0].shape == grids[1].shape
    # gray | truth | result: the first two thirds are the same photographs.
    columns = grids[0].shape[1] * 2 // 3
    assert np.array_equal(grids[0][:, :columns], grids[1][:, :columns])
    assert not np.array_equal(grids[0], grids[1]), "another noise"

    done = here("train", *words, "--network", "run", "--lr", 1e-5, "--max-steps", 1)
    assert "Starting from" in done.out and "generator and discriminator" in done.out
    settings, began = (json.loads(Path(run, "config.json").read_text()) for run in ("run", "checkpoints/folder"))
    assert began["lr"] != settings["lr"]
    other = here("train", *words, "--filter-multiplier", 0.2, "--network", "run", "--name", "other", expect=1)
    assert "--filter-multiplier: 0.1 there, 0.2 now" in other.err
    gone = here("train", *words, "--network", "nowhere", "--name", "gone", expect=1)
    assert "`--network`: no weights at nowhere" in gone.err


def test_wgan256_through_both_phases(here, tmp_path, monkeypatch):
    # A critic that is sure, or the generator may have no turn in so short a run.
    monkeypatch.setattr(schedules, "cantelli", lambda gaps: (1.0, 1.0))
    words = [
        "--preset", "wgan256", "--dataset", "shapes", "--height", 64, "--width", 64, *NARROW, "--pretrain-steps", 1,
        "--critic-ratio-min", 2, "--d-steps", 2, "--unfreeze", "[[0,13],[2,0]]", "--sample", "False",
    ]  # fmt: skip
    measured = here(None, "--mode", "class-weights", *words)
    path = tmp_path / "checkpoints/shapes/class_weights.json"
    before = path.read_text()
    assert "32 weights" in measured.out and len(json.loads(before)["weights"]) == 2
    done = here("train", *words, "--max-steps", 4)
    assert "Measuring" not in done.out and path.read_text() == before
    assert "phase pretrain" in done.out + done.err and "phase adversarial" in done.out + done.err
    rows = [json.loads(line) for line in (tmp_path / "checkpoints/shapes/metrics.jsonl").read_text().splitlines()]
    logged = set().union(*rows)
    assert {"g/classification", "g/adv", "d/gp", "d/gap", "d/ratio"} <= logged
    other = [*words, "--validation-fraction", 0.5, "--name", "other"]
    again = here(None, "--mode", "class-weights", *other)
    assert "Measuring" in again.out


def test_weights_of_bins_are_those_of_the_photographs_as_they_are():
    with pytest.raises(ValueError, match="`--chroma-gain` and `--min-colorfulness` change the colours"):
        class_weights.obtain(flags.resolve({"preset": "wgan256", "chroma_gain": 1.2}), photographs=None)


def test_a_controlled_run_says_what_it_achieved(here, tmp_path):
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
    done = here("train", *words, "--max-steps", 1)
    # Two grids of a generator that takes no noise would be the same.
    words = ["--mode", "sample", "--checkpoints-path", "checkpoints/shapes", "--runs", 2]
    assert "`--runs`: this generator takes no noise" in here(None, *words, expect=1).err
    table = (tmp_path / "checkpoints/shapes/validation.txt").read_text()
    for text in (done.out, table):
        assert "desired" in text and "saturation" in text and "hue" in text
    assert "desired" in here("eval", "--checkpoints-path", "checkpoints/shapes", "--eval-size", 4).out
