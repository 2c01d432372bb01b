"""The visual Turing test without its windows: the test, each participant's trials, the timing rule.

A person sees a real and a colorized photograph and says which is real; or a single picture, and says whether it is
real. A front end (a window, a page) shows trials and passes on the answers, `store` saves them, `statistics` summarizes
them. Standard library and numpy; imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

SIDES = ("left", "right")  # pairs: the side of the real photograph
VERDICTS = ("real", "generated")  # single pictures: the kind shown
PRACTICE, CHECK, TEST = "practice", "check", "test"  # kinds of trials; only the last kind counts
REACTION = 0.15  # seconds: a faster answer is a held key or a double click


@dataclass(frozen=True)
class Trial:
    """One question: its number from 0, its kind, the image's index, and the right answer.

    The right answer, `truth`, is one of `SIDES` in a test of pairs and one of `VERDICTS` in a test of single pictures.
    An attention check shows the real and an obviously wrong picture, or only the wrong picture.
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
    seconds: float  # from showing the pictures to the answer
    hidden: bool  # whether the answer came after the pictures were hidden
    exposure: float  # seconds that the pictures were really visible
    timestamp: str  # ISO 8601, UTC
    views: int = 1  # how often the front end got the trial's pictures; above 1, a page was loaded again

    @property
    def correct(self) -> bool:
        """Whether the choice is the truth."""
        return self.choice == self.trial.truth


def stamp() -> str:
    """-> a time stamp for an answer."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Settings:
    """The settings that identify a test; answers with equal settings can be pooled.

    Raises:
        ValueError: if there are too few images, because none is shown twice.
    """

    size: int  # trials that count, per participant
    num_images: int  # number of images to draw from
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
        """The possible answers."""
        return VERDICTS if self.single else SIDES

    @property
    def total(self) -> int:
        """All trials of a participant."""
        return self.practice + self.checks + self.size


def plan(settings: Settings, participant: int) -> list[Trial]:
    """-> a participant's trials: images, order and right answers; no image twice.

    Practice comes first; checks are at random places among the trials that count. Practice, checks and the others are
    each balanced: both answers are right equally often, except for an odd trial. Counting does not help a participant,
    because the test does not say whether an answer was right. A check of single pictures always shows a wrong picture.

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
    """-> `count` choices in random order, equally many of both; an odd choice is drawn."""
    first = int(rng.integers(2))
    return [choices[(first + int(k)) % 2] for k in rng.permutation(count)]


class Session:
    """The course of a test in one window: which trial is due, whether it is hidden. It reads no clock.

    The timing rule: with `delay` d > 0 the pictures are hidden after d seconds, and answers are still accepted; with 0
    they stay until the answer.
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
        """The trial that is due; do not call it when `done`."""
        return self.trials[self.position]

    def drawn(self, now: float):
        """Tell the session that the pictures, or their mask, are now on the screen (seconds of a monotonic clock)."""
        if self.shown_at is None:
            self.shown_at = now
        elif self.hidden and self.masked_at is None:
            self.masked_at = now

    def tick(self, now: float) -> bool:
        """Tell the session the time. -> whether the pictures must be hidden (until the next trial is shown)."""
        delay = self.settings.delay
        if delay > 0 and self.shown_at is not None and now - self.shown_at >= delay:
            self.hidden = True
        return self.hidden

    def answer(self, choice: str, now: float) -> Answer | None:
        """Take the person's choice, one of the test's choices.

        Returns:
            The recorded answer; None without effect if nothing is shown, or for less than `REACTION` seconds.
        """
        if self.done or self.shown_at is None or now - self.shown_at < REACTION:
            return None
        # A front end's timer can be late; the person's time decides.
        hidden = self.tick(now)
        seconds = now - self.shown_at
        exposure = (now if self.masked_at is None else self.masked_at) - self.shown_at
        given = Answer(self.current, choice, round(seconds, 4), hidden, round(exposure, 4), stamp())
        self.record(given)
        self.position += 1
        self.shown_at, self.masked_at, self.hidden = None, None, False
        return given
