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
    ("transposed", "stride", "size"), [(False, 1, (6, 8)), (False, 2, (3, 4)), (True, 2, (12, 16)), (True, 1, (6, 8))]
)
def test_a_blocks_shape(transposed, stride, size):
    block = blocks.Block(5, kernel_size=4, stride=stride, transposed=transposed)
    assert block(tf.ones((2, 6, 8, 3))).shape == (2, *size, 5)


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


def test_activations():
    x = tf.constant(np.linspace(-1, 1, 9, dtype=np.float32).reshape(1, 3, 3, 1))
    for activation, negative in (("leaky_relu", 0.2), ("relu", 0.0)):
        block = blocks.Block(1, kernel_size=1, stride=1, normalize=False, activation=activation)
        block(x)
        block.convolution.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
        np.testing.assert_allclose(block(x), np.where(x > 0, x, negative * x), rtol=1e-6)
        assert block.normalization is None


def test_dropout_is_active_in_training_only():
    block = blocks.Block(64, kernel_size=1, stride=1, normalize=False, activation="relu", dropout=0.5)
    x = tf.ones((1, 8, 8, 4))
    block(x)
    block.convolution.set_weights([np.ones((1, 1, 4, 64)), np.zeros(64)])  # 4 everywhere
    np.testing.assert_array_equal(block(x, training=False), np.full((1, 8, 8, 64), 4))
    dropped = block(x, training=True).numpy()
    assert set(np.unique(dropped)) == {0, 8}  # what stays is scaled by 1 / (1 - 0.5)
    assert 0.4 < np.mean(dropped == 0) < 0.6  # 4096 units: six standard deviations are 0.05
    assert np.any(dropped != block(x, training=True).numpy())


def test_he_initialization():
    """He et al. 2015, eq. (10): variance 2 / fan in; Keras cuts the normal at two standard deviations and rescales."""
    block = blocks.Block(128, kernel_size=4, stride=2)
    block(tf.zeros((1, 4, 4, 64)))
    kernel = block.convolution.kernel.numpy()
    np.testing.assert_allclose(kernel.var(), 2 / (4 * 4 * 64), rtol=0.05)
    assert np.all(block.convolution.bias.numpy() == 0)
