"""`--mode turing --web` as an organiser runs it: the answers can be read while it runs, and all of them at its end."""

import csv
import http.client
import json
import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest

from colorgan.commands import common, turing
from colorgan.server import running
from colorgan.settings import flags

GIVEN = {"choice": "left", "seconds": 1.0, "hidden": False, "exposure": 1.0}


@pytest.fixture
def command(tmp_path, monkeypatch):
    """A command whose colorizer needs no training: it gives each photograph back."""
    weights = tmp_path / "weights"
    weights.write_bytes(b"weights")
    colorizer = SimpleNamespace(work_size=32, stored=SimpleNamespace(digest="0"), colorize=lambda picture: picture)
    monkeypatch.setattr(common, "trained", lambda given: (colorizer, given.config))
    words = ["--dataset", "shapes", "--height", 16, "--width", 16, "--web", "True", "--port", 0]
    words += ["--test-size", 4, "--practice", 1, "--checks", 1, "--test-output", tmp_path / "out"]
    return flags.parse(["--mode", "turing", *map(str, words)])


def answered(path):
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [(int(row["participant"]), int(row["trial"])) for row in csv.DictReader(file)]


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)


def test_the_answers_so_far_can_be_read_while_the_test_is_served(command, tmp_path, monkeypatch, capsys):
    path, seen, ready = tmp_path / "out" / "turing.csv", [], threading.Event()
    take_address = running.listen

    def listen(host, port):
        place = take_address(host, port)
        seen.append(place.getsockname())
        ready.set()
        return place

    def call(name, message):
        connection = http.client.HTTPConnection(*seen[0], timeout=60)
        try:
            connection.request("POST", f"/api/{name}", json.dumps(message), {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def take():
        if not ready.wait(60):
            return  # the command failed, and says so itself
        token = call("start", {})["token"]
        try:
            for number in range(5):
                call("next", {"token": token})
                call("answer", {"token": token, "trial": number} | GIVEN)
                if number == 3:
                    wait_for(lambda: len(answered(path)) == 4)
                    seen.append(answered(path))
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # to the server, in the main thread

    monkeypatch.setattr(running, "listen", listen)
    person = threading.Thread(target=take)
    person.start()
    turing.run(command)
    person.join(60)
    assert seen[0][0] == "127.0.0.1", "by default on loopback alone"
    assert seen[1] == [(1, 0), (1, 1), (1, 2), (1, 3)], "while the server ran"
    assert answered(path) == [(1, n) for n in range(5)], "and the last one, which came just before the end"
    assert sorted(p.name for p in path.parent.iterdir()) == ["turing.csv", "turing.sqlite"]
    printed = capsys.readouterr().out
    assert f"until Ctrl-C. Answers so far: {path}" in printed
    assert f"Answers: {path}, kept in {path.with_suffix('.sqlite')}" in printed
