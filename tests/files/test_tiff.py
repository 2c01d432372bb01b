"""Of a TIFF the picture is read, and its samples are what its tags say."""

import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from colorgan.files import reading

RAMP = np.linspace(0, 255, 64).astype(np.uint8)[None].repeat(8, axis=0)
DEEP = np.linspace(0, 65535, 64).astype(np.uint16)[None].repeat(8, axis=0)
COLOR = np.random.RandomState(0).randint(0, 65536, (8, 12, 3)).astype(np.uint16)
ALPHA = np.random.RandomState(1).randint(0, 65536, (8, 12)).astype(np.uint16)


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


def test_of_several_pages_the_first_counts(tmp_path):
    Image.new("L", (4, 4), 7).save(tmp_path / "a.tif", save_all=True, append_images=[Image.new("L", (4, 4))])
    photograph = reading.read(tmp_path / "a.tif")
    assert (photograph.pixels == 7).all() and photograph.notes == ["only the first of its 2 pages is coloured"]


@pytest.mark.parametrize("mode", ["F", "I"])
def test_values_without_a_brightness(tmp_path, mode):
    Image.new(mode, (4, 4), 70000).save(tmp_path / "a.tif")
    with pytest.raises(OSError, match="no defined brightness"):
        reading.read(tmp_path / "a.tif")


@pytest.mark.parametrize("bits", [2, 4, 10, 12, 14])
@pytest.mark.parametrize("compression", [1, 8])
def test_values_are_scaled_by_the_depth_that_the_file_states(tmp_path, bits, compression):
    levels = 2**bits - 1
    values = np.linspace(0, levels, 64).astype(np.uint16 if bits > 8 else np.uint8)[None].repeat(8, axis=0)
    rows = [np.unpackbits(row.astype(">u2")[:, None].view(np.uint8), axis=1)[:, 16 - bits :] for row in values]
    strip = b"".join(np.packbits(row).tobytes() for row in rows)  # by hand: TIFF 6.0, samples one after the other
    strip = zlib.compress(strip) if compression == 8 else strip
    tags = [(256, 3, 64), (257, 3, 8), (258, 3, bits), (262, 3, 1), (277, 3, 1), (278, 3, 8), (279, 4, len(strip))]
    start = 8 + 2 + 12 * (len(tags) + 2) + 4
    tags = sorted([*tags, (259, 3, compression), (273, 4, start)])
    directory = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    (tmp_path / "a.tif").write_bytes(b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + b"\0\0\0\0" + strip)
    found = reading.read(tmp_path / "a.tif").pixels
    top = 255 if bits < 8 else 65535
    assert found.dtype == (np.uint8 if bits < 8 else np.uint16)
    np.testing.assert_array_equal(found, np.rint(values * (top / levels)))


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("photometric", ["cielab", "icclab"])
def test_lab(tmp_path, depth, photometric):
    """TIFF 6.0, section 23, and technical note 4: white is 255, 65535, or 65280 in ICCLAB; its a and b are shifted."""
    wide, shifted = depth == np.uint16, photometric == "icclab"
    white = 255 if not wide else 65280 if shifted else 65535
    shift = (32768 if wide else 128) if shifted else 0

    def saved(lightness, a, b):
        scaled = [np.rint(lightness / 100 * white), a * (256 if wide else 1) + shift, b * (256 if wide else 1) + shift]
        array = np.stack(np.broadcast_arrays(*scaled), axis=-1).astype(np.int32).astype(depth)  # negative ones wrap
        tifffile.imwrite(tmp_path / "a.tif", array, photometric=photometric)
        return reading.read(tmp_path / "a.tif").pixels

    lightness = np.linspace(0, 100, 64)[None].repeat(8, axis=0)
    gray = saved(lightness, 0, 0)
    assert gray.shape == (8, 64) and gray.dtype == depth
    # L of the sRGB value (IEC 61966-2-1, CIE 15) is L again, within half a level of 8 bits.
    value = gray / np.iinfo(depth).max
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    again = np.where(linear > 216 / 24389, 116 * np.cbrt(linear) - 16, linear * 24389 / 27)
    np.testing.assert_allclose(again, lightness, atol=0.01 if wide else 0.6)
    # sRGB's red at D50 (Lindbloom's calculator): 54.29, 80.81, 69.89; those of 8 bits are whole numbers.
    red = saved(np.full((4, 4), 54.29), 81 if not wide else 80.81, 70 if not wide else 69.89)
    np.testing.assert_allclose(red[0, 0] / np.iinfo(depth).max * 255, (255, 0, 0), atol=1 if wide else 6)


def test_only_what_is_declared_as_alpha_is_alpha(tmp_path):
    infrared, kinds = np.full_like(ALPHA, 3000), ["unspecified", "unassalpha"]
    tifffile.imwrite(tmp_path / "a.tif", np.dstack([COLOR[..., 0], infrared]), extrasamples=["unspecified"])
    photograph = reading.read(tmp_path / "a.tif")
    np.testing.assert_array_equal(photograph.pixels, COLOR[..., 0])
    assert photograph.alpha is None and "not declare it as transparency" in photograph.notes[0]
    both = np.dstack([COLOR, infrared, ALPHA])
    tifffile.imwrite(tmp_path / "b.tif", both, photometric="rgb", extrasamples=kinds)
    photograph = reading.read(tmp_path / "b.tif")
    np.testing.assert_array_equal(photograph.alpha, ALPHA)
    assert len(photograph.notes) == 1
    small = (np.dstack([COLOR, infrared]) >> 8).astype(np.uint8)  # which Pillow would take for RGBA
    tifffile.imwrite(tmp_path / "c.tif", small, photometric="rgb", extrasamples=["unspecified"])
    assert reading.read(tmp_path / "c.tif").alpha is None
    assert (reading.rgb(tmp_path / "c.tif") == small[..., :3]).all()


def test_previews_are_not_the_picture(tmp_path):
    small, picture = RAMP[::4, ::4], RAMP[..., None].repeat(3, axis=-1)
    with tifffile.TiffWriter(tmp_path / "flagged.tif") as file:
        file.write(small, subfiletype=1)
        file.write(picture, photometric="rgb")
    with tifffile.TiffWriter(tmp_path / "below.tif") as file:
        file.write(small, subfiletype=1, subifds=1)
        file.write(picture, photometric="rgb")
    with tifffile.TiffWriter(tmp_path / "unflagged.tif") as file:
        file.write(small)
        file.write(picture, photometric="rgb")
    for name, notes in (("flagged", 0), ("below", 0), ("unflagged", 1)):
        path = tmp_path / f"{name}.tif"
        photograph = reading.read(path)
        np.testing.assert_array_equal(photograph.pixels, picture)
        assert reading.size(path) == (8, 64) and len(photograph.notes) == notes


@pytest.mark.parametrize("subifds", [0, 1])
def test_raw_files_are_refused_with_what_to_do(tmp_path, subifds):
    with tifffile.TiffWriter(tmp_path / "a.dng") as file:
        if subifds:
            file.write(RAMP[::4, ::4], subfiletype=1, subifds=1)
        file.write(DEEP, photometric="cfa", extratags=[(33421, "H", 2, (2, 2)), (33422, "B", 4, b"\0\1\1\2")])
    for look in (reading.read, reading.rgb, reading.size):
        with pytest.raises(OSError, match=r"a\.dng: cannot be read: it is a camera's raw file. Develop it"):
            look(tmp_path / "a.dng")
    (tmp_path / "a.cr3").write_bytes(b"\0\0\0\x18ftypcrx " + b"\0" * 20)
    with pytest.raises(OSError, match="a camera's raw file"):
        reading.read(tmp_path / "a.cr3")


@pytest.mark.parametrize("kind", ["palette", "cmyk", "luma and chroma", "fax"])
def test_encodings_of_colour(tmp_path, kind):
    rgb = np.stack([RAMP, RAMP[:, ::-1], RAMP // 2], axis=-1)
    image, options = Image.fromarray(rgb), {}
    if kind == "palette":
        image = image.quantize(16)
        rgb = np.asarray(image.convert("RGB"))
    if kind == "cmyk":
        image = image.convert("CMYK")
    if kind == "luma and chroma":
        image, options = image.convert("YCbCr"), {"compression": "tiff_lzw"}
    if kind == "fax":
        image, options = Image.fromarray(RAMP > 99), {"compression": "group4"}
        rgb = np.where(RAMP > 99, 255, 0)[..., None].repeat(3, axis=-1)
    image.save(tmp_path / "a.tif", **options)
    np.testing.assert_allclose(reading.rgb(tmp_path / "a.tif").astype(int), rgb, atol=2)


def test_metadata_of_pixels_that_pillow_does_not_know(tmp_path):
    options = {"extrasamples": ["unspecified"], "resolution": (300, 300), "resolutionunit": "inch"}
    tags = [(271, "s", 6, "Maker", True)]
    tifffile.imwrite(tmp_path / "a.tif", np.dstack([DEEP, DEEP]), extratags=tags, **options)
    photograph = reading.read(tmp_path / "a.tif")
    assert photograph.metadata.exif[271] == "Maker" and photograph.metadata.dpi == (300, 300)
