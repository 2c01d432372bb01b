"""What can be read: formats, told by content, for serving as for training."""

import io
import struct

import imagecodecs
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from colorgan.files import reading
from colorgan.imaging import modes

RAMP = np.linspace(0, 255, 64).astype(np.uint8)[None].repeat(16, axis=0)
COLOR = np.stack([RAMP, RAMP[:, ::-1], RAMP // 2], axis=-1)
DEEP = np.random.RandomState(0).randint(0, 65536, (16, 24, 3)).astype(np.uint16)


def saved(image, format, **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("HEIF", {"quality": 100}),
        ("AVIF", {"quality": 100}),
        ("JPEG2000", {}),
        ("GIF", {}),
        ("PPM", {}),
        ("TGA", {}),
    ],
)
def test_formats(tmp_path, format, options):
    """By their content: the name says JPEG, as .jfif and .jpe do."""
    path = tmp_path / "a.jpg"
    path.write_bytes(saved(Image.fromarray(COLOR), format, **options))
    photograph = reading.read(path)
    limit = 24 if format == "GIF" else 4  # of 256 colours
    assert abs(photograph.pixels.astype(int) - COLOR).max() <= limit and photograph.alpha is None
    np.testing.assert_array_equal(reading.rgb(path), photograph.pixels)
    assert reading.size(path) == (16, 64) and reading.megapixels(path) == 1024 / 1e6
    assert not photograph.notes


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_moving_pictures_the_first_counts(format):
    frames = {"save_all": True, "append_images": [Image.new("RGB", (64, 16), "red")]}
    photograph = reading.read(io.BytesIO(saved(Image.new("RGB", (64, 16), "blue"), format, **frames)))
    assert abs(photograph.pixels.reshape(-1, 3).astype(int) - (0, 0, 255)).max() <= 2
    assert photograph.notes == ["only the first of its 2 frames is coloured"]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_of_a_jpeg_xl_that_moves_the_first_counts(dtype):
    frames = np.stack([DEEP, DEEP[::-1]]) if dtype == np.uint16 else np.stack([COLOR, COLOR[::-1]])
    photograph = reading.read(io.BytesIO(imagecodecs.jpegxl_encode(frames, lossless=True)))
    assert photograph.pixels.shape == frames.shape[1:] and photograph.pixels.dtype == dtype
    assert photograph.notes == ["only the first of its frames is coloured"]
    if dtype == np.uint8:  # sixteen bits are linear light, see below
        np.testing.assert_array_equal(photograph.pixels, COLOR)


def test_heic_is_upright():
    exif = Image.Exif()
    exif[274] = 6
    data = saved(Image.fromarray(COLOR), "HEIF", exif=exif.tobytes(), quality=100)
    photograph = reading.read(io.BytesIO(data))
    assert abs(photograph.pixels.astype(int) - np.rot90(COLOR, -1)).max() <= 4
    assert reading.size(io.BytesIO(data)) == (64, 16)
    buffer = io.BytesIO()
    pillow_heif.encode("RGB;16", (24, 16), DEEP.tobytes(), buffer)
    assert reading.read(io.BytesIO(buffer.getvalue())).notes == ["its 10 bits a sample are read as 8 bits"]


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_depths_of_jpeg_2000_and_xl(bits):
    stored = DEEP >> (16 - bits)
    stored = stored.astype(np.uint8) if bits == 8 else stored
    top = 255 if bits == 8 else 65535
    expected = np.rint(stored * (top / (2**bits - 1)))
    data = imagecodecs.jpeg2k_encode(stored, level=0, bitspersample=bits)
    np.testing.assert_array_equal(reading.read(io.BytesIO(data)).pixels, expected)
    if bits > 8:  # linear light, says the encoder of such depths in the file; IEC 61966-2-1
        light = expected / top
        encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        expected = np.rint(encoded * top)
    for box in (False, True):
        data = imagecodecs.jpegxl_encode(stored, lossless=True, bitspersample=bits, usecontainer=box)
        photograph = reading.read(io.BytesIO(data))
        np.testing.assert_allclose(photograph.pixels.astype(int), expected, atol=0 if bits == 8 else 80)
        assert reading.size(io.BytesIO(data)) == (16, 24) and not photograph.notes


def test_profiles_of_jpeg_2000():
    data = bytearray(saved(Image.fromarray(COLOR), "JPEG2000"))
    place, adobe = data.index(b"colr"), imagecodecs.cms_profile("adobergb")
    box = struct.pack(">I", 11 + len(adobe)) + b"colr\2\0\0" + adobe
    length = struct.unpack(">I", data[place - 4 : place])[0]
    around = data.index(b"jp2h") - 4
    data[around : around + 4] = struct.pack(">I", struct.unpack(">I", data[around : around + 4])[0] + len(box) - length)
    data[place - 4 : place - 4 + length] = box
    png = saved(Image.fromarray(COLOR), "PNG", icc_profile=adobe)
    np.testing.assert_array_equal(reading.rgb(io.BytesIO(bytes(data))), reading.rgb(io.BytesIO(png)))


def test_an_alpha_of_nothing_is_none():
    """Windows' bitmaps of 32 bits whose fourth byte is not used: BITMAPV4HEADER by hand, with masks for four bytes."""
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = struct.pack("<IiiHHIIiiII", 108, 64, -16, 1, 32, 3, 64 * 16 * 4, 2835, 2835, 0, 0) + masks
    head += b"BGRs" + b"\0" * 48
    pixels = np.dstack([COLOR[..., ::-1], np.zeros_like(RAMP)]).tobytes()
    data = b"BM" + struct.pack("<IHHI", 14 + 108 + len(pixels), 0, 0, 14 + 108) + head + pixels
    photograph = reading.read(io.BytesIO(data))
    np.testing.assert_array_equal(photograph.pixels, COLOR)
    assert photograph.alpha is None and photograph.notes == ["it is transparent everywhere; its alpha is left out"]
    np.testing.assert_array_equal(reading.rgb(io.BytesIO(data)), COLOR)


def test_what_starts_programs_is_no_picture(tmp_path):
    (tmp_path / "a.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(OSError, match="not an image"):
        reading.read(tmp_path / "a.eps")


def test_a_large_jpeg_may_come_smaller():
    data = saved(Image.fromarray(np.kron(COLOR, np.ones((20, 20, 1), np.uint8))), "JPEG", quality=95)
    assert reading.rgb(io.BytesIO(data)).shape == (320, 1280, 3)
    small = reading.rgb(io.BytesIO(data), at_least=(32, 32))  # twice that at the least: a quarter of the size
    assert small.shape == (80, 320, 3)
    large = np.asarray(Image.fromarray(reading.rgb(io.BytesIO(data))).resize((320, 80), Image.Resampling.BOX))
    assert abs(small.astype(int) - large).max() <= 6
    exif = Image.Exif()
    exif[274] = 6  # the sides that are asked for are those of the upright picture
    turned = saved(Image.new("L", (1280, 320)), "JPEG", exif=exif)
    assert reading.rgb(io.BytesIO(turned), at_least=(300, 100)).shape == (1280, 320, 3)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "PA"])
def test_training_sees_what_serving_does(mode):
    image = Image.fromarray(COLOR).convert("RGBA")
    image.putalpha(Image.fromarray(RAMP))
    data = saved(image.convert("LA") if mode == "LA" else image if mode == "RGBA" else image.quantize(), "PNG")
    photograph = reading.read(io.BytesIO(data))
    white = modes.on_white(photograph.pixels, photograph.alpha)
    np.testing.assert_array_equal(reading.rgb(io.BytesIO(data)), white)
