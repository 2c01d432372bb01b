"""The command line: flags made from the configuration's fields, and how flags, presets and data sets combine.

The only reader of flags. Imports `config` and `presets`, and no TensorFlow: `--help` and mistakes answer at once.
"""

from __future__ import annotations

import difflib
import fnmatch
import json
import re
import shutil
import textwrap
from dataclasses import dataclass, fields
from pathlib import Path

from absl import flags as absl_flags

from colorgan.settings.config import FIELDS, SECTIONS, Config, flag_name, folder_name
from colorgan.settings.presets import DATASETS, PRESETS, WITHOUT_MEANING

MODES = ("train", "eval", "turing", "sample", "class-weights", "colorize", "export", "app", "pack")
ORIGINAL_MODES = {"0": "train", "1": "eval", "2": "turing"}  # the original's numbers
# The original renamed these; both names mean one flag.
ALIASES = {"turing-test-delay": "test-delay", "turing-test-size": "test-size", "output": "test-output"}
SHOWN_FIRST = ("output",)  # aliases that --help has before the original's name


# Booleans that may stand alone.
BARE = ("--dry-run", "--single", "--web", "--overwrite", "--flip-average", "--side-by-side", "--download")
# What a door's users look for stands first in its --help; the other sections follow in their order.
FIRST = {
    **dict.fromkeys(("colorize", "app", "export", "pack"), ("use", "run")),
    **dict.fromkeys(("eval", "turing", "sample"), ("evaluation", "use", "run", "data")),
    **dict.fromkeys(("train", "class-weights"), ("data", "schedule", "optimizer", "run")),
}
ONLY = {"average_checkpoints": "pack", "eval_split": "eval", "encoder_weights": "train"}  # what one mode alone can heed
# What `Config` does not refuse, which runs of earlier versions must fit: the largest values of what is given ...
LIMITS = {"saturation": 10, "quality": 100}
# ... and the formats of what a mode writes.
FORMATS = {
    **dict.fromkeys(("colorize", "app"), ("jpg", "png", "tiff", "webp")),
    "export": ("tf_saved_model", "onnx", "litert"),
}
TRUE, FALSE = ("true", "t", "1", "yes", "y", "on"), ("false", "f", "0", "no", "n", "off")


class UsageError(ValueError):
    """A command line that cannot be meant: the message says what to change."""


@dataclass(frozen=True)
class Command:
    """A parsed command line.

    Attributes:
        mode: one of `MODES`.
        config: everything resolved: flags over preset over the data set's defaults.
        given: names of the fields that the command line itself set.
        inputs: the words that are not flags.
        dry_run: print and exit.
    """

    mode: str
    config: Config
    given: frozenset
    inputs: tuple
    dry_run: bool


class _Boolean(absl_flags.ArgumentParser):
    """A boolean that takes a value: absl's own leaves the `True` of `--augment True` behind as a word."""

    syntactic_help = "True or False"

    def parse(self, argument):
        text = str(argument).lower()
        if text in TRUE:
            return True
        if text in FALSE:
            return False
        raise ValueError(f"expected True or False, received {argument!r}")


class _Integer(absl_flags.ArgumentParser):
    """An integer that may be written 1e4, as the original's commands do."""

    def parse(self, argument):
        try:
            return int(argument)
        except ValueError:
            number = float(argument)
        if not number.is_integer():
            raise ValueError(f"expected a whole number, received {argument!r}")
        return int(number)


class _Float(absl_flags.ArgumentParser):
    def parse(self, argument):
        return float(argument)


class _Rows(absl_flags.ArgumentParser):
    """A kernel table as JSON, or a list of words separated by commas."""

    def parse(self, argument):
        if not isinstance(argument, str):
            return argument
        text = argument.strip()
        if not text.startswith("["):
            return tuple(word.strip() for word in text.split(",") if word.strip())
        try:
            return tuple(tuple(row) for row in json.loads(text))
        except (json.JSONDecodeError, TypeError) as error:
            raise ValueError(f"expected JSON rows like [[64,1],[128,2]], received {argument!r}") from error


_PARSERS = {
    bool: _Boolean,
    int: _Integer,
    float: _Float,
    str: absl_flags.ArgumentParser,
    "rows": _Rows,
    "words": _Rows,
    "stages": _Rows,
}


def _definitions() -> absl_flags.FlagValues:
    values = absl_flags.FlagValues()
    for name, f in FIELDS.items():
        parser = _PARSERS[f.metadata["kind"]]()
        absl_flags.DEFINE(parser, flag_name(name)[2:], None, f.metadata["help"], flag_values=values, serializer=None)
    for alias, name in ALIASES.items():
        absl_flags.DEFINE_alias(alias, name, flag_values=values)
    absl_flags.DEFINE_string("mode", None, "what to do", flag_values=values)
    absl_flags.DEFINE(_Boolean(), "dry-run", False, "print configuration and networks, and exit", flag_values=values)
    return values


def parse(argv: list[str], *, mode: str | None = None) -> Command:
    """Read a command line.

    Args:
        argv: the words after the program's name.
        mode: what the door that was opened does; None where `--mode` decides (default train).

    Returns:
        The command, its configuration resolved: a flag that was given beats the named preset, which beats the data
        set's defaults, which beat the fields' defaults.

    Raises:
        UsageError: for an unknown flag or name, a value of the wrong type or out of range.
    """
    values = _definitions()
    try:
        words = values(["colorgan", *_normalized(argv)])[1:]
    except absl_flags.UnrecognizedFlagError as error:
        known = [n for n in values if len(n) > 1]
        near = difflib.get_close_matches(error.flagname, known, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join('--' + n for n in near)}?" if near else ""
        listed = textwrap.fill(" ".join("--" + n for n in sorted(known)), 100, break_on_hyphens=False)
        raise UsageError(f"Unknown flag `--{error.flagname}`.{hint} Known flags:\n{listed}") from error
    except absl_flags.Error as error:
        raise UsageError(str(error)) from error
    given = {name: values[flag_name(name)[2:]].value for name in FIELDS if values[flag_name(name)[2:]].present}
    for alias, name in ALIASES.items():
        if values[alias].present:
            given[name.replace("-", "_")] = values[name].value
    chosen = _mode(values["mode"].value, mode)
    for name in sorted(given.keys() & ONLY.keys()):
        if chosen != ONLY[name]:
            raise UsageError(
                f"{flag_name(name)} is for `--mode {ONLY[name]}`, not for `--mode {chosen}`. Leave it out."
            )
    _check_given(given, chosen)
    return Command(
        mode=chosen,
        config=resolve(given),
        given=frozenset(given),
        inputs=tuple(words),
        dry_run=values["dry-run"].value,
    )


def _check_given(given, mode):
    for name, most in LIMITS.items():
        if given.get(name, 0) > most:
            raise UsageError(f"`{flag_name(name)}` must be at most {most}. Received: {given[name]}")
    known, wanted = FORMATS.get(mode), given.get("format")
    if known and wanted and wanted not in known:
        raise UsageError(f"`--format` of `--mode {mode}` must be one of {', '.join(known)}. Received: {wanted!r}")


def _normalized(argv):
    """`--batch_size` is `--batch-size`; a bare `--web` is `--web True`."""
    end = argv.index("--") if "--" in argv else len(argv)  # what follows it are words, however they look
    words = [re.sub(r"^--?[\w-]+", lambda m: "--" + m[0].lstrip("-").replace("_", "-"), w) if _is_flag(w) else w
             for w in argv[:end]]  # fmt: skip
    result = []
    for i, word in enumerate(words):
        bare = word in BARE and (i + 1 == len(words) or words[i + 1].lower() not in TRUE + FALSE)
        result.append(f"{word}=True" if bare else word)
    return [*result, *argv[end:]]


def _is_flag(word):
    return re.match(r"^--?[A-Za-z]", word) is not None


def _mode(given, fixed):
    mode = ORIGINAL_MODES.get(given, given) or fixed or "train"
    if mode not in MODES:
        raise UsageError(f"Unknown `--mode` {given!r}. Known: {', '.join(MODES)} (or the original's 0, 1, 2)")
    if fixed and mode != fixed:
        raise UsageError(f"This script's mode is {fixed}. For `--mode {mode}` use main.py.")
    return mode


def resolve(given: dict) -> Config:
    """Combine what was given with the preset and the data set's defaults.

    Args:
        given: {field name: value} from a command line or a caller.

    Returns:
        The full configuration, `preset` filled in and the paths' default spellings resolved.

    Raises:
        UsageError: if a name is unknown or a value out of range.
    """
    try:
        config = Config()
        dataset = given.get("dataset", config.data.dataset)
        defaults = data_defaults(dataset)
        preset = given.get("preset") or defaults.preset
        if preset not in PRESETS:
            raise ValueError(f"Unknown `--preset` {preset!r}. Known: {', '.join(PRESETS)}")
        on_top = {} if given.get("preset") else defaults.values
        dropped = [neutral for (name, value), neutral in WITHOUT_MEANING.items() if given.get(name) == value]
        values = {**PRESETS[preset].values, **on_top}
        for neutral in dropped:
            values |= neutral
        config = config.replace(**{**values, **given, "preset": preset})
        return config.replace(**_paths(config))
    except (ValueError, TypeError) as error:
        raise UsageError(str(error)) from error


def data_defaults(dataset: str):
    """-> the row of `presets.DATASETS` for a data set.

    Raises:
        ValueError: if no row matches (the known names are listed).
    """
    for pattern, row in DATASETS.items():
        if fnmatch.fnmatchcase(dataset, pattern):
            return row
    known = ", ".join("tfds:NAME" if "*" in p else p for p in DATASETS if p != "tfds:cifar*")
    raise ValueError(f"Unknown `--dataset` {dataset!r}. Known: {known}")


def _paths(config):
    """The default spellings stand for a folder per data set, as in the original, so that runs do not meet."""
    place = folder_name(config.data.dataset)
    paths = {}
    if Path(config.data.dataset_path) == Path("./dataset"):
        paths["dataset_path"] = f"./dataset/{place}"
    if Path(config.run.checkpoints_path) == Path("./checkpoints"):
        name = f"-{config.run.name}" if config.run.name else ""
        paths["checkpoints_path"] = f"./checkpoints/{place}{name}"
    return paths


def table() -> list[tuple[str, str, str, str]]:
    """-> rows (section, flag, default, help) of every flag, for `--help` and the README."""
    return [
        (section, flag_name(f.name), _shown(f.default), _help(f))
        for section, cls in SECTIONS.items()
        for f in fields(cls)
    ]


def _shown(default):
    if isinstance(default, tuple):
        rows = default and isinstance(default[0], tuple)
        return json.dumps(default, separators=(",", ":")) if rows else ",".join(default) or "none"
    return "none" if default in ("", None) else str(default)


def _help(f):
    aliases = [f"--{alias}" for alias, name in ALIASES.items() if "--" + name == flag_name(f.name)]
    choices = f" [{', '.join(f.metadata['choices'])}]" if f.metadata["choices"] else ""
    return f.metadata["help"] + choices + (f" (also {', '.join(aliases)})" if aliases else "")


def help_text(program: str, purpose: str, *, mode: str | None, words="", examples=()) -> str:
    """-> what `--help` prints for a door.

    Args:
        program: the script's name.
        purpose: one sentence on what it does.
        mode: its fixed mode, or None for main.py.
        words: what it takes beside flags, for the line on its use.
        examples: command lines, without the program.
    """
    width = min(shutil.get_terminal_size((110, 20)).columns, 110)
    command = f"python {program}" if program.endswith(".py") else program
    usage = " ".join(filter(None, (f"usage: {command}", words, "[--flag value ...]")))
    lines = [usage, "", *textwrap.wrap(purpose, width), ""]
    lines += [*(f"  {command} {example}" for example in examples), *([""] if examples else [])]
    if mode is None:
        lines += [f"  --mode {{{','.join(MODES)}}}  what to do (default: train)", ""]
    lines += ["  --dry-run  print the resolved configuration and the networks' sizes, and exit", "  --help", ""]
    lines += textwrap.wrap(
        "A flag that is given beats the preset, which beats the data set's defaults, which beat the defaults below. "
        f"Presets: {', '.join(PRESETS)}. Booleans take a value: --augment True; {', '.join(BARE)} may stand alone.",
        width,
    )
    section, order = None, {one: i for i, one in enumerate(FIRST.get(mode, ()))}
    for row_section, flag, default, text in sorted(table(), key=lambda row: order.get(row[0], len(order))):
        if row_section != section:
            section = row_section
            lines += ["", f"{section}:"]
        for alias in (alias for alias in SHOWN_FIRST if f"--{ALIASES[alias]}" == flag):
            flag, text = f"--{alias}, {flag}", text.replace(f" (also --{alias})", "")
        wrapped = textwrap.wrap(f"{text} (default: {default})", width - 30, break_on_hyphens=False)
        lines.append(f"  {flag:<26}  {wrapped[0] if wrapped else ''}")
        lines += [" " * 30 + rest for rest in wrapped[1:]]
    return "\n".join(lines)
