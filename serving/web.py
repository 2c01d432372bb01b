"""The service: the HTTP API, and optionally the web page. It colorizes photographs and keeps nothing.

Owns the application, its start and its end. Imports `server`, `serving.api`, `serving.page`, `serving.uploads`,
`serving.visitors`, `serving.photos` and `files.reading`; the colorizer is an argument.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import tempfile
from pathlib import Path

import fastapi

from colorgan.files import reading
from colorgan.server import running
from colorgan.server.guard import Guard
from colorgan.server.observed import Observed
from colorgan.serving import api, page, uploads
from colorgan.serving.photos import Settings
from colorgan.serving.visitors import IN_HAND, Visitors

ENDING = 30  # seconds for photographs in hand at the end
ASKED_BY_PROGRAMS = ("/health", "/ready", "/metrics")


def build(
    colorizer,
    *,
    settings: Settings,
    folder: Path,
    max_upload_mb: float,
    host: str,
    in_hand: int = IN_HAND,
    with_page: bool = True,
) -> Observed:
    """-> the application: the paths of `api`, and the page at `/`.

    `folder` is an empty folder for temporary files; the caller removes it. For the others see `Visitors` and `Guard`.
    """
    limits = {"max_upload_mb": max_upload_mb, "in_hand": in_hand}
    visitors = Visitors(colorizer, settings=settings, folder=folder, **limits)

    @contextlib.asynccontextmanager
    async def lifespan(app):
        tidying = asyncio.create_task(_tidy(visitors.kept))
        warming = asyncio.create_task(visitors.warm_up())
        yield
        tidying.cancel()
        await warming

    # Without FastAPI's documentation pages, which load scripts from elsewhere.
    app = fastapi.FastAPI(title="colorgan", version="1", docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.visitors = visitors
    api.mount(app, visitors)
    if with_page:
        page.mount(app, visitors)
    limits = {"max_bytes": visitors.max_bytes + uploads.TEXT, "too_large": visitors.too_large}
    guarded = Guard(app, host=host, headers=page.HEADERS, **limits)
    return Observed(guarded, visitors.measures.registry, quiet=ASKED_BY_PROGRAMS)


async def _tidy(kept):
    """Every minute, drop photographs that nobody requested for an hour."""
    while True:
        await asyncio.sleep(60)
        kept.tidy()


def serve(colorizer, *, settings: Settings, place: socket.socket, host: str, say=print, **limits) -> None:
    """Serve on a socket of `running.listen` until interrupted; then remove the temporary files.

    `say` prints texts; for the others see `build`.
    """
    # At the end a thread can still write a file that nobody waits for.
    files = tempfile.TemporaryDirectory(prefix="colorgan-", ignore_cleanup_errors=True)
    with files as folder, place, reading.large_pictures(settings.max_megapixels):
        app = build(colorizer, settings=settings, folder=Path(folder), host=host, **limits)
        if not ipaddress.ip_address(place.getsockname()[0]).is_loopback:
            say("Anyone who can reach this computer can use this server: it has no password.")
        say(f"{running.address(place)}  (Ctrl-C ends it)")
        with running.until_interrupted():
            running.Server(app, grace=ENDING).run(sockets=[place])
