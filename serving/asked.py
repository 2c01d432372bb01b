"""What a command line asks of the colours: flags and files -> `steering.Wishes`, looked at before anything is written.

Owns `Steering`, files of hints, painted pictures and references. Imports `serving.steering`, `serving.films`,
`serving.photos` for its settings, and the room `files`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from colorgan.files import modes, reading, suffixes
from colorgan.serving import films
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
        sources: the photographs and films that it is for.
        colorizer: a `Colorizer`.
        settings: how these are colorized.

    Raises:
        OSError, ValueError: naming the file or flag: if hints or reference cannot be read; if hints are for several
            photographs, or outside of the one; if weights or settings do not take them.
    """
    hints, palette = (), None
    if steering.reference:
        with reading.large_pictures(settings.max_megapixels):
            palette = read_palette(steering.reference, max_megapixels=settings.max_megapixels)
    if steering.hints:
        if len(sources) != 1:
            raise ValueError(f"--hints are of one photograph or film. Received: {len(sources)}; use a call for each.")
        hints = _hints(Path(steering.hints), sources[0], settings)
    films_among = [source for source in sources if suffixes.is_film(source)]
    if films_among and (steering.variants > 1 or steering.doubt):
        raise ValueError(f"--variants and --doubt are of photographs, and {films_among[0]} is a film.")
    wishes = Wishes(hints, palette, steering.desired_saturation, steering.desired_hue)
    if wishes or steering.variants > 1 or steering.doubt:
        colorizer.check(wishes, settings, variants=steering.variants, doubt=steering.doubt)
    return wishes


def _hints(path, source, settings):
    """-> the hints in a file, which lie within a photograph or film."""
    if suffixes.is_film(source):
        with contextlib.closing(films.Frames(source)) as frames:
            picture, count = next(iter(frames)), frames.stated
    else:
        with reading.large_pictures(settings.max_megapixels):
            picture, count = reading.read(source, max_megapixels=settings.max_megapixels).pixels, 1
    found = read_hints(path, picture)
    try:
        Wishes(found).check(*picture.shape[:2])
        if count and (late := [one.frame for one in found if one.frame >= count]):
            raise ValueError(f"`frame` {late[0]} of a hint: {source} has {count}, counted from 0")
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


def read_hints(path, photograph=None) -> tuple[Hint, ...]:
    """Hints out of a file.

    Args:
        path: JSON as for `parse_hints`, or a picture, best a PNG, of the photograph's size: a layer that is transparent
            where nothing is painted, or a copy of the photograph that was painted over.
        photograph: [H, W] or [H, W, 3] uint8 or uint16, what a painted copy is compared with. Pixels that differ by
            more than `PAINTED` in a channel are painted.

    Raises:
        OSError: if it cannot be read.
        ValueError: naming the file, if it holds no hints, or a painted picture has another size than the photograph.
    """
    path = Path(path)
    try:
        if path.suffix.lower() == ".json":
            return parse_hints(path.read_text(encoding="utf-8"))
        return _painted(reading.read(path), photograph)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _painted(layer, photograph):
    """What was painted, a `reading.Photograph`, as hints: at most `MOST`, each for a square of pixels."""
    pixels = modes.as_depth(layer.pixels, np.uint8)
    pixels = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=-1)
    if photograph is not None and photograph.shape[:2] != pixels.shape[:2]:
        (height, width), (h, w) = photograph.shape[:2], pixels.shape[:2]
        raise ValueError(f"painted hints must have the photograph's size, {width} x {height}. Received: {w} x {h}")
    if layer.alpha is not None and layer.alpha.min() < np.iinfo(layer.alpha.dtype).max:
        mask = layer.alpha > np.iinfo(layer.alpha.dtype).max // 2
    elif photograph is None:
        raise ValueError("painted hints must be transparent where nothing is painted")
    else:
        plain = modes.as_depth(photograph, np.uint8)
        plain = plain if plain.ndim == 3 else plain[..., None]
        mask = np.abs(pixels.astype(np.int16) - plain).max(axis=-1) > PAINTED
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
