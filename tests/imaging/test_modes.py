"""Every mode and depth becomes the 8-bit sRGB that it stands for."""

import io

import numpy as np
import pytest
from PIL import Image

from colorgan.files import reading
from colorgan.imaging import modes


def converted(image, format="PNG", **options):
    """Through a file: what is transparent only files say."""
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    buffer.seek(0)
    return reading.rgb(buffer)


# (mode, a pixel in it, the sRGB it stands for); by hand.
PIXELS = [
    ("1", 1, (255, 255, 255)),
    ("L", 77, (77, 77, 77)),
    ("RGB", (10, 20, 30), (10, 20, 30)),
    ("LA", (100, 255), (100, 100, 100)),
    ("LA", (100, 0), (255, 255, 255)),  # transparent: the white below
    ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
    ("RGBA", (0, 0, 0, 51), (204, 204, 204)),  # a fifth of black on white
    ("I;16", 257 * 200, (200, 200, 200)),
    ("I;16", 65535, (255, 255, 255)),
    ("I;16", 100, (0, 0, 0)),  # not white, as a cut at 255 would have it
]


@pytest.mark.parametrize("mode, pixel, expected", PIXELS)
def test_modes_become_rgb(mode, pixel, expected):
    result = converted(Image.new(mode, (4, 4), pixel))
    assert result.shape == (4, 4, 3) and result.dtype == np.uint8
    assert (result == expected).all()


def test_palettes_with_and_without_transparency():
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    assert (converted(image) == (10, 200, 30)).all()
    assert (converted(image, transparency=1) == 255).all()


def test_cmyk_and_gray_jpeg():
    result = converted(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), format="JPEG", quality=95)
    assert (abs(result.astype(int) - (255, 0, 0)) < 8).all()  # cyan none, magenta and yellow full: red
    assert (abs(converted(Image.new("L", (16, 16), 90), format="JPEG").astype(int) - 90) < 2).all()


def test_depths():
    """By hand; white is white at every depth."""
    np.testing.assert_array_equal(modes.scaled(np.array([0, 5, 15], np.uint8), 4), [0, 85, 255])
    np.testing.assert_array_equal(modes.scaled(np.array([0, 1, 4095], np.uint16), 12), [0, 16, 65535])
    wide = np.array([0, 128, 129, 65535], np.uint16)
    np.testing.assert_array_equal(modes.as_depth(wide, np.uint8), [0, 0, 1, 255])  # 257 a step, to the nearest
    np.testing.assert_array_equal(modes.as_depth(np.array([0, 1, 255], np.uint8), np.uint16), [0, 257, 65535])
