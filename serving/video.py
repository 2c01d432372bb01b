"""Films: frame by frame as photographs are colorized, with colours that stay while nothing moves.

Owns the smoothing of chroma over time, scene cuts and the measure of flicker: NumPy on small maps. Imports
`serving.films` for the files, `serving.photos`, `serving.fullres` and `serving.steering` for the colours.

A network sees one frame at a time, and so the colours of a still object differ from frame to frame. At the working
size each pixel's colour becomes (1 - k) new + k old, the old one being the last frame's result. k is `smoothing` where
L changed by at most `STILL` since the last frame, falls linearly to 0 at `MOVED`, and is 0 on the first frame of a
scene, and on the first that a hint holds on. A scene begins where L changed by more than `CUT_CHANGE` on average and
the histogram of L by more than `CUT_HISTOGRAM` of the pixels: a camera that moves changes the pixels, but not how many
there are of each lightness.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from colorgan.serving import films, fullres, photos
from colorgan.serving.photos import Settings
from colorgan.serving.steering import Wishes

SMOOTHING = 0.8
STILL, MOVED = 1.0, 5.0  # L units
CUT_CHANGE, CUT_HISTOGRAM, BINS = 8.0, 0.25, 16


@dataclass(frozen=True)
class Film:
    """What became of a film; the manifest has these values."""

    frames: int
    fps: float  # as it was, like the size
    height: int
    width: int
    scenes: int  # one more than the cuts that were found
    flicker: float | None  # see `Flicker`
    flicker_unsmoothed: float | None  # without smoothing
    seconds: float  # spent on it


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


def colorize_film(
    colorizer,
    source: Path,
    target: Path,
    *,
    settings: Settings,
    wishes: Wishes = photos.AUTOMATIC,
    smoothing: float = SMOOTHING,
    say=print,
) -> Film:
    """Colorize a film into a file of the same size, frame rate and container; memory does not grow with its length.

    Args:
        colorizer: anything with `Colorizer.predict_small`.
        source: the film. If it has colours, only its lightness counts.
        target: the file to write, another one; its suffix says the container.
        settings: how; `format` and `quality` are photographs'.
        wishes: of all frames; of hints see `Scene`.
        smoothing: see `Smoother`.
        say: gets the text for people: whether the sound is lost, the scenes, and the flicker.

    Raises:
        OSError: if the film cannot be read to its end, or the target not written; nothing is left behind then.
    """
    start = time.perf_counter()
    smoother, flicker, unsmoothed = Smoother(smoothing), Flicker(), Flicker()
    with contextlib.closing(films.Frames(source)) as frames:
        state = Scene(wishes), smoother, flicker, unsmoothed
        count, (height, width) = _run(colorizer, frames, target, settings, state, say)
    result = Film(
        frames=count,
        fps=frames.fps,
        height=height,
        width=width,
        scenes=smoother.scenes,
        flicker=flicker.mean,
        flicker_unsmoothed=unsmoothed.mean,
        seconds=time.perf_counter() - start,
    )
    say(_report(source, result, smoothing))
    return result


def _run(colorizer, frames, target, settings, state, say):
    """Frames in, frames out, a batch at a time. -> how many, and their height and width."""
    rest = iter(frames)
    first = next(rest)  # with none, `frames` has raised
    height, width = first.shape[:2]
    if height * width > settings.max_megapixels * 1e6:
        raise OSError(f"{frames.source} has frames of {width} x {height} pixels. --max-megapixels allows more")
    if not films.keeps_sound():
        say(f"{frames.source}: ffmpeg is not installed, so that its sound is lost, if it has some.")
    double, count = 2 if settings.side_by_side else 1, 0
    rest = itertools.chain([first], rest)
    with (
        films.writer(target, frames.source, fps=frames.fps, height=height, width=double * width) as write,
        tqdm(total=frames.stated or None, unit="frame", disable=None) as bar,
    ):
        while batch := list(itertools.islice(rest, photos.BATCH)):
            for coloured in _colorized(colorizer, batch, settings, *state):
                write(coloured)
            count += len(batch)
            bar.update(len(batch))
    return count, (height, width)


def _colorized(colorizer, batch, settings, scene, smoother, flicker, unsmoothed):
    """[H, W, 3] uint8 frames -> the same in colour, one after the other."""
    small = np.stack([photos.shrink(frame, settings.work_size) for frame in batch])
    lights = [fullres.lightness(picture) for picture in small]
    held, size = [scene(light) for light in lights], [batch[0].shape[:2]]
    if scene.wishes:
        pairs = zip(small, held, strict=True)
        predicted = [photos.predict_ab(colorizer, one[None], settings, wishes, size)[0] for one, wishes in pairs]
    else:
        predicted = photos.predict_ab(colorizer, small, settings)
    for frame, light, raw, wishes in zip(batch, lights, predicted, held, strict=True):
        ab, change = smoother(light, raw, wishes.hints)
        flicker(ab, change)
        unsmoothed(raw, change)
        yield photos.paint(frame, ab, settings)


def _report(source, film, smoothing):
    text = "nothing stands still, so that there is no flicker to measure."
    if film.flicker is not None:
        text = f"flicker on static areas {film.flicker:.2f} with smoothing {smoothing:g}, "
        text += f"{film.flicker_unsmoothed:.2f} without (mean |d ab|)."
    return f"{source}: {film.frames} frames in {film.scenes} {'scene' if film.scenes == 1 else 'scenes'}; {text}"
