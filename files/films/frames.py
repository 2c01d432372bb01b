"""A frame of a film: upright in sRGB values, and its coding.

Owns the matrices and ranges of coded colours, turned pictures, and fields woven into frames. NumPy, PyAV. Imports
nothing of ours.

A gray frame is [H, W], from its luma by a table, which is exact and cheaper than three channels. Others are converted
with swscale's accurate options; without them results are up to two levels darker.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from fractions import Fraction

import av
import av.filter
import numpy as np
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

# Codes of films (ITU-T H.273): matrices and transfer functions used here.
UNSAID, BT709, BT470BG, SMPTE170M, SMPTE240M, BT2020, RGB = 2, 1, 5, 6, 7, 9, 0
PQ, HLG = 16, 18
_SWSCALE = {BT709: 1, 4: 4, BT470BG: 5, SMPTE170M: 5, SMPTE240M: 7, BT2020: 9}  # swscale's numbers differ
_ACCURATE = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
HD = 720  # lines from which BT.709 is assumed if a film does not state its matrix, as in players


@dataclass(frozen=True)
class Frame:
    """A picture of a film.

    Attributes:
        pixels: [H, W] or [H, W, 3] uint8 or uint16, sRGB values, upright.
        time: seconds from the film's beginning.
        duration: seconds, as stated, or one over the film's rate.
        alpha: [H, W] of the same type, or None.
    """

    pixels: np.ndarray
    time: Fraction
    duration: Fraction
    alpha: np.ndarray | None = None


@dataclass(frozen=True)
class Turn:
    """How a stored picture becomes upright: rows and columns are swapped, then either order can be reversed."""

    transposes: bool = False
    flips_rows: bool = False
    flips_columns: bool = False

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """[H, W, ...] -> the same, upright."""
        pixels = pixels.swapaxes(0, 1) if self.transposes else pixels
        pixels = pixels[::-1] if self.flips_rows else pixels
        return np.ascontiguousarray(pixels[:, ::-1] if self.flips_columns else pixels)


def turn_of(frame: av.VideoFrame) -> Turn:
    """-> the turn in a frame's display matrix; angles other than quarter turns are ignored."""
    said = frame.side_data.get("DISPLAYMATRIX")
    if said is None or len(bytes(said)) < 36:
        return Turn()
    # The new place of a point (ISO/IEC 14496-12, 6.2.2): x' = a x + c y, y' = b x + d y.
    a, b, _, c, d = np.frombuffer(bytes(said), np.int32)[:5] / (1 << 16)
    if abs(a) > 0.9 and abs(d) > 0.9:
        return Turn(False, flips_rows=bool(d < 0), flips_columns=bool(a < 0))
    if abs(b) > 0.9 and abs(c) > 0.9:
        return Turn(True, flips_rows=bool(b < 0), flips_columns=bool(c < 0))
    return Turn()


class Colours:
    """The coding of a film's colours; unstated values are assumed as in players.

    Attributes:
        matrix, primaries, transfer: as numbered in ITU-T H.273.
        full: whether values use the full range, not 16 to 235.
    """

    def __init__(self, matrix: int, primaries: int, transfer: int, full: bool):
        self.matrix, self.primaries, self.transfer, self.full = matrix, primaries, transfer, full
        self._decoder, self._encoder = VideoReformatter(), VideoReformatter()

    @classmethod
    def of(cls, frame: av.VideoFrame, *, is_video: bool) -> Colours:
        """-> the coding of a film's first frame.

        Args:
            frame: the decoded frame.
            is_video: whether its codec is a video codec, in which gray also has values of 16 to 235 unless stated
                otherwise.
        """
        coded = frame.colorspace if frame.colorspace in _SWSCALE else None
        matrix = coded or (BT709 if frame.height >= HD or frame.width >= 1280 else SMPTE170M)
        rgb = frame.format.is_rgb
        full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
        if frame.format.name.startswith("gray") and frame.color_range == ColorRange.UNSPECIFIED:
            full = not is_video
        said = [value if value not in (0, UNSAID) else BT709 for value in (frame.color_primaries, frame.color_trc)]
        return cls(matrix, *said, full and not rgb)

    @property
    def is_hdr(self) -> bool:
        """Whether values are for an HDR screen."""
        return self.transfer in (PQ, HLG)

    def decoded(self, frame: av.VideoFrame, height: int, width: int, *, deep: bool) -> np.ndarray:
        """-> [height, width] or [height, width, 3] uint8, or uint16 if `deep`.

        Raises:
            OSError: if it cannot be converted.
        """
        gray = self._gray(frame, deep) if (frame.height, frame.width) == (height, width) else None
        if gray is not None:
            return gray
        range_ = ColorRange.JPEG if self.full else ColorRange.MPEG
        options = {} if frame.format.is_rgb else {"src_color_range": range_, "src_colorspace": _SWSCALE[self.matrix]}
        # Only lightness counts, so colours are enlarged the quicker way.
        smooth = Interpolation.BILINEAR | _ACCURATE
        options |= {"interpolation": smooth, "format": "rgb48le" if deep else "rgb24"}
        try:
            return self._decoder.reformat(frame, width, height, **options).to_ndarray()
        except (av.FFmpegError, ValueError) as error:
            raise OSError(f"a frame of {frame.format.name} cannot be converted ({error})") from error

    def _gray(self, frame, deep):
        """-> [H, W] of a frame without colour, otherwise None."""
        name, planes = frame.format.name, frame.planes
        if not (name.startswith(("yuv", "gray")) and len(planes) in (1, 3)) or name.endswith("be"):
            return None
        bits = frame.format.components[0].bits
        dtype = np.uint8 if bits == 8 else np.uint16
        if (len(planes) == 1) != name.startswith("gray") or not 8 <= bits <= 16:
            return None  # packed
        neutral = 1 << (bits - 1)
        for plane in planes[1:]:
            if (_values(plane, dtype) != neutral).any():
                return None
        luma = _values(planes[0], dtype)
        return _table(bits, self.full, deep)[luma]

    def encoded(self, rgb: np.ndarray, pixel_format: str) -> av.VideoFrame:
        """[H, W, 3] uint8 or uint16 -> a frame to encode."""
        frame = av.VideoFrame.from_ndarray(rgb, "rgb24" if rgb.dtype == np.uint8 else "rgb48le")
        options = {"format": pixel_format, "interpolation": Interpolation.BICUBIC | _ACCURATE}
        if pixel_format.startswith("yuv"):
            range_ = ColorRange.JPEG if self.full else ColorRange.MPEG
            options |= {"dst_color_range": range_, "dst_colorspace": _SWSCALE[self.matrix]}
        return self._encoder.reformat(frame, **options)


def _values(plane, dtype):
    """A plane of a frame -> [H, W]."""
    row = plane.line_size // np.dtype(dtype).itemsize
    return np.frombuffer(plane, dtype)[: row * plane.height].reshape(plane.height, row)[:, : plane.width]


@functools.cache
def _table(bits, full, deep):
    """-> the gray level of every value of luma."""
    scale, most = 1 << (bits - 8), 65535 if deep else 255
    values = np.arange(1 << (8 if bits == 8 else 16), dtype=np.float64)
    low, span = (0, (1 << bits) - 1) if full else (16 * scale, 219 * scale)
    return np.rint(np.clip((values - low) / span, 0, 1) * most).astype(np.uint16 if deep else np.uint8)


class Deinterlacer:
    """Makes a picture from two interlaced fields by FFmpeg's bwdif; other frames pass unchanged."""

    def __init__(self):
        self._graph, self._shape, self._count, self._given = None, None, 0, {}

    def __call__(self, frame: av.VideoFrame, time: Fraction | None):
        """Take the next frame and its time. -> finished frames and their times, a frame late."""
        shape = frame.format.name, frame.width, frame.height
        if shape != self._shape:
            yield from self.rest()
            self._shape, self._graph = shape, _graph("bwdif=mode=send_frame:parity=auto:deint=interlaced", frame)
        self._given[self._count] = time, frame.duration, frame.time_base
        frame.pts, frame.time_base = self._count, Fraction(1)
        self._count += 1
        self._graph.vpush(frame)
        yield from self._done()

    def rest(self):
        """-> the remaining frames, at the end."""
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._done()
            self._graph = self._shape = None

    def _done(self):
        while True:
            try:
                frame = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            time, duration, base = self._given.pop(round(frame.pts * frame.time_base))
            if duration and base:
                frame.time_base, frame.duration = base, duration
            yield frame, time


def _graph(words, frame):
    """-> a filter graph for frames like this."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1))
    name, _, options = words.partition("=")
    graph.link_nodes(source, graph.add(name, options), graph.add("buffersink")).configure()
    return graph
