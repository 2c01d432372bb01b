"""The table of pictures in docs/formats.md is what reading and writing do."""

import struct
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from colorgan.files import reading, suffixes, writing
from colorgan.files.metadata import Metadata

TEXT = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
CELLS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line.startswith("| ")]
ROWS = {cells[0]: cells[1:] for cells in CELLS if len(cells) == 5 and cells[1].startswith(".")}
WRITTEN = [name for name, cells in ROWS.items() if cells[1] == "yes"]
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CAPTION = b"\x1c\x02\x78\x00\x06Square"  # IPTC-IIM 4.2, 1.5: mark, record 2, data set 120, length, text
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" rdf:about="" dc:source="A"></rdf:Description>'
    b"</rdf:RDF></x:xmpmeta>"
)
EXIF = Image.Exif()
EXIF[270], EXIF[282], EXIF[283], EXIF[296] = "Müller".encode(), 300.0, 300.0, 2
EXIF[0x8769], EXIF[0x8825] = {0x9003: "1931:05:04 12:00:00", 0xA001: 65535, 0xA002: 8, 0xA003: 4}, {1: "N"}
RGBA = np.random.RandomState(0).randint(0, 65536, (35, 23, 4)).astype(np.uint16)
GIVEN = {"exif": EXIF.tobytes(), "icc_profile": PROFILE, "xmp": PACKET}


def words(format, column):
    """-> of a row what it lists: 2 is what it keeps, 3 what it has no room for."""
    return set(filter(None, ROWS[format][column].split(", ")))


def kept(photograph):
    """-> words of the table for what came with a photograph as it was given."""
    found = photograph.metadata
    came = {
        "16 bits": photograph.pixels.dtype == np.uint16,
        "transparency": photograph.alpha is not None,
        "profile": found.icc == PROFILE,
        "resolution": found.dpi and np.allclose(np.array(found.dpi, float), 300, atol=0.02),
        "IPTC": found.iptc == CAPTION,
        "XMP": found.xmp and b'dc:source="A"' in found.xmp,
        "comment": found.comment == "hello ä",
        "EXIF": found.exif.get(270, "").encode("latin-1") == "Müller".encode()
        and found.exif[0x8769][0x9003] == "1931:05:04 12:00:00"
        and found.exif[0x8825] == {1: "N"},
    }
    return {word for word, came_along in came.items() if came_along}


def test_all_formats_have_a_row():
    assert set(suffixes.PICTURES) <= {name for cells in ROWS.values() for name in cells[0].split()}
    assert set(writing._WRITERS) <= {name for format in WRITTEN for name in ROWS[format][0].split()}


@pytest.mark.parametrize("format", WRITTEN)
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_written(tmp_path, format, depth):
    rgba, path = (RGBA >> 8 if depth == np.uint8 else RGBA).astype(depth), tmp_path / f"a{ROWS[format][0].split()[0]}"
    along = Metadata(EXIF, PROFILE, (300, 300), CAPTION, PACKET, "hello ä")
    notes = writing.write(path, rgba[..., :3].copy(), alpha=rgba[..., 3].copy(), metadata=along)
    photograph = reading.read(path)
    assert kept(photograph) == words(format, 2) - ({"16 bits"} if depth == np.uint8 else set())
    said = {"EXIF": "EXIF data", "profile": "colour profile", "IPTC": "IPTC data", "comment": "comment"}
    noted = {word for word, name in said.items() if f"its {name} is left out: {path.suffix[1:]} has no" in str(notes)}
    assert noted == words(format, 3) & set(said) and len(notes) == len(noted)
    if "EXIF" in words(format, 2):
        inner = photograph.metadata.exif[0x8769]
        assert (inner[0xA002], inner[0xA003]) == (23, 35)  # the picture's own size
        with Image.open(path) as image:
            assert 0x0201 not in image.getexif().get_ifd(1)  # no thumbnail


def jpeg(path):
    content = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(CAPTION)) + CAPTION + b"\0"
    segment = b"\xff\xed" + struct.pack(">H", 2 + len(content)) + content
    image = Image.new("RGB", (8, 4))
    image.save(path, "JPEG", comment="hello ä".encode(), extra=segment, dpi=(300, 300), **GIVEN)


def png(path):
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", PACKET.decode())
    texts.add_itxt("Comment", "hello ä")
    texts.add_text("Raw profile type iptc", f"\niptc\n      {len(CAPTION)}\n{CAPTION.hex()}\n", zip=True)
    Image.new("RGBA", (8, 4)).save(path, "PNG", pnginfo=texts, dpi=(300, 300), **GIVEN)


def tiff(path):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in EXIF.items():
        tags[tag] = value
    for tag, content in ((700, PACKET), (33723, CAPTION + b"\0")):
        tags.tagtype[tag], tags[tag] = 7, content
    Image.new("RGBA", (8, 4)).save(path, "TIFF", tiffinfo=tags, icc_profile=PROFILE, dpi=(300, 300))
    # Programs call captions three 32-bit numbers: the tag, its type, how many.
    path.write_bytes(path.read_bytes().replace(struct.pack("<HHI", 33723, 7, 12), struct.pack("<HHI", 33723, 4, 3)))
    assert struct.pack("<HHI", 33723, 4, 3) in path.read_bytes()


def jpeg2000(path):
    Image.new("RGBA", (8, 4)).save(path, "JPEG2000")
    data, place = path.read_bytes(), path.read_bytes().index(b"colr") - 4
    box = struct.pack(">I", 11 + len(PROFILE)) + b"colr\2\0\0" + PROFILE
    head = data.index(b"jp2h") - 4
    length = int.from_bytes(data[head : head + 4], "big") + len(box) - 15  # that of a colour box with a number
    data = data[:head] + struct.pack(">I", length) + data[head + 4 : place] + box + data[place + 15 :]
    kinds = ("BE7ACFCB97A942E89C71999491E3AFAC", PACKET), ("33C7A4D2B81D4723A0BAF1A3E097AD38", CAPTION)
    for kind, content in (*kinds, (b"JpgTiffExif->JP2".hex(), EXIF.tobytes()[6:])):
        data += struct.pack(">I4s", 24 + len(content), b"uuid") + bytes.fromhex(kind) + content
    path.write_bytes(data)


def jpeg_xl(path):
    data = imagecodecs.jpegxl_encode(RGBA, usecontainer=True)
    for name, content in ((b"Exif", b"\0\0\0\0" + EXIF.tobytes()[6:]), (b"xml ", PACKET)):
        data += struct.pack(">I4s", 8 + len(content), name) + content
    path.write_bytes(data)


def by_pillow(name, **options):
    return lambda path: Image.new("RGBA", (8, 4)).save(path, name, **options)


FILES = {
    "JPEG": jpeg,
    "PNG": png,
    "TIFF": tiff,
    "WebP": by_pillow("WEBP", **GIVEN),
    "GIF": by_pillow("GIF", comment="hello ä".encode()),
    "AVIF": by_pillow("AVIF", **GIVEN),
    "HEIC": by_pillow("HEIF", **GIVEN),
    "JPEG 2000": jpeg2000,
    "JPEG XL": jpeg_xl,
}


@pytest.mark.parametrize("format", FILES)
def test_read(tmp_path, format):
    """What other programs wrote."""
    FILES[format](tmp_path / "a")
    photograph = reading.read(tmp_path / "a")
    assert kept(photograph) | {"16 bits"} == words(format, 2) | {"16 bits"} and photograph.notes == []


def test_all_rows_are_walked():
    assert {*WRITTEN, *FILES} == set(ROWS) - {"DNG"}  # which is TIFF
