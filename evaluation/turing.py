"""The visual Turing test without its window: trial plan, timing rule, log of answers, statistics.

A person sees a real photograph beside a colorized one and says which is real. A front end (a window, a page) shows
what a `Session` tells it to and feeds it with answers. Standard library and numpy; imports nothing of ours.
"""

from __future__ import annotations

import csv
import math
import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

SIDES = ("left", "right")
HEADER = ("trial", "index", "real_side", "chosen_side", "correct", "seconds", "hidden", "timestamp")
REACTION = 0.15  # seconds: an answer faster than any eye is a key held down or a double click, not an answer


@dataclass(frozen=True)
class Trial:
    """One pair: its number from 0, the image's index, and the side (`left` or `right`) of the real photograph."""

    number: int
    index: int
    real_side: str


@dataclass(frozen=True)
class Answer:
    """One row of the log; the fields are `HEADER`. `hidden`: the answer came after the pair was hidden."""

    trial: int
    index: int
    real_side: str
    chosen_side: str
    correct: bool
    seconds: float
    hidden: bool
    timestamp: str


def plan(num_images: int, size: int, seed: int) -> list[Trial]:
    """Which images are shown, in which order, the real one on which side: drawn at random, no image twice.

    The side is drawn for each trial on its own. A balanced plan would let a person count: late trials give themselves
    away.

    Args:
        num_images: how many images there are to draw from.
        size: number of trials, at least 1.
        seed: the same seed gives the same plan.

    Raises:
        ValueError: if there are fewer images than trials, or no trial.
    """
    if size < 1:
        raise ValueError(f"`--test-size` must be at least 1. Received: {size}")
    if size > num_images:
        raise ValueError(
            f"`--test-size` must not exceed the number of images, because none is shown twice. "
            f"Received: {size} trials, {num_images} images. Ask for fewer trials or give more images"
        )
    rng = np.random.default_rng(seed)
    images = rng.choice(num_images, size=size, replace=False)
    sides = rng.integers(2, size=size)
    return [Trial(n, int(i), SIDES[s]) for n, (i, s) in enumerate(zip(images, sides, strict=True))]


class Session:
    """The course of a test: which pair is due, whether it is hidden, what was answered. It reads no clock itself.

    The timing rule: with `delay` d > 0 a pair is hidden d seconds after it was shown, and the answer is still taken
    then; with 0 it stays until it is answered.
    """

    def __init__(self, trials: Sequence[Trial], *, delay: float, record: Callable[[Answer], None], answered: int = 0):
        """Start at trial number `answered`; `record` is called with each answer before the next pair is due.

        Raises:
            ValueError: if there are no trials or the delay is negative or not a number.
        """
        if not trials:
            raise ValueError("`trials` is empty: there is nothing to ask")
        if not (math.isfinite(delay) and delay >= 0):
            raise ValueError(f"`--test-delay` must be 0 (unlimited) or a number of seconds above. Received: {delay}")
        self.trials, self.delay, self.record = list(trials), delay, record
        self.position = answered
        self.shown_at: float | None = None
        self.hidden = False

    @property
    def done(self) -> bool:
        """Whether every trial has its answer."""
        return self.position >= len(self.trials)

    @property
    def current(self) -> Trial:
        """The trial that is due; not to be asked for when `done`."""
        return self.trials[self.position]

    def show(self, now: float):
        """The pair is on the screen now (seconds of a monotonic clock): its time starts. Later calls change nothing."""
        if self.shown_at is None and not self.done:
            self.shown_at = now

    def tick(self, now: float) -> bool:
        """Time has passed. -> whether the pair must be hidden (and stays so until the next pair is shown)."""
        if self.delay > 0 and self.shown_at is not None and now - self.shown_at >= self.delay:
            self.hidden = True
        return self.hidden

    def answer(self, side: str, now: float) -> Answer | None:
        """The person takes the picture on this side for the real one.

        Returns:
            The recorded answer; None, and nothing has happened, if no pair is shown or it has been for less than
            `REACTION` seconds.

        Raises:
            ValueError: if the side is unknown.
        """
        if side not in SIDES:
            raise ValueError(f"`side` must be one of {', '.join(SIDES)}. Received: {side!r}")
        if self.done or self.shown_at is None or now - self.shown_at < REACTION:
            return None
        # A front end's timer may be late: what counts is whether the person's time was over.
        hidden = self.tick(now)
        trial, seconds = self.current, now - self.shown_at
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        given = Answer(
            trial.number, trial.index, trial.real_side, side, side == trial.real_side, round(seconds, 4), hidden, stamp
        )
        self.record(given)
        self.position += 1
        self.shown_at, self.hidden = None, False
        return given


class Answers:
    """The log: a CSV file to which each answer is written, flushed and synced at once, so that an abort loses none.

    A file of earlier answers is never touched unless the caller asks to resume it: another person, another model or
    another plan may have given them. A new log then takes the next free name: answers.csv, answers-2.csv, ...
    Use it as a context manager. A log that is closed without an answer leaves no file.
    """

    def __init__(self, path, trials: Sequence[Trial], *, resume: bool = False):
        """Open the log of a plan; `self.path` is its file, `self.given` the answers it has.

        Args:
            path: the CSV file's name; missing folders are made.
            trials: the plan.
            resume: go on with the file at `path` if there is one.

        Raises:
            ValueError: if the file to resume is not a log or does not hold answers to this plan's first trials.
        """
        self.path, self.given = Path(path), []
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if resume and self.path.exists():
            self.given = read_answers(self.path)
            asked = [(a.trial, a.index, a.real_side) for a in self.given]
            if asked != [astuple(t) for t in trials[: len(asked)]]:
                raise ValueError(
                    f"{self.path} holds answers to another plan. Resume with the seed, size and images of that test, "
                    "or start a new log without resuming"
                )
            self._file = self.path.open("a", newline="", encoding="utf-8")
            return
        self._file = self._create()
        self._write(HEADER)

    def _create(self):
        wanted, count = self.path, 1
        while True:
            try:
                return self.path.open("x", newline="", encoding="utf-8")
            except FileExistsError:
                count += 1
                self.path = wanted.with_stem(f"{wanted.stem}-{count}")

    def _write(self, row):
        csv.writer(self._file).writerow(row)
        self._file.flush()
        os.fsync(self._file.fileno())

    def append(self, answer: Answer):
        """Write an answer to the disk."""
        values = [int(v) if isinstance(v, bool) else v for v in astuple(answer)]
        self._write(values)
        self.given.append(answer)

    def close(self):
        """Close the file, and remove it if it has no answer."""
        if not self._file.closed:
            self._file.close()
            if not self.given:
                self.path.unlink()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def read_answers(path) -> list[Answer]:
    """Read a log back.

    Raises:
        ValueError: if it is not one; the message names the line.
    """
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    if not rows or tuple(rows[0]) != HEADER:
        raise ValueError(f"{path} is not a log of answers: its first line must be {','.join(HEADER)}")
    answers = []
    for line, row in enumerate(rows[1:], start=2):
        try:
            trial, index, real, chosen, correct, seconds, hidden, stamp = row
            answer = Answer(
                int(trial), int(index), real, chosen, bool(int(correct)), float(seconds), bool(int(hidden)), stamp
            )
        except ValueError as error:
            raise ValueError(f"{path}, line {line}: not an answer: {','.join(row)!r} ({error})") from error
        if {real, chosen} - set(SIDES) or answer.correct != (real == chosen):
            raise ValueError(f"{path}, line {line}: sides and `correct` contradict each other: {','.join(row)!r}")
        answers.append(answer)
    return answers


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927). -> (low, high) in [0, 1].

    Raises:
        ValueError: unless 0 <= successes <= n and n >= 1.
    """
    if not (n >= 1 and 0 <= successes <= n):
        raise ValueError(f"`successes` must lie in 0..`n`, and `n` be at least 1. Received: {successes} of {n}")
    z = statistics.NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # At 0 and n the formula gives 0 and 1 exactly; rounding would leave 1e-17 outside.
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == n else centre + half)


def d_prime(correct: int, n: int) -> float:
    """Sensitivity in a two-alternative forced choice: sqrt(2) * Phi^-1(share correct) (Macmillan and Creelman 2005).

    None or all correct would give infinity: such a share counts as 1/(2n) or 1 - 1/(2n) (Macmillan and Kaplan 1985).
    0 means that real and generated cannot be told apart.

    Raises:
        ValueError: unless 0 <= correct <= n and n >= 1.
    """
    if not (n >= 1 and 0 <= correct <= n):
        raise ValueError(f"`correct` must lie in 0..`n`, and `n` be at least 1. Received: {correct} of {n}")
    share = min(max(correct / n, 1 / (2 * n)), 1 - 1 / (2 * n))
    return math.sqrt(2) * statistics.NormalDist().inv_cdf(share)


@dataclass(frozen=True)
class Summary:
    """The statistics of a test; `score` and what follows are None when nothing was answered.

    `score` is the share of correct picks, `fooled` the share of pairs where the generated picture was taken for the
    real one, each with its Wilson 95 % interval.
    """

    planned: int
    answered: int
    correct: int
    hidden: int
    score: float | None = None
    score_interval: tuple[float, float] | None = None
    fooled: float | None = None
    fooled_interval: tuple[float, float] | None = None
    d_prime: float | None = None
    median_seconds: float | None = None

    def text(self) -> str:
        """-> a few lines for people."""
        if not self.answered:
            return f"No answer to any of {self.planned} pairs."
        low, high = (f"{100 * v:.1f}" for v in self.fooled_interval)
        score_low, score_high = (f"{100 * v:.1f}" for v in self.score_interval)
        return "\n".join(
            [
                f"{self.answered} of {self.planned} pairs answered, {self.correct} correctly.",
                f"Score: {100 * self.score:.1f} %, 95 % interval {score_low} to {score_high} % (50 %: pure guessing)",
                f"Fooled: {100 * self.fooled:.1f} %, 95 % interval {low} to {high} %",
                f"d' = {self.d_prime:.2f} (0: cannot be told apart)",
                f"Median time: {self.median_seconds:.2f} s, answered after the pair was hidden: {self.hidden}",
            ]
        )


def summarize(answers: Sequence[Answer], *, planned: int) -> Summary:
    """The statistics of these answers to a plan of `planned` trials."""
    n, correct = len(answers), sum(a.correct for a in answers)
    hidden = sum(a.hidden for a in answers)
    if not n:
        return Summary(planned, 0, 0, 0)
    return Summary(
        planned,
        n,
        correct,
        hidden,
        correct / n,
        wilson(correct, n),
        (n - correct) / n,
        wilson(n - correct, n),
        d_prime(correct, n),
        statistics.median(a.seconds for a in answers),
    )
