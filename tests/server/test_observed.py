"""What is said of each request: its id, its line in the log, and its numbers."""

import json
import logging
import subprocess
import sys

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from colorgan.server.observed import Observed


@pytest.fixture
def visit():
    """-> a client of an observed application, and its registry."""
    app, registry = FastAPI(), CollectorRegistry()

    @app.get("/things/{key}")
    def thing(key: str):
        if key == "broken":
            raise ZeroDivisionError(key)
        return key

    @app.get("/health")
    def health():
        return "ok"

    return TestClient(Observed(app, registry, quiet=["/health"]), raise_server_exceptions=False), registry


@pytest.mark.parametrize(("given", "kept"), [("a.b-1", "a.b-1"), ("a b\u00e9/<1>", "ab1"), ("x" * 99, "x" * 64)])
def test_an_id_is_kept_as_far_as_it_is_a_word(visit, given, kept):
    answer = visit[0].get("/health", headers={"X-Request-ID": given.encode("latin-1")})
    assert answer.headers["x-request-id"] == kept


def test_every_answer_has_an_id_of_its_own(visit):
    ids = {visit[0].get(path).headers["x-request-id"] for path in ("/health", "/health", "/none", "/things/1")}
    assert len(ids) == 4 and all(len(one) == 32 for one in ids)


def test_lines_and_numbers_name_the_route_and_no_key(visit, caplog):
    client, registry = visit
    with caplog.at_level(logging.INFO, "colorgan.access"):
        statuses = [
            client.get(path).status_code for path in ("/things/secret", "/things/broken", "/guessed", "/health")
        ]
    assert statuses == [200, 500, 404, 200]
    seen = [(one.method, one.route, one.status) for one in caplog.records if one.name == "colorgan.access"]
    assert seen == [("GET", "/things/{key}", 200), ("GET", "/things/{key}", 500), ("GET", "other", 404)]
    assert "secret" not in caplog.text.replace("ZeroDivisionError", "")
    for route, status in (("/things/{key}", "200"), ("/things/{key}", "500"), ("other", "404"), ("/health", "200")):
        labels = {"method": "GET", "route": route, "status": status}
        assert registry.get_sample_value("colorgan_http_requests_total", labels) == 1
    assert registry.get_sample_value("colorgan_http_requests_in_progress") == 0
    assert registry.get_sample_value("colorgan_http_request_seconds_count", {"route": "/things/{key}"}) == 2


def test_logs_of_a_service():
    """In a process of its own: logging belongs to the whole process."""
    code = (
        "import logging, sys; from colorgan.server import logs\n"
        "logs.configure(sys.argv[1], access=sys.argv[2] == 'on')\n"
        "logging.getLogger('colorgan.access').info('%s', 'GET', extra={'status': 200})\n"
        "logging.getLogger('other').warning('beware')"
    )

    def lines(*words):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
        return done.stderr.splitlines()

    access, other = map(json.loads, lines("json", "on"))
    assert (access["message"], access["status"], access["levelname"]) == ("GET", 200, "INFO")
    assert access["correlation_id"] is None and access["timestamp"].endswith("+00:00")
    assert (other["name"], other["message"]) == ("other", "beware")
    (other,) = lines("text", "off")
    assert other.endswith("WARNING other [None] beware")
