import numpy as np
import pytest

from colorgan import datasets
from colorgan.datasets import shapes
from colorgan.models import color


@pytest.fixture(scope="module")
def train():
    from colorgan.settings import config

    split = datasets.load(config.Data(dataset="shapes", height=32, width=32), "train")
    batches = list(split.images(500).as_numpy_iterator())
    rgb, label = (np.concatenate([batch[name] for batch in batches]) for name in ("rgb", "label"))
    return split, rgb, label, np.asarray(color.rgb_to_lab(rgb / np.float32(255)))


def test_sizes_and_classes(train, settings):
    split, rgb, label, _ = train
    assert rgb.shape == (2000, 32, 32, 3) and rgb.dtype == np.uint8
    assert split.class_names == tuple(shapes.HUES)
    assert np.bincount(label, minlength=5).min() > 300
    assert {datasets.load(settings(dataset="shapes"), name).size for name in ("validation", "test")} == {200}
    assert not (rgb == rgb[..., :1]).all(axis=(1, 2, 3)).any()  # none is gray all over


def test_hue_is_given_by_the_shape(train):
    _, _, label, lab = train
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    inside = chroma > 0.85 * chroma.max(axis=(1, 2), keepdims=True)
    for number, (name, hue) in enumerate(shapes.HUES.items()):
        a, b = lab[label == number][inside[label == number]][:, 1:].T
        off = (np.rad2deg(np.arctan2(b, a)) - hue + 180) % 360 - 180
        assert abs(off).max() < 15, name  # rounding to 8 bits and anti-aliased edges; the hues are 50 or more apart


def test_lightness_does_not_tell_the_shape(train):
    _, _, label, lab = train
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    inside = chroma > 0.95 * chroma.max(axis=(1, 2), keepdims=True)
    lightness = np.array([one[..., 0][there].mean() for one, there in zip(lab, inside, strict=True)])
    means = np.array([lightness[label == number].mean() for number in range(5)])
    # Uniform on 35..75: standard deviation 11.5, of a mean over 400 shapes 0.6. Hues of HSV would be 30 apart.
    assert abs(means - 55).max() < 3
    assert lightness.std() > 9


def test_shapes_stand_out_from_the_ground(train):
    _, _, _, lab = train
    spread = np.ptp(lab[..., 0], axis=(1, 2))
    assert np.percentile(spread, 1) > 10


def test_pictures_are_functions_of_split_and_index(settings, gather):
    data = settings(dataset="shapes")
    one, again = (gather(datasets.load(data, "test", seed=seed).images(50))["rgb"] for seed in (0, 1))
    other = gather(datasets.load(data, "validation").images(50))["rgb"]
    assert (one == again).all() and (one != other).any(axis=(1, 2, 3)).all()


def test_outlines_are_on_the_unit_disk_and_turn():
    for kind in shapes.HUES:
        corners = shapes.outline(kind, 0.0)
        assert np.hypot(*corners.T).max() == pytest.approx(1)
        np.testing.assert_allclose(shapes.outline(kind, np.pi / 2), corners @ [[0, 1], [-1, 0]], atol=1e-12)
    x, y = shapes.outline("cross", 0.0).T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    # Shoelace formula. By hand: the square in the middle, 0.6^2, and four arms of 0.6 x (sqrt(1 - 0.09) - 0.3).
    assert area == pytest.approx(0.36 + 4 * 0.6 * (np.sqrt(0.91) - 0.3))


@pytest.mark.parametrize("height, width", [(16, 16), (32, 64), (64, 32), (17, 100), (256, 256)])
def test_any_size_from_16_on(settings, gather, height, width):
    """The whole shape is inside and has its hue: far from the ground, and no pixel of it on the border."""
    split = datasets.load(settings(dataset="shapes", height=height, width=width), "test")
    read = gather(split.images(20, limit=20))
    assert read["rgb"].shape == (20, height, width, 3)
    lab = np.asarray(color.rgb_to_lab(read["rgb"] / np.float32(255)))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    for one, c, label in zip(lab, chroma, read["label"], strict=True):
        inside = c > 0.85 * c.max()
        # By hand: a cross, the smallest for its radius r but the star, covers 1.14 r^2; r >= 0.22 of the shorter side.
        assert inside.sum() > 0.4 * (0.22 * min(height, width)) ** 2
        assert not (inside[[0, -1]].any() or inside[:, [0, -1]].any())
        hue = np.rad2deg(np.arctan2(one[inside][:, 2], one[inside][:, 1]))
        assert abs((hue - list(shapes.HUES.values())[label] + 180) % 360 - 180).max() < 15


def test_classes_are_shapes(settings, gather):
    data = settings(dataset="shapes", height=16, width=16)
    every = gather(datasets.load(data, "test").images(50))
    split = datasets.load(settings(dataset="shapes", height=16, width=16, classes=("star", "circle")), "test")
    some = gather(split.images(50))
    chosen = np.isin(every["label"], (0, 3))
    assert (some["rgb"] == every["rgb"][chosen]).all() and split.size == chosen.sum()
    assert (some["label"] == (every["label"][chosen] == 0)).all() and split.class_names == ("star", "circle")
    assert split.description.endswith("(coloured shapes, drawn, classes star, circle)")
    with pytest.raises(ValueError, match='--classes`: shapes has no "ring". It has: "circle", "cross", "square"'):
        datasets.load(settings(dataset="shapes", classes=("ring",)), "test")
