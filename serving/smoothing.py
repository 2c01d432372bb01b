"""What ties the frames of a film together: colours that stay while nothing moves, scene cuts, the measure of flicker.

NumPy on maps of the working size; no files. Imports `serving.steering`.

A network sees one frame at a time, and so the colours of a still object differ from frame to frame. At the working
size each pixel's colour becomes (1 - k) new + k old, the old one being the last frame's result. k is `smoothing` where
L changed by at most `STILL` since the last frame, falls linearly to 0 at `MOVED`, and is 0 on the first frame of a
scene, and on the first that a hint holds on. A scene begins where L changed by more than `CUT_CHANGE` on average and
the histogram of L by more than `CUT_HISTOGRAM` of the pixels: a camera that moves changes the pixels, but not how many
there are of each lightness.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from colorgan.serving.steering import Wishes

SMOOTHING = 0.8
STILL, MOVED = 1.0, 5.0  # L units
CUT_CHANGE, CUT_HISTOGRAM, BINS = 8.0, 0.25, 16


class Smoother:
    """Exponential smoothing of ab over time, where L stays; see the module.

    Args:
        smoothing: share of the old colour where nothing moves, 0 (off) to below 1.

    Attributes:
        scenes: that have begun so far.
    """

    def __init__(self, smoothing: float):
        self.smoothing, self.scenes = smoothing, 0
        self._light, self._ab, self._hints = None, None, ()

    def __call__(self, light: np.ndarray, ab: np.ndarray, hints=()) -> tuple[np.ndarray, np.ndarray | None]:
        """Take the next frame.

        Args:
            light: [h, w] float32, L.
            ab: [h, w, 2] float32, as predicted.
            hints: that hold on it. Where they are others than on the last frame nothing is smoothed: their colours
                are those of their own frame, and not of one a second later.

        Returns:
            ab: [h, w, 2] float32, smoothed.
            change: [h, w] float32, |dL| since the last frame; None where nothing is smoothed.
        """
        change = None if self._light is None else np.abs(light - self._light)
        cut = change is None or is_cut(self._light, light)
        self.scenes += cut
        if cut or hints != self._hints:
            change = None
        else:
            k = self.smoothing * np.clip((MOVED - change) / (MOVED - STILL), 0, 1)[..., None]
            ab = ab + k * (self._ab - ab)
        self._light, self._ab, self._hints = light, ab, hints
        return ab, change


def is_cut(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether a new scene begins between two frames' L, [h, w] float32 each; the rule is the module's."""
    if np.abs(after - before).mean() <= CUT_CHANGE:
        return False
    counts = [np.histogram(light, BINS, (0, 100.001))[0] / light.size for light in (before, after)]
    return bool(np.abs(counts[0] - counts[1]).sum() / 2 > CUT_HISTOGRAM)


class Flicker:
    """Mean |d ab| between successive frames on static areas, |dL| < 1, at the working size, within scenes.

    |d ab| is the distance in the ab plane, Lab units. A frame that repeats its colours exactly has 0.
    """

    def __init__(self):
        self._before, self._sum, self._count = None, 0.0, 0

    def __call__(self, ab: np.ndarray, change: np.ndarray | None) -> None:
        """Take the next frame: its [h, w, 2] ab, and [h, w] |dL| since the last one or None in a new scene."""
        if change is not None:
            still = change < 1
            self._sum += float(np.linalg.norm(ab - self._before, axis=-1)[still].sum(dtype=np.float64))
            self._count += int(still.sum())
        self._before = ab

    @property
    def mean(self) -> float | None:
        """Lab units; None before anything stood still."""
        return self._sum / self._count if self._count else None


class Scene:
    """Which wishes hold on a frame: a hint from its own frame on, until the scene ends."""

    def __init__(self, wishes: Wishes):
        self.wishes, self._light, self._begin, self._frame = wishes, None, 0, -1
        self._hints = [(one.frame, dataclasses.replace(one, frame=0)) for one in wishes.hints]

    def __call__(self, light: np.ndarray) -> Wishes:
        """Take the next frame's L, [h, w] float32. -> the wishes for it, a picture like any other."""
        self._frame += 1
        if self._light is not None and is_cut(self._light, light):
            self._begin = self._frame
        self._light = light
        hints = tuple(one for frame, one in self._hints if self._begin <= frame <= self._frame)
        return dataclasses.replace(self.wishes, hints=hints)
