"""Films: every frame as a photograph, colours that stay, sound by a program that these tests play themselves."""

import json
import struct
import sys

import cv2
import numpy as np
import pytest

from colorgan.serving import films, fullres, photos, video

SETTINGS = photos.Settings(work_size=16)
# Stands in for ffmpeg: keeps its command line and the frames that it was sent, or fails like it.
PROGRAM = """#!{python}
import json, pathlib, sys
target = pathlib.Path(sys.argv[-1])
if "fails" in "{how}":
    print("Unknown encoder 'libx264'", file=sys.stderr)
    if "at once" in "{how}":
        sys.exit(1)
frames = sys.stdin.buffer.read()
target.write_bytes(frames)
pathlib.Path("{log}").write_text(json.dumps(sys.argv[1:]))
sys.exit(1 if "fails" in "{how}" else 0)
"""


class Painter:
    """Predicts one colour per call for whole frames, another each time: all flicker."""

    color_space = "lab"

    def __init__(self, colors=((30, 10), (-20, 40))):
        self.colors, self.sizes, self.flips, self.frames = colors, [], [], 0

    def predict_small(self, rgb, flip_average=False):
        assert rgb.dtype == np.uint8 and rgb.shape[-1] == 3
        self.sizes.append(len(rgb))
        self.flips.append(flip_average)
        ab = np.empty((*rgb.shape[:3], 2), np.float32)
        for one in ab:
            one[:] = self.colors[self.frames % len(self.colors)]
            self.frames += 1
        return ab


@pytest.fixture
def no_ffmpeg(tmp_path, monkeypatch):
    (tmp_path / "no programs").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "no programs"))


@pytest.fixture
def ffmpeg(tmp_path, monkeypatch):
    """-> a function that puts the stand-in on the PATH, and gives the file where its command line will lie."""

    def install(how="works"):
        folder, log = tmp_path / "programs", tmp_path / "command.json"
        folder.mkdir()
        (folder / "ffmpeg").write_text(PROGRAM.format(python=sys.executable, how=how, log=log))
        (folder / "ffmpeg").chmod(0o755)
        monkeypatch.setenv("PATH", str(folder))
        return log

    return install


def film(path, levels, *, size=(24, 32), fps=12.5, codec="MJPG"):
    """A film of gray frames, each of one level or given as [H, W] uint8."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*codec), fps, size[::-1])
    assert writer.isOpened()
    for level in levels:
        frame = np.broadcast_to(np.asarray(level, np.uint8), size)
        writer.write(np.repeat(frame[..., None], 3, axis=-1))
    writer.release()
    return path


def frames_of(path):
    frames = films.Frames(path)
    result = np.stack(list(frames))
    frames.close()
    return result, frames.fps


def colorize(source, target, painter=None, **options):
    said = []
    result = video.colorize_film(
        painter or Painter(), source, target, **{"settings": SETTINGS, "say": said.append, **options}
    )
    return result, "\n".join(said)


@pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "mp4v"), (".avi", "MJPG"), (".mkv", "mp4v"), (".mov", "mp4v")])
def test_a_film_without_ffmpeg(tmp_path, no_ffmpeg, lab_of, suffix, codec):
    levels = [60, 60, 62, 62, 64, 64, 66, 66, 68, 68, 70]
    source = film(tmp_path / f"a{suffix}", levels, codec=codec, fps=23.976)
    painter = Painter([(20, 30)])
    result, said = colorize(source, tmp_path / "out" / f"b{suffix}", painter)
    assert painter.sizes == [8, 3]  # batched
    assert (result.frames, result.height, result.width, result.scenes) == (11, 24, 32, 1)
    assert "sound is lost" in said and "11 frames in 1 scene" in said
    before, after = frames_of(source)[0], frames_of(tmp_path / "out" / f"b{suffix}")[0]
    assert after.shape == before.shape == (11, 24, 32, 3)
    assert frames_of(tmp_path / "out" / f"b{suffix}")[1] == pytest.approx(23.976, rel=1e-3)
    lab = lab_of(after.reshape(-1, 32, 3))
    np.testing.assert_allclose(lab[..., 0], lab_of(before.reshape(-1, 32, 3))[..., 0], atol=3)  # a lossy encoder
    np.testing.assert_allclose(lab[..., 1:].mean(axis=(0, 1)), (20, 30), atol=3)
    assert [p.name for p in (tmp_path / "out").iterdir()] == [f"b{suffix}"]


def test_the_frames_that_ffmpeg_gets_are_those_of_photographs(tmp_path, ffmpeg):
    log = ffmpeg()
    source = film(tmp_path / "a.mp4", [40, 120, 200], codec="mp4v")
    result, said = colorize(source, tmp_path / "b.mp4", smoothing=0.0)
    assert "sound" not in said and result.scenes == 3
    sent = np.frombuffer((tmp_path / "b.mp4").read_bytes(), np.uint8).reshape(3, 24, 32, 3)
    painter = Painter()
    for frame, received in zip(frames_of(source)[0], sent, strict=True):
        (ab,) = photos.predict_ab(painter, photos.shrink(frame, 16)[None], SETTINGS)
        np.testing.assert_array_equal(received, fullres.join(frame, ab))
    words = json.loads(log.read_text())
    assert words[words.index("-s") + 1] == "32x24" and words[words.index("-r") + 1] == "25/2"
    assert words.count("-i") == 2 and str(source) in words  # sound comes from the film itself
    assert words[words.index("-c:a") + 1] == "copy" and "1:a?" in words
    assert words[words.index("-colorspace") + 1] == "bt709" and "scale=out_color_matrix=bt709:out_range=tv" in words
    assert sorted(p.name for p in tmp_path.glob("*.mp4")) == ["a.mp4", "b.mp4"]


def test_odd_sizes_get_a_row_and_a_column_twice(tmp_path, ffmpeg):
    log = ffmpeg()
    frames = [np.random.RandomState(0).randint(0, 256, (24, 32))]
    source = film(tmp_path / "a.avi", frames)
    odd = frames_of(source)[0][0][:23, :31]
    with films.writer(tmp_path / "b.avi", source, fps=29.97002997, height=23, width=31) as write:
        write(odd)
    sent = np.frombuffer((tmp_path / "b.avi").read_bytes(), np.uint8).reshape(24, 32, 3)
    np.testing.assert_array_equal(sent[:23, :31], odd)
    np.testing.assert_array_equal(sent[23], sent[22])
    np.testing.assert_array_equal(sent[:, 31], sent[:, 30])
    words = json.loads(log.read_text())
    assert words[words.index("-r") + 1] == "30000/1001"  # NTSC's rate, which decimals only come near
    assert "-colorspace" not in words and "-vf" not in words  # an AVI could not say it


@pytest.mark.parametrize("how", ["fails at once", "fails at the end"])
def test_what_ffmpeg_says_when_it_fails(tmp_path, ffmpeg, how):
    ffmpeg(how)
    source = film(tmp_path / "a.mp4", [50] * 30, codec="mp4v", size=(64, 64))
    with pytest.raises(OSError, match=r"b\.mp4 cannot be written: ffmpeg failed .*Unknown encoder 'libx264'"):
        colorize(source, tmp_path / "out" / "b.mp4")
    assert list((tmp_path / "out").iterdir()) == []


def test_colours_do_not_cross_a_cut_and_flicker_is_measured(tmp_path, ffmpeg, lab_of):
    ffmpeg()
    source = film(tmp_path / "a.mp4", [60] * 4 + [180] * 4, codec="mp4v")
    colors = [(20, 0), (30, 0), (20, 0), (30, 0), (0, -20), (0, -20), (0, -30), (0, -20)]
    result, said = colorize(source, tmp_path / "b.mp4", Painter(colors), smoothing=0.5)
    assert result.scenes == 2
    # By hand. Unsmoothed |d ab|: 10 10 10 | 0 10 10. Smoothed a: 20 25 22.5 26.25, b: 20 20 25 22.5.
    assert result.flicker_unsmoothed == pytest.approx(50 / 6, rel=1e-5)
    assert result.flicker == pytest.approx((5 + 2.5 + 3.75 + 0 + 5 + 2.5) / 6, rel=1e-5)
    assert "8 frames in 2 scenes; flicker on static areas 3.12 with smoothing 0.5, 8.33 without" in said
    sent = np.frombuffer((tmp_path / "b.mp4").read_bytes(), np.uint8).reshape(8, 24, 32, 3)
    lab = lab_of(sent.reshape(-1, 32, 3)).reshape(8, 24, 32, 3).mean(axis=(1, 2))
    expected = [(20, 0), (25, 0), (22.5, 0), (26.25, 0), (0, -20), (0, -20), (0, -25), (0, -22.5)]
    np.testing.assert_allclose(lab[:, 1:], expected, atol=1)  # 8-bit rounding


def test_a_film_in_which_nothing_stands_still(tmp_path, ffmpeg):
    ffmpeg()
    result, said = colorize(film(tmp_path / "a.mp4", [60, 140], codec="mp4v"), tmp_path / "b.mp4")
    assert result.flicker is None and "nothing stands still" in said


def test_side_by_side_and_flip(tmp_path, ffmpeg):
    ffmpeg()
    source = film(tmp_path / "a.mp4", [100] * 2, codec="mp4v")
    settings = photos.Settings(work_size=16, side_by_side=True, flip_average=True)
    painter = Painter([(40, 0)])
    colorize(source, tmp_path / "b.mp4", painter, settings=settings)
    sent = np.frombuffer((tmp_path / "b.mp4").read_bytes(), np.uint8).reshape(2, 24, 64, 3).astype(int)
    assert np.ptp(sent[:, :, :32], axis=-1).max() <= 1 and np.ptp(sent[:, :, 32:], axis=-1).min() > 20
    assert (painter.sizes, painter.flips) == ([2], [True])


def test_of_a_film_in_colour_only_lightness_counts(tmp_path, ffmpeg, lab_of):
    ffmpeg()
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 5, (32, 24))
    writer.write(np.full((24, 32, 3), (40, 90, 160), np.uint8))  # brown, BGR
    writer.release()
    colorize(tmp_path / "a.avi", tmp_path / "b.avi", Painter([(0, -15)]))
    sent = np.frombuffer((tmp_path / "b.avi").read_bytes(), np.uint8).reshape(24, 32, 3)
    before = fullres.lightness(frames_of(tmp_path / "a.avi")[0][0])
    np.testing.assert_allclose(lab_of(sent)[..., 0], before, atol=0.5)
    np.testing.assert_allclose(lab_of(sent)[..., 1:].mean(axis=(0, 1)), (0, -15), atol=1)


def test_a_film_that_is_to_be_shown_turned(tmp_path, no_ffmpeg):
    source = film(tmp_path / "a.mp4", [np.arange(0, 192, 6)] * 3, codec="mp4v")
    content = bytearray(source.read_bytes())
    matrix = content.index(b"tkhd") + 44  # ISO/IEC 14496-12, 8.3.2, version 0: a quarter turn clockwise
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 24 << 16, 0, 1 << 30)
    source.write_bytes(content)
    frames = frames_of(source)[0]
    assert frames.shape == (3, 32, 24, 3)
    assert frames[0, -1, 0, 0] > frames[0, 0, 0, 0] + 100  # what was on the right is below
    result, _ = colorize(source, tmp_path / "b.mp4")
    assert (result.height, result.width) == (32, 24) and frames_of(tmp_path / "b.mp4")[0].shape == (3, 32, 24, 3)


def test_memory_does_not_grow_with_the_film(tmp_path, ffmpeg, monkeypatch):
    ffmpeg()
    source, alive, most = film(tmp_path / "a.mp4", [90] * 60, codec="mp4v"), [0], [0]
    read = films.Frames.__iter__

    def counted(self):
        for frame in read(self):
            alive[0] += 1
            most[0] = max(most[0], alive[0])
            yield frame

    join = fullres.join
    monkeypatch.setattr(films.Frames, "__iter__", counted)

    def joined(*arguments):
        alive[0] -= 1
        return join(*arguments)

    monkeypatch.setattr(fullres, "join", joined)
    colorize(source, tmp_path / "b.mp4")
    assert most[0] == photos.BATCH and alive[0] == 0  # of 60


def broken(path, how):
    if how == "empty":
        path.write_bytes(b"")
    elif how == "no film":
        path.write_text("not a film " * 100)
    elif how == "no index":
        path.write_bytes(film(path, [50] * 9, codec="mp4v").read_bytes()[:600])
    elif how == "truncated":
        noise = np.random.RandomState(0).randint(0, 256, (20, 24, 32))
        content = film(path, noise).read_bytes()
        path.write_bytes(content[: len(content) // 2])
    return path


@pytest.mark.parametrize(
    ("name", "how", "reason"),
    [
        ("a.mp4", "missing", "is not there"),
        ("a.mp4", "empty", "is empty"),
        ("a.mp4", "no film", "cannot be read as a film"),
        ("a.mp4", "no index", "cannot be read as a film"),
        ("a.avi", "truncated", r"is truncated: it ends after \d+ of 20 frames"),
    ],
)
def test_films_that_cannot_be_read(tmp_path, no_ffmpeg, name, how, reason):
    source = broken(tmp_path / name, how)
    with pytest.raises(OSError, match=reason) as caught:
        colorize(source, tmp_path / "out" / name)
    assert str(source) in str(caught.value)
    assert list(tmp_path.glob("out/**/*")) == []


def test_frames_that_are_none(tmp_path, no_ffmpeg, monkeypatch):
    source = film(tmp_path / "a.mp4", [50], codec="mp4v")
    frames = films.Frames(source)
    assert len(list(frames)) == 1
    with pytest.raises(OSError, match=r"a\.mp4 holds no frame"):
        list(frames)  # at its end already
    frames.close()


def test_outputs_that_cannot_be_written(tmp_path, no_ffmpeg):
    source = film(tmp_path / "a.mp4", [50] * 3, codec="mp4v")
    (tmp_path / "file").write_bytes(b"a file where a folder should be")
    with pytest.raises(OSError, match=r"file/b\.mp4 cannot be written .*Choose another --output"):
        colorize(source, tmp_path / "file" / "b.mp4")
    with pytest.raises(OSError, match=r"b\.webm cannot be written: OpenCV writes no \.webm. Install ffmpeg"):
        colorize(source, tmp_path / "out" / "b.webm")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_interruption_leaves_nothing(tmp_path, ffmpeg, monkeypatch):
    ffmpeg()
    source, painter = film(tmp_path / "a.mp4", [50] * 20, codec="mp4v"), Painter()
    predict = painter.predict_small

    def interrupted(rgb, **options):
        if painter.frames:
            raise KeyboardInterrupt
        return predict(rgb)

    monkeypatch.setattr(painter, "predict_small", interrupted)
    with pytest.raises(KeyboardInterrupt):
        colorize(source, tmp_path / "out" / "b.mp4", painter)
    assert list((tmp_path / "out").iterdir()) == []


def test_frames_that_are_too_large(tmp_path):
    source = film(tmp_path / "a.mp4", [50], codec="mp4v")
    with pytest.raises(OSError, match="frames of 32 x 24 pixels. --max-megapixels"):
        colorize(source, tmp_path / "b.mp4", settings=photos.Settings(work_size=16, max_megapixels=0.0005))
