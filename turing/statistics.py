"""Statistics of a visual Turing test: rates with intervals, d', attention checks, answers still needed.

Standard library; imports `trials`.
"""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from colorgan.turing import trials

_NORMAL = statistics.NormalDist()
_Z = _NORMAL.inv_cdf(0.975)  # of 95 % intervals
_MOST = 10**18  # answers: more are unrealistic


def wilson(successes: int, n: int) -> tuple[float, float]:
    """-> (low, high) in [0, 1]: Wilson's score interval of a share at 95 % (Wilson 1927), n >= 1."""
    centre, half = (successes + _Z**2 / 2) / (n + _Z**2), _half_width(successes / n, n)
    # At 0 and n the formula gives 0 and 1 exactly; rounding would leave 1e-17 outside.
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == n else centre + half)


def _half_width(share, n):
    return _Z * math.sqrt(n * share * (1 - share) + _Z**2 / 4) / (n + _Z**2)


def answers_for(share: float, half_width: float) -> int:
    """-> the fewest answers whose Wilson interval is at most +-`half_width` if `share` of them are successes."""
    # The width falls as the answers grow.
    return 1 + bisect.bisect_left(range(1, _MOST), -half_width, key=lambda n: -_half_width(share, n))


def d_prime_pairs(correct: int, n: int) -> float:
    """-> sensitivity in a two-alternative forced choice: sqrt(2) * Phi^-1(share correct) (Macmillan and Creelman 2005).

    The share is (correct + 0.5) / (n + 1), the log-linear correction (Hautus 1995), because none or all correct would
    give infinity. 0 means that real and generated cannot be told apart.
    """
    return math.sqrt(2) * _z(correct, n)


def d_prime_singles(hits: int, real: int, false_alarms: int, generated: int) -> tuple[float, float]:
    """-> sensitivity and bias from single pictures: d' = z(H) - z(F) and c = -(z(H) + z(F)) / 2.

    H is the share of real pictures called real, F that of generated pictures called real, both with the log-linear
    correction (Hautus 1995). c < 0: the person tends to say `real` (Macmillan and Creelman 2005).
    """
    high, low = _z(hits, real), _z(false_alarms, generated)
    return high - low, -(high + low) / 2


def _z(count, n):
    return _NORMAL.inv_cdf((count + 0.5) / (n + 1))


@dataclass(frozen=True)
class Summary:
    """The statistics of answers that count; None: the value does not exist.

    `chances` is the number of generated pictures that could be taken for real: the pairs, or the generated single
    pictures. `score`, the share of right answers, and `fooled`, the share of the chances,
    are (share, low, high), with Wilson's interval at 95 %. `bias` is c for single pictures. `exposures`: (lowest,
    median, highest) seconds that pictures were visible before they were hidden.
    """

    single: bool
    answered: int = 0
    correct: int = 0
    chances: int = 0
    hidden: int = 0
    views_above_1: int = 0
    score: tuple[float, float, float] | None = None
    fooled: tuple[float, float, float] | None = None
    d_prime: float | None = None
    bias: float | None = None
    median_seconds: float | None = None
    exposures: tuple[float, float, float] | None = None

    def more_needed(self, half_width: float) -> int:
        """-> the number of further answers until the fooled rate's interval is +-`half_width`, at an unchanged rate.

        Without answers the rate is assumed to be 0.5, which needs the most. Half of single pictures are real.
        """
        needed = answers_for(self.fooled[0] if self.fooled else 0.5, half_width)
        return max(0, needed - self.chances) * (2 if self.single else 1)

    def text(self) -> str:
        """-> a few lines for people."""
        if not self.answered:
            return "No answers yet."
        what = "pictures" if self.single else "pairs"
        lines = [
            f"{self.answered} {what} answered, {self.correct} correctly.",
            f"Score: {_percent(self.score)} (50 %: pure guessing)",
        ]
        if self.chances:
            lines.append(f"Fooled: {_percent(self.fooled)} of {self.chances}")
        if self.d_prime is not None:
            bias = "" if self.bias is None else f"; bias c = {self.bias:z.2f} (below 0: tends to say real)"
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


def _percent(rate):
    share, low, high = (100 * value for value in rate)
    return f"{share:.1f} %, 95 % interval {low:.1f} to {high:.1f} %"


def summarize(answers: Sequence[trials.Answer], *, single: bool = False) -> Summary:
    """Compute the statistics of the answers that count, without practice and checks."""
    counted = [a for a in answers if a.trial.kind == trials.TEST]
    if not counted:
        return Summary(single)
    n, correct = len(counted), sum(a.correct for a in counted)
    risky = [a for a in counted if not single or a.trial.truth == "generated"]
    chances, fooled = len(risky), sum(not a.correct for a in risky)
    d_prime, bias = None, None
    if not single:
        d_prime = d_prime_pairs(correct, n)
    elif 0 < chances < n:
        d_prime, bias = d_prime_singles(correct - (chances - fooled), n - chances, fooled, chances)
    visible = [a.exposure for a in counted if a.hidden]
    return Summary(
        single,
        answered=n,
        correct=correct,
        chances=chances,
        hidden=len(visible),
        views_above_1=sum(a.views > 1 for a in counted),
        score=(correct / n, *wilson(correct, n)),
        fooled=(fooled / chances, *wilson(fooled, chances)) if chances else None,
        d_prime=d_prime,
        bias=bias,
        median_seconds=statistics.median(a.seconds for a in counted),
        exposures=(min(visible), statistics.median(visible), max(visible)) if visible else None,
    )


@dataclass(frozen=True)
class Person:
    """A participant: number of checks answered and failed, whether these are too many, and the statistics."""

    number: int
    checks: int
    failed: int
    flagged: bool
    finished: bool
    summary: Summary


@dataclass(frozen=True)
class Result:
    """A test's outcome: each participant, all pooled, and the pool without flagged participants."""

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
            fooled = "-" if s.fooled is None else f"{100 * s.fooled[0]:.1f} %"
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
        lines += self._part(self.pooled)
        if flagged:
            share = f"{100 * self.check_tolerance:g} %"
            lines += ["", f"Without the {flagged} who failed more than {share} of the attention checks:"]
            lines += self._part(self.kept)
        if len(self.people) > 1:
            lines.append(
                "Pooled intervals assume independent answers, but the answers of one person are not independent."
            )
        return "\n".join(lines)

    def _part(self, summary):
        more, target = summary.more_needed(self.precision_target), f"+-{100 * self.precision_target:g} %"
        if more:
            return summary.text(), f"To know the fooled rate to {target}: about {more} more answers."
        return summary.text(), f"The fooled rate is known to {target}."


def result(
    answers: Mapping[int, Sequence[trials.Answer]],
    settings: trials.Settings,
    *,
    check_tolerance: float = 0.25,
    precision_target: float = 0.05,
) -> Result:
    """Compute the outcome of a test.

    Args:
        answers: {participant: answers}, at least one answer.
        settings: the test.
        check_tolerance: participants who fail a larger share of their attention checks are flagged.
        precision_target: desired half width of the fooled rate's interval.
    """
    people, everything, kept = [], [], []
    for number, given in sorted(answers.items()):
        checks = [a for a in given if a.trial.kind == trials.CHECK]
        failed = sum(not a.correct for a in checks)
        flagged = failed > check_tolerance * len(checks)
        finished = len(given) == settings.total
        people.append(Person(number, len(checks), failed, flagged, finished, summarize(given, single=settings.single)))
        everything += given
        kept += [] if flagged else given
    pooled, unflagged = (summarize(part, single=settings.single) for part in (everything, kept))
    return Result(tuple(people), pooled, unflagged, check_tolerance, precision_target)
