"""One setting: its type, range, choices and modes, and whether a run can change it. Imports `modes`."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import math
import unicodedata
from dataclasses import dataclass, field

from colorgan.settings import nearest
from colorgan.settings.modes import MODES

ROWS, WORDS, NAMES, STAGES = "rows", "words", "names", "stages"  # kinds of tuples
NUMBERS, SHARE = "numbers", "share"
ALL = tuple(MODES)
MOST = 1000  # of `numbers`: points in a picture
TRAIN = ("train", "class-weights")  # class-weights takes the command line of its training
BOOLEANS = dict.fromkeys(("true", "t", "1", "yes", "y", "on"), True)
BOOLEANS |= dict.fromkeys(("false", "f", "0", "no", "n", "off"), False)


@dataclass(frozen=True)
class Option:
    """A setting, which is also a flag.

    Attributes:
        name, section: its field and that field's section.
        default: the value when neither a flag nor a preset nor the dataset's table gives one. None: not set.
        help: one line for `--help`.
        kind: its type, or `rows` (a kernel table), `words`, `names`, `numbers`, `stages` (of a schedule) or `share` for
            tuples.
        choices: the allowed values of a closed set; {mode: values} if they depend on the mode.
        above: exclusive lower limit of numbers. None: the least is 0.
        below, most: exclusive and inclusive upper limit of numbers.
        modes: the modes that use it; others refuse it.
        resumes: whether a run can continue with another value (paths, intervals, devices).
        steers: whether a plateau decay depends on it; a run with such a decay cannot continue with another value.
        network: the network whose weights need it, `generator` or `discriminator`.
        path: whether it names a place on the run's machine; packed weights leave it out.
    """

    name: str
    section: str
    default: object
    help: str
    kind: type | str
    choices: tuple | dict = ()
    above: float | None = None
    below: float | None = None
    most: float | None = None
    modes: tuple = TRAIN
    resumes: bool = False
    steers: bool = False
    network: str = ""
    path: bool = False

    @property
    def flag(self) -> str:
        """Its flag: `lr_decay_steps` -> `--lr-decay-steps`."""
        return flag_name(self.name)

    @property
    def fixed(self) -> bool:
        """Whether it is a setting of training that cannot change when a run continues."""
        return "train" in self.modes and not self.resumes

    def allowed(self, mode: str | None = None) -> tuple:
        """-> its choices in a mode, or in all modes."""
        if not isinstance(self.choices, dict):
            return self.choices
        return self.choices[mode] if mode else tuple(dict.fromkeys(itertools.chain(*self.choices.values())))

    def parse(self, text: str):
        """-> the value of a word of the command line.

        Raises:
            ValueError: naming the flag, what it takes and the word.
        """
        read, expected = _READERS[self.kind]
        try:
            return read(text)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            like = f", such as {self.default}" if self.kind in (int, float) and self.default else ""
            raise ValueError(f"`{self.flag}` must be {expected}{like}. Received: {text!r}") from error

    def check(self, value, *, mode: str | None = None) -> None:
        """Check a value against the type, the choices and the range.

        Raises:
            ValueError: naming the flag, the rule and the value.
        """
        if value is None and self.default is None:
            return
        kind = tuple if isinstance(self.kind, str) else self.kind
        of, rule = "", ""
        if not isinstance(value, int | float if kind is float else kind) or isinstance(value, bool) != (kind is bool):
            rule = f"be a {kind.__name__}"
        elif self.kind in _ITEMS:
            fine, must = _ITEMS[self.kind]
            rule = "" if fine(value) else must
        elif self.choices:
            by_mode = isinstance(self.choices, dict)
            of = f" of `{mode}`" if by_mode and mode else ""
            fine = value in self.allowed(mode) or (by_mode and value == self.default)
            rule = "" if fine else f"be one of {', '.join(self.allowed(mode))}"
        elif kind in (int, float):
            rule = self._broken_range(value)
        if rule:
            near = nearest.did_you_mean(value, self.allowed(mode)) if self.choices else ""
            raise ValueError(f"`{self.flag}`{of} must {rule}. Received: {value!r}.{near}".removesuffix("."))

    def _broken_range(self, value) -> str:
        if not math.isfinite(value):
            return "be a finite number"
        if self.above is not None and value <= self.above:
            return f"be above {self.above:,}"
        if self.above is None and value < 0:
            return "not be negative"
        if self.below is not None and value >= self.below:
            return f"be below {self.below:,}"
        if self.most is not None and value > self.most:
            return f"be at most {self.most:,}"
        return ""


def option(default, help, **properties):  # noqa: A002 - the field's term
    """A dataclass field that is also a flag.

    Args:
        default, help, properties: see `Option`. The default `kind` is the default's type.
    """
    return field(default=default, metadata={"default": default, "help": help, "kind": type(default), **properties})


def options_of(sections: dict) -> dict[str, Option]:
    """-> {name: option} of all fields of {name: dataclass}, in the order of their definition.

    A section's `COMMON` holds properties of all its options; an option can override them.
    """
    return {
        f.name: Option(name=f.name, section=section, **{**getattr(cls, "COMMON", {}), **f.metadata})
        for section, cls in sections.items()
        for f in dataclasses.fields(cls)
    }


def flag_name(name: str) -> str:
    """-> a field's flag: `lr_decay_steps` -> `--lr-decay-steps`."""
    return "--" + name.replace("_", "-")


def _boolean(text):
    return BOOLEANS[text.lower()]


def _whole(text):
    try:
        return int(text)
    except ValueError:
        if not float(text).is_integer():
            raise
        return int(float(text))  # 1e4, as the original's commands have it


def _words(text):
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _names(text):
    """Split names at commas, except in quotes, and normalize them to Unicode's form NFC."""
    try:
        row = next(csv.reader([unicodedata.normalize("NFC", text)], skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return tuple(name.strip() for name in row if name.strip())


def _numbers(text):
    return tuple(map(_whole, _words(text)))


def _share(text):
    return tuple(map(int, text.split("/"))) if text else ()


def _rows(text):
    return tuple(tuple(row) for row in json.loads(text or "[]"))


_READERS = {  # how a word is read, and what it must be
    bool: (_boolean, "True or False"),
    int: (_whole, "a whole number"),
    float: (float, "a number"),
    str: (str, "text"),
    WORDS: (_words, "words, comma-separated"),
    NAMES: (_names, "names, comma-separated; quote a name with a comma, as in 'a,\"b, c\"'"),
    NUMBERS: (_numbers, "whole numbers, comma-separated"),
    SHARE: (_share, "a share and their number, like 2/8"),
    ROWS: (_rows, "JSON rows like [[64,1],[128,2]]"),
    STAGES: (_rows, "JSON rows like [[0,9],[1000,5]]"),
}


def _are_words(value):
    return all(isinstance(word, str) for word in value)


def _are_numbers(value):
    return all(type(number) is int and 0 <= number <= MOST for number in value)


def _is_share(value):
    return not value or (len(value) == 2 and 1 <= value[0] <= value[1])


def _is_layer(row):
    if not isinstance(row, tuple) or len(row) not in (2, 3):
        return False
    whole = all(type(x) is int and x > 0 for x in row[:2])
    return whole and all(type(x) in (int, float) and 0 <= x < 1 for x in row[2:])


def _are_layers(value):
    return bool(value) and all(_is_layer(row) for row in value)


def _are_stages(value):
    pairs = all(isinstance(row, tuple) and [type(x) for x in row] == [int, int] and min(row) >= 0 for row in value)
    return pairs and all(one < other for (one, _), (other, _) in itertools.pairwise(value))


_ITEMS = {  # check of a tuple's items, and its wording
    WORDS: (_are_words, "be words"),
    NAMES: (_are_words, "be names"),
    NUMBERS: (_are_numbers, f"be whole numbers of at least 0 and at most {MOST:,}"),
    SHARE: (_is_share, "be a share and their number, such as 1/8 to 8/8"),
    ROWS: (
        _are_layers,
        "be rows [filters, stride] or [filters, stride, dropout]: whole numbers above 0, and a rate of at least 0 and "
        "below 1",
    ),
    STAGES: (_are_stages, "be rows [iteration, number]: whole numbers of at least 0, with rising iterations"),
}
