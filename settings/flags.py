"""The command line: flags made from the configuration's fields, and how flags, presets and data sets combine.

The only reader of flags. Imports this room's modules, and no TensorFlow: mistakes answer at once.
"""

from __future__ import annotations

import difflib
import fnmatch
import json
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

from absl import flags as absl_flags

from colorgan.settings import modes, rules
from colorgan.settings.config import OPTIONS, Config, folder_name
from colorgan.settings.modes import MODES
from colorgan.settings.options import TRAIN
from colorgan.settings.presets import DATASETS, PRESETS

# The original renamed these; both names mean one flag.
ALIASES = {"turing-test-delay": "test-delay", "turing-test-size": "test-size", "output": "test-output"}
BARE = ("--dry-run", *(one.flag for one in OPTIONS.values() if one.bare))  # booleans that may stand alone
TRUE, FALSE = ("true", "t", "1", "yes", "y", "on"), ("false", "f", "0", "no", "n", "off")


class UsageError(ValueError):
    """A command line that cannot be meant: the message says what to change."""


@dataclass(frozen=True)
class Command:
    """A parsed command line.

    Attributes:
        mode: one of `modes.MODES`.
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
    for one in OPTIONS.values():
        absl_flags.DEFINE(_PARSERS[one.kind](), one.flag[2:], None, one.help, flag_values=values, serializer=None)
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
        UsageError: for an unknown flag or name, a value of the wrong type or out of range, a flag that is not for the
            mode, and, of a training, what `rules` refuse.
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
    given = {name: values[one.flag[2:]].value for name, one in OPTIONS.items() if values[one.flag[2:]].present}
    for alias, name in ALIASES.items():
        if values[alias].present:
            given[name.replace("-", "_")] = values[name].value
    chosen = _mode(values["mode"].value, mode)
    try:
        _check_given(given, chosen)
        config = resolve(given)
        if chosen in TRAIN:
            rules.check(config, frozenset(given))
    except ValueError as error:
        raise UsageError(str(error)) from error
    return Command(
        mode=chosen,
        config=config,
        given=frozenset(given),
        inputs=tuple(words),
        dry_run=values["dry-run"].value,
    )


def _check_given(given, mode):
    """What is given must be for the mode, and one of the mode's choices."""
    foreign = [OPTIONS[name] for name in sorted(given) if mode not in OPTIONS[name].modes]
    if foreign:
        heeded = "; ".join(f"{one.flag} is for {', '.join(one.modes)}" for one in foreign)
        raise ValueError(f"{heeded}; not for {mode}. Leave it out.")
    for name, value in given.items():
        OPTIONS[name].check(value, mode=mode)


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


def mode_of(argv: list[str], fixed: str | None = None) -> str | None:
    """-> the mode of a command line that need not be right otherwise, as one that asks for help; None: it names none.

    Raises:
        UsageError: for an unknown mode, or another than a door's own.
    """
    words = " ".join(_normalized(argv))
    found = re.search(r"(?:^| )--mode[= ](\S+)", words)
    return _mode(found[1] if found else None, fixed) if found or fixed else None


def _mode(given, fixed):
    mode = modes.ORIGINAL.get(given, given) or fixed or "train"
    if mode not in MODES:
        raise UsageError(f"Unknown `--mode` {given!r}. Known: {', '.join(MODES)} (or the original's 0, 1, 2)")
    if fixed and mode != fixed:
        raise UsageError(f"This is {fixed}, which --mode does not change. For {mode}: {modes.command(mode)}")
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
        values = {**PRESETS[preset].values, **on_top}
        for row in rules.WITHOUT_MEANING:
            if row.name in given and given[row.name] == row.value:
                values |= row.neutral | row.start
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
