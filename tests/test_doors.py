"""The doors, on data made here; what they leave is looked at.

Doors are opened in processes of their own, as users open them; what else a mode does is looked at in this process
(`here`), which has TensorFlow loaded. Trainings that stop and go on are in `test_runs.py`.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_runs import checkpoint, make_cifar10, rows, shapes

import colorgan
from colorgan import main
from colorgan.settings import flags

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def run(door, tmp_path_factory):
    """A trained run in ./checkpoints/shapes of a folder: (folder, what training printed)."""
    cwd = tmp_path_factory.mktemp("home")
    words = ["--max-steps", 6, "--log-interval", 2, "--sample-interval", 4, "--save-interval", 5, "--visualize", "True"]
    words += ["--deterministic", "True"]
    return cwd, door("train.py", *shapes(*words), cwd=cwd)


def test_training_leaves_what_it_promises(run):
    cwd, printed = run
    place = cwd / "checkpoints" / "shapes"
    assert {p.name for p in place.iterdir()} == {
        "best.json",
        "best.weights.h5",
        "checkpoints",
        "config.json",
        "environment.json",
        "curves.png",
        "events",
        "generator.weights.h5",
        "median_ab.json",
        "metrics.jsonl",
        "samples",
        "validation.txt",
        "discriminator.weights.h5",
    }
    assert sorted(p.name for p in (place / "samples").iterdir()) == ["00000004.png", "00000006.png"]
    losses = [row for row in rows(place) if "g/l1" in row]
    assert [row["iteration"] for row in losses] == [2, 4, 6]
    assert {"d/real", "d/fake", "d/accuracy", "g/adv", "g/l1", "g/loss", "g/accuracy", "g/lr", "d/lr"} <= set(losses[0])
    assert [row["iteration"] for row in rows(place) if "val/mae_ab" in row] == [6]
    config = json.loads((place / "config.json").read_text())
    assert (
        config["augment"] is True and config["max_steps"] == 6 and config["checkpoints_path"] == "./checkpoints/shapes"
    )
    assert not config.keys() & {"host", "port", "test_delay", "saturation"}
    # 1 discriminator and 2 generator updates an iteration; the optimizers' counts are in the checkpoint.
    state = checkpoint(place)
    assert int(state["g_optimizer/0/.ATTRIBUTES/VARIABLE_VALUE"]) == 12
    assert int(state["d_optimizer/0/.ATTRIBUTES/VARIABLE_VALUE"]) == 6
    assert "test-eval.py" in printed.stdout
    table = (place / "validation.txt").read_text()
    assert "N = 16" in table and "median" in table and table.splitlines()[-1] in printed.stdout
    assert "\nThe last weights, on the photographs held out of training. Results, N = 16" in table
    best = json.loads((place / "best.json").read_text())
    figure, last = f"mae_ab {best['value']:.4g}", "checkpoints/shapes/generator.weights.h5, the last weights, which"
    assert printed.stdout.splitlines()[-1] == (  # one validation: the last weights are the best
        f"Weights: {last} --checkpoints-path uses, {figure}; the best weights: --weights "
        f"checkpoints/shapes/best.weights.h5, of iteration 6, {figure}."
    )


def test_eval_with_nothing_but_the_data_set(run, here, monkeypatch):
    cwd, _ = run
    monkeypatch.chdir(cwd)
    printed = here("eval", "--dataset", "shapes", "--eval-size", 20).out
    for word in ("Protocol", "N = 20", "mae_ab", "eps2", "eps5", "psnr", "colorfulness_ratio", "gray", "median"):
        assert word in printed
    result = json.loads((cwd / "checkpoints/shapes/result.json").read_text())
    assert result["protocol"]["n"] == 20 and "corrected by Holm" in result["protocol"]["who is better"]
    assert result["record"]["comparisons"][0]["a"] == "gray" and "shapes against gray: " in printed
    value, low, high = result["results"]["gray"]["chroma_ratio"]
    assert value == low == high == 0
    with Image.open(cwd / "checkpoints/shapes/report.png") as sheet:
        assert sheet.width > 100


def test_colorize_files_keeps_size_and_reports_the_bad_one(run, door):
    cwd, _ = run
    photos = cwd / "photos" / "inner"
    photos.mkdir(parents=True)
    picture = np.random.RandomState(0).randint(0, 256, (37, 51), np.uint8)
    Image.fromarray(picture).save(photos / "gray.png")
    (photos / "broken.jpg").write_bytes(b"not a picture")
    printed = door(
        "colorize.py", "photos", "--checkpoints-path", "checkpoints/shapes", "--test-output", "out", cwd=cwd, expect=1
    ).stdout
    assert "broken.jpg" in printed
    with Image.open(cwd / "out" / "inner" / "gray.png") as image:
        result = np.asarray(image)
    assert result.shape == (37, 51, 3) and np.ptp(result.astype(int), axis=-1).max() > 0


def test_turing_says_what_a_headless_machine_lacks(here, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.setenv(name, "")
    assert (
        "there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. Give --web"
        in here("turing", "--dataset", "shapes", expect=1).err
    )


def test_no_run_names_the_next_command(here, tmp_path):
    failed = here("eval", expect=1).err
    assert "No trained model in ./checkpoints/places365." in failed
    assert re.search("Train one with `.*train.* --dataset ...`", failed)
    failed = here("train", "--dataset", "shapes", "--best-metric", "foo", expect=1).err
    assert "`--best-metric`: Unknown metric 'foo'. Known: mae_ab" in failed
    assert list(tmp_path.iterdir()) == []


def test_help_and_mistakes_answer_without_tensorflow(tmp_path, door):
    """A module that cannot be imported stands in TensorFlow's place."""
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('TensorFlow was imported')")
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    for script in ("main.py", "train.py", "test-eval.py", "test-turing.py", "colorize.py", "app.py"):
        assert door(script, "--help", cwd=tmp_path, env=env).stdout.count("\n") <= 60
    for words, said, status in (
        (["gone.jpg"], "gone.jpg is not there", 1),
        ([], "No photograph", 2),
        (["a.jpg", "--saturation", 20], "at most 10", 2),
    ):
        failed = door("colorize.py", *words, cwd=tmp_path, env=env, expect=status)
        assert said in failed.stderr
    (tmp_path / "a.jpg").write_bytes(b"")
    failed = door("colorize.py", "a.jpg", "--overwrite", "Flase", cwd=tmp_path, env=env, expect=1)
    assert "Flase is not there" in failed.stderr
    failed = door("train.py", "--bath-size", 3, cwd=tmp_path, env=env, expect=2)
    assert "--bath-size" in failed.stderr and "--batch-size" in failed.stderr


def test_help_may_be_cut_short():
    command = f"{sys.executable} colorize.py --help | true"  # gone before the first line
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_dry_run_of_a_training_counts_and_writes_nothing(here, tmp_path):
    make_cifar10(tmp_path / "dataset" / "cifar10")
    before = sorted(tmp_path.rglob("*"))
    printed = here("train", "--dataset", "cifar10", "--lr", "1e-3", "--epochs", 64, "--dry-run").out
    settings, rest = printed.split("\n}\n")
    settings = json.loads(settings + "}")
    assert settings["lr"] == 1e-3 and not settings.keys() & {"host", "port", "test_delay", "saturation"}
    # Sums over the kernel tables of Nazeri et al. 2018, as worked out in tests/conformance/test_presets.py.
    assert "16,659,586" in rest and "2,768,321" in rest
    # 5 files of 20, of which 4 % are held out; 64 epochs of 96 in batches of 128.
    assert "train split, 96 images" in rest and "validation split, 4 images" in rest
    assert "at most 48 iterations of 128: 64.0 epochs" in rest
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("mode", "words", "said"),
    [
        ("train", ("--dataset", "folder", "--dataset-path", "gone"), "`--dataset-path`: gone is not there"),
        ("train", ("--dataset", "shapes", "--best-metric", "foo"), "`--best-metric`: Unknown metric"),
        (
            "train",
            ("--dataset", "shapes", "--best-metric", "ssim", "--height", 6),
            "`--best-metric ssim` looks at 7 x 7",
        ),
        ("eval", ("--dataset", "shapes"), "No trained model in ./checkpoints/shapes"),
        ("eval", ("--result-dir", "gone", "--truth-dir", "gone"), "gone"),
        ("colorize", ("gone.jpg",), "gone.jpg is not there"),
        ("class-weights", ("--dataset", "folder", "--dataset-path", "gone"), "`--dataset-path`: gone is not there"),
    ],
)
def test_dry_run_fails_where_something_is_not_there(mode, words, said, here, tmp_path):
    assert said in here(mode, *words, "--dry-run", expect=1).err
    assert list(tmp_path.iterdir()) == []


def test_dry_run_of_what_uses_weights_looks_at_them(run, monkeypatch, capsys):
    monkeypatch.chdir(run[0])
    before = sorted(Path().rglob("*"))
    for mode in ("eval", "app"):
        assert main.run(mode, ["--dataset", "shapes", "--gpu-ids", "-1", "--dry-run"]) == 0
        settings, rest = capsys.readouterr().out.split("\n}\n")
        assert json.loads(settings + "}").keys() == flags.parse([], mode=mode).config.flat(mode).keys()
        assert "parameters, from checkpoints/shapes/generator.weights.h5" in rest
        assert ("test split, 200 images" in rest) == (mode == "eval")
    assert sorted(Path().rglob("*")) == before


def test_the_checkout_leaves_the_path(monkeypatch, capsys):
    """Or `import datasets` inside another package would find ours."""
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    assert main.run("train", ["--version"]) == 0
    assert str(ROOT) not in sys.path


def test_names_that_stdout_cannot_show(capsys):
    assert main.run("colorize", ["--version"]) == 0
    print(os.fsdecode(b"caf\xe9.png"))
    assert capsys.readouterr().out.endswith("caf\\udce9.png\n")


def test_the_command_of_the_package(capsys):
    def told(*words, expect=0):
        assert main.console([*words]) == expect
        return capsys.readouterr()

    overview = told().out
    assert overview == told("--help").out and "colorize" in overview and "class-weights" in overview
    assert told("--version").out == told("train", "--version").out == f"colorgan {colorgan.__version__}\n"
    assert "Colorize photographs and films" in told("colorize", "-h").out
    for words in (("--mode", "eval"), ("photo.jpg",), ("--epochs", "3")):
        assert f"Unknown mode {words[0]!r}. Known: train, eval" in told(*words, expect=2).err
    assert "is for pack; not for eval" in told("eval", "--average-checkpoints", "2", expect=2).err
    assert "Not a flag: a.jpg" in told("app", "a.jpg", expect=2).err


def test_an_impatient_ctrl_c_ends_quietly(monkeypatch, capsys):
    monkeypatch.setattr(main.importlib, "import_module", lambda name: (_ for _ in ()).throw(KeyboardInterrupt))
    assert main.run("train", ["--dataset", "shapes"]) == 130
    assert capsys.readouterr().err == "\nStopped.\n"
