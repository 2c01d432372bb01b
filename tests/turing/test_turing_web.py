"""The Turing test over real sockets: headers, refusals, the page."""

import logging
import socket
import time

import numpy as np
import pytest

from colorgan.turing import trials as turing
from colorgan.turing.api import Api

SETTINGS = turing.Settings(size=2, num_images=4)


@pytest.fixture
def api(store):
    return Api(store, SETTINGS, lambda index: (np.full((6, 8, 3), index, np.uint8),) * 2)


@pytest.fixture
def client(api, serve):
    return serve(api)


def test_the_page_is_one_file(client):
    reply = client.ask("GET", "/")
    assert reply.status == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in reply.headers["content-security-policy"]
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
    told = [{k.lower(): v for k, v in image.headers.items() if k.lower() != "date"} for image in seen]
    assert told == [told[0]] * 4, "the same headers and length for real and generated"
    assert told[0]["cache-control"] == "no-store" and told[0]["cross-origin-resource-policy"] == "same-origin"
    assert not {"etag", "last-modified", "content-disposition"} & set(told[0])


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
        ("POST", "/api/start", '{"x": 1}', JSON, 422, "holds nothing"),
        ("POST", "/api/next", '{"token": "x"}', JSON, 404, "no participant"),
        ("POST", "/api/next", '{"token": NaN}', JSON, 422, "`token` must be of type str"),
        ("GET", "/api/start", None, {}, 404, "no such page"),
        ("GET", "/docs", None, {}, 404, "no such page"),
        ("PUT", "/api/start", "{}", JSON, 405, "Not Allowed"),
        ("HEAD", "/", None, {}, 405, ""),
        # A page from elsewhere must neither see the photographs nor answer for people.
        ("GET", "/", None, {"Host": "evil.example"}, 400, "--host NAME"),
        ("POST", "/api/about", "{}", JSON | {"Host": "evil.example"}, 400, "--host NAME"),
        ("POST", "/api/about", "{}", JSON | {"Origin": "http://evil.example"}, 403, "http://evil.example"),
        ("OPTIONS", "/api/about", None, {"Origin": "http://evil.example"}, 403, "http://evil.example"),
    ],
)
def test_bad_requests_are_refused_in_words(client, caplog, method, path, body, headers, status, message):
    reply = client.ask(method, path, body, headers)
    assert reply.status == status
    assert message in reply.body.decode()
    if method != "HEAD":
        assert list(reply.json()) == ["detail"]
    assert reply.headers["cache-control"] == "no-store"
    assert caplog.text == ""
    assert client.ask("GET", "/").status == 200


def test_a_failure_of_ours_shows_no_traceback(client, api, monkeypatch, caplog):
    def broken(_):
        raise OSError("disk full at /secret/place")

    token = client.call("start", {}).json()["token"]
    monkeypatch.setattr(api.store, "answered", broken)
    reply = client.call("next", {"token": token})
    assert reply.status == 500
    assert "saved" in reply.json()["detail"]
    assert b"secret" not in reply.body and b"Traceback" not in reply.body
    end = time.monotonic() + 20
    while "disk full" not in caplog.text and time.monotonic() < end:
        time.sleep(0.01)
    assert "disk full" in caplog.text, "whoever runs the test is told"


def test_participants_who_go_away_leave_no_trace(client, caplog):
    for half in (
        b"",
        b"GET / HT",
        b"POST /api/start HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    ):
        with socket.create_connection(client.place, timeout=20) as gone:
            gone.sendall(half)
    assert client.ask("GET", "/").status == 200
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
