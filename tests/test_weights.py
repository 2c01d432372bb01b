"""Weights that ship, and packed weights through the doors."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from colorgan import Colorizer, main, weights
from colorgan.commands import common
from colorgan.models import generators
from colorgan.settings import flags
from colorgan.training import checkpoints, state
from colorgan.weights import card, packing, stored

pytestmark = pytest.mark.usefixtures("few")
LARGEST = 40e6  # bytes


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run's folder with untrained weights of the networks of `tiny`, for `shapes`."""
    folder = tmp_path_factory.mktemp("runs") / "shapes"
    folder.mkdir()
    config = flags.resolve({"dataset": "shapes", "filter_multiplier": 0.25, "batch_size": 8})
    generators.build(config).save_weights(folder / stored.WEIGHTS)
    (folder / "config.json").write_text(config.to_json())
    return folder


@pytest.fixture
def shipped(run, tmp_path, monkeypatch):
    """-> a folder in which `photo` ships: the run's weights."""
    folder = tmp_path / "shipped"
    packing.pack(weights.find(run), folder / "photo.weights.h5", median_ab=(3.0, 4.0))
    monkeypatch.setattr(stored, "HERE", folder)
    monkeypatch.chdir(tmp_path)
    return folder


def photo(path):
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)).save(path)
    return str(path)


@pytest.mark.parametrize("name", weights.names())
def test_what_ships_loads_and_colours(name):
    own = weights.find(name)
    own.check()
    assert own.weights.stat().st_size <= LARGEST
    colorizer = Colorizer.load(name)
    y, x = np.mgrid[:96, :128]
    gray = (np.where(y < 40, 190, 90) + 30 * np.sin(x / 9) * (y > 40)).astype(np.uint8)
    rgb = colorizer.colorize(gray)
    assert rgb.shape == (96, 128, 3)
    assert np.ptp(rgb.astype(int), axis=-1).mean() > 1  # not gray


@pytest.mark.parametrize("name", weights.names())
def test_what_ships_has_a_card_that_says_which_file_it_is_of(name):
    own = weights.find(name)
    card = own.weights.with_name(f"{name}.md").read_text(encoding="utf-8")
    assert own.sha256 in card and own.median_ab is not None
    assert f"--preset {own.config.run.preset}" in card


def test_packed_with_more_chroma(run, tmp_path, capsys):
    plain, more = (tmp_path / f"{name}.weights.h5" for name in ("plain", "more"))
    words = ["--checkpoints-path", str(run), "--output"]
    assert main.run("pack", [*words, str(plain)]) == main.run("pack", [*words, str(more), "--saturation", "1.5"]) == 0
    gray = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3), np.uint8)
    before, after = (Colorizer.load(path).predict_lab(gray)[..., 1:] / 110 for path in (plain, more))
    # tanh(1.5 artanh x), to what float16 leaves of the kernels
    np.testing.assert_allclose(after, np.tanh(1.5 * np.arctanh(before)), atol=5e-3)
    assert np.abs(after).mean() > 1.2 * np.abs(before).mean()


@pytest.mark.parametrize("values", [{"head": "joint-bins"}, {"color_space": "rgb"}])
def test_bins_and_red_green_and_blue_have_no_factor(values, tmp_path, capsys):
    config = flags.resolve({"dataset": "shapes", "filter_multiplier": 0.25, "batch_size": 8, **values})
    generators.build(config).save_weights(tmp_path / stored.WEIGHTS)
    (tmp_path / "config.json").write_text(config.to_json())
    words = ["--checkpoints-path", str(tmp_path), "--output", str(tmp_path / "out" / "a.weights.h5")]
    assert main.run("pack", [*words, "--saturation", "1.5"]) == 1
    assert "`--saturation`: the chroma of --head" in capsys.readouterr().err


def test_packed_at_the_door_and_used_by_path(run, tmp_path, capsys):
    target = tmp_path / "mine.weights.h5"
    words = ["--checkpoints-path", str(run), "--output", str(target)]
    assert main.run("pack", words) == 0
    said = capsys.readouterr().out
    assert stored.find(target).sha256 in said and stored.find(target).median_ab is not None
    card = (tmp_path / "mine.md").read_text()
    assert stored.find(target).sha256 in card and "What it does badly" in card and "Not on record." in card
    assert main.run("pack", words) == 1
    assert "mine.weights.h5 exists" in capsys.readouterr().err
    output = tmp_path / "out"
    assert main.run("colorize", [photo(tmp_path / "a.png"), "--weights", str(target), "--output", str(output)]) == 0
    made = json.loads((output / "manifest.json").read_text())["photographs"][0]
    assert made["weights_sha256"] == stored.sha256(target)


def test_a_card_quotes_what_the_run_wrote(run, tmp_path):
    start = {"command": ["python", "train.py", "--seed", "7"], "started": "2026-01-02T03:04:05+00:00", "iteration": 0}
    start |= {"version": "9.9", "commit": "abc+", "python": "3.11", "system": "Linux", "devices": ["2 cores, x86_64"]}
    start |= {"packages": {"keras": "3.15", "pillow": None}, "data": {"training": "shapes, 100 images"}}
    (run / "environment.json").write_text(json.dumps([start, start | {"iteration": 500}]))
    (run / "best.json").write_text(json.dumps({"metric": "mae_ab", "value": 4.25, "iteration": 450}))
    (run / "validation.txt").write_text("mae_ab  4.25\n")
    packed = packing.pack(stored.find(run), tmp_path / "mine.weights.h5", median_ab=None)
    text = card.text(packed, run, parameters=1234567)
    for said in (
        "python train.py --seed 7\n",
        "2 times in all, the last at iteration 500",
        "colorgan 9.9, commit `abc+`",
    ):
        assert text.count(said) == 1
    assert "keras 3.15" in text and "pillow" not in text and "1,234,567 parameters" in text
    assert "Best mae_ab: 4.25, at iteration 450" in text and "shapes, 100 images" in text and "Not on" not in text


def test_saved_weights_are_a_folder_that_is_loaded(run, tmp_path):
    ours, image = Colorizer.load(run), np.random.default_rng(1).integers(0, 256, (40, 50), np.uint8)
    folder = tmp_path / "hub"
    assert ours.save(folder, name="mine") == folder / "mine.weights.h5"
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "mine.weights.h5", "mine.weights.json"]
    again = Colorizer.load(folder)
    difference = np.abs(again.colorize(image).astype(int) - ours.colorize(image))
    assert difference.max() <= 3  # float16 kernels
    assert (folder / "README.md").read_text().startswith("---\nlibrary_name: colorgan\n")
    with pytest.raises(FileExistsError, match="hub is not empty"):
        ours.save(folder)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--checkpoints-path", "{run}"], "`--average-checkpoints 2`: .* has only 0 checkpoints"),
        (["--weights", "photo"], "needs a run, given by its folder. Received: .*photo.weights.h5"),
    ],
)
def test_averages_are_of_runs_with_checkpoints(run, shipped, capsys, words, said):
    words = [word.format(run=run) for word in words]
    assert main.run("pack", [*words, "--average-checkpoints", "2", "--output", "x.weights.h5"]) == 1
    assert re.search(said, capsys.readouterr().err)
    assert sorted(path.name for path in shipped.parent.iterdir()) == ["shipped"]  # nothing half made


def test_a_mean_of_checkpoints_is_packed(run, tmp_path, capsys):
    own = tmp_path / "run"
    shutil.copytree(run, own)
    config = stored.find(own).config.replace(checkpoints_path=str(own))
    trained = state.create(config, tf.distribute.get_strategy())
    first = [w.copy() for w in trained.best_generator.get_weights()]
    saver = checkpoints.Checkpoints(own, trained, keep=3)
    for iteration, factor in ((1, 1.0), (2, 2.0)):
        trained.best_generator.set_weights([factor * w for w in first])
        saver.save({"iteration": iteration})
    target = tmp_path / "mean.weights.h5"
    words = ["--checkpoints-path", str(own), "--average-checkpoints", "2", "--output", str(target)]
    assert main.run("pack", words) == 0
    assert "The mean of ckpt-1, ckpt-2." in capsys.readouterr().out
    packed = generators.build(config)
    stored.load(packed, target, described_by="the run")
    for mean, w in zip(packed.get_weights(), first, strict=True):
        np.testing.assert_allclose(mean, 1.5 * w, rtol=1e-3, atol=1e-6)  # kernels in float16


def test_pack_without_an_output(run, capsys):
    assert main.run("pack", ["--checkpoints-path", str(run)]) == 2
    assert "`pack` needs --output" in capsys.readouterr().err


def test_photo_is_what_colorizes_when_nothing_is_said(shipped, tmp_path):
    output = tmp_path / "out"
    assert main.run("colorize", [photo(tmp_path / "a.png"), "--output", str(output)]) == 0
    made = json.loads((output / "manifest.json").read_text())["photographs"][0]
    assert made["weights_sha256"] == stored.find(shipped / "photo.weights.h5").sha256


def test_evaluated_by_name_on_validation_beside_the_test(shipped, tmp_path, capsys):
    for words in ([], ["--eval-split", "validation"]):
        assert main.run("eval", ["--weights", "photo", "--eval-size", "16", *words]) == 0
        assert "photo" in capsys.readouterr().out
    results = tmp_path / "results" / "photo"
    found = [json.loads((results / f"result{part}.json").read_text()) for part in ("", "-validation")]
    assert all("(3.0, 4.0)" in json.dumps(result) for result in found)
    test, held = (result["protocol"] for result in found)
    assert "test split" in test["dataset"] and "validation split" in held["dataset"]
    assert "held out" not in test and "for packed weights only if" in held["held out"]
    assert test["fingerprint of the truth"] != held["fingerprint of the truth"]
    # Nothing lies beside the weights.
    assert sorted(path.name for path in shipped.iterdir()) == ["photo.weights.h5", "photo.weights.json"]


def test_a_folder_of_photographs_called_photo_hides_no_weights(shipped, tmp_path):
    (tmp_path / "photo").mkdir()
    photo(tmp_path / "photo" / "a.png")
    assert main.run("colorize", ["photo", "--output", "out"]) == 0
    assert (tmp_path / "out" / "a.png").exists()
    assert Colorizer.load("photo").stored.weights.parent == shipped


def test_compared_with_a_run_of_the_same_data(run, shipped, capsys):
    assert main.run("eval", ["--eval-size", "16", "photo", str(run)]) == 0
    assert "photo against gray: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("mode", "words", "said"),
    [
        ("class-weights", ["--head", "joint-bins"], "--head: the weights .* already fix this"),
        ("pack", ["--output", "x.h5"], "Packed weights are named NAME.weights.h5"),
    ],
)
def test_flags_without_a_meaning(shipped, tmp_path, capsys, mode, words, said):
    photo(tmp_path / "a.png")
    assert main.run(mode, ["--weights", "photo", *words]) == 1
    assert re.search(said, capsys.readouterr().err)


def test_the_default_ships():
    assert common.DEFAULT_WEIGHTS in weights.names()


def test_dry_run_describes_the_runs_that_are_named(run, shipped, tmp_path, capsys):
    """Those, and not what no run at all would have."""
    for words, names in (([str(run)], []), (["photo", str(run)], ["photo:", f"{run}:"])):
        assert main.run("eval", [*words, "--eval-size", "7", "--dry-run"]) == 0
        said = capsys.readouterr().out.splitlines()
        assert [line for line in said if line.endswith(":")] == names
        assert said.count('  "dataset": "shapes",') == max(len(names), 1) == said.count('  "eval_size": 7,')
    assert main.run("eval", ["nope", "--dry-run"]) == 1
    # What a training would refuse today, a run of before may have.
    old = Path(shutil.copytree(run, tmp_path / "old"))
    settings = json.loads((old / "config.json").read_text()) | {"visualize": True, "log": False}
    (old / "config.json").write_text(json.dumps(settings))
    assert main.run("eval", [str(old), "--dry-run"]) == 0
    assert main.run("train", ["--visualize", "True", "--log", "False", "--dry-run"]) == 2


def test_a_path_beats_a_name(run, shipped, tmp_path):
    shutil.copytree(run, tmp_path / "photo")
    assert Colorizer.load("photo").stored.weights.parent.name == "photo"
    shutil.rmtree(tmp_path / "photo")
    assert Colorizer.load("photo").stored.weights.parent == shipped


@pytest.mark.parametrize("mode", ["eval", "colorize"])
def test_a_name_that_does_not_ship(mode, shipped, tmp_path, capsys):
    words = [photo(tmp_path / "a.png")] if mode == "colorize" else []
    assert main.run(mode, [*words, "--weights", "nope"]) == 1
    said = capsys.readouterr().err
    assert "`--weights`: nope is not there, and no weights of that name ship. Name a run's folder" in said
    assert "weights that ship: photo." in said
