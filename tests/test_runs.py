"""Trainings that stop, go on, fail and are refused: what their folders hold then, and what they say.

A process of its own is where one must end, or where there must be two; the rest is trained in this one (`here`).
"""

import json
import os
import re
import shutil
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
from small_runs import FAST, checkpoint, make_cifar10, rows, shapes, stored_iteration

from colorgan import main
from colorgan.commands import train
from colorgan.files import locks
from colorgan.settings import flags
from colorgan.training import checkpoints, loop, state

ROOT = Path(__file__).parent.parent
# A training of which nothing is traced.
UNTRACED = """
import sys
import tensorflow as tf
from colorgan.main import run
tf.config.run_functions_eagerly(True)
sys.exit(run("train"))
"""


def wait_for(condition, process, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def start():
    """-> a function that starts a training and does not wait; what still runs at the test's end is killed."""
    processes = []

    def begin(*words, cwd, door=("-c", UNTRACED), env=None):
        command = [sys.executable, *map(str, (*door, *words))]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        processes.append(subprocess.Popen(command, cwd=cwd, env={**os.environ, **(env or {})}, **pipes))
        return processes[-1]

    yield begin
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_samples_are_pointed_to_where_there_are_some(tmp_path, capsys):
    config = flags.resolve({"dataset": "shapes", "checkpoints_path": str(tmp_path)})
    for _ in range(2):
        train._say_how_it_ended(False, config, loop.Position(3), None)
        said, pointed = capsys.readouterr().out, f"Look at {tmp_path}/samples"
        assert "Finished at iteration 3." in said and (pointed in said) == (tmp_path / "samples").exists()
        (tmp_path / "samples").mkdir(exist_ok=True)
        (tmp_path / "samples" / "00000003.png").touch()


def test_a_second_training_of_a_folder_is_refused(here, tmp_path):
    run = tmp_path / "run"
    with locks.held(run / "training.lock"):
        failed = here("train", *shapes("--checkpoints-path", "run", "--max-steps", 1), expect=1).err
        assert f"`--checkpoints-path`: run is used by a running training: process {os.getpid()} on " in failed
        assert [path.name for path in run.iterdir()] == ["training.lock"]
    # What fails holds nothing, and leaves no folder behind.
    here("train", *shapes("--checkpoints-path", "new", "--network", "gone"), expect=1)
    assert not (tmp_path / "new").exists() and not any(run.iterdir())


@pytest.mark.usefixtures("few")
def test_resuming_in_the_middle_of_an_epoch_is_bit_identical(tmp_path, monkeypatch):
    """4 iterations, against 2 of them, a stop, and 2 in graphs made anew: dropout, EMA and the data order included.

    The stop is the first run's own checkpoint at iteration 2. Operations are deterministic here anyway (`conftest.py`);
    that a training runs with those that TensorFlow calls so, `test_doors.py` shows in a process of its own.
    """
    asked = []
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: asked.append("deterministic"))
    monkeypatch.chdir(tmp_path)
    words = shapes("--deterministic", "True", "--ema-decay", "0.9", "--validate-interval", "1", "--seed", "3")
    words += ["--max-steps", "4", "--save-interval", "2", "--sample", "False"]
    assert main.run("train", [*words, "--checkpoints-path", "whole"]) == 0
    shutil.copytree("whole", "parts")
    (tmp_path / "parts" / "checkpoints" / "checkpoint").write_text('model_checkpoint_path: "ckpt-2"')
    assert main.run("train", [*words, "--checkpoints-path", "parts"]) == 0
    assert asked == ["deterministic"] * 2
    whole, parts = checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "parts")
    assert whole.keys() == parts.keys() and len(whole) > 50
    # 2 iterations of 8 of 200: within the first epoch. Dropout's state must have moved.
    assert stored_iteration(tmp_path / "parts") == 4
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
    assert "Interrupted" in out and "continues" in out
    done = max(row["iteration"] for row in rows(tmp_path / "run"))
    assert stored_iteration(tmp_path / "run") == done


@pytest.mark.usefixtures("few")
def test_a_run_that_became_colourful_enough_stays_ended(here, tmp_path):
    words = shapes("--checkpoints-path", "run", "--pretrain-steps", 2, "--validate-interval", 1, "--max-steps", 6)
    done = here("train", *words, "--stop-colorfulness", 1e-6)
    assert "The run ends" in done.out + done.err and "Finished at iteration 3." in done.out
    again = here("train", *words, "--stop-colorfulness", 1e-6).out
    assert "Continuing at iteration 3." in again and "Finished at iteration 3." in again
    assert len([row for row in rows(tmp_path / "run") if row["iteration"] == 3 and "val/mae_ab" in row]) == 1
    assert "Finished at iteration 6." in here("train", *words, "--stop-colorfulness", 99).out


@pytest.mark.slow
def test_kill_9_loses_at_most_one_save_interval(tmp_path, here, start):
    words = shapes("--checkpoints-path", "run", "--log-interval", 1, "--save-interval", 3)
    process = start(*words, cwd=tmp_path)
    metrics = tmp_path / "run" / "metrics.jsonl"
    wait_for(lambda: metrics.exists() and metrics.read_text().count("\n") >= 8, process)
    process.kill()
    process.communicate()
    reached = max(row["iteration"] for row in rows(tmp_path / "run"))
    kept = stored_iteration(tmp_path / "run")
    assert reached - 3 <= kept <= reached and kept % 3 == 0
    newest = tmp_path / "run" / "checkpoints" / f"ckpt-{kept}.data-00000-of-00001"
    os.truncate(newest, 1000)  # by a disk that was full, or a copy that was broken off
    printed = here("train", *words, "--max-steps", kept - 1).out
    assert f"checkpoints: ckpt-{kept} (" in printed and f"The run continues from ckpt-{kept - 3}, which" in printed
    assert f"Continuing at iteration {kept - 3}." in printed
    iterations = [row["iteration"] for row in rows(tmp_path / "run") if "g/l1" in row]
    assert iterations == list(range(1, kept))  # the lost rows are not there twice
    assert stored_iteration(tmp_path / "run") == kept - 1


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
    return [start(*words, cwd=cwd, door=(ROOT / "train.py",), env={"TF_CONFIG": json.dumps(task)}) for task in tasks]


@pytest.mark.nightly
def test_two_workers_train_as_one_and_a_signal_to_one_stops_both(tmp_path, here, start):
    """MultiWorkerMirroredStrategy over loopback: same losses as one process at the same global batch, and one end.

    Daily, two replicas in one process have the losses of one (`training/test_steps.py`), and a signal to any process
    stops all (`training/test_loop.py`).
    """
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
