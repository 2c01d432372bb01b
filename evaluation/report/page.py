"""An evaluation as one HTML file: pictures are embedded, nothing is fetched, light or dark as the reader's device.

`page.html`, a Jinja template with `page.css` and `page.js`, has the layout. Imports `tables`, `verdict`, `plots`,
`baselines` and `definitions`.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

import jinja2
from PIL import Image

from colorgan.evaluation import baselines, definitions
from colorgan.evaluation.report import plots, tables, verdict

HERE = Path(__file__).parent
SMALL = 128  # pixels: pictures up to this size are embedded without loss and enlarged pixel by pixel
QUALITY = 90  # of WebP, for larger pictures
PARTS = ("first", "worst", "median", "best")


def page(evaluation) -> str:
    """-> the report of an `Evaluation` made with `for_report=True`, as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}  # models stand in their order
    shown = evaluation.gallery
    return environment.get_template("page.html").render(
        evaluation=evaluation,
        own=list(evaluation.groups) or baselines.own(evaluation.table),
        tables=tables,
        results=results_rows(evaluation),
        verdict=verdict.sentences(evaluation),
        method=verdict.method(evaluation),
        plots={name: [_data("png", png) for png in pngs] for name, pngs in plots.drawn(evaluation).items()},
        cards=[card(evaluation, one) for one in shown],
        models=list(shown[0]["results"]) if shown else [],
        metrics=list(next(iter(shown[0]["values"].values()))) if shown else [],
        classes=sorted({one["class"] for one in shown} - {""}),
        parts=[part for part in PARTS if any(one[0] == part for card in shown for one in card["shown"])],
    )


def results_rows(evaluation) -> list[dict]:
    """-> rows of the table of results: "label", "definition", "desired", "cells" of "value", "interval" and "marks"."""
    columns, marks, rows = tables.columns_of(evaluation), tables.marks(evaluation), []
    for name in next(iter(columns.values())):
        cells = []
        for model, own in columns.items():
            value, _, interval = tables.cell(name, own[name]).partition(" ")
            cells.append({"value": value, "interval": interval, "marks": marks.get((name, model), set())})
        desired = tables.number(name, evaluation.desired[name]) if name in evaluation.desired else ""
        definition = definitions.metric(name).definition
        label = tables.label(name, evaluation.feature_network)
        rows.append({"label": label, "definition": definition, "desired": desired, "cells": cells})
    return rows


def card(evaluation, one) -> dict:
    """-> a photograph of the gallery for the page.

    Returns:
        {"what": its name, "layers": [(name, picture)], "pixels": whether it is shown pixel by pixel, "width", "height",
        "data": for the script: class, values as numbers and text, and its parts of the gallery}.
    """
    height, width = one["truth"].shape[:2]
    small = max(height, width) <= SMALL
    layers = {"gray": one["gray"], "truth": one["truth"], **one["results"]}
    return {
        "what": evaluation.what(one),
        "layers": [(name, _picture(picture, small)) for name, picture in layers.items()],
        "pixels": small,
        "width": width,
        "height": height,
        "data": {
            "class": one["class"],
            "shown": ["|".join(shown) for shown in one["shown"]],
            "cost": {m: {n: definitions.cost(n, v) for n, v in own.items()} for m, own in one["values"].items()},
            "text": {m: {n: tables.number(n, v) for n, v in own.items()} for m, own in one["values"].items()},
        },
    }


def _picture(picture, small):
    data = io.BytesIO()
    image = Image.fromarray(picture)
    if small:
        image.save(data, format="PNG")
    else:
        image.save(data, format="WEBP", quality=QUALITY)
    return _data("png" if small else "webp", data.getvalue())


def _data(kind, content):
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
