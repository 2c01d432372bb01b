"""Reading films: every frame upright, with its time.

Owns opening films, the choice of the picture stream, a continuous clock, deinterlacing, and a film's shape and colours.
PyAV decodes. Imports `files.films.animations`, `files.films.frames` and `files.kinds`.

A header's estimates are not trusted: only decoded frames count.
"""

from __future__ import annotations

import collections
import itertools
from fractions import Fraction
from pathlib import Path

import av

from colorgan.files import kinds
from colorgan.files.films import animations, frames

# Allowed formats: single files, not files that name others, such as playlists.
FORMATS = (
    "mov,matroska,avi,mpeg,mpegts,mpegtsraw,mpegvideo,m4v,flv,live_flv,asf,ogg,dv,mxf,nut,rm,wtv,ivf,yuv4mpegpipe,"
    "h264,hevc,swf,nsv,vc1"
)
_JUMPING = {"mpegts", "mpegtsraw", "mpeg"}  # formats whose clock can restart
JUMP, LAPSE = 10, 30 * 3600  # seconds: a larger jump is a restarted clock; no camera waits so long between frames
FALLBACK_RATE = Fraction(25)
_REORDERED = 256  # packets that a decoder can hold
_UNTIRING = 100  # consecutive read errors after which the rest is given up
_VIDEO_CODECS = {"h264", "hevc", "av1", "libdav1d", "vp9", "mpeg1video", "mpeg2video", "mpeg4"}


def opened(source: Path) -> av.container.InputContainer:
    """A film's container; close it.

    Raises:
        OSError: if it is not there, is empty, or is not a film.
    """
    if not source.is_file() or not source.stat().st_size:
        raise OSError(f"{source} {'is empty' if source.is_file() else 'is not there'}")
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        return av.open(f"file:{source.resolve()}", container_options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise OSError(f"{source} cannot be read ({error.strerror})") from error
        raise OSError(
            f"{source} cannot be read as a film: it is not a film, is incomplete, or has an unknown format"
        ) from error


def picture(container) -> av.VideoStream | None:
    """-> the picture stream that players show, not a cover; None if there is none."""
    streams = [one for one in container.streams.video if not is_cover(one)]
    return max(
        streams, key=lambda one: (bool(one.disposition & av.stream.Disposition.default), -one.index), default=None
    )


def is_cover(stream) -> bool:
    """-> whether a stream is a still picture, such as a cover."""
    still = av.stream.Disposition.attached_pic | av.stream.Disposition.still_image
    return bool(stream.disposition & still)


def packets(container):
    """Iterate over all packets of a container in the order of the file, with times from 0.

    In joined streams the clock jumps; these times continue. Damaged parts are skipped.

    Yields:
        The packet, and the seconds (`Fraction`) to add to its times. At the end, an empty packet for each stream.
    """
    shift, latest = -Fraction(container.start_time or 0, av.time_base), Fraction(0)
    limit = JUMP if container.format.name in _JUMPING else LAPSE
    due, failed, source = {}, 0, container.demux()
    while failed < _UNTIRING:
        try:
            packet = next(source, None)
        except (av.FFmpegError, ValueError):
            failed, source = failed + 1, container.demux()
            continue
        if packet is None:
            return
        failed = 0
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is not None and packet.time_base and packet.stream.type in ("video", "audio"):
            now, expected = stamp * packet.time_base + shift, due.get(packet.stream.index, latest)
            if abs(now - expected) > limit:
                shift, now = shift + expected - now, expected
            latest = due[packet.stream.index] = now + (packet.duration or 0) * packet.time_base
        yield packet, shift


class Frames:
    """The frames of a film, in order, upright. Iterate once, and close it.

    Attributes:
        source: the file.
        height, width: of the first frame, upright; other frames are resized to it.
        aspect: width by height of a pixel, `Fraction`.
        fps: mean rate, `Fraction`; frames need not be evenly spaced.
        grid: the finest even spacing of its frames, per second.
        time_base: unit of its times, in seconds.
        stated: the number of frames if the container lists them, otherwise 0.
        about: the same, or an estimate.
        codec: FFmpeg's name of it.
        bits: per channel.
        deep: whether it has more than 8 bits a channel; frames are then uint16.
        colours: `frames.Colours`, after the first frame.
        begin: time of the first frame in seconds.
        alpha: whether there is transparency.
        loop: None; see `animations.Animation`.
        notes: notes on the film; complete after its last frame.

    Raises:
        OSError: if it is not there, empty, not a film, or has an unknown codec.
    """

    loop = None

    def __init__(self, source: Path):
        self.source, self.notes = source, []
        self._container = opened(source)
        try:
            self._stream = self._found()
        except BaseException:
            self.close()
            raise
        stream = self._stream
        rate = stream.average_rate or stream.guessed_rate
        self.fps = rate if rate and Fraction(1, 1000) <= rate <= 1000 else FALLBACK_RATE
        base = stream.guessed_rate
        self.grid = base if base and Fraction(1, 1000) <= base <= 1000 else self.fps
        self.stated, self.time_base = stream.frames, stream.time_base or Fraction(1, 90000)
        self.about = self.stated or round((self._container.duration or 0) / av.time_base * self.fps)
        self._lasts = (stream.duration or 0) * self.time_base
        self._ends = self._lasts + (stream.start_time or 0) * self.time_base
        self._ends -= Fraction(self._container.start_time or 0, av.time_base)
        aspect = stream.sample_aspect_ratio
        self.aspect = aspect if aspect and Fraction(1, 100) < aspect < 100 else Fraction(1)
        self.codec = stream.codec_context.name
        self.bits = max((part.bits for part in stream.format.components), default=8) if stream.format else 8
        self.deep = self.bits > 8
        context = stream.codec_context
        self.height, self.width = context.height, context.width
        self.colours, self.alpha, self.begin = None, False, Fraction(0)
        self.damaged = self.resized = self.woven = 0

    def _found(self):
        stream = picture(self._container)
        if stream is None:
            raise OSError(f"{self.source} has no moving picture, only sound or a cover")
        if stream.codec_context is None:
            raise OSError(f"{self.source} has an unknown codec. Convert it, for example to .mkv")
        if not (stream.codec_context.width and stream.codec_context.height):
            raise OSError(f"{self.source} has no readable frame")
        stream.thread_type = "AUTO"
        return stream

    def limit(self, pixels: int) -> None:
        """Refuse frames of more pixels, before allocating memory for them."""
        self._stream.codec_context.options = {"max_pixels": str(pixels)}

    def __iter__(self):
        """-> `frames.Frame`, one by one.

        Raises:
            OSError: if there is none.
        """
        return self.after(0)

    def after(self, passed: int):
        """-> the frames after the first so many, which are decoded but not converted."""
        count, shown, step = 0, None, 1 / self.fps
        for decoded, time in self._progressive():
            if count == 0:
                self._describe(decoded)
            if time is None or (shown is not None and not shown < time < shown + LAPSE):
                time = shown + step if shown is not None else Fraction(0)
            self.begin = time if shown is None else self.begin
            duration = (decoded.duration or 0) * (decoded.time_base or 0)
            shown, count = time, count + 1
            if count > passed:
                yield frames.Frame(self._converted(decoded), time, duration if 0 < duration < LAPSE else step)
        if not count:
            raise OSError(f"{self.source} has no readable frame")
        self._note(count, shown + step)

    def _decoded(self):
        """-> stored frames, and the time of each or None."""
        shifts = collections.OrderedDict()  # times of packets in the decoder
        for packet, shift in itertools.chain(packets(self._container), [(None, None)]):
            if packet is not None and packet.stream is not self._stream:
                continue
            if packet is not None:
                shifts[packet.pts] = latest = shift
            if len(shifts) > _REORDERED:
                shifts.popitem(last=False)
            try:
                decoded = self._stream.codec_context.decode(packet)
            except av.EOFError:  # already flushed
                continue
            except (av.FFmpegError, ValueError):
                self.damaged += 1
                continue
            for frame in decoded:
                stamp = frame.pts if frame.pts is not None else frame.dts
                base = frame.time_base or self.time_base
                yield frame, None if stamp is None else stamp * base + shifts.get(stamp, latest)

    def _progressive(self):
        """-> frames and their times; frames flagged as interlaced become one picture."""
        deinterlacer = None
        for frame, time in self._decoded():
            if frame.interlaced_frame:
                deinterlacer = deinterlacer or frames.Deinterlacer()
                self.woven += 1
            if deinterlacer is None:
                yield frame, time
            else:
                yield from deinterlacer(frame, time)
        if deinterlacer is not None:
            yield from deinterlacer.rest()

    def _describe(self, frame):
        """Read the properties of the first frame: decoders know more than headers."""
        self.turned = frames.turn_of(frame)
        self.bits = max(part.bits for part in frame.format.components)
        self.deep = self.bits > 8
        height, width = frame.height, frame.width
        self._stored = height, width
        self.colours = frames.Colours.of(frame, is_video=self.codec in _VIDEO_CODECS)
        if self.turned.transposes:
            height, width, self.aspect = width, height, 1 / self.aspect
        self.height, self.width = height, width

    def _converted(self, frame):
        self.resized += (frame.height, frame.width) != self._stored
        return self.turned(self.colours.decoded(frame, *self._stored, deep=self.deep))

    def _note(self, count, end):
        if self.woven:
            self.notes.append(f"{self.woven} of its {count} frames are interlaced, and were deinterlaced")
        if self.damaged:
            self.notes.append(f"{self.damaged} packets of its picture are damaged and left out")
        # An index also lists pictures that were cut away: a truncated film also ends too early.
        if self.stated - count > max(2, self.stated // 20) and end < self._ends - max(2 / self.fps, self._lasts / 20):
            self.notes.append(f"it is truncated: it ends after {count} of {self.stated} frames")
        if self.resized:
            self.notes.append(f"{self.resized} frames have another size and are resized to the first frame's")
        if self.colours.is_hdr:
            self.notes.append("its brightness is coded for HDR screens; colours are chosen as if it were not")

    def close(self):
        """Close the file."""
        self._container.close()


def read(source: Path) -> Frames | animations.Animation:
    """-> the frames of a film of any kind; moving GIF and WebP files are films.

    Raises:
        OSError: see `Frames`, `animations.Animation`.
    """
    return animations.Animation(source) if kinds.name(source) in ("GIF", "WebP") else Frames(source)
