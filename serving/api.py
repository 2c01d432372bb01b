"""The HTTP API: it colorizes photographs, and answers the operators of the service.

| asked | answer |
|---|---|
| `POST /colorize` | the coloured photograph; see `FIELDS` |
| `GET /health` | 200 while it works, 503 when it hangs and must be restarted | | `GET /ready` | 200 when photographs
can be sent, 503 while the network warms up | | `GET /metrics` | numbers for Prometheus | | `GET /openapi.json` | this,
for programs |

Imports `serving.steering`, `serving.uploads`, `serving.visitors` and `files.suffixes`.
"""

from __future__ import annotations

import dataclasses
import functools
import re

import fastapi
from fastapi import HTTPException
from fastapi.responses import JSONResponse, Response
from prometheus_client import exposition

from colorgan.files import suffixes
from colorgan.serving import steering, uploads
from colorgan.serving.visitors import Order, Visitors

SOON = 5  # seconds to wait while the network warms up
# {name: schema} of the fields besides `file`.
FIELDS = {
    "saturation": {"type": "number", "minimum": 0, "maximum": 10, "description": "factor on the chroma"},
    "hints": {
        "type": "string",
        "description": 'JSON: [{"x": 1, "y": 2, "color": "#rrggbb", "radius": 3}]; a color can be "navy", "keep gray"',
    },
    "reference": {"type": "string", "format": "binary", "description": "a picture with the colours to use"},
    "desired_saturation": {"type": "number", "minimum": 0, "maximum": 1, "description": "mean to aim at"},
    "desired_hue": {"type": "number", "minimum": 0, "maximum": 1, "description": "desired mean; a turn is 1"},
    "variants": {
        "type": "integer",
        "minimum": 1,
        "maximum": 9,
        "description": "number of variants; the answer is a zip archive",
    },
    "format": {
        "type": "string",
        "enum": [*suffixes.FORMATS],
        "description": "format of the answer; default: the photograph's",
    },
    "size": {"type": "integer", "minimum": 1, "description": "pixels of the answer's longer side, at most"},
}
REFUSALS = {
    400: "requested under a name that is not the server's",
    403: "sent by a page from elsewhere",
    408: "the body paused for too long",
    413: "too many bytes or pixels",
    422: "not a photograph, or a field that is unknown or out of its range",
    503: "too many are in hand; `Retry-After` gives the seconds to wait",
}


def mount(app: fastapi.FastAPI, visitors: Visitors) -> None:
    """Add the API's routes to an application."""
    detail = {"type": "object", "properties": {"detail": {"type": "string"}}, "required": ["detail"]}
    refused = {
        status: {"description": text, "content": {"application/json": {"schema": detail}}}
        for status, text in REFUSALS.items()
    }
    photograph = {"description": "the photograph in colour", "content": {"image/*": {}, "application/zip": {}}}

    @app.post("/colorize", response_class=Response, responses={200: photograph, **refused}, openapi_extra=_described())
    async def colorize(request: fastapi.Request):
        """Colorize a photograph: the file `file` of a form, or the body itself with the fields in the address."""
        work = functools.partial(_colorized, visitors)
        return await uploads.answered(request, visitors.place, FIELDS, work)

    @app.get("/health", responses={503: {"description": "it hangs: start it again"}})
    async def health() -> dict[str, str]:
        """Say whether the service works."""
        if visitors.is_stuck:
            return JSONResponse({"status": "it hangs"}, 503)
        return {"status": "ok"}

    @app.get("/ready", responses={503: {"description": "not yet; `Retry-After` says when to ask again"}})
    async def ready() -> dict[str, str]:
        """Say whether photographs can be sent."""
        if not visitors.is_warm or visitors.is_stuck:
            return JSONResponse({"status": "not ready"}, 503, {"Retry-After": str(SOON)})
        return {"status": "ready"}

    @app.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics(request: fastapi.Request):
        """Serve the numbers for Prometheus."""
        encode, kind = exposition.choose_encoder(request.headers.get("accept", ""))
        return Response(encode(visitors.measures.registry), headers={"Content-Type": kind})


def _described():
    """-> OpenAPI's description of a request to `/colorize`."""
    file = {"type": "string", "format": "binary", "description": "the photograph"}
    form = {"type": "object", "properties": {"file": file, **FIELDS}, "required": ["file"]}
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in FIELDS.items()
            if name not in uploads.FILES
        ],
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": {"schema": form}, "image/*": {"schema": {**file}}},
        },
    }


async def _colorized(visitors, source, fields):
    """-> the answer to a request: a file, or with `variants` a zip archive of the files."""
    wished = {name: uploads.number(fields, name) for name in ("desired_saturation", "desired_hue") if name in fields}
    try:
        if "hints" in fields:
            wished["hints"] = steering.parse_hints(fields["hints"])
        wishes = steering.Wishes(**wished)
        # The page's default is a factor, and a factor excludes an aim.
        saturation = visitors.settings.saturation if wishes.desired_saturation is None else 1.0
        order = Order(
            saturation=uploads.number(fields, "saturation", saturation),
            wishes=wishes,
            variants=_whole(fields, "variants", 1),
            format=_format(fields),
            size=_whole(fields, "size", None),
        )
        order.settings(visitors.settings)
    except ValueError as error:
        raise HTTPException(422, str(error)) from error
    if "reference" in fields:
        palette = await visitors.palette(fields["reference"])
        order = dataclasses.replace(order, wishes=dataclasses.replace(wishes, palette=palette))
    return await visitors.colorize(source, order)


def _whole(fields, name, default):
    text = fields.get(name)
    if text is None:
        return default
    if not re.fullmatch("[0-9]{1,6}", text):
        raise ValueError(f"`{name}` must be a whole number. Received: {text!r:.200}")
    if int(text) < 1:
        raise ValueError(f"`{name}` must be at least 1. Received: {text}")
    return int(text)


def _format(fields):
    text = fields.get("format")
    if text not in (None, *suffixes.FORMATS):
        raise ValueError(f"`format` must be one of {', '.join(suffixes.FORMATS)}. Received: {text!r:.200}")
    return text
