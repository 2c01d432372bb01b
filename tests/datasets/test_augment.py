import numpy as np
import pytest
import tensorflow as tf
from skimage import transform

from colorgan import datasets
from colorgan.datasets import augment

TOP = np.float32(1 - 2.0**-24)  # the largest number that `uniform` gives


def given(*rows):
    """-> `uniform` that gives these numbers: row k for uniform(k)."""
    return lambda k: tf.constant(rows[k], tf.float32)


@pytest.fixture
def scenes():
    """-> a function: [count, height, width, 3] uint8, smooth with an edge in each."""

    def make(count, height=24, width=32):
        y, x = np.mgrid[:height, :width]
        one = np.stack([8 * x % 256, 5 * y + 2 * x, 120 + 100 * np.sin(x / 5) * np.cos(y / 4)], axis=-1)
        one[height // 3 : height // 2, width // 4 : width // 2] = (250, 3, 99)
        return np.stack([np.roll(one, 3 * i, axis=1) for i in range(count)]).astype(np.uint8)

    return make


@pytest.fixture
def uniform():
    return lambda k: tf.constant(np.random.RandomState(k).rand(40).astype(np.float32))


@pytest.mark.parametrize("name", augment.AUGMENTATIONS)
def test_eagerly_in_a_graph_and_in_a_dataset_the_same(name, scenes, uniform):
    rgb, function = scenes(40), augment.AUGMENTATIONS[name]
    eager = function(tf.constant(rgb), uniform)
    assert eager.dtype == tf.uint8 and eager.shape == rgb.shape
    spec = tf.TensorSpec((None, 24, 32, 3), tf.uint8)
    assert (tf.function(lambda x: function(x, uniform), input_signature=[spec])(rgb) == eager).numpy().all()
    stream = tf.data.Dataset.from_tensors(rgb).map(lambda x: function(x, uniform))
    assert (next(iter(stream)) == eager).numpy().all()
    assert (eager.numpy() != rgb).any()
    same = np.array([(one == before).all() for one, before in zip(eager.numpy(), rgb, strict=True)])
    assert name == "crop" or 0 < same.sum() < 40  # a flip and a turn leave some pictures as they are


@pytest.mark.parametrize("name", augment.AUGMENTATIONS)
def test_a_picture_depends_on_its_own_numbers_alone(name, scenes, uniform):
    rgb, function = scenes(40), augment.AUGMENTATIONS[name]
    whole = function(tf.constant(rgb), uniform).numpy()
    some = [3, 17, 30]
    assert (function(tf.constant(rgb[some]), lambda k: tf.gather(uniform(k), some)).numpy() == whole[some]).all()


def test_a_frame_is_gray_and_leaves_the_picture_inside_alone(scenes):
    rgb = scenes(2)
    widths = (0.5, 1.0, 0.25, 0.0)  # top, bottom, left, right, as shares of MARGIN of the shorter side, 24
    numbers = [[0.0, 0.0], [0.0, 0.85], *([w, w] for w in widths)]
    framed = augment.frame(tf.constant(rgb), given(*numbers)).numpy()
    top, bottom, left, _ = (w * augment.MARGIN * 24 for w in widths)
    inside = np.s_[:, int(np.ceil(top)) : int(24 - bottom), int(np.ceil(left)) :]
    np.testing.assert_array_equal(framed[inside], rgb[inside])
    for one, tone in zip(framed, (255, 20), strict=True):
        assert (one[0] == tone).all() and (one[-1] == tone).all() and (one[:, 0] == tone).all()
    left_alone = augment.frame(tf.constant(rgb), given([TOP, augment.FRAMED], *numbers[1:])).numpy()
    np.testing.assert_array_equal(left_alone, rgb)


def test_angles_are_five_and_equal_to_scikit_images(scenes):
    rgb = scenes(5)
    turned = augment.rotate(tf.constant(rgb), given([0.1, 0.3, 0.5, 0.7, TOP])).numpy()
    assert (turned[2] == rgb[2]).all()
    for angle, before, after in zip((-10, -5, 0, 5, 10), rgb, turned, strict=True):
        # scikit-image's rotate: counterclockwise about the middle; "symmetric" has the border's pixel twice.
        expected = transform.rotate(before, angle, mode="symmetric", order=1, preserve_range=True)
        assert abs(after - expected).max() <= 1, angle


@pytest.mark.parametrize("size", [(24, 32), (64, 32), (17, 17)])
def test_nothing_black_comes_in(size):
    """A white picture stays white, above all with windows at the far borders, where samples may fall outside."""
    places = np.array([0, 0.5, 1 - 1e-6, TOP], np.float32)
    shares = np.append(np.random.RandomState(0).rand(60).astype(np.float32), [0, TOP])
    share, top, left = (axis.ravel() for axis in np.meshgrid(shares, places, places))
    white = tf.fill((len(share), *size, 3), tf.constant(255, tf.uint8))
    for name in ("flip", "rotate", "crop", "shift"):
        assert (augment.AUGMENTATIONS[name](white, given(share, top, left)) == 255).numpy().all()


def test_crop_is_a_window_of_both_sides_alike():
    height, width = 48, 24
    y, x = np.mgrid[:height, :width]
    ramp = np.stack([5 * y, 10 * x, 0 * x], axis=-1).astype(np.uint8)[None].repeat(4, axis=0)
    # By hand: on a ramp a bilinear window is a ramp, from its first to its last pixel centre.
    share, top, left = [0.0, 0.0, 0.5, TOP], [0.0, TOP, 0.5, 0.3], [0.0, TOP, 0.2, 0.8]
    cut = augment.crop(tf.constant(ramp), given(share, top, left)).numpy().astype(int)
    kept = 0.7 + 0.3 * np.array(share)
    for corner, axis, place, scale in (((0, 0), 0, top, 5 * 47), ((0, 0), 1, left, 10 * 23)):
        first = np.array(place) * (1 - kept) * scale
        assert abs(cut[:, corner[0], corner[1], axis] - first).max() <= 0.51
        assert abs(cut[:, -1, -1, axis] - (first + kept * scale)).max() <= 0.51
    assert (cut[3] == ramp[3]).all()  # the whole picture


def test_a_shift_is_numpys_reflection_and_goes_equally_far_each_way(scenes):
    rgb = scenes(7, height=32, width=40)
    by = np.arange(7)  # of 32 rows at most 3 either way; of 40 columns 4
    shifted = augment.shift(tf.constant(rgb), given((by + 0.5) / 7, [0.0, 0.2, 0.5, 0.5, 0.5, 0.9, TOP])).numpy()
    padded = np.pad(rgb, [(0, 0), (3, 3), (4, 4), (0, 0)], mode="reflect")
    for one, top, left, result in zip(padded, by, (0, 1, 4, 4, 4, 8, 8), shifted, strict=True):
        np.testing.assert_array_equal(result, one[top : top + 32, left : left + 40])
    assert (shifted[3] == rgb[3]).all()


def test_shares_and_angles_are_drawn_evenly(scenes):
    numbers = np.linspace(0, TOP, 1000, dtype=np.float32)
    plain = tf.constant(scenes(1)).numpy().repeat(1000, axis=0)
    turned = augment.rotate(tf.constant(plain), given(numbers)).numpy()
    kinds, counts = np.unique(turned.reshape(1000, -1), axis=0, return_counts=True)
    assert len(kinds) == 5 and counts.tolist() == [200] * 5


def test_training_uses_what_is_asked_for_in_its_order(folder, settings, gather):
    root, seen = folder(6), {}
    for names in ((), ("rotate", "crop"), ("crop", "rotate")):
        data = settings(dataset_path=str(root), validation_fraction=0.0, augmentations=names)
        stream = gather(datasets.load(data, "train").training_batches(6), 4)
        seen[names] = stream["color"]
        rest = gather(datasets.load(data, "train").training_batches(3, start=5), 2)
        assert (rest["color"] == stream["color"][5:11]).all()
    kinds = list(seen.values())
    assert all((a != b).any() for i, a in enumerate(kinds) for b in kinds[:i])
