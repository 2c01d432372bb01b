"""Help: what matters first and short, everything on demand; how things are called where the program runs."""

import sys

import pytest

from colorgan.settings import modes, usage
from colorgan.settings.config import OPTIONS
from colorgan.settings.modes import MODES


def spelled(one):
    return "--output" if one.name == "test_output" else one.flag


@pytest.mark.parametrize("mode", MODES)
def test_help_is_short_and_names_the_modes_flags(mode):
    lines = usage.text(mode).splitlines()
    assert len(lines) <= 60 and max(map(len, lines)) <= 110
    mine = [one for one in OPTIONS.values() if mode in one.modes]
    words = set(" ".join(lines).split())
    assert words >= {spelled(one) for one in mine} | {"--dry-run", "--help-all"}
    assert not words & {spelled(one) for one in OPTIONS.values() if mode not in one.modes and mode not in one.help}
    explained = [line.split()[0] for line in lines if line.startswith("  --") and line[28:30] == "  "]
    assert set(explained) == {spelled(OPTIONS[name]) for name in MODES[mode].first.split()}
    assert min(10, len(mine)) <= len(explained) <= 12 or mode in ("export", "pack")  # which have few
    assert MODES[mode].purpose.split()[0] in words


@pytest.mark.parametrize("mode", MODES)
def test_help_all_explains_the_modes_flags(mode):
    text = usage.text(mode, everything=True)
    lines = text.splitlines()
    explained = [line.split()[0] for line in lines if line.startswith("  --")]
    assert sorted(explained) == sorted(spelled(one) for one in OPTIONS.values() if mode in one.modes)
    words = " ".join(text.split())
    assert all(" ".join(one.help.split()[:4]) in words for one in OPTIONS.values() if mode in one.modes)
    assert max(map(len, lines)) <= 110


def test_both_names_of_a_flag_are_told():
    assert "--output" in usage.text("colorize") and "(also --test-output)" in usage.text("colorize")
    assert "(also --turing-test-size)" in " ".join(usage.text("turing").split())  # lines end at the terminal's width


def test_the_table_has_each_flag_once():
    rows = usage.table()
    assert [row[1] for row in rows] == [one.flag for one in OPTIONS.values()]
    shown = {flag: default for _, flag, default, _ in rows}
    assert (shown["--lr"], shown["--augment"], shown["--augmentations"]) == ("0.0003", "True", "flip")
    (formats,) = (row[3] for row in rows if row[1] == "--format")
    assert "[jpg, png, tiff, webp, tf_saved_model, onnx, litert]" in formats
    assert (shown["--name"], shown["--discriminator-layers"]) == ("none", "[[64,2],[128,2],[256,2],[512,1]]")


def test_the_overview_names_every_mode():
    text = usage.overview("colorgan")
    assert all(f"  {mode} " in text for mode in MODES) and len(text.splitlines()) <= 20


@pytest.mark.parametrize(
    ("started", "mode", "called"),
    [
        ("train.py", "eval", "python {root}/test-eval.py"),
        ("main.py", "pack", "python {root}/main.py --mode pack"),
        ("__main__.py", "eval", "python -m colorgan eval"),
        ("../bin/colorgan", "eval", "colorgan eval"),
    ],
)
def test_commands_are_called_as_the_program_was(started, mode, called, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(modes.ROOT / started)])
    assert modes.command(mode) == called.format(root=modes.ROOT)


def test_an_extra_is_installed_where_the_program_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(modes.ROOT)
    assert modes.install("onnx") == 'pip install -e ".[onnx]"'
    monkeypatch.chdir(tmp_path)
    assert modes.install("onnx") == f'pip install -e "{modes.ROOT}[onnx]"'
    monkeypatch.setattr(modes, "ROOT", tmp_path)  # as in an installed package: no checkout around it
    assert modes.install("onnx") == 'pip install "colorgan[onnx]"'


def test_every_door_is_there():
    assert all((modes.ROOT / mode.door).is_file() for mode in MODES.values() if mode.door)
