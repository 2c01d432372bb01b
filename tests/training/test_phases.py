"""What the steps of the other systems do: phases, freezing, penalties, judging, noise, and terms beside L1."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan.models import color as colors
from colorgan.models.objectives import controls
from colorgan.training import state, steps
from colorgan.training.schedules import Action

pytestmark = pytest.mark.usefixtures("untraced")
PRETRAIN = Action(0, 1, phase="pretrain")


def weights(model):
    return {v.path: v.numpy() for v in model.variables}


def moved(before, model):
    """-> paths of the variables that are no longer bit-equal."""
    return {v.path for v in model.variables if not np.array_equal(before[v.path], v.numpy())}


def test_frozen_parts_stay_bit_equal_and_the_rest_learns(tiny, batch, trainer):
    config = tiny()
    trained, compiled = trainer(config)
    generator = trained.generator
    parts = len(generator.parts)
    kept = {v.path for part in generator.parts[:2] for v in part.variables}
    assert any("moving_mean" in path for path in kept)
    before = weights(generator)
    for seed in range(2):
        compiled.iterate(batch(config, seed), Action(1, 2, frozen=2))
    learned = {v.path for part in generator.parts[2:] for v in part.variables}
    assert moved(before, generator) == learned
    # The optimizer knows all variables from the start, and the frozen ones' moments are untouched.
    moments = {v.path: v.numpy() for v in trained.g_optimizer.variables if "momentum" in v.path}
    assert len(moments) == len(generator.trainable_variables)
    assert sum(not m.any() for m in moments.values()) >= len([p for p in kept if "moving" not in p])
    # The next stage is another trace: everything learns again.
    before = weights(generator)
    compiled.iterate(batch(config, 3), Action(1, 2, frozen=0))
    assert {p for p in kept if "seed" not in p} <= moved(before, generator)
    assert len(generator.trainable_variables) == len(moments) and len(generator.parts) == parts


def test_freezing_the_discriminators_turn_freezes_its_pictures_statistics(tiny, batch, trainer):
    config = tiny()
    trained, compiled = trainer(config)
    before = weights(trained.generator)
    compiled.iterate(batch(config), Action(1, 0, frozen=3))
    kept = {v.path for part in trained.generator.parts[:3] for v in part.variables}
    assert not kept & moved(before, trained.generator)


def test_nothing_left_to_learn_is_refused(tiny, trainer):
    with pytest.raises(ValueError, match="`--unfreeze`: the generator has 6 parts.*Received: 6 frozen"):
        trainer(tiny(unfreeze=((0, 2), (9, 6))))


def test_pretraining_is_the_generators_alone(tiny, batch, trainer):
    config = tiny(l1_weight=0.0)
    trained, compiled = trainer(config)
    before = weights(trained.discriminator)
    logs = compiled.iterate(batch(config), PRETRAIN)
    assert set(logs) == {"g/l1", "g/loss", "g/accuracy"}
    assert float(logs["g/loss"]) == pytest.approx(float(logs["g/l1"]))
    assert not moved(before, trained.discriminator)
    assert (int(trained.g_optimizer.iterations), int(trained.d_optimizer.iterations)) == (1, 0)


@pytest.mark.parametrize("head", ["channel-bins", "joint-bins"])
def test_classification_trains_all_but_what_reads_the_bins(tiny, batch, head):
    config = tiny(head=head, pretrain="classification", pretrain_steps=5)
    keras.utils.set_random_seed(1)
    trained = state.create(config, tf.distribute.get_strategy())
    shape = (2, 16) if head == "channel-bins" else (trained.generator.head.parts[0].filters,)
    compiled = steps.Steps(config, trained, tf.distribute.get_strategy(), class_weights=np.ones(shape, np.float32))
    before = weights(trained.generator)
    losses = [float(compiled.iterate(batch(config), PRETRAIN)["g/classification"]) for _ in range(3)]
    assert losses[-1] < losses[0]
    still = {v.path for v in trained.generator.trainable_variables} - moved(before, trained.generator)
    reading = trained.generator.head.parts[2:]
    assert still == {v.path for layer in reading for v in layer.trainable_variables}
    # Then the adversarial game reaches them too.
    before = weights(trained.generator)
    compiled.iterate(batch(config), Action(1, 1))
    assert {v.path for v in trained.generator.trainable_variables} <= moved(before, trained.generator)


def test_judging_changes_no_weight_and_sees_what_an_update_would(tiny, batch, trainer):
    config = tiny(d_normalization="none")
    trained, compiled = trainer(config)
    before = weights(trained.discriminator)
    judged = compiled.iterate(batch(config), Action(0, 1, judge=True))
    assert not moved(before, trained.discriminator) and int(trained.d_optimizer.iterations) == 0
    _, other = trainer(config)
    updated = other.iterate(batch(config), Action(1, 1))
    for name in ("d/real", "d/fake", "d/accuracy", "d/gap", "d/loss"):
        assert float(judged[name]) == pytest.approx(float(updated[name]), rel=1e-5), name


def test_noise_pictures_do_not_come_from_the_generator(tiny, batch, trainer):
    config = tiny(d_normalization="none")
    trained, compiled = trainer(config)
    shown = compiled.iterate(batch(config), Action(0, 0, judge=True, noise=True))
    for v in trained.generator.trainable_variables:
        v.assign(v * 0)
    again = compiled.iterate(batch(config), Action(0, 0, judge=True, noise=True))
    assert float(shown["d/fake"]) == float(again["d/fake"])
    real = compiled.iterate(batch(config), Action(0, 0, judge=True))
    assert float(real["d/fake"]) != float(again["d/fake"])
    assert float(real["d/real"]) == pytest.approx(float(again["d/real"]))


def test_halves_by_hand(tiny, batch, trainer):
    config = tiny(d_batches="halves", d_normalization="none")
    trained, compiled = trainer(config)
    one = batch(config)
    fake = trained.generator(one["gray"], training=True)
    real_logits = trained.discriminator(one["gray"][:2], one["color"][:2]).numpy()
    fake_logits = trained.discriminator(one["gray"][2:], fake[2:]).numpy()
    logs = compiled.iterate(one, Action(0, 0, judge=True))
    assert float(logs["d/real"]) == pytest.approx(np.log1p(np.exp(-real_logits)).mean(), rel=1e-4)
    assert float(logs["d/fake"]) == pytest.approx(np.log1p(np.exp(fake_logits)).mean(), rel=1e-4)


def test_halves_are_one_batch_to_batch_normalization(tiny, batch, trainer):
    config = tiny(d_batches="halves", bn_momentum=0.0)
    trained, compiled = trainer(config)
    one = batch(config)
    compiled.iterate(one, Action(0, 0, judge=True))
    fake = trained.generator(one["gray"], training=True)
    mean = [v.numpy() for v in trained.discriminator.variables if "moving_mean" in v.path]
    colors_seen = tf.concat([one["color"][:2], fake[2:]], 0)
    trained.discriminator(one["gray"], colors_seen, training=True)
    again = [v.numpy() for v in trained.discriminator.variables if "moving_mean" in v.path]
    np.testing.assert_allclose(np.concatenate(mean), np.concatenate(again), atol=1e-5)


def test_the_gradient_penalty_against_a_plain_tape(tiny, batch, trainer):
    config = tiny(adversarial="wgan-gp")
    trained, compiled = trainer(config)
    one = batch(config)
    # Between a picture and itself lies only the picture, whatever the random place.
    got = compiled._gradient_penalty(one["gray"], one["color"], one["gray"], one["color"], 0).numpy()
    expected = []
    for i in range(4):
        color = tf.Variable(one["color"][i : i + 1])
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(trained.discriminator(one["gray"][i : i + 1], color))
        expected.append((np.linalg.norm(tape.gradient(value, color).numpy()) - 1) ** 2)
    np.testing.assert_allclose(got, expected, rtol=1e-4)
    logs = compiled.iterate(one, Action(1, 1))
    assert {"d/gp", "d/gap"} <= set(logs) and "d/accuracy" not in logs
    loss = float(logs["d/real"]) + float(logs["d/fake"]) + 10 * float(logs["d/gp"])
    assert float(logs["d/loss"]) == pytest.approx(loss, rel=1e-4)


def test_r1_against_a_plain_tape(tiny, batch, trainer):
    config = tiny(r1_weight=5.0)
    trained, compiled = trainer(config)
    one = batch(config)
    color = tf.Variable(one["color"])
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(tf.reduce_mean(trained.discriminator(one["gray"], color), axis=[1, 2, 3]))
    expected = (tape.gradient(value, color).numpy() ** 2).sum(axis=(1, 2, 3)).mean() / 2
    logs = compiled.iterate(one, Action(1, 1))
    assert float(logs["d/r1"]) == pytest.approx(expected, rel=1e-4)


def test_noise_is_new_for_every_update_and_the_same_when_repeated(tiny, batch, trainer):
    config = tiny(noise_channels=1)
    trained, compiled = trainer(config)
    one = batch(config)
    first, again, other = (compiled._generate(one["gray"], one["color"], update)[0] for update in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    drawn = compiled._uniform((1000,), steps.INPUTS, 0).numpy()
    assert 0 <= drawn.min() and drawn.max() < 1 and abs(drawn.mean() - 0.5) < 0.05
    trained.g_optimizer.iterations.assign_add(1)
    assert not np.array_equal(drawn, compiled._uniform((1000,), steps.INPUTS, 0).numpy())


def test_the_adjusted_truth_has_the_desired_saturation(tiny, batch, trainer):
    config = tiny(desired_saturation=0.4, control_truth="adjusted")
    _, compiled = trainer(config)
    rgb = np.random.RandomState(3).uniform(0.2, 0.8, (4, 8, 8, 3)).astype(np.float32)
    gray, color = colors.encode(rgb, color_space="lab", ab_scale=110.0)
    moved_to = colors.decode(gray, compiled._adjusted(gray, color), color_space="lab", ab_scale=110.0)
    truth = np.asarray(controls.value(controls.adjust(rgb, saturation=0.4), "saturation"))
    np.testing.assert_allclose(truth, 0.4, atol=1e-3)
    # Joined with the photograph's own L again, which the adjustment has not kept, it is off by a little.
    assert np.abs(np.asarray(controls.value(moved_to, "saturation")) - 0.4).max() < 0.1


@pytest.mark.parametrize("name", controls.NAMES)
def test_control_terms_are_in_the_loss(tiny, batch, trainer, name):
    config = tiny(**{f"desired_{name}": 0.5, f"{name}_weight": 3.0}, adversarial_weight=0.0)
    _, compiled = trainer(config)
    logs = compiled.iterate(batch(config), Action(0, 1))
    loss = 100 * float(logs["g/l1"]) + 3 * float(logs[f"g/{name}"])
    assert float(logs["g/loss"]) == pytest.approx(loss, rel=1e-4)


def test_a_desired_saturation_is_approached(tiny, batch, trainer):
    config = tiny(desired_saturation=0.1, saturation_weight=10.0, l1_weight=0.0, adversarial_weight=0.0, lr=3e-2)
    trained, compiled = trainer(config)
    one = batch(config)
    distances = [float(compiled.iterate(one, Action(0, 1))["g/saturation"]) for _ in range(12)]
    assert distances[-1] < distances[0] / 2


def test_the_perceptual_term_looks_at_pictures_through_the_model(tiny, batch):
    config = tiny(feature_model="model.keras", feature_weight=0.5, adversarial_weight=0.0)
    strategy = tf.distribute.get_strategy()
    inputs = keras.Input((None, None, 3))
    brightness = keras.Model(inputs, keras.layers.Lambda(lambda x: keras.ops.mean(x, axis=(1, 2, 3)))(inputs))
    keras.utils.set_random_seed(1)
    trained = state.create(config, strategy)
    compiled = steps.Steps(config, trained, strategy, feature_model=brightness)
    one = batch(config)
    fake = trained.generator(one["gray"], training=True)
    space = {"color_space": "lab", "ab_scale": config.data.ab_scale}
    pictures = [np.asarray(colors.decode(one["gray"], c, **space)) * 255 for c in (fake, one["color"])]
    means = [p.mean(axis=(1, 2, 3)) for p in pictures]
    logs = compiled.iterate(one, Action(0, 1))
    assert float(logs["g/features"]) == pytest.approx(np.abs(means[0] - means[1]).mean(), rel=1e-3)


def test_l2_is_a_term_of_the_loss():
    v, w = keras.Variable([2.0, -3.0]), keras.Variable([2.0, -3.0])
    ours, plain = state.Adam(0.1, l2=0.5), keras.optimizers.Adam(0.1)
    ours.build([v])
    plain.build([w])
    gradient = np.array([1.0, 2.0], np.float32)
    for _ in range(3):
        ours.apply([tf.constant(gradient)], [v])
        # The gradient of g w + l2 |w|^2 / 2.
        plain.apply([tf.constant(gradient + 0.5 * w.numpy())], [w])
    np.testing.assert_allclose(v.numpy(), w.numpy(), rtol=1e-6)


def test_l2_comes_before_the_clipping():
    v, w = keras.Variable([4.0]), keras.Variable([4.0])
    ours, plain = state.Adam(0.1, l2=1.0, clip_value=0.5), keras.optimizers.Adam(0.1)
    ours.build([v])
    plain.build([w])
    ours.apply([tf.constant([0.1])], [v])
    plain.apply([tf.constant([0.5])], [w])  # 0.1 + 4 clipped to 0.5
    assert ours.variables[2].numpy() == pytest.approx(plain.variables[2].numpy())


def test_a_network_with_parts_that_nothing_uses_is_refused(tiny, batch):
    # Cross-entropy alone never reaches the layers that make colours of the bins.
    config = tiny(head="channel-bins", classification_weight=1.0, adversarial_weight=0.0, l1_weight=0.0)
    strategy = tf.distribute.get_strategy()
    trained = state.create(config, strategy)
    compiled = steps.Steps(config, trained, strategy, class_weights=np.ones((2, 16), np.float32))
    with pytest.raises(ValueError, match="does not depend on .*kernel.*unused parts"):
        compiled.iterate(batch(config), Action(0, 1))
