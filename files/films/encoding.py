"""Encoding frames into packets, with the same coding for all segments of a film. Imports its neighbours in this
room."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from colorgan.files import suffixes
from colorgan.files.films import containers, frames

os.environ.setdefault("SVT_LOG", "0")  # otherwise SVT-AV1 writes to stderr
_QUANTIZED_RATE = 1_000_000_000  # bits per second: no limit, because the quantizer sets the quality


@dataclass(frozen=True, eq=False)
class Coding:
    """The coding of a film.

    Attributes:
        codec: of `containers.CODECS`.
        quality: see `containers.Codec`; None if it has none.
        deep: whether more than 8 bits are kept.
        alpha: whether there is transparency.
        height, width: as shown, before they are made even.
        aspect: width by height of a pixel.
        colours: the coding of its values.
        time_base: of the times of frames, seconds.
        begin: seconds added to the times of packets: in evenly spaced containers, the time of the first frame.
        rate: frames per second, for encoders that need it.
        muxer: FFmpeg's name of the container.
    """

    codec: containers.Codec
    quality: float | None
    deep: bool
    alpha: bool
    height: int
    width: int
    aspect: Fraction
    colours: frames.Colours
    time_base: Fraction
    begin: Fraction
    rate: Fraction
    muxer: str

    @property
    def pixels(self) -> str:
        """The pixel format."""
        if self.alpha:
            return "bgra"
        return self.codec.deep if self.deep else self.codec.pixels

    @property
    def size(self) -> tuple[int, int]:
        """Height and width as coded: even where colours have half the resolution."""
        step = 1 if self.codec.lossless else 2
        return self.height + self.height % step, self.width + self.width % step

    def apply(self, context) -> None:
        """Configure a codec context before it is opened."""
        context.height, context.width = self.size
        context.pix_fmt, context.time_base, context.framerate = self.pixels, self.time_base, self.rate
        context.sample_aspect_ratio = self.aspect
        context.thread_type = "AUTO"
        if self.quality is not None and "qmax" in dict(self.codec.options):
            context.bit_rate = _QUANTIZED_RATE
        else:
            context.bit_rate = 0
        context.color_primaries, context.color_trc = self.colours.primaries, self.colours.transfer
        if self.pixels.startswith("yuv"):
            context.colorspace, context.color_range = self.colours.matrix, 2 if self.colours.full else 1
        else:
            context.colorspace, context.color_range = frames.RGB, 2
        context.options = {name: value.format(quality=f"{self.quality or 0:g}") for name, value in self.codec.options}


def coding(target, film, *, height: int, width: int, name: str = "", quality: float | None = None) -> Coding:
    """-> the coding of a film for a file.

    Args:
        target: the file; its suffix chooses the container.
        film: `reading.Frames` or `animations.Animation`, after its first frame.
        height, width: of the result.
        name, quality: of `--film-codec`, `--film-quality`; empty and None: the container's defaults.

    Raises:
        ValueError: if the container or the codec does not take them.
    """
    container = containers.CONTAINERS[suffixes.of(target)]
    key = containers.codec_for(target, name=name, deep=film.deep, source=film.codec)
    codec = containers.CODECS[key]
    if quality is not None and codec.quality is not None and quality > codec.worst:
        raise ValueError(f"`--film-quality` of {key} must be at most {codec.worst:g}. Received: {quality:g}")
    given = codec.quality if quality is None or codec.quality is None else quality
    base, rate = film.time_base, film.fps
    if container.even or codec.fixed:
        rate = _known_rate(film.grid) if codec.fixed else film.grid.limit_denominator(1001)
        base = 1 / rate
    elif codec.encoder == "mpeg4" and base.denominator > 65535:
        base = Fraction(1, 60000)
    elif base.denominator > 1_000_000 or base > Fraction(1, 1000) or base <= 0:
        base = Fraction(1, 90000) if base > Fraction(1, 1000) else Fraction(1, 1_000_000)
    colours = film.colours
    if colours.full and not codec.full:
        colours = frames.Colours(colours.matrix, colours.primaries, colours.transfer, False)
    shape = {"height": height, "width": width, "aspect": film.aspect.limit_denominator(255)}
    shape |= {"deep": film.deep and bool(codec.deep), "alpha": film.alpha and codec.lossless}
    # In AVI files the picture begins at 0.
    begin = film.begin if codec.fixed and not container.even else Fraction(0)
    times = {"time_base": base, "begin": begin, "rate": rate}
    return Coding(codec, given, colours=colours, muxer=container.muxer, **shape, **times)


def _known_rate(rate):
    """-> the MPEG-2 rate (ISO/IEC 13818-2, table 6-4) that shows frames at nearly these times."""
    known = [Fraction(24000, 1001), *map(Fraction, (24, 25)), Fraction(30000, 1001), *map(Fraction, (30, 50))]
    known += [Fraction(60000, 1001), Fraction(60)]
    near = min(known, key=lambda one: abs(one - rate))
    if abs(near - rate) < rate / 100:
        return near
    # Other rates use a finer grid: 12.5 frames per second are every second frame of 25.
    finer = [one for one in known if one > rate] or known[-1:]
    return min(finer, key=lambda one: abs(one / rate - round(one / rate)))


class Encoder:
    """Codes the frames of one segment.

    Args:
        coding: its coding.
        last: the time of the frame before the segment, in `coding.time_base`.

    Raises:
        OSError: if the encoder cannot be opened.
    """

    def __init__(self, coding: Coding, last: int | None):
        self.coding, self.last, self._durations = coding, last, {}
        self._context = av.CodecContext.create(coding.codec.encoder, "w")
        coding.apply(self._context)
        if global_header(coding.muxer):
            self._context.flags |= av.codec.context.Flags.global_header
        self._context.open(strict=False)

    @property
    def extradata(self) -> bytes | None:
        """The header data of all packets."""
        return self._context.extradata

    def __call__(self, pixels: np.ndarray, time: Fraction, duration: Fraction, alpha=None) -> list:
        """Take a frame, [H, W, 3] uint8 or uint16. -> finished packets with their final times."""
        stamp = round((time - self.coding.begin) / self.coding.time_base)
        if self.last is not None and stamp <= self.last:
            stamp = self.last + 1
        self.last = stamp
        frame = self._coded(pixels, alpha)
        frame.pts, frame.time_base = stamp, self.coding.time_base
        self._durations[stamp] = max(1, math.floor(duration / self.coding.time_base + Fraction(1, 2)))
        return self._timed(self._context.encode(frame))

    def rest(self) -> list:
        """-> the remaining packets, at the end."""
        return self._timed(self._context.encode(None))

    def _coded(self, pixels, alpha):
        if self.coding.alpha:
            alpha = np.full(pixels.shape[:2], 255, np.uint8) if alpha is None else alpha
            return av.VideoFrame.from_ndarray(np.dstack([pixels[..., ::-1], alpha]), "bgra")
        height, width = self.coding.size
        more = ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0))
        pixels = np.ascontiguousarray(np.pad(pixels, more, mode="edge") if any(map(sum, more)) else pixels)
        return self.coding.colours.encoded(pixels, self.coding.pixels)

    def _timed(self, packets):
        for packet in packets:
            packet.time_base = self.coding.time_base
            packet.duration = self._durations.pop(packet.pts, packet.duration or 1)
        return packets


def global_header(muxer: str) -> bool:
    """-> whether a container has the frames' shared data in its header."""
    return bool(av.format.ContainerFormat(muxer, "w").flags & av.format.Flags.global_header.value)
