"""Colours over time in a film: smoothing along moving objects, scene cuts, the measure of flicker.

NumPy and OpenCV on maps of the working size; no files. Imports `serving.steering`.

A network sees one frame at a time, so an object's colours differ from frame to frame. At the working size each pixel's
colour becomes (1 - k) new + k old. The old colour is the last frame's result, at the same place, or at the object's
last place if L agrees better there. k is `smoothing` where L differs by at most `STILL` from that place, and falls
linearly to 0 at `MOVED`. It is 0 on the first frame of a scene, and on the first frame of a hint.

A scene begins where a frame shows another picture, at any brightness and contrast. Two conditions must hold. The small
frames, with mean 0 and deviation 1, differ by more than `UNLIKE` on average (frames of independent normal values differ
by 2 / sqrt pi = 1.13). The histograms of their L differ by more than `CUT_HISTOGRAM` of the pixels, because a moving
camera changes the pixels but hardly the histogram. A frame of one lightness is skipped, so a flash or a fade ends no
scene: the frame after a black frame is compared with the frame before it.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from colorgan.serving.steering import Wishes

SMOOTHING = 0.8
STILL, MOVED = 1.0, 5.0  # L units
SMALL = (32, 24)  # width and height at which frames are compared
UNLIKE, CUT_HISTOGRAM, BINS = 0.75, 0.15, 16
FLAT = 2.0  # L units: below this deviation a small frame has one lightness
JUMP = 20.0  # L units: mean difference from a leading frame of one lightness
_LEAST_SIDE = 32  # OpenCV's motion search crashes in lower maps that are many times as wide


class Smoother:
    """Exponential smoothing of ab over time, where L does not change or the object is found again; see the module.

    Args:
        smoothing: share of the old colour where nothing changes, 0 (off) to below 1.

    Attributes:
        scenes: number of scenes so far.
    """

    def __init__(self, smoothing: float):
        self.smoothing, self.scenes = smoothing, 0
        self._cuts, self._light, self._ab, self._hints = Cuts(), None, None, ()

    def __call__(self, light: np.ndarray, ab: np.ndarray, hints=()) -> tuple[np.ndarray, np.ndarray | None]:
        """Take the next frame.

        Args:
            light: [h, w] float32, L.
            ab: [h, w, 2] float32, as predicted.
            hints: hints for the frame. If they differ from the last frame's, nothing is smoothed, so their colours
                appear at once.

        Returns:
            ab: [h, w, 2] float32, smoothed.
            change: [h, w] float32, |dL| since the last frame at the same place; None without smoothing.
        """
        change, cut = None, self._cuts(light)
        self.scenes += cut
        if not cut and hints == self._hints:
            change = np.abs(light - self._light)
            if self.smoothing:
                old, difference = self._old(light, change)
                k = self.smoothing * np.clip((MOVED - difference) / (MOVED - STILL), 0, 1)[..., None]
                ab = ab + k * (old - ab)
        self._light, self._ab, self._hints = light, ab, hints
        return ab, change

    def _old(self, light, change):
        """-> [h, w, 2] the old colour of each pixel, and [h, w] the difference of L from its place."""
        if min(light.shape) < _LEAST_SIDE:
            return self._ab, change
        old_light, old = followed(self._light, light, self._ab)
        difference = np.abs(light - old_light)
        # The same place wins if L agrees: motion found in grain would blur still objects.
        stays = change <= np.maximum(difference, STILL)
        return np.where(stays[..., None], self._ab, old), np.where(stays, change, difference)


def followed(before: np.ndarray, after: np.ndarray, ab: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move a frame's lightness and colours to the places of its objects in the next frame.

    Dense inverse search (Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search").

    Args:
        before: [h, w] float32, L of the frame; both sides of at least 32.
        after: [h, w] float32, L of the next.
        ab: [h, w, 2] float32, colours of the frame.

    Returns:
        light: [h, w] float32, `before` moved; far below 0 for places from outside.
        ab: [h, w, 2] float32, `ab` moved.
    """
    search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    places = search.calc(*(np.rint(light * 2.55).astype(np.uint8) for light in (after, before)), None)
    places += np.stack(np.meshgrid(*(np.arange(side, dtype=np.float32) for side in after.shape[::-1])), axis=-1)
    light = cv2.remap(before, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=-1000)
    return light, cv2.remap(ab, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


class Cuts:
    """Detects new scenes, frame by frame, by the module's rule."""

    def __init__(self):
        self._before = None

    def __call__(self, light: np.ndarray) -> bool:
        """Take the next frame's L, [h, w] float32. The first one begins a scene."""
        small, before = cv2.resize(light, SMALL, interpolation=cv2.INTER_AREA), self._before
        if before is not None and small.std() < FLAT <= before.std():
            return False
        self._before = small
        return before is None or _is_other(before, small)


def _is_other(before, after):
    if before.std() < FLAT:
        return bool(np.abs(after - before).mean() > JUMP)
    counts = [np.histogram(light, BINS, (0, 100.001))[0] / light.size for light in (before, after)]
    if np.abs(counts[0] - counts[1]).sum() / 2 <= CUT_HISTOGRAM:
        return False
    alike = [(light - light.mean()) / light.std() for light in (before, after)]
    return bool(np.abs(alike[0] - alike[1]).mean() > UNLIKE)


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
    """The wishes for each frame: a hint holds from its frame until the scene ends."""

    def __init__(self, wishes: Wishes):
        self.wishes, self._cuts, self._begin, self._frame = wishes, Cuts(), 0, -1
        self._hints = [(one.frame, dataclasses.replace(one, frame=0)) for one in wishes.hints]

    def __call__(self, light: np.ndarray) -> Wishes:
        """Take the next frame's L, [h, w] float32. -> the wishes for it, as for a photograph."""
        self._frame += 1
        if self._cuts(light):
            self._begin = self._frame
        hints = tuple(one for frame, one in self._hints if self._begin <= frame <= self._frame)
        return dataclasses.replace(self.wishes, hints=hints)
