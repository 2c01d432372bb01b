"""The visual Turing test without its windows: what a test is, each participant's trials, the timing rule.

A person sees a real photograph beside a colorized one and says which is real; or one picture, and says whether it is
real. A front end (a window, a page) shows what is due and hands on the answers; `store` keeps them,
`statistics` sums them up. Standard library and numpy; imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

SIDES = ("left", "right")  # pairs: where the real photograph is
VERDICTS = ("real", "generated")  # single pictures: what is shown
PRACTICE, CHECK, TEST = "practice", "check", "test"  # kinds of trials; only the last counts
REACTION = 0.15  # seconds: an answer faster than any eye is a key held down or a double click, not an answer


@dataclass(frozen=True)
class Trial:
    """One question: its number from 0, its kind, the image's index, and the right answer.

    The right answer, `truth`, is one of `SIDES` in a test of pairs and one of `VERDICTS` in one of single pictures. An
    attention check shows the real picture beside an obviously wrong one, or the wrong one alone.
    """

    number: int
    kind: str
    index: int
    truth: str


@dataclass(frozen=True)
class Answer:
    """What a participant chose, and when."""

    trial: Trial
    choice: str  # one of the test's choices
    seconds: float  # from the pictures' appearance to the answer
    hidden: bool  # whether the answer came after the pictures were hidden
    exposure: float  # seconds that the pictures were really visible
    timestamp: str  # ISO 8601, UTC
    views: int = 1  # how often the front end was given the trial's pictures; above 1, a page was loaded again

    @property
    def correct(self) -> bool:
        """Whether the choice is the truth."""
        return self.choice == self.trial.truth


def stamp() -> str:
    """-> a time stamp for an answer."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Settings:
    """What makes two tests the same one, so that their answers may be pooled.

    Raises:
        ValueError: if the images do not suffice: none is shown twice.
    """

    size: int  # trials that count, per participant
    num_images: int  # how many images there are to draw from
    seed: int = 0  # of every participant's plan
    delay: float = 0.0  # seconds that pictures are shown; 0: until the answer
    practice: int = 0  # trials before those that count
    checks: int = 0  # attention checks among those that count
    single: bool = False  # one picture at a time instead of pairs
    subject: str = ""  # names the model and the pictures

    def __post_init__(self):
        """Count the images."""
        if self.total > self.num_images:
            raise ValueError(
                "`--test-size`, `--practice` and `--checks` together must not exceed the number of images, because "
                f"none is shown twice. Received: {self.total} trials, {self.num_images} images. "
                "Ask for fewer trials or give more images."
            )

    @property
    def choices(self) -> tuple[str, str]:
        """The answers that there are."""
        return VERDICTS if self.single else SIDES

    @property
    def total(self) -> int:
        """All trials of a participant."""
        return self.practice + self.checks + self.size


def plan(settings: Settings, participant: int) -> list[Trial]:
    """A participant's trials: which images, in which order, which answer is right; no image twice.

    Practice comes first; the checks lie at random among the trials that count. Practice, checks and the rest are each
    balanced: both answers are right equally often, up to an odd one. Nobody can use that by counting, for nobody is
    told during the test whether an answer was right. A check of single pictures always shows a wrong one.

    Args:
        settings: the test.
        participant: the same seed and participant give the same plan.
    """
    rng = np.random.default_rng([settings.seed, participant])
    images = rng.permutation(settings.num_images)[: settings.total].tolist()
    main = np.array([CHECK] * settings.checks + [TEST] * settings.size)
    kinds = [PRACTICE] * settings.practice + rng.permutation(main).tolist()
    truths = {kind: _balanced(kinds.count(kind), settings.choices, rng) for kind in (PRACTICE, CHECK, TEST)}
    if settings.single:
        truths[CHECK] = ["generated"] * settings.checks
    return [Trial(n, kind, i, truths[kind].pop()) for n, (kind, i) in enumerate(zip(kinds, images, strict=True))]


def _balanced(count, choices, rng):
    """-> `count` choices in random order, as many of one as of the other; which has the odd one is drawn."""
    first = int(rng.integers(2))
    return [choices[(first + int(k)) % 2] for k in rng.permutation(count)]


class Session:
    """The course of a test in one window: which trial is due, whether it is hidden. It reads no clock itself.

    The timing rule: with `delay` d > 0 the pictures are hidden d seconds after they were shown, and the answer is
    still taken then; with 0 they stay until the answer.
    """

    def __init__(
        self, trials: Sequence[Trial], *, settings: Settings, record: Callable[[Answer], object], answered: int = 0
    ):
        """Start at trial number `answered`; `record` is called with each answer before the next trial is due."""
        self.trials, self.settings, self.record, self.position = trials, settings, record, answered
        self.shown_at, self.masked_at, self.hidden = None, None, False

    @property
    def done(self) -> bool:
        """Whether every trial has its answer."""
        return self.position >= len(self.trials)

    @property
    def current(self) -> Trial:
        """The trial that is due; not to be asked for when `done`."""
        return self.trials[self.position]

    def drawn(self, now: float):
        """What is due, the pictures or later their mask, is on the screen now (seconds of a monotonic clock)."""
        if self.shown_at is None:
            self.shown_at = now
        elif self.hidden and self.masked_at is None:
            self.masked_at = now

    def tick(self, now: float) -> bool:
        """Time has passed. -> whether the pictures must be hidden (and stay so until the next trial is shown)."""
        delay = self.settings.delay
        if delay > 0 and self.shown_at is not None and now - self.shown_at >= delay:
            self.hidden = True
        return self.hidden

    def answer(self, choice: str, now: float) -> Answer | None:
        """The person has chosen, one of the test's choices.

        Returns:
            The recorded answer; None, and nothing has happened, if nothing is shown or it has been for less than
            `REACTION` seconds.
        """
        if self.done or self.shown_at is None or now - self.shown_at < REACTION:
            return None
        # A front end's timer may be late: what counts is whether the person's time was over.
        hidden = self.tick(now)
        seconds = now - self.shown_at
        exposure = (now if self.masked_at is None else self.masked_at) - self.shown_at
        given = Answer(self.current, choice, round(seconds, 4), hidden, round(exposure, 4), stamp())
        self.record(given)
        self.position += 1
        self.shown_at, self.masked_at, self.hidden = None, None, False
        return given
