"""The answers as CSV: every column, in one step, and kept up to date while a test is served."""

import csv
import logging
import os
import sqlite3
import threading

import numpy as np
import pytest

from colorgan.turing import export as turing_export
from colorgan.turing import store as turing_store
from colorgan.turing import trials as turing
from colorgan.turing.api import Api

SETTINGS = turing.Settings(size=3, num_images=10, practice=1, checks=1)


def answer(trial, choice="left", seconds=1.5, hidden=False, exposure=1.5):
    return turing.Answer(trial, choice, seconds, hidden, exposure, "2024-05-01T10:00:00.000+00:00")


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_export(store, tmp_path, monkeypatch):
    singles = turing.Settings(size=2, num_images=10, single=True)
    plans = iter([[turing.Trial(0, "check", 7, "left")], [turing.Trial(0, "test", 4, "generated")]])
    monkeypatch.setattr(turing_store, "plan", lambda settings, number: next(plans))
    pair, single = store.enroll(SETTINGS, front="web"), store.enroll(singles, front="window")
    assert turing_export.write(store, tmp_path / "turing.csv") is None, "no answers, no file"
    store.shown(pair, 0)
    store.save(pair, answer(pair.trials[0], "right", 2.5, True, 2.0))
    path = turing_export.write(store, tmp_path / "turing.csv")
    assert path == tmp_path / "turing.csv"
    store.save(single, answer(single.trials[0], "generated"))
    assert turing_export.write(store, path) == path, "an earlier export is replaced"
    with path.open() as file:
        # the columns that the log always had come first
        assert file.readline().startswith("trial,index,real_side,chosen_side,correct,seconds,hidden,timestamp,")
    stamp = "2024-05-01T10:00:00.000+00:00"
    assert rows(path) == [
        {"trial": "0", "index": "7", "real_side": "left", "chosen_side": "right", "correct": "0", "seconds": "2.5",
         "hidden": "1", "timestamp": stamp, "kind": "check", "shown": "", "said": "", "exposure": "2.0", "views": "1",
         "participant": "1", "front": "web", "test": "1"},
        {"trial": "0", "index": "4", "real_side": "", "chosen_side": "", "correct": "1", "seconds": "1.5",
         "hidden": "0", "timestamp": stamp, "kind": "test", "shown": "generated", "said": "generated",
         "exposure": "1.5", "views": "0", "participant": "1", "front": "window", "test": "2"},
    ]  # fmt: skip
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["turing.csv"]


def test_export_leaves_other_files_alone(store, tmp_path):
    one = store.enroll(SETTINGS, front="web")
    store.save(one, answer(one.trials[0]))
    old = tmp_path / "turing.csv"
    old.write_text("trial,index,real_side,chosen_side,correct,seconds,hidden,timestamp\n")
    for _ in range(2):
        assert turing_export.write(store, old).name == "turing-2.csv"
    assert len(old.read_text().splitlines()) == 1
    assert len(rows(tmp_path / "turing-2.csv")) == 1


def test_a_failed_export_leaves_the_earlier_one(store, tmp_path, monkeypatch):
    one = store.enroll(SETTINGS, front="web")
    store.save(one, answer(one.trials[0]))
    path = turing_export.write(store, tmp_path / "turing.csv")
    before = path.read_bytes()
    store.save(one, answer(one.trials[1]))

    def full(_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        turing_export.write(store, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["turing.csv"], "nothing half written stays"


@pytest.fixture
def follower(store, tmp_path):
    """Never looks by itself."""
    with turing_export.Follower(store.path, tmp_path / "turing.csv", period=3600) as following:
        yield following


def test_a_follower_writes_what_is_new(store, follower):
    one = store.enroll(SETTINGS, front="web")
    assert not follower.refresh()
    assert not follower.path.exists(), "no answers, no file"
    for number in range(2):
        store.shown(one, number)
        store.save(one, answer(one.trials[number]))
        assert follower.refresh()
        assert [row["trial"] for row in rows(follower.path)] == [str(n) for n in range(number + 1)]
    assert not follower.refresh(), "nothing happened since"
    turing_export.write(store, follower.path)
    assert not follower.refresh()


def test_a_follower_begins_with_what_is_there(store, tmp_path):
    one = store.enroll(SETTINGS, front="web")
    store.save(one, answer(one.trials[0]))
    other = tmp_path / "turing.csv"
    other.write_text("a table of mine\n")
    with turing_export.Follower(store.path, other, period=3600) as follower:
        assert follower.path.name == "turing-2.csv", "told before it is written"
        assert follower.refresh()
    assert len(rows(tmp_path / "turing-2.csv")) == 1
    assert other.read_text() == "a table of mine\n"


def test_a_follower_waits_for_no_writer_and_no_writer_for_it(store, follower):
    one = store.enroll(SETTINGS, front="web")
    store.save(one, answer(one.trials[0]))
    writer = sqlite3.connect(store.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE trials SET views = 9")
    assert follower.refresh(), "with another's transaction open"
    assert rows(follower.path)[0]["views"] == "0"
    writer.execute("ROLLBACK")
    follower._store._database.execute("BEGIN")  # a read that takes long
    follower._store._database.execute("SELECT count(*) FROM answers").fetchall()
    writer.execute("PRAGMA busy_timeout = 0")
    writer.execute("UPDATE trials SET views = 3")
    writer.close()
    follower._store._database.execute("COMMIT")
    assert follower.refresh()
    assert rows(follower.path)[0]["views"] == "3"


def test_what_goes_wrong_is_said_once_and_tried_again(store, follower, monkeypatch, caplog):
    def locked(*_):
        raise PermissionError("open in a spreadsheet")

    one = store.enroll(SETTINGS, front="web")
    store.save(one, answer(one.trials[0]))
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", locked)
        assert not follower.refresh()
        assert not follower.refresh()
        assert store.save(one, answer(one.trials[1])), "an answer is taken all the same"
    (said,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert "turing.csv is not up to date: open in a spreadsheet. No answer is lost" in said
    assert follower.refresh()
    assert len(rows(follower.path)) == 2


def test_the_csv_is_there_while_the_test_is_served(tmp_path, store, serve):
    """Two participants answer over the network; whoever reads the CSV meanwhile sees whole files that only grow."""
    settings, path = turing.Settings(size=12, num_images=12), tmp_path / "turing.csv"
    picture, problems, grown = np.zeros((6, 8, 3), np.uint8), [], threading.Event()

    def take(stop_at):
        token = client.call("start", {}).json()["token"]
        given = {"choice": "left", "seconds": 1.0, "hidden": False, "exposure": 1.0}
        for number in range(stop_at):
            client.call("next", {"token": token})
            if client.call("answer", {"token": token, "trial": number} | given).json() != {"counted": True}:
                problems.append(f"answer {number} did not count")

    def watch():
        count = 0
        while not grown.is_set():
            lines = rows(path) if path.exists() else []
            if len(lines) < count or any(None in line.values() or not line["test"] for line in lines):
                problems.append(f"{len(lines)} lines after {count}, or torn ones")
            count = len(lines)
            if count == 19:
                grown.set()

    client = serve(Api(store, settings, lambda _: (picture, picture)))
    with turing_export.Follower(store.path, path, period=0.01):
        threads = [threading.Thread(target=take, args=(n,)) for n in (12, 7)]
        threads.append(threading.Thread(target=watch))
        for thread in threads:
            thread.start()
        try:
            assert grown.wait(60), "the server still runs, and the CSV has all the answers"
        finally:
            grown.set()
            for thread in threads:
                thread.join(60)
    assert problems == []
    kept = [(n, a.trial.number) for n, given in store.answers(settings).items() for a in given]
    assert [(int(r["participant"]), int(r["trial"])) for r in rows(path)] == kept
    assert len(kept) == 19
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["turing.csv"]
