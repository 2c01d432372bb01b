"""What people read of an evaluation: text and Markdown tables under their protocol, and the sample sheet.

Turns an `Evaluation` into text and pictures; measures nothing. Imports `evaluation.metrics` and `evaluation.evaluate`;
draws with Pillow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from colorgan.evaluation import evaluate, metrics
from colorgan.models.colorizer import to_rgb8

CLASS_METRICS = ("mae_ab", "psnr", "colorfulness_ratio", "chroma_ratio")
CELL = 128  # pixels: pictures of a sheet are enlarged by the largest whole factor that keeps them within this
GAP = 6
LABEL_SIZE = 14


def text(evaluation) -> str:
    """-> the whole report: protocol, table, tables per class."""
    parts = [protocol_text(evaluation.protocol), table_text(evaluation), class_text(evaluation)]
    return "\n\n".join(part for part in parts if part) + "\n"


def protocol_text(protocol: Mapping) -> str:
    """-> the block above every table: one `name: value` per line, aligned; definitions, each on its own line."""
    rows, blocks = [], []
    for key, value in protocol.items():
        if not isinstance(value, Mapping):
            rows.append((key, str(value)))
        elif key == "definitions":
            blocks.append("Definitions:\n" + _aligned([(f"  {name}", what) for name, what in value.items()]))
        elif value:
            rows += [(key if first else "", f"{name}: {v}") for first, (name, v) in _first(value.items())]
    return "\n".join(["Protocol:", _aligned([(f"  {key}", value) for key, value in rows]), *blocks])


def table_text(evaluation) -> str:
    """-> the table of results: a row per metric, a column per model, each cell `value [low, high]`."""
    title = f"Results, N = {evaluation.protocol['n']} images, [95 % interval]:"
    return title + "\n" + text_table(*_results(evaluation.table))


def class_text(evaluation, *, names: Sequence[str] | None = None) -> str:
    """-> a table per model with a row per class and its N; an empty text if there are no classes.

    Args:
        evaluation: an `Evaluation`.
        names: the metrics shown; default: the epsilon accuracies and `CLASS_METRICS`, as far as they were measured.
    """
    return "\n\n".join(
        f"{model}, by class, [95 % interval]:\n{text_table(header, rows)}"
        for model, header, rows in _class_tables(evaluation, names)
    )


def markdown(evaluation) -> str:
    """-> the whole report as Markdown, for a weights card or a README."""
    protocol = protocol_text(evaluation.protocol)
    parts = [f"```\n{protocol}\n```", f"N = {evaluation.protocol['n']} images, value [95 % interval].\n"]
    parts.append(markdown_table(*_results(evaluation.table)))
    for model, header, rows in _class_tables(evaluation, None):
        parts.append(f"`{model}`, by class:\n\n{markdown_table(header, rows)}")
    return "\n\n".join(parts) + "\n"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence]) -> str:
    """-> a Markdown table, its first column to the left and the others to the right.

    Raises:
        ValueError: if a row has another length than the header.
    """
    cells = [[str(c).replace("|", "\\|") for c in row] for row in _checked(header, rows)]
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [cells[0], rule, *cells[1:]])


def text_table(header: Sequence[str], rows: Sequence[Sequence]) -> str:
    """-> the same as aligned text with a line under the header. Errors as in `markdown_table`."""
    cells = [[str(c) for c in row] for row in _checked(header, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])


def cell(name: str, interval) -> str:
    """-> `9.09 [9.01, 9.17]`: a metric's value with its interval, shares in percent; `n/a` where it does not exist."""
    scale = 100 if metrics.metric(name).unit == "%" else 1
    value, low, high = (_number(scale * v, name) for v in interval)
    return value if value == "n/a" else f"{value} [{low}, {high}]"


def _number(value, name):
    if math.isnan(value):
        return "n/a"
    digits = 3 if name == "ssim" or name.endswith("_ratio") else 2
    return f"{value:.{digits}f}"


def _results(table):
    names = list(next(iter(table.values())))
    rows = [[_with_unit(name), *(cell(name, own[name]) for own in table.values())] for name in names]
    return ["metric", *table], rows


def _with_unit(name):
    unit = metrics.metric(name).unit
    return f"{name} ({unit})" if unit else name


def _class_tables(evaluation, names):
    for model, own in evaluation.table.items() if evaluation.classes else ():
        shown = names or [n for n in own if n.startswith("eps") or n in CLASS_METRICS]
        rows = [
            [label, entry["n"], *(cell(n, entry["table"][model][n]) for n in shown)]
            for label, entry in evaluation.classes.items()
        ]
        yield model, ["class", "N", *map(_with_unit, shown)], rows


def _checked(header, rows):
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"Every row must have {len(header)} cells, as the header has. Received: {list(row)}")
    return [header, *rows]


def _aligned(rows):
    width = max(len(key) for key, _ in rows)
    return "\n".join(f"{key.ljust(width)}  {value}" for key, value in rows)


def _first(items):
    return [(i == 0, item) for i, item in enumerate(items)]


def write_sample_sheet(path, evaluation, *, models: Sequence[str] | None = None):
    """Write an evaluation's samples as a PNG: a row per image, the columns gray | truth | one per model.

    Args:
        path: the file; missing folders are made.
        evaluation: an `Evaluation` with samples.
        models: which models get a column; default: all.

    Raises:
        ValueError: if there are no samples, or a model was not evaluated.
    """
    models = list(evaluation.table) if models is None else list(models)
    if unknown := [name for name in models if name not in evaluation.table]:
        raise ValueError(f"`models`: {', '.join(unknown)} not evaluated. Known: {', '.join(evaluation.table)}")
    samples = evaluation.samples
    columns = [(name, [s[name] for s in samples]) for name in ("gray", "truth")]
    columns += [(name, [s["results"][name] for s in samples]) for name in models]
    sheet = picture_grid(columns, labels=[f"{s['index']} {s['class']}" for s in samples])
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(path, format="PNG")


def sample_grid(truth_rgb, result_lab):
    """The picture gray | truth | result of a run in progress.

    Args:
        truth_rgb: [n, H, W, 3] uint8, sRGB.
        result_lab: [n, H, W, 3] float, Lab, as `Colorizer.predict_lab` returns it.

    Returns:
        [height, width, 3] uint8, sRGB.
    """
    gray = to_rgb8(evaluate.gray_baseline(truth_rgb))
    return picture_grid([("gray", gray), ("truth", truth_rgb), ("result", to_rgb8(result_lab))])


def picture_grid(columns: Sequence[tuple[str, Sequence]], *, labels: Sequence[str] | None = None):
    """Pictures in labelled columns on white.

    Small pictures are enlarged by a whole factor without interpolation, so that 32x32 pixels can be seen as they are.

    Args:
        columns: (label, n pictures [H, W, 3] uint8); sizes may differ between rows, not within one.
        labels: a text under each row's first picture, such as its index; default: none.

    Returns:
        [height, width, 3] uint8.

    Raises:
        ValueError: if there are no pictures, or a column has another number, size or type than the first.
    """
    _check_columns(columns, labels)
    pictures = [(name, [_enlarged(p) for p in own]) for name, own in columns]
    font = ImageFont.load_default(LABEL_SIZE)
    rows = pictures[0][1]
    width = max([p.width for p in rows] + [math.ceil(font.getlength(name)) for name, _ in columns])
    line = LABEL_SIZE + GAP
    foot = line if labels else 0
    height = GAP + line + sum(p.height + GAP + foot for p in rows)
    sheet = Image.new("RGB", (len(columns) * (width + GAP) + GAP, height), "white")
    draw = ImageDraw.Draw(sheet)
    for column, (name, own) in enumerate(pictures):
        x, y = GAP + column * (width + GAP), GAP + line
        draw.text((x + width / 2, GAP), name, fill="black", font=font, anchor="ma")
        for row, picture in enumerate(own):
            sheet.paste(picture, (x + (width - picture.width) // 2, y))
            if labels and column == 0:
                draw.text((x, y + picture.height + 2), str(labels[row]), fill="black", font=font)
            y += picture.height + GAP + foot
    return np.asarray(sheet)


def _check_columns(columns, labels):
    shapes = [np.shape(p) for p in columns[0][1]] if columns else []
    if not shapes:
        raise ValueError("There are no pictures to show. Keep at least one sample")
    for name, own in columns:
        fits = [np.shape(p) for p in own] == shapes and all(np.asarray(p).dtype == np.uint8 for p in own)
        if not fits or any(len(s) != 3 or s[-1] != 3 for s in shapes):
            got = ", ".join(f"{np.shape(p)} {np.asarray(p).dtype}" for p in own)
            raise ValueError(
                f"Column `{name}` must hold {len(shapes)} pictures [H, W, 3] uint8 of the sizes in "
                f"`{columns[0][0]}`. Received: {got or 'none'}"
            )
    if labels is not None and len(labels) != len(shapes):
        raise ValueError(f"`labels` must have {len(shapes)} texts. Received: {len(labels)}")


def _enlarged(picture):
    image = Image.fromarray(np.ascontiguousarray(picture))
    factor = max(1, CELL // max(image.size))
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
