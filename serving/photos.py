"""A photograph: its colours are predicted at the working size and put on it at full size.

Owns the way from pixels to pixels and from file to file; `batch` colorizes many. Imports the rooms `imaging` and
`files` and `serving.steering`, and the colorizer is an argument.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colorgan.files import reading, suffixes, writing
from colorgan.files.reading import Photograph
from colorgan.imaging import fullres, resampling
from colorgan.serving.steering import Wishes

AUTOMATIC = Wishes()
BATCH = 8  # pictures in a forward pass


@dataclass(frozen=True)
class Settings:
    """How photographs are colorized and written. Raises ValueError if a value is out of its range."""

    work_size: int  # pixels of the shorter side that the network sees
    saturation: float = 1.0  # factor on a and b, 0 to 10
    flip_average: bool = False  # predict the mirrored picture too, and take the mean
    side_by_side: bool = False  # write gray and result side by side
    format: str = ""  # one of `suffixes.FORMATS`, or empty: the input's
    quality: int = writing.QUALITY  # 1 to 100, of JPEG and WebP
    max_megapixels: float = reading.MAX_MEGAPIXELS  # larger pictures are refused
    provenance: bool = True  # write the provenance into results

    def __post_init__(self):
        """Check the ranges of values that can come from outside a command line, which `settings` checks."""
        if self.work_size < 1:
            raise ValueError(f"`work_size` must be at least 1. Received: {self.work_size}")
        if not 0 <= self.saturation <= 10:
            raise ValueError(f"`saturation` must lie in 0..10. Received: {self.saturation}")


def smaller(photograph: Photograph, longest: int) -> Photograph:
    """-> a photograph with at most so many pixels on its longer side; a smaller photograph is returned unchanged."""
    height, width = photograph.pixels.shape[:2]
    factor = longest / max(height, width)
    if factor >= 1:
        return photograph
    size = max(1, round(height * factor)), max(1, round(width * factor))
    pixels, alpha = (
        None if values is None else resampling.area(values, *size) for values in (photograph.pixels, photograph.alpha)
    )
    return dataclasses.replace(photograph, pixels=pixels, alpha=alpha)


def predict_ab(colorizer, pictures: np.ndarray, settings: Settings, wishes: Wishes = AUTOMATIC, sizes=()) -> np.ndarray:
    """Predict the colours of small pictures, with saturation and wishes.

    Args:
        colorizer: anything with `Colorizer.predict_small`; with wishes a `Colorizer`.
        pictures: [B, h, w, 3] uint8, at the working size.
        settings: for colorizing.
        wishes: for each.
        sizes: height and width of each photograph; hints are in its pixels.

    Returns:
        [B, h, w, 2] float32: a and b, Lab units.

    Raises:
        ValueError: if the wishes are not for these photographs, weights or settings.
    """
    options = {"flip_average": settings.flip_average}
    if not wishes:
        return colorizer.predict_small(pictures, **options) * np.float32(settings.saturation)
    colorizer.check(wishes, settings)
    scale, results = colorizer.predictor.ab_scale, []
    for picture, size in zip(pictures, sizes, strict=True):  # one by one, because attention takes memory
        given = wishes.given(picture, size, ab_scale=scale)
        results.append(colorizer.predict_small(picture[None], given=given, saturation=settings.saturation, **options))
    return np.concatenate(results)


def reason(error: Exception) -> str:
    """-> an error's text in one line, because TensorFlow's errors append the graph."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def paint(pixels: np.ndarray, ab: np.ndarray, settings: Settings, **options) -> np.ndarray:
    """-> `fullres.join` of a picture and its colours, or gray and that side by side, [H, 2 W, 3]."""
    rgb = fullres.join(pixels, ab, **options)
    return np.concatenate([fullres.join(pixels, ab * 0, **options), rgb], axis=1) if settings.side_by_side else rgb


def finish(photograph: Photograph, ab: np.ndarray, target: Path, settings: Settings, *, threads=None) -> None:
    """Put predicted colours, [h, w, 2] float32 in Lab units, on a photograph, and write it in the target's format.

    Notes on data that the format cannot hold are appended. `threads` are those of `fullres.join`.
    """
    pixels, alpha = photograph.pixels, photograph.alpha
    dtype = pixels.dtype if suffixes.of(target) in suffixes.DEEP else np.uint8
    rgb = paint(pixels, ab, settings, dtype=dtype, threads=threads)
    if settings.side_by_side and alpha is not None:
        alpha = np.concatenate([alpha, alpha], axis=1)
    along = photograph.metadata.machine_made() if settings.provenance else photograph.metadata
    photograph.notes += writing.write(target, rgb, alpha=alpha, metadata=along, quality=settings.quality)
