"""What people read of an evaluation: the door to its tables, its page and its pictures.

`tables.py` makes text and Markdown, `page.py` report.html, `plots.py` and `sheets.py` pictures; here they become files.
Turns an `Evaluation` into text and pictures; measures nothing.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from colorgan.evaluation.report import page, plots, sheets, tables
from colorgan.evaluation.report.sheets import sample_grid
from colorgan.evaluation.report.tables import markdown, protocol_text, table_text, text
from colorgan.files import whole

__all__ = [
    "markdown",
    "protocol_text",
    "sample_grid",
    "table_text",
    "text",
    "write_html",
    "write_png",
]

MARGIN = 16
TEXT_SIZE = 15


def write_html(path, evaluation, comparisons=()):
    """Write report.html: one file that needs no other and no network.

    Args:
        path: the file; missing folders are made.
        evaluation: an `Evaluation` made with `for_report=True`.
        comparisons: `compare.Comparison`s of its models.

    Raises:
        ValueError: if the evaluation was not made for a report.
    """
    _check(evaluation)
    whole.write(path, page.page(evaluation, comparisons))


def write_png(path, evaluation, comparisons=()):
    """Write report.png: the same as one picture, but for the protocol's definitions. Arguments and errors as above."""
    _check(evaluation)
    models = page.shown_models(evaluation)
    words = [tables.table_text(evaluation), *map(tables.comparison_text, comparisons)]
    lines = [f"{key}: {value}" for key, value in tables.protocol_rows(evaluation.protocol) if key in ("dataset", "n")]
    parts = [_text("\n".join([*lines, "", "\n\n".join(words)]))]
    for figure in (
        plots.curves(evaluation),
        plots.ab_histograms(evaluation, models),
        plots.chroma(evaluation, models),
    ):
        parts.append(Image.open(io.BytesIO(plots.png(figure))).convert("RGB"))
    for model, by_metric in evaluation.gallery.items():
        rankings = [
            [_text(f"{model} by {tables.label(n)}"), _ranking(evaluation, found, n)] for n, found in by_metric.items()
        ]
        if rankings:
            parts.append(_beside([_stacked(ranking) for ranking in rankings]))
    if evaluation.samples:
        parts += [_text("samples"), Image.fromarray(sheets.sample_sheet(evaluation))]
    with whole.replacing(path) as (unfinished,):
        _stacked(parts).save(unfinished, format="PNG")


def _check(evaluation):
    if evaluation.traces is None:
        raise ValueError("The evaluation holds no curves to show. Make it with `for_report=True`")


def _ranking(evaluation, found, name):
    """Gray | truth | result, a row for each of the best, median and worst pictures, under its value and its name."""
    entries = [(part, one) for part in page.PARTS for one in found[part]]
    labels = [f"{part} {tables.number(name, one['value'])}: {evaluation.what(one)}" for part, one in entries]
    columns = [(key, [one[key] for _, one in entries]) for key in ("gray", "truth", "result")]
    return Image.fromarray(sheets.picture_grid(columns, labels=labels))


def _text(words):
    """Text in a fixed width, which tables need."""
    font = ImageFont.truetype(str(plots.MONOSPACE), TEXT_SIZE)
    left, top, right, bottom = ImageDraw.Draw(Image.new("RGB", (1, 1))).multiline_textbbox((0, 0), words, font=font)
    image = Image.new("RGB", (int(np.ceil(right - left)) + 1, int(np.ceil(bottom)) + 1), "white")
    ImageDraw.Draw(image).multiline_text((0, 0), words, font=font, fill="black")
    return image


def _beside(parts):
    sheet = Image.new("RGB", (sum(part.width for part in parts), max(part.height for part in parts)), "white")
    x = 0
    for part in parts:
        sheet.paste(part, (x, 0))
        x += part.width
    return sheet


def _stacked(parts):
    width = max(part.width for part in parts) + 2 * MARGIN
    sheet = Image.new("RGB", (width, sum(part.height + MARGIN for part in parts) + MARGIN), "white")
    y = MARGIN
    for part in parts:
        sheet.paste(part, (MARGIN, y))
        y += part.height + MARGIN
    return sheet
