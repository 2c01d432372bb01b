"""An evaluation as one picture: what `page` shows, but for the protocol's definitions and the tables per class.

Imports `tables`, `plots` and `sheets`.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from colorgan.evaluation.report import plots, sheets, tables

MARGIN = 8  # pixels around each part
TEXT_SIZE = 15


def png(evaluation, comparisons=()) -> bytes:
    """-> report.png of an `Evaluation` made with `for_report=True`, and of `Comparison`s of its models."""
    lines = [f"{key}: {value}" for key, value in tables.protocol_rows(evaluation.protocol) if key in ("dataset", "n")]
    found = (
        tables.results(evaluation),
        *map(tables.comparison_table, comparisons),
        *tables.steering_tables(evaluation),
    )
    parts = [_text("\n\n".join(["\n".join(lines), *map(tables.text_table, found)]))]
    parts += [Image.open(io.BytesIO(plot)).convert("RGB") for plot in plots.drawn(evaluation).values()]
    for model, by_metric in evaluation.gallery.items():
        if by_metric:
            rankings = [
                _joined([_text(f"{model} by {tables.label(name)}"), _ranking(evaluation, found, name)])
                for name, found in by_metric.items()
            ]
            parts.append(_joined(rankings, axis=1))
    if evaluation.samples:
        parts += [_text("samples"), sheets.sample_sheet(evaluation)]
    data = io.BytesIO()
    Image.fromarray(_joined(parts)).save(data, format="PNG")
    return data.getvalue()


def _ranking(evaluation, found, name):
    """Gray | truth | result, a row for each of the best, median and worst pictures, under its value and its name."""
    entries = [(part, one) for part, ranked in found.items() for one in ranked]
    labels = [f"{part} {tables.number(name, one['value'])}: {evaluation.what(one)}" for part, one in entries]
    names = ("gray", "truth", "result")
    return sheets.picture_grid(names, [[one[key] for key in names] for _, one in entries], labels=labels)


def _text(words):
    """Text in a fixed width, which tables need."""
    font = ImageFont.truetype(str(plots.MONOSPACE), TEXT_SIZE)
    left, top, right, bottom = ImageDraw.Draw(Image.new("RGB", (1, 1))).multiline_textbbox((0, 0), words, font=font)
    image = Image.new("RGB", (int(np.ceil(right - left)) + 1, int(np.ceil(bottom)) + 1), "white")
    ImageDraw.Draw(image).multiline_text((0, 0), words, font=font, fill="black")
    return image


def _joined(parts, axis=0):
    """Pictures below (axis 0) or beside (1) each other, on white, a margin around each."""
    arrays = [np.asarray(part) for part in parts]
    longest = max(array.shape[1 - axis] for array in arrays)
    for i, array in enumerate(arrays):
        room = [(MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)]
        room[1 - axis] = (MARGIN, MARGIN + longest - array.shape[1 - axis])
        arrays[i] = np.pad(array, room, constant_values=255)
    return np.concatenate(arrays, axis)
