"""The README says what the code does: flags, presets, data sets, and commands that parse."""

import re
import shlex
from pathlib import Path

import pytest

from colorgan import datasets
from colorgan.models import discriminators, generators
from colorgan.settings import flags, presets

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FLAGS = (ROOT / "docs" / "flags.md").read_text(encoding="utf-8")


def flag_rows():
    """The table of flags as it should be; paste this into docs/flags.md when it differs."""
    escape = str.maketrans({"|": "\\|"})
    return [f"| {s} | `{f}` | `{d}` | {h.translate(escape)} |" for s, f, d, h in flags.table()]


def test_the_table_of_flags_is_the_parsers():
    written = [line for line in FLAGS.splitlines() if re.match(r"\| \w+ \| `--", line)]
    assert written == flag_rows()


@pytest.mark.parametrize("name", presets.PRESETS)
def test_presets_and_their_sizes(name):
    config = flags.resolve({"preset": name})
    counts = [f"{module.build(config).count_params():,}" for module in (generators, discriminators)]
    rows = [line for line in README.splitlines() if line.startswith(f"| `{name}` |")]
    assert any(" / ".join(counts) in row for row in rows)


def test_every_data_set_is_listed():
    for name in datasets.SOURCES:
        assert re.search(rf"^\| `{name}` \|", README, re.M), name


def test_commands_parse():
    modes = {
        "train.py": "train",
        "test-eval.py": "eval",
        "test-turing.py": "turing",
        "colorize.py": "colorize",
        "app.py": "app",
    }
    commands = re.findall(r"python (%s)((?: [^`\n\\]+|\\\n)*)" % "|".join(modes), README)  # noqa: UP031
    assert len(commands) >= 7
    for script, words in commands:
        flags.parse(shlex.split(words.replace("\\\n", " ")), mode=modes[script])
