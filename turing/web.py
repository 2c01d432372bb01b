"""The visual Turing test in a browser: a page, and `api` as JSON over HTTP, for several participants at once.

It has no TLS and no users: on the open Internet, put it behind a proxy that has. Imports `api`, and `server.guard`,
which refuses requests from other pages.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Annotated

import fastapi
from fastapi import HTTPException
from fastapi.responses import HTMLResponse, JSONResponse, Response

from colorgan.server.guard import Guard
from colorgan.turing.api import Api

LARGEST = 4096  # bytes of a message
CALLS = ("about", "start", "state", "next", "answer")  # methods of `Api` that take a message
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src blob: data:; connect-src 'self'; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


async def _message(request: fastapi.Request) -> dict:
    """-> the JSON object in a request. FastAPI's own parsing has error texts that people do not understand."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "A message must be of type application/json.")
    try:
        message = json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "A message must be JSON.") from error
    if not isinstance(message, dict):
        raise HTTPException(400, "A message must be a JSON object.")
    return message


def build(api: Api, *, host: str) -> Guard:
    """The page at `/`, its pictures at `/image/...`, and the calls of `api` at `/api/...`.

    Args:
        api: answers the messages, several at a time.
        host: the name or address of the server.
    """
    app = fastapi.FastAPI(openapi_url=None)
    page = resources.files("colorgan.turing").joinpath("page.html").read_text(encoding="utf-8")

    @app.get("/")
    def show():
        return HTMLResponse(page)

    @app.get("/image/{name:path}")
    def image(name: str):
        return Response(api.image(name), media_type="image/png")

    @app.post("/api/{name}")
    def call(name: str, message: Annotated[dict, fastapi.Depends(_message)]):
        if name not in CALLS:
            return nowhere()
        return JSONResponse(getattr(api, name)(message))

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    def nowhere():
        raise HTTPException(404, "There is no such page. The test is at /.")

    @app.exception_handler(Exception)
    def fail(request, error):  # raised again for the log
        problem = "The server has a problem. Your answers so far are saved. Please tell the person who runs the test."
        return JSONResponse({"detail": problem}, 500)

    return Guard(
        app, host=host, max_bytes=LARGEST, too_large=f"A message has at most {LARGEST} bytes.", headers=HEADERS
    )
