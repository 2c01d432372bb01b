"""Coloured shapes, drawn here: one shape per picture. The kind of shape determines its hue.

This is the smallest colorization problem that gray levels cannot solve. Lightness and chroma have the same distribution
for every shape, so only the form tells the hue. Needs no files. Imports `models.color` and this room's modules.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from colorgan.datasets import classes, randomness, sources
from colorgan.models import color

HUES = {"circle": 30, "square": 100, "triangle": 150, "star": 270, "cross": 330}  # degrees in the ab plane
SIZES = {"train": 2000, "validation": 200, "test": 200}
FINE = 4  # pixels are averages of 4 x 4 finer ones


class Shapes(sources.OneByOne):
    """SIZES[split] pictures, each a function of (split, index) only: one shape on a faintly tinted ground.

    The label is the shape. `--classes` chooses shapes; an unknown shape is a ValueError. Lightness 35..75 and chroma
    30..70 (less where sRGB ends) do not depend on the kind of shape. The ground is lighter or darker by at least 15.
    Sizes refer to the shorter side, which needs at least 16 pixels to show the shape.
    """

    def __init__(self, data, split):
        kinds = (randomness.uniform(np.arange(SIZES[split]), "shapes", split, "kind") * len(HUES)).astype(np.int64)
        every, labels, names = classes.select(data.classes, tuple(HUES), kinds, where="shapes")
        origin = f"coloured shapes, drawn{classes.in_words(data.classes)}"
        super().__init__(data, labels, origin=origin, class_names=names)
        self._split, self._numbers, kinds = split, every, kinds[every]
        self._kinds = [tuple(HUES)[kind] for kind in kinds]
        lightness, chroma = self._between(every, "L", 35, 75), self._between(every, "C", 30, 70)
        angle = np.deg2rad(np.array(list(HUES.values()))[kinds])
        ink = np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=-1)
        # A ground in 10..95 and at least 15 away from the shape.
        ground = self._between(every, "ground", 10, 65)
        ground = np.where(ground < lightness - 15, ground, ground + 30)
        tint = [self._between(every, name, -4, 4) for name in ("ground a", "ground b")]
        lab = np.stack([ink, np.stack([ground, *tint], axis=-1)])
        self._ink, self._ground = np.asarray(color.lab_to_rgb(color.fit_gamut(lab)), np.float32) * 255

    def _between(self, index, what, low, high):
        return low + (high - low) * randomness.uniform(index, "shapes", self._split, what)

    def name(self, index):  # noqa: D102 - see sources.OneByOne
        return f"shape {self._numbers[index]} of {self._split}"

    def content(self):  # noqa: D102 - see sources.Source
        yield f"{self._split} {self._numbers.tolist()}".encode()
        for index in range(min(self.size, 8)):  # as OpenCV rounds them
            yield self.picture(index).tobytes()

    def picture(self, index):  # noqa: D102 - see sources.OneByOne
        side = min(self.height, self.width)
        number = self._numbers[index]
        radius = side * self._between(number, "radius", 0.22, 0.38)
        turn = self._between(number, "turn", 0, 2 * math.pi)
        # The whole shape is inside, so its form can be seen.
        x = radius + (self.width - 2 * radius) * self._between(number, "x", 0, 1)
        y = radius + (self.height - 2 * radius) * self._between(number, "y", 0, 1)
        points = outline(self._kinds[index], turn) * radius + np.array([x, y])
        mask = np.zeros((self.height * FINE, self.width * FINE), np.uint8)
        cv2.fillPoly(mask, [np.round(points * FINE).astype(np.int32)], 255)
        cover = cv2.resize(mask, (self.width, self.height), interpolation=cv2.INTER_AREA)[..., None] / np.float32(255)
        return np.round(self._ground[index] + cover * (self._ink[index] - self._ground[index])).astype(np.uint8)


def outline(kind, turn):
    """A shape's corners on the unit disk, turned by an angle in radians: [corners, 2] float64 (x, y)."""
    # As complex numbers x + iy, which a factor turns.
    if kind == "cross":
        arm = 0.3  # half the width of its arms
        reach = math.sqrt(1 - arm**2)
        quarter = np.array([reach - arm * 1j, reach + arm * 1j, arm + arm * 1j])
        points = np.concatenate([quarter * 1j**k for k in range(4)])
    else:
        corners = {"circle": 48, "square": 4, "triangle": 3, "star": 10}[kind]
        points = np.exp(2j * math.pi * np.arange(corners) / corners)
        if kind == "star":
            points[1::2] *= 0.4
    points = points * np.exp(1j * turn)
    return np.stack([points.real, points.imag], axis=-1)
