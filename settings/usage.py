"""The text of `--help`, short, and of `--help-all`; the table of all flags.

Imports this room's modules. `flags` reads the flags that are described here.
"""

from __future__ import annotations

import itertools
import json
import shutil
import textwrap

from colorgan.settings import modes
from colorgan.settings.config import OPTIONS
from colorgan.settings.flags import ALIASES
from colorgan.settings.modes import MODES
from colorgan.settings.options import flag_name
from colorgan.settings.presets import PRESETS

SHOWN_FIRST = {"test_output": "--output"}  # aliases that help prefers to the original's names
MANNERS = (
    "A flag on the command line beats the preset, the preset beats the data set's defaults, and these beat the "
    f"defaults below. Presets: {', '.join(PRESETS)}. Booleans take a value, as in --augment False; without it they are "
    "True."
)


def table() -> list[tuple[str, str, str, str]]:
    """-> rows (section, flag, default, help) of every flag, for the documentation."""
    return [(one.section, one.flag, _shown(one.default), _help(one, one.flag)) for one in OPTIONS.values()]


def overview(command: str) -> str:
    """-> the list of modes, a line each, and how to learn more.

    Args:
        command: what precedes the mode, such as `colorgan` or `python main.py --mode`.
    """
    rows = "\n".join(f"  {name:<14} {mode.purpose}" for name, mode in MODES.items())
    return f"""Colorize grayscale photographs with conditional GANs: train, evaluate, use.

usage: {command} MODE [--flag value ...]

{rows}

  {command} MODE --help       how to use a mode, and its flags
  {command} MODE --help-all   all its flags in full
  {command.split(" --")[0]} --version"""


def text(mode: str, *, everything: bool = False) -> str:
    """-> the text of a mode's `--help`, at most 60 lines, or of its `--help-all`."""
    width = min(shutil.get_terminal_size((110, 20)).columns, 110)
    command, about = modes.command(mode), MODES[mode]
    usage = " ".join(filter(None, (f"usage: {command}", about.words, "[--flag value ...]")))
    lines = [usage, "", *textwrap.wrap(about.purpose, width), ""]
    lines += [f"  {command} {example}".rstrip() for example in about.examples]
    if about.statuses:
        lines += ["", *textwrap.wrap(f"exit status: {about.statuses}", width)]
    mine = [one for one in _own_first() if mode in one.modes]
    if everything:
        lines += ["", *textwrap.wrap(MANNERS, width)]
        for section, options in itertools.groupby(mine, lambda one: one.section):
            lines += ["", f"{section}:", *(line for one in options for line in _explained(one, mode, width))]
        return "\n".join(lines)
    first = about.first.split()
    lines += ["", *(line for one in mine if one.name in first for line in _explained(one, mode, width))]
    lines += ["", "  --dry-run  check settings, data and weights, print what would be done, and end"]
    others = [one for one in mine if one.name not in first]
    lines += ["  --help-all  explains all flags" + (", these included:" if others else "")]
    for section, options in itertools.groupby(others, lambda one: one.section):
        names = " ".join(_spelled(one) for one in options)
        lines += textwrap.wrap(f"    {section}: {names}", width, subsequent_indent="      ", break_on_hyphens=False)
    return "\n".join(lines)


def _own_first():
    """-> all options, the last section first: options of few modes precede those that many share."""
    sections = [list(some) for _, some in itertools.groupby(OPTIONS.values(), lambda one: one.section)]
    return list(itertools.chain(*reversed(sections)))


def _explained(one, mode, width):
    default = "" if one.default in ("", None, ()) else f" (default: {_shown(one.default)})"
    lines = textwrap.wrap(_help(one, _spelled(one), mode) + default, width - 30, break_on_hyphens=False)
    return [f"  {_spelled(one):<26}  {lines[0]}", *(" " * 30 + line for line in lines[1:])]


def _spelled(one):
    return SHOWN_FIRST.get(one.name, one.flag)


def _shown(default):
    if isinstance(default, tuple):
        rows = default and isinstance(default[0], tuple)
        return json.dumps(default, separators=(",", ":")) if rows else ",".join(default) or "none"
    return "none" if default in ("", None) else str(default)


def _help(one, spelled, mode=None):
    """A flag's help, with its choices and its other spellings."""
    spellings = [one.flag, *(flag_name(alias) for alias, name in ALIASES.items() if name == one.name)]
    others = ", ".join(flag for flag in spellings if flag != spelled)
    choices = ", ".join(one.allowed(mode))
    return one.help + (f" [{choices}]" if choices else "") + (f" (also {others})" if others else "")
