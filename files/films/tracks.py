"""What a film has beside its picture: sound, subtitles, covers, attachments, data; what becomes of each.

Owns the choice between copying, coding anew and leaving out, and the notes on it. Imports its neighbours in this room.
"""

from __future__ import annotations

import io
from fractions import Fraction

import av

from colorgan.files import suffixes
from colorgan.files.films import containers, reading

COPY, CODE, LEAVE = "copy", "code", "leave"
_BITS_PER_CHANNEL, _MOST_BITS = 128_000, 448_000
_SURROUND = {"aac", "flac", "libopus", "ac3"}  # encoders of more than two channels
_RATES = {  # that encoders are limited to, Hz
    "libopus": (48000,),
    "ac3": (32000, 44100, 48000),
    "mp2": (16000, 22050, 24000, 32000, 44100, 48000),
    "libmp3lame": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    "wmav2": (8000, 11025, 16000, 22050, 32000, 44100, 48000),
    "aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
}
_COVERED = ("mp4", "mov", "matroska")  # hold a still picture beside a film
# Muxers that take any subtitles, also those that nobody could read out of them.
_TEXTS = {"mpegts": ("dvb_subtitle", "dvb_teletext", "hdmv_pgs_subtitle"), "vob": ("dvd_subtitle",)}
_WORDS = {"audio": "sound", "subtitle": "subtitles", "video": "picture", "attachment": "attachment", "data": "data"}
# Of streams and files, what describes how they were written, and not what they are.
_BUILT = (
    *("encoder", "major_brand", "minor_version", "compatible_brands", "vendor_id", "DURATION", "_STATISTICS", "BPS"),
    *("NUMBER_OF_", "duration", "filesize", "metadatacreator", "hasVideo", "hasAudio"),
)


def described(metadata: dict) -> dict:
    """-> what of a file's or stream's tags describes the film."""
    kept = {name: value for name, value in metadata.items() if not name.startswith(_BUILT)}
    # What MP4's reader calls a track's name its writer calls title.
    return kept if "name" not in kept or "title" in kept else kept | {"title": kept["name"]}


def remarked(metadata: dict, remark: str) -> dict:
    """-> a file's tags, with a sentence more in its comment; not twice."""
    name = next((one for one in metadata if one.lower() == "comment"), "comment")
    before = metadata.get(name, "")
    return metadata if remark in before else metadata | {name: f"{before}\n{remark}".strip()}


def fates(source, picture, target) -> dict[int, str]:
    """-> {index of a stream: `COPY`, `CODE` or `LEAVE`}, of all streams but the picture itself.

    Args:
        source: the container that is read.
        picture: its stream that is coloured.
        target: the file that is written.
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
    """-> what is tried next with a stream that a container has refused."""
    can = stream.type == "audio" and fate == COPY and containers.CONTAINERS[suffixes.of(target)].encoder
    return CODE if can and stream.codec_context is not None else LEAVE


def is_rebuilt(stream, source) -> bool:
    """-> whether a stream of data is made anew out of what is kept elsewhere: a time code, chapters."""
    return stream.type == "data" and ("timecode" in stream.metadata or bool(source.chapters()))


def _takes(muxer, stream):
    """Whether a container takes a stream as it is: whether it writes a header with it."""
    trial = av.open(io.BytesIO(), "w", format=muxer)
    try:
        add(trial, stream)
        trial.start_encoding()
        trial.close()
    except (av.FFmpegError, ValueError):
        return False
    return True


def add(output, stream):
    """-> the stream of a container that is written which takes another one's packets as they are."""
    made = output.add_stream_from_template(stream, opaque=True)
    made.metadata.update(described(stream.metadata))
    made.disposition = stream.disposition
    return made


def note(stream, source, target, fate) -> str:
    """-> what there is to say of a stream's fate; empty: nothing."""
    if fate == COPY or is_rebuilt(stream, source):
        return ""
    words, suffix = _WORDS.get(stream.type, "data"), suffixes.of(target)
    codec = stream.codec_context.codec.canonical_name if stream.codec_context else getattr(stream, "name", None)
    codec = codec or "of an unknown kind"
    if fate == CODE:
        new = av.Codec(containers.CONTAINERS[suffix].encoder, "w").canonical_name
        return f"its {words} ({codec}) is coded anew as {new}, since {suffix} files do not hold it as it is"
    if stream.type == "video":
        reason = (
            f"{suffix} files hold no such cover" if reading.is_cover(stream) else "only the main picture is coloured"
        )
        return f"its other picture ({codec}) is left out: {reason}"
    are, them = ("are", "them") if words == "subtitles" else ("is", "it")
    return f"its {words} ({codec}) {are} left out: {suffix} files do not hold {them}"


class Recoder:
    """Codes the sound of a stream anew.

    Args:
        output: the container that is written.
        stream: the one that is read.
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
        if encoder != "flac":  # which loses nothing
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
            return []  # a damaged stretch: the times of what follows are its own
        made = []
        for frame in decoded:
            if frame.pts is not None and frame.time_base:
                frame.pts += round(self._shift / frame.time_base)
            made += self._coded(self._resampler.resample(frame))
        return made

    def rest(self) -> list:
        """-> the packets that are left, at the end."""
        held = self._decoded(None)  # some decoders give a frame only when the next packet comes
        return [*held, *self._coded(self._resampler.resample(None)), *self.stream.encode(None)]

    def _coded(self, resampled):
        return [packet for frame in resampled for packet in self.stream.encode(frame)]
