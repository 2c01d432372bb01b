"""An evaluation as one picture: verdict, table, plots and some of the pictures of `page`.

Imports `tables`, `verdict`, `plots` and `sheets`.
"""

from __future__ import annotations

import io
import textwrap

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from colorgan.evaluation.report import plots, sheets, tables, verdict

MARGIN = 8  # pixels around each part
TEXT_SIZE = 15
COLUMNS = 110  # characters of a line of the verdict
BESIDE = 2  # plots in a row
WORST = 8


def png(evaluation) -> bytes:
    """-> report.png of an `Evaluation` made with `for_report=True`."""
    lines = [f"{key}: {value}" for key, value in tables.protocol_rows(evaluation.protocol) if key in ("dataset", "n")]
    said = [textwrap.fill(sentence, COLUMNS) for sentence in verdict.sentences(evaluation)]
    found = tables.results_with_marks(evaluation, "{} *"), *tables.steering_tables(evaluation)
    words = ["\n".join(lines), "\n".join(said), *map(tables.text_table, found)]
    parts = [_text("\n\n".join(filter(None, words)))]
    for figures in plots.drawn(evaluation).values():
        pictures = [Image.open(io.BytesIO(plot)).convert("RGB") for plot in figures]
        parts += [_joined(pictures[i : i + BESIDE], axis=1) for i in range(0, len(pictures), BESIDE)]
    worst = [card for card in evaluation.gallery if any(part == "worst" for part, *_ in card["shown"])][:WORST]
    if worst:
        parts += [_text("among the worst"), _cards(evaluation, worst)]
    if evaluation.samples:
        parts += [_text("samples"), sheets.sample_sheet(evaluation)]
    data = io.BytesIO()
    Image.fromarray(_joined(parts)).save(data, format="PNG")
    return data.getvalue()


def _cards(evaluation, cards):
    """Draw gray | truth | results of cards, each above its name and the metric by which it is among the worst."""
    labels = []
    for card in cards:
        by = {f"{tables.plain_label(n)} of {m}" for part, m, n in card["shown"] if part == "worst"}
        labels.append(f"{evaluation.what(card)}: {', '.join(sorted(by))}")
    rows = [[card["gray"], card["truth"], *card["results"].values()] for card in cards]
    return sheets.picture_grid(("gray", "truth", *cards[0]["results"]), rows, labels=labels)


def _text(words):
    """Draw text in a fixed width, for tables."""
    font = ImageFont.truetype(str(plots.MONOSPACE), TEXT_SIZE)
    left, top, right, bottom = ImageDraw.Draw(Image.new("RGB", (1, 1))).multiline_textbbox((0, 0), words, font=font)
    image = Image.new("RGB", (int(np.ceil(right - left)) + 1, int(np.ceil(bottom)) + 1), "white")
    ImageDraw.Draw(image).multiline_text((0, 0), words, font=font, fill="black")
    return image


def _joined(parts, axis=0):
    """Join pictures vertically (axis 0) or horizontally (1) on white, with a margin around each."""
    arrays = [np.asarray(part) for part in parts]
    longest = max(array.shape[1 - axis] for array in arrays)
    for i, array in enumerate(arrays):
        room = [(MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)]
        room[1 - axis] = (MARGIN, MARGIN + longest - array.shape[1 - axis])
        arrays[i] = np.pad(array, room, constant_values=255)
    return np.concatenate(arrays, axis)
