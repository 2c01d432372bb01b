"""The web page and its HTTP API: a photograph in, a coloured one out, and nothing kept.

Owns `POST /colorize`, and how long files of visitors stay. Imports `server.guard`, `server.running`, `serving.page`,
`serving.visitors` and `serving.photos`; gets the colorizer as an argument.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import shutil
import socket
import tempfile
from pathlib import Path

import fastapi
from fastapi import HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile

from colorgan.server import running
from colorgan.server.guard import Guard
from colorgan.serving import page
from colorgan.serving.photos import Settings
from colorgan.serving.visitors import Visitors

FORM = {"file", "saturation"}
_OVERHEAD = 1 << 16  # bytes of a request around the file in it
# The browser itself then refuses whatever a part of the page might want from elsewhere, fonts and scripts included.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'"
)


async def _take(request, visitors, place):
    """Put the file of a request to `/colorize` into a folder. -> its path, and the saturation that is asked for"""
    async with request.form(max_files=1, max_fields=len(FORM)) as form:
        unknown = set(form) - FORM
        if unknown:
            raise HTTPException(422, f"Unknown field {', '.join(sorted(unknown))}. Known: {', '.join(sorted(FORM))}.")
        file, text = form.get("file"), form.get("saturation", visitors.settings.saturation)
        if not isinstance(file, UploadFile):
            raise HTTPException(422, "No file. Send one as form data: curl -F file=@photo.jpg")
        try:
            saturation = float(text)
        except (TypeError, ValueError) as error:
            raise HTTPException(422, f"`saturation` must be a number. Received: {text!r}") from error
        source = place / _name(file.filename)
        with source.open("wb") as copy:
            await run_in_threadpool(shutil.copyfileobj, file.file, copy)
    return source, saturation


def build(colorizer, *, settings: Settings, folder: Path, max_upload_mb: float, host: str) -> Guard:
    """The page at `/`, and `POST /colorize`: form fields `file` and, if wanted, `saturation`; it answers with the file.

    `folder` is for temporary files, empty; the caller removes it. For the rest see `Visitors` and `Guard`.
    """
    visitors = Visitors(colorizer, settings=settings, max_upload_mb=max_upload_mb, folder=folder)
    open_pages = page.OpenPages(visitors)

    @contextlib.asynccontextmanager
    async def lifespan(app):
        sweeping = asyncio.create_task(open_pages.sweep())
        yield
        sweeping.cancel()

    # Without FastAPI's pages of documentation, whose scripts come from elsewhere.
    app = fastapi.FastAPI(openapi_url=None, lifespan=lifespan)

    @app.post("/colorize")
    async def colorize(request: fastapi.Request):
        place = visitors.new_folder()
        try:
            source, saturation = await _take(request, visitors, place)
            out = place / ".out"  # no name of a visitor's file begins with a dot
            out.mkdir()
            result = await run_in_threadpool(visitors.colorize, source, out, saturation=saturation, previews=False)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        done = BackgroundTask(shutil.rmtree, place, ignore_errors=True)
        return FileResponse(result.file, filename=result.file.name, background=done)

    page.mount(app, visitors, open_pages)
    limits = {"max_bytes": visitors.max_bytes + _OVERHEAD, "too_large": visitors.too_large}
    return Guard(app, host=host, headers={"Content-Security-Policy": _POLICY}, **limits)


def _name(filename):
    """A visitor's file name without folders and odd characters, and no longer than file systems allow."""
    stem, dot, suffix = re.sub(r"[^\w .()+-]", "_", re.split(r"[/\\]", filename or "")[-1]).rpartition(".")
    stem, suffix = (stem, suffix) if dot else (suffix, "")
    short = stem.encode()[:150].decode(errors="ignore").strip(" .") or "photograph"
    return f"{short}{dot}{suffix[:10]}"


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
            running.Server(app, leaving=lambda: page.close(app.app)).run(sockets=[place])
