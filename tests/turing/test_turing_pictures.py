"""What a trial shows: places, wrong pictures, the mask, and files that tell nothing."""

import io

import numpy as np
import pytest
from PIL import Image
from skimage import color

from colorgan.turing import pictures
from colorgan.turing import trials as turing

REAL = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
GENERATED = np.full((12, 16, 3), 90, np.uint8)


@pytest.mark.parametrize(
    ("kind", "truth", "expected"),
    [
        ("test", "left", {"left": REAL, "right": GENERATED}),
        ("practice", "right", {"left": GENERATED, "right": REAL}),
        ("check", "left", {"left": REAL, "right": pictures.wrong(REAL)}),
        ("test", "real", {"only": REAL}),
        ("test", "generated", {"only": GENERATED}),
        ("check", "generated", {"only": pictures.wrong(REAL)}),
    ],
)
def test_what_lies_where(kind, truth, expected):
    shown = pictures.shown(turing.Trial(0, kind, 5, truth), REAL, GENERATED)
    assert list(shown) == list(expected)
    for place in expected:
        np.testing.assert_array_equal(shown[place], expected[place])


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_wrong_picture_is_wrong_whatever_the_photograph(level):
    wrong = pictures.wrong(np.full((8, 64, 3), level, np.uint8))
    assert wrong.shape == (8, 64, 3) and wrong.dtype == np.uint8
    hsv = color.rgb2hsv(wrong)  # scikit-image
    assert np.ptp(hsv[..., 0]) > 0.9, "all hues of the circle"
    assert hsv[..., 1].min() > 0.65, "strong colours"
    assert hsv[..., 2].min() > 0.3, "and not in the dark"


def test_a_wrong_picture_keeps_its_structure():
    photograph = np.zeros((8, 64, 3), np.uint8)
    photograph[4:] = 255
    wrong = pictures.wrong(photograph).astype(int).sum(axis=-1)
    assert (wrong[4:] > wrong[:4] + 100).all()


@pytest.mark.parametrize("shape", [(32, 32, 3), (40, 100, 3), (100, 40, 3), (5, 7, 3), (1, 1, 3)])
def test_the_mask_covers_in_many_colours(shape):
    mask = pictures.mask(shape, seed=1)
    assert mask.shape == shape and mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, pictures.mask(shape, seed=1))
    assert shape[0] == 1 or len(np.unique(mask.reshape(-1, 3), axis=0)) > 20
    assert (mask != pictures.mask(shape, seed=2)).any()


def test_files_are_lossless_and_tell_nothing():
    files = [pictures.png(picture) for picture in (REAL, GENERATED, pictures.wrong(REAL))]
    assert len({len(file) for file in files}) == 1, "noise and a flat colour alike"
    headers = {file[:33] for file in files}  # signature and IHDR
    assert len(headers) == 1
    for file, picture in zip(files, (REAL, GENERATED), strict=False):
        image = Image.open(io.BytesIO(file))
        assert (image.format, image.mode, image.info) == ("PNG", "RGB", {})
        np.testing.assert_array_equal(np.asarray(image), picture)


def test_large_files_are_of_one_size_too():
    noise = np.random.default_rng(1).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    assert len(pictures.png(noise)) == len(pictures.png(np.zeros_like(noise)))
