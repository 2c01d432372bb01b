"""An evaluation as one HTML file: pictures embedded, nothing fetched, light or dark as the reader's device has it.

`page.html`, a Jinja template, says what is shown and how. Imports `tables`, `plots`, `sheets` and `baselines`.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

import jinja2
from PIL import Image

from colorgan.evaluation import baselines
from colorgan.evaluation.report import plots, sheets, tables


def page(evaluation, comparisons=()) -> str:
    """-> the report of an `Evaluation` made with `for_report=True`, and of `Comparison`s of its models, as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template("page.html").render(
        evaluation=evaluation,
        comparisons=comparisons,
        own=baselines.own(evaluation.table),
        tables=tables,
        plots={name: _data(png) for name, png in plots.drawn(evaluation).items()},
        sample_pictures=sheets.sample_pictures,
        picture=_picture,
    )


def _picture(picture):
    """A picture at its own pixels; the browser enlarges small ones, so that the file holds what was measured."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, format="PNG")
    width, height = sheets.enlarged(picture).size
    return {"data": _data(data.getvalue()), "width": width, "height": height, "enlarged": width > picture.shape[1]}


def _data(png):
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
