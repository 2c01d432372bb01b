"""`unet` and `patch`: sizes, ranges, where normalization and dropout are."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan.models import discriminators, generators
from colorgan.settings import flags


def configured(**values):
    tables = {
        "encoder": ((16, 1), (32, 2), (64, 2), (64, 2)),
        "decoder": ((64, 2, 0.5), (32, 2, 0.0), (16, 2, 0.0)),
    }
    return flags.resolve({"dataset": "shapes", "preset": "tiny", "height": 16, "width": 16, **tables, **values})


@pytest.fixture(scope="module")
def generator():
    return generators.build(configured())


@pytest.fixture(scope="module")
def discriminator():
    return discriminators.build(configured())


def gray(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (*shape, 1)).astype(np.float32)


def colors(*shape, seed=1, channels=2):
    return np.random.default_rng(seed).uniform(-1, 1, (*shape, channels)).astype(np.float32)


@pytest.mark.parametrize("size", [(16, 16), (1, 1), (5, 40), (31, 33), (64, 8)])
def test_the_generator_keeps_the_size(generator, size):
    result = generator(gray(2, *size)).numpy()
    assert result.shape == (2, *size, 2) and result.dtype == np.float32
    assert np.abs(result).max() <= 1 and result.std() > 0


def test_the_generators_range_is_tanhs(generator):
    result = generator(gray(1, 16, 16) * 1e4).numpy()
    assert 0.9 < np.abs(result).max() <= 1


def test_the_generator_with_an_unknown_size(generator):
    graph = tf.function(generator, input_signature=[tf.TensorSpec([None, None, None, 1])], autograph=False)
    for size in ((16, 16), (7, 21), (1, 1)):
        x = gray(2, *size)
        np.testing.assert_allclose(graph(x), generator(x), atol=1e-5)


def test_rgb_mode():
    config = configured(color_space="rgb")
    assert generators.build(config)(gray(2, 9, 9)).shape == (2, 9, 9, 3)
    network = discriminators.build(config)
    assert network(gray(1, 16, 16), colors(1, 16, 16, channels=3)).shape == (1, 4, 4, 1)
    assert network.blocks[0].convolution.kernel.shape == (4, 4, 4, 16)


def test_in_training_an_image_depends_on_its_batch():
    generator = generators.build(configured(decoder=((64, 2), (32, 2), (16, 2))))  # no dropout: only the statistics
    x = gray(2, 16, 16)
    together, alone = generator(x, training=True)[:1], generator(x[:1], training=True)
    assert np.abs(together - alone).max() > 1e-2


def test_training_moves_the_statistics_and_inference_does_not():
    generator = generators.build(configured())
    layer = generator.encoder.blocks[0].normalization
    before = layer.moving_mean.numpy()
    generator(gray(2, 16, 16))
    np.testing.assert_array_equal(layer.moving_mean, before)
    x = gray(2, 16, 16)
    generator(x, training=True)
    batch_mean = generator.encoder.blocks[0].convolution(x).numpy().mean(axis=(0, 1, 2))
    np.testing.assert_allclose(layer.moving_mean, 0.1 * batch_mean, atol=1e-6)  # tiny's momentum is 0.9


def test_dropout_is_active_in_training_only(generator):
    x = gray(1, 16, 16)
    np.testing.assert_array_equal(generator(x), generator(x))
    assert [block.dropout is not None for block in generator.decoder.blocks] == [True, False, False]
    layer = generator.decoder.blocks[0].dropout
    assert np.mean(layer(tf.ones((1, 8, 8, 64)), training=True).numpy() == 0) > 0.3
    without = generators.build(configured(decoder=((64, 2), (32, 2), (16, 2))))
    without.set_weights(generator.get_weights())
    np.testing.assert_array_equal(without(x, training=True), without(x, training=True))
    assert np.any(generator(x, training=True).numpy() != generator(x, training=True).numpy())


@pytest.mark.parametrize("size", [(16, 16), (17, 30), (32, 8)])
def test_the_discriminator_judges_patches(discriminator, size):
    logits = discriminator(gray(2, *size), colors(2, *size))
    assert logits.shape == (2, -(-size[0] // 4), -(-size[1] // 4), 1) and logits.dtype == tf.float32


def test_the_discriminator_is_conditional(discriminator):
    y = colors(1, 16, 16)
    on_one, on_other = discriminator(gray(1, 16, 16, seed=2), y), discriminator(gray(1, 16, 16, seed=3), y)
    assert np.abs(on_one - on_other).max() > 1e-2
    assert np.abs(on_one - discriminator(gray(1, 16, 16, seed=2), colors(1, 16, 16, seed=4))).max() > 1e-2


def test_where_batch_normalization_is(generator, discriminator):
    assert [block.normalization is not None for block in discriminator.blocks] == [False, True, True]
    assert all(block.normalization is not None for block in generator.body)
    none = discriminators.build(configured(d_normalization="none"))
    assert [block.normalization for block in none.blocks] == [None, None, None]
    spectral = discriminators.build(configured(d_normalization="spectral"))
    wrapped = [*(block.convolution for block in spectral.blocks), spectral.head]
    assert all(isinstance(layer, keras.layers.SpectralNormalization) for layer in wrapped)
    assert all(block.normalization is None for block in spectral.blocks)


def test_strides_of_1():
    """Rows of one size are joined once, with the last map of that size."""
    generator = generators.build(configured(encoder=((8, 1), (12, 1), (20, 2)), decoder=((24, 2), (8, 1))))
    read = [block.convolution.kernel.shape[-1] for block in generator.decoder.blocks]  # [k, k, out, in]
    assert read == [20, 24 + 12] and generator.head.convolution.kernel.shape[2] == 8
    assert generator(gray(1, 5, 6)).shape == (1, 5, 6, 2)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_outputs_are_float32_in_mixed_precision(precision):
    config = configured(precision=precision)
    generator, discriminator = generators.build(config), discriminators.build(config)
    x = gray(2, 15, 16)
    result = generator(x)
    logits = discriminator(x, result)
    assert result.dtype == logits.dtype == tf.float32
    assert generator.encoder.blocks[1].convolution.compute_dtype == precision.removeprefix("mixed_")
    assert {v.dtype for v in (*generator.weights, *discriminator.weights)} <= {"float32", "uint32"}  # uint32: seeds
    # tanh and the crop run in float32: more levels than the 256 of 8-bit mantissas between 1/2 and 1.
    full = generators.build(configured())
    full.set_weights(generator.get_weights())
    assert np.abs(result - full(x)).max() < 0.1


def test_the_head_is_a_convolution_of_1_pixel(generator):
    assert generator.head.convolution.kernel.shape == (1, 1, 32, 2)


def test_noise_enters_the_first_convolution():
    noisy = generators.build(configured(noise_channels=2))
    assert noisy.encoder.blocks[0].convolution.kernel.shape == (4, 4, 3, 16)
