"""The doors, on data made here; what they leave is looked at.

Each door is opened in a process of its own once, as users open it, and where a process must end; what else a mode does
is looked at in this process (`here`), which has TensorFlow loaded.
"""

import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import colorgan
from colorgan import main
from colorgan.commands import train
from colorgan.files import locks
from colorgan.settings import flags
from colorgan.training import checkpoints, loop, state

ROOT = Path(__file__).parent.parent
SMALL = ["--encoder", "[[4,1],[6,2]]", "--decoder", "[[4,2,0.5]]", "--discriminator-layers", "[[4,2],[6,2]]"]
SIZE = ["--height", "16", "--width", "16", "--batch-size", "8"]
FAST = ["--gpu-ids", "-1", "--sample-size", "2", "--validate-size", "16"]


# A training of which nothing is traced.
UNTRACED = """
import sys
import tensorflow as tf
from colorgan.main import run
tf.config.run_functions_eagerly(True)
sys.exit(run("train"))
"""


def shapes(*words):
    return ["--dataset", "shapes", *SMALL, *SIZE, *FAST, *map(str, words)]


def checkpoint(run):
    """-> {name: value} of a run's newest checkpoint, without TensorFlow's own bookkeeping."""
    reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(run / "checkpoints")))
    names = [n for n in reader.get_variable_to_shape_map() if not n.startswith(("_CHECK", "save_counter"))]
    return {name: reader.get_tensor(name) for name in names}


def rows(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def stored_iteration(run):
    return json.loads(checkpoint(run)["host/0/.ATTRIBUTES/VARIABLE_VALUE"])["iteration"]


def wait_for(condition, process, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def start():
    """-> a function that opens a door and does not wait; what still runs at the test's end is killed."""
    processes = []

    def begin(script, *words, cwd, env=None):
        command = [sys.executable, script if script == "-c" else str(ROOT / script), *map(str, words)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        processes.append(subprocess.Popen(command, cwd=cwd, env={**os.environ, **(env or {})}, **pipes))
        return processes[-1]

    yield begin
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def run(door, tmp_path_factory):
    """A trained run in ./checkpoints/shapes of a folder: (folder, what training printed)."""
    cwd = tmp_path_factory.mktemp("home")
    words = ["--max-steps", 6, "--log-interval", 2, "--sample-interval", 4, "--save-interval", 5, "--visualize", "True"]
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
    assert "\nOf the last weights, on the photographs held out of training. Results, N = 16" in table
    best = json.loads((place / "best.json").read_text())
    figure, last = f"mae_ab {best['value']:.4g}", "checkpoints/shapes/generator.weights.h5, the last ones, which"
    assert printed.stdout.splitlines()[-1] == (  # one validation: the last weights are the best
        f"Weights: {last} --checkpoints-path means, {figure}; the best ones: --weights "
        f"checkpoints/shapes/best.weights.h5, of iteration 6, {figure}."
    )


def test_eval_with_nothing_but_the_data_set(run, door):
    cwd, _ = run
    printed = door("test-eval.py", "--dataset", "shapes", "--eval-size", 20, cwd=cwd).stdout
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
    assert "there is no display: neither DISPLAY nor" in here("turing", "--dataset", "shapes", expect=1).err


def test_no_run_names_the_next_command(here, tmp_path):
    failed = here("eval", expect=1).err
    assert "No trained model in ./checkpoints/places365." in failed
    assert re.search("Train one with `.*train.* --dataset ...`", failed)
    failed = here("train", "--dataset", "shapes", "--best-metric", "foo", expect=1).err
    assert "`--best-metric`: Unknown metric `foo`. Known: mae_ab" in failed
    assert list(tmp_path.iterdir()) == []


def test_samples_are_pointed_to_where_there_are_some(tmp_path, capsys):
    config = flags.resolve({"dataset": "shapes", "checkpoints_path": str(tmp_path)})
    for _ in range(2):
        train._say_how_it_ended(False, config, loop.Position(3))
        said, pointed = capsys.readouterr().out, f"Look at {tmp_path}/samples"
        assert "Finished at iteration 3." in said and (pointed in said) == (tmp_path / "samples").exists()
        (tmp_path / "samples").mkdir(exist_ok=True)
        (tmp_path / "samples" / "00000003.png").touch()


def test_a_second_training_of_a_folder_is_refused(here, tmp_path):
    run = tmp_path / "run"
    with locks.held(run / "training.lock"):
        failed = here("train", *shapes("--checkpoints-path", "run", "--max-steps", 1), expect=1).err
        assert f"`--checkpoints-path`: a training of run is running: process {os.getpid()} on " in failed
        assert [path.name for path in run.iterdir()] == ["training.lock"]
    # What fails holds nothing, and leaves no folder behind.
    here("train", *shapes("--checkpoints-path", "new", "--network", "gone"), expect=1)
    assert not (tmp_path / "new").exists() and not any(run.iterdir())


@pytest.mark.slow
def test_resuming_in_the_middle_of_an_epoch_is_bit_identical(tmp_path):
    """6 iterations, against 3 of them, a stop, and 3 in graphs made anew: dropout, EMA and the data order included.

    The stop is the first run's own checkpoint at iteration 3; one process saves imports.
    """
    script = """
import shutil, sys
from colorgan.main import run
words = sys.argv[1:]
assert run("train", [*words, "--checkpoints-path", "whole"]) == 0
shutil.copytree("whole", "parts")
open("parts/checkpoints/checkpoint", "w").write('model_checkpoint_path: "ckpt-3"')
assert run("train", [*words, "--checkpoints-path", "parts"]) == 0
"""
    words = shapes("--deterministic", "True", "--ema-decay", "0.9", "--validate-interval", "2", "--seed", "3")
    words += ["--max-steps", "6", "--save-interval", "3"]
    subprocess.run([sys.executable, "-c", script, *words], cwd=tmp_path, check=True, capture_output=True, timeout=600)
    whole, parts = checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "parts")
    assert whole.keys() == parts.keys() and len(whole) > 50
    # 3 iterations of 8 of 2,000: within the first epoch. Dropout's state must have moved.
    assert stored_iteration(tmp_path / "parts") == 6
    for name, value in whole.items():
        assert np.array_equal(value, parts[name]), name


@pytest.mark.usefixtures("few")
def test_sigterm_saves_and_says_how_to_go_on(tmp_path, here):
    metrics = tmp_path / "run" / "metrics.jsonl"

    ended = threading.Event()

    def end_it():
        while not (metrics.exists() and metrics.read_text().count("\n") >= 2) and not ended.wait(0.1):
            pass
        if not ended.is_set():  # a training that failed has given the signal back to this process
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_it, daemon=True).start()
    try:
        out = here("train", *shapes("--checkpoints-path", "run", "--log-interval", 1)).out
    finally:
        ended.set()
    assert "Interrupted" in out and "goes on" in out
    done = max(row["iteration"] for row in rows(tmp_path / "run"))
    assert stored_iteration(tmp_path / "run") == done


@pytest.mark.usefixtures("few")
def test_a_run_that_became_colourful_enough_stays_ended(here, tmp_path):
    words = shapes("--checkpoints-path", "run", "--pretrain-steps", 2, "--validate-interval", 1, "--max-steps", 6)
    done = here("train", *words, "--stop-colorfulness", 1e-6)
    assert "The run ends" in done.out + done.err and "Finished at iteration 3." in done.out
    again = here("train", *words, "--stop-colorfulness", 1e-6).out
    assert "Going on at iteration 3." in again and "Finished at iteration 3." in again
    assert len([row for row in rows(tmp_path / "run") if row["iteration"] == 3 and "val/mae_ab" in row]) == 1
    assert "Finished at iteration 6." in here("train", *words, "--stop-colorfulness", 99).out


@pytest.mark.slow
def test_kill_9_loses_at_most_one_save_interval(tmp_path, here, start):
    words = shapes("--checkpoints-path", "run", "--log-interval", 1, "--save-interval", 3)
    process = start("-c", UNTRACED, *words, cwd=tmp_path)
    metrics = tmp_path / "run" / "metrics.jsonl"
    wait_for(lambda: metrics.exists() and metrics.read_text().count("\n") >= 5, process)
    process.kill()
    process.communicate()
    reached = max(row["iteration"] for row in rows(tmp_path / "run"))
    kept = stored_iteration(tmp_path / "run")
    assert reached - 3 <= kept <= reached and kept % 3 == 0
    printed = here("train", *words, "--max-steps", kept + 2).out
    assert f"Going on at iteration {kept}." in printed
    iterations = [row["iteration"] for row in rows(tmp_path / "run") if "g/l1" in row]
    assert iterations == list(range(1, kept + 3))  # the lost rows are not there twice

    newest = tmp_path / "run" / "checkpoints" / f"ckpt-{kept + 2}.data-00000-of-00001"
    os.truncate(newest, 1000)  # by a disk that was full, or a copy that was broken off
    printed = here("train", *words, "--max-steps", kept + 2).out
    assert f"checkpoints: ckpt-{kept + 2} (" in printed and f"The run goes on from ckpt-{kept}, which" in printed
    assert [row["iteration"] for row in rows(tmp_path / "run") if "g/l1" in row] == iterations
    assert stored_iteration(tmp_path / "run") == kept + 2

    assert "--lr: 0.003 there, 0.5 now" in here("train", *words, "--lr", 0.5, expect=1).err


@pytest.mark.usefixtures("few")
def test_a_loss_that_is_not_finite_stops_the_run(tmp_path, here):
    words = shapes("--checkpoints-path", "run", "--save-interval", 1, "--log-interval", 1)
    here("train", *words, "--max-steps", 1)
    # Poison the stored weights, as a run could not: going on, the first loss is NaN.
    trained = state.create(flags.parse(words, mode="train").config, tf.distribute.get_strategy())
    saver = checkpoints.Checkpoints(tmp_path / "run", trained, keep=3)
    host = saver.restore()
    kernel = trained.generator.trainable_variables[0]
    kernel.assign(np.full(kernel.shape, np.nan))
    saver.save(host)
    failed = here("train", *words, "--max-steps", 4, expect=1).err
    assert "at iteration 2" in failed and "last good checkpoint" in failed

    # A gradient that is not finite leaves the iteration's own losses finite: nothing of it may be saved.
    words = shapes("--checkpoints-path", "steep", "--save-interval", 1, "--lr", 1e38, "--max-steps", 9)
    assert re.search(r"are no longer finite|became (nan|-?inf)", here("train", *words, expect=1).err)
    if (tmp_path / "steep" / "checkpoints").exists():
        assert all(np.isfinite(v).all() for v in checkpoint(tmp_path / "steep").values() if hasattr(v, "dtype"))


def make_cifar10(folder):
    folder.mkdir(parents=True)
    random = np.random.RandomState(0)
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        data = random.randint(0, 256, (20, 3072)).astype(np.uint8)
        with (folder / name).open("wb") as file:
            pickle.dump({b"batch_label": b"tiny", b"labels": [0] * 20, b"data": data}, file, protocol=2)


def make_places365(folder):
    random = np.random.RandomState(0)
    for place, count in (("data_256/f/forest", 12), ("val_256", 4)):
        (folder / place).mkdir(parents=True)
        for i in range(count):
            Image.fromarray(random.randint(0, 256, (40, 40, 3)).astype(np.uint8)).save(folder / place / f"{i}.jpg")
    Image.fromarray(random.randint(0, 256, (40, 40)).astype(np.uint8)).save(folder / "data_256" / "f" / "gray.jpg")


@pytest.mark.slow
def test_the_originals_commands_back_to_back(tmp_path, here):
    """Their own flags, on tiny data in the same layouts; narrow networks and few steps so that it ends."""
    make_cifar10(tmp_path / "dataset" / "cifar10")
    make_places365(tmp_path / "dataset" / "places365")
    short = ["--filter-multiplier", "0.03", "--max-steps", "1", *FAST]
    places = "--seed 100 --dataset places365 --dataset-path ./dataset/places365 --checkpoints-path ./checkpoints "
    places += "--batch-size 16 --epochs 10 --lr 3e-4 --label-smoothing 1"
    cifar = "--seed 100 --dataset cifar10 --dataset-path ./dataset/cifar10 --checkpoints-path ./checkpoints "
    cifar += "--batch-size 128 --epochs 200 --lr 3e-4 --lr-decay-steps 1e4 --augment True"
    size = ["--height", "32", "--width", "32"]
    here("train", *places.split(), *short, *size)
    # A batch of 16 from 11 colour images and a gray one (a coloured one is held out): at least one whole pass, so the
    # gray one was met; and the count goes on when the run does.
    (first,) = [row["data/dropped_gray"] for row in rows(tmp_path / "checkpoints" / "places365") if "g/l1" in row]
    here(None, "--mode", 0, *places.split(), *short[:2], "--max-steps", 3, *FAST, *size)
    last = [row["data/dropped_gray"] for row in rows(tmp_path / "checkpoints" / "places365") if "g/l1" in row][-1]
    assert 1 <= first <= 2 and last >= first + 2
    here(None, *cifar.split(), *short, "--validate-size", "2")  # main.py alone trains
    assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == ["cifar10", "places365"]
    settings = json.loads((tmp_path / "checkpoints" / "cifar10" / "config.json").read_text())
    assert settings["batch_size"] == 128 and settings["lr_decay_steps"] == 10_000 and settings["augment"] is True
    assert json.loads((tmp_path / "checkpoints" / "places365" / "config.json").read_text())["label_smoothing"] is True
    assert "places365" in here("eval").out
    assert "cifar10" in here(None, "--mode", 1, "--dataset", "cifar10", "--eval-size", "10").out


def two_workers(start, *words, cwd):
    """-> the processes of a cluster of two that run train.py over loopback."""
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    tasks = ({"cluster": cluster, "task": {"type": "worker", "index": i}} for i in range(2))
    return [start("train.py", *words, cwd=cwd, env={"TF_CONFIG": json.dumps(task)}) for task in tasks]


@pytest.mark.slow
def test_two_workers_train_as_one_and_a_signal_to_one_stops_both(tmp_path, here, start):
    """MultiWorkerMirroredStrategy over loopback: same losses as one process at the same global batch, and one end."""
    words = shapes("--augment", "False", "--log-interval", 1, "--decoder", "[[4,2,0]]", "--validate", "False")
    processes = two_workers(start, *words, "--checkpoints-path", "two", cwd=tmp_path)
    here("train", *words, "--max-steps", 3, "--checkpoints-path", "one")
    metrics = tmp_path / "two" / "metrics.jsonl"
    wait_for(lambda: metrics.exists() and metrics.read_text().count("\n") >= 4, processes[0])
    processes[1].send_signal(signal.SIGTERM)
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err[-4000:]
        assert "Interrupted" in out or process is processes[1]  # the chief speaks
    one = {row["iteration"]: row for row in rows(tmp_path / "one") if "g/l1" in row}
    two = {row["iteration"]: row for row in rows(tmp_path / "two") if "g/l1" in row}
    assert stored_iteration(tmp_path / "two") == max(two)
    for i in (1, 2, 3):
        for name in ("g/l1", "g/adv", "d/real", "d/fake", "epoch"):
            assert two[i][name] == pytest.approx(one[i][name], rel=0.02), (i, name)
    # Only the chief wrote: no second file, and nothing that one process does not leave.
    assert {path.name for path in (tmp_path / "two").iterdir()} <= {path.name for path in (tmp_path / "one").iterdir()}
    assert len(list((tmp_path / "two" / "events").iterdir())) == 1


@pytest.mark.nightly
def test_two_workers_that_became_colourful_enough_end_together(tmp_path, start):
    words = shapes("--checkpoints-path", "two", "--pretrain-steps", 1, "--validate-interval", 3)
    words += ["--stop-colorfulness", "1e-6"]
    for process in two_workers(start, *words, cwd=tmp_path):
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err[-4000:]
    assert stored_iteration(tmp_path / "two") == 3


def test_help_and_mistakes_answer_without_tensorflow(tmp_path, door):
    """A module that cannot be imported stands in TensorFlow's place."""
    (tmp_path / "tensorflow.py").write_text("raise SystemExit('TensorFlow was imported')")
    env = {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    for script in ("main.py", "train.py", "test-eval.py", "test-turing.py", "colorize.py", "app.py"):
        assert door(script, "--help", cwd=tmp_path, env=env).stdout.count("\n") <= 60
    for words, said in ((["gone.jpg"], "gone.jpg is not there"), ([], "No photograph"), (["a.jpg"], "at most 10")):
        saturation = ["--saturation", 20] if words == ["a.jpg"] else []
        failed = door("colorize.py", *words, *saturation, cwd=tmp_path, env=env, expect=2 if saturation else 1)
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
        ("train", ("--dataset", "folder", "--dataset-path", "gone"), "`--dataset-path`: gone is not a folder"),
        ("train", ("--dataset", "shapes", "--best-metric", "foo"), "`--best-metric`: Unknown metric"),
        (
            "train",
            ("--dataset", "shapes", "--best-metric", "ssim", "--height", 6),
            "`--best-metric ssim` looks at 7 x 7",
        ),
        ("eval", ("--dataset", "shapes"), "No trained model in ./checkpoints/shapes"),
        ("eval", ("--result-dir", "gone", "--truth-dir", "gone"), "gone"),
        ("colorize", ("gone.jpg",), "gone.jpg is not there"),
        ("class-weights", ("--dataset", "folder", "--dataset-path", "gone"), "`--dataset-path`: gone is not a folder"),
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
        assert "parameters, of checkpoints/shapes/generator.weights.h5" in rest
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
        assert f"Received: {words[0]}. Known: train, eval" in told(*words, expect=2).err
    assert "is for pack; not for eval" in told("eval", "--average-checkpoints", "2", expect=2).err
    assert "Not a flag: a.jpg" in told("app", "a.jpg", expect=2).err
