import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from colorgan import datasets
from colorgan.datasets import degrade
from colorgan.models import color
from colorgan.settings import flags

SIZE = (24, 32)


@pytest.fixture
def gray():
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    one = np.sin(x / 5) * np.cos(y / 4) * 0.7 + 0.2 * (x > 16) - 0.1
    return np.stack([np.roll(one, 3 * i, axis=1) for i in range(40)])[..., None].astype(np.float32)


def uniform(k, n=None):
    return tf.constant(np.random.RandomState(k).rand(40, n or 1).astype(np.float32))[:, slice(None) if n else 0]


def given(*rows):
    """-> `uniform` that gives these numbers, one picture's: row k for uniform(k)."""
    return lambda k, n=None: tf.fill((1, n), rows[k]) if n else tf.constant([rows[k]], tf.float32)


@pytest.mark.parametrize("name", degrade.DEGRADATIONS)
def test_eagerly_and_in_a_dataset_the_same_within_range_and_some_left_alone(name, gray):
    function = degrade.DEGRADATIONS[name]
    eager = function(tf.constant(gray), uniform)
    assert eager.dtype == tf.float32 and eager.shape == gray.shape
    assert float(tf.reduce_max(tf.abs(eager))) <= 1
    stream = tf.data.Dataset.from_tensors(gray).map(lambda x: function(x, uniform))
    np.testing.assert_allclose(next(iter(stream)), eager, atol=1e-6)
    same = (eager.numpy() == gray).all(axis=(1, 2, 3))
    spared = uniform(0).numpy() >= degrade.SHARE
    if name == "dust":  # little of which may be none
        assert (same | ~spared).all()
    else:
        np.testing.assert_array_equal(same, spared)
    assert 0 < same.sum() < 40


@pytest.mark.parametrize("name", degrade.DEGRADATIONS)
def test_a_picture_depends_on_its_own_numbers_alone(name, gray):
    function, some = degrade.DEGRADATIONS[name], [3, 17, 30]
    whole = function(tf.constant(gray), uniform).numpy()
    alone = function(tf.constant(gray[some]), lambda *k: tf.gather(uniform(*k), some)).numpy()
    np.testing.assert_array_equal(alone, whole[some])


def test_contrast_in_the_middle_of_its_ranges_is_the_gain_alone(gray):
    gain = (0.5 - degrade.CONTRAST[0]) / (degrade.CONTRAST[1] - degrade.CONTRAST[0])
    faded = degrade.contrast(tf.constant(gray[:1]), given(0.0, gain, 0.5, 0.5))
    np.testing.assert_allclose(faded, gray[:1] * 0.5, atol=1e-6)


def test_grain_has_the_deviation_that_was_drawn(gray):
    flat = tf.zeros((40, *SIZE, 1))
    noisy = degrade.noise(flat, lambda k, n=None: uniform(k, n) if k else tf.zeros(40)).numpy()
    expected = uniform(1).numpy() * degrade.GRAIN
    np.testing.assert_allclose(noisy.std(axis=(1, 2, 3)), expected, rtol=0.12)
    assert abs(noisy.mean()) < 0.003


def test_blur_is_two_binomials(gray):
    step = np.where(np.arange(32) < 16, -0.5, 0.5).astype(np.float32)
    picture = np.broadcast_to(step[None, None, :, None], (1, *SIZE, 1))
    blurred = degrade.blur(tf.constant(picture), given(0.0, 1.0)).numpy()[0, 12, :, 0]
    kernel = np.convolve(degrade.BINOMIAL, degrade.BINOMIAL)
    np.testing.assert_allclose(blurred[8:24], np.convolve(step, kernel, mode="same")[8:24], atol=1e-6)
    np.testing.assert_allclose([blurred[0], blurred[-1]], [-0.5, 0.5], atol=1e-6)


def test_fading_is_a_veil_that_thickens_to_one_side():
    black = -tf.ones((1, *SIZE, 1))
    faded = degrade.fade(black, given(0.0, 0.0, 1.0, 1.0)).numpy()[0, ..., 0]  # angle 0: along x; a veil of 0.9
    across = 0.5 + np.linspace(-0.5, 0.5, SIZE[1]) / 2**0.5
    np.testing.assert_allclose(faded, np.tile(-1 + degrade.VEIL * across * 1.9, (SIZE[0], 1)), atol=1e-5)


def test_scratches_are_thin_lines_from_top_to_bottom():
    gray = tf.zeros((1, *SIZE, 1))
    lone = [0.5, 0.5, 0.0, 1.0]  # in the middle, upright, bright, opaque
    none = [0.0, 0.5, 0.0, 0.0]
    seen = degrade.scratches(gray, given(0.0, *lone, *none, *none)).numpy()[0, ..., 0]
    expected = np.zeros(SIZE)
    expected[:, SIZE[1] // 2] = 0.9
    np.testing.assert_allclose(seen, expected, atol=1e-6)
    leaning = degrade.scratches(gray, given(0.0, 0.5, 1.0, 0.9, 1.0, *none, *none)).numpy()[0, ..., 0]
    darkest = leaning.argmin(axis=1)
    assert leaning.min() < -0.8 and darkest[-1] - darkest[0] == pytest.approx(SIZE[0] * degrade.LEAN, abs=1)


def test_dust_is_specks_of_one_tone_on_few_pixels(gray):
    flat = tf.zeros((40, *SIZE, 1))
    dusty = degrade.dust(flat, lambda k, n=None: uniform(k, n) if k else tf.zeros(40)).numpy()
    tones = [np.unique(one) for one in dusty]
    np.testing.assert_allclose(np.unique(np.concatenate(tones)), [-0.9, 0, 0.9], rtol=1e-6)
    assert max(map(len, tones)) == 2
    assert 0 < (dusty != 0).mean() < 4 * degrade.SPECKS


def test_jpeg_is_what_pillow_reads_back(gray):
    share = (30 - degrade.QUALITY[0]) / (degrade.QUALITY[1] - degrade.QUALITY[0])
    seen = degrade.jpeg(tf.constant(gray[:1]), given(0.0, share)).numpy()[0, ..., 0]
    file = io.BytesIO()
    pixels = np.rint((gray[0, ..., 0] + 1) * 127.5).astype(np.uint8)
    Image.fromarray(pixels).save(file, "JPEG", quality=30)
    np.testing.assert_allclose((seen + 1) * 127.5, np.asarray(Image.open(file)), atol=2)
    assert abs(seen - gray[0, ..., 0]).max() > 0.02


def batches(**values):
    config = flags.resolve({"dataset": "shapes", "height": 32, "width": 32, "augment": True, **values})
    split = datasets.load(config.data, "train", seed=3)
    return next(iter(split.training_batches(64)))


def test_only_the_gray_picture_ages_and_the_same_way_again():
    plain, aged, again = (batches(degradations=d) for d in ((), ("contrast", "noise"), ("contrast", "noise")))
    np.testing.assert_array_equal(aged["color"], plain["color"])
    np.testing.assert_array_equal(aged["gray"], again["gray"])
    changed = (aged["gray"].numpy() != plain["gray"].numpy()).any(axis=(1, 2, 3)).mean()
    assert 0.2 < changed < 0.55  # 1 - 0.8^2 of them
    off = batches(degradations=("contrast",), augment=False)
    np.testing.assert_array_equal(off["gray"], batches(augment=False)["gray"])


def test_chroma_gain_multiplies_the_truth():
    plain, more = batches()["color"].numpy(), batches(chroma_gain=1.2)["color"].numpy()
    np.testing.assert_allclose(more, np.clip(plain * np.float32(1.2), -1, 1), rtol=1e-6)


def test_dull_pictures_are_dropped_and_counted():
    everything = batches(batch_size=64)
    threshold = 30.0
    kept = batches(min_colorfulness=threshold)
    rgb = color.decode(kept["gray"], kept["color"], color_space="lab", ab_scale=110.0).numpy() * 255
    from colorgan.evaluation import formulas

    measured = formulas.colorfulness(rgb.round().clip(0, 255).astype(np.uint8))
    assert measured.min() > threshold - 0.5
    dropped = int(kept["dropped_gray"].numpy()[-1])
    assert dropped == int(kept["cursor"].numpy()[-1]) + 1 - 64 > 0 == int(everything["dropped_gray"].numpy()[-1])


def test_unknown_names():
    with pytest.raises(
        ValueError, match="Unknown `--degradations` 'rust'.* Known: contrast, noise, blur, fade, scratches, dust, jpeg"
    ):
        datasets.load(flags.resolve({"dataset": "shapes", "degradations": ("rust",)}).data, "train")
