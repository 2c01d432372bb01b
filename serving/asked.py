"""What a command line asks of the colours: flags and files -> `steering.Wishes`, looked at before anything is written.

Owns `Steering`, files of hints, painted pictures and references. Imports `serving.steering`,
`serving.photos` for its settings, and the room `files`.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colorgan.files import kinds, reading
from colorgan.files.films import reading as films
from colorgan.imaging import modes
from colorgan.serving.photos import Settings
from colorgan.serving.steering import LARGEST, MOST, Hint, Wishes, palette_of, parse_hints

PAINTED = 24  # of 255: how far from the photograph a pixel is that was painted over


@dataclass(frozen=True)
class Steering:
    """What a call of `colorize.py` asks for beside `photos.Settings`: the flags of these names; the manifest has it."""

    hints: str = ""
    reference: str = ""
    desired_saturation: float | None = None
    desired_hue: float | None = None
    variants: int = 1
    doubt: bool = False


def wishes_of(steering: Steering, sources, colorizer, settings: Settings) -> Wishes:
    """Read what a person decides about the colours, and look whether it can be done.

    Args:
        steering: what was asked for.
        sources: the photographs and films that it is for; looked at only as far as need be.
        colorizer: a `Colorizer`.
        settings: how these are colorized.

    Raises:
        OSError, ValueError: naming the file or flag: if hints or reference cannot be read; if hints are for several
            photographs, or outside of the one; if weights or settings do not take them.
    """
    hints, palette, sources = (), None, iter(sources)
    if steering.reference:
        with reading.large_pictures(settings.max_megapixels):
            palette = read_palette(steering.reference, max_megapixels=settings.max_megapixels)
    if steering.hints:
        first = next(sources, None)
        if first is None or (others := sum(1 for _ in sources)):
            count = 0 if first is None else 1 + others
            raise ValueError(f"--hints are of one photograph or film. Received: {count}; use a call for each.")
        hints, sources = _hints(Path(steering.hints), first, settings), [first]
    if steering.variants > 1 or steering.doubt:
        film = next((source for source in sources if kinds.is_film(source)), None)
        if film:
            raise ValueError(f"--variants and --doubt are of photographs, and {film} is a film.")
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
    """-> the hints in a file, which lie within a photograph or film."""
    if kinds.is_film(source):
        with contextlib.closing(films.read(source)) as frames:
            picture, alpha, count = next(iter(frames)).pixels, None, frames.stated
    else:
        with reading.large_pictures(settings.max_megapixels):
            photograph = reading.read(source, max_megapixels=settings.max_megapixels)
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
        OSError, ValueError: naming the file, if it is no picture, or gray.
    """
    photograph = reading.read(Path(path), **options)
    try:
        return palette_of(photograph.pixels)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def read_hints(
    path, photograph=None, alpha=None, *, max_megapixels: float = reading.MAX_MEGAPIXELS
) -> tuple[Hint, ...]:
    """Hints out of a file.

    Args:
        path: JSON as for `parse_hints`, or a picture, best a PNG, of the photograph's size: a layer that is transparent
            where nothing is painted, or a copy of the photograph that was painted over.
        photograph: [H, W] or [H, W, 3] uint8 or uint16, what a painted copy is compared with. Pixels that differ by
            more than `PAINTED` in a channel are painted.
        alpha: [H, W] of that type, of a photograph that is transparent itself: a picture that is opaque wherever it is
            counts as a copy of it.
        max_megapixels: larger pictures are refused.

    Raises:
        OSError: if it cannot be read.
        ValueError: naming the file, if it holds no hints, or a painted picture has another size than the photograph.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there, or no file. Give hints.json, or a picture with paint on it.")
    try:
        if path.suffix.lower() == ".json":
            return parse_hints(path.read_text(encoding="utf-8-sig"))  # some editors begin with a byte order mark
        with reading.large_pictures(max_megapixels):
            return _painted(reading.read(path, max_megapixels=max_megapixels), photograph, alpha)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _painted(layer, photograph, alpha):
    """What was painted, a `reading.Photograph`, as hints: at most `MOST`, each for a square of pixels."""
    pixels = modes.as_depth(layer.pixels, np.uint8)
    pixels = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)
    if photograph is not None and photograph.shape[:2] != pixels.shape[:2]:
        (height, width), (h, w) = photograph.shape[:2], pixels.shape[:2]
        raise ValueError(f"painted hints must have the photograph's size, {width} x {height}. Received: {w} x {h}")
    mask = _opaque(layer.alpha)
    if mask is None or (mask if alpha is None else mask[_opaque(alpha)]).all():  # no layer of its own, but a copy
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
    """-> where it is more opaque than not; None for None."""
    return None if alpha is None else alpha > np.iinfo(alpha.dtype).max // 2
