"""What is known of one setting: its type, range, choices, modes, and what holds of it in a run. Imports `modes`."""

from __future__ import annotations

import dataclasses
import itertools
import math
from dataclasses import dataclass, field

from colorgan.settings.modes import MODES

ROWS, WORDS, STAGES = "rows", "words", "stages"  # kinds of tuples; see `_check_items`
ALL = tuple(MODES)
TRAIN = ("train", "class-weights")  # class-weights takes the command line of the training that it is for


@dataclass(frozen=True)
class Option:
    """A setting, which is also a flag.

    Attributes:
        default: the value when neither a flag nor a preset nor the dataset's table gives one. None: not set.
        help: one line for `--help`.
        kind: its type, or `rows`, `words` or `stages` for tuples.
        choices: the values allowed, for a closed set; {mode: values} where they depend on the mode.
        above, least: of numbers, what they must be above, or not be below. Where both are None: 0 is the least.
        below, most: of numbers, what they must be below, or not be above.
        modes: those that heed it; to others it cannot be given. Where none is named: its section's.
        first: those in whose short help it is explained; True: all of them.
        resumes: whether a run may go on with another value (paths, intervals, devices).
        steers: whether a plateau decay follows it, so that a run with one cannot go on with another value.
        network: the network whose weights mean nothing without it, `generator` or `discriminator`.
        path: whether it names a place on the machine of the run, which weights that are passed on do not tell.
        bare: of booleans, whether the flag may stand alone.
        name, section: its field and that field's section; `config.OPTIONS` fills them in.
    """

    default: object
    help: str
    kind: type | str
    choices: tuple | dict = ()
    above: float | None = None
    least: float | None = None
    below: float | None = None
    most: float | None = None
    modes: tuple = ()
    first: tuple | bool = ()
    resumes: bool = False
    steers: bool = False
    network: str = ""
    path: bool = False
    bare: bool = False
    name: str = ""
    section: str = ""

    @property
    def flag(self) -> str:
        """Its flag: `lr_decay_steps` -> `--lr-decay-steps`."""
        return flag_name(self.name)

    @property
    def fixed(self) -> bool:
        """Whether it is a run's own: of training, and not to be changed when the run goes on."""
        return "train" in self.modes and not self.resumes

    def allowed(self, mode: str | None = None) -> tuple:
        """-> its choices in a mode; in any, where no mode is named."""
        if not isinstance(self.choices, dict):
            return self.choices
        return self.choices[mode] if mode else tuple(dict.fromkeys(itertools.chain(*self.choices.values())))

    def check(self, value, *, mode: str | None = None) -> None:
        """Check a value against the type, the choices and the range.

        Raises:
            ValueError: naming the flag, the rule and the value.
        """
        if value is None and self.default is None:
            return
        expected = tuple if isinstance(self.kind, str) else self.kind
        number = _number(value, int | float)
        if not (isinstance(value, expected) or (expected is float and number)) or (
            isinstance(value, bool) and expected is not bool
        ):
            raise ValueError(f"`{self.flag}` must be a {expected.__name__}. Received: {value!r}")
        if isinstance(self.kind, str):
            _check_items(self.flag, value, self.kind)
        allowed = self.allowed(mode)
        if allowed and value not in allowed and not (isinstance(self.choices, dict) and value == self.default):
            of = f" of `{mode}`" if isinstance(self.choices, dict) and mode else ""
            raise ValueError(f"`{self.flag}`{of} must be one of {', '.join(allowed)}. Received: {value!r}")
        if number and (rule := self._broken_range(value)):
            raise ValueError(f"`{self.flag}` must {rule}. Received: {value}")

    def _broken_range(self, value) -> str:
        if not math.isfinite(value):
            return "be a finite number"
        if self.above is not None and value <= self.above:
            return f"be above {self.above:,}"
        if self.above is None and value < (self.least or 0):
            return f"be at least {self.least:,}" if self.least else "not be negative"
        if self.below is not None and value >= self.below:
            return f"be below {self.below:,}"
        if self.most is not None and value > self.most:
            return f"be at most {self.most:,}"
        return ""


def option(default, help, *, kind=None, **properties):  # noqa: A002 - the field's term
    """A dataclass field that is also a flag.

    Args:
        default, help, properties: see `Option`.
        kind: likewise; without it, the default's type.
    """
    return field(default=default, metadata={"option": Option(default, help, kind or type(default), **properties)})


def options_of(sections: dict) -> dict[str, Option]:
    """-> {name: option} of all fields of {name: dataclass}, in the order of their definition.

    A section's `MODES` are those of its options that name none; without it, they are training's.
    """
    options = {}
    for section, cls in sections.items():
        for f in dataclasses.fields(cls):
            one = f.metadata["option"]
            modes = one.modes or getattr(cls, "MODES", TRAIN)
            first = modes if one.first is True else one.first
            options[f.name] = dataclasses.replace(one, name=f.name, section=section, modes=modes, first=first)
    return options


def flag_name(name: str) -> str:
    """-> a field's flag: `lr_decay_steps` -> `--lr-decay-steps`."""
    return "--" + name.replace("_", "-")


def _check_items(flag, value, kind):
    """What a tuple holds: a kernel table (never empty), the stages of a schedule, or words."""
    if kind == ROWS and not (value and all(_is_row(row) for row in value)):
        raise ValueError(
            f"`{flag}` must be rows [filters, stride] or [filters, stride, dropout]: whole numbers above 0, and a "
            f"rate of at least 0 and below 1. Received: {value!r}"
        )
    if kind == STAGES and not (all(_is_stage(row) for row in value) and _rising([row[0] for row in value])):
        raise ValueError(
            f"`{flag}` must be rows [iteration, number]: whole numbers of at least 0, the iterations rising. "
            f"Received: {value!r}"
        )
    if kind == WORDS and not all(isinstance(word, str) for word in value):
        raise ValueError(f"`{flag}` must be words. Received: {value!r}")


def _number(x, kind):
    return isinstance(x, kind) and not isinstance(x, bool)


def _is_row(row):
    if not isinstance(row, tuple) or len(row) not in (2, 3):
        return False
    whole = all(_number(x, int) and x > 0 for x in row[:2])
    return whole and all(_number(x, int | float) and 0 <= x < 1 for x in row[2:])


def _is_stage(row):
    return isinstance(row, tuple) and len(row) == 2 and all(_number(x, int) and x >= 0 for x in row)


def _rising(numbers):
    return all(a < b for a, b in zip(numbers, numbers[1:], strict=False))
