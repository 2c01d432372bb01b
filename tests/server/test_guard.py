"""Which requests reach an application, and what is told to the others."""

import asyncio

import pytest
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from colorgan.server import guard
from colorgan.server.guard import Guard


def enter(host="127.0.0.1"):
    """-> a client of an application that answers with what it is sent, behind a guard that takes 9 bytes."""
    app = FastAPI()

    @app.api_route("/", methods=["GET", "POST"])
    async def echo(request: Request):
        return JSONResponse((await request.body()).decode())

    @app.websocket("/")
    async def greet(socket: WebSocket):
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    guard = Guard(app, host=host, max_bytes=9, too_large="at most 9", headers={"Cache-Control": "no-store"})
    return TestClient(guard, base_url="http://127.0.0.1:8000")


@pytest.mark.parametrize(
    ("host", "asked", "fine"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.1", "LocalHost:8000", True),
        ("127.0.0.1", "[::1]:8000", True),
        ("127.0.0.1", "192.168.1.5", True),  # a number is nobody's name
        ("127.0.0.1", "evil.example:8000", False),
        ("127.0.0.1", "localhost.evil.example", False),
        ("127.0.0.1", "127.0.0.1.evil.example", False),
        ("127.0.0.1", "[evil.example]", False),
        ("127.0.0.1", "", False),
        ("Photos.lan", "photos.lan:8000", True),
        ("photos.lan", "localhost", True),
        ("photos.lan", "other.lan", False),
        ("0.0.0.0", "this-computer:8000", True),
        ("::", "this-computer.local:8000", True),
        ("0.0.0.0", "this-computer.lan", True),
        ("0.0.0.0", "this-computer.evil.example", False),
        ("0.0.0.0", "evil.example", False),
    ],
)
def test_names_that_are_not_ours_are_refused(monkeypatch, host, asked, fine):
    """A page from elsewhere whose name points here has its own name in the Host header."""
    monkeypatch.setattr(guard.socket, "gethostname", lambda: "this-computer")
    monkeypatch.setattr(guard.socket, "getfqdn", lambda name: f"{name}.lan")
    client = enter(host=host)
    for answer in (client.get("/", headers={"host": asked}), client.post("/", content="x", headers={"host": asked})):
        assert answer.status_code == (200 if fine else 400)
        assert fine or "--host NAME" in answer.json()["detail"]


def test_the_full_name_is_looked_up_only_for_a_name_that_it_may_be(monkeypatch):
    """Offline that may take many seconds."""
    monkeypatch.setattr(guard.socket, "gethostname", lambda: "this-computer")
    monkeypatch.setattr(guard.socket, "getfqdn", lambda name: pytest.fail("looked up"))
    client = enter(host="0.0.0.0")
    assert client.get("/", headers={"host": "localhost"}).status_code == 200
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("headers", "fine"),
    [
        ({}, True),
        ({"origin": "http://localhost:8000"}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "http://localhost:9000"}, False),  # another page of this computer
        ({"origin": "null"}, False),
        ({"origin": "https://photos.example", "x-forwarded-host": "photos.example"}, True),
        ({"origin": "https://photos.example", "x-forwarded-host": "photos.example:443"}, True),
        ({"origin": "https://photos.example:8443", "x-forwarded-host": "Photos.example, b.lan"}, True),
        ({"origin": "https://photos.example:8443", "x-forwarded-host": "photos.example:9443"}, False),
        ({"origin": "https://evil.example", "x-forwarded-host": "photos.example"}, False),
    ],
)
def test_what_other_pages_send_is_refused(headers, fine):
    client, headers = enter(), {"host": "localhost:8000", **headers}
    answer = client.post("/", content="x", headers=headers)
    assert answer.status_code == (200 if fine else 403)
    assert fine or headers["origin"] in answer.json()["detail"]
    assert client.get("/", headers=headers).status_code == 200  # which the browser gives to nobody else's page


def test_other_pages_may_not_ask_for_leave():
    asking = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = enter().options("/", headers=asking)
    assert answer.status_code == 403 and "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "fine"),
    [
        ({"host": "localhost", "origin": "http://localhost"}, True),
        ({"host": "evil.example"}, False),
        ({"host": "localhost", "origin": "http://evil.example"}, False),
    ],
)
def test_web_sockets_of_others_are_refused_too(headers, fine):
    try:
        with enter().websocket_connect("/", headers=headers) as socket:
            assert fine and socket.receive_text() == "hello"
    except WebSocketDisconnect as closed:
        assert not fine and closed.code == 1008


@pytest.mark.parametrize(
    ("content", "fine"),
    [("123456789", True), ("1234567890", False), (iter([b"1234", b"56789"]), True), (iter([b"12345"] * 2), False)],
)
def test_a_body_is_limited_whether_or_not_it_states_its_length(content, fine):
    answer = enter().post("/", content=content)
    assert answer.status_code == (200 if fine else 413)
    assert answer.json() == ("123456789" if fine else {"detail": "at most 9"})


def test_a_body_may_not_pause_for_long(monkeypatch):
    monkeypatch.setattr(guard, "IDLE", 0.01)

    async def never():
        await asyncio.sleep(60)

    async def send(message):
        answer.append(message)

    answer, app = [], enter().app
    headers = [(b"host", b"localhost"), (b"content-type", b"text/plain")]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}
    asyncio.run(app(scope | {"scheme": "http", "server": ("localhost", 80)}, never, send))
    assert answer[0]["status"] == 408 and b"has paused" in answer[1]["body"]


def test_the_headers_are_on_every_answer():
    client = enter()
    for path, headers in (("/", {}), ("/none", {}), ("/", {"host": "evil.example"})):
        told = client.get(path, headers=headers).headers
        assert told["cache-control"] == "no-store"
        assert told["referrer-policy"] == "no-referrer" and told["x-content-type-options"] == "nosniff"


def test_who_goes_away_in_the_middle_raises_nothing():
    async def read(scope, receive, send):
        reached.append(scope["path"])
        raise ClientDisconnect

    reached = []
    guard = Guard(read, host="localhost", max_bytes=9, too_large="", headers={})
    asyncio.run(guard({"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"localhost")]}, None, None))
    assert reached == ["/"]
