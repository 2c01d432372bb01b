"""Observation of each request: an id, a line in the log, and numbers for Prometheus.

They name the route, not the address, because parts of an address can be secret. Imports nothing of ours.
"""

from __future__ import annotations

import logging
import re
import time
import uuid

from asgi_correlation_id import CorrelationIdMiddleware
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp

GONE = 499  # nginx's status for a caller that went away before the answer
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_LOG = logging.getLogger("colorgan.access")


class Observed:
    """An application that observes and passes all requests to another.

    Args:
        app: the application.
        registry: for the numbers.
        quiet: routes that programs request all the time; they are counted, but not logged.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry, *, quiet=()):
        # A caller's id is kept if it is a word.
        named = {"validator": None, "transformer": _id, "update_request_header": False}
        self.app, self._quiet = app, frozenset(quiet)
        self._named = CorrelationIdMiddleware(self._watched, **named)
        labels = ["method", "route", "status"]
        self._count = Counter("colorgan_http_requests", "Requests answered", labels, registry=registry)
        self._seconds = Histogram(
            "colorgan_http_request_seconds", "To the end of the answer", ["route"], buckets=SECONDS, registry=registry
        )
        self._now = Gauge("colorgan_http_requests_in_progress", "Requests that are being answered", registry=registry)

    async def __call__(self, scope, receive, send):
        """ASGI: one request, or the application's start and end."""
        await (self._named if scope["type"] == "http" else self.app)(scope, receive, send)

    async def _watched(self, scope, receive, send):
        start, status, gone = time.perf_counter(), GONE, False

        async def told():
            nonlocal gone
            message = await receive()
            gone = gone or message["type"] == "http.disconnect"
            return message

        async def answer(message):
            nonlocal status
            if message["type"] == "http.response.start" and not gone:  # otherwise the error is lost
                status = message["status"]
            await send(message)

        self._now.inc()
        try:
            await self.app(scope, told, answer)
        except Exception:
            status = 500
            raise
        finally:
            self._now.dec()
            self._note(scope, status, time.perf_counter() - start)

    def _note(self, scope, status, seconds):
        # Unknown paths share a number; otherwise each would have its own.
        route = getattr(scope.get("route"), "path", "") or "other"
        method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "OPTIONS") else "other"
        self._count.labels(method, route, status).inc()
        self._seconds.labels(route).observe(seconds)
        if route not in self._quiet:
            fields = {"method": method, "route": route, "status": status, "seconds": round(seconds, 4)}
            fields["client"] = (scope.get("client") or ("-",))[0]
            _LOG.info("%s %s %s %d %.3f s", fields["client"], method, route, status, seconds, extra=fields)


def _id(given):
    return re.sub(r"[^\w.:-]", "", given, flags=re.ASCII)[:64] or uuid.uuid4().hex
