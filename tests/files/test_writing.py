"""What is written can be read again; nothing is left of what could not be written."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from colorgan.files import reading, suffixes, writing
from colorgan.files.metadata import Metadata
from colorgan.imaging import modes


def picture(depth, alpha):
    values = np.random.RandomState(0).randint(0, np.iinfo(depth).max + 1, (35, 23, 4)).astype(depth)
    return np.ascontiguousarray(values[..., :3]), np.ascontiguousarray(values[..., 3]) if alpha else None


@pytest.mark.parametrize("suffix", suffixes.WRITTEN)
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_pixels_come_back(tmp_path, suffix, alpha, depth):
    rgb, alpha = picture(depth, alpha)
    writing.write(tmp_path / f"a{suffix}", rgb, alpha=alpha, quality=100)
    back = reading.read(tmp_path / f"a{suffix}")
    held = depth if suffix in suffixes.DEEP else np.uint8
    assert back.pixels.dtype == held and not back.notes
    if suffix in suffixes.JPEG:
        assert back.alpha is None and back.pixels.shape == rgb.shape
        return
    np.testing.assert_array_equal(back.pixels, modes.as_depth(rgb, held))
    assert (back.alpha is None) == (alpha is None)
    if alpha is not None:
        np.testing.assert_array_equal(back.alpha, modes.as_depth(alpha, held))


def test_other_readers_read_our_tiff(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_STRIP_BYTES", 1000)  # several strips
    rgb, alpha = picture(np.uint16, True)
    writing.write(tmp_path / "a.tif", rgb, alpha=alpha)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert len(file.pages[0].dataoffsets) > 1
        np.testing.assert_array_equal(file.pages[0].asarray(), np.dstack([rgb, alpha]))


def test_jpeg_lies_on_white(tmp_path):
    rgb = np.zeros((16, 16, 3), np.uint8)
    writing.write(tmp_path / "a.jpg", rgb, alpha=np.full((16, 16), 51, np.uint8))
    np.testing.assert_allclose(reading.read(tmp_path / "a.jpg").pixels, 204, atol=1)  # a fifth of black, by hand


def test_quality_is_used(tmp_path):
    rgb = picture(np.uint8, False)[0]
    for suffix in (".jpg", ".webp"):
        sizes = []
        for quality in (30, 95):
            writing.write(tmp_path / f"a{suffix}", rgb, quality=quality)
            sizes.append((tmp_path / f"a{suffix}").stat().st_size)
        assert sizes[0] < sizes[1]


def test_errors_leave_nothing_behind(tmp_path, monkeypatch):
    rgb = picture(np.uint8, False)[0]
    with pytest.raises(ValueError, match=r"a\.gif: unknown format '\.gif'. Known: \.bmp"):
        writing.write(tmp_path / "a.gif", rgb)
    with pytest.raises(ValueError, match="webp holds at most 16383 pixels on a side, not 16384"):
        writing.write(tmp_path / "a.webp", np.zeros((1, 16384, 3), np.uint8))

    def half(path, *_, **__):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setitem(writing._WRITERS, ".png", half)
    (tmp_path / "a.png").write_bytes(b"before")
    with pytest.raises(OSError, match="disk full"):
        writing.write(tmp_path / "a.png", rgb)
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"] and (tmp_path / "a.png").read_bytes() == b"before"


def test_exif_data_too_long_for_jpeg(tmp_path):
    rgb, _ = picture(np.uint8, False)
    exif = Image.Exif()
    exif[271] = "Maker" * 20000
    notes = writing.write(tmp_path / "a.jpg", rgb, metadata=Metadata(exif))
    assert notes == ["its EXIF data is too long for JPEG and left out"]
    assert not reading.read(tmp_path / "a.jpg").metadata.exif
    for name in ("a.png", "a.tif", "a.webp"):  # have room
        assert writing.write(tmp_path / name, rgb, metadata=Metadata(exif)) == []
        assert reading.read(tmp_path / name).metadata.exif[271] == "Maker" * 20000


@pytest.mark.parametrize("suffix", suffixes.WRITTEN)
def test_names_as_long_as_names_can_be(tmp_path, suffix):
    rgb, _ = picture(np.uint8, False)
    path = tmp_path / ("n" * (255 - len(suffix)) + suffix)
    writing.write(path, rgb)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
