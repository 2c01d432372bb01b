"""Films: frame by frame as photographs are colorized, with colours that stay while nothing moves.

Owns the way of a film from file to file. Imports `serving.films` for the files, `serving.photos`, `serving.fullres` and
`serving.steering` for the colours, `serving.smoothing` for what ties the frames together.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from colorgan.serving import films, fullres, photos
from colorgan.serving.photos import Settings
from colorgan.serving.smoothing import SMOOTHING, Flicker, Scene, Smoother
from colorgan.serving.steering import Wishes


@dataclass(frozen=True)
class Film:
    """What became of a film; the manifest has these values."""

    frames: int
    fps: float  # as it was, like the size
    height: int
    width: int
    scenes: int  # one more than the cuts that were found
    flicker: float | None  # see `smoothing.Flicker`
    flicker_unsmoothed: float | None  # without smoothing
    seconds: float  # spent on it


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
        wishes: of all frames; of hints see `smoothing.Scene`.
        smoothing: see `smoothing.Smoother`.
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
