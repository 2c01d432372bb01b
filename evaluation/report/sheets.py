"""Pictures in labelled columns, drawn with Pillow. Imports `evaluation.baselines` and `models.predictor`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from colorgan.evaluation import baselines
from colorgan.models.predictor import to_rgb8

CELL = 128  # pixels: pictures of a sheet are enlarged by the largest whole factor that keeps them within this
GAP = 6
LABEL_SIZE = 14


def sample_sheet(evaluation, *, models: Sequence[str] | None = None):
    """An evaluation's samples as a picture: a row per image under its name, gray | truth | one column per model.

    Args:
        evaluation: an `Evaluation` with samples.
        models: which models get a column; default: `sampled_models`.

    Returns:
        [height, width, 3] uint8, sRGB.

    Raises:
        ValueError: if there are no samples, or a model was not evaluated.
    """
    models = sampled_models(evaluation) if models is None else list(models)
    if unknown := [name for name in models if name not in evaluation.table]:
        raise ValueError(f"`models`: {', '.join(unknown)} not evaluated. Known: {', '.join(evaluation.table)}")
    samples = evaluation.samples
    columns = [(name, [s[name] for s in samples]) for name in ("gray", "truth")]
    columns += [(name, [s["results"][name] for s in samples]) for name in models]
    return picture_grid(columns, labels=[evaluation.what(s) for s in samples])


def sampled_models(evaluation) -> list[str]:
    """-> the models whose pictures stand beside a sample: not the gray baseline's, which are the gray picture again."""
    return [name for name in evaluation.table if name != "gray"]


def sample_grid(truth_rgb, result_lab):
    """The picture gray | truth | result of a run in progress.

    Args:
        truth_rgb: [n, H, W, 3] uint8, sRGB.
        result_lab: [n, H, W, 3] float, Lab, as `Colorizer.predict_lab` returns it.

    Returns:
        [height, width, 3] uint8, sRGB.
    """
    gray = to_rgb8(baselines.gray_baseline(truth_rgb))
    return picture_grid([("gray", gray), ("truth", truth_rgb), ("result", to_rgb8(result_lab))])


def picture_grid(columns: Sequence[tuple[str, Sequence]], *, labels: Sequence[str] | None = None):
    """Pictures in labelled columns on white.

    Small pictures are enlarged by a whole factor without interpolation, so that 32x32 pixels can be seen as they are.

    Args:
        columns: (label, n pictures [H, W, 3] uint8); sizes may differ between rows, not within one.
        labels: a text under each row, such as its picture's name; what is too long loses its middle. Default: none.

    Returns:
        [height, width, 3] uint8.

    Raises:
        ValueError: if there are no pictures, or a column has another number, size or type than the first.
    """
    _check_columns(columns, labels)
    pictures = [(name, [enlarged(p) for p in own]) for name, own in columns]
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
                label = _fitted(str(labels[row]), font, sheet.width - 2 * GAP)
                draw.text((x, y + picture.height + 2), label, fill="black", font=font)
            y += picture.height + GAP + foot
    return np.asarray(sheet)


def _fitted(text, font, width):
    """-> a text that is at most `width` pixels wide: of a long path, the ends tell more than the middle."""
    fitted, kept = text, len(text)
    while kept > 2 and font.getlength(fitted) > width:
        kept -= 1
        fitted = f"{text[: kept // 3]}...{text[len(text) - (kept - kept // 3) :]}"
    return fitted


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


def enlarged(picture) -> Image.Image:
    """-> a picture, [H, W, 3] uint8, by the largest whole factor that keeps it within `CELL`; never interpolated."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    factor = max(1, CELL // max(image.size))
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
