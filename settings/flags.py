"""The command line: a flag for each field of the configuration; flags, presets and data sets combined.

The only reader of flags. Imports this room's modules, and no TensorFlow, so mistakes are reported at once.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path

from absl import flags as absl_flags

from colorgan.settings import modes, nearest, rules
from colorgan.settings.config import OPTIONS, Config, folder_name
from colorgan.settings.modes import MODES
from colorgan.settings.options import BOOLEANS, TRAIN, Option, flag_name
from colorgan.settings.presets import DATASETS, PRESETS

# The original renamed these; both names mean one setting.
ALIASES = {"turing_test_delay": "test_delay", "turing_test_size": "test_size", "output": "test_output"}
FLAGS = OPTIONS | {name: Option(name, "", None, "", kind) for name, kind in (("mode", str), ("dry_run", bool))}
FLAG = re.compile(r"--?([A-Za-z][^=]*)(?:=(.*))?", re.DOTALL)


class UsageError(ValueError):
    """A command line that no run can follow, whatever the data: `main.run` ends with status 2."""


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


def parse(argv: list[str], *, mode: str | None = None) -> Command:
    """Read a command line.

    Args:
        argv: the words after the program's name.
        mode: the mode of the started script; None if `--mode` decides (default train).

    Returns:
        The command with its resolved configuration. A given flag beats the preset, the preset beats the data set's
        defaults, and these beat the fields' defaults.

    Raises:
        ValueError: for an unknown flag or name, a value of the wrong type or out of range, flags or words that the mode
            does not take, and, for a training, broken `rules`.
    """
    texts, words = _read(argv, mode)
    given = {name: FLAGS[name].parse(text) for name, text in texts.items()}
    chosen, dry_run = _mode(given.pop("mode", None), mode), given.pop("dry_run", False)
    if words and not MODES[chosen].words:
        like = "--epochs 3 or --augment False"
        raise ValueError(f"Not a flag: {' '.join(words)}. Flags look like {like}; see --help.{_mode_meant(words)}")
    _check_given(given, chosen)
    config = resolve(given)
    if chosen in TRAIN:
        rules.check(config, given.keys())
    return Command(chosen, config, frozenset(given), tuple(words), dry_run)


def mode_of(argv: list[str], fixed: str | None = None) -> str | None:
    """-> the mode in a command line that may have other mistakes, such as a call for help; None: it has none.

    Raises:
        ValueError: for an unknown mode, or a mode other than the script's.
    """
    given = dict(re.findall(r"--(mode)=(.*)", "\n".join(_spelled_out(argv)))).get("mode")
    return _mode(given, fixed) if given or fixed else None


def _read(argv, mode):
    """-> {setting: the text of its flag}, and the words that are not flags, as absl reads them."""
    values = absl_flags.FlagValues()
    for name in FLAGS:
        absl_flags.DEFINE_string(name, None, "", flag_values=values)
    try:
        words = values(["colorgan", *_spelled_out(argv, check=True)])[1:]
    except absl_flags.UnrecognizedFlagError as error:
        raise ValueError(_unknown(error.flagname, argv, mode)) from error
    except absl_flags.Error as error:
        raise ValueError(str(error)) from error
    return {name: values[name].value for name in FLAGS if values[name].present}, words


def _spelled_out(argv, *, check=False):
    """-> the words of a command line, each flag as `--lr_decay=False`; a boolean without a value is True.

    absl's own booleans leave the `True` of `--augment True` behind, and its texts take a flag for their value.
    """
    rest = list(argv)
    while rest and rest[0] != "--":  # everything after `--` is a word
        word = rest.pop(0)
        flag = FLAG.fullmatch(word)
        if flag is None:
            yield word
            continue
        name, text = flag[1].replace("-", "_"), flag[2]
        name = ALIASES.get(name, name)
        follows = rest[0] if rest and rest[0] != "--" and not FLAG.fullmatch(rest[0]) else None
        if text is None and name in FLAGS and FLAGS[name].kind is bool and str(follows).lower() not in BOOLEANS:
            text = "True"
        elif text is None and follows is not None:
            text = rest.pop(0)
        elif text is None and name in FLAGS and check:
            raise ValueError(f"`{flag_name(name)}` needs a value after it.")
        yield f"--{name}={text}"
    yield from rest


def _unknown(name, argv, fixed):
    """-> an error's text with the nearest flag of the mode, or, if none is near, of all modes."""
    try:
        mode = mode_of(argv, fixed) or "train"
    except ValueError:
        mode = "train"
    aliases = {alias: OPTIONS[own] for alias, own in ALIASES.items()}
    mine = [flag_name(own) for own, option in (OPTIONS | aliases).items() if mode in option.modes]
    flag = flag_name(name)
    near = nearest.did_you_mean(flag, mine) or nearest.did_you_mean(flag, map(flag_name, (*FLAGS, *ALIASES)))
    return f"Unknown flag `{flag}`.{near}\n{modes.command(mode)} --help-all lists the flags."


def _mode_meant(words):
    """-> how to give a mode that was given as a word: `main.py train` is a likely mistake."""
    return f" The mode is given as --mode {words[0]}." if words[0] in MODES else ""


def _mode(given, fixed):
    mode = modes.ORIGINAL.get(given, given) or fixed or "train"
    if mode not in MODES:
        raise ValueError(f"{nearest.unknown('`--mode`', given, MODES)} (or the original's 0, 1, 2)")
    if fixed and mode != fixed:
        raise ValueError(f"This is {fixed}, and --mode cannot change it. For {mode} use {modes.command(mode)}")
    return mode


def _check_given(given, mode):
    """Check that the given flags belong to the mode, and their values to its choices."""
    foreign = [OPTIONS[name] for name in sorted(given) if mode not in OPTIONS[name].modes]
    if foreign:
        heeded = "; ".join(f"{option.flag} is for {', '.join(option.modes)}" for option in foreign)
        raise ValueError(f"{heeded}; not for {mode}. Leave it out.")
    for name, value in given.items():
        OPTIONS[name].check(value, mode=mode)


def resolve(given: dict) -> Config:
    """Combine given values with the preset and the data set's defaults.

    Args:
        given: {field name: value} from a command line or a caller.

    Returns:
        The full configuration, `preset` filled in and the paths' default spellings resolved.

    Raises:
        ValueError: if a name is unknown or a value out of range.
    """
    default, on_top = _defaults(given.get("dataset", OPTIONS["dataset"].default))
    preset = given.get("preset") or default
    if preset not in PRESETS:
        raise ValueError(nearest.unknown("`--preset`", preset, PRESETS))
    values = PRESETS[preset] | ({} if given.get("preset") else on_top)
    for row in rules.WITHOUT_MEANING:
        if row.name in given and given[row.name] == row.value:
            values |= row.neutral | row.start
    config = Config().replace(**{**values, **given, "preset": preset})
    return config.replace(**_paths(config))


def _defaults(dataset):
    for pattern, row in DATASETS.items():
        if fnmatch.fnmatchcase(dataset, pattern):
            return row
    known = dict.fromkeys("tfds:NAME" if "*" in pattern else pattern for pattern in DATASETS)
    raise ValueError(nearest.unknown("`--dataset`", dataset, known))


def _paths(config):
    """-> {path setting: folder}: default paths mean one folder per data set, as in the original, to keep runs apart."""
    place, values = folder_name(config.data.dataset), config.flat()
    name = f"-{config.run.name}" if config.run.name else ""
    paths = {"dataset_path": f"./dataset/{place}", "checkpoints_path": f"./checkpoints/{place}{name}"}
    return {path: own for path, own in paths.items() if Path(values[path]) == Path(OPTIONS[path].default)}
