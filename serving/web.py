"""The web page and its HTTP API: a photograph in, a coloured one out, and nothing kept.

Owns the page, `POST /colorize`, and how long files of visitors stay. Needs Gradio (extra `app`), which brings FastAPI
and uvicorn. Imports `server.hosts`, `serving.desk`, `serving.photos` and `serving.reading`; gets the colorizer as an
argument.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import ipaddress
import mimetypes
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
import time
from pathlib import Path

import fastapi
import gradio as gr
import uvicorn
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from starlette.background import BackgroundTask
from starlette.datastructures import Headers, MutableHeaders, UploadFile

from colorgan.server import hosts
from colorgan.serving import reading
from colorgan.serving.desk import MAX_UPLOAD_MB, WAITING, Desk, Refused
from colorgan.serving.photos import Settings

HOST, PORT = "127.0.0.1", 8000
KEPT_SECONDS = 3600  # what an open page has, unless the page is closed before
STRONGEST = 3.0  # saturation that the page offers
FORM = {"file", "saturation"}
_OVERHEAD = 1 << 16  # bytes of a request around the file in it
# The browser itself then refuses whatever a part of the page might want from elsewhere, fonts and scripts included.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'"
)
_CSS = """
.gradio-container {max-width: 1200px !important; margin: 0 auto !important}
#status p {margin: 0; overflow-wrap: anywhere}
#status .refused {color: var(--error-text-color, #b91c1c); font-weight: 600}
"""


class _Visits:
    """The files of open pages. They go when the page shows other ones, or is closed, or has been left alone."""

    def __init__(self, desk):
        self.desk, self.held, self.lock = desk, {}, threading.Lock()

    def begin(self, visit, upload):
        """A new folder for a visit's next result; `upload` is the file that it is of."""
        folder = self.desk.new_folder()
        with self.lock:
            held = self.held.setdefault(visit, [])
            held.append((folder, upload))
            if len(held) > 2:  # the result before is still on the page while the next is made
                self._remove(held.pop(0))
        return folder

    def end(self, visit):
        with self.lock:
            for one in self.held.pop(visit, []):
                self._remove(one)

    def _remove(self, one):
        folder, upload = one
        shutil.rmtree(folder, ignore_errors=True)
        # It may be the file of the next result too; and Gradio stores equal uploads of two visitors once.
        if all(upload != other for held in self.held.values() for _, other in held):
            upload.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # the folder that Gradio made for it, unless there is more in it
                upload.parent.rmdir()

    async def sweep(self):
        """Every minute, remove what is old: uploads that were broken off, and pages that stay open for hours."""
        while True:
            await asyncio.sleep(60)
            sweep(self.desk.folder, time.time() - KEPT_SECONDS)


def sweep(folder: Path, before: float) -> None:
    """Remove what lies in a folder and was last changed before a time, in seconds since 1970."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # a page that was closed meanwhile
            if path.stat().st_mtime < before:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _page(desk, visits):
    """The page and what it does. -> gr.Blocks"""
    with gr.Blocks(title="Colorize a photograph", analytics_enabled=False) as page:
        file, saturation, *shown = _layout(desk)
        file.async_move_resource_to_block_cache = _only_uploads(file.async_move_resource_to_block_cache)

        def nothing(text=""):
            return None, gr.DownloadButton(value=None, interactive=False), text

        def show(upload: str | None, saturation: float, request: gr.Request):
            if upload is None:
                visits.end(request.session_hash)
                return nothing()
            source = Path(upload)
            folder = visits.begin(request.session_hash, source)
            try:
                result = desk.colorize(source, folder, saturation=saturation, previews=True)
            except Refused as refused:
                return nothing(f'<p class="refused" role="alert">{html.escape(str(refused))}</p>')
            button = gr.DownloadButton(value=str(result.file), interactive=True)
            return tuple(map(str, result.previews)), button, _caption(result)

        def leave(request: gr.Request):
            visits.end(request.session_hash)

        # `change`, and only its last: by then a slider that is dragged has come to rest.
        gr.on(
            [file.upload, file.clear, saturation.change],
            show,
            [file, saturation],
            shown,
            concurrency_limit=1,
            trigger_mode="always_last",
            show_progress_on=shown[:1],
            api_visibility="private",
        )
        page.unload(leave)
    return page.queue(max_size=WAITING, api_open=False)


def _layout(desk):
    """-> the components: file and saturation; before and after, download, status."""
    first, types = desk.settings.saturation, ["image", *sorted(reading.SUFFIXES)]
    limits = f"up to {desk.max_upload_mb:g} MB and {desk.settings.max_megapixels:g} megapixels"
    gr.Markdown(
        "# Colorize a photograph\n"
        f"JPEG, PNG, TIFF, WebP or BMP, {limits}. "
        "Size, sharpness and lightness stay as they are. Photographs are colorized by the computer that serves this "
        "page, and are not kept."
    )
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            file = gr.File(label="Photograph", file_types=types, height=150, elem_id="file")
            most, info = max(STRONGEST, first), "1: as predicted, 0: gray"
            saturation = gr.Slider(0, most, first, step=0.05, label="Saturation", info=info, elem_id="saturation")
            download = gr.DownloadButton("Download", variant="primary", interactive=False, elem_id="download")
            status = gr.HTML(elem_id="status")
        with gr.Column(scale=3, min_width=300):
            label, buttons = "Before and after", ["fullscreen"]
            pair = gr.ImageSlider(label=label, interactive=False, max_height=720, buttons=buttons, elem_id="pair")
    return file, saturation, pair, download, status


def _only_uploads(move):
    """Gradio fetches the file itself where a request names a URL in place of an upload; here it does not."""

    async def moved(path):
        if "://" in str(path):
            raise gr.Error("Upload the file itself.", print_exception=False)
        return await move(path)

    return moved


def _caption(result):
    width, height = result.size
    notes = "".join(f"<p>Note: {html.escape(note)}.</p>" for note in result.notes)
    return f"<p>{html.escape(result.file.name)}: {width} × {height} pixels, {result.seconds:.1f} s</p>{notes}"


async def _take(request, desk, place):
    """Put the file of a request to `/colorize` into a folder. -> its path, and the saturation that is asked for"""
    size = 0

    async def receive():
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > desk.max_bytes + _OVERHEAD:
            raise desk.too_large()
        return message

    if int(request.headers.get("content-length", 0)) > desk.max_bytes + _OVERHEAD:
        raise desk.too_large()
    async with fastapi.Request(request.scope, receive).form(max_files=1, max_fields=len(FORM)) as form:
        unknown = set(form) - FORM
        if unknown:
            raise Refused(f"Unknown field {', '.join(sorted(unknown))}. Known: {', '.join(sorted(FORM))}.", 422)
        file, text = form.get("file"), form.get("saturation", desk.settings.saturation)
        if not isinstance(file, UploadFile):
            raise Refused("No file. Send one as form data: curl -F file=@photo.jpg", 422)
        try:
            saturation = float(text)
        except (TypeError, ValueError) as error:
            raise Refused(f"`saturation` must be a number. Received: {text!r}", 422) from error
        source = place / _name(file.filename)
        with source.open("wb") as copy:
            await run_in_threadpool(shutil.copyfileobj, file.file, copy)
    return source, saturation


def build(
    colorizer, *, settings: Settings, folder: Path, max_upload_mb: float = MAX_UPLOAD_MB, host: str = HOST
) -> fastapi.FastAPI:
    """The page at `/`, and `POST /colorize`: form fields `file` and, if wanted, `saturation`; it answers with the file.

    Args:
        colorizer, settings, max_upload_mb: see `Desk`.
        folder: for temporary files, empty; the caller removes it.
        host: the name or address that it is served at. Requests to other names are refused, and those that pages from
            elsewhere send; see `hosts`.

    Raises:
        ValueError: if `max_upload_mb` is not positive.
    """
    desk = Desk(colorizer, settings=settings, max_upload_mb=max_upload_mb, folder=folder)
    visits = _Visits(desk)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)  # where Gradio puts uploads
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

    @contextlib.asynccontextmanager
    async def lifespan(app):
        sweeping = asyncio.create_task(visits.sweep())
        yield
        sweeping.cancel()

    # Without FastAPI's pages of documentation, whose scripts come from elsewhere.
    app = fastapi.FastAPI(openapi_url=None, lifespan=lifespan)

    @app.post("/colorize")
    async def colorize(request: fastapi.Request):
        place = desk.new_folder()
        try:
            source, saturation = await _take(request, desk, place)
            out = place / ".out"  # no name of a visitor's file begins with a dot
            out.mkdir()
            result = await run_in_threadpool(desk.colorize, source, out, saturation=saturation, previews=False)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        kind = mimetypes.guess_type(result.file.name)[0]
        done = BackgroundTask(shutil.rmtree, place, ignore_errors=True)
        return FileResponse(result.file, media_type=kind, filename=result.file.name, background=done)

    @app.exception_handler(Refused)
    async def refuse(request, refused):
        return JSONResponse({"detail": str(refused)}, status_code=refused.status)

    app.add_middleware(_AtHome, names=hosts.Names(host), max_bytes=desk.max_bytes + _OVERHEAD)
    return gr.mount_gradio_app(
        app,
        _page(desk, visits),
        path="/",
        footer_links=[],
        run_history=False,  # would keep pictures in the browser
        max_file_size=desk.max_bytes,
        ssr_mode=False,
        show_error=False,  # what is for visitors is shown all the same
        enable_monitoring=False,
        mcp_server=False,
        theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        css=_CSS,
    )


def _name(filename):
    """A visitor's file name without folders and odd characters, and no longer than file systems allow."""
    stem, dot, suffix = re.sub(r"[^\w .()+-]", "_", re.split(r"[/\\]", filename or "")[-1]).rpartition(".")
    stem, suffix = (stem, suffix) if dot else (suffix, "")
    short = stem.encode()[:150].decode(errors="ignore").strip(" .") or "photograph"
    return f"{short}{dot}{suffix[:10]}"


def _refusal(text, status):
    return JSONResponse({"detail": text}, status_code=status)


class _AtHome:
    """ASGI middleware: nothing is fetched from elsewhere, and no page from elsewhere fetches here.

    Requests to names that are not ours are refused, and what pages from elsewhere send (`hosts`). The page is told to
    stay at home, and Gradio's routes that would go elsewhere are closed.
    """

    def __init__(self, app, *, names, max_bytes):
        self.app, self.names, self.max_bytes = app, names, max_bytes

    async def __call__(self, scope, receive, send):
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        ours = hosts.is_ours(headers.get("host", ""), self.names)
        said = [headers.get(name, "") for name in ("origin", "host", "x-forwarded-host")]
        foreign = hosts.is_foreign(*said)
        if scope["type"] == "websocket":
            if ours and not foreign:
                return await self.app(scope, receive, send)
            return await send({"type": "websocket.close", "code": 1008})
        if not ours:
            return await _refusal(hosts.REFUSAL, 400)(scope, receive, send)
        # OPTIONS is how a browser asks whether a foreign page may send: Gradio would let it.
        path, sends = scope["path"], scope["method"] not in ("GET", "HEAD")
        if foreign and sends:
            text = (
                f"A page of {said[0]} sends this, which is not this page's own place, {said[2] or said[1]}. A web "
                "server in front of it must send the visitor's host as `X-Forwarded-Host`."
            )
            return await _refusal(text, 403)(scope, receive, send)
        if sends and path != "/colorize":  # which counts for itself
            if int(headers.get("content-length", 0)) > self.max_bytes:
                text = f"Too large: at most {self.max_bytes / 2**20:.1f} MB are taken (--max-upload-mb)."
                return await _refusal(text, 413)(scope, receive, send)
            receive = self._limited(receive)
        if "/proxy=" in path or "/file=http" in path:
            return await PlainTextResponse("Not here.\n", status_code=404)(scope, receive, send)

        async def answer(message):
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY
                headers["Referrer-Policy"] = "no-referrer"
                headers["X-Content-Type-Options"] = "nosniff"
                if foreign:  # Gradio's leave to read the answer
                    del headers["Access-Control-Allow-Origin"]
                if path == "/colorize" or "/file=" in path:
                    headers["Cache-Control"] = "no-store"  # photographs stay in no browser
            await send(message)

        await self.app(scope, receive, answer)

    def _limited(self, receive):
        """A body that does not state its length ends, as if its sender had gone, where it becomes too long."""
        size = 0

        async def limited():
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            return message if size <= self.max_bytes else {"type": "http.disconnect"}

        return limited


def listen(host: str = HOST, port: int = PORT) -> socket.socket:
    """Take an address; before the weights are loaded, so that a mistake shows at once.

    Args:
        host: a name or an address of this computer.
        port: 0 takes any that is free.

    Raises:
        OSError: if it cannot be had.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise OSError(
            f"Cannot listen at {host}, port {port} ({error.strerror}). Choose another --port or --host."
        ) from error


class _Server(uvicorn.Server):
    """Does not wait for open pages, each of which holds a connection for as long as it is open."""

    async def shutdown(self, sockets=None):
        pages = self.config.app.routes[-1].app  # what `gr.mount_gradio_app` mounted
        pages.stop_event.set()
        await super().shutdown(sockets)


def serve(
    colorizer, *, settings: Settings, place: socket.socket, max_upload_mb: float, host: str = HOST, say=print
) -> None:
    """Serve page and API until interrupted; then remove the temporary files.

    Args:
        colorizer, settings, max_upload_mb: see `Desk`.
        place: from `listen`.
        host: as given to it; see `build`.
        say: gets the text for people.
    """
    address, port = place.getsockname()[:2]
    with tempfile.TemporaryDirectory(prefix="colorgan-") as folder, place:
        app = build(colorizer, settings=settings, folder=Path(folder), max_upload_mb=max_upload_mb, host=host)
        server = _Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5))
        if not ipaddress.ip_address(address).is_loopback:
            say("Whoever can reach this computer can use the page: it has no password.")
        say(f"http://{f'[{address}]' if ':' in address else address}:{port}  (Ctrl-C ends it)")
        if threading.current_thread() is threading.main_thread():
            # uvicorn repeats the signal that ended it; the default for this one would leave the files behind.
            signal.signal(signal.SIGTERM, signal.default_int_handler)
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[place])
