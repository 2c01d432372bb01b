"""Films: each frame is colorized like a photograph, with smoothed colours.

Owns a film's way from file to file, in segments, so it can continue after an interruption. Imports the room `files`,
`serving.photos`, `imaging.fullres` and `serving.steering` for the colours, `serving.smoothing` for colours over time.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import time
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from tqdm import tqdm

from colorgan.files import suffixes, whole, writing, xmp
from colorgan.files.films import animating, containers, encoding, joining, reading
from colorgan.files.films.segments import Segments
from colorgan.imaging import fullres, working
from colorgan.serving import photos
from colorgan.serving.photos import Settings
from colorgan.serving.smoothing import SMOOTHING, Flicker, Scene, Smoother
from colorgan.serving.steering import Hint, Wishes

SEGMENT = 32 * photos.BATCH  # frames; whole batches, so a continued film has the same batches
_GIVEN = {"smoothing", "wishes"}  # attributes that are arguments, not state


class Stopped(Exception):
    """A film was stopped between two batches; finished segments are kept, and the same call continues."""


@dataclass(frozen=True)
class Film:
    """The result of a film; the manifest has these values."""

    frames: int
    fps: float  # unchanged, like the size
    height: int
    width: int
    scenes: int  # number of cuts found, plus one
    flicker: float | None  # see `smoothing.Flicker`
    flicker_unsmoothed: float | None  # without smoothing
    notes: tuple[str, ...]  # changes and omissions
    seconds: float  # time spent on it


def colorize_film(
    colorizer,
    source: Path,
    target: Path,
    *,
    settings: Settings,
    wishes: Wishes = photos.AUTOMATIC,
    smoothing: float = SMOOTHING,
    codec: str = "",
    quality: float | None = None,
    weights_sha256: str = "",
    stop=lambda: False,
    say=print,
) -> Film:
    """Colorize a film into a file of the same size, times and container; memory does not grow with its length.

    Every `SEGMENT` frames the finished part is saved in a hidden folder next to the target. A call with the same
    arguments continues after the last whole segment, with the same colours as without interruption. The folder is
    removed when the film is complete.

    Args:
        colorizer: anything with `Colorizer.predict_small`.
        source: the film. If it has colours, only its lightness counts.
        target: another file to write; its suffix chooses the container, `containers.CONTAINERS`.
        settings: for colorizing; `format` and `quality` are only for photographs.
        wishes: for all frames; for hints see `smoothing.Scene`.
        smoothing: see `smoothing.Smoother`.
        codec: one of `containers.CODECS`; empty: the container's default.
        quality: see `containers.Codec`; None: the codec's default.
        weights_sha256: of the colorizer; with other weights a film restarts.
        stop: function called between batches -> whether to stop.
        say: function for texts: changes, scenes and flicker.

    Raises:
        OSError: if the film cannot be read, or the target cannot be written. Only whole segments are left.
        ValueError: if the container or the codec does not take `codec` or `quality`.
        Stopped: if `stop` returned True.
    """
    start, source, target = time.perf_counter(), Path(source), Path(target)
    made_from = {"film": str(source.resolve()), "settings": settings, "wishes": wishes, "smoothing": smoothing}
    made_from |= {"codec": codec, "quality": quality, "weights": weights_sha256, "av": av.__version__}
    with contextlib.closing(reading.read(source)) as frames:
        status = source.stat()
        made_from |= {"size": status.st_size, "changed": status.st_mtime_ns}
        _check_size(frames, settings)
        frames.limit(int(settings.max_megapixels * 1e6))
        with _written(target), Segments(target, _plain(made_from)) as segments:
            ties = _Ties(wishes, smoothing)
            ties.restore(segments.state)
            coding = _make(colorizer, frames, segments, target, ties, settings, (codec, quality), stop)
            notes = [*frames.notes, *_put_together(segments, coding, frames, target, settings)]
            count = segments.frames
            segments.remove()
    if frames.alpha and not coding.alpha:
        notes.append("its transparency is left out")
    if quality is None and settings.quality != writing.QUALITY:
        notes.append("--quality is for photographs; films have --film-quality")
    if quality is not None and coding.codec.quality is None:
        notes.append("--film-quality has no meaning for its codec")
    if frames.deep and not coding.deep:
        notes.append(f"its {frames.bits} bits become 8; --film-codec has codecs that keep them")
    result = Film(
        frames=count,
        fps=float(frames.fps),
        height=frames.height,
        width=frames.width,
        scenes=int(ties.smoother.scenes),
        flicker=ties.flicker.mean,
        flicker_unsmoothed=ties.unsmoothed.mean,
        notes=tuple(notes),
        seconds=time.perf_counter() - start,
    )
    for note in notes:
        say(f"{source}: {note}")
    say(_report(target, result, smoothing))
    return result


class _Ties:
    """The state over a film's frames, which can be stored."""

    def __init__(self, wishes, smoothing):
        self.scene, self.smoother = Scene(wishes), Smoother(smoothing)
        self.flicker, self.unsmoothed = Flicker(), Flicker()

    def state(self):
        """-> the state, {name: value that JSON or NumPy can store}."""
        return {name: value if isinstance(value, np.ndarray) else _plain(value) for name, value in _leaves(self)}

    def restore(self, state):
        """Restore the result of `state`; an empty dict is a film's beginning."""
        for key, value in state.items():
            *outer, name = key.split(".")
            if name == "_hints":
                value = tuple(Hint(**{**one, "color": one["color"] and tuple(one["color"])}) for one in value)
            setattr(functools.reduce(getattr, outer, self), name, value)


def _leaves(one, path=""):
    """-> names and values of the changing attributes of an object and its inner objects."""
    for name, value in vars(one).items():
        if name in _GIVEN or f"{path}{name}" == "scene._hints":
            continue
        if hasattr(value, "__dict__"):
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _plain(value):
    """-> a value for JSON."""
    if dataclasses.is_dataclass(value):
        return _plain({one.name: getattr(value, one.name) for one in dataclasses.fields(value)})
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


@contextlib.contextmanager
def _written(target):
    """Within: errors of the target name it."""
    try:
        yield
    except av.FFmpegError as error:
        raise OSError(f"{target} cannot be written ({error.strerror})") from error
    except OSError as error:
        if error.errno is None:
            raise  # our own error
        raise OSError(f"{target} cannot be written ({error.strerror})") from error


def _check_size(frames, settings):
    if frames.height * frames.width > settings.max_megapixels * 1e6:
        size = f"{frames.width} x {frames.height}"
        raise OSError(f"{frames.source} has frames of {size} pixels. --max-megapixels allows more")


def _make(colorizer, frames, segments, target, ties, settings, wanted, stop):
    """Write all missing segments. -> their coding."""
    rest = frames.after(segments.frames)
    first = next(rest, None)  # after the first frame the film is known
    _check_size(frames, settings)
    name, quality = wanted
    double = 2 if settings.side_by_side else 1
    shape = {"height": frames.height, "width": double * frames.width}
    coding = encoding.coding(target, frames, **shape, name=name, quality=quality)
    rest = itertools.chain([first] if first else [], rest)
    about = {"total": frames.about or None, "initial": segments.frames}
    with tqdm(**about, unit="frame", disable=None) as bar:
        while True:
            before, room = segments.frames, SEGMENT - segments.frames % SEGMENT
            stopped = _segment(colorizer, itertools.islice(rest, room), segments, coding, ties, settings, stop, bar)
            if stopped:
                raise Stopped(f"{frames.source}: stopped after {segments.frames} frames; the same command continues")
            if segments.frames == before:
                return coding


def _segment(colorizer, piece, segments, coding, ties, settings, stop, bar):
    """Write a segment. -> whether it was stopped before its end."""
    encoder, count, stopped = encoding.Encoder(coding, segments.last), 0, False
    with segments.segment() as write:
        while not stopped and (batch := list(itertools.islice(piece, photos.BATCH))):
            pictures = [frame.pixels for frame in batch]
            for frame, coloured in zip(batch, _colorized(colorizer, pictures, settings, coding, ties), strict=True):
                alpha = frame.alpha
                if alpha is not None and settings.side_by_side:
                    alpha = np.concatenate([alpha, alpha], axis=1)
                for packet in encoder(coloured, frame.time, frame.duration, alpha):
                    write(packet)
            count += len(batch)
            bar.update(len(batch))
            stopped = stop()
        for packet in encoder.rest() if count else ():
            write(packet)
    if count:
        segments.keep(count, encoder.last, ties.state())
    return stopped


def _put_together(segments, coding, frames, target, settings):
    """Write the film at its target. -> notes."""
    with whole.replacing(target) as (path,):
        if suffixes.of(target) not in containers.ANIMATIONS:
            remark = xmp.NOTE if settings.provenance else ""
            source = frames.source if isinstance(frames, reading.Frames) else None
            return joining.join(segments, coding, source, path, remark=remark)
        packet = xmp.machine_made(None) if settings.provenance else b""
        animating.animate(segments, coding, path, loop=frames.loop, xmp=packet)
        return []


def _colorized(colorizer, batch, settings, coding, ties):
    """[H, W] or [H, W, 3] frames -> the same in colour, one by one."""
    small = np.stack([working.shrink(frame, settings.work_size) for frame in batch])
    lights = [fullres.lightness(picture) for picture in small]
    held, size = [ties.scene(light) for light in lights], [batch[0].shape[:2]]
    if ties.scene.wishes:
        pairs = zip(small, held, strict=True)
        predicted = [photos.predict_ab(colorizer, one[None], settings, wishes, size)[0] for one, wishes in pairs]
    else:
        predicted = photos.predict_ab(colorizer, small, settings)
    for frame, light, raw, wishes in zip(batch, lights, predicted, held, strict=True):
        ab, change = ties.smoother(light, raw, wishes.hints)
        ties.flicker(ab, change)
        ties.unsmoothed(raw, change)
        yield photos.paint(frame, ab, settings, dtype=np.uint16 if coding.deep else np.uint8)


def _report(target, film, smoothing):
    text = "no static areas, so flicker was not measured."
    if film.flicker is not None:
        text = f"flicker on static areas {film.flicker:.2f} with smoothing {smoothing:g}, "
        text += f"{film.flicker_unsmoothed:.2f} without (mean |d ab|)."
    scenes = f"{film.scenes} {'scene' if film.scenes == 1 else 'scenes'}"
    return f"Colorized: {target} ({film.frames} frames in {scenes}); {text}"
