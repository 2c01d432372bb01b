"""What the answers to a visual Turing test say: rates with intervals, d', attention checks, answers still needed.

Standard library; imports `trials`.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from colorgan.turing import trials

_NORMAL = statistics.NormalDist()


def wilson(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share (Wilson 1927). -> (low, high) in [0, 1].

    Raises:
        ValueError: unless 0 <= successes <= n and n >= 1.
    """
    _check_count("successes", successes, n)
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # At 0 and n the formula gives 0 and 1 exactly; rounding would leave 1e-17 outside.
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == n else centre + half)


def answers_for(share: float, half_width: float, *, confidence: float = 0.95) -> int:
    """The fewest answers whose Wilson interval is at most +-`half_width` wide when `share` of them are successes.

    The half width w of n answers is z sqrt(4 n p q + z^2) / (2 (n + z^2)). It falls as n grows, and solved for n it
    gives n = z^2 (pq + sqrt(p^2 q^2 + w^2 (1 - 4pq))) / (2 w^2) - z^2.

    Args:
        share: p, expected share of successes in [0, 1].
        half_width: w, in (0, 0.5).
        confidence: of the interval.

    Raises:
        ValueError: if an argument is out of its range.
    """
    if not 0 < half_width < 0.5:
        raise ValueError(f"`--precision-target` must lie between 0 and 0.5, both excluded. Received: {half_width}")
    if not 0 <= share <= 1:
        raise ValueError(f"`share` must lie in [0, 1]. Received: {share}")
    z2, pq, w2 = _NORMAL.inv_cdf((1 + confidence) / 2) ** 2, share * (1 - share), half_width**2
    n = z2 * (pq + math.sqrt(pq**2 + w2 * max(0.0, 1 - 4 * pq))) / (2 * w2) - z2
    return max(1, math.ceil(n - 1e-9))


def d_prime_pairs(correct: int, n: int) -> float:
    """Sensitivity in a two-alternative forced choice: sqrt(2) * Phi^-1(share correct) (Macmillan and Creelman 2005).

    The share is (correct + 0.5) / (n + 1), the log-linear correction (Hautus 1995): none or all correct would give
    infinity. 0 means that real and generated cannot be told apart.

    Raises:
        ValueError: unless 0 <= correct <= n and n >= 1.
    """
    _check_count("correct", correct, n)
    return math.sqrt(2) * _z(correct, n)


def d_prime_singles(hits: int, real: int, false_alarms: int, generated: int) -> tuple[float, float]:
    """Sensitivity and bias from single pictures: d' = z(H) - z(F) and c = -(z(H) + z(F)) / 2.

    H is the share of real pictures called real, F that of generated ones called real, both with the log-linear
    correction (Hautus 1995). c < 0: the person tends to say `real` (Macmillan and Creelman 2005).

    Raises:
        ValueError: unless 0 <= hits <= real, 0 <= false_alarms <= generated, and there are pictures of both kinds.
    """
    _check_count("hits", hits, real)
    _check_count("false_alarms", false_alarms, generated)
    high, low = _z(hits, real), _z(false_alarms, generated)
    return high - low, -(high + low) / 2


def _z(count, n):
    return _NORMAL.inv_cdf((count + 0.5) / (n + 1))


def _check_count(name, count, n):
    if not (n >= 1 and 0 <= count <= n):
        raise ValueError(f"`{name}` must lie in 0..`n`, and `n` be at least 1. Received: {count} of {n}")


@dataclass(frozen=True)
class Summary:
    """The statistics of answers that count; what follows `views_above_1` is None where it does not exist.

    `chances` is how often a generated picture could be taken for a real one: the pairs, or the generated ones of single
    pictures; `fooled_count` how often it was, `fooled` its share. `score` is the share of right answers. Intervals are
    Wilson's at 95 %. `bias` is c of single pictures. `exposures`: (lowest, median, highest) seconds that pictures were
    visible before they were hidden.
    """

    single: bool
    answered: int
    correct: int
    chances: int
    fooled_count: int
    hidden: int
    views_above_1: int
    score: float | None = None
    score_interval: tuple[float, float] | None = None
    fooled: float | None = None
    fooled_interval: tuple[float, float] | None = None
    d_prime: float | None = None
    bias: float | None = None
    median_seconds: float | None = None
    exposures: tuple[float, float, float] | None = None

    def more_needed(self, half_width: float) -> int:
        """-> how many more answers bring the fooled rate's interval to +-`half_width`, if the rate stays as it is.

        Without an answer yet the rate is taken for 0.5, which needs the most. Of single pictures half are real.
        """
        needed = answers_for(0.5 if self.fooled is None else self.fooled, half_width)
        return max(0, needed - self.chances) * (2 if self.single else 1)

    def text(self) -> str:
        """-> a few lines for people."""
        if not self.answered:
            return "No answers yet."
        what = "pictures" if self.single else "pairs"
        lines = [
            f"{self.answered} {what} answered, {self.correct} correctly.",
            f"Score: {_percent(self.score, self.score_interval)} (50 %: pure guessing)",
        ]
        if self.chances:
            lines.append(f"Fooled: {_percent(self.fooled, self.fooled_interval)} of {self.chances}")
        if self.d_prime is not None:
            c = None if self.bias is None else round(self.bias, 2) + 0.0  # no sign of -0.00
            bias = "" if c is None else f"; bias c = {c:.2f} (below 0: tends to say real)"
            lines.append(f"d' = {self.d_prime:.2f} (0: cannot be told apart){bias}")
        lines.append(
            f"Median time: {self.median_seconds:.2f} s, answered after the pictures were hidden: {self.hidden}"
        )
        if self.exposures is not None:
            low, middle, high = self.exposures
            lines.append(f"Pictures visible until hidden: median {middle:.3f} s, {low:.3f} to {high:.3f} s")
        if self.views_above_1:
            lines.append(f"Answers to pictures that a page loaded more than once: {self.views_above_1}")
        return "\n".join(lines)


def _percent(share, interval):
    return f"{100 * share:.1f} %, 95 % interval {100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def summarize(answers: Sequence[trials.Answer], *, single: bool = False) -> Summary:
    """The statistics of the answers that count among these; practice and checks are left out."""
    counted = [a for a in answers if a.trial.kind == trials.TEST]
    n, correct = len(counted), sum(a.correct for a in counted)
    risky = [a for a in counted if not single or a.trial.truth == "generated"]
    fooled = sum(not a.correct for a in risky)
    hidden = [a for a in counted if a.hidden]
    numbers = (single, n, correct, len(risky), fooled, len(hidden), sum(a.views > 1 for a in counted))
    if not n:
        return Summary(*numbers)
    d_prime, bias = None, None
    if not single:
        d_prime = d_prime_pairs(correct, n)
    elif 0 < len(risky) < n:
        d_prime, bias = d_prime_singles(correct - (len(risky) - fooled), n - len(risky), fooled, len(risky))
    visible = [a.exposure for a in hidden if a.exposure is not None]
    return Summary(
        *numbers,
        score=correct / n,
        score_interval=wilson(correct, n),
        fooled=fooled / len(risky) if risky else None,
        fooled_interval=wilson(fooled, len(risky)) if risky else None,
        d_prime=d_prime,
        bias=bias,
        median_seconds=statistics.median(a.seconds for a in counted),
        exposures=(min(visible), statistics.median(visible), max(visible)) if visible else None,
    )


@dataclass(frozen=True)
class Person:
    """A participant's part: how many checks were answered and failed, whether that is too many, and the statistics."""

    number: int
    checks: int
    failed: int
    flagged: bool
    finished: bool
    summary: Summary


@dataclass(frozen=True)
class Result:
    """A test's outcome: each participant, all pooled, and those pooled who are not flagged."""

    people: tuple[Person, ...]
    pooled: Summary
    kept: Summary
    check_tolerance: float
    precision_target: float

    def text(self) -> str:
        """-> the result for people, as one text."""
        if not self.people:
            return "No answers yet."
        lines = ["participant  answered  correct  fooled    d'     checks failed"]
        for one in self.people:
            s = one.summary
            fooled = "-" if s.fooled is None else f"{100 * s.fooled:.1f} %"
            d_prime = "-" if s.d_prime is None else f"{s.d_prime:.2f}"
            notes = [*["flagged"] * one.flagged, *["not finished"] * (not one.finished)]
            lines.append(
                f"{one.number:>11}  {s.answered:>8}  {s.correct:>7}  {fooled:>7}  {d_prime:>5}  "
                f"{one.failed:>2} of {one.checks:<3}{'  ' + ', '.join(notes) if notes else ''}".rstrip()
            )
        flagged, all_of = sum(one.flagged for one in self.people), len(self.people)
        if not self.pooled.answered:
            return "\n".join([*lines, "", "No answers that count yet."])
        lines += ["", f"All {all_of} participants:" if all_of > 1 else "Together:"]
        lines += [self.pooled.text(), self._needed(self.pooled)]
        if flagged:
            lines += [
                "",
                f"Without the {flagged} who failed more than {100 * self.check_tolerance:g} % of the attention checks:",
                self.kept.text(),
                self._needed(self.kept),
            ]
        if len(self.people) > 1:
            lines.append("Pooled intervals take all answers for independent; those of one person are less so.")
        return "\n".join(lines)

    def _needed(self, summary):
        more, target = summary.more_needed(self.precision_target), 100 * self.precision_target
        if not more:
            return f"The fooled rate is known to +-{target:g} %."
        return f"To know the fooled rate to +-{target:g} %: about {more} more answers."


def check(*, check_tolerance: float, precision_target: float) -> None:
    """What `result` is to be asked with, before there are answers.

    Raises:
        ValueError: if one of the two is out of its range.
    """
    if not 0 <= check_tolerance <= 1:
        raise ValueError(f"`--check-tolerance` is a share, in [0, 1]. Received: {check_tolerance}")
    answers_for(0.5, precision_target)


def result(
    answers: Mapping[int, Sequence[trials.Answer]],
    settings: trials.Settings,
    *,
    check_tolerance: float = 0.25,
    precision_target: float = 0.05,
) -> Result:
    """The outcome of a test.

    Args:
        answers: {participant: answers}; those without an answer are left out.
        settings: the test.
        check_tolerance: who fails more than this share of the attention checks answered is flagged.
        precision_target: half width of the fooled rate's interval to aim at.

    Raises:
        ValueError: if one of the latter two is out of its range.
    """
    check(check_tolerance=check_tolerance, precision_target=precision_target)
    people, everything, kept = [], [], []
    for number, given in sorted(answers.items()):
        if not given:
            continue
        checks = [a for a in given if a.trial.kind == trials.CHECK]
        failed = sum(not a.correct for a in checks)
        flagged = failed > check_tolerance * len(checks)
        finished = len(given) == settings.total
        people.append(Person(number, len(checks), failed, flagged, finished, summarize(given, single=settings.single)))
        everything += given
        kept += [] if flagged else given
    pooled, unflagged = (summarize(part, single=settings.single) for part in (everything, kept))
    return Result(tuple(people), pooled, unflagged, check_tolerance, precision_target)
