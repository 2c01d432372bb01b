"""Files of every mode become the pixels they mean; a bad one is an error that names it."""

import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from colorgan.files import reading

RAMP = np.linspace(0, 255, 64).astype(np.uint8)[None].repeat(8, axis=0)
DEEP = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(8, axis=0)
COLOR = np.random.RandomState(0).randint(0, 65536, (8, 12, 3)).astype(np.uint16)
ALPHA = np.random.RandomState(1).randint(0, 65536, (8, 12)).astype(np.uint16)


def png16(path, array, kind):
    """A 16-bit PNG by hand (PNG specification: 4 is gray with alpha, 2 RGB, 6 RGBA)."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    header = struct.pack(">IIBBBBB", array.shape[1], array.shape[0], 16, kind, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(RAMP),
        Image.fromarray(RAMP).convert("RGB"),
        Image.fromarray(DEEP),  # I;16: 65535 is white, as 255 is
        Image.merge("LA", [Image.fromarray(RAMP), Image.new("L", (64, 8), 255)]),
        Image.fromarray(RAMP).convert("P"),
    ],
    ids=["L", "RGB", "I;16", "LA", "P"],
)
def test_modes_of_png(image, tmp_path):
    image.save(tmp_path / "a.png")
    photograph = reading.read(tmp_path / "a.png")
    expected = DEEP if image.mode == "I;16" else RAMP
    assert photograph.pixels.dtype == expected.dtype
    pixels = photograph.pixels if photograph.pixels.ndim == 3 else photograph.pixels[..., None]
    np.testing.assert_array_equal(pixels, np.broadcast_to(expected[..., None], pixels.shape))


def test_one_bit(tmp_path):
    Image.fromarray(RAMP > 128).save(tmp_path / "a.tif")
    np.testing.assert_array_equal(reading.read(tmp_path / "a.tif").pixels, np.where(RAMP > 128, 255, 0))


@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_cmyk(tmp_path, suffix):
    Image.fromarray(RAMP).convert("RGB").convert("CMYK").save(tmp_path / f"a.{suffix}", quality=100)
    pixels = reading.read(tmp_path / f"a.{suffix}").pixels
    np.testing.assert_allclose(pixels.astype(int), RAMP[..., None].repeat(3, -1), atol=3)


@pytest.mark.parametrize("suffix", ["webp", "bmp", "jpg", "tiff"])
def test_other_formats(tmp_path, suffix):
    Image.fromarray(RAMP).convert("RGB").save(tmp_path / f"a.{suffix}", quality=100)
    np.testing.assert_allclose(reading.read(tmp_path / f"a.{suffix}").pixels[..., 1].astype(int), RAMP, atol=3)


def test_transparency_becomes_alpha(tmp_path):
    pixels = np.array([[10, 20], [30, 10]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "gray.png", transparency=10)
    gray = reading.read(tmp_path / "gray.png")
    np.testing.assert_array_equal(gray.pixels, pixels)
    np.testing.assert_array_equal(gray.alpha, [[0, 255], [255, 0]])
    palette = Image.fromarray(pixels // 10).convert("P")
    palette.save(tmp_path / "p.png", transparency=1)
    np.testing.assert_array_equal(reading.read(tmp_path / "p.png").alpha, [[0, 255], [255, 0]])
    Image.fromarray(pixels.astype(np.uint16) * 100).save(tmp_path / "deep.png", transparency=1000)
    np.testing.assert_array_equal(reading.read(tmp_path / "deep.png").alpha, [[0, 65535], [65535, 0]])


def test_16_bit_colour_png(tmp_path):
    """Pillow cuts these to 8 bits without a word."""
    png16(tmp_path / "rgb.png", COLOR, 2)
    np.testing.assert_array_equal(reading.read(tmp_path / "rgb.png").pixels, COLOR)
    png16(tmp_path / "rgba.png", np.dstack([COLOR, ALPHA]), 6)
    photograph = reading.read(tmp_path / "rgba.png")
    np.testing.assert_array_equal(photograph.pixels, COLOR)
    np.testing.assert_array_equal(photograph.alpha, ALPHA)
    png16(tmp_path / "la.png", np.dstack([COLOR[..., 0], ALPHA]), 4)
    photograph = reading.read(tmp_path / "la.png")
    np.testing.assert_array_equal(photograph.pixels, COLOR[..., 0])
    np.testing.assert_array_equal(photograph.alpha, ALPHA)


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_exif_is_kept_and_the_orientation_applied(tmp_path, suffix):
    exif = Image.Exif()
    exif[274], exif[271] = 6, "Maker"
    exif.get_ifd(0x8769).update({0x9003: "1931:05:04 12:00:00", 0xA002: 8, 0xA003: 4})
    exif.get_ifd(0x8825)[1] = "N"
    loaded = Image.Exif()  # Pillow writes the inner directories of a TIFF only if they were read from somewhere
    loaded.load(exif.tobytes())
    Image.new("L", (8, 4)).save(tmp_path / f"a.{suffix}", exif=loaded)
    photograph = reading.read(tmp_path / f"a.{suffix}")
    assert photograph.pixels.shape[:2] == (8, 4)
    kept = photograph.metadata.exif
    assert kept[274] == 1 and kept[271] == "Maker"
    assert kept[0x8769][0x9003] == "1931:05:04 12:00:00" and kept[0x8825] == {1: "N"}
    assert 256 not in kept  # how a TIFF is built is no description


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"not a picture", "not an image"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "not an image"),
        (b"II*\0\x08\0\0\0", "no picture"),
    ],
)
def test_files_that_are_no_pictures(tmp_path, content, reason):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(OSError, match=reason) as caught:
        reading.read(tmp_path / "a.png")
    assert str(tmp_path / "a.png") in str(caught.value)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.bmp", "a.heic", "deep.png", "deep.tif"])
def test_truncated_files(tmp_path, name):
    path = tmp_path / name
    noise = np.random.RandomState(0).randint(0, 65536, (64, 64, 3)).astype(np.uint16)
    if name == "deep.png":
        png16(path, noise, 2)
    elif name == "deep.tif":
        tifffile.imwrite(path, noise, photometric="rgb")
    else:
        Image.fromarray((noise >> 8).astype(np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(OSError, match=name) as caught:
        reading.read(path)
    assert "\n" not in str(caught.value)


def test_decompression_bombs(tmp_path):
    Image.new("L", (100, 90)).save(tmp_path / "a.png")
    with pytest.raises(OSError, match=r"100 x 90 pixels.*--max-megapixels 0.005"):
        reading.read(tmp_path / "a.png", max_megapixels=0.005)
    with reading.large_pictures(0.001), pytest.raises(OSError, match="--max-megapixels 0.001"):
        reading.read(tmp_path / "a.png", max_megapixels=0.001)
    with reading.large_pictures(0.008):
        assert reading.read(tmp_path / "a.png", max_megapixels=0.009).pixels.shape == (90, 100)
