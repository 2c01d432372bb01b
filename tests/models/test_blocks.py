"""Padding and the layers that a kernel table's rows stand for."""

import numpy as np
import pytest
import tensorflow as tf

from colorgan.models import blocks


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 5), (8, 8), (9, 8), (8, 17), (16, 24)])
@pytest.mark.parametrize("multiple", [1, 2, 8])
def test_padding_is_numpys_symmetric_reflection(size, multiple):
    x = np.random.default_rng(0).normal(size=(2, *size, 3)).astype(np.float32)
    after = [(-n) % multiple for n in size]
    expected = np.pad(x, ((0, 0), (0, after[0]), (0, after[1]), (0, 0)), mode="symmetric")
    result = blocks.pad_to_multiple(tf.constant(x), multiple)
    np.testing.assert_array_equal(result, expected)


def test_padding_leaves_alone_what_fits():
    x = tf.zeros((1, 8, 16, 1))
    assert blocks.pad_to_multiple(x, 8) is x


@pytest.mark.parametrize("known", [(None, None, None, 2), (2, None, 5, 2), (None, 3, None, 2)])
def test_padding_of_sizes_that_are_unknown_until_the_call(known):
    graph = tf.function(lambda x: blocks.pad_to_multiple(x, 4), input_signature=[tf.TensorSpec(known)], autograph=False)
    for size in ((3, 5),) if any(known[1:3]) else ((3, 5), (1, 1), (4, 8), (9, 2)):
        x = np.random.default_rng(1).normal(size=(2, *size, 2)).astype(np.float32)
        np.testing.assert_array_equal(graph(x), blocks.pad_to_multiple(tf.constant(x), 4))


@pytest.mark.parametrize(
    ("filters", "multiplier", "expected"), [(64, 1.0, 64), (64, 0.5, 32), (64, 1 / 16, 4), (3, 0.01, 1), (48, 2.0, 96)]
)
def test_scaled(filters, multiplier, expected):
    assert blocks.scaled(filters, multiplier) == expected


@pytest.mark.parametrize(
    ("upsample", "stride", "size"),
    [
        (None, 1, (6, 8)),
        (None, 2, (3, 4)),
        ("transposed", 2, (12, 16)),
        ("transposed", 1, (6, 8)),
        ("nearest", 2, (12, 16)),
        ("nearest", 1, (6, 8)),
    ],
)
def test_a_blocks_shape(upsample, stride, size):
    block = blocks.Block(5, kernel_size=4, stride=stride, upsample=upsample)
    assert block(tf.ones((2, 6, 8, 3))).shape == (2, *size, 5)


def test_nearest_upsampling_repeats_pixels_before_the_convolution():
    block = blocks.Block(1, kernel_size=3, stride=2, upsample="nearest", normalization="none", slope=1.0)
    x = np.random.default_rng(0).normal(size=(1, 3, 2, 1)).astype(np.float32)
    block(x)
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, 0] = 1  # a look at the pixel to the left; outside is 0
    block.convolution.set_weights([kernel, np.zeros(1)])
    repeated = np.repeat(np.repeat(x, 2, axis=1), 2, axis=2)
    np.testing.assert_allclose(block(x), np.pad(repeated, ((0, 0), (0, 0), (1, 0), (0, 0)))[:, :, :-1], atol=1e-6)


def test_a_block_is_its_parts_in_order():
    """Convolution, normalization, activation: by hand on one pixel with a 1x1 kernel."""
    block = blocks.Block(1, kernel_size=1, stride=1)
    x = tf.constant([[[[3.0]]]])
    block(x)
    block.convolution.set_weights([np.full((1, 1, 1, 1), 2.0), np.array([1.0])])
    gamma, beta, mean, variance = (np.array([v]) for v in (4.0, 0.5, 9.0, 1.0 - 1e-3))  # Keras' epsilon is 1e-3
    block.normalization.set_weights([gamma, beta, mean, variance])
    # 3 * 2 + 1 = 7; (7 - 9) / 1 * 4 + 0.5 = -7.5; LeakyReLU 0.2: -1.5
    np.testing.assert_allclose(block(x), [[[[-1.5]]]], rtol=1e-5)


def linear(**options):
    """A block whose convolution passes one channel through."""
    block = blocks.Block(1, kernel_size=1, normalization="none", **options)
    block(tf.zeros((1, 3, 3, 1)))
    block.convolution.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    return block


@pytest.mark.parametrize(
    ("options", "negative"),
    [
        ({}, 0.2),
        ({"slope": 0.1}, 0.1),
        ({"slope": 0}, 0.0),
    ],
)
def test_activations(options, negative):
    x = np.linspace(-1, 1, 9, dtype=np.float32).reshape(1, 3, 3, 1)
    block = linear(**options)
    np.testing.assert_allclose(block(x), np.where(x > 0, x, negative * x), rtol=1e-6)
    assert block.normalization is None


def test_dropout_is_active_in_training_only():
    block = blocks.Block(64, kernel_size=1, normalization="none", slope=0, dropout=0.5)
    x = tf.ones((1, 8, 8, 4))
    block(x)
    block.convolution.set_weights([np.ones((1, 1, 4, 64)), np.zeros(64)])  # 4 everywhere
    np.testing.assert_array_equal(block(x, training=False), np.full((1, 8, 8, 64), 4))
    dropped = block(x, training=True).numpy()
    assert set(np.unique(dropped)) == {0, 8}  # what stays is scaled by 1 / (1 - 0.5)
    assert 0.4 < np.mean(dropped == 0) < 0.6  # 4096 units: six standard deviations are 0.05
    assert np.any(dropped != block(x, training=True).numpy())


def test_spatial_dropout_drops_whole_channels():
    block = linear(dropout=0.5, spatial_dropout=True)
    x = tf.ones((64, 3, 3, 1))
    np.testing.assert_array_equal(block(x), x)
    dropped = block(x, training=True).numpy().reshape(64, 9)
    assert set(np.unique(dropped)) == {0, 2}
    assert np.all(dropped == dropped[:, :1])


def norm(kernel):
    """The largest singular value of a kernel as the matrix [all else, channels out], by numpy."""
    kernel = np.asarray(kernel, np.float32)
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_spectral_normalization(precision):
    block = blocks.Block(8, kernel_size=3, normalization="spectral", dtype=precision)
    x = tf.random.stateless_normal((1, 6, 6, 4), seed=(0, 1))
    block(x)
    kernel = block.convolution.layer.kernel
    start = kernel.numpy()
    assert norm(start) > 1.5
    block(x)
    np.testing.assert_array_equal(kernel, start)  # inference changes nothing
    for _ in range(100):
        block(x, training=True)
    np.testing.assert_allclose(norm(kernel), 1, atol=1e-3)
    assert block.normalization is None and kernel.dtype == "float32"
    assert block.convolution.layer.compute_dtype == precision.removeprefix("mixed_")
    # Weights that were rounded to half precision would lose small updates.
    assert np.any(kernel.numpy() != tf.cast(tf.cast(kernel.numpy(), tf.bfloat16), tf.float32))


def test_spectral_normalization_on_two_replicas():
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])

    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(block(x, training=True) ** 2)
        kernel = block.convolution.layer.kernel
        return tape.gradient(loss, kernel.value), tf.identity(kernel.value)

    with strategy.scope():
        block = blocks.Block(8, kernel_size=3, normalization="spectral")
        block(tf.zeros((1, 6, 6, 4)))
    iterate = tf.function(lambda x: strategy.run(step, (x,)))
    x = tf.random.stateless_normal((1, 6, 6, 4), seed=(0, 2))
    for _ in range(50):
        gradients, kernels = iterate(x)
    for gradient, kernel in zip(gradients.values, kernels.values, strict=True):
        assert np.any(gradient != 0)
        np.testing.assert_allclose(norm(kernel), 1, atol=1e-3)
        np.testing.assert_array_equal(kernel, kernels.values[0])


def test_he_initialization():
    """He et al. 2015, eq. (10): variance 2 / fan in; Keras cuts the normal at two standard deviations and rescales."""
    block = blocks.Block(128, kernel_size=4, stride=2)
    block(tf.zeros((1, 4, 4, 64)))
    kernel = block.convolution.kernel.numpy()
    np.testing.assert_allclose(kernel.var(), 2 / (4 * 4 * 64), rtol=0.05)
    assert np.all(block.convolution.bias.numpy() == 0)
