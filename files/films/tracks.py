"""The other streams of a film: sound, subtitles, covers, attachments, data; what is done with each.

Owns the choice between copying, coding again and leaving out, and the notes on it. Imports its neighbours in this room.
"""

from __future__ import annotations

import io
from fractions import Fraction

import av

from colorgan.files import suffixes
from colorgan.files.films import containers, reading

COPY, CODE, LEAVE = "copy", "code", "leave"
_BITS_PER_CHANNEL, _MOST_BITS = 128_000, 448_000
_SURROUND = {"aac", "flac", "libopus", "ac3"}  # encoders for more than two channels
_RATES = {  # sample rates of limited encoders, Hz
    "libopus": (48000,),
    "ac3": (32000, 44100, 48000),
    "mp2": (16000, 22050, 24000, 32000, 44100, 48000),
    "libmp3lame": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    "wmav2": (8000, 11025, 16000, 22050, 32000, 44100, 48000),
    "aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
}
_COVERED = ("mp4", "mov", "matroska")  # hold a still picture with a film
# Muxers that take any subtitles, even unreadable ones.
_TEXTS = {"mpegts": ("dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle"), "vob": ("dvd_subtitle",)}
_WORDS = {"audio": "sound", "subtitle": "subtitles", "video": "picture", "attachment": "attachment", "data": "data"}
# Tags of streams and files that describe how they were written.
_BUILT = (
    *("encoder", "major_brand", "minor_version", "compatible_brands", "vendor_id", "DURATION", "_STATISTICS", "BPS"),
    *("NUMBER_OF_", "duration", "filesize", "metadatacreator", "hasVideo", "hasAudio"),
)


def described(metadata: dict) -> dict:
    """-> the tags of a file or stream that describe the film."""
    kept = {name: value for name, value in metadata.items() if not name.startswith(_BUILT)}
    # MP4's reader says name, its writer says title.
    return kept if "name" not in kept or "title" in kept else kept | {"title": kept["name"]}


def remarked(metadata: dict, remark: str) -> dict:
    """-> a file's tags, with a sentence added to its comment once."""
    name = next((one for one in metadata if one.lower() == "comment"), "comment")
    before = metadata.get(name, "")
    return metadata if remark in before else metadata | {name: f"{before}\n{remark}".strip()}


def fates(source, picture, target) -> dict[int, str]:
    """-> {index of a stream: `COPY`, `CODE` or `LEAVE`}, of all streams but the picture itself.

    Args:
        source: the source container.
        picture: its coloured stream.
        target: the file to write.
    """
    return {one.index: _fate(one, source, target) for one in source.streams if one.index != picture.index}


def _fate(stream, source, target):
    container = containers.CONTAINERS[suffixes.of(target)]
    if stream.type == "audio":
        if stream.codec_context is None:
            return LEAVE
        if not container.sound or stream.codec_context.codec.canonical_name in container.sound:
            return COPY if container.encoder and _takes(container.muxer, stream) else worse(stream, target, COPY)
        return worse(stream, target, COPY)
    if reading.is_cover(stream):
        return COPY if container.muxer in _COVERED else LEAVE
    if stream.type == "video" or is_rebuilt(stream, source):
        return LEAVE
    texts = _TEXTS.get(container.muxer)
    if texts and stream.type == "subtitle" and stream.codec_context.codec.canonical_name not in texts:
        return LEAVE
    return COPY if _takes(container.muxer, stream) else LEAVE


def worse(stream, target, fate) -> str:
    """-> the next attempt for a refused stream."""
    can = stream.type == "audio" and fate == COPY and containers.CONTAINERS[suffixes.of(target)].encoder
    return CODE if can and stream.codec_context is not None else LEAVE


def is_rebuilt(stream, source) -> bool:
    """-> whether a data stream is recreated from other kept data: a time code, chapters."""
    return stream.type == "data" and ("timecode" in stream.metadata or bool(source.chapters()))


def _takes(muxer, stream):
    """Whether a container takes a copied stream: whether it writes a header with it."""
    trial = av.open(io.BytesIO(), "w", format=muxer)
    try:
        add(trial, stream)
        trial.start_encoding()
        trial.close()
    except (av.FFmpegError, ValueError):
        return False
    return True


def add(output, stream):
    """-> a stream of the target for copied packets of another stream."""
    made = output.add_stream_from_template(stream, opaque=True)
    made.metadata.update(described(stream.metadata))
    made.disposition = stream.disposition
    return made


def note(stream, source, target, fate) -> str:
    """-> the note on a stream; empty: none."""
    if fate == COPY or is_rebuilt(stream, source):
        return ""
    words, suffix = _WORDS.get(stream.type, "data"), suffixes.of(target)
    codec = stream.codec_context.codec.canonical_name if stream.codec_context else getattr(stream, "name", None)
    codec = codec or "of an unknown kind"
    if fate == CODE:
        new = av.Codec(containers.CONTAINERS[suffix].encoder, "w").canonical_name
        return f"its {words} ({codec}) is coded again as {new}, because {suffix} files cannot hold it unchanged"
    if stream.type == "video":
        reason = (
            f"{suffix} files cannot hold such a cover"
            if reading.is_cover(stream)
            else "only the main picture is coloured"
        )
        return f"its other picture ({codec}) is left out: {reason}"
    are, them = ("are", "them") if words == "subtitles" else ("is", "it")
    return f"its {words} ({codec}) {are} left out: {suffix} files cannot hold {them}"


class Recoder:
    """Codes the sound of a stream again.

    Args:
        output: the target container.
        stream: the source stream.
        encoder: FFmpeg's name of it.
    """

    def __init__(self, output, stream, encoder: str):
        context = stream.codec_context
        self._source, self._shift = stream, Fraction(0)
        rates = _RATES.get(encoder)
        rate = context.sample_rate or 48000
        if rates and rate not in rates:
            rate = next((one for one in rates if one >= rate), rates[-1])
        channels = context.layout.nb_channels or 2
        layout = (
            context.layout.name if encoder in _SURROUND and channels <= 6 else "mono" if channels == 1 else "stereo"
        )
        layout = {1: "mono", 2: "stereo"}.get(channels, layout)
        self.stream = output.add_stream(encoder, rate=rate, layout=layout)
        if encoder != "flac":  # lossless
            self.stream.bit_rate = min(_BITS_PER_CHANNEL * self.stream.layout.nb_channels, _MOST_BITS)
        self.stream.metadata.update(described(stream.metadata))
        self.stream.disposition = stream.disposition
        self._resampler = av.AudioResampler(format=self.stream.format, layout=layout, rate=rate)

    def __call__(self, packet, shift: Fraction) -> list:
        """Take a packet, and the seconds to add to its times. -> packets of the new sound."""
        self._shift = shift
        return self._decoded(packet)

    def _decoded(self, packet):
        try:
            decoded = self._source.decode(packet)
        except (av.FFmpegError, ValueError):
            return []  # after a damaged part, times start again
        made = []
        for frame in decoded:
            if frame.pts is not None and frame.time_base:
                frame.pts += round(self._shift / frame.time_base)
            made += self._coded(self._resampler.resample(frame))
        return made

    def rest(self) -> list:
        """-> the remaining packets, at the end."""
        held = self._decoded(None)  # some decoders give a frame only with the next packet
        return [*held, *self._coded(self._resampler.resample(None)), *self.stream.encode(None)]

    def _coded(self, resampled):
        return [packet for frame in resampled for packet in self.stream.encode(frame)]
