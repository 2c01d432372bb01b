"""Containers: those that are written, their codecs, and the sound and subtitles that they hold.

Only tables, and the rules that choose from them. Imports `files.suffixes`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from colorgan.files import suffixes


@dataclass(frozen=True)
class Codec:
    """A codec for pictures.

    Attributes:
        encoder: FFmpeg's name of it.
        pixels: the pixel format for 8 bits.
        deep: the pixel format for more than 8 bits; empty: none.
        quality: default constant rate factor or quantizer; lower is better. None: it has none.
        worst: the largest value.
        options: further options of the encoder, with {quality} as placeholder.
        full: whether values can use the full range.
        fixed: whether its frames must be evenly spaced.
        lossless: whether it is lossless.
    """

    encoder: str
    pixels: str = "yuv420p"
    deep: str = ""
    quality: float | None = None
    worst: float = 51
    options: tuple = ()
    full: bool = True
    fixed: bool = False
    lossless: bool = False


_QUANTIZER = (("qmin", "{quality}"), ("qmax", "{quality}"))
CODECS = {
    "h264": Codec("libx264", deep="yuv420p10le", quality=18, options=(("crf", "{quality}"), ("preset", "medium"))),
    "hevc": Codec(
        "libx265",
        deep="yuv420p10le",
        quality=20,
        options=(("crf", "{quality}"), ("preset", "fast"), ("x265-params", "log-level=none")),
    ),
    "av1": Codec(
        "libsvtav1",
        deep="yuv420p10le",
        quality=24,
        worst=63,
        options=(("crf", "{quality}"), ("preset", "7")),
    ),
    "vp9": Codec(
        "libvpx-vp9", quality=24, worst=63, options=(("crf", "{quality}"), ("row-mt", "1"), ("cpu-used", "2"))
    ),
    "vp8": Codec("libvpx", quality=8, worst=63, options=(("crf", "{quality}"), ("cpu-used", "1")), full=False),
    "mpeg4": Codec("mpeg4", quality=2, worst=31, options=_QUANTIZER, full=False),
    "mpeg2": Codec("mpeg2video", quality=3, worst=31, options=_QUANTIZER, full=False, fixed=True),
    "wmv2": Codec("wmv2", quality=3, worst=31, options=_QUANTIZER, full=False),
    "prores": Codec("prores_ks", "yuv422p10le", "yuv422p10le", options=(("profile", "hq"),), full=False),
    "ffv1": Codec("ffv1", "bgr0", "gbrp16le", options=(("level", "3"), ("slicecrc", "1")), lossless=True),
}


@dataclass(frozen=True)
class Container:
    """A container for films.

    Attributes:
        muxer: FFmpeg's name of it.
        codecs: of `CODECS`; the first is the default.
        sound: codecs that are copied, by canonical names; empty: all that its muxer takes.
        encoder: FFmpeg's encoder for other sound; empty: it holds none.
        even: whether its frames are evenly spaced.
        options: of the muxer.
    """

    muxer: str
    codecs: tuple
    sound: tuple = ()
    encoder: str = "aac"
    even: bool = False
    options: tuple = ()


_MP4_SOUND = ("aac", "alac", "mp3", "mp2", "ac3", "eac3", "dts", "opus", "flac", "truehd")
_MP4 = Container("mp4", ("h264", "hevc", "av1", "vp9", "mpeg4", "ffv1"), _MP4_SOUND)
_MOV = Container("mov", ("h264", "hevc", "prores", "mpeg4"))
_TS_SOUND = ("aac", "mp2", "mp3", "ac3", "eac3", "dts", "opus")
_TS = Container("mpegts", ("h264", "hevc", "mpeg2"), _TS_SOUND)
_M2TS = Container(
    "mpegts",
    ("h264", "hevc", "mpeg2"),
    (*_TS_SOUND, "truehd", "pcm_bluray"),
    "ac3",
    options=(("mpegts_m2ts_mode", "1"),),
)
_PS_SOUND = ("mp1", "mp2", "mp3", "ac3", "dts", "pcm_dvd")
_PS = Container("vob", ("mpeg2", "h264"), _PS_SOUND, "mp2")
_ASF = Container("asf", ("wmv2", "h264"), encoder="wmav2")
_3GP = Container("3gp", ("h264", "mpeg4"), ("aac", "amr_nb", "amr_wb"))
_AVI_SOUND = ("mp3", "mp2", "ac3", "aac", "pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_alaw")
_AVI = Container("avi", ("mpeg4", "h264", "ffv1"), (*_AVI_SOUND, "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav", "dts"),
                 "libmp3lame", even=True)  # fmt: skip
CONTAINERS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": _MOV,
    ".qt": _MOV,
    ".f4v": Container("f4v", ("h264",), ("aac", "mp3")),
    ".avi": _AVI,
    ".divx": _AVI,
    ".mkv": Container("matroska", ("h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2", "prores", "ffv1"), encoder="flac"),
    ".webm": Container("webm", ("vp9", "av1"), ("vorbis", "opus"), "libopus"),
    ".mpg": _PS,
    ".mpeg": _PS,
    ".vob": _PS,
    ".ts": _TS,
    ".m2t": _TS,
    ".mts": _M2TS,
    ".m2ts": _M2TS,
    ".wmv": _ASF,
    ".asf": _ASF,
    ".flv": Container("flv", ("h264",), ("aac", "mp3", "speex", "nellymoser", "adpcm_swf")),
    ".3gp": _3GP,
    ".3g2": _3GP,
    ".ogv": Container("ogv", ("vp8",), ("vorbis", "opus", "flac", "speex"), "libopus", even=True),
    # Joined from lossless segments; see `files.films.joining`.
    ".gif": Container("gif", ("ffv1",), encoder=""),
    ".webp": Container("webp", ("ffv1",), encoder=""),
}
OTHERS = ".mkv"  # container for films whose container is only read
ANIMATIONS = (".gif", ".webp")


def suffix(path) -> str:
    """-> the suffix of a film's result: its suffix, as spelled, or `OTHERS` if its container is only read."""
    return os.path.splitext(path)[1] if suffixes.of(path) in CONTAINERS else OTHERS


def codec_for(target, *, name: str = "", deep: bool = False, source: str = "") -> str:
    """-> the name in `CODECS` of a film's codec.

    Args:
        target: the file to write.
        name: the wanted codec; empty: the container's default.
        deep: whether the film has more than 8 bits; they are kept if a codec of the container can.
        source: the film's present codec.

    GIF and WebP have fixed codecs; their segments are lossless.

    Raises:
        ValueError: if the container does not take the wanted codec.
    """
    known = CONTAINERS[suffixes.of(target)].codecs
    if suffixes.of(target) in ANIMATIONS:
        return known[0]
    if name and name not in known:
        raise ValueError(
            f"`--film-codec` of {suffixes.of(target)} files must be one of {', '.join(known)}. Received: {name!r}. "
            "Choose one of these, or convert the film to .mkv first, which takes nearly all codecs."
        )
    if name or not deep:
        return name or known[0]
    able = [one for one in known if CODECS[one].deep]
    return next((one for one in (source, "hevc", "av1", "ffv1") if one in able), known[0])
