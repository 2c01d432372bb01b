"""The guard of every application: it checks names, origins and body sizes, and adds headers.

A page from elsewhere runs in the same browser as ours. It can point its name to this computer and then read our data
("DNS rebinding"), and it can send forms here without the user's intention.

Starlette's middleware is not enough. `TrustedHostMiddleware` compares with a list, but numeric addresses are endless,
and the full name should be looked up only when requested. `CORSMiddleware` lets pages read, but stops none from
sending. `RequestBodyLimitMiddleware` does not state the limit. Imports nothing of ours.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import socket
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp
from starlette.websockets import WebSocketClose

IDLE = 30  # seconds that a body may pause
HEADERS = {"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


class Guard:
    """An application that passes allowed requests to another. A refusal is JSON, `{"detail": "what is wrong"}`.

    Args:
        app: the application.
        host: the name or address of the server. Requests to other names get 400, requests from other pages 403;
            browsers let these pages read nothing. Numeric addresses are allowed. If `host` means all addresses of this
            computer, its names are allowed too.
        max_bytes: a longer body gets 413, at once if its length is stated, otherwise when it exceeds the limit. A body
            that pauses for `IDLE` seconds gets 408.
        too_large: the text for 413.
        headers: of every answer, in addition to `HEADERS`.
    """

    def __init__(self, app: ASGIApp, *, host: str, max_bytes: int, too_large: str, headers: Mapping[str, str]):
        self.app, self.host, self.headers = app, host, HEADERS | headers
        self.max_bytes, self.too_large = max_bytes, too_large

    async def __call__(self, scope, receive, send):
        """ASGI: one request, or the application's start and end."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers, size, whole = Headers(scope=scope), 0, False
        foreign = _is_foreign(headers)

        async def limited():
            nonlocal size, whole
            try:
                async with asyncio.timeout(None if whole else IDLE):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, f"The request has paused for {IDLE} seconds. Send it again.") from error
            whole = not message.get("more_body", False)
            size += len(message.get("body", b""))
            if size > self.max_bytes:
                raise HTTPException(413, self.too_large)
            return message

        async def answer(message):
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                sent.update(self.headers)
            await send(message)

        refusal = self._refusal(scope, headers, foreign)
        if refusal is None:
            try:
                return await self.app(scope, limited, answer)
            except ClientDisconnect:  # a client that goes away is not an error
                return None
        if scope["type"] == "websocket":
            return await WebSocketClose(1008)(scope, receive, send)
        status, detail = refusal
        return await JSONResponse({"detail": detail}, status)(scope, receive, answer)

    def _refusal(self, scope, headers, foreign):
        """-> status and text, or None."""
        asked = headers.get("host", "")
        if not _is_ours(asked, self.host.lower()):
            return 400, (
                "The page is not served under that name. Use its address, start it with --host NAME, or let the web "
                "server in front send `Host: localhost`."
            )
        # With OPTIONS a browser asks whether a foreign page may send; a web socket sends without a method.
        if foreign and scope.get("method") not in ("GET", "HEAD"):
            return 403, (
                f"A page of {headers['origin']} sent this request, but this server is "
                f"{headers.get('x-forwarded-host') or asked}. A web server in front must send the visitor's host as "
                "`X-Forwarded-Host`."
            )
        if int(headers.get("content-length", 0)) > self.max_bytes:
            return 413, self.too_large
        return None


def _is_ours(asked, host):
    """-> whether a Host header names this server."""
    asked = asked.strip().lower()
    asked = asked[1:].partition("]")[0] if asked.startswith("[") else asked.partition(":")[0]
    if asked in ("localhost", host) or _address(asked):
        return True
    if not (_address(host) and _address(host).is_unspecified):
        return False
    computer = socket.gethostname().lower()
    # The full name is looked up only for a likely name: offline it can take many seconds.
    maybe = asked.startswith(f"{computer}.")
    return asked in (computer, f"{computer}.local") or (maybe and asked == _full_name(computer))


@functools.cache
def _full_name(computer):
    return socket.getfqdn(computer).lower()


def _address(text):
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_foreign(headers):
    """-> whether a page from elsewhere sends a request: browsers state the origin except for plain reading.

    A web server in front states the visitor's host; of several the first is the visitor's. Many state no port, so none
    is required. A page can set that header only after a preflight (method OPTIONS), which foreign pages are refused.
    """

    places = (
        headers.get(name, "").partition(",")[0].strip().lower() for name in ("origin", "host", "x-forwarded-host")
    )
    origin, host, seen = (place.removesuffix(":443").removesuffix(":80") for place in places)
    origin = origin.partition("://")[2]
    ours = (host, seen) if seen else (host,)
    return bool(headers.get("origin")) and origin not in ours and (not seen or origin.rpartition(":")[0] != seen)
