"""The page on which visitors colorize photographs: its files in `static/`, and their requests to the server.

It is plain HTML and JavaScript without a build step, because no Python page library has dabs on a picture with results
within half a second. Below `/page/` are:

| asked | sent | answer |
|---|---|---|
| `GET about` | | limits, and the conditions of the weights | | `POST photographs` | file | its key, size and notes | |
`GET photographs/KEY/before` | | its preview as it is, JPEG | | `POST photographs/KEY/colors` | wishes, saturation | its
preview in colour, JPEG | | `POST photographs/KEY/suggestions` | x, y | colours that are likely there | | `POST
photographs/KEY/variants` | wishes | other wishes, with their previews | | `GET photographs/KEY/doubt` | | how unsure
the colours are, PNG | | `POST palette` | file | its palette | | `POST result` | file, wishes, saturation | the coloured
file at full size |

If a photograph is no longer kept, the answer is 410, and the page sends it again. Imports `serving.visitors`,
`serving.steering`, `serving.photos`, `imaging.fullres`, `serving.uploads` and `files.suffixes`.
"""

from __future__ import annotations

import base64
import dataclasses
import io
import json
from typing import Annotated

import cv2
import fastapi
import numpy as np
from fastapi import HTTPException
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from PIL import Image
from starlette.staticfiles import StaticFiles

from colorgan.files import suffixes
from colorgan.imaging import fullres, working
from colorgan.serving import steering, uploads
from colorgan.serving.visitors import Order, Visitors

Message = Annotated[dict, fastapi.Depends(uploads.message)]
STRONGEST = 3.0  # range of the page's saturation
THUMBNAIL = 320  # pixels of a variant's longer side
QUALITY = 95  # of previews: the page raises the chroma, and JPEG's errors with it
HEADERS = {
    # Browsers must not store photographs or results.
    "Cache-Control": "no-store",
    # The browser then refuses everything from elsewhere.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def mount(app: fastapi.FastAPI, visitors: Visitors) -> None:
    """Add the page at `/` of an application, after its existing routes."""
    page = _Page(visitors)
    routes = fastapi.APIRouter(prefix="/page", include_in_schema=False)
    routes.get("/about")(page.about)
    routes.post("/photographs")(page.open)
    routes.get("/photographs/{key}/before")(page.before)
    routes.post("/photographs/{key}/colors")(page.colors)
    routes.post("/photographs/{key}/suggestions")(page.suggestions)
    routes.post("/photographs/{key}/variants")(page.variants)
    routes.get("/photographs/{key}/doubt")(page.doubt)
    routes.post("/palette")(page.palette)
    routes.post("/result")(page.result)
    app.include_router(routes)
    app.mount("/", StaticFiles(packages=[("colorgan.serving", "static")], html=True))


class _Page:
    """The handlers of the routes."""

    def __init__(self, visitors):
        self.visitors = visitors

    def about(self):
        own, settings = self.visitors, self.visitors.settings
        return {
            "megabytes": own.max_upload_mb,
            "megapixels": settings.max_megapixels,
            "types": sorted(suffixes.PICTURES),
            "saturation": settings.saturation,
            "strongest": max(STRONGEST, settings.saturation),
            **abilities(own.colorizer),
        }

    async def open(self, request: fastapi.Request):
        async with uploads.taken(request, self.visitors.place) as (source, _):
            key, held = await uploads.while_there(request, self.visitors.open(source))
        height, width = held.opened.size
        return {"key": key, "width": width, "height": height, "notes": held.notes}

    def before(self, key: str):
        held = self._held(key)
        return _jpeg(held.opened.preview, held)

    async def colors(self, request: fastapi.Request, key: str, message: Message):
        held, saturation = self._held(key), uploads.number(message, "saturation", 1)
        wishes = _wishes({name: value for name, value in message.items() if name != "saturation"})
        ab = await self._asked(request, lambda: held.opened.predict(wishes, saturation=saturation))
        return await run_in_threadpool(lambda: _jpeg(fullres.join(held.opened.preview, ab), held))

    async def suggestions(self, request: fastapi.Request, key: str, message: Message):
        held, place = self._held(key), [uploads.number(message, name) for name in ("x", "y")]
        found = await self._asked(request, lambda: held.opened.suggest(*place))
        return {"colors": [f"#{bytes(color).hex()}" for color in found]}

    async def variants(self, request: fastapi.Request, key: str, message: Message):
        held, wishes = self._held(key), _wishes(message)
        found = await self._asked(request, lambda: held.opened.variants(wishes=wishes))
        return {"variants": [await self._asked(request, lambda one=one: _variant(held, one)) for one in found]}

    async def doubt(self, request: fastapi.Request, key: str):
        held = self._held(key)
        doubt = np.rint(await self._asked(request, held.opened.doubt) * 255).astype(np.uint8)
        return Response(cv2.imencode(".png", doubt)[1].tobytes(), media_type="image/png")

    async def palette(self, request: fastapi.Request):
        async with uploads.taken(request, self.visitors.place) as (source, _):
            return {"palette": (await uploads.while_there(request, self.visitors.palette(source))).tolist()}

    async def result(self, request: fastapi.Request):
        async def work(source, fields):
            wishes = _wishes(uploads.parsed(fields.get("wishes", "{}"), "wishes"))
            order = Order(saturation=uploads.number(fields, "saturation", 1), wishes=wishes)
            return await self.visitors.colorize(source, order)

        return await uploads.answered(request, self.visitors.place, {"wishes", "saturation"}, work)

    async def _asked(self, request, work):
        """-> the result of a function of the network, with priority, because somebody is waiting at the page."""
        with self.visitors.lanes.place(0), self.visitors.told():
            return await uploads.while_there(request, self.visitors.network.do(work, urgent=True))

    def _held(self, key):
        held = self.visitors.kept.get(key)
        if held is None:
            raise HTTPException(410, "The photograph is no longer kept. Send it again.")
        return held


def abilities(colorizer) -> dict:
    """-> whether the weights take wishes, and whether they have doubt."""
    known, halves = {row.name for row in colorizer.predictor.inputs}, colorizer.halves
    return {"steerable": {"hints", "palette"} <= known, "doubtful": bool(halves and halves.has_bins)}


def _wishes(message):
    """{hints, palette, desired_saturation, desired_hue}, each optional -> `steering.Wishes`."""
    known = {field.name for field in dataclasses.fields(steering.Wishes)}
    if not isinstance(message, dict) or not set(message) <= known:
        raise HTTPException(422, f"Wishes are {', '.join(sorted(known))}. Received: {message!r:.200}")
    message = {name: value for name, value in message.items() if value not in (None, [])}
    try:
        if "hints" in message:
            message["hints"] = steering.parse_hints(json.dumps(message["hints"]))
        if "palette" in message:
            message["palette"] = np.float32(message["palette"])
        return steering.Wishes(**message)
    except (ValueError, TypeError, OverflowError) as error:
        raise HTTPException(422, str(error)) from error


def _told(wishes):
    """The inverse of `_wishes`."""
    told = {name: getattr(wishes, name) for name in ("desired_saturation", "desired_hue")}
    return {
        **told,
        "palette": None if wishes.palette is None else wishes.palette.tolist(),
        "hints": [
            {
                "x": one.x,
                "y": one.y,
                "radius": one.radius,
                "color": steering.KEEP_GRAY if one.color is None else f"#{bytes(one.color).hex()}",
            }
            for one in wishes.hints
        ],
    }


def _variant(held, wishes):
    """-> a variant for the page: its wishes, and a small picture."""
    picture = held.opened.colors(wishes)
    factor = min(1.0, THUMBNAIL / max(picture.shape[:2]))
    small = working.resized(picture, *(max(1, round(side * factor)) for side in picture.shape[:2]))
    data = base64.b64encode(_jpeg(small, held).body).decode()
    return {"wishes": _told(wishes), "picture": f"data:image/jpeg;base64,{data}"}


def _jpeg(rgb, held):
    """-> a preview, on white where transparent."""
    if held.alpha is not None:
        alpha = cv2.resize(held.alpha, rgb.shape[1::-1], interpolation=cv2.INTER_AREA)[..., None] / np.float32(255)
        rgb = np.rint(rgb * alpha + 255 * (1 - alpha)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=QUALITY, subsampling=0, icc_profile=held.icc)
    return Response(file.getvalue(), media_type="image/jpeg")
