"""The fused batch normalization is Keras' layer: the same outputs, gradients, statistics and weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from colorgan.models import normalization

# Relative to values around 1: float32 sums in another order; in half precision both compute in float32 and round the
# result to 8 bits of mantissa (bfloat16) or 11 (float16).
TOLERANCES = {"float32": 2e-5, "mixed_bfloat16": 2**-7, "mixed_float16": 2**-9}


def pair(precision="float32", **kwargs):
    """Ours and Keras' layer with the same weights, none of them at its initial value."""
    both = [cls(dtype=precision, **kwargs) for cls in (normalization.BatchNormalization, layers.BatchNormalization)]
    rng = np.random.default_rng(1)
    weights = [rng.uniform(0.5, 1.5, 6), rng.normal(size=6), rng.normal(size=6), rng.uniform(0.5, 2, 6)]
    for layer in both:
        layer.build((None, None, None, 6))
        layer.set_weights(weights)
    return both


def inputs(precision, shape=(4, 5, 3, 6)):
    x = np.random.default_rng(0).normal(1.0, 2.0, shape).astype(np.float32)
    return tf.cast(x, precision.removeprefix("mixed_"))


def result(layer, x, *, training):
    """-> output, gradients of a weighted sum of it in x and the weights, and the statistics afterwards."""
    weight = tf.constant(np.random.default_rng(2).normal(size=x.shape), x.dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=training)
        # The sum in float32: in half precision it would be the largest error by far.
        total = tf.reduce_sum(tf.cast(y, tf.float32) * tf.cast(weight, tf.float32))
    gradients = tape.gradient(total, [x, layer.gamma.value, layer.beta.value])
    assert y.dtype == x.dtype == layer.compute_dtype
    return [np.asarray(tf.cast(v, tf.float32)) for v in (y, *gradients, layer.moving_mean, layer.moving_variance)]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("precision", TOLERANCES)
def test_it_is_keras_layer(precision, training):
    ours, theirs = pair(precision, momentum=0.9)
    x = inputs(precision)
    for mine, expected in zip(result(ours, x, training=training), result(theirs, x, training=training), strict=True):
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(mine, expected, rtol=0, atol=TOLERANCES[precision] * scale)


def test_training_by_numpy():
    ours, _ = pair(momentum=0.75)
    gamma, beta, mean, variance = ours.get_weights()
    x = inputs("float32").numpy()
    y = ours(x, training=True).numpy()
    batch_mean, batch_variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
    expected = (x - batch_mean) / np.sqrt(batch_variance + 1e-3) * gamma + beta  # Keras' epsilon is 1e-3
    np.testing.assert_allclose(y, expected, atol=1e-5)
    np.testing.assert_allclose(ours.moving_mean, 0.75 * mean + 0.25 * batch_mean, rtol=1e-5)
    # The biased variance: with the kernel's unbiased one this is off by 60/59.
    np.testing.assert_allclose(ours.moving_variance, 0.75 * variance + 0.25 * batch_variance, rtol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 1, 6), (2, 1, 1, 6)])
def test_few_values(shape):
    """The innermost map of a small picture: one value has no variance, and no unbiased one."""
    ours, theirs = pair()
    x = inputs("float32", shape)
    for mine, expected in zip(result(ours, x, training=True), result(theirs, x, training=True), strict=True):
        assert np.all(np.isfinite(mine))
        np.testing.assert_allclose(mine, expected, atol=1e-4)


@pytest.mark.parametrize("precision", TOLERANCES)
def test_a_frozen_layer_uses_the_moving_statistics(precision):
    ours, theirs = pair(precision)
    ours.trainable = theirs.trainable = False
    before = ours.get_weights()
    x = inputs(precision)
    y = tf.cast(ours(x, training=True), tf.float32)
    np.testing.assert_array_equal(y, tf.cast(ours(x, training=False), tf.float32))
    np.testing.assert_allclose(y, tf.cast(theirs(x, training=True), tf.float32), atol=4 * TOLERANCES[precision])
    for mine, initial in zip(ours.get_weights(), before, strict=True):
        np.testing.assert_array_equal(mine, initial)


def test_eager_is_graph():
    (eager, graph), x = (pair()[0], pair()[0]), inputs("float32")
    traced = tf.function(graph, input_signature=[tf.TensorSpec([None, None, None, 6])], autograph=False)
    np.testing.assert_allclose(traced(x), eager(x), atol=1e-6)
    traced = tf.function(lambda v: graph(v, training=True), autograph=False)
    np.testing.assert_allclose(traced(x), eager(x, training=True), atol=1e-6)
    np.testing.assert_allclose(graph.moving_variance, eager.moving_variance, rtol=1e-6)


def test_other_ranks_and_synchronized_are_keras_own():
    ours, theirs = normalization.BatchNormalization(), layers.BatchNormalization()
    x = inputs("float32", (8, 6))
    np.testing.assert_array_equal(ours(x, training=True), theirs(x, training=True))
    ours, theirs = pair(synchronized=True)
    x = inputs("float32")
    np.testing.assert_allclose(ours(x, training=True), theirs(x, training=True), atol=1e-6)


def test_weights_are_interchangeable(tmp_path):
    def model(cls):
        return keras.Sequential([keras.Input((None, None, 6)), layers.Conv2D(6, 1), cls(), layers.ReLU()])

    x = inputs("float32")
    for i, (one, other) in enumerate(
        [
            (normalization.BatchNormalization, layers.BatchNormalization),
            (layers.BatchNormalization, normalization.BatchNormalization),
        ]
    ):
        saved, loaded = model(one), model(other)
        saved(x, training=True)
        saved.save_weights(tmp_path / f"{i}.weights.h5")
        loaded.load_weights(tmp_path / f"{i}.weights.h5")
        np.testing.assert_allclose(loaded(x), saved(x), atol=1e-5)
        assert [w.name for w in loaded.weights] == [w.name for w in saved.weights]
