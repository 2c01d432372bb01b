"""Statistics of the Turing test against scipy, published tables and brute force."""

import dataclasses
import math

import pytest
from scipy import stats

from colorgan.turing import statistics
from colorgan.turing import trials as turing


def answer(number, correct, kind="test", *, truth="left", seconds=1.0, hidden=False, exposure=1.0, views=1):
    other = {"left": "right", "right": "left", "real": "generated", "generated": "real"}[truth]
    trial = turing.Trial(number, kind, number, truth)
    stamp = "2024-05-01T10:00:00.000+00:00"
    return turing.Answer(trial, truth if correct else other, seconds, hidden, exposure, stamp, views)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_interval_as_published(successes, n, low, high):
    assert statistics.wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (3, 7), (5, 10), (50, 100), (399, 400), (400, 400)])
def test_wilson_interval_as_scipy_has_it(successes, n):
    theirs = stats.binomtest(successes, n).proportion_ci(method="wilson")
    assert statistics.wilson(successes, n) == pytest.approx(tuple(theirs), abs=1e-12)


def test_wilson_stays_inside():
    assert statistics.wilson(0, 3)[0] == 0
    assert statistics.wilson(3, 3)[1] == 1


@pytest.mark.parametrize("share", [0.0, 0.03, 0.25, 1 / 3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("half", [0.2, 0.05, 0.013])
def test_answers_for_a_precision_by_brute_force(share, half):
    z = stats.norm.ppf(0.975)

    def width(n):  # half of Wilson's interval, from the quadratic's discriminant
        return z * math.sqrt(4 * n * share * (1 - share) + z * z) / (2 * (n + z * z))

    fewest = next(n for n in range(1, 10_000) if width(n) <= half)
    assert statistics.answers_for(share, half) == fewest


def test_answers_for_a_precision_agree_with_the_interval():
    # z^2 / (4 w^2) - z^2 = 384.1 - 3.8 = 380.3 by hand
    assert statistics.answers_for(0.5, 0.05) == 381
    low, high = statistics.wilson(191, 382)
    assert (high - low) / 2 <= 0.05
    low, high = statistics.wilson(190, 380)
    assert (high - low) / 2 > 0.05


@pytest.mark.parametrize(("correct", "n"), [(75, 100), (25, 100), (50, 100), (10, 10), (0, 10), (1, 1)])
def test_d_prime_of_pairs_as_scipy_has_it(correct, n):
    expected = math.sqrt(2) * stats.norm.ppf((correct + 0.5) / (n + 1))
    assert statistics.d_prime_pairs(correct, n) == pytest.approx(expected, abs=1e-12)


def test_d_prime_of_pairs_by_hand():
    # a table of the normal distribution: Phi^-1(0.95) = 1.644854, times sqrt(2); (9 + 0.5) / (9 + 1) = 0.95
    assert statistics.d_prime_pairs(9, 9) == pytest.approx(2.326174, abs=1e-5)
    assert statistics.d_prime_pairs(0, 9) == pytest.approx(-2.326174, abs=1e-5)
    assert statistics.d_prime_pairs(50, 100) == pytest.approx(0, abs=1e-12)


def test_d_prime_of_singles():
    # Phi^-1(0.75) = 0.674490, Phi^-1(0.95) = 1.644854; (9 + 0.5) / 10 = 0.95, (2 + 0.5) / 10 = 0.25
    expected = stats.norm.ppf(9.5 / 10) - stats.norm.ppf(2.5 / 10)
    sensitivity, bias = statistics.d_prime_singles(9, 9, 2, 9)
    assert sensitivity == pytest.approx(expected, abs=1e-12)
    assert sensitivity == pytest.approx(1.644854 + 0.674490, abs=1e-5)
    assert bias == pytest.approx(-(1.644854 - 0.674490) / 2, abs=1e-5)
    assert statistics.d_prime_singles(5, 10, 5, 10) == pytest.approx((0, 0), abs=1e-12)
    assert math.isfinite(statistics.d_prime_singles(10, 10, 0, 10)[0])


def test_summary_of_pairs():
    given = [
        answer(0, False, "practice"),
        answer(1, True, seconds=1.0),
        answer(2, False, "check"),
        answer(3, False, seconds=3.0, hidden=True, exposure=2.01, views=2),
        answer(4, True, seconds=9.0, hidden=True, exposure=2.03),
    ]
    summary = statistics.summarize(given)
    assert (summary.answered, summary.correct, summary.hidden, summary.views_above_1) == (3, 2, 2, 1)
    assert summary.chances == 3
    assert summary.score == pytest.approx((2 / 3, *statistics.wilson(2, 3)))
    assert summary.fooled == pytest.approx((1 / 3, *statistics.wilson(1, 3)))
    assert summary.d_prime == statistics.d_prime_pairs(2, 3)
    assert summary.bias is None
    assert summary.median_seconds == 3.0
    assert summary.exposures == pytest.approx((2.01, 2.02, 2.03))
    assert "3 pairs answered, 2 correctly" in summary.text()
    assert "Fooled: 33.3 %" in summary.text()
    assert "median 2.020 s, 2.010 to 2.030 s" in summary.text()
    assert "loaded more than once: 1" in summary.text()


def test_summary_of_single_pictures():
    # 4 real, 3 of them called real; 6 generated, 2 of them called real
    given = [answer(n, n < 3, truth="real") for n in range(4)]
    given += [answer(4 + n, n >= 2, truth="generated") for n in range(6)]
    summary = statistics.summarize(given, single=True)
    assert (summary.answered, summary.correct, summary.chances) == (10, 7, 6)
    assert summary.fooled == pytest.approx((1 / 3, *statistics.wilson(2, 6)))
    assert (summary.d_prime, summary.bias) == statistics.d_prime_singles(3, 4, 2, 6)
    assert "10 pictures answered, 7 correctly" in summary.text()
    half = statistics.summarize(given[:4], single=True)
    assert (half.score[0], half.fooled, half.d_prime) == (0.75, None, None), "no generated picture yet"
    assert "Fooled" not in half.text()


def test_more_answers_needed():
    fifty = statistics.summarize([answer(n, n % 2 == 0) for n in range(50)])
    assert fifty.more_needed(0.05) == 381 - 50
    assert fifty.more_needed(0.2) == 0
    assert statistics.summarize([]).more_needed(0.05) == 381
    singles = [answer(n, n < 10, truth="generated") for n in range(20)] + [answer(20, True, truth="real")]
    assert statistics.summarize(singles, single=True).more_needed(0.05) == 2 * (381 - 20)


def test_summary_of_nothing():
    summary = statistics.summarize([])
    assert summary.score is None
    assert summary.text() == "No answers yet."


def test_no_bias_has_no_sign():
    summary = statistics.summarize([answer(0, True)])
    text = dataclasses.replace(summary, d_prime=1.0, bias=-0.001).text()
    assert "bias c = 0.00 " in text


def test_checks_alone_are_no_answers_that_count():
    checks = [answer(0, True, "practice"), answer(1, True, "check")]
    text = statistics.result({1: checks, 2: checks}, SETTINGS).text()
    assert "No answers that count yet." in text
    assert "All 2 participants" not in text and "more answers" not in text


SETTINGS = turing.Settings(size=4, num_images=10, practice=1, checks=4)


def person(correct, failed, checks=4):
    given = [answer(0, True, "practice")]
    given += [answer(1 + n, n >= failed, "check") for n in range(checks)]
    return given + [answer(5 + n, n < correct) for n in range(4)]


def test_who_fails_too_many_checks_is_flagged_and_left_out():
    answers = {3: person(1, 2), 1: person(4, 0), 2: person(3, 1)}
    outcome = statistics.result(answers, SETTINGS, check_tolerance=0.25)
    assert [(p.number, p.failed, p.checks, p.flagged) for p in outcome.people] == [
        (1, 0, 4, False),
        (2, 1, 4, False),  # a quarter is not more than a quarter
        (3, 2, 4, True),
    ]
    assert all(p.finished for p in outcome.people)
    assert (outcome.pooled.answered, outcome.pooled.correct) == (12, 8)
    assert (outcome.kept.answered, outcome.kept.correct) == (8, 7)
    text = outcome.text()
    assert "flagged" in text
    assert "All 3 participants:" in text
    assert "Without the 1 who failed more than 25 % of the attention checks:" in text
    assert "to +-5 %: about" in text


def test_a_result_without_flags():
    outcome = statistics.result({1: person(4, 0)[:-1]}, SETTINGS, precision_target=0.45)
    assert outcome.pooled == outcome.kept
    assert "not finished" in outcome.text()
    assert "Without" not in outcome.text()
    assert "known to +-45 %" in outcome.text()
    assert statistics.result({}, SETTINGS).text() == "No answers yet."


def test_all_may_be_flagged():
    outcome = statistics.result({1: person(4, 4)}, SETTINGS)
    assert outcome.kept.answered == 0
    assert outcome.text().endswith("No answers yet.\nTo know the fooled rate to +-5 %: about 381 more answers.")
