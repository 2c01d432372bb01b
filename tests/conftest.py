"""Settings of the test process, before anything imports TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import pytest
import tensorflow as tf

from colorgan import main
from colorgan.datasets import shapes

ROOT = Path(__file__).parent.parent

# Two logical devices on one CPU, so that replicas can be tested; must precede TensorFlow's first operation.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
# The test processes share the processors already: threads within an operation would wait for one another. With one,
# sums are always taken in the same order too.
tf.config.threading.set_intra_op_parallelism_threads(1)


def pytest_xdist_auto_num_workers():
    """One process more than processors, since some wait for a browser or a process of their own; each takes memory."""
    return min(len(os.sched_getaffinity(0)) + 1, 8)


def pytest_collection_modifyitems(config, items):
    """What is nightly runs only where -m names it, whatever else -m says; long files begin first."""
    if "nightly" not in config.option.markexpr:
        nightly = [item for item in items if item.get_closest_marker("nightly")]
        items[:] = [item for item in items if item not in nightly]
        config.hook.pytest_deselected(items=nightly)
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def door():
    """-> a function that runs a door in a process of its own, as a user does, and returns what it printed."""

    def run(script, *words, cwd, expect=0, env=None):
        result = subprocess.run(
            [sys.executable, str(ROOT / script), *map(str, words)],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=600,
            env={**os.environ, **(env or {})},
        )
        assert result.returncode == expect, f"{script} {words}\n{result.stdout}\n{result.stderr[-4000:]}"
        assert "Traceback" not in result.stderr, result.stderr
        return result

    return run


@pytest.fixture
def untraced():
    """Within: what is a `tf.function` runs operation by operation. Tracing a training step costs ten times as much.

    The graphs are for `conformance/test_resume.py` and for the doors that are opened in processes of their own.
    """
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(autouse=True)
def seeded():
    """Every test begins with the same random numbers, whatever ran before it in its process."""
    keras.utils.set_random_seed(0)


@pytest.fixture
def few(monkeypatch):
    """Within: `shapes` has 200 pictures to train on. Some of a training looks at all there are."""
    monkeypatch.setitem(shapes.SIZES, "train", 200)


@pytest.fixture
def here(untraced, tmp_path, monkeypatch, capsys):
    """-> a function that opens a door in this process, in the test's folder, and returns what it printed."""
    monkeypatch.chdir(tmp_path)

    def opened(mode, *words, expect=0):
        status = main.run(mode, [*map(str, words)])
        printed = capsys.readouterr()
        assert status == expect, printed
        return printed

    return opened
