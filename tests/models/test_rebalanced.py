"""Rebalanced cross-entropy against values by hand and numpy in float64."""

import math

import numpy as np
import pytest
import tensorflow as tf

from colorgan.models import quantization
from colorgan.models.objectives import rebalanced

Q = len(quantization.joint_centres())


def example(kind, seed=0):
    """-> (logits, targets, weights) of a batch of 2 pictures, 3 x 4."""
    rng = np.random.default_rng(seed)
    if kind == "joint":
        ab = rng.uniform(-60, 60, (2, 3, 4, 2)).astype(np.float32)
        targets, bins = quantization.soft_encode(ab), (Q,)
    else:
        targets, bins = quantization.channel_targets(rng.uniform(-1, 1, (2, 3, 4, 2)).astype(np.float32)), (2, 16)
    logits = tf.constant(rng.normal(size=(2, 3, 4, *bins)) * 3, tf.float32)
    return logits, targets, rng.uniform(0, 2, bins).astype(np.float32)


def in_numpy(logits, targets, weights):
    """-> ([B, H, W, 1] loss, its gradient by the logits), float64."""
    logits = np.asarray(logits, np.float64)
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p /= p.sum(axis=-1, keepdims=True)
    if isinstance(targets, quantization.SoftTargets):
        z = np.asarray(quantization.dense(targets), np.float64)
        v = weights[z.argmax(axis=-1)][..., None]  # eq. (3): q* is the bin with most of the soft target
        return (v * -(z * np.log(p)).sum(axis=-1, keepdims=True)), v * (p - z)
    z = np.asarray(targets, np.float64)
    v = 0.05 + (z * weights).sum(axis=-1)
    return (v * -(z * np.log(p)).sum(axis=-1)).sum(axis=-1, keepdims=True), v[..., None] * (p - z)


def differentiated(logits, targets, weights):
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = rebalanced.cross_entropy(logits, targets, weights)
    return loss, tape.gradient(loss, logits)


def test_channel_bins_by_hand():
    # Bins 0 (a) and 15 (b) with weights 0.2 and 0.4; even logits have p = 1/16 each.
    targets = quantization.channel_targets(np.float32([-1, 1]).reshape(1, 1, 1, 2))
    weights = np.zeros((2, 16), np.float32)
    weights[0, 0], weights[1, 15], weights[0, 15] = 0.2, 0.4, 9
    loss = rebalanced.cross_entropy(tf.zeros((1, 1, 1, 2, 16)), targets, weights)
    assert loss.shape == (1, 1, 1, 1)
    np.testing.assert_allclose(loss, (0.25 + 0.45) * math.log(16), rtol=1e-6)


def test_joint_bins_by_hand():
    # The nearest bin of (1, 2) is gray's; even logits have p = 1/261 whatever the soft target.
    gray = int(np.flatnonzero((quantization.joint_centres() == 0).all(axis=1))[0])
    targets = quantization.soft_encode(np.float32([1, 2]).reshape(1, 1, 1, 2))
    weights = np.full(Q, 7, np.float32)
    weights[gray] = 0.5
    loss = rebalanced.cross_entropy(tf.zeros((1, 1, 1, Q)), targets, weights)
    assert loss.shape == (1, 1, 1, 1)
    np.testing.assert_allclose(loss, 0.5 * math.log(261), rtol=1e-6)


@pytest.mark.parametrize("kind", ["joint", "channel"])
def test_against_numpy(kind):
    logits, targets, weights = example(kind)
    loss, gradient = differentiated(logits, targets, weights)
    expected, slope = in_numpy(logits, targets, weights)
    assert loss.shape == (2, 3, 4, 1) and loss.dtype == tf.float32
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    np.testing.assert_allclose(gradient, slope, atol=1e-5)


@pytest.mark.parametrize("kind", ["joint", "channel"])
def test_huge_logits_are_stable(kind):
    logits, targets, weights = example(kind)
    for logits in (logits * 1e4, tf.zeros_like(logits)):  # noqa: B020
        loss, gradient = differentiated(logits, targets, weights)
        assert np.isfinite(loss).all() and np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 0


@pytest.mark.parametrize("kind", ["joint", "channel"])
def test_the_least_loss_is_the_entropy_of_the_target(kind):
    _, targets, weights = example(kind)
    z = np.asarray(quantization.dense(targets) if kind == "joint" else targets)
    loss, gradient = differentiated(tf.math.log(np.maximum(z, 1e-30)), targets, weights)
    np.testing.assert_allclose(gradient, 0, atol=1e-5)
    expected, _ = in_numpy(np.log(np.maximum(z, 1e-30)), targets, weights)
    np.testing.assert_allclose(loss, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["joint", "channel"])
def test_half_precision_and_graphs(kind):
    logits, targets, weights = example(kind)
    expected = rebalanced.cross_entropy(logits, targets, weights)
    free = tf.function(rebalanced.cross_entropy, reduce_retracing=True)
    np.testing.assert_allclose(free(logits, targets, weights), expected, rtol=1e-5)
    signature = tf.TensorSpec([None, None, None, *logits.shape[3:]])
    colors = tf.constant(np.random.default_rng(4).uniform(-0.5, 0.5, (2, 3, 4, 2)), tf.float32)

    def encoded(logits, color):
        encode = quantization.channel_targets if kind == "channel" else lambda c: quantization.soft_encode(c * 110)
        return rebalanced.cross_entropy(logits, encode(color), weights)

    graph = tf.function(encoded, input_signature=[signature, tf.TensorSpec([None, None, None, 2])])
    np.testing.assert_allclose(graph(logits, colors), encoded(logits, colors), rtol=1e-5)
    halves = tf.cast(logits, tf.bfloat16)
    loss = rebalanced.cross_entropy(halves, targets, weights)
    assert loss.dtype == tf.float32
    full = rebalanced.cross_entropy(tf.cast(halves, tf.float32), targets, weights)
    np.testing.assert_array_equal(loss, full)
