"""Values under a profile or a gamma become sRGB's."""

import struct

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, PngImagePlugin

from colorgan.files import profiles, reading

ADOBE = imagecodecs.cms_profile("adobergb")
# RGB to CIE XYZ of Adobe RGB (1998), 4.3.5.3, and from there to linear sRGB, IEC 61966-2-1.
TO_XYZ = np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]])
FROM_XYZ = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


def encoded(linear):
    """IEC 61966-2-1: linear light -> sRGB, both in [0, 1]."""
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


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


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_wide_gamuts_are_converted(tmp_path, depth):
    top = np.iinfo(depth).max
    values = np.array([[[200, 150, 100], [90, 120, 90], [128, 128, 160]]], np.uint8).astype(depth) * (top // 255)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", iccprofile=ADOBE)
    photograph = reading.read(tmp_path / "a.tif")
    expected = encoded((values / top) ** 2.19921875 @ TO_XYZ.T @ FROM_XYZ.T)
    np.testing.assert_allclose(photograph.pixels / top, expected, atol=1 / 255 if depth == np.uint8 else 0.1 / 255)
    assert photograph.metadata.icc is None and photograph.pixels.dtype == depth and not photograph.notes
    np.testing.assert_allclose(reading.rgb(tmp_path / "a.tif") / 255, expected, atol=1 / 255)


def test_gray_stays_gray_under_a_profile_of_colours():
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=-1)
    values, icc = profiles.as_srgb(ramp, ADOBE, [])
    assert icc is None and (values == values[..., :1]).all()
    np.testing.assert_allclose(values[0, :, 0], encoded((np.arange(256) / 255) ** 2.19921875) * 255, atol=1)


def test_inks():
    """Without a profile: each ink, and black, lets its share of the light through; by hand."""
    inks = np.array([[[0, 0, 0, 0], [0, 255, 255, 0], [51, 0, 0, 0], [0, 0, 0, 51]]], np.uint8)
    expected = [[[255, 255, 255], [255, 0, 0], [204, 255, 255], [204, 204, 204]]]
    for dtype, factor in ((np.uint8, 1), (np.uint16, 257)):
        values, icc = profiles.as_srgb(inks.astype(dtype) * factor, None, [])
        np.testing.assert_array_equal(values // factor, expected)
        assert values.dtype == dtype and icc is None


def png(path, image, *chunks):
    info = PngImagePlugin.PngInfo()
    for name, content in chunks:
        info.add(name, content)
    image.save(path, pnginfo=info)
    return reading.read(path)


def test_gamma_of_png(tmp_path):
    """PNG specification, 11.3.2.2: light is value ** (1 / gAMA)."""
    ramp = np.arange(256, dtype=np.uint8)[None]
    old = struct.pack(">I", 55556)  # 1 / 1.8, as on the first Macintosh
    gray = png(tmp_path / "a.png", Image.fromarray(ramp), (b"gAMA", old))
    expected = encoded((ramp / 255) ** (1 / 0.55556)) * 255
    np.testing.assert_allclose(gray.pixels, expected, atol=0.51)
    color = png(tmp_path / "b.png", Image.fromarray(ramp[..., None].repeat(3, axis=-1)), (b"gAMA", old))
    np.testing.assert_allclose(color.pixels, expected[..., None].repeat(3, axis=-1), atol=0.51)
    said = png(tmp_path / "c.png", Image.fromarray(ramp), (b"gAMA", struct.pack(">I", 45455)))  # sRGB's stand-in
    np.testing.assert_array_equal(said.pixels, ramp)
    both = png(tmp_path / "d.png", Image.fromarray(ramp), (b"gAMA", old), (b"sRGB", b"\0"))
    np.testing.assert_array_equal(both.pixels, ramp)


def test_primaries_of_png(tmp_path):
    adobe = (0.3127, 0.3290, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
    chunks = (b"gAMA", struct.pack(">I", 45470)), (b"cHRM", struct.pack(">8I", *(round(v * 1e5) for v in adobe)))
    values = np.array([[[200, 150, 100], [90, 120, 90]]], np.uint8)
    found = png(tmp_path / "a.png", Image.fromarray(values), *chunks).pixels
    expected = encoded((values / 255) ** 2.19921875 @ TO_XYZ.T @ FROM_XYZ.T) * 255
    np.testing.assert_allclose(found, expected, atol=1)
