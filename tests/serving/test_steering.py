"""What a person wishes: out of files, into what a generator is given; bad input is named."""

import json

import numpy as np
import pytest
from PIL import Image

from colorgan.models import color, quantization
from colorgan.serving import steering
from colorgan.serving.steering import Hint, Wishes, palette_of, read_hints, read_palette

GRAY = np.full((16, 24, 3), 119, np.uint8)  # L 50


def given(*hints, size=(16, 24), picture=GRAY):
    return Wishes(hints=hints).given(picture, size, ab_scale=110.0)["hints"][0]


def ab_of(rgb):
    return np.asarray(color.rgb_to_lab(np.float32(rgb) / 255))[1:]


def test_a_hint_is_in_the_cell_of_its_place():
    """x 13, y 5 of 16 x 24 pixels is the cell of row 2, column 6; in a photograph of ten times the size likewise."""
    for scale in (1, 10):
        made = given(Hint(13 * scale, 5 * scale, (130, 110, 120)), size=(16 * scale, 24 * scale))
        assert made.shape == (8, 12, 3) and np.argwhere(made[..., 2]).tolist() == [[2, 6]]
        np.testing.assert_allclose(made[2, 6, :2] * 110, ab_of((130, 110, 120)), atol=0.01)
        assert not made[made[..., 2] == 0].any()


def test_a_disc_covers_the_cells_that_it_touches():
    """Of radius 2.6 around (8, 8), where four cells meet: 1.3 cells reach these and their neighbours, no corner."""
    made = given(Hint(8, 8, (200, 100, 100), radius=2.6))
    rows, columns = np.mgrid[:8, :12]
    # From (4, 4), in cells, to the nearest point of each cell.
    away = np.hypot(*(np.maximum(np.maximum(place - 4, 4 - place - 1), 0) for place in (rows, columns)))
    np.testing.assert_array_equal(made[..., 2], away <= 1.3)
    assert made[..., 2].sum() == 12


def test_the_later_hint_holds_and_none_is_lost_at_the_rim():
    made = given(Hint(0, 0, (255, 0, 0)), Hint(0, 0, None), Hint(23.9, 15.9, (120, 119, 119), radius=100))
    assert made[..., 2].all()
    made = given(Hint(0, 0, (255, 0, 0)), Hint(1.5, 1.5, None))
    assert made[0, 0].tolist() == [0, 0, 1]


def test_colours_are_fitted_into_the_gamut_at_the_lightness_of_their_place():
    bright = np.full((16, 24, 3), 250, np.uint8)
    lab = np.concatenate([[98.3], given(Hint(5, 5, (0, 0, 255)), picture=bright)[2, 2, :2] * 110])
    linear = np.asarray(color.lab_to_linear(np.float32(lab)))
    assert linear.min() > -0.01 and linear.max() < 1.01
    wanted = ab_of((0, 0, 255))
    assert lab[1] / lab[2] == pytest.approx(wanted[0] / wanted[1], rel=1e-3) and np.abs(lab[1:]).max() < 12


def test_what_is_not_wished_is_not_given():
    assert not Wishes() and Wishes().given(GRAY, (16, 24), ab_scale=110.0) == {}
    wishes = Wishes(desired_hue=0.25)
    made = wishes.given(GRAY, (16, 24), ab_scale=110.0)
    assert wishes and list(made) == ["aim"]
    np.testing.assert_allclose(made["aim"][0, 0, 0], [0, 0, 1, 0, 1], atol=1e-6)
    assert Wishes(desired_saturation=0.0).given(GRAY, (16, 24), ab_scale=110.0)["aim"][0, 0, 0].tolist() == [
        1,
        0,
        0,
        0,
        0,
    ]


def test_a_palette_is_of_the_colours_that_are_there():
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :20], picture[:, 20:] = (255, 0, 0), (0, 0, 255)
    centres = quantization.joint_centres()
    for depth in (picture, picture.astype(np.uint16) * 257):
        found = palette_of(depth) ** 2
        assert found.shape == (261,) and found.sum() == pytest.approx(1, abs=1e-4)
        red, blue = (np.linalg.norm(centres - ab_of(c), axis=1) < 15 for c in ((255, 0, 0), (0, 0, 255)))
        assert found[red].sum() == pytest.approx(1 / 3, abs=0.02) and found[blue].sum() == pytest.approx(
            2 / 3, abs=0.02
        )


@pytest.mark.parametrize("picture", [GRAY, GRAY[..., 0], GRAY + np.uint8([[[2, 0, 0]]])])
def test_a_gray_reference_has_no_palette(picture):
    with pytest.raises(ValueError, match="The reference is gray"):
        palette_of(picture)


def test_a_reference_file_is_named_if_it_is_none(tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "gray.png")
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(ValueError, match="gray.png: The reference is gray"):
        read_palette(tmp_path / "gray.png")
    with pytest.raises(OSError, match="text.jpg"):
        read_palette(tmp_path / "text.jpg")


def test_points_out_of_json(tmp_path):
    rows = [{"x": 3, "y": 4.5, "color": "#2040C0", "radius": 2, "frame": 7}, {"x": 0, "y": 0, "color": "keep gray"}]
    (tmp_path / "hints.json").write_text(json.dumps(rows))
    assert read_hints(tmp_path / "hints.json") == (Hint(3, 4.5, (32, 64, 192), 2, 7), Hint(0, 0, None))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("[", "must be JSON"),
        ("{}", "must be a list"),
        ("[]", "at least one"),
        ([{"x": 1, "y": 1}], "hint 0 must have x, y and color"),
        ([{"x": 1, "y": 1, "color": "#000000", "size": 3}], "hint 0 must have"),
        ([{"x": 1, "y": 1, "color": "#000000"}, {"x": 1, "y": 1, "color": "bluish"}], "hint 1: `color`.*'bluish'"),
        ([{"x": "1", "y": 1, "color": "#000000"}], "hint 0: `x` must be a number"),
        ([{"x": -1, "y": 1, "color": "#000000"}], "`x` must be a number of pixels, at least 0. Received: -1"),
        ([{"x": 1, "y": 1, "color": "#000000", "frame": 0.5}], "`frame` must be a whole number"),
        ([{"x": 1, "y": 1, "color": "keep gray"}] * 10_001, "at most 10,000. Received: 10,001"),
    ],
)
def test_hints_that_are_none(tmp_path, rows, said):
    (tmp_path / "hints.json").write_text(rows if isinstance(rows, str) else json.dumps(rows))
    with pytest.raises(ValueError, match=f"hints.json: .*{said}"):
        read_hints(tmp_path / "hints.json")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"palette": np.zeros(3)}, r"`palette` must have shape \[261\]"),
        ({"desired_saturation": 1.5}, "`desired_saturation` must lie in 0..1. Received: 1.5"),
        ({"desired_hue": float("nan")}, "`desired_hue`"),
        ({"hints": [Hint(0, 0, None)] * 10_001}, "`hints` must be at most 10,000"),
    ],
)
def test_wishes_out_of_their_range(wrong, said):
    with pytest.raises(ValueError, match=said):
        Wishes(**wrong)


def test_a_hint_outside_the_picture_is_named():
    with pytest.raises(ValueError, match="hint 1 at x 24, y 3 lies outside the picture of 24 x 16 pixels"):
        given(Hint(23, 3, None), Hint(24, 3, None))
    with pytest.raises(ValueError, match="`color` must be three whole numbers"):
        Hint(0, 0, (1, 2, 256))


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


def test_a_painting_of_the_whole_becomes_as_many_hints_as_may_be(tmp_path):
    whole = np.full((300, 400, 4), 255, np.uint8)
    whole[0, 0, 3] = 0
    Image.fromarray(whole).save(tmp_path / "whole.png")
    hints = read_hints(tmp_path / "whole.png")
    assert steering.MOST / 3 < len(hints) <= steering.MOST
    made = Wishes(hints=hints).given(np.full((96, 128, 3), 119, np.uint8), (300, 400), ab_scale=110.0)["hints"]
    assert made[..., 2].all()
