"""Files of every mode become the pixels they mean; a bad one is an error that names it."""

import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

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


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_16_bit_colour_tiff(tmp_path, orientation, compression):
    tags = [(274, "H", 1, orientation, True)]
    options = {"photometric": "rgb", "extratags": tags, "compression": compression}
    tifffile.imwrite(tmp_path / "a.tif", COLOR, **options)
    turned = np.rot90(COLOR, -1) if orientation == 6 else COLOR  # 6: a quarter turn clockwise
    np.testing.assert_array_equal(reading.read(tmp_path / "a.tif").pixels, turned)
    tifffile.imwrite(tmp_path / "b.tif", np.dstack([COLOR, ALPHA]), extrasamples=["unassalpha"], **options)
    photograph = reading.read(tmp_path / "b.tif")
    np.testing.assert_array_equal(photograph.pixels, turned)
    np.testing.assert_array_equal(photograph.alpha, np.rot90(ALPHA, -1) if orientation == 6 else ALPHA)


def test_16_bit_colour_tiff_with_lzw(tmp_path):
    cv2.imwrite(str(tmp_path / "a.tif"), COLOR[..., ::-1])  # LZW is OpenCV's default
    np.testing.assert_array_equal(reading.read(tmp_path / "a.tif").pixels, COLOR)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_16_bit_gray_tiff(tmp_path, photometric):
    expected = DEEP if photometric == "minisblack" else 65535 - DEEP
    tifffile.imwrite(tmp_path / "a.tif", DEEP, photometric=photometric)
    np.testing.assert_array_equal(reading.read(tmp_path / "a.tif").pixels, expected)
    both = np.dstack([DEEP, DEEP[::-1] // 2])
    tifffile.imwrite(tmp_path / "b.tif", both, photometric=photometric, extrasamples=["unassalpha"])
    photograph = reading.read(tmp_path / "b.tif")
    np.testing.assert_array_equal(photograph.pixels, expected)
    np.testing.assert_array_equal(photograph.alpha, both[..., 1])


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


def test_profiles(tmp_path):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png", icc_profile=srgb)
    assert reading.read(tmp_path / "a.png").metadata.icc == srgb
    damaged = srgb[:16] + b"GRAY" + srgb[20:]
    Image.new("L", (4, 4), 77).save(tmp_path / "b.png", icc_profile=damaged)
    photograph = reading.read(tmp_path / "b.png")
    assert photograph.metadata.icc is None and (photograph.pixels == 77).all() and "profile" in photograph.notes[0]


def gray_profile(gamma):
    """A gray ICC profile by hand (ICC.1:2010, 7.2 and 10.5): white point D50 and one gamma curve."""
    text = b"desc\0\0\0\0\0\0\0\x02g\0" + b"\0" * 78
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1.0, 0.8249)))
    tags, data, offset = b"", b"", 128 + 4 + 12 * 3
    for name, content in ((b"desc", text), (b"wtpt", white), (b"kTRC", curve)):
        content += b"\0" * (-len(content) % 4)
        tags += name + struct.pack(">II", offset + len(data), len(content))
        data += content
    body = struct.pack(">I", 3) + tags + data
    head = struct.pack(">I4sI4s4s4s", 128 + len(body), b"none", 0x02400000, b"mntr", b"GRAY", b"XYZ ")
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    head += struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1.0, 0.8249)))
    return head.ljust(128, b"\0") + body


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_gray_profile_is_applied_and_left_out(tmp_path, depth):
    top = np.iinfo(depth).max
    Image.fromarray(np.full((4, 4), top // 2, depth)).save(tmp_path / "a.png", icc_profile=gray_profile(1.0))
    photograph = reading.read(tmp_path / "a.png")
    # Linear light 0.498 in sRGB (IEC 61966-2-1): 1.055 * 0.498 ** (1 / 2.4) - 0.055 = 0.734, by hand.
    np.testing.assert_allclose(photograph.pixels / top, 0.734, atol=0.005)
    assert photograph.metadata.icc is None and photograph.pixels.dtype == depth


def test_of_several_pages_the_first_counts(tmp_path):
    Image.new("L", (4, 4), 7).save(tmp_path / "a.tif", save_all=True, append_images=[Image.new("L", (4, 4))])
    photograph = reading.read(tmp_path / "a.tif")
    assert (photograph.pixels == 7).all() and photograph.notes == ["the first of 2 pages"]


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's own, on TIFF files that end early
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"not a picture", "not an image"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "not an image"),
        (b"II*\0\x08\0\0\0", "not an image"),
    ],
)
def test_files_that_are_no_pictures(tmp_path, content, reason):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(OSError, match=reason) as caught:
        reading.read(tmp_path / "a.png")
    assert str(tmp_path / "a.png") in str(caught.value)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's own, on TIFF files that end early
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.bmp", "deep.png", "deep.tif"])
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
    with pytest.raises(OSError, match=name):
        reading.read(path)


@pytest.mark.parametrize("mode", ["F", "I"])
def test_values_without_a_brightness(tmp_path, mode):
    Image.new(mode, (4, 4), 70000).save(tmp_path / "a.tif")
    with pytest.raises(OSError, match="no defined brightness"):
        reading.read(tmp_path / "a.tif")


def test_decompression_bombs(tmp_path):
    Image.new("L", (100, 90)).save(tmp_path / "a.png")
    with pytest.raises(OSError, match=r"100 x 90 pixels.*--max-megapixels 0.005"):
        reading.read(tmp_path / "a.png", max_megapixels=0.005)
    with reading.large_pictures(0.001), pytest.raises(OSError, match="--max-megapixels 0.001"):
        reading.read(tmp_path / "a.png", max_megapixels=0.001)
    with reading.large_pictures(0.008):
        assert reading.read(tmp_path / "a.png", max_megapixels=0.009).pixels.shape == (90, 100)


def test_sixteen_bit_planes(tmp_path):
    planes = np.random.default_rng(0).integers(0, 65536, (3, 8, 9), dtype=np.uint16)
    tifffile.imwrite(tmp_path / "planes.tif", planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(reading.read(tmp_path / "planes.tif").pixels, planes.transpose(1, 2, 0))


def test_16_bits_multiplied_with_alpha_are_divided_again(tmp_path):
    """TIFF 6.0, ExtraSamples = 1: by hand, 20000 of which half is left is 10000."""
    alpha = np.array([[65535, 32768, 0, 1]], np.uint16)
    plain = np.array([[[20000, 40000, 65535]] * 4], np.uint16)
    stored = np.rint(plain * (alpha[..., None] / 65535)).astype(np.uint16)
    np.testing.assert_array_equal(stored[0, 1], (10000, 20000, 32768))
    tifffile.imwrite(tmp_path / "rgba.tif", np.dstack([stored, alpha]), photometric="rgb", extrasamples=["assocalpha"])
    gray = np.dstack([stored[..., 0], alpha])
    tifffile.imwrite(tmp_path / "la.tif", gray, photometric="minisblack", extrasamples=["assocalpha"])
    for name, expected in (("rgba.tif", plain), ("la.tif", plain[..., 0])):
        photograph = reading.read(tmp_path / name)
        np.testing.assert_array_equal(photograph.alpha, alpha)
        assert photograph.pixels.dtype == np.uint16
        np.testing.assert_allclose(photograph.pixels[:, :2].astype(int), expected[:, :2], atol=1)
        assert (photograph.pixels[:, 2] == 0).all()  # nothing is left of what cannot be seen


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's own, on TIFF files that end early
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kind", ["rgb", "rgba", "gray", "gray-alpha"])
def test_16_bit_tiff_files_that_are_not_whole(tmp_path, kind, compression):
    random = np.random.RandomState(0).randint(0, 65536, (64, 64, 4)).astype(np.uint16)
    array = {"rgb": random[..., :3], "rgba": random, "gray": random[..., 0], "gray-alpha": random[..., :2]}[kind]
    options = {"photometric": "rgb" if "rgb" in kind else "minisblack", "rowsperstrip": 16, "compression": compression}
    options |= {"extrasamples": ["unassalpha"]} if kind in ("rgba", "gray-alpha") else {}
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, array, **options)
    content = path.read_bytes()
    with tifffile.TiffFile(path) as file:
        starts, counts = file.pages[0].dataoffsets, file.pages[0].databytecounts
    for kept in (starts[-1] + counts[-1] - 1, starts[2] + 7):
        path.write_bytes(content[:kept])
        with pytest.raises(OSError, match=r"a\.tif: cannot be read: it is truncated"):
            reading.read(path)
    if compression:  # without, no value is wrong
        middle = starts[1] + counts[1] // 2
        path.write_bytes(
            content[:middle] + bytes(b ^ 90 for b in content[middle : middle + 16]) + content[middle + 16 :]
        )
        with pytest.raises(OSError, match=r"a\.tif: cannot be read: its pixels are damaged"):
            reading.read(path)


def test_gray_with_alpha_may_be_too_large(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((90, 100, 2), np.uint16), extrasamples=["unassalpha"])
    with pytest.raises(OSError, match=r"100 x 90 pixels.*--max-megapixels 0.005"):
        reading.read(tmp_path / "a.tif", max_megapixels=0.005)
