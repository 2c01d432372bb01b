"""The contents of requests: texts, and files that are kept until the answer.

Imports the room `files`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import shutil
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import AbstractContextManager
from pathlib import Path

import anyio
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse

from colorgan.files import kinds, reading, suffixes

FILES = ("reference",)  # fields that are files, besides `file`
TEXT = 1 << 21  # bytes of a text: 10,000 hints
# Names for pictures that come without a name; all other kinds are only read.
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WebP": ".webp", "BMP": ".bmp", "TIFF or camera raw": ".tiff"}
NO_FILE = "No file. Send one as form data, curl -F file=@photo.jpg, or as it is, curl --data-binary @photo.jpg"


Place = Callable[[int | None], AbstractContextManager[Path]]


@contextlib.asynccontextmanager
async def taken(request: Request, place: Place, names: Collection[str] = ()) -> AsyncIterator[tuple[Path, dict]]:
    """Within: the contents of a request.

    Args:
        request: a form with `file` and, optionally, the named fields; or its body is the file. Text fields can also be
            in the address.
        place: called with the bytes of the body, or None if not stated. It gives a folder for this request until the
            answer, or raises an HTTPException before the body is read.
        names: of the fields; those in `FILES` are files.

    Yields:
        The path of the file in that folder, and {name: text, or path of a file} of the fields.

    Raises:
        HTTPException: 422, for a missing file, an unknown field, or a repeated field.
    """
    limits = {"max_files": 1 + len(FILES), "max_fields": 1 + len(names), "max_part_size": TEXT}
    stated = request.headers.get("content-length")
    with place(stated and int(stated)) as folder:
        if not request.headers.get("content-type", "").startswith("multipart/"):
            _check(request.query_params, set(names) - {*FILES})
            yield await _body(request, folder), dict(request.query_params)
            return
        async with request.form(**limits) as form:
            given = FormData([*form.multi_items(), *request.query_params.multi_items()])
            _check(given, {"file", *names})
            if "file" not in given:
                raise HTTPException(422, NO_FILE)
            fields = {}
            for name, value in given.items():
                fields[name] = await _copied(value, folder / f".{name}") if name in ("file", *FILES) else value
        yield fields.pop("file"), fields


async def _body(request, folder):
    """-> the file in a body; its bytes decide its suffix."""
    path = folder / "photograph"
    with path.open("wb") as file:
        async for part in request.stream():
            file.write(part)
    found = await run_in_threadpool(kinds.name, path)
    # `curl --data` states this by default, for a form or for a file.
    vague = request.headers.get("content-type", "") in ("", "application/x-www-form-urlencoded")
    if not path.stat().st_size or (vague and not found and not await run_in_threadpool(reading.megapixels, path)):
        raise HTTPException(422, NO_FILE)
    return path.rename(path.with_suffix(SUFFIXES.get(found, "")))


def _check(form, known):
    """`form`: the fields of a body, an address, or both."""
    if unknown := set(form) - known:
        known = ", ".join(sorted(known))
        raise HTTPException(422, f"Unknown field {', '.join(sorted(unknown))}. Known: {known}.")
    if twice := {name for name in form if len(form.getlist(name)) > 1}:
        raise HTTPException(422, f"Send {', '.join(sorted(twice))} only once.")
    for name, value in form.items():
        if isinstance(value, UploadFile) != (name in ("file", *FILES)):
            raise HTTPException(422, f"`{name}` must be {'a file' if name in FILES else 'text'}.")


async def _copied(file, folder):
    folder.mkdir()  # no visitor's file begins with a dot, and two can have the same name
    path = folder / name_of(file.filename)
    with path.open("wb") as copy:
        await run_in_threadpool(shutil.copyfileobj, file.file, copy)
    if suffixes.is_picture(path):
        return path
    return path.rename(path.with_name(path.name + SUFFIXES.get(await run_in_threadpool(kinds.name, path), "")))


async def answered(
    request: Request, place: Place, names: Collection[str], work: Callable[[Path, dict], Coroutine]
) -> FileResponse:
    """-> the file of `work(source, fields)` for the contents from `taken`, in its folder; removed after sending."""
    async with contextlib.AsyncExitStack() as stack:
        source, fields = await stack.enter_async_context(taken(request, place, names))
        file = await while_there(request, work(source, fields))
        return FileResponse(file, filename=file.name, background=BackgroundTask(stack.pop_all().aclose))


async def while_there(request: Request, work: Coroutine):
    """-> a coroutine's result; if the caller goes away, it is cancelled where it waits, with a ClientDisconnect.

    Work in a thread ends first. HTTPException 503 if the service ends.
    """

    async def watch():
        while (await request.receive())["type"] != "http.disconnect":
            pass
        scope.cancel()

    with anyio.CancelScope() as scope:
        watching = asyncio.create_task(watch())
        try:
            return await work
        except asyncio.CancelledError:
            if scope.cancel_called:
                raise
            raise HTTPException(503, "The service ends. Try again in a minute.", {"Retry-After": "60"}) from None
        finally:
            watching.cancel()
    raise ClientDisconnect


async def message(request: Request) -> dict:
    """-> the JSON object of a request; HTTPException 413 or 422.

    FastAPI would read an object as large as a photograph.
    """
    text = bytearray()
    async for part in request.stream():
        text += part
        if len(text) > TEXT:
            raise HTTPException(413, f"The message is too large: at most {TEXT >> 20} MB are taken.")
    found = parsed(bytes(text), "message")
    if not isinstance(found, dict):
        raise HTTPException(422, f"The message must be a JSON object. Received: {found!r:.200}")
    return found


def parsed(text: str | bytes, name: str):
    """-> the value of a JSON text; HTTPException 422 if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise HTTPException(422, f"`{name}` must be JSON: {error}") from error


def number(fields, name: str, default: float | None = None) -> float:
    """-> a number from a form or message; HTTPException 422 if it is not a number."""
    value = fields.get(name, default)
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise HTTPException(422, f"`{name}` must be a number. Received: {value!r:.200}") from error


def name_of(filename: str | None) -> str:
    """-> a visitor's file name without folders and odd characters, short enough for file systems."""
    stem, dot, suffix = re.sub(r"[^\w .()+-]", "_", re.split(r"[/\\]", filename or "")[-1]).rpartition(".")
    stem, suffix = (stem, suffix) if dot else (suffix, "")
    short = stem.encode()[:150].decode(errors="ignore").strip(" .") or "photograph"
    return f"{short}{dot}{suffix[:10]}"
