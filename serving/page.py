"""The page on which visitors colorize a photograph, made with Gradio (extra `app`), and the files of open pages.

Imports `serving.visitors` and `files.suffixes`.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import os
import shutil
import threading
import time
from pathlib import Path

import fastapi
import gradio as gr
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from colorgan.files import suffixes
from colorgan.serving.visitors import WAITING, Visitors

KEPT_SECONDS = 3600  # what an open page has, unless the page is closed before
STRONGEST = 3.0  # saturation that the page offers
_CSS = """
.gradio-container {max-width: 1200px !important; margin: 0 auto !important}
#status p {margin: 0; overflow-wrap: anywhere}
#status .refused {color: var(--error-text-color, #b91c1c); font-weight: 600}
"""


class OpenPages:
    """The files of open pages. They go when the page shows other ones, or is closed, or has been left alone."""

    def __init__(self, visitors: Visitors):
        self.visitors, self.held, self.lock = visitors, {}, threading.Lock()

    def begin(self, visit: str, upload: Path) -> Path:
        """-> a new folder for a visit's next result; `upload` is the file that it is of."""
        folder = self.visitors.new_folder()
        with self.lock:
            held = self.held.setdefault(visit, [])
            held.append((folder, upload))
            if len(held) > 2:  # the result before is still on the page while the next is made
                self._remove(held.pop(0))
        return folder

    def end(self, visit: str) -> None:
        """Remove the files of a visit."""
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
            sweep(self.visitors.folder, time.time() - KEPT_SECONDS)


def sweep(folder: Path, before: float) -> None:
    """Remove what lies in a folder and was last changed before a time, in seconds since 1970."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # a page that was closed meanwhile
            if path.stat().st_mtime < before:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def mount(app: fastapi.FastAPI, visitors: Visitors, open_pages: OpenPages) -> None:
    """Put the page at `/` of an application, behind the routes that it has already."""
    os.environ["GRADIO_TEMP_DIR"] = str(visitors.folder)  # where Gradio puts uploads
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    app.add_middleware(_Private)
    gr.mount_gradio_app(
        app,
        _page(visitors, open_pages),
        path="/",
        footer_links=[],
        run_history=False,  # would keep pictures in the browser
        max_file_size=visitors.max_bytes,
        ssr_mode=False,
        show_error=False,  # what is for visitors is shown all the same
        enable_monitoring=False,
        mcp_server=False,
        theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        css=_CSS,
    )


def close(app: fastapi.FastAPI) -> None:
    """Let go of open pages, each of which holds a connection for as long as it is open; `mount` was called last."""
    app.routes[-1].app.stop_event.set()


class _Private:
    """ASGI: photographs stay in no browser, and Gradio's routes that would go elsewhere are closed."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        path = scope.get("path", "")  # the start and end of the application have none
        if any(closed in path for closed in ("/proxy=", "/file=http", "/file/http")):
            return await PlainTextResponse("Not here.\n", status_code=404)(scope, receive, send)

        async def answer(message):
            if message["type"] == "http.response.start" and (path == "/colorize" or "/file" in path):
                MutableHeaders(scope=message)["Cache-Control"] = "no-store"
            await send(message)

        return await self.app(scope, receive, answer)


def _page(visitors, open_pages):
    """The page and what it does. -> gr.Blocks"""
    with gr.Blocks(title="Colorize a photograph", analytics_enabled=False) as blocks:
        file, saturation, *shown = _layout(visitors)
        file.async_move_resource_to_block_cache = _only_uploads(file.async_move_resource_to_block_cache)

        def nothing(text=""):
            return None, gr.DownloadButton(value=None, interactive=False), text

        def show(upload: str | None, saturation: float, request: gr.Request):
            if upload is None:
                open_pages.end(request.session_hash)
                return nothing()
            source = Path(upload)
            folder = open_pages.begin(request.session_hash, source)
            try:
                result = visitors.colorize(source, folder, saturation=saturation, previews=True)
            except HTTPException as refused:
                return nothing(f'<p class="refused" role="alert">{html.escape(refused.detail)}</p>')
            button = gr.DownloadButton(value=str(result.file), interactive=True)
            return tuple(map(str, result.previews)), button, _caption(result)

        def leave(request: gr.Request):
            open_pages.end(request.session_hash)

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
        blocks.unload(leave)
    return blocks.queue(max_size=WAITING, api_open=False)


def _layout(visitors):
    """-> the components: file and saturation; before and after, download, status."""
    first, types = visitors.settings.saturation, ["image", *sorted(suffixes.PICTURES)]
    limits = f"up to {visitors.max_upload_mb:g} MB and {visitors.settings.max_megapixels:g} megapixels"
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
