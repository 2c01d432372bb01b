"""The environment of a run: `environment.json`, with an entry for each start.

Imports `files.whole`.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
from pathlib import Path

import tensorflow as tf

from colorgan.files import whole

NAME = "environment.json"
PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python-headless", "pillow", "tensorflow-datasets")
ROOT = Path(__file__).resolve().parents[1]


def record(run_dir: Path, *, version: str, command: list[str], iteration: int, data: dict) -> None:
    """Add an entry for a start or continuation to a run's `environment.json`.

    Args:
        run_dir: the run's folder.
        version: of this package.
        command: the words of the command line.
        iteration: of the start.
        data: {what: text} of the training set: description and fingerprint.

    Raises:
        OSError: if it cannot be written.
    """
    path = run_dir / NAME
    entry = {
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "iteration": iteration,
        "command": command,
        "version": version,
        "commit": commit(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "devices": _devices(),
        "data": data,
    }
    whole.write(path, json.dumps([*read(run_dir), entry], indent=1, ensure_ascii=False) + "\n")


def read(run_dir: Path) -> list[dict]:
    """-> the entries of a run, the first start first; none if the file is missing or damaged."""
    try:
        entries = json.loads((run_dir / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # only a description: damage must not stop the run
        return []
    return entries if isinstance(entries, list) else []


def commit() -> str | None:
    """-> the commit of this code's checkout, with "+" if files differ; None without a checkout."""
    try:
        head = _git("rev-parse", "--show-prefix", "HEAD").splitlines()
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):  # no git, or no checkout
        return None
    if head[0]:  # a folder of somebody else's checkout
        return None
    return head[-1] + ("+" if changed else "")


def _git(*words):
    command = ["git", "-C", str(ROOT), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:  # installed by other means, such as conda's opencv
        return None


def _devices():
    found = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.get_visible_devices("GPU")]
    return [f"{os.cpu_count()} cores, {platform.machine()}", *(one.get("device_name", "GPU") for one in found)]
