"""What a file says beside its pixels is kept where it says something of sense."""

import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from colorgan.files import metadata, reading, writing, xmp
from colorgan.files.metadata import Metadata


@pytest.mark.parametrize("dpi", [(0, 0), (4294967295, 4294967295), (float("nan"), 72)])
def test_impossible_resolutions_are_dropped(dpi):
    image = Image.new("L", (2, 2))
    for given, expected in ((dpi, None), ((300, 300), (300, 300))):
        image.info["dpi"] = given
        assert metadata.of(image, []).dpi == expected


def test_numbers_of_no_unit_are_no_resolution(tmp_path):
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 1.0, 1.0, 1  # EXIF 2.3: 1 means no unit, 3 centimetres
    Image.new("L", (8, 8)).save(tmp_path / "a.jpg", exif=exif)
    assert reading.read(tmp_path / "a.jpg").metadata.dpi is None
    Image.new("L", (8, 8)).save(tmp_path / "a.tif")
    assert reading.read(tmp_path / "a.tif").metadata.dpi is None
    exif[282], exif[283], exif[296] = 100.0, 100.0, 3
    for name in ("a.jpg", "a.webp", "a.tif"):
        Image.new("L", (8, 8)).save(tmp_path / name, exif=exif)
        assert reading.read(tmp_path / name).metadata.dpi == (254, 254)


def test_places_and_colour_space_follow_the_pixels(tmp_path):
    exif, rgb = Image.Exif(), np.zeros((8, 8, 3), np.uint8)
    exif[274], exif[0x8769] = 6, {0x9214: (1, 2), 0xA001: 65535, 0x9102: 2.0, 0x9003: "1931:05:04 12:00:00"}
    Image.fromarray(rgb).save(tmp_path / "a.jpg", exif=exif)
    writing.write(tmp_path / "b.jpg", rgb, metadata=reading.read(tmp_path / "a.jpg").metadata)
    kept = reading.read(tmp_path / "b.jpg").metadata.exif
    # Turned, so no place of the subject (0x9214); 0xA001 = 1: sRGB.
    assert kept[274] == 1 and kept[0x8769] == {0xA001: 1, 0x9003: "1931:05:04 12:00:00"}


def test_texts_of_png(tmp_path):
    texts, rgb = PngImagePlugin.PngInfo(), np.zeros((8, 8, 3), np.uint8)
    for word in ("Comment", "Title", "Software", "Thumb::URI", "date:create"):
        texts.add_itxt(word, f"{word} ä")
    Image.fromarray(rgb).save(tmp_path / "a.png", pnginfo=texts)
    found = reading.read(tmp_path / "a.png").metadata
    assert (found.comment, found.texts) == ("Comment ä", (("Title", "Title ä"),))
    for name in ("b.png", "b.jpg"):
        assert writing.write(tmp_path / name, rgb, metadata=found) == []
    assert reading.read(tmp_path / "b.png").metadata == found
    assert reading.read(tmp_path / "b.jpg").metadata.comment == "Comment ä\nTitle: Title ä"
    notes = writing.write(tmp_path / "b.jpg", rgb, metadata=Metadata(comment="ä" * 40000))
    assert notes == ["its comment is too long for JPEG and left out"]


def test_boxes_of_jpeg_xl():
    """ISO 18181-2: `Exif` begins with how far its header lies behind these four bytes; in `brob` Brotli packs a box."""
    exif, packet = Image.Exif(), xmp.machine_made(None)
    exif[270] = "Square"
    boxes = ((b"JXL ", b"\r\n\x87\n"), (b"Exif", b"\0\0\0\2??" + exif.tobytes()[6:]), (b"xml ", packet))

    def as_boxes(some):
        return b"".join(struct.pack(">I4s", 8 + len(inside), kind) + inside for kind, inside in some)

    content = as_boxes(boxes) + struct.pack(">I4sQ", 1, b"jxlc", 20) + b"\xff\x0a.."
    packed = [(b"brob", kind + imagecodecs.brotli_encode(inside)) for kind, inside in boxes[1:]]
    for one in (content, as_boxes([boxes[0], *packed])):
        found = metadata.of(Image.new("L", (1, 1)), [], one)
        assert found.exif[270] == "Square" and b"algorithmicallyEnhanced" in found.xmp
    for cut in range(len(content)):
        metadata.of(Image.new("L", (1, 1)), [], content[:cut])  # ends, and raises nothing


def test_a_damaged_box_of_jpeg_xl_costs_a_note(tmp_path):
    data = imagecodecs.jpegxl_encode(np.zeros((8, 8, 3), np.uint8), usecontainer=True)
    (tmp_path / "a.jxl").write_bytes(data + struct.pack(">I4s", 16, b"brob") + b"Exif\xff\xff\xff\xff")
    assert "metadata is damaged and left out" in str(reading.read(tmp_path / "a.jxl").notes)
    (tmp_path / "a.jxl").write_bytes(data + struct.pack(">I4s", 37, b"Exif") + b"\0\0\0\0II*\0\x08\0\0\0\1" + bytes(16))
    assert "its EXIF data is damaged and left out" in reading.read(tmp_path / "a.jxl").notes


@pytest.mark.parametrize("content", ["hällo".encode(), "hällo".encode("latin-1")])
def test_comments_of_both_encodings(tmp_path, content):
    Image.new("L", (8, 8)).save(tmp_path / "a.jpg", comment=content)
    assert reading.read(tmp_path / "a.jpg").metadata.comment == "hällo"
