"""What a command line asks of the colours, out of files; bad input is named."""

import json

import numpy as np
import pytest
from PIL import Image

from colorgan.imaging import modes
from colorgan.models import color
from colorgan.serving import steering
from colorgan.serving.asked import read_hints, read_palette
from colorgan.serving.steering import Hint, Wishes

GRAY = np.full((16, 24, 3), 119, np.uint8)


def ab_of(rgb):
    return np.asarray(color.rgb_to_lab(np.float32(rgb) / 255))[1:]


def test_a_reference_file_is_named_if_it_is_none(tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "gray.png")
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(ValueError, match="gray.png: The reference is gray"):
        read_palette(tmp_path / "gray.png")
    with pytest.raises(OSError, match="text.jpg"):
        read_palette(tmp_path / "text.jpg")


def test_points_out_of_json(tmp_path):
    rows = [{"x": 3, "y": 4.5, "color": "#2040C0", "radius": 2, "frame": 7}, {"x": 0, "y": 0, "color": "keep gray"}]
    rows += [{"x": 1, "y": 1, "color": "Royal Blue"}]
    (tmp_path / "hints.json").write_text(json.dumps(rows), encoding="utf-8-sig")  # as Windows' editor writes it
    expected = Hint(3, 4.5, (32, 64, 192), 2, 7), Hint(0, 0, None), Hint(1, 1, (65, 105, 225))
    assert read_hints(tmp_path / "hints.json") == expected


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("[", "must be JSON"),
        ("[" * 100_000, "must be JSON"),
        ("{}", "must be a list"),
        ("[]", "at least one"),
        ([{"x": 1, "y": 1}], "hint 1 must have x, y and color"),
        ([{"x": 1, "y": 1, "color": "#000000", "size": 3}], "hint 1 must have"),
        ([{"x": 1, "y": 1, "color": "#000000"}, {"x": 1, "y": 1, "color": "bluish"}], "hint 2: `color`.*'bluish'"),
        ([{"x": "1", "y": 1, "color": "#000000"}], "hint 1: `x` must be a number"),
        ([{"x": -1, "y": 1, "color": "#000000"}], "`x` must be a number of pixels, at least 0. Received: -1"),
        ([{"x": 1, "y": 1, "color": "#000000", "frame": 0.5}], "`frame` must be a whole number"),
        ([{"x": 1, "y": 1, "color": "keep gray"}] * 10_001, "at most 10,000. Received: 10,001"),
    ],
)
def test_hints_that_are_none(tmp_path, rows, said):
    (tmp_path / "hints.json").write_text(rows if isinstance(rows, str) else json.dumps(rows))
    with pytest.raises(ValueError, match=f"hints.json: .*{said}"):
        read_hints(tmp_path / "hints.json")


@pytest.fixture
def layer():
    """A red bar and a blue dot on nothing, [40, 60, 4]."""
    made = np.zeros((40, 60, 4), np.uint8)
    made[5:8, 10:50], made[30, 20] = (200, 30, 30, 255), (30, 30, 200, 255)
    return made


def test_a_painted_layer(tmp_path, layer):
    Image.fromarray(layer).save(tmp_path / "layer.png")
    hints = read_hints(tmp_path / "layer.png", np.zeros((40, 60), np.uint8))
    assert {(one.x, one.y) for one in hints} == {(x, y) for y, x in np.argwhere(layer[..., 3])}
    made = Wishes(hints=hints).given(np.full((40, 60, 3), 119, np.uint8), (40, 60), ab_scale=110.0)["hints"][0]
    np.testing.assert_array_equal(made[..., 2], layer[..., 3].reshape(20, 2, 30, 2).max(axis=(1, 3)) > 0)
    np.testing.assert_allclose(made[3, 10, :2] * 110, ab_of((200, 30, 30)), atol=0.1)


def test_a_photograph_that_was_painted_over(tmp_path, layer):
    photograph = np.random.RandomState(0).randint(0, 256, (40, 60), np.uint8)
    over = np.where(layer[..., 3:] > 0, layer[..., :3], photograph[..., None])
    Image.fromarray(over).save(tmp_path / "over.png")
    hints = read_hints(tmp_path / "over.png", photograph)
    assert {(one.x, one.y) for one in hints} == {(x, y) for y, x in np.argwhere(layer[..., 3])}
    with pytest.raises(ValueError, match="over.png: .*must have the photograph's size, 50 x 40. Received: 60 x 40"):
        read_hints(tmp_path / "over.png", photograph[:, :50])
    with pytest.raises(ValueError, match="must be transparent where nothing is painted"):
        read_hints(tmp_path / "over.png")
    Image.fromarray(photograph).save(tmp_path / "same.png")
    with pytest.raises(ValueError, match="nothing is painted there"):
        read_hints(tmp_path / "same.png", photograph)


def test_a_transparent_photograph_that_was_painted_over(tmp_path, layer):
    """What is opaque in both is the photograph, and no paint."""
    photograph = np.random.RandomState(0).randint(0, 256, (40, 60), np.uint8)
    alpha = np.where(np.arange(60) < 55, 255, 0).astype(np.uint8)[None].repeat(40, 0)
    over = np.where(layer[..., 3:] > 0, layer[..., :3], photograph[..., None])
    Image.fromarray(np.dstack([over, alpha])).save(tmp_path / "over.png")
    for dtype in (np.uint8, np.uint16):
        hints = read_hints(tmp_path / "over.png", modes.as_depth(photograph, dtype), modes.as_depth(alpha, dtype))
        assert {(one.x, one.y) for one in hints} == {(x, y) for y, x in np.argwhere(layer[..., 3])}
    Image.fromarray(layer).save(tmp_path / "layer.png")
    assert set(read_hints(tmp_path / "layer.png", photograph, alpha)) == set(hints)


def test_a_painting_of_the_whole_becomes_as_many_hints_as_may_be(tmp_path):
    whole = np.full((300, 400, 4), 255, np.uint8)
    whole[0, 0, 3] = 0
    Image.fromarray(whole).save(tmp_path / "whole.png")
    hints = read_hints(tmp_path / "whole.png")
    assert steering.MOST / 3 < len(hints) <= steering.MOST
    made = Wishes(hints=hints).given(np.full((96, 128, 3), 119, np.uint8), (300, 400), ab_scale=110.0)["hints"]
    assert made[..., 2].all()


def test_hints_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"hints\.json is not there, or is not a file\. Give hints\.json"):
        read_hints(tmp_path / "hints.json")
