"""What several modules' tests share: a file of answers, and a server."""

import http.client
import json
import threading
from urllib.parse import urlsplit

import pytest

from colorgan.server import running
from colorgan.turing import web
from colorgan.turing.store import Store


@pytest.fixture
def store(tmp_path):
    """A new file of a Turing test's answers."""
    with Store(tmp_path / "new" / "turing.sqlite") as opened:
        yield opened


@pytest.fixture
def serve():
    """-> a function that serves an `Api` at a free port, in a thread, and gives a `Client`; all end with the test."""
    started = []

    def start(api):
        place, server = running.listen("127.0.0.1", 0), running.Server(web.build(api, host="127.0.0.1"))
        started.append((server, threading.Thread(target=server.run, kwargs={"sockets": [place]})))
        started[-1][1].start()
        return Client(running.address(place))

    yield start
    for server, thread in started:
        server.should_exit = True
        thread.join(20)


class Reply:
    def __init__(self, raw):
        self.status, self.headers, self.body = raw.status, dict(raw.getheaders()), raw.read()

    def json(self):
        return json.loads(self.body)


class Client:
    """Asks the server of a test, over a connection of its own each time."""

    def __init__(self, address):
        self.address, self.place = address, (urlsplit(address).hostname, urlsplit(address).port)

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(*self.place, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def call(self, name, message):
        return self.ask("POST", f"/api/{name}", json.dumps(message), {"Content-Type": "application/json"})
