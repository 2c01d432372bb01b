"""Settings of the test process, before anything imports TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
import tensorflow as tf

ROOT = Path(__file__).parent.parent

# Two logical devices on one CPU, so that replicas can be tested; must precede TensorFlow's first operation.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


def pytest_collection_modifyitems(config, items):
    """What is nightly runs only where -m names it, whatever else -m says."""
    if "nightly" not in config.option.markexpr:
        nightly = [item for item in items if item.get_closest_marker("nightly")]
        items[:] = [item for item in items if item not in nightly]
        config.hook.pytest_deselected(items=nightly)


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
