"""The Turing test without a window: plan, timing rule, log, statistics."""

import collections
import csv

import pytest

from colorgan.evaluation import turing


def answer(trial, chosen, seconds=1.0, hidden=False):
    correct = chosen == trial.real_side
    stamp = "2024-05-01T10:00:00.000+00:00"
    return turing.Answer(trial.number, trial.index, trial.real_side, chosen, correct, seconds, hidden, stamp)


def test_plan_is_seeded_and_repeats_no_image():
    trials = turing.plan(500, 400, seed=3)
    assert trials == turing.plan(500, 400, seed=3)
    assert trials != turing.plan(500, 400, seed=4)
    assert [t.number for t in trials] == list(range(400))
    assert len({t.index for t in trials}) == 400
    assert all(0 <= t.index < 500 for t in trials)
    assert {type(t.index) for t in trials} == {int}
    # 200 expected, standard deviation 10: five of them
    assert 150 < collections.Counter(t.real_side for t in trials)["left"] < 250
    assert [t.index for t in trials] != sorted(t.index for t in trials)


def test_plan_may_use_every_image_once():
    assert sorted(t.index for t in turing.plan(7, 7, seed=0)) == list(range(7))


def test_plan_needs_enough_images():
    with pytest.raises(ValueError, match="10 trials, 9 images"):
        turing.plan(9, 10, seed=0)
    with pytest.raises(ValueError, match="at least 1. Received: 0"):
        turing.plan(9, 0, seed=0)


@pytest.fixture
def trials():
    return [turing.Trial(0, 7, "left"), turing.Trial(1, 3, "right"), turing.Trial(2, 9, "right")]


def test_a_session_in_its_order(trials):
    given = []
    session = turing.Session(trials, delay=0, record=given.append)
    assert session.current.index == 7
    assert session.answer("left", 5.0) is None, "no pair was shown yet"
    session.show(10.0)
    session.show(11.0)  # a redraw: the time does not start again
    assert not session.tick(1e6), "with delay 0 a pair is never hidden"
    first = session.answer("left", 12.5)
    assert (first.trial, first.index, first.correct, first.seconds, first.hidden) == (0, 7, True, 2.5, False)
    assert session.answer("left", 12.6) is None, "the next pair is not on the screen yet"
    session.show(13.0)
    assert session.answer("left", 14.0).correct is False
    session.show(15.0)
    assert session.answer("right", 16.0).correct is True
    assert session.done
    assert session.answer("right", 17.0) is None
    assert [a.trial for a in given] == [0, 1, 2]


def test_a_pair_is_hidden_after_the_delay_and_the_answer_still_taken(trials):
    session = turing.Session(trials, delay=2.0, record=lambda a: None)
    assert not session.tick(100.0), "the time does not run before the pair is shown"
    session.show(10.0)
    assert not session.tick(11.99)
    assert session.tick(12.0)
    assert session.answer("left", 20.0).hidden
    assert not session.hidden, "the next pair starts visible"
    session.show(21.0)
    assert not session.answer("right", 22.9).hidden
    session.show(30.0)
    assert session.answer("right", 32.5).hidden, "a late timer does not lengthen the person's time"


def test_a_held_key_is_no_answer(trials):
    session = turing.Session(trials, delay=0, record=lambda a: None)
    session.show(10.0)
    assert session.answer("left", 10.0 + turing.REACTION / 2) is None
    assert session.current is trials[0]
    assert session.answer("left", 10.0 + 2 * turing.REACTION) is not None


def test_a_failing_log_keeps_the_trial_open(trials):
    def record(_):
        raise OSError("disk full")

    session = turing.Session(trials, delay=0, record=record)
    session.show(0.0)
    with pytest.raises(OSError, match="disk full"):
        session.answer("left", 1.0)
    assert session.current is trials[0]


def test_a_session_refuses_what_makes_no_sense(trials):
    with pytest.raises(ValueError, match="`trials` is empty"):
        turing.Session([], delay=0, record=print)
    for delay in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="--test-delay"):
            turing.Session(trials, delay=delay, record=print)
    session = turing.Session(trials, delay=0, record=print)
    with pytest.raises(ValueError, match="one of left, right. Received: 'up'"):
        session.answer("up", 1.0)


def test_each_answer_is_on_the_disk_at_once(trials, tmp_path):
    path = tmp_path / "new" / "answers.csv"
    log = turing.Answers(path, trials)
    log.append(answer(trials[0], "left", 1.25))
    with path.open(newline="") as file:  # while the log is open, as after a crash
        rows = list(csv.reader(file))
    assert ",".join(rows[0]) == "trial,index,real_side,chosen_side,correct,seconds,hidden,timestamp"
    assert rows[1:] == [["0", "7", "left", "left", "1", "1.25", "0", "2024-05-01T10:00:00.000+00:00"]]
    log.append(answer(trials[1], "left", hidden=True))
    assert turing.read_answers(path) == [answer(trials[0], "left", 1.25), answer(trials[1], "left", hidden=True)]
    log.close()


def test_answers_are_synced(trials, tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(turing.os, "fsync", synced.append)
    with turing.Answers(tmp_path / "answers.csv", trials) as log:
        before = len(synced)
        log.append(answer(trials[0], "left"))
        assert len(synced) == before + 1


def test_earlier_answers_are_never_overwritten(trials, tmp_path):
    path = tmp_path / "answers.csv"
    for expected in ("answers.csv", "answers-2.csv", "answers-3.csv"):
        with turing.Answers(path, trials) as log:
            log.append(answer(trials[0], "left"))
        assert log.path.name == expected
    assert len(turing.read_answers(path)) == 1
    with turing.Answers(path, trials):
        pass
    assert len(list(tmp_path.iterdir())) == 3, "a log without answers leaves no file"


def test_resuming_goes_on_with_the_same_plan_only(trials, tmp_path):
    path = tmp_path / "answers.csv"
    with turing.Answers(path, trials, resume=True) as log:
        assert log.given == []
        log.append(answer(trials[0], "right"))
    with turing.Answers(path, trials, resume=True) as log:
        session = turing.Session(trials, delay=0, record=log.append, answered=len(log.given))
        assert session.current is trials[1]
        session.show(0.0)
        session.answer("right", 1.0)
    assert [a.trial for a in turing.read_answers(path)] == [0, 1]
    before = path.read_bytes()
    with pytest.raises(ValueError, match="answers to another plan"):
        turing.Answers(path, turing.plan(50, 3, seed=1), resume=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n", "its first line must be trial,index"),
        ("", "its first line must be trial,index"),
        ("{header}\n0,7,left,left,1,1.0,0\n", "line 2: not an answer"),
        ("{header}\n0,7,left,left,1,soon,0,now\n", "line 2: not an answer"),
        ("{header}\n0,7,left,left,1,1.0,0,now\n1,3,left,up,0,1.0,0,now\n", "line 3: sides and `correct`"),
        ("{header}\n0,7,left,right,1,1.0,0,now\n", "line 2: sides and `correct`"),
    ],
)
def test_a_broken_log_is_named(tmp_path, content, message):
    path = tmp_path / "answers.csv"
    path.write_text(content.format(header=",".join(turing.HEADER)))
    with pytest.raises(ValueError, match=message):
        turing.read_answers(path)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [  # Newcombe 1998, Statistics in Medicine 17, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # by hand: z^2 = 3.84146, half = 1.95996 / 1.384146 * sqrt(0.025 + 0.00960365) = 0.263407
        (5, 10, 0.2366, 0.7634),
    ],
)
def test_wilson_interval(successes, n, low, high):
    assert turing.wilson(successes, n) == pytest.approx((low, high), abs=5e-5)
    assert turing.wilson(n - successes, n) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_wilson_stays_inside():
    assert turing.wilson(0, 3)[0] == 0
    assert turing.wilson(3, 3)[1] == 1
    with pytest.raises(ValueError, match="Received: 4 of 3"):
        turing.wilson(4, 3)
    with pytest.raises(ValueError, match="Received: 0 of 0"):
        turing.wilson(0, 0)


def test_d_prime():
    # tables of the normal distribution: Phi^-1(0.75) = 0.674490, Phi^-1(0.95) = 1.644854, times sqrt(2)
    assert turing.d_prime(75, 100) == pytest.approx(0.953873, abs=1e-5)
    assert turing.d_prime(25, 100) == pytest.approx(-0.953873, abs=1e-5)
    assert turing.d_prime(50, 100) == pytest.approx(0, abs=1e-12)
    # all of 10 correct counts as 1 - 1/20
    assert turing.d_prime(10, 10) == pytest.approx(2.326174, abs=1e-5)
    assert turing.d_prime(0, 10) == pytest.approx(-2.326174, abs=1e-5)
    with pytest.raises(ValueError, match="Received: 0 of 0"):
        turing.d_prime(0, 0)


def test_summary(trials):
    given = [
        answer(trials[0], "left", 1.0),
        answer(trials[1], "left", 3.0, hidden=True),
        answer(trials[2], "right", 9.0),
    ]
    summary = turing.summarize(given, planned=5)
    assert (summary.planned, summary.answered, summary.correct, summary.hidden) == (5, 3, 2, 1)
    assert summary.score == pytest.approx(2 / 3)
    assert summary.fooled == pytest.approx(1 / 3)
    assert summary.fooled_interval == turing.wilson(1, 3)
    assert summary.median_seconds == 3.0
    assert "3 of 5 pairs answered, 2 correctly" in summary.text()
    assert "Fooled: 33.3 %" in summary.text()


def test_summary_of_nothing():
    summary = turing.summarize([], planned=5)
    assert summary.score is None
    assert summary.text() == "No answer to any of 5 pairs."
