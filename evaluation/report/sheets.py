"""Pictures in labelled columns, drawn with Pillow. Imports `evaluation.baselines` and `models.predictor`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from colorgan.evaluation import baselines
from colorgan.models.predictor import to_rgb8

CELL = 256  # pixels: pictures are enlarged by the largest whole factor that fits into this size
GAP = 6
LABEL_SIZE = 14


def sample_sheet(evaluation):
    """-> the samples of an evaluation with samples as a picture, a row for each, under its name.

    Returns:
        [height, width, 3] uint8, sRGB.
    """
    samples = evaluation.samples
    rows = [[picture for _, picture in sample_pictures(one)] for one in samples]
    names = [name for name, _ in sample_pictures(samples[0])]
    return picture_grid(names, rows, labels=[evaluation.what(one) for one in samples])


def sample_pictures(sample) -> list[tuple[str, np.ndarray]]:
    """-> (name, picture) of a sample: gray, truth and results; the gray baseline's is the gray picture again."""
    results = [(name, picture) for name, picture in sample["results"].items() if name != "gray"]
    return [("gray", sample["gray"]), ("truth", sample["truth"]), *results]


def sample_grid(truth_rgb, result_lab):
    """-> the picture gray | truth | result of a run in progress.

    Args:
        truth_rgb: [n, H, W, 3] uint8, sRGB.
        result_lab: [n, H, W, 3] float, Lab from `Colorizer.predict_lab`.

    Returns:
        [height, width, 3] uint8, sRGB.
    """
    rows = zip(baselines.gray_picture(truth_rgb), truth_rgb, to_rgb8(result_lab), strict=True)
    return picture_grid(("gray", "truth", "result"), rows)


def picture_grid(names: Sequence[str], rows, *, labels: Sequence[str] = ()):
    """-> pictures in named columns on white.

    Small pictures are enlarged by a whole factor without interpolation, to show 32x32 pixels exactly.

    Args:
        names: of the columns.
        rows: of pictures [H, W, 3] uint8, one for each column; sizes can differ between rows, not within a row.
        labels: a text under each row, such as its picture's name; a long text loses its middle. Default: none.

    Returns:
        [height, width, 3] uint8.
    """
    rows = [[enlarged(picture) for picture in row] for row in rows]
    font = ImageFont.load_default(LABEL_SIZE)
    width = max([row[0].width for row in rows] + [math.ceil(font.getlength(name)) for name in names])
    lefts = range(GAP, GAP + len(names) * (width + GAP), width + GAP)
    line = LABEL_SIZE + GAP
    foot = line if labels else 0
    height = GAP + line + sum(row[0].height + GAP + foot for row in rows)
    sheet = Image.new("RGB", (len(names) * (width + GAP) + GAP, height), "white")
    draw = ImageDraw.Draw(sheet)
    for name, x in zip(names, lefts, strict=True):
        draw.text((x + width / 2, GAP), name, fill="black", font=font, anchor="ma")
    y = GAP + line
    for row, label in zip(rows, labels or [""] * len(rows), strict=True):
        for picture, x in zip(row, lefts, strict=True):
            sheet.paste(picture, (x + (width - picture.width) // 2, y))
        y += row[0].height
        draw.text((GAP, y + 2), _fitted(label, font, sheet.width - 2 * GAP), fill="black", font=font)
        y += GAP + foot
    return np.asarray(sheet)


def _fitted(text, font, width):
    """-> a text of at most `width` pixels, shortened in the middle, because a path's ends tell most."""
    fitted, kept = text, len(text)
    while kept > 2 and font.getlength(fitted) > width:
        kept -= 1
        fitted = f"{text[: kept // 3]}...{text[len(text) - (kept - kept // 3) :]}"
    return fitted


def enlarged(picture) -> Image.Image:
    """-> a picture, [H, W, 3] uint8, enlarged by the largest whole factor that fits into `CELL`, without
    interpolation."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    factor = max(1, CELL // max(image.size))
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
