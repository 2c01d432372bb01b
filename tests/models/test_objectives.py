"""Losses against values computed by hand, and their weights and reduction."""

import math

import numpy as np
import pytest
import tensorflow as tf

from colorgan.config import Objective
from colorgan.models.objectives import adversarial, compose, reconstruction

LOGITS = np.float32([-2, 0, 3])
LN2 = math.log(2)

# By hand, at logits -2, 0, 3 with softplus(x) = log(1 + e^x): softplus(2) = 2.126928, softplus(-2) = 0.126928,
# softplus(3) = 3.048587, softplus(-3) = 0.048587.
BY_HAND = {
    "non-saturating": {
        "real": [2.126928, LN2, 0.048587],  # -log s(x) = softplus(-x)
        "smoothed": [1.926928, LN2, 0.348587],  # softplus(-x) + 0.1 x
        "fake": [0.126928, LN2, 3.048587],  # -log(1 - s(x)) = softplus(x)
        "generator": [2.126928, LN2, 0.048587],
    },
    "least-squares": {
        "real": [4.5, 0.5, 2],  # (x - 1)^2 / 2
        "smoothed": [4.205, 0.405, 2.205],  # (x - 0.9)^2 / 2
        "fake": [2, 0, 4.5],
        "generator": [4.5, 0.5, 2],
    },
    "hinge": {
        "real": [3, 1, 0],  # max(0, 1 - x)
        "smoothed": [2.9, 0.9, 0],  # max(0, 0.9 - x)
        "fake": [0, 1, 4],
        "generator": [2, 0, -3],
    },
}


def test_every_loss_has_values_by_hand():
    assert set(BY_HAND) == set(adversarial.ADVERSARIAL)


@pytest.mark.parametrize("name", BY_HAND)
def test_losses_by_hand(name):
    loss, expected = adversarial.get(name), BY_HAND[name]
    x = tf.constant(LOGITS)
    results = {
        "real": loss.real(x, 1.0),
        "smoothed": loss.real(x, adversarial.SMOOTH_REAL_LABEL),
        "fake": loss.fake(x),
        "generator": loss.generator(x),
    }
    for term, values in results.items():
        assert values.shape == (3,) and values.dtype == tf.float32
        np.testing.assert_allclose(values, expected[term], atol=1e-5, err_msg=term)


@pytest.mark.parametrize("name", BY_HAND)
def test_the_game(name):
    """The discriminator gains by raising real and lowering fake logits; the generator by raising its own."""
    loss, x = adversarial.get(name), tf.constant([0.25])
    for term, sign in ((lambda v: loss.real(v, 1.0), -1), (loss.fake, 1), (loss.generator, -1)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = term(x)
        assert np.sign(tape.gradient(value, x).numpy()[0]) == sign


def test_unknown_losses_list_the_known():
    with pytest.raises(ValueError, match="Unknown `--adversarial` 'wgan'. Known: non-saturating, least-squares, hinge"):
        adversarial.get("wgan")


def test_cross_entropy_does_not_overflow():
    x = tf.constant([-1000.0, 1000.0, 0.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        values = adversarial.cross_entropy(x, 0.9)
    # -0.9 log s(x) - 0.1 log(1 - s(x)): 900 at -1000, 100 at 1000, log 2 at 0; slope s(x) - 0.9.
    np.testing.assert_allclose(values, [900, 100, LN2], rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(values, x), [-0.9, 0.1, -0.4], atol=1e-6)
    np.testing.assert_array_equal(adversarial.cross_entropy(x, 1.0)[:2], [1000, 0])


def test_l1_by_hand():
    truth = tf.constant([[[[1.0, -1.0]]]])
    np.testing.assert_array_equal(reconstruction.l1(tf.zeros((1, 1, 1, 2)), truth), np.ones((1, 1, 1, 2)))
    np.testing.assert_array_equal(reconstruction.l1(tf.constant([[[[-0.5, 1.0]]]]), truth), [[[[1.5, 2.0]]]])


def test_share_by_hand():
    values = tf.constant([[[1.0, 3.0]], [[5.0, 7.0]]])  # the images' means are 2 and 6
    assert float(compose.share(values, 2)) == 4
    assert float(compose.share(values, 8)) == 1
    assert float(compose.share(tf.constant([[True, False], [True, True]]), 2)) == 0.75
    assert compose.share(tf.ones((2, 3), tf.float16), 2).dtype == tf.float32


def batches(seed=0, images=6):
    rng = np.random.default_rng(seed)
    real, fake = (tf.constant(rng.normal(size=(images, 3, 3, 1)), tf.float32) for _ in range(2))
    predicted, truth = (tf.constant(rng.uniform(-1, 1, (images, 5, 4, 2)), tf.float32) for _ in range(2))
    return real, fake, predicted, truth


@pytest.mark.parametrize("name", BY_HAND)
def test_the_replicas_shares_sum_to_the_whole(name):
    objective = Objective(adversarial=name)
    real, fake, predicted, truth = batches()

    def losses(part):
        d = compose.discriminator_loss(objective, real_logits=real[part], fake_logits=fake[part], global_batch=6)
        g = compose.generator_loss(
            objective, predicted=predicted[part], truth=truth[part], fake_logits=fake[part], global_batch=6
        )
        return {**d[1], **g[1], "D": d[0], "G": g[0]}

    whole, halves = losses(slice(None)), [losses(slice(0, 2)), losses(slice(2, 6))]
    for key in whole:
        np.testing.assert_allclose(sum(float(half[key]) for half in halves), float(whole[key]), rtol=1e-5, err_msg=key)


def test_the_discriminators_loss_by_hand():
    real, fake = tf.constant([[3.0], [-2.0]]), tf.constant([[-2.0], [-1.0]])
    loss, logs = compose.discriminator_loss(
        Objective(adversarial="least-squares"), real_logits=real, fake_logits=fake, global_batch=2
    )
    # real (2 + 4.5) / 2, fake (2 + 0.5) / 2; right: 1 of 2 real, 2 of 2 generated.
    assert {name: float(value) for name, value in logs.items()} == {
        "d/real": 3.25, "d/fake": 1.25, "d/loss": 4.5, "d/accuracy": 0.75
    }  # fmt: skip
    assert float(loss) == 4.5


def test_label_smoothing_is_one_sided():
    real, fake, *_ = batches()
    logs = {
        smooth: compose.discriminator_loss(
            Objective(label_smoothing=smooth), real_logits=real, fake_logits=fake, global_batch=6
        )[1]
        for smooth in (False, True)
    }
    assert float(logs[True]["d/fake"]) == float(logs[False]["d/fake"])
    # Cross-entropy is linear in the label: 0.1 less of it is 0.1 x more loss.
    moved = float(logs[True]["d/real"]) - float(logs[False]["d/real"])
    np.testing.assert_allclose(moved, 0.1 * real.numpy().mean(), atol=1e-6)


def test_the_generators_loss_by_hand():
    predicted, truth = tf.constant([[[[0.5, 0.0]]]]), tf.constant([[[[0.0, 0.25]]]])  # L1 0.375
    loss, logs = compose.generator_loss(
        Objective(adversarial="hinge", adversarial_weight=2.0, l1_weight=100.0),
        predicted=predicted, truth=truth, fake_logits=tf.constant([[3.0]]), global_batch=1,
    )  # fmt: skip
    assert {name: float(value) for name, value in logs.items()} == {"g/adv": -3, "g/l1": 0.375, "g/loss": 31.5}
    assert float(loss) == 31.5  # 2 * -3 + 100 * 0.375


def test_terms_of_weight_0_are_left_out():
    _, fake, predicted, truth = batches()
    _, logs = compose.generator_loss(
        Objective(adversarial_weight=0.0), predicted=predicted, truth=truth, fake_logits=None, global_batch=6
    )
    assert set(logs) == {"g/l1", "g/loss"}
    _, logs = compose.generator_loss(
        Objective(l1_weight=0.0), predicted=predicted, truth=truth, fake_logits=fake, global_batch=6
    )
    assert set(logs) == {"g/adv", "g/loss"}
    assert float(logs["g/loss"]) == float(logs["g/adv"])


def test_nothing_to_minimize_is_an_error():
    _, fake, predicted, truth = batches()
    with pytest.raises(ValueError, match="`--adversarial-weight` and `--l1-weight` are both 0"):
        compose.generator_loss(
            Objective(adversarial_weight=0.0, l1_weight=0.0),
            predicted=predicted, truth=truth, fake_logits=fake, global_batch=6,
        )  # fmt: skip
