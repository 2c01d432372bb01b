"""What stands before every application of ours: its names, its own pages, bodies of a bounded size, and its headers.

A page from elsewhere runs in the same browser as ours. It may have its own name point to this computer and then read
what is here ("DNS rebinding"), and it may send forms here that nobody meant to send.

Starlette's parts do less than is promised. `TrustedHostMiddleware` compares with a list: addresses in numbers are
endless, and the full name is not to be looked up before it is asked for. `CORSMiddleware` lets pages read, but stops
none from sending. `RequestBodyLimitMiddleware` does not say what the limit is. Imports nothing of ours.
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
    """An application that passes on to another what that may answer. A refusal is JSON, `{"detail": "what is wrong"}`.

    Args:
        app: the application.
        host: the name or address that it is served at. Requests to other names are refused with 400, and with 403 what
            pages from elsewhere send; browsers let them read nothing. An address in numbers is nobody's name. Where
            `host` means all addresses of this computer, the computer's names are ours too.
        max_bytes: a longer body is refused with 413, at once if its length is stated, else where it becomes too long;
            one that pauses for `IDLE` seconds with 408.
        too_large: what is said then.
        headers: of every answer, beside `HEADERS`.
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
            except ClientDisconnect:  # somebody who goes away in the middle is nothing to report
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
        # OPTIONS is how a browser asks whether a foreign page may send; a web socket sends, and has no method.
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
    """-> whether a Host header asks for what is served at a host."""
    asked = asked.strip().lower()
    asked = asked[1:].partition("]")[0] if asked.startswith("[") else asked.partition(":")[0]
    if asked in ("localhost", host) or _address(asked):
        return True
    if not (_address(host) and _address(host).is_unspecified):
        return False
    computer = socket.gethostname().lower()
    # The full name is looked up only for a name that it might be: offline that may take many seconds.
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
    """-> whether a page from elsewhere sends a request: browsers name its origin with all but plain reading.

    A web server in front of ours says which host it is visited at; of several the first is the visitor's. Many send no
    port, so that none is asked for. A page cannot set that header without asking first (a preflight, of method
    OPTIONS), which must not be granted to a foreign one.
    """

    places = (
        headers.get(name, "").partition(",")[0].strip().lower() for name in ("origin", "host", "x-forwarded-host")
    )
    origin, host, seen = (place.removesuffix(":443").removesuffix(":80") for place in places)
    origin = origin.partition("://")[2]
    ours = (host, seen) if seen else (host,)
    return bool(headers.get("origin")) and origin not in ours and (not seen or origin.rpartition(":")[0] != seen)
