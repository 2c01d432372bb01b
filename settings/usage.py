"""What `--help` prints: what matters in a mode first and short, everything with `--help-all`; the table of all flags.

Imports this room's modules. `flags` reads the flags that are described here.
"""

from __future__ import annotations

import itertools
import json
import shutil
import textwrap

from colorgan.settings import modes
from colorgan.settings.config import OPTIONS
from colorgan.settings.flags import ALIASES, BARE
from colorgan.settings.modes import MODES
from colorgan.settings.presets import PRESETS

SHOWN_FIRST = ("output",)  # aliases that help has before the original's name


def table() -> list[tuple[str, str, str, str]]:
    """-> rows (section, flag, default, help) of every flag, for the documentation."""
    return [(one.section, one.flag, _shown(one.default), _help(one)) for one in OPTIONS.values()]


def overview(command: str) -> str:
    """-> what can be done, a line per mode, and how to learn more.

    Args:
        command: what a mode is called with, such as `colorgan` or `python main.py --mode`.
    """
    rows = [f"  {name:<14} {mode.purpose}" for name, mode in MODES.items()]
    return "\n".join(
        [
            "Colorize grayscale photographs with conditional GANs: train, evaluate, use.",
            "",
            f"usage: {command} MODE [--flag value ...]",
            "",
            *rows,
            "",
            f"  {command} MODE --help       what a mode is used with, and its flags",
            f"  {command} MODE --help-all   all of them in full",
            f"  {command.split(' --')[0]} --version",
        ]
    )


def text(mode: str, *, everything: bool = False) -> str:
    """-> what a mode's `--help` prints, at most 60 lines; with `everything`, its `--help-all`."""
    width = min(shutil.get_terminal_size((110, 20)).columns, 110)
    command, about = modes.command(mode), MODES[mode]
    usage = " ".join(filter(None, (f"usage: {command}", about.words, "[--flag value ...]")))
    lines = [usage, "", *textwrap.wrap(about.purpose, width), ""]
    lines += [f"  {command} {example}".rstrip() for example in about.examples]
    mine = [one for one in _own_first() if mode in one.modes]
    if everything:
        lines += ["", *_manners(width)]
        for section, options in itertools.groupby(mine, lambda one: one.section):
            lines += ["", f"{section}:", *(line for one in options for line in _explained(one, mode, width))]
        return "\n".join(lines)
    lines += ["", *(line for one in mine if mode in one.first for line in _explained(one, mode, width))]
    lines += ["", "  --dry-run  look at settings, data and weights, say what would be done, and end"]
    others = [one for one in mine if mode not in one.first]
    lines += ["  --help-all  all in full" + (", and these:" if others else "")]
    for section, options in itertools.groupby(others, lambda one: one.section):
        names = " ".join(_spelled(one) for one in options)
        lines += textwrap.wrap(
            names, width, initial_indent=f"    {section}: ", subsequent_indent="      ", break_on_hyphens=False
        )
    return "\n".join(lines)


def _own_first():
    """-> all options, those of the last section first: what a mode alone is for stands before what many share."""
    sections = [list(some) for _, some in itertools.groupby(OPTIONS.values(), lambda one: one.section)]
    return [one for some in reversed(sections) for one in some]


def _manners(width):
    return textwrap.wrap(
        "A flag that is given beats the preset, which beats the data set's defaults, which beat the defaults below. "
        f"Presets: {', '.join(PRESETS)}. Booleans take a value: --augment True; {', '.join(BARE)} may stand alone.",
        width,
    )


def _explained(one, mode, width):
    default = "" if one.default in ("", None, ()) else f" (default: {_shown(one.default)})"
    lines = textwrap.wrap(_help(one, mode) + default, width - 30, break_on_hyphens=False)
    return [f"  {_spelled(one):<26}  {lines[0]}", *(" " * 30 + line for line in lines[1:])]


def _spelled(one):
    return next((f"--{alias}" for alias in SHOWN_FIRST if f"--{ALIASES[alias]}" == one.flag), one.flag)


def _shown(default):
    if isinstance(default, tuple):
        rows = default and isinstance(default[0], tuple)
        return json.dumps(default, separators=(",", ":")) if rows else ",".join(default) or "none"
    return "none" if default in ("", None) else str(default)


def _help(one, mode=None):
    """A flag's help with its choices and other spellings; with a mode, as `_spelled` spells it there."""
    spellings = [one.flag, *(f"--{alias}" for alias, name in ALIASES.items() if f"--{name}" == one.flag)]
    others = [flag for flag in spellings if flag != (_spelled(one) if mode else one.flag)]
    allowed = one.allowed(mode)
    choices = f" [{', '.join(allowed)}]" if allowed else ""
    return one.help + choices + (f" (also {', '.join(others)})" if others else "")
