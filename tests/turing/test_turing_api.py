"""What the page may ask for and is told: nothing that betrays the answer, every message checked."""

import io
import threading

import numpy as np
import pytest
from PIL import Image
from starlette.exceptions import HTTPException

from colorgan.turing import api as turing_api
from colorgan.turing import trials as turing

SETTINGS = turing.Settings(size=3, num_images=8, delay=2.0, practice=1, checks=1)
REAL, GENERATED = (200, 40, 40), (40, 40, 200)


def pictures(index):
    real, generated = (np.full((6, 8, 3), colour, np.uint8) for colour in (REAL, GENERATED))
    real[0, 0] = generated[0, 0] = index
    return real, generated


@pytest.fixture
def api(store):
    return turing_api.Api(store, SETTINGS, pictures)


@pytest.fixture
def token(api):
    return api.start({})["token"]


def look(api, reply):
    return [np.asarray(Image.open(io.BytesIO(api.image(a.removeprefix("/image/")))))[3, 3] for a in reply["images"]]


def given(token, trial, /, **values):
    answer = {"token": token, "trial": trial, "choice": "left", "seconds": 1.5, "hidden": False, "exposure": 1.5}
    return answer | values


def refused(status, call, message):
    with pytest.raises(HTTPException) as caught:
        call(message)
    assert caught.value.status_code == status
    return caught.value.detail


def test_what_is_told_before(api):
    assert api.about({}) == {
        "single": False, "choices": ("left", "right"), "delay": 2.0, "practice": 1, "of": 4, "reaction": 0.15,
    }  # fmt: skip


def test_a_whole_test(api, store, token):
    trials = store.find(token, SETTINGS).trials
    places = []
    for trial in trials:
        reply = api.next({"token": token})
        places.append((reply["trial"], reply["practice"], reply["position"], reply["of"]))
        colours = [tuple(c) for c in look(api, reply)]
        real = turing.SIDES.index(trial.truth)
        assert colours[real] == REAL
        assert (colours[1 - real] == GENERATED) == (trial.kind != "check")
        choice = trial.truth if trial.number != 4 else turing.SIDES[1 - real]
        assert api.answer(given(token, trial.number, choice=choice)) == {"counted": True}
    assert places == [(0, True, 1, 1), (1, False, 1, 4), (2, False, 2, 4), (3, False, 3, 4), (4, False, 4, 4)]
    right = 3 - (trials[4].kind == "test")
    assert api.next({"token": token}) == {"done": True, "correct": right, "of": 3}
    assert api.state({"token": token}) == {"answered": 5, "total": 5}


def test_replies_tell_nothing(api, store):
    """Over real, generated, practice and check trials: the same keys, names of one length, files of one size."""
    shapes, sizes, names = set(), set(), []
    for _ in range(4):
        token = api.start({})["token"]
        for number in range(SETTINGS.total):
            reply = api.next({"token": token})
            shapes.add((tuple(reply), *map(len, reply["images"])))
            names += reply["images"]
            sizes |= {len(api.image(a.removeprefix("/image/"))) for a in reply["images"]}
            api.answer(given(token, number))
    assert len(shapes) == 1
    assert len(sizes) == 1
    assert len(set(names)) == len(names) == 40


def test_single_pictures(store):
    settings = turing.Settings(size=4, num_images=8, checks=2, single=True)
    api = turing_api.Api(store, settings, pictures)
    token = api.start({})["token"]
    for trial in store.find(token, settings).trials:
        reply = api.next({"token": token})
        (colour,) = look(api, reply)
        assert (tuple(colour) == REAL) == (trial.truth == "real")
        assert "choice" in refused(422, api.answer, given(token, trial.number, choice="left"))
        api.answer(given(token, trial.number, choice=trial.truth))
    assert api.next({"token": token}) == {"done": True, "correct": 4, "of": 4}


def test_an_image_is_given_once_and_only_while_its_trial_is_due(api, token):
    old = api.next({"token": token})["images"]
    new = api.next({"token": token})["images"]  # the page was loaded again
    for address in old:
        assert "no longer" in refused(404, api.image, address.removeprefix("/image/"))
    for address in new:
        assert api.image(address.removeprefix("/image/"))
        refused(404, api.image, address.removeprefix("/image/"))
    refused(404, api.image, "../turing.sqlite")


def test_loading_a_trial_again_is_kept_in_mind(api, store, token):
    for _ in range(3):
        api.next({"token": token})
    api.answer(given(token, 0))
    assert [a.views for a in store.answers(SETTINGS)[1]] == [3]


def test_images_of_those_who_went_away_are_forgotten(api, monkeypatch):
    monkeypatch.setattr(turing_api, "LIMIT", 2)
    firsts = [api.next({"token": api.start({})["token"]})["images"][0] for _ in range(3)]
    refused(404, api.image, firsts[0].removeprefix("/image/"))
    assert api.image(firsts[1].removeprefix("/image/"))
    assert api.image(firsts[2].removeprefix("/image/"))


def test_an_answer_sent_twice_counts_once(api, store, token):
    api.next({"token": token})
    assert api.answer(given(token, 0, choice="left")) == {"counted": True}
    assert api.answer(given(token, 0, choice="left")) == {"counted": False}
    assert api.answer(given(token, 0, choice="right")) == {"counted": False}, "nor by the back button"
    assert [a.choice for a in store.answers(SETTINGS)[1]] == ["left"]


def test_an_answer_sent_twice_at_once_counts_once(api, store, token):
    api.next({"token": token})
    replies = []
    send = [threading.Thread(target=lambda: replies.append(api.answer(given(token, 0)))) for _ in range(8)]
    for each in send:
        each.start()
    for each in send:
        each.join(60)
    assert sorted(reply["counted"] for reply in replies) == [False] * 7 + [True]


def test_what_was_not_shown_cannot_be_answered(api, store, token):
    assert "not shown" in refused(409, api.answer, given(token, 0))
    api.next({"token": token})
    assert "not shown" in refused(409, api.answer, given(token, 1))
    store.shown(store.find(token, SETTINGS), 1)
    assert "not due: 0 is" in refused(409, api.answer, given(token, 1))


def test_nobody_acts_for_another_test(api, store):
    other = store.enroll(turing.Settings(size=1, num_images=1), front="window")
    for call in (api.state, api.next):
        assert "no participant of this test" in refused(404, call, {"token": other.token})
    refused(404, api.answer, given("nobody", 0))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"trial": 5}, "`trial` must lie in 0..4"),
        ({"trial": -1}, "`trial` must lie in 0..4"),
        ({"trial": True}, "`trial` must be of type int"),
        ({"trial": "0"}, "`trial` must be of type int"),
        ({"trial": 10**30}, "`trial` must lie in"),
        ({"choice": "up"}, "one of left, right. Received: 'up'"),
        ({"choice": "<b>" * 1000}, "Received: '<b><b><b>"),
        ({"choice": None}, "`choice` must be of type str"),
        ({"seconds": 0.1}, "`seconds` must lie in 0.15"),
        ({"seconds": 1e9}, "`seconds` must lie in"),
        ({"seconds": 10**400}, "`seconds` must be of type float"),
        ({"seconds": float("nan")}, "`seconds` must be of type float"),
        ({"seconds": "1"}, "`seconds` must be of type float"),
        ({"seconds": False}, "`seconds` must be of type float"),
        ({"hidden": 1}, "`hidden` must be of type bool"),
        ({"exposure": 1.7}, "`exposure` must lie in 0..`seconds`"),
        ({"exposure": -0.1}, "`exposure` must lie in 0..`seconds`"),
        ({"token": 5}, "`token` must be of type str"),
        ({"correct": True}, "A message here holds token, trial, choice, seconds, hidden, exposure. Received: "),
    ],
)
def test_bad_answers_are_refused(api, store, token, values, message):
    api.next({"token": token})
    text = refused(422, api.answer, given(token, 0, **values))
    assert message in text
    assert len(text) < 300
    assert store.answers(SETTINGS) == {}


def test_other_bad_messages(api, store):
    assert "holds nothing. Received: x" in refused(422, api.start, {"x": 1})
    assert "holds token. Received: nothing" in refused(422, api.next, {})
    api = turing_api.Api(store, turing.Settings(size=1, num_images=1), pictures)
    token = api.start({})["token"]
    api.next({"token": token})
    assert "does not hide" in refused(422, api.answer, given(token, 0, hidden=True))
    assert api.answer(given(token, 0, seconds=2, exposure=1)) == {"counted": True}, "whole numbers are numbers"
