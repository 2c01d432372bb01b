"""Films out of files: times, shape and colours as the file says them, whatever its header promises."""

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from colorgan.files import suffixes
from colorgan.files.films import containers, frames, reading

FORMATS = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


def table():
    """The table of films as it should be; paste this into docs/formats.md when it differs."""
    names, rows = {}, []
    for suffix, container in containers.CONTAINERS.items():
        names.setdefault(container, []).append(suffix)
    for container, spelled in names.items():
        if container.encoder:
            deep = containers.codec_for(f"a{spelled[0]}", deep=True)
            sound = " ".join(container.sound) or "whatever the container holds"
            other = av.Codec(container.encoder, "w").canonical_name
            cells = " ".join(container.codecs), deep if containers.CODECS[deep].deep else "", sound, other
            rows.append(f"| {' '.join(spelled)} | {' | '.join(cells)} |".replace("|  |", "| |"))
    return rows


def test_the_table_of_films_is_what_is_done():
    rows = [line for line in FORMATS.splitlines() if line.startswith("| .") and line.count("|") == 6]
    assert rows == table()
    words = set(FORMATS.replace("`", " ").split())
    assert [one for one in (*suffixes.FILMS, *containers.ANIMATIONS) if one not in words] == []


def read(path):
    """-> the film, closed, and its frames."""
    film = reading.read(path)
    found = list(film)
    film.close()
    return film, found


def levels(found):
    return [round(float(one.pixels.mean())) for one in found]


def times(found):
    return [one.time for one in found]


def test_times_are_the_films_own(tmp_path, make_film):
    shown = [Fraction(n, 100) for n in (0, 4, 8, 58, 59, 90)]
    film, found = read(make_film(tmp_path / "a.mp4", range(50, 110, 10), times=shown, codec="mpeg4", late=0.25,
                                 sound=("aac", 1)))  # fmt: skip
    assert times(found) == [Fraction(1, 4) + time for time in shown] and film.begin == Fraction(1, 4)
    assert found[3].duration == Fraction(1, 100) and film.stated == 6 and film.notes == []


def test_gray_levels_are_exact_and_colours_close(tmp_path, make_film):
    """Luma 16 to 235 is 0 to 255 (ITU-R BT.709, 3.5), or all of it where the film says so."""
    ramp = np.arange(0, 256, dtype=np.uint8).repeat(2).reshape(16, 32)
    for pixels, colours in [("yuv420p", {}), ("yuv444p10le", {}), ("gray", {}), ("gray10le", {}), ("bgr0", {}),
                            ("yuv420p", {"dst_color_range": 2})]:  # fmt: skip
        path = make_film(tmp_path / f"{pixels}.mkv", [ramp], size=ramp.shape, pixels=pixels, colours=colours)
        film, (one,) = read(path)
        deep = "10" in pixels
        assert (film.deep, one.pixels.dtype) == (deep, np.uint16 if deep else np.uint8)
        assert one.pixels.ndim == (3 if pixels == "bgr0" else 2)
        gray = one.pixels / (257 if deep else 1)
        assert np.abs(gray.reshape(16, 32, -1) - ramp[..., None]).max() <= 1, pixels
    orange = np.full((16, 32, 3), (200, 120, 40), np.uint8)
    for said, matrix in [({"dst_colorspace": 1}, frames.BT709), ({"dst_colorspace": 9}, frames.BT2020)]:
        path = make_film(tmp_path / "c.mkv", [orange], size=(16, 32), pixels="yuv444p", colours=said)
        film, (one,) = read(path)
        assert film.colours.matrix == matrix and np.abs(one.pixels.astype(int) - orange).max() <= 2


def woven(tmp_path, make_film, suffix=".mpg"):
    """A bar that moves: the lines of odd number are a fiftieth of a second later."""
    frames_, at = [], lambda i: np.where(np.abs(np.arange(64) - i) < 6, 200, 60)
    for i in range(8):
        frame = np.empty((48, 64), np.uint8)
        frame[::2], frame[1::2] = at(8 + 6 * i), at(11 + 6 * i)
        frames_.append(frame)
    return make_film(tmp_path / f"a{suffix}", frames_, size=(48, 64), codec="mpeg2video", filters="setfield=tff",
                     options={"flags": "+ilme+ildct", "qmin": "1", "qmax": "1"}, even=True)  # fmt: skip


def test_fields_become_whole_frames(tmp_path, make_film):
    film, found = read(woven(tmp_path, make_film))
    assert len(found) == 8 and film.notes == ["8 of its 8 frames are interlaced, and were deinterlaced"]
    for i, one in enumerate(found):
        pixels = one.pixels.astype(float)
        assert pixels.mean() == pytest.approx(60 + 140 * 11 / 64, abs=4)
        if i < 7:  # combs have 140 between every two lines at the bar's edges
            assert np.abs(np.diff(pixels, axis=0)).mean() < 4
    assert [float(b - a) for a, b in zip(times(found), times(found)[1:], strict=False)] == pytest.approx([0.04] * 7)


def test_a_film_that_is_to_be_shown_turned(tmp_path, make_film):
    source = make_film(tmp_path / "a.mp4", [np.tile(np.arange(0, 192, 6), (24, 1))] * 3, codec="mpeg4", aspect="4/3")
    content = bytearray(source.read_bytes())
    matrix = content.index(b"tkhd") + 44  # ISO/IEC 14496-12, 8.3.2, version 0: a quarter turn clockwise
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 24 << 16, 0, 1 << 30)
    source.write_bytes(content)
    film, found = read(source)
    assert (film.height, film.width, film.aspect) == (32, 24, Fraction(3, 4))
    assert found[0].pixels.shape[:2] == (32, 24)
    assert found[0].pixels[-1, 0].mean() > found[0].pixels[0, 0].mean() + 100  # what was on the right is below


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1, 0, 0, 1), [[1, 2], [3, 4]]),
        ((0, 1, -1, 0), [[3, 1], [4, 2]]),  # clockwise
        ((-1, 0, 0, -1), [[4, 3], [2, 1]]),
        ((0, -1, 1, 0), [[2, 4], [1, 3]]),
        ((-1, 0, 0, 1), [[2, 1], [4, 3]]),  # a mirror
    ],
)
def test_turns_by_hand(values, expected):
    a, b, c, d = (value << 16 for value in values)

    class Turned:
        side_data = {"DISPLAYMATRIX": struct.pack("=9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)}

    np.testing.assert_array_equal(frames.turn_of(Turned)(np.array([[1, 2], [3, 4]])), expected)


def test_a_damaged_stretch_does_not_end_a_film(tmp_path, make_film):
    noise = np.random.RandomState(0).randint(0, 256, (20, 24, 32))
    source = make_film(tmp_path / "a.mkv", noise, codec="ffv1", options={"slicecrc": "1", "level": "3"})
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 1200] = bytes(1200)
    source.write_bytes(content)
    film, found = read(source)
    assert 15 <= len(found) <= 20 and times(found)[-1] == Fraction(19, 25)
    assert np.abs(found[-1].pixels.reshape(24, 32, -1)[..., 0].astype(int) - noise[-1]).mean() < 2


def test_a_truncated_film_is_read_as_far_as_it_goes(tmp_path, make_film):
    noise = np.random.RandomState(0).randint(0, 256, (20, 24, 32))
    source = make_film(tmp_path / "a.avi", noise, codec="mjpeg", pixels="yuvj420p", even=True)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    film, found = read(source)
    assert 5 <= len(found) <= 12
    assert any(note == f"it is truncated: it ends after {len(found)} of 20 frames" for note in film.notes)


def test_what_is_estimated_decides_nothing(tmp_path, make_film):
    """Matroska states no number of frames; its length is that of the sound."""
    film, found = read(make_film(tmp_path / "a.mkv", [60] * 10, sound=("aac", 2.0)))
    assert len(found) == 10 and film.stated == 0 and film.about > 40 and film.notes == []


def test_a_cover_is_no_film(tmp_path, make_film):
    film, found = read(make_film(tmp_path / "a.mp4", [60, 90], codec="mpeg4", cover=True))
    assert levels(found) == pytest.approx([60, 90], abs=2) and found[0].pixels.shape[:2] == (24, 32)


def test_clocks_that_begin_anew_go_on(tmp_path, make_film):
    """Captures are cut together: their transport streams follow each other, each with its own clock and size."""
    one = make_film(tmp_path / "1.ts", [60, 70, 80], codec="mpeg2video", even=True, late=20)
    two = make_film(tmp_path / "2.ts", [120, 130, 140], codec="mpeg2video", even=True, size=(48, 64))
    (tmp_path / "a.ts").write_bytes(one.read_bytes() + two.read_bytes())
    film, found = read(tmp_path / "a.ts")
    # FFmpeg's decoder of MPEG-2 keeps a picture back until the next one comes, and loses it where the size changes.
    assert levels(found) == pytest.approx([60, 70, 120, 130, 140], abs=3)
    assert {found_.pixels.shape[:2] for found_ in found} == {(24, 32)}
    assert film.notes == ["3 frames have another size and are resized to the first frame's"]
    steps = np.diff([float(time) for time in times(found)])
    assert steps.min() > 0 and steps.max() < 0.2


def broken(path, how, make_film):
    if how == "empty":
        path.write_bytes(b"")
    elif how == "no film":
        path.write_text("not a film " * 100)
    elif how == "no index":
        path.write_bytes(make_film(path, [50] * 9, codec="mpeg4").read_bytes()[:600])
    elif how == "a playlist":  # of a film that is there, and is not to be opened by way of this
        make_film(path.with_name("there.mp4"), [50], codec="mpeg4")
        path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nthere.mp4\n#EXT-X-ENDLIST\n")
    elif how == "a picture":
        path.write_bytes(make_film(path.with_suffix(".jpg"), [50], codec="mjpeg", format="image2").read_bytes())
    elif how == "sound":
        with av.open(str(path), "w", format="mp4") as output:
            stream = output.add_stream("aac", rate=44100, layout="mono")
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
            frame.sample_rate = 44100
            output.mux([*stream.encode(frame), *stream.encode(None)])
    return path


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("missing", "is not there"),
        ("empty", "is empty"),
        ("no film", "cannot be read as a film"),
        ("no index", "cannot be read as a film"),
        ("a playlist", "cannot be read as a film"),
        ("a picture", "cannot be read as a film"),
        ("sound", "has no moving picture"),
    ],
)
def test_films_that_cannot_be_read(tmp_path, make_film, how, reason):
    source = broken(tmp_path / "a.mp4", how, make_film)
    with pytest.raises(OSError, match=reason) as caught:
        read(source)
    assert str(source) in str(caught.value)
