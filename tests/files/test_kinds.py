"""Kinds told by content: of files that other programs write, of beginnings out of the standards, of neither."""

import av
import numpy as np
import pytest
from PIL import Image, features

from colorgan.files import kinds, suffixes

PIXELS = Image.fromarray(np.random.RandomState(0).randint(0, 256, (32, 48, 3)).astype(np.uint8))


def test_pictures_that_pillow_writes(tmp_path):
    known = {"GIF": "GIF", "PNG": "PNG", "JPEG": "JPEG", "WEBP": "WebP", "BMP": "BMP", "PPM": "PNM"}
    known |= {"TIFF": "TIFF or camera raw", "JPEG2000": "JPEG 2000"}
    known |= {"AVIF": "AVIF"} if features.check("avif") else {}
    for written, named in known.items():
        PIXELS.save(tmp_path / "no suffix", written)
        assert (kinds.of(tmp_path / "no suffix"), kinds.name(tmp_path / "no suffix")) == ("picture", named)


@pytest.mark.parametrize("format", ["gif", "webp"])
def test_what_moves_is_a_film(tmp_path, format):
    PIXELS.save(tmp_path / "still", format)
    PIXELS.save(tmp_path / "moving", format, save_all=True, append_images=[PIXELS.rotate(180)])
    assert (kinds.of(tmp_path / "still"), kinds.of(tmp_path / "moving")) == ("picture", "film")


@pytest.mark.parametrize(
    ("container", "codec", "named"),
    [
        ("mp4", "mpeg4", "MP4"),
        ("mov", "mpeg4", "QuickTime"),
        ("3gp", "mpeg4", "3GP"),
        ("matroska", "mpeg4", "Matroska or WebM"),
        ("avi", "mpeg4", "AVI"),
        ("vob", "mpeg2video", "MPEG"),
        ("mpegts", "mpeg2video", "MPEG transport stream"),
        ("flv", "flv1", "Flash video"),
        ("asf", "wmv2", "Windows Media"),
        ("nut", "mpeg4", "NUT"),
        ("wtv", "mpeg2video", "Windows TV recording"),
    ],
)
def test_films_that_ffmpeg_writes(tmp_path, container, codec, named):
    with av.open(tmp_path / "film", "w", format=container) as film:
        stream = film.add_stream(codec, rate=25, width=48, height=32, pix_fmt="yuv420p")
        frames = [av.VideoFrame.from_image(PIXELS) for _ in range(3)]
        for packet in [packet for frame in (*frames, None) for packet in stream.encode(frame)]:
            film.mux(packet)
    assert (kinds.of(tmp_path / "film"), kinds.name(tmp_path / "film")) == ("film", named)


@pytest.mark.parametrize(
    ("begins", "kind", "named"),
    [
        # ISO/IEC 14496-12: a box's length, its type, the major brand, a version, other brands.
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "picture", "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "picture", "HEIC"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "picture", "camera raw"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0M4A isom", "", ""),  # sound
        (b"\0\0\0\x08wide\0\0\x10\0mdat", "film", "QuickTime"),  # Apple's QuickTime File Format, before brands
        (b"\0\0\0\x0cJXL \r\n\x87\n", "picture", "JPEG XL"),  # ISO/IEC 18181-2
        (b"8BPS\0\1", "picture", "Photoshop"),  # Adobe's file format specification
        (b"II*\0\x10\0\0\0CR\2\0", "picture", "camera raw"),  # Canon's, which is a TIFF
        (b"OggS\0\2" + bytes(22) + b"\x80theora", "film", "Ogg"),
        (b"OggS\0\2" + bytes(22) + b"\1vorbis", "", ""),  # sound
        (b"BM" + b"any text that begins with these", "", ""),
        (b"The free software", "", ""),
        (b"P5 is not a picture", "", ""),
        (b"", "", ""),
    ],
)
def test_beginnings(tmp_path, begins, kind, named):
    (tmp_path / "a").write_bytes(begins)
    assert (kinds.of(tmp_path / "a"), kinds.name(tmp_path / "a")) == (kind, named)


def test_what_cannot_be_opened_is_neither(tmp_path):
    assert kinds.of(tmp_path) == kinds.of(tmp_path / "none") == ""


def test_no_suffix_is_of_two_kinds():
    assert not set(suffixes.PICTURES) & set(suffixes.FILMS)
