"""What stands before every application of ours: its names, its own pages, bodies of a bounded size, and its headers.

Starlette's parts do less than is promised. `TrustedHostMiddleware` compares with a list: addresses in numbers are
endless, and the full name is not to be looked up before it is asked for. `CORSMiddleware` lets pages read, but stops
none from sending. `RequestBodyLimitMiddleware` does not say what the limit is. Imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp
from starlette.websockets import WebSocketClose

from colorgan.server import hosts

HEADERS = {"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


class Guard:
    """An application that passes on to another what that may answer. A refusal is JSON, `{"detail": "what is wrong"}`.

    Args:
        app: the application.
        host: the name or address that it is served at. Requests to other names are refused with 400, and with 403 what
            pages from elsewhere send, which may not read either; see `hosts`.
        max_bytes: a longer body is refused with 413, at once if its length is stated, else where it becomes too long.
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
        headers, size = Headers(scope=scope), 0
        foreign = hosts.is_foreign(*(headers.get(name, "") for name in ("origin", "host", "x-forwarded-host")))

        async def limited():
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.max_bytes:
                raise HTTPException(413, self.too_large)
            return message

        async def answer(message):
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                sent.update(self.headers)
                if foreign:  # Gradio's leave to read the answer
                    del sent["Access-Control-Allow-Origin"]
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
        host = headers.get("host", "")
        if not hosts.is_ours(host, self.host):
            return 400, hosts.REFUSAL
        # OPTIONS is how a browser asks whether a foreign page may send; a web socket sends, and has no method.
        if foreign and scope.get("method") not in ("GET", "HEAD"):
            place = headers.get("x-forwarded-host") or host
            return 403, (
                f"A page of {headers['origin']} sends this, which is not this page's own place, {place}. A web server "
                "in front of it must send the visitor's host as `X-Forwarded-Host`."
            )
        if int(headers.get("content-length", 0)) > self.max_bytes:
            return 413, self.too_large
        return None
