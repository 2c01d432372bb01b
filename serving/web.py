"""The web page and its HTTP API: a photograph in, a coloured one out, and nothing kept.

Owns `POST /colorize`, and what may be sent at all. Imports `server.guard`, `server.running`, `serving.page`,
`serving.steering`, `serving.uploads`, `serving.visitors` and `serving.photos`; gets the colorizer as an argument.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import ipaddress
import re
import socket
import tempfile
from pathlib import Path

import fastapi
from fastapi.concurrency import run_in_threadpool

from colorgan.server import running
from colorgan.server.guard import Guard
from colorgan.serving import page, steering, uploads
from colorgan.serving.photos import Settings
from colorgan.serving.visitors import Visitors

FIELDS = ("saturation", "hints", "reference", "desired_saturation", "desired_hue", "variants")


def build(colorizer, *, settings: Settings, folder: Path, max_upload_mb: float, host: str) -> Guard:
    """The page at `/`, and `POST /colorize`: form fields `file` and, if wanted, `FIELDS`; it answers with the file.

    `folder` is for temporary files, empty; the caller removes it. For the rest see `Visitors` and `Guard`.
    """
    visitors = Visitors(colorizer, settings=settings, max_upload_mb=max_upload_mb, folder=folder)

    @contextlib.asynccontextmanager
    async def lifespan(app):
        tidying = asyncio.create_task(_tidy(visitors.kept))
        warming = asyncio.create_task(run_in_threadpool(visitors.warm_up))
        yield
        tidying.cancel()
        await warming

    # Without FastAPI's pages of documentation, whose scripts come from elsewhere.
    app = fastapi.FastAPI(openapi_url=None, lifespan=lifespan)
    app.state.visitors = visitors

    @app.post("/colorize")
    async def colorize(request: fastapi.Request):
        work = functools.partial(_colorized, visitors)
        return await uploads.answered(request, visitors.new_folder(), FIELDS, work)

    page.mount(app, visitors)
    limits = {"max_bytes": visitors.max_bytes + uploads.TEXT, "too_large": visitors.too_large}
    return Guard(app, host=host, headers=page.HEADERS, **limits)


def _colorized(visitors, source, fields):
    """The answer to a request: a file, or with `variants` a zip archive of as many."""
    wished = {name: uploads.number(fields, name) for name in ("desired_saturation", "desired_hue") if name in fields}
    try:
        if "hints" in fields:
            wished["hints"] = steering.parse_hints(fields["hints"])
        wishes = steering.Wishes(**wished)
    except ValueError as error:
        raise fastapi.HTTPException(422, str(error)) from error
    if "reference" in fields:
        wishes = dataclasses.replace(wishes, palette=visitors.palette(fields["reference"]))
    # What the page begins with is a factor, and no factor goes with an aim.
    saturation = visitors.settings.saturation if wishes.desired_saturation is None else 1.0
    saturation, count = uploads.number(fields, "saturation", saturation), fields.get("variants", "1")
    if not re.fullmatch("[0-9]{1,3}", count):
        raise fastapi.HTTPException(422, f"`variants` must be a whole number. Received: {count!r:.200}")
    return visitors.colorize(source, saturation=saturation, wishes=wishes, variants=int(count))


async def _tidy(kept):
    """Every minute, let go of photographs that nobody has asked for in an hour."""
    while True:
        await asyncio.sleep(60)
        kept.tidy()


def serve(colorizer, *, settings: Settings, place: socket.socket, max_upload_mb: float, host: str, say=print) -> None:
    """Serve page and API at a place that `running.listen` took until interrupted; then remove the temporary files.

    `say` gets the text for people; for the rest see `build`.
    """
    with tempfile.TemporaryDirectory(prefix="colorgan-") as folder, place:
        app = build(colorizer, settings=settings, folder=Path(folder), max_upload_mb=max_upload_mb, host=host)
        if not ipaddress.ip_address(place.getsockname()[0]).is_loopback:
            say("Whoever can reach this computer can use the page: it has no password.")
        say(f"{running.address(place)}  (Ctrl-C ends it)")
        with running.until_interrupted():
            running.Server(app).run(sockets=[place])
