"""Losses against values computed by hand, and their weights and reduction."""

import math

import numpy as np
import pytest
import tensorflow as tf

from colorgan.models.objectives import adversarial, compose
from colorgan.settings.config import Objective

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
    "wgan-gp": {
        "real": [2, 0, -3],
        "smoothed": [2, 0, -3],  # no label; `settings/rules.py` refuses it
        "fake": [-2, 0, 3],
        "generator": [2, 0, -3],
    },
}
BOUNDARIES = {"non-saturating": 0, "least-squares": 0.5, "hinge": 0, "wgan-gp": None}
# The terms that a default objective does not have; arguments that every part of a batch can be cut from.
ALL_TERMS = dict(
    classification_weight=0.5, feature_model="vgg.keras", feature_weight=2.0, desired_saturation=0.25,
    saturation_weight=3.0, desired_hue=0.5, desired_red=0.125, desired_green=0.5, desired_blue=0.75, blue_weight=4.0,
)  # fmt: skip


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


@pytest.mark.parametrize("name", BY_HAND)
def test_the_boundary_is_where_real_and_generated_cost_the_same(name):
    loss = adversarial.get(name)
    assert loss.boundary == BOUNDARIES[name]
    assert loss.penalized == (name == "wgan-gp")
    if loss.boundary is not None:
        at = tf.constant([loss.boundary])
        np.testing.assert_allclose(loss.real(at, 1.0), loss.fake(at), rtol=1e-6)


def test_unknown_losses_list_the_known():
    known = (
        "Unknown `--adversarial` 'wgan'. Did you mean wgan-gp[?] Known: non-saturating, least-squares, hinge, wgan-gp"
    )
    with pytest.raises(ValueError, match=known):
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
    objective = Objective(adversarial=name, r1_weight=2.0, **ALL_TERMS)
    real, fake, predicted, truth = batches()
    rng = np.random.default_rng(1)
    gp, r1, feature_distance = (tf.constant(rng.random(6), tf.float32) for _ in range(3))
    rgb, cross_entropy = (tf.constant(rng.random((6, 5, 4, c)), tf.float32) for c in (3, 1))

    def losses(part):
        d = compose.discriminator_loss(
            objective, real_logits=real[part], fake_logits=fake[part], global_batch=6,
            gradient_penalty=gp[part], r1=r1[part],
        )  # fmt: skip
        pictures = {"predicted": predicted[part], "truth": truth[part], "global_batch": 6}
        g = compose.generator_loss(
            objective, **pictures, fake_logits=fake[part], rgb=rgb[part], cross_entropy=cross_entropy[part],
            feature_distance=feature_distance[part],
        )  # fmt: skip
        pre = compose.pretrain_loss(objective, "classification", **pictures, cross_entropy=cross_entropy[part])
        return {**d[1], **g[1], "D": d[0], "G": g[0], "pretrain": pre[0]}

    whole, halves = losses(slice(None)), [losses(slice(0, 2)), losses(slice(2, 6))]
    for key in whole:
        total = sum(float(half[key]) for half in halves)
        np.testing.assert_allclose(total, float(whole[key]), rtol=1e-5, atol=1e-6, err_msg=key)


def test_the_discriminators_loss_by_hand():
    real, fake = tf.constant([[3.0], [-2.0]]), tf.constant([[-2.0], [-1.0]])
    loss, logs = compose.discriminator_loss(
        Objective(adversarial="least-squares"), real_logits=real, fake_logits=fake, global_batch=2
    )
    # real (2 + 4.5) / 2, fake (2 + 0.5) / 2; gap 0.5 - -1.5; right: 1 of 2 real, 2 of 2 generated.
    assert {name: float(value) for name, value in logs.items()} == {
        "d/real": 3.25, "d/fake": 1.25, "d/gap": 2, "d/loss": 4.5, "d/accuracy": 0.75
    }  # fmt: skip
    assert float(loss) == 4.5


@pytest.mark.parametrize(("name", "accuracy"), [("non-saturating", 0.5), ("hinge", 0.5), ("least-squares", 0.75)])
def test_the_accuracy_is_counted_from_the_losss_own_boundary(name, accuracy):
    # 0.25 lies above 0 and below 1/2: for real it is right with 0 for a boundary, for generated with 1/2.
    real, fake = tf.constant([[3.0], [0.25]]), tf.constant([[0.25], [0.25]])
    _, logs = compose.discriminator_loss(
        Objective(adversarial=name), real_logits=real, fake_logits=fake, global_batch=2
    )
    assert float(logs["d/accuracy"]) == accuracy


def test_the_critics_loss_by_hand():
    real, fake = tf.constant([[3.0], [-2.0]]), tf.constant([[-2.0], [-1.0]])
    loss, logs = compose.discriminator_loss(
        Objective(adversarial="wgan-gp", gp_weight=10.0), real_logits=real, fake_logits=fake, global_batch=2,
        gradient_penalty=tf.constant([9.0, 1.0]),
    )  # fmt: skip
    # No accuracy: a critic has no boundary. Loss: -0.5 - 1.5 + 10 * 5, the Wasserstein estimate's negative and gp.
    assert {name: float(value) for name, value in logs.items()} == {
        "d/real": -0.5, "d/fake": -1.5, "d/gap": 2, "d/gp": 5, "d/loss": 48
    }  # fmt: skip
    assert float(loss) == 48


def test_r1_joins_any_loss():
    real, fake = tf.constant([[3.0], [-2.0]]), tf.constant([[-2.0], [-1.0]])
    loss, logs = compose.discriminator_loss(
        Objective(adversarial="hinge", r1_weight=0.5), real_logits=real, fake_logits=fake, global_batch=2,
        r1=tf.constant([8.0, 4.0]),
    )  # fmt: skip
    # real (0 + 3) / 2, fake (0 + 0) / 2, and 0.5 * 6.
    assert float(logs["d/r1"]) == 6 and float(logs["d/real"]) == 1.5 and float(logs["d/fake"]) == 0
    assert float(loss) == float(logs["d/loss"]) == 4.5 and "d/gp" not in logs


def test_a_critic_without_its_penalty_is_possible():
    real, fake, *_ = batches()
    objective = Objective(adversarial="wgan-gp", gp_weight=0.0)
    loss, logs = compose.discriminator_loss(objective, real_logits=real, fake_logits=fake, global_batch=6)
    assert float(loss) == pytest.approx(-float(logs["d/gap"]), abs=1e-6)


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


def test_every_term_of_the_generator_by_hand():
    # One picture of one pixel, RGB (0.75, 0.5, 0.25): saturation 2/3, hue 1/12 of a turn.
    loss, logs = compose.generator_loss(
        Objective(adversarial_weight=0.0, l1_weight=0.0, **ALL_TERMS),
        predicted=None, truth=None, fake_logits=None, global_batch=1, rgb=tf.constant([[[[0.75, 0.5, 0.25]]]]),
        cross_entropy=tf.constant([[[[1.5]]]]), feature_distance=tf.constant([7.0]),
    )  # fmt: skip
    expected = {
        "g/classification": 1.5, "g/features": 7, "g/saturation": 5 / 12, "g/hue": 5 / 12, "g/red": 0.625,
        "g/green": 0, "g/blue": 0.5,
    }  # fmt: skip
    # 0.5 * 1.5 + 2 * 7 + 3 * 5/12 + 5/12 + 0.625 + 0 + 4 * 0.5
    expected["g/loss"] = 0.75 + 14 + 1.25 + 5 / 12 + 0.625 + 2
    assert {name: float(value) for name, value in logs.items()} == pytest.approx(expected, abs=1e-6)
    assert float(loss) == float(logs["g/loss"])


def test_which_quantities_are_controlled():
    assert compose.controlled(Objective()) == {}
    assert compose.controlled(Objective(desired_hue=0.0, desired_blue=0.5, blue_weight=0.0)) == {"hue": 0, "blue": 0.5}


@pytest.mark.parametrize(
    ("settings", "needed"),
    [
        ({}, []),
        ({"desired_saturation": 0.0}, ["rgb"]),
        ({"desired_green": 0.5, "green_weight": 0.0}, []),
        ({"feature_model": "vgg.keras"}, ["feature_distance"]),
        ({"feature_model": "vgg.keras", "feature_weight": 0.0}, []),
    ],
)
def test_what_no_term_looks_at_is_not_computed(settings, needed):
    _, fake, predicted, truth = batches()
    asked = []

    def computed(name, value):
        return lambda: asked.append(name) or value

    rgb, distance = computed("rgb", tf.ones((6, 5, 4, 3))), computed("feature_distance", tf.ones(6))
    seen = {"predicted": predicted, "truth": truth, "fake_logits": fake, "rgb": rgb, "feature_distance": distance}
    compose.generator_loss(Objective(**settings), global_batch=6, **seen)
    assert asked == needed


@pytest.mark.parametrize(
    ("kind", "settings", "expected"),
    [  # L1 0.375 and cross-entropy 1.5, as below
        ("l1", {}, {"g/l1": 0.375, "g/loss": 37.5}),
        ("l1", {"l1_weight": 0.0, "desired_red": 0.5}, {"g/l1": 0.375, "g/loss": 0.375}),
        ("classification", {"classification_weight": 2.0}, {"g/classification": 1.5, "g/loss": 3}),
        ("classification", {}, {"g/classification": 1.5, "g/loss": 1.5}),
        (
            "both",
            {"l1_weight": 8.0, "classification_weight": 2.0},
            {"g/l1": 0.375, "g/classification": 1.5, "g/loss": 6},
        ),
    ],
)
def test_the_pre_trainings_loss_by_hand(kind, settings, expected):
    loss, logs = compose.pretrain_loss(
        Objective(**settings), kind, predicted=tf.constant([[[[0.5, 0.0]]]]), truth=tf.constant([[[[0.0, 0.25]]]]),
        global_batch=1, cross_entropy=tf.constant([[[[1.5]]]]),
    )  # fmt: skip
    assert {name: float(value) for name, value in logs.items()} == expected
    assert float(loss) == expected["g/loss"]


def test_nothing_to_minimize_is_an_error():
    with pytest.raises(ValueError, match="`--adversarial-weight` and `--l1-weight` are both 0"):
        compose.check_terms(Objective(adversarial_weight=0.0, l1_weight=0.0))
    compose.check_terms(Objective(adversarial_weight=0.0, l1_weight=0.0, desired_red=0.5))
