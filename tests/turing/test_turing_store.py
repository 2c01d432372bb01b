"""The file of answers: at once on the disk, once each, several participants and processes."""

import sqlite3
import subprocess
import sys
import threading

import pytest

from colorgan.turing import store as turing_store
from colorgan.turing import trials as turing

SETTINGS = turing.Settings(size=3, num_images=10, practice=1, checks=1)


def answer(trial, choice="left", seconds=1.5, hidden=False, exposure=1.5):
    return turing.Answer(trial, choice, seconds, hidden, exposure, "2024-05-01T10:00:00.000+00:00")


def test_participants_have_numbers_plans_and_secrets(store):
    first, second = (store.enroll(SETTINGS, front="web") for _ in range(2))
    assert (first.number, second.number) == (1, 2)
    assert first.trials == tuple(turing.plan(SETTINGS, 1))
    assert second.trials == tuple(turing.plan(SETTINGS, 2))
    assert first.token != second.token and len(first.token) >= 32
    assert store.find(first.token, SETTINGS) == first
    assert store.find("x", SETTINGS) is None


def test_tests_with_other_settings_do_not_mix(store):
    other = turing.Settings(size=3, num_images=10, practice=1, checks=1, subject="another model")
    one, two = store.enroll(SETTINGS, front="web"), store.enroll(other, front="web")
    assert two.number == 1, "numbers, and with them plans, are those of the test"
    assert store.find(one.token, other) is None
    store.save(one, answer(one.trials[0]))
    assert store.answers(other) == {}
    assert list(store.answers(SETTINGS)) == [1]


def test_an_answer_is_on_the_disk_at_once(store):
    one = store.enroll(SETTINGS, front="web")
    assert store.save(one, answer(one.trials[0]))
    # Another process sees it while the file is open, as after a crash of this one.
    code = f"import sqlite3; print(*sqlite3.connect({str(store.path)!r}).execute('SELECT choice FROM answers'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "('left',)"


def test_a_process_that_is_killed_keeps_its_answers(tmp_path):
    path = tmp_path / "turing.sqlite"
    code = f"""
import os, signal
from colorgan.turing import store as turing_store, trials as turing
store = turing_store.Store({str(path)!r})
one = store.enroll(turing.Settings(size=3, num_images=10, practice=1, checks=1), front="web")
for trial in one.trials[:2]:
    store.save(one, turing.Answer(trial, "left", 1.0, False, 1.0, turing.stamp()))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code])
    assert done.returncode == -9
    with turing_store.Store(path) as store:
        assert [a.trial.number for a in store.answers(SETTINGS)[1]] == [0, 1]


def test_the_disk_is_written_before_an_answer_is_acknowledged(store):
    assert store._database.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL, in SQLite's documentation
    assert store._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_an_answer_counts_once_and_in_its_order(store):
    one = store.enroll(SETTINGS, front="web")
    assert store.answered(one) == 0
    assert store.save(one, answer(one.trials[0], "left"))
    assert not store.save(one, answer(one.trials[0], "right")), "sent again"
    with pytest.raises(ValueError, match="Trial 2 is not due: 1 is"):
        store.save(one, answer(one.trials[2]))
    assert store.save(one, answer(one.trials[1], "right"))
    assert store.answered(one) == 2
    assert [(a.trial, a.choice) for a in store.answers(SETTINGS)[1]] == [
        (one.trials[0], "left"),
        (one.trials[1], "right"),
    ]


def test_an_answer_comes_back_as_it_was(store):
    one = store.enroll(SETTINGS, front="web")
    given = [answer(one.trials[0], "right", 2.25, True, 2.0), answer(one.trials[1])]
    for k, each in enumerate(given):
        store.shown(one, k)
        store.save(one, each)
    assert store.answers(SETTINGS) == {1: given}
    store.shown(one, 0)
    assert store.views(one, 0) == 2
    assert store.answers(SETTINGS)[1][0].views == 2


def test_going_on_in_another_process_keeps_the_plan(tmp_path, monkeypatch):
    path = tmp_path / "turing.sqlite"
    with turing_store.Store(path) as store:
        one = store.enroll(SETTINGS, front="web")
        store.save(one, answer(one.trials[0]))
    monkeypatch.setattr(turing, "plan", lambda *_: pytest.fail("the plan is kept, not drawn again"))
    with turing_store.Store(path) as store:
        again = store.find(one.token, SETTINGS)
        assert again == one
        assert store.answered(again) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["turing.sqlite"], "closed, it is one file"


def test_many_at_once_lose_nothing(tmp_path):
    path, settings = tmp_path / "turing.sqlite", turing.Settings(size=8, num_images=8)
    counted = []

    def take(store):
        one = store.enroll(settings, front="web")
        for trial in one.trials:
            counted.extend(store.save(one, answer(trial)) for _ in range(2))

    # Two open files stand for two processes.
    with turing_store.Store(path) as first, turing_store.Store(path) as second:
        people = [threading.Thread(target=take, args=(store,)) for store in (first, second) * 3]
        for each in people:
            each.start()
        for each in people:
            each.join(60)
        answers = first.answers(settings)
    assert sorted(answers) == [1, 2, 3, 4, 5, 6]
    assert all([a.trial.number for a in given] == list(range(8)) for given in answers.values())
    assert (counted.count(True), counted.count(False)) == (48, 48)


def test_a_failure_inside_leaves_nothing_behind(store):
    one = store.enroll(SETTINGS, front="web")
    stranger = turing_store.Participant(99, 9, "x", SETTINGS, one.trials)
    with pytest.raises(turing_store.StoreError, match="turing.sqlite: FOREIGN KEY"):
        store.save(stranger, answer(one.trials[0]))
    assert store.answered(stranger) == 0
    assert store.save(one, answer(one.trials[0])), "and the file can be used on"


def test_what_is_no_file_of_answers_is_refused(tmp_path):
    path = tmp_path / "turing.sqlite"
    path.write_text("neither fish nor fowl, and long enough to be looked at as a database\n" * 20)
    before = path.read_bytes()
    with pytest.raises(OSError, match="turing.sqlite: file is not a database"):
        turing_store.Store(path)
    assert path.read_bytes() == before
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE other (x)")
    database.close()
    with pytest.raises(OSError, match=r"format 0, not 1\). Move it away"):
        turing_store.Store(path)
    with pytest.raises(OSError, match="unable to open"):
        turing_store.Store(tmp_path)


def test_a_closed_file_takes_no_answer(tmp_path):
    store = turing_store.Store(tmp_path / "turing.sqlite")
    one = store.enroll(SETTINGS, front="web")
    store.close()
    with pytest.raises(OSError, match="closed database"):
        store.save(one, answer(one.trials[0]))
