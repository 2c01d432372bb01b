"""A new system is one preset row and at most one file of networks: the one of CONTRIBUTING.md, added and trained."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture
def package(tmp_path):
    """-> a folder that holds the package `colorgan` with the system added, the rest of it linked."""
    copy = tmp_path / "path" / "colorgan"
    copy.mkdir(parents=True)
    networks = copy / "models" / "networks"
    networks.mkdir(parents=True)
    (copy / "settings").mkdir()
    replaced = {"": {"models", "settings"}, "models": {"networks"}, "settings": {"presets.py"}}
    for folder, others in ((ROOT / name, others) for name, others in replaced.items()):
        for entry in folder.iterdir():
            if entry.name not in others | {"tests", "docs", "benchmarks"} and not entry.name.startswith("."):
                (copy / folder.relative_to(ROOT) / entry.name).symlink_to(entry)
    for entry in (ROOT / "models" / "networks").glob("*.py"):
        (networks / entry.name).symlink_to(entry)
    file, row = re.findall(r"```python\n(.*?)```", CONTRIBUTING, re.S)
    (networks / "plain.py").write_text(file)
    presets = (ROOT / "settings" / "presets.py").read_text()
    assert presets.count("PRESETS = {\n") == 1
    (copy / "settings" / "presets.py").write_text(presets.replace("PRESETS = {\n", "PRESETS = {\n" + row))
    return copy.parent


@pytest.mark.slow
def test_the_system_of_the_guide_trains_and_is_evaluated(package, tmp_path):
    def run(*words):
        result = subprocess.run(
            [sys.executable, "-m", "colorgan.main", *words, "--checkpoints-path", "run"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(package)},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert result.returncode == 0, result.stdout + result.stderr[-3000:]
        return result.stdout

    small = ["--dataset", "shapes", "--batch-size", "4", "--validate-size", "4", "--sample-size", "2"]
    trained = run("--mode", "train", "--preset", "plain", *small, "--max-steps", "3", "--noise-channels", "1")
    assert "Finished at iteration 3" in trained
    assert '"generator": "plain"' in (tmp_path / "run" / "config.json").read_text()
    assert "mae_ab" in run("--mode", "eval", "--eval-size", "4")
