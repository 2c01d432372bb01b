"""Write an animation's segments as a moving GIF or WebP file; FFmpeg writes GIFs, Pillow writes WebP.

FFmpeg's WebP loses transparency and the duration of the last frame. Imports its neighbours in this room.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import av.filter
from PIL import Image

from colorgan.files import suffixes
from colorgan.files.films import encoding

WEBP_QUALITY = 90
_CENTISECOND = Fraction(1, 100)  # GIF's unit


def animate(segments, coding: encoding.Coding, path: Path, *, loop: int | None, xmp: bytes = b"") -> None:
    """Write an animation.

    Args:
        segments: `segments.Segments`, complete.
        coding: their lossless coding.
        path: the file to write.
        loop: see `animations.Animation`.
        xmp: a packet for WebP files.

    Raises:
        OSError: if it cannot be written.
    """
    durations = [packet.duration * coding.time_base for packet in segments.packets(coding.time_base)]
    frames = _frames(segments, coding)
    if suffixes.of(path) == ".gif":
        _write_gif(frames, durations, coding, path, -1 if loop is None else loop)
    else:
        _write_webp(frames, durations, coding, path, {"loop": 1 if loop is None else loop, "xmp": xmp})


def _write_webp(frames, durations, coding, path, options):
    pictures = (Image.fromarray(frame.to_ndarray(format="rgba")) for frame in frames)
    first, rest = next(pictures), [_Reel(pictures, len(durations) - 1)] if len(durations) > 1 else []
    shown = [round(1000 * duration) for duration in durations]
    # libwebp loses transparency in frames coded as differences.
    whole = {"kmin": 0, "kmax": 1} if coding.alpha else {}
    options |= {"duration": shown, "quality": WEBP_QUALITY, **whole}
    first.save(path, save_all=True, append_images=rest, **options)


class _Reel:
    """Looks to Pillow like an image of several frames, but holds one at a time."""

    def __init__(self, pictures, count):
        self.n_frames, self._pictures, self._picture = count, pictures, None

    def seek(self, index):
        self._picture = next(self._pictures)

    def __getattr__(self, name):
        return getattr(self._picture, name)


def _write_gif(frames, durations, coding, path, loop):
    options = {"loop": str(loop), "final_delay": str(round(durations[-1] / _CENTISECOND))}
    with av.open(f"file:{path.resolve()}", "w", format="gif", container_options=options) as output:
        made, palette, time = output.add_stream("gif", rate=25), _palette(coding), Fraction(0)
        context = made.codec_context
        context.height, context.width = coding.height, coding.width
        context.time_base, context.pix_fmt = _CENTISECOND, "pal8"
        for frame, duration in zip(frames, durations, strict=True):
            palette.vpush(frame)
            drawn = palette.vpull()
            drawn.pts, drawn.time_base = round(time / _CENTISECOND), _CENTISECOND
            time += duration
            output.mux(made.encode(drawn))
        output.mux(made.encode(None))


def _frames(segments, coding):
    """-> the coloured frames."""
    coder, decoder = encoding.Encoder(coding, None), av.CodecContext.create(coding.codec.encoder, "r")
    decoder.extradata, (decoder.height, decoder.width) = coder.extradata, coding.size
    decoder.thread_type = "SLICE"  # a packet gives one frame
    for packet in segments.packets(coding.time_base):
        yield from decoder.decode(packet)


def _palette(coding):
    """-> a filter graph that draws each frame with its best 256 colours."""
    graph, pixels = av.filter.Graph(), av.VideoFormat(coding.pixels)
    source = graph.add_buffer(width=coding.width, height=coding.height, format=pixels, time_base=coding.time_base)
    split, sink = graph.add("split"), graph.add("buffersink")
    chosen = graph.add("palettegen", f"stats_mode=single:reserve_transparent={int(coding.alpha)}")
    drawn = graph.add("paletteuse", "new=1:dither=sierra2_4a")
    source.link_to(split)
    split.link_to(drawn, 0, 0)
    split.link_to(chosen, 1, 0)
    chosen.link_to(drawn, 0, 1)
    drawn.link_to(sink)
    graph.configure()
    return graph
