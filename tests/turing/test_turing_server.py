"""The server of the Turing test over real sockets: headers, refusals, the page."""

import http.client
import json
import logging
import socket
import threading

import numpy as np
import pytest

from colorgan.turing import api as turing_desk
from colorgan.turing import server as turing_web
from colorgan.turing import store as turing_store
from colorgan.turing import trials as turing

SETTINGS = turing.Settings(size=2, num_images=4)


class Reply:
    def __init__(self, raw):
        self.status, self.headers, self.body = raw.status, dict(raw.getheaders()), raw.read()

    def json(self):
        return json.loads(self.body)


class Client:
    def __init__(self, server):
        self.server = server

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.server.server_name, self.server.server_port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def call(self, name, message):
        return self.ask("POST", f"/api/{name}", json.dumps(message), {"Content-Type": "application/json"})


def serving(desk, **options):
    server = turing_web.Server(desk, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    return server, thread


@pytest.fixture
def desk(tmp_path):
    with turing_store.Store(tmp_path / "turing.sqlite") as store:
        yield turing_desk.Desk(store, SETTINGS, lambda index: (np.full((6, 8, 3), index, np.uint8),) * 2)


@pytest.fixture
def client(desk):
    server, thread = serving(desk)
    yield Client(server)
    server.shutdown()
    thread.join(20)
    server.server_close()


def test_it_listens_on_loopback_alone_by_default(client):
    assert client.server.server_address[0] == "127.0.0.1"
    assert client.server.address == f"http://127.0.0.1:{client.server.server_port}/"


def test_a_port_in_use_is_named(client, desk):
    port = client.server.server_port
    with pytest.raises(OSError, match=f"`--host 127.0.0.1 --port {port}`: cannot listen there.*Try another"):
        turing_web.Server(desk, port=port)
    with pytest.raises(OSError, match="--port 70000`: cannot listen there"):
        turing_web.Server(desk, port=70000)


def test_the_page_is_one_file(client):
    reply = client.ask("GET", "/")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    text = reply.body.decode()
    for outside in ("http://", "https://", '<link rel="stylesheet"', 'src="', "@import", "url("):
        assert outside not in text, outside
    assert 'name="viewport"' in text


def test_a_whole_test_over_the_network(client):
    token = client.call("start", {}).json()["token"]
    seen = []
    for number in range(2):
        reply = client.call("next", {"token": token}).json()
        images = [client.ask("GET", address) for address in reply["images"]]
        seen += images
        message = {"choice": "left", "seconds": 1.0, "hidden": False, "exposure": 1.0}
        done = client.call("answer", {"token": token, "trial": number} | message)
        assert done.json() == {"counted": True}
    assert client.call("next", {"token": token}).json()["of"] == 2
    assert {image.status for image in seen} == {200}
    assert all(image.body.startswith(b"\x89PNG") for image in seen)
    told = [{k: v for k, v in image.headers.items() if k != "Date"} for image in seen]
    assert told == [told[0]] * 4, "the same headers and length for real and generated"
    assert told[0]["Cache-Control"] == "no-store"
    assert not {"ETag", "Last-Modified", "Content-Disposition"} & set(told[0])


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "message"),
    [
        ("GET", "/turing.sqlite", None, {}, 404, "no such page"),
        ("GET", "/image/none", None, {}, 404, "no such image"),
        ("GET", "/image/../../etc/passwd", None, {}, 404, "no such image"),
        ("POST", "/api/close", "{}", JSON, 404, "no such page"),
        ("POST", "/api/_end", "{}", JSON, 404, "no such page"),
        ("POST", "/start", "{}", JSON, 404, "no such page"),
        ("POST", "/api/start", "{}", {}, 415, "application/json"),
        ("POST", "/api/start", "{}", {"Content-Type": "text/plain"}, 415, "application/json"),
        ("POST", "/api/start", "{", JSON, 400, "must be JSON"),
        ("POST", "/api/start", b"\xff\xfe\x00", JSON, 400, "must be JSON"),
        ("POST", "/api/start", "[" * 4000, JSON, 400, "must be JSON"),
        ("POST", "/api/start", "[]", JSON, 400, "JSON object"),
        ("POST", "/api/start", " " * 5000, JSON, 413, "4096 bytes"),
        ("POST", "/api/start", "{}", JSON | {"Content-Length": "-1"}, 411, "length"),
        ("POST", "/api/start", "{}", JSON | {"Content-Length": "x"}, 411, "length"),
        ("POST", "/api/start", '{"x": 1}', JSON, 422, "holds nothing"),
        ("POST", "/api/next", '{"token": "x"}', JSON, 404, "no participant"),
        ("POST", "/api/next", '{"token": NaN}', JSON, 422, "`token` must be of type str"),
        ("PUT", "/api/start", "{}", JSON, 501, "Unsupported method"),
        ("HEAD", "/", None, {}, 501, ""),
    ],
)
def test_bad_requests_are_refused_in_words(client, caplog, method, path, body, headers, status, message):
    reply = client.ask(method, path, body, headers)
    assert reply.status == status
    assert message in reply.body.decode()
    if method != "HEAD":
        assert list(reply.json()) == ["error"]
    assert caplog.text == ""
    assert client.ask("GET", "/").status == 200


def test_a_failure_of_ours_shows_no_traceback(client, desk, monkeypatch, caplog):
    def broken(_):
        raise OSError("disk full at /secret/place")

    token = client.call("start", {}).json()["token"]
    monkeypatch.setattr(desk.store, "answered", broken)
    reply = client.call("next", {"token": token})
    assert reply.status == 500
    assert "saved" in reply.json()["error"]
    assert b"secret" not in reply.body and b"Traceback" not in reply.body
    assert "disk full" in caplog.text, "whoever runs the test is told"


def test_participants_who_go_away_leave_no_trace(client, caplog):
    address = client.server.server_address[:2]
    for half in (
        b"",
        b"GET / HT",
        b"POST /api/start HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    ):
        with socket.create_connection(address, timeout=20) as gone:
            gone.sendall(half)
    assert client.ask("GET", "/").status == 200
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(("host", "status"), [("localhost:8000", 200), ("evil.example", 400), ("", 400)])
def test_names_that_are_not_ours_are_refused(client, host, status):
    """A page from elsewhere whose name points here must neither see the photographs nor answer for people."""
    message = {"Host": host, "Content-Type": "application/json"}
    assert client.ask("GET", "/", headers={"Host": host}).status == status
    reply = client.ask("POST", "/api/about", "{}", message)
    assert reply.status == status and (status == 200 or "--host NAME" in reply.json()["error"])


def test_an_address_of_version_6(desk):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    server, thread = serving(desk, host="::1")
    try:
        assert server.address.startswith("http://[::1]:")
        assert Client(server).ask("GET", "/").status == 200
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()
