"""The wishes of a command line: flags and files -> `steering.Wishes`, checked before anything is written.

Owns `Steering`, files of hints, painted pictures and references. Imports `serving.steering`,
`serving.photos` for its settings, and the room `files`.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colorgan.files import kinds, reading, remote
from colorgan.files.films import reading as films
from colorgan.imaging import modes
from colorgan.serving.photos import Settings
from colorgan.serving.steering import LARGEST, MOST, Hint, Wishes, palette_of, parse_hints

PAINTED = 24  # of 255: least difference of a painted pixel from the photograph


@dataclass(frozen=True)
class Steering:
    """The flags of `colorize.py` for wishes, besides `photos.Settings`; the manifest has them."""

    hints: str = ""
    reference: str = ""
    desired_saturation: float | None = None
    desired_hue: float | None = None
    variants: int = 1
    doubt: bool = False


def wishes_of(steering: Steering, sources, colorizer, settings: Settings) -> Wishes:
    """Read a person's wishes, and check that they can be followed.

    Args:
        steering: the flags.
        sources: the photographs and films; read only if necessary.
        colorizer: a `Colorizer`.
        settings: for colorizing them.

    Raises:
        OSError, ValueError: naming the file or flag: if hints or reference cannot be read; if there are hints for
            several photographs, or hints outside the photograph; if weights or settings exclude them.
    """
    hints, palette, sources = (), None, iter(sources)
    if steering.reference:
        with reading.large_pictures(settings.max_megapixels):
            palette = read_palette(steering.reference, max_megapixels=settings.max_megapixels)
    if steering.hints:
        first = next(sources, None)
        if first is None or (others := sum(1 for _ in sources)):
            count = 0 if first is None else 1 + others
            raise ValueError(f"--hints are for one photograph or film. Received: {count}; use a call for each.")
        hints, sources = _hints(Path(steering.hints), first, settings), [first]
    if steering.variants > 1 or steering.doubt:
        film = next((source for source in sources if kinds.is_film(source)), None)
        if film:
            raise ValueError(f"--variants and --doubt are for photographs, but {film} is a film.")
    wishes = Wishes(hints, palette, steering.desired_saturation, steering.desired_hue)
    if wishes or steering.variants > 1 or steering.doubt:
        try:
            colorizer.check(wishes, settings, variants=steering.variants, doubt=steering.doubt)
        except ValueError as error:
            raise ValueError(re.sub("`(.*?)`", lambda found: _flag(found[1]), str(error))) from error
    return wishes


def _flag(name):
    return "--" + {"palette": "reference"}.get(name, name).replace("_", "-")


def _hints(path, source, settings):
    """-> the hints in a file, checked to lie within the photograph or film."""
    if kinds.is_film(source):
        with remote.local(source) as path_here, contextlib.closing(films.read(path_here)) as frames:
            picture, alpha, count = next(iter(frames)).pixels, None, frames.stated
    else:
        with reading.large_pictures(settings.max_megapixels), remote.local(source) as path_here:
            photograph = reading.read(path_here, max_megapixels=settings.max_megapixels)
        picture, alpha, count = photograph.pixels, photograph.alpha, 1
    found = read_hints(path, picture, alpha, max_megapixels=settings.max_megapixels)
    try:
        Wishes(found).check(*picture.shape[:2], frames=count or None)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return found


def read_palette(path, **options) -> np.ndarray:
    """-> `palette_of` a file; `options` are those of `reading.read`.

    Raises:
        OSError, ValueError: naming the file, if it is not a picture, or is gray.
    """
    photograph = reading.read(Path(path), **options)
    try:
        return palette_of(photograph.pixels)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read_hints(
    path, photograph=None, alpha=None, *, max_megapixels: float = reading.MAX_MEGAPIXELS
) -> tuple[Hint, ...]:
    """Read hints from a file.

    Args:
        path: JSON as for `parse_hints`, or a picture of the photograph's size, best a PNG: a layer that is transparent
            where nothing is painted, or a painted copy of the photograph.
        photograph: [H, W] or [H, W, 3] uint8 or uint16, compared with a painted copy. Pixels that differ by more than
            `PAINTED` in a channel are painted.
        alpha: [H, W] of that type for a transparent photograph. A picture that is opaque wherever the photograph is
            counts as its copy.
        max_megapixels: larger pictures are refused.

    Raises:
        OSError: if it cannot be read.
        ValueError: naming the file, if it holds no hints, or a painted picture has another size than the photograph.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there, or is not a file. Give hints.json, or the photograph with painted strokes."
        )
    try:
        if path.suffix.lower() == ".json":
            return parse_hints(path.read_text(encoding="utf-8-sig"))  # some editors begin with a byte order mark
        with reading.large_pictures(max_megapixels):
            return _painted(reading.read(path, max_megapixels=max_megapixels), photograph, alpha)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _painted(layer, photograph, alpha):
    """-> the painted parts of a `reading.Photograph` as hints: at most `MOST`, each for a square of pixels."""
    pixels = modes.as_depth(layer.pixels, np.uint8)
    pixels = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)
    if photograph is not None and photograph.shape[:2] != pixels.shape[:2]:
        (height, width), (h, w) = photograph.shape[:2], pixels.shape[:2]
        raise ValueError(f"painted hints must have the photograph's size, {width} x {height}. Received: {w} x {h}")
    mask = _opaque(layer.alpha)
    if mask is None or (mask if alpha is None else mask[_opaque(alpha)]).all():  # not a layer but a copy
        if photograph is None:
            raise ValueError("painted hints must be transparent where nothing is painted")
        plain = modes.as_depth(photograph, np.uint8)
        plain = plain if plain.ndim == 3 else plain[..., None]
        differs = np.abs(pixels.astype(np.int16) - plain).max(axis=-1) > PAINTED
        mask = differs if mask is None else differs & mask
    y, x = np.nonzero(mask)
    if not len(y):
        raise ValueError("nothing is painted there")
    side, cells = max(1, max(mask.shape) // LARGEST), None
    while cells is None or cells.max() >= MOST:
        side = side if cells is None else side + max(1, side // 4)
        _, cells = np.unique((y // side) * mask.shape[1] + x // side, return_inverse=True)
    count = np.bincount(cells)
    means = [np.bincount(cells, values) / count for values in (x, y, *pixels[y, x].T.astype(float))]
    return tuple(
        Hint(float(cx), float(cy), tuple(int(round(c)) for c in rgb), radius=0.0 if side == 1 else side / 2)
        for cx, cy, *rgb in zip(*means, strict=True)
    )


def _opaque(alpha):
    """-> where alpha is more than half; None for None."""
    return None if alpha is None else alpha > np.iinfo(alpha.dtype).max // 2
