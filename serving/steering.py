"""A person's wishes for a photograph: hints at places, a palette, an aim.

Owns `Hint` and `Wishes`, and their values as inputs of a generator. `asked` reads them from a command line;
`corrections` enforces them after the network. Imports `imaging.modes`, `models` and `imaging.fullres`; NumPy on
pictures at the working size.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, fields

import cv2
import numpy as np
from PIL import ImageColor

from colorgan.imaging import fullres, modes
from colorgan.models import color as colors
from colorgan.models import conditions
from colorgan.settings import nearest

MOST = 10_000  # hints of a picture
LARGEST = 512  # largest working size, because attention over hints takes memory as its fourth power
SEEN = 256  # pixels of a reference's longer side, from which the palette is taken
NO_COLOR = 4.0  # Lab units: a reference is gray if 99 % of its pixels have less chroma
KEEP_GRAY = "keep gray"


@dataclass(frozen=True)
class Hint:
    """A colour at a place. Raises ValueError for values out of their range.

    Attributes:
        x, y: pixels of the upright photograph from its upper left corner, fractions allowed.
        color: sRGB, three whole numbers 0 to 255; None: keep the place gray.
        radius: pixels; 0: only the place.
        frame: of a film, counted from 0: the hint holds from this frame until the scene ends.
    """

    x: float
    y: float
    color: tuple[int, int, int] | None
    radius: float = 0.0
    frame: int = 0

    def __post_init__(self):
        """Check the values."""
        for name in ("x", "y", "radius"):
            value = getattr(self, name)
            if not _is_number(value, float) or value < 0:
                raise ValueError(f"`{name}` must be a number of pixels, at least 0. Received: {value!r:.200}")
        if not _is_number(self.frame, int) or self.frame < 0:
            raise ValueError(f"`frame` must be a whole number, at least 0. Received: {self.frame!r:.200}")
        color = self.color
        if color is not None and not (len(color) == 3 and all(_is_number(c, int) and 0 <= c < 256 for c in color)):
            raise ValueError(f"`color` must be three whole numbers of 0..255, or None. Received: {color!r}")


@dataclass(frozen=True, eq=False)
class Wishes:
    """A person's wishes for a picture; without wishes its colours are automatic.

    Raises ValueError for values out of their range.

    Attributes:
        hints: at most `MOST`; where two meet, the later hint holds.
        palette: [261] float32 from `palette_of`, or None.
        desired_saturation, desired_hue: the desired mean in [0, 1] (a turn of hue is 1), as in
            `models.objectives.controls.value`, or None.
    """

    hints: tuple[Hint, ...] = ()
    palette: np.ndarray | None = None
    desired_saturation: float | None = None
    desired_hue: float | None = None

    def __post_init__(self):
        """Check the values."""
        object.__setattr__(self, "hints", tuple(self.hints))
        if len(self.hints) > MOST:
            raise ValueError(f"`hints` must be at most {MOST:,}. Received: {len(self.hints):,}")
        if self.palette is not None and np.shape(self.palette) != (conditions.PALETTE,):
            raise ValueError(
                f"`palette` must have shape [{conditions.PALETTE}], as from `palette_of`. Received: "
                f"{list(np.shape(self.palette))}"
            )
        if self.palette is not None and not np.all((0 <= np.asarray(self.palette)) & (np.asarray(self.palette) <= 1)):
            raise ValueError("`palette` must hold numbers in 0..1, as from `palette_of`. Received: others")
        for name in ("desired_saturation", "desired_hue"):
            value = getattr(self, name)
            if value is not None and not (_is_number(value, float) and 0 <= value <= 1):
                raise ValueError(f"`{name}` must lie in 0..1. Received: {value!r}")

    def __bool__(self):
        """Whether there is a wish."""
        return bool(self.named)

    @property
    def named(self) -> dict:
        """{name of the generator's input: names of attributes} of the given wishes."""
        parts = {"hints": ("hints",), "palette": ("palette",), "aim": ("desired_saturation", "desired_hue")}
        wished = {name: [one for one in some if self._has(one)] for name, some in parts.items()}
        return {name: some for name, some in wished.items() if some}

    @property
    def arguments(self) -> dict:
        """{attribute: value}, for `Colorizer.colorize`."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def _has(self, name):
        return bool(self.hints) if name == "hints" else getattr(self, name) is not None

    def check(self, height: int, width: int, frames: int | None = 1) -> None:
        """Raise ValueError, naming it, if a hint lies outside a picture of this size, or a film of so many frames."""
        for i, one in enumerate(self.hints, 1):
            if not (one.x < width and one.y < height):
                raise ValueError(
                    f"`hints`: hint {i} at x {one.x:g}, y {one.y:g} lies outside the picture of {width} x {height} "
                    "pixels. Places count from 0 at the upper left corner of the upright picture."
                )
            if frames is not None and one.frame >= frames:
                there = "is 1 frame" if frames == 1 else f"are {frames:,} frames"
                raise ValueError(f"`hints`: hint {i} has `frame` {one.frame}, but there {there}, counted from 0.")

    def given(self, picture: np.ndarray, size: tuple[int, int], *, ab_scale: float) -> dict:
        """-> the generator's inputs for these wishes.

        Args:
            picture: [h, w, 3] uint8, at the working size, h and w even.
            size: height and width of the photograph; hints are in its pixels.
            ab_scale: Lab units of a and b that become 1.

        Returns:
            {name: values}, float32, of the given wishes: `hints` [1, h / 2, w / 2, 3], whose colours are fitted into
            the gamut at the lightness of their cell; `palette` [1, 1, 1, 261]; `aim` [1, 1, 1, 5].

        Raises:
            ValueError: if a hint lies outside the photograph, or is for a later frame than the first.
        """
        result = {}
        if self.hints:
            self.check(*size)
            result["hints"] = _raster(self.hints, picture, size)[None] / np.float32([ab_scale, ab_scale, 1])
        if self.palette is not None:
            result["palette"] = np.float32(self.palette)[None, None, None]
        if "aim" in self.named:
            wanted = [None if v is None else np.float32([v]) for v in (self.desired_saturation, self.desired_hue)]
            result["aim"] = np.asarray(conditions.aim(*wanted))
        return result


def palette_of(image) -> np.ndarray:
    """-> the palette of a picture.

    Args:
        image: [H, W, 3] uint8 or uint16, sRGB.

    Returns:
        [261] float32: the square roots of the joint bins' shares, `conditions.palette`.

    Raises:
        ValueError: if it is gray, or not such an array.
    """
    image = np.asarray(image)
    if image.dtype not in (np.uint8, np.uint16) or image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(f"A reference must be [H, W, 3] uint8 or uint16. Received: {list(image.shape)} {image.dtype}")
    gray = image.ndim == 2 or image.shape[2] < 3
    if not gray:
        factor = min(1.0, SEEN / max(image.shape[:2]))
        size = [max(1, round(side * factor)) for side in image.shape[1::-1]]
        small = modes.as_depth(cv2.resize(image[..., :3], size, interpolation=cv2.INTER_AREA), np.uint8)
        # A fifth of the pixels, because each is compared with all bins.
        ab = np.asarray(colors.rgb_to_lab(small.reshape(-1, 3)[::5] / np.float32(255)))[:, 1:]
        gray = np.percentile(np.linalg.norm(ab, axis=-1), 99) < NO_COLOR
    if gray:
        raise ValueError("The reference is gray and has no palette. Choose a coloured picture.")
    return np.asarray(conditions.palette(ab[None]))[0, 0, 0]


def parse_hints(text: str) -> tuple[Hint, ...]:
    """Read hints from JSON text: `[{"x": 120, "y": 80, "color": "#2040c0", "radius": 5, "frame": 0}, ...]`.

    `color` is "#rrggbb", a name of CSS ("navy") or "keep gray"; `radius` and `frame` are optional.

    Raises:
        ValueError: naming the wrong hint and the mistake.
    """
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"hints must be JSON: {error}") from error
    if not isinstance(rows, list) or not rows:
        raise ValueError('hints must be a list of {"x", "y", "color"}, at least one')
    if len(rows) > MOST:
        raise ValueError(f"hints must be at most {MOST:,}. Received: {len(rows):,}")
    return tuple(_hint(i, row) for i, row in enumerate(rows, 1))


def _hint(i, row):
    names = [field.name for field in fields(Hint)]
    if not isinstance(row, dict) or not {"x", "y", "color"} <= set(row) <= set(names):
        raise ValueError(f"hint {i} must have x, y and color, and can have radius and frame. Received: {row!r:.200}")
    try:
        return Hint(**row | {"color": _color(row["color"])})
    except ValueError as error:
        raise ValueError(f"hint {i}: {error}") from error


def _color(text):
    """-> the sRGB values that a text names, or None for `KEEP_GRAY`."""
    if text == KEEP_GRAY:
        return None
    name = str(text).lower().replace(" ", "")
    if name in ImageColor.colormap or re.fullmatch("#[0-9a-f]{6}", name):
        return ImageColor.getrgb(name)[:3]
    near = nearest.did_you_mean(name, (KEEP_GRAY, *ImageColor.colormap))
    raise ValueError(f'`color` must be "#rrggbb", a CSS name or "{KEEP_GRAY}". Received: {text!r:.200}.{near}')


def _raster(hints, picture, size):
    """-> [h / 2, w / 2, 3] float32: a, b and 1 in each cell that a hint's disc touches, Lab units."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    scale = height / size[0], width / size[1]
    result = np.zeros((height, width, 3), np.float32)
    rgb = np.float32([one.color or (0, 0, 0) for one in hints]) / 255
    for one, ab in zip(hints, np.asarray(colors.rgb_to_lab(rgb))[:, 1:], strict=True):
        y, x = one.y * scale[0], one.x * scale[1]
        reach_y, reach_x = one.radius * scale[0], one.radius * scale[1]
        # The last cell is included: a place just inside the photograph is rounded to the map's end.
        top, left = (min(max(0, int(at)), size - 1) for at, size in ((y - reach_y, height), (x - reach_x, width)))
        rows = np.arange(top, min(height - 1, int(y + reach_y)) + 1)
        columns = np.arange(left, min(width - 1, int(x + reach_x)) + 1)
        # From the disc's centre to the nearest point of each cell, in radii; the centre's cell is always touched.
        away_y = np.maximum(np.maximum(rows - y, y - rows - 1), 0) / max(reach_y, 1e-6)
        away_x = np.maximum(np.maximum(columns - x, x - columns - 1), 0) / max(reach_x, 1e-6)
        touched = away_y[:, None] ** 2 + away_x**2 <= 1
        result[top : rows[-1] + 1, left : columns[-1] + 1][touched] = (*ab, 1)
    light = cv2.resize(fullres.lightness(picture), (width, height), interpolation=cv2.INTER_AREA)
    mask = result[..., 2] > 0
    lab = np.concatenate([light[mask][:, None], result[mask][:, :2]], axis=-1)
    result[mask, :2] = np.asarray(colors.fit_gamut(lab))[:, 1:]
    return result


def _is_number(value, kind):
    kinds = (int, np.integer) if kind is int else (int, float, np.integer, np.floating)
    # Not `isfinite`: a whole number can be too large for it.
    return isinstance(value, kinds) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
