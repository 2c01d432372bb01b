"""Damage beside the pixels costs a note, not the picture."""

import io
import random
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from colorgan.files import reading, repair

PIXELS = np.random.RandomState(0).randint(0, 256, (16, 24, 3)).astype(np.uint8)


def saved(format, **options):
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, format, **options)
    return buffer.getvalue()


def with_chunk(name, content, *, whole=True):
    """A PNG with one more chunk before its pixels."""
    data, checksum = saved("PNG"), zlib.crc32(name + content)
    chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum if whole else checksum ^ 1)
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (with_chunk(b"tEXt", b"Comment\0old", whole=False), "tEXt"),
        (with_chunk(b"iTXt", b"Comment\0\1", whole=True), ""),  # cut short; Pillow reads past it
        (with_chunk(b"tEXt", b"Comment\0" + b"x" * (1 << 20)), ""),
        (with_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * (1 << 21))), "zTXt"),
        (with_chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"x" * (1 << 21))), "iTXt"),
        (saved("PNG")[:-12], "end marker"),
        (saved("PNG")[:-5], "end marker"),
    ],
    ids=["checksum", "cut", "long", "packed", "international", "no end", "half an end"],
)
def test_png(data, note):
    photograph = reading.read(io.BytesIO(data))
    np.testing.assert_array_equal(photograph.pixels, PIXELS)
    np.testing.assert_array_equal(reading.rgb(io.BytesIO(data)), PIXELS)
    assert reading.size(io.BytesIO(data)) == (16, 24)
    assert note in "; ".join(photograph.notes) and bool(photograph.notes) == bool(note)


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_without_its_end(progressive):
    data = saved("JPEG", progressive=progressive)
    photograph = reading.read(io.BytesIO(data[:-2]))
    np.testing.assert_array_equal(photograph.pixels, np.asarray(Image.open(io.BytesIO(data))))
    assert photograph.notes == [repair.NO_END]
    for cut in (3, 6, 40):
        with pytest.raises(OSError, match="truncated"):
            reading.read(io.BytesIO(data[:-cut]))


def test_metadata_of_jpeg():
    exif = Image.Exif()
    exif[271] = "Maker"
    data = saved("JPEG", exif=exif)
    place = data.index(b"Exif") + 6
    photograph = reading.read(io.BytesIO(data[:place] + b"\xff" * 8 + data[place + 8 :]))
    assert photograph.notes == ["its EXIF data is damaged and left out"]
    photoshop = b"\xff\xed\0\x16Photoshop 3.0\x008BIM\x04\x04"  # ends in the middle of a resource
    np.testing.assert_array_equal(
        reading.read(io.BytesIO(data[:2] + photoshop + data[2:])).pixels, np.asarray(Image.open(io.BytesIO(data)))
    )


def mutated(data, rng):
    data = bytearray(data)
    if rng.random() < 0.3:
        return bytes(data[: rng.randrange(len(data))])
    for _ in range(rng.choice((1, 2, 8))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def test_any_bytes_are_a_picture_or_an_error(tmp_path, capfd):
    """A sample of what is tried by the ten thousand elsewhere: nothing else is raised, and nothing printed."""
    rng, path = random.Random(0), tmp_path / "a"
    formats = ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "HEIF", "AVIF", "JPEG2000"]
    for data in (saved(format) for format in formats):
        for _ in range(20):
            path.write_bytes(mutated(data, rng))
            try:
                photograph = reading.read(path)
            except OSError as error:
                assert str(error).startswith(f"{path}: ")
            else:
                assert photograph.pixels.dtype in (np.uint8, np.uint16) and photograph.pixels.size
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "I;16", "deep"])
def test_damaged_pixels_of_png_are_an_error(mode, capfd):
    gray, buffer = PIXELS[..., 0].astype(np.uint16), io.BytesIO()
    if mode == "deep":
        buffer.write(imagecodecs.png_encode(PIXELS.astype(np.uint16)))
    else:
        (Image.fromarray(gray) if mode == "I;16" else Image.fromarray(PIXELS).convert(mode)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[data.index(b"IDAT") + 12] ^= 255
    for look in (reading.read, reading.rgb):
        with pytest.raises(OSError, match="cannot be read"):
            look(io.BytesIO(bytes(data)))
    assert capfd.readouterr() == ("", "")
