"""What a person wishes: out of files, into what a generator is given; bad input is named."""

import numpy as np
import pytest

from colorgan.models import color, quantization
from colorgan.serving.steering import Hint, Wishes, palette_of

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
    wide = Hint(np.nextafter(30, 0), 5, None)  # times 12 / 30 it is 12: rounded, beyond the last cell
    assert given(wide, size=(16, 30))[:, -1, 2].any()


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


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"palette": np.zeros(3)}, r"`palette` must have shape \[261\]"),
        ({"palette": np.full(261, np.nan)}, r"`palette` must hold numbers in 0..1"),
        ({"desired_saturation": 1.5}, "`desired_saturation` must lie in 0..1. Received: 1.5"),
        ({"desired_hue": float("nan")}, "`desired_hue`"),
        ({"hints": [Hint(0, 0, None)] * 10_001}, "`hints` must be at most 10,000"),
    ],
)
def test_wishes_out_of_their_range(wrong, said):
    with pytest.raises(ValueError, match=said):
        Wishes(**wrong)


def test_a_hint_outside_the_picture_is_named():
    with pytest.raises(ValueError, match="hint 2 at x 24, y 3 lies outside the picture of 24 x 16 pixels"):
        given(Hint(23, 3, None), Hint(24, 3, None))
    with pytest.raises(ValueError, match="`color` must be three whole numbers"):
        Hint(0, 0, (1, 2, 256))
