"""Penalties of critics whose gradients are known."""

import numpy as np
import pytest
import tensorflow as tf

from colorgan.models.objectives import penalties


def gradients(critic, pictures):
    """As a training step takes them: of the logits' sum, with respect to the pictures."""
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        logits = tf.reduce_sum(critic(pictures))
    return tape.gradient(logits, pictures)


def test_a_critic_of_twice_the_picture():
    pictures = tf.random.stateless_uniform((3, 2, 2, 1), (1, 2))
    slopes = gradients(lambda x: 2 * x, pictures)
    # 4 numbers, the gradient is 2 at each: norm sqrt(4 * 2^2) = 4; (4 - 1)^2 = 9 and 4^2 / 2 = 8.
    np.testing.assert_array_equal(penalties.gradient_penalty(slopes), [9, 9, 9])
    np.testing.assert_array_equal(penalties.r1(slopes), [8, 8, 8])


def test_each_picture_has_its_own():
    slopes = tf.reshape(tf.constant([[0.6, 0, 0, 0.8], [0, 0, 0, 0], [3, 0, 4, 0]], tf.float32), (3, 2, 1, 2))
    np.testing.assert_allclose(penalties.gradient_penalty(slopes), [0, 1, 16], atol=1e-6)  # norms 1, 0, 5
    np.testing.assert_allclose(penalties.r1(slopes), [0.5, 0, 12.5], rtol=1e-6)


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [  # d/dw of (2 |w| - 1)^2 and of (2 w)^2 / 2, at 1.5, 0 and 1e-30, where the square underflows
        (penalties.gradient_penalty, [8, 0, 0]),
        (penalties.r1, [6, 0, 4e-30]),
    ],
)
def test_the_gradient_for_the_critic(penalty, expected):
    """The second derivative that a critic's update needs, at a slope of 0 too."""
    for w, slope in zip([1.5, 0.0, 1e-30], expected, strict=True):
        w = tf.constant(w)
        with tf.GradientTape() as tape:
            tape.watch(w)
            value = penalty(gradients(lambda x, w=w: w * x, tf.ones((1, 2, 2, 1))))
        assert tape.gradient(value, w).numpy() == pytest.approx(slope, rel=1e-6)


def test_interpolation_by_hand():
    real, fake = tf.fill((3, 2, 2, 2), 1.0), tf.fill((3, 2, 2, 2), -0.5)
    between = penalties.interpolate(real, fake, tf.reshape([1.0, 0.0, 0.25], (3, 1, 1, 1)))
    assert between.shape == (3, 2, 2, 2)
    np.testing.assert_array_equal(between[:, 0, 0, 0], [1, -0.5, -0.125])
    np.testing.assert_array_equal(between, tf.broadcast_to(between[:, :1, :1, :1], (3, 2, 2, 2)))


def test_half_precision_is_cast():
    half = tf.ones((2, 2, 2, 1), tf.bfloat16)
    assert penalties.gradient_penalty(half).dtype == penalties.r1(half).dtype == tf.float32
    assert penalties.interpolate(half, half, half[:, :1, :1]).dtype == tf.float32
