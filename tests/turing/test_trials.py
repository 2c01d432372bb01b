"""The Turing test without a window: settings, plan, timing rule."""

import collections

import pytest

from colorgan.turing import trials as turing

FULL = turing.Settings(size=400, num_images=500, seed=3, practice=7, checks=21)


def kinds(trials, kind):
    return [t for t in trials if t.kind == kind]


def test_plan_is_seeded_per_participant_and_repeats_no_image():
    trials = turing.plan(FULL, 1)
    assert trials == turing.plan(FULL, 1)
    assert [t.index for t in trials] != [t.index for t in turing.plan(FULL, 2)]
    other = turing.Settings(size=400, num_images=500, seed=4, practice=7, checks=21)
    assert [t.index for t in trials] != [t.index for t in turing.plan(other, 1)]
    assert [t.number for t in trials] == list(range(428))
    assert len({t.index for t in trials}) == 428
    assert all(0 <= t.index < 500 for t in trials)
    assert {type(t.index) for t in trials} == {int}
    assert [t.index for t in trials] != sorted(t.index for t in trials)


def test_plan_may_use_every_image_once():
    settings = turing.Settings(size=4, num_images=7, practice=1, checks=2)
    assert sorted(t.index for t in turing.plan(settings, 1)) == list(range(7))


@pytest.mark.parametrize("single", [False, True])
def test_both_answers_are_right_equally_often(single):
    settings = turing.Settings(size=40, num_images=60, practice=6, single=single)
    trials = turing.plan(settings, 1)
    for kind, half in (("practice", 3), ("test", 20)):
        assert collections.Counter(t.truth for t in kinds(trials, kind)) == dict.fromkeys(settings.choices, half)
    truths = [t.truth for t in kinds(trials, "test")]
    assert truths != sorted(truths) and truths != sorted(truths, reverse=True)
    assert len(set(zip(truths[::2], truths[1::2], strict=True))) > 2, "not balanced in twos, which could be counted"


def test_an_odd_trial_goes_to_either_answer():
    lefts = {
        sum(t.truth == "left" for t in turing.plan(turing.Settings(size=3, num_images=3), participant))
        for participant in range(20)  # the chance that 20 plans agree is 2 ** -19
    }
    assert lefts == {1, 2}


def test_practice_comes_first_and_checks_lie_among_the_rest():
    positions = set()
    for participant in range(30):
        trials = turing.plan(turing.Settings(size=6, num_images=20, practice=2, checks=2), participant)
        assert [t.kind for t in trials[:2]] == ["practice"] * 2
        assert collections.Counter(t.kind for t in trials) == {"practice": 2, "check": 2, "test": 6}
        positions |= {t.number for t in trials if t.kind == "check"}
    assert positions == set(range(2, 10)), "30 plans leave a place empty with a chance of (3/4) ** 30 each"


def test_a_check_of_single_pictures_is_never_real():
    trials = turing.plan(turing.Settings(size=6, num_images=20, checks=5, single=True), 1)
    assert [t.truth for t in kinds(trials, "check")] == ["generated"] * 5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 10, "num_images": 9}, "10 trials, 9 images"),
        ({"size": 5, "num_images": 9, "practice": 2, "checks": 3}, "10 trials, 9 images"),
    ],
)
def test_more_trials_than_images(values, message):
    with pytest.raises(ValueError, match=message):
        turing.Settings(**values)


@pytest.fixture
def trials():
    return [
        turing.Trial(0, "test", 7, "left"),
        turing.Trial(1, "test", 3, "right"),
        turing.Trial(2, "test", 9, "right"),
    ]


def begun(trials, record=lambda a: None, *, delay=0.0, **options):
    return turing.Session(trials, settings=turing.Settings(size=3, num_images=9, delay=delay), record=record, **options)


def test_a_session_in_its_order(trials):
    given = []
    session = begun(trials, given.append)
    assert session.current.index == 7
    assert session.answer("left", 5.0) is None, "no pair was shown yet"
    session.drawn(10.0)
    session.drawn(11.0)  # a redraw: the time does not start again
    assert not session.tick(1e6), "with delay 0 a pair is never hidden"
    first = session.answer("left", 12.5)
    assert first.trial is trials[0]
    assert (first.correct, first.seconds, first.hidden, first.exposure) == (True, 2.5, False, 2.5)
    assert session.answer("left", 12.6) is None, "the next pair is not on the screen yet"
    session.drawn(13.0)
    assert session.answer("left", 14.0).correct is False
    session.drawn(15.0)
    assert session.answer("right", 16.0).correct is True
    assert session.done
    assert session.answer("right", 17.0) is None
    assert [a.trial for a in given] == trials


def test_a_session_goes_on_where_it_stopped(trials):
    assert begun(trials, answered=2).current is trials[2]
    assert begun(trials, answered=3).done


def test_a_pair_is_hidden_after_the_delay_and_the_answer_still_taken(trials):
    session = begun(trials, delay=2.0)
    assert not session.tick(100.0), "the time does not run before the pair is shown"
    session.drawn(10.0)
    session.drawn(10.5)  # a redraw of the pair is no mask
    assert not session.tick(11.99)
    assert session.tick(12.0)
    session.drawn(12.25)
    session.drawn(13.0)
    given = session.answer("left", 20.0)
    assert given.hidden
    assert given.exposure == 2.25, "until the mask was drawn"
    assert not session.hidden, "the next pair starts visible"
    session.drawn(21.0)
    assert not session.answer("right", 22.9).hidden
    session.drawn(30.0)
    late = session.answer("right", 32.5)
    assert late.hidden, "a late timer does not lengthen the person's time"
    assert late.exposure == 2.5, "but what was seen is told as it was"


def test_a_held_key_is_no_answer(trials):
    session = begun(trials)
    session.drawn(10.0)
    assert session.answer("left", 10.0 + turing.REACTION / 2) is None
    assert session.current is trials[0]
    assert session.answer("left", 10.0 + 2 * turing.REACTION) is not None


def test_a_failing_record_keeps_the_trial_open(trials):
    def record(_):
        raise OSError("disk full")

    session = begun(trials, record)
    session.drawn(0.0)
    with pytest.raises(OSError, match="disk full"):
        session.answer("left", 1.0)
    assert session.current is trials[0]


def test_single_pictures_have_their_own_choices():
    settings = turing.Settings(size=1, num_images=1, single=True)
    session = turing.Session([turing.Trial(0, "test", 0, "generated")], settings=settings, record=lambda a: None)
    session.drawn(0.0)
    assert session.answer("generated", 1.0).correct
