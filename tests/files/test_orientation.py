"""Pictures come upright, whoever turns them."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from colorgan.files import orientation as orientations
from colorgan.files import reading


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_pillows(orientation):
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    image = Image.fromarray(array)
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }  # the table of `ImageOps.exif_transpose`
    expected = np.asarray(image.transpose(turned[orientation])) if orientation in turned else array
    np.testing.assert_array_equal(orientations.upright(array, orientation), expected)


@pytest.mark.parametrize(
    ("suffix", "mode"), [("jpg", "RGB"), ("png", "L"), ("tif", "L"), ("tif", "RGB"), ("webp", "RGB")]
)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_files(tmp_path, suffix, mode, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    picture = np.random.RandomState(0).randint(0, 256, (16, 24)).astype(np.uint8)
    Image.fromarray(picture).convert(mode).save(tmp_path / f"a.{suffix}", exif=exif)
    pixels = reading.rgb(tmp_path / f"a.{suffix}")
    image = Image.open(io.BytesIO((tmp_path / f"a.{suffix}").read_bytes()))
    expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    np.testing.assert_array_equal(pixels, expected)
    assert reading.size(tmp_path / f"a.{suffix}") == pixels.shape[:2] and pixels.flags.c_contiguous


@pytest.mark.parametrize("value", [None, 0, 9, "upside down"])
def test_what_means_nothing_is_nothing_to_do(value):
    image = Image.new("L", (2, 2))
    if value is not None:
        image.getexif()[274] = value
    assert orientations.remaining(image) == 1
