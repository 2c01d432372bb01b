"""Joins the segments of a film and the other streams of its source into one file.

Owns the order of packets in the file, and the attempts after a container refuses a stream. Imports its neighbours in
this room.
"""

from __future__ import annotations

import contextlib
import errno
from fractions import Fraction
from pathlib import Path

import av

from colorgan.files import suffixes
from colorgan.files.films import containers, encoding, reading, tracks

_FINE = Fraction(1, 90000)  # seconds
_OF_THE_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS, errno.EACCES}


class _Refused(Exception):
    """A container does not take the stream of this index; None: an unknown stream."""

    def __init__(self, index):
        super().__init__(index)
        self.index = index


def join(segments, coding: encoding.Coding, source: Path | None, path: Path, *, remark: str = "") -> list[str]:
    """Write a film: the picture from the segments; sound, subtitles, chapters and tags from its source.

    Args:
        segments: `segments.Segments`, complete.
        coding: their coding.
        source: the original film; None: nothing is copied from it, as for GIF and WebP.
        path: the file to write.
        remark: a sentence added to its comment.

    Returns:
        Notes on streams that were coded again or left out.

    Raises:
        OSError: if it cannot be written.
    """
    with _opened(source) as container:
        fates = tracks.fates(container, reading.picture(container), path) if container else {}
    while True:
        # Each attempt opens the source again.
        with _opened(source) as container:
            try:
                _write(segments, coding, container, path, fates, remark)
            except _Refused as refused:
                blamed = [i for i, fate in fates.items() if fate != tracks.LEAVE and refused.index in (i, None)]
                if not blamed:
                    raise OSError(f"{path.name} cannot be written ({refused.__cause__})") from refused.__cause__
                fates |= {i: tracks.worse(container.streams[i], path, fates[i]) for i in blamed}
                continue
            said = [tracks.note(container.streams[i], container, path, fate) for i, fate in fates.items()]
            return [text for text in dict.fromkeys(said) if text]


def _opened(source):
    return reading.opened(source) if source else contextlib.nullcontext()


def _write(segments, coding, source, path, fates, remark):
    wanted = containers.CONTAINERS[suffixes.of(path)]
    options = dict(wanted.options)
    output = av.open(f"file:{path.resolve()}", "w", format=wanted.muxer, container_options=options)
    try:
        output.metadata.update(tracks.remarked(tracks.described(source.metadata) if source else {}, remark))
        film, outlets = _streams(output, coding, source, wanted, fates) if source else (_film(output, coding), {})
        output.start_encoding()
        _mux(output, film, _begun(segments.packets(coding.time_base), coding.begin), source, outlets)
        output.close()
    except BaseException as error:
        with contextlib.suppress(av.FFmpegError):  # after a failed write, closing fails too
            output.close()
        if isinstance(error, av.FFmpegError) and error.errno not in _OF_THE_DISK:
            raise _Refused(None) from error
        raise


def _streams(output, coding, source, wanted, fates):
    """-> the stream of the film, and {index of another: receiver of its packets}; chapters are copied too."""
    film, outlets, picture, covers = None, {}, reading.picture(source), _covers(source, fates)
    for stream in source.streams:
        fate = fates.get(stream.index)
        if stream is picture:
            film = _film(output, coding)
            film.metadata.update(tracks.described(stream.metadata))
            film.disposition = stream.disposition
        elif fate == tracks.CODE:
            outlets[stream.index] = tracks.Recoder(output, stream, wanted.encoder)
        elif fate == tracks.COPY and stream.index in covers and wanted.muxer == "matroska":
            kind = "png" if stream.codec_context.name == "png" else "jpeg"
            output.add_attachment(f"cover.{kind[:3]}", f"image/{kind}", covers[stream.index])
        elif fate == tracks.COPY:
            outlets[stream.index] = tracks.add(output, stream)
    output.set_chapters(_chapters(source.chapters(), Fraction(source.start_time or 0, av.time_base)))
    return film, outlets


def _film(output, coding):
    made = output.add_stream(coding.codec.encoder, rate=coding.rate)
    coding.apply(made.codec_context)
    made.time_base = _FINE if coding.begin else coding.time_base
    if coding.codec.encoder == "libx265" and coding.muxer in ("mp4", "mov"):
        made.codec_context.codec_tag = "hvc1"  # required by Apple's players
    return made


def _covers(source, fates):
    """-> {index: the file} of still pictures in the film; demuxers give them first."""
    found = {one.index: b"" for one in source.streams if reading.is_cover(one) and fates[one.index] == tracks.COPY}
    if found:
        with reading.opened(Path(source.name.removeprefix("file:"))) as other:
            for packet, _ in reading.packets(other):
                if packet.stream.index in found and packet.size:
                    found[packet.stream.index] = bytes(packet)
                if all(found.values()):
                    break
    return found


def _chapters(chapters, begins):
    """-> chapters, with times from 0."""
    moved = []
    for one in chapters:
        shift = round(begins / one["time_base"]) if one["time_base"] else 0
        moved.append({**one, "start": max(0, one["start"] - shift), "end": max(1, one["end"] - shift)})
    return moved


def _mux(output, film, made, source, outlets):
    """Write all packets; a picture's packet precedes later packets of others."""
    waiting, last = next(made, None), {}
    for packet, shift in reading.packets(source) if outlets else ():
        index = packet.stream.index
        if reading.is_cover(packet.stream):
            packet.dts = packet.pts = packet.dts or 0  # a packet without time
        outlet, stamp = outlets.get(index), packet.dts if packet.dts is not None else packet.pts
        if outlet is None or stamp is None or not packet.size:
            continue
        now = stamp * packet.time_base + shift
        while waiting is not None and waiting.dts * waiting.time_base <= now:
            waiting = _show(output, film, waiting, made)
        with _blamed(index):
            if isinstance(outlet, tracks.Recoder):
                output.mux(outlet(packet, shift))
            else:
                _move(packet, shift, last)
                packet.stream = outlet
                output.mux_one(packet)
    while waiting is not None:
        waiting = _show(output, film, waiting, made)
    for index, outlet in outlets.items():
        if isinstance(outlet, tracks.Recoder):
            with _blamed(index):
                output.mux(outlet.rest())


def _begun(made, begin):
    """-> packets, delayed by the film's beginning."""
    for packet in made:
        if begin:
            shown, decoded = (round((begin + stamp * packet.time_base) / _FINE) for stamp in (packet.pts, packet.dts))
            packet.duration, packet.time_base = round(packet.duration * packet.time_base / _FINE), _FINE
            packet.pts, packet.dts = shown, decoded
        yield packet


def _show(output, film, packet, made):
    packet.stream = film
    output.mux_one(packet)
    return next(made, None)


@contextlib.contextmanager
def _blamed(index):
    """Within: errors are attributed to a stream, except errors of the disk."""
    try:
        yield
    except (av.FFmpegError, ValueError) as error:
        if getattr(error, "errno", None) in _OF_THE_DISK:
            raise
        raise _Refused(index) from error


def _move(packet, shift, last):
    """Shift a packet's times to begin at 0; decoding times rise."""
    index, by = packet.stream.index, round(shift / packet.time_base)
    decoded = (packet.dts if packet.dts is not None else packet.pts) + by
    shown = decoded if packet.pts is None else packet.pts + by
    if index in last:
        decoded = max(decoded, last[index] + 1)
    packet.dts, packet.pts, last[index] = decoded, max(shown, decoded), decoded
