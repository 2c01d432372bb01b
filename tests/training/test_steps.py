"""The fused iteration against the same maths written plainly, over replicas, and in mixed precision."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan.training import steps
from colorgan.training.schedules import Action

pytestmark = pytest.mark.usefixtures("untraced")


def weights(model):
    return [v.numpy() for v in model.variables]


def has_no_gradient(variable):
    """A convolution's bias before batch normalization: its gradient is rounding noise, which Adam brings to size."""
    return variable.path.endswith("bias") and "block" in variable.path


def plain_iteration(config, trained, batch):
    """1 D + 2 G updates as Nazeri et al. describe them: every update with forward passes of its own."""
    g, d = trained.generator, trained.discriminator
    bce = keras.losses.BinaryCrossentropy(from_logits=True)
    gray, color = batch["gray"], batch["color"]
    with tf.GradientTape() as tape:
        # The fused iteration passes the generator once here and once for its first update; statistics move once.
        fake = tf.stop_gradient(g(gray, training=True))
        real_logits = d(gray, color, training=True)
        fake_logits = d(gray, fake, training=True)
        label = 0.9 if config.objective.label_smoothing else 1.0
        loss = bce(label * tf.ones_like(real_logits), real_logits) + bce(tf.zeros_like(fake_logits), fake_logits)
    trained.d_optimizer.apply(tape.gradient(loss, d.trainable_variables), d.trainable_variables)
    for _ in range(2):
        with tf.GradientTape() as tape:
            fake = g(gray, training=True)
            logits = d(gray, fake, training=True)
            loss = bce(tf.ones_like(logits), logits) + config.objective.l1_weight * tf.reduce_mean(tf.abs(fake - color))
        trained.g_optimizer.apply(tape.gradient(loss, g.trainable_variables), g.trainable_variables)


@pytest.mark.parametrize("smoothing", [False, True])
def test_fused_iteration_equals_the_plain_one(tiny, batch, trainer, smoothing):
    config = tiny(label_smoothing=smoothing)
    fused, compiled = trainer(config)
    plain, _ = trainer(config)
    for seed in range(2):
        compiled.iterate(batch(config, seed), Action(1, 2))
        plain_iteration(config, plain, batch(config, seed))
    for name in ("generator", "discriminator"):
        for ours, theirs in zip(
            getattr(fused, name).trainable_variables, getattr(plain, name).trainable_variables, strict=True
        ):
            if not has_no_gradient(ours):
                np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=2e-4, err_msg=ours.path)


def test_each_optimizer_takes_the_updates_it_is_told(tiny, batch, trainer):
    config = tiny()
    trained, compiled = trainer(config)
    for d_updates, g_updates in [(1, 2), (3, 0), (0, 1), (1, 2)]:
        compiled.iterate(batch(config), Action(d_updates, g_updates))
    assert int(trained.d_optimizer.iterations) == 1 + 3 + 0 + 1
    assert int(trained.g_optimizer.iterations) == 2 + 0 + 1 + 2


def test_discriminator_only_leaves_the_generators_weights_alone(tiny, batch, trainer):
    config = tiny()
    trained, compiled = trainer(config)
    before = [v.numpy() for v in trained.generator.trainable_variables]
    logs = compiled.iterate(batch(config), Action(2, 0))
    for old, new in zip(before, trained.generator.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, new.numpy())
    assert set(logs) == {"d/real", "d/fake", "d/gap", "d/loss", "d/accuracy"}


def test_without_adversarial_weight_the_discriminator_is_not_asked(tiny, batch, trainer):
    config = tiny(adversarial_weight=0.0)
    trained, compiled = trainer(config)
    before = weights(trained.discriminator)
    logs = compiled.iterate(batch(config), Action(0, 1))
    for old, new in zip(before, weights(trained.discriminator), strict=True):
        np.testing.assert_array_equal(old, new)
    assert "g/adv" not in logs and float(logs["g/loss"]) == pytest.approx(100 * float(logs["g/l1"]), rel=1e-5)


@pytest.mark.parametrize(
    ("values", "jit", "message"),
    [
        ({"precision": "mixed_float16"}, False, "mixed_float16` runs on one device"),
        ({"batch_size": 5}, False, "multiple of the number of devices, 2. Received: 5"),
        ({}, True, "--jit off with several devices"),
    ],
)
def test_what_several_replicas_cannot_have_is_refused(tiny, values, jit, message):
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with pytest.raises(ValueError, match=message):
        steps.Steps(tiny(**values), None, strategy, jit=jit)


def test_average_follows_by_hand(tiny, batch, trainer):
    config = tiny(ema_decay=0.5)
    trained, compiled = trainer(config)
    shadow = [v.numpy() for v in trained.average.weights]
    for step in range(1, 4):
        compiled.iterate(batch(config, step), Action(1, 1))
        decay = min(0.5, (1 + step) / (10 + step))
        shadow = [decay * s + (1 - decay) * v.numpy() for s, v in zip(shadow, trained.generator.weights, strict=True)]
    for ours, theirs in zip(trained.average.weights, shadow, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-5, err_msg=ours.path)
    assert trained.best_generator is trained.average
    # Its batch statistics are its own, neither the live ones nor the initial ones.
    moving = [v for v in trained.average.non_trainable_weights if "moving_mean" in v.path][0]
    live = [v for v in trained.generator.non_trainable_weights if "moving_mean" in v.path][0]
    assert np.abs(moving.numpy()).max() > 0 and not np.allclose(moving.numpy(), live.numpy())


def test_replicas_equal_one_device_at_the_same_global_batch(tiny, batch, trainer):
    config = tiny(d_clip_value=1e-3, g_clip_value=1e-3, bn_momentum=0.5, precision="float32", ema_decay=0.9)
    one, alone = trainer(config)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    two, together = trainer(config, strategy)
    for seed in range(2):
        whole = batch(config, seed)
        halves = strategy.experimental_distribute_values_from_function(
            lambda context, whole=whole: {k: v[context.replica_id_in_sync_group * 2 :][:2] for k, v in whole.items()}
        )
        logs_one, logs_two = alone.iterate(whole, Action(1, 2)), together.iterate(halves, Action(1, 2))
        for name, value in logs_one.items():
            assert float(logs_two[name]) == pytest.approx(float(value), rel=2e-3, abs=2e-4), name
    for name in ("generator", "discriminator", "average"):
        for a, b in zip(getattr(one, name).weights, getattr(two, name).weights, strict=True):
            if not has_no_gradient(a):
                np.testing.assert_allclose(a.numpy(), b.value.numpy(), atol=2e-3, err_msg=a.path)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_trains(tiny, batch, trainer, precision):
    config = tiny(precision=precision, lr=1e-2)
    trained, compiled = trainer(config)
    losses = [float(compiled.iterate(batch(config), Action(1, 2))["g/l1"]) for _ in range(5)]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    assert trained.generator.trainable_variables[0].dtype == "float32"


def test_epsilon_accuracy_at_its_thresholds(tiny):
    config = tiny(acc_thresh=2.0)
    scale = config.data.ab_scale
    truth = tf.zeros((1, 1, 4, 2))
    # Rounded ab differences of 4, 5, (4, 4) and (0, 5) Lab units; 2.2 x 2 = 4.4 is the limit.
    predicted = tf.constant([[[[4.4, 0], [4.6, 0], [4.0, -4.0], [0, 5.0]]]]) / scale
    assert steps.epsilon_accuracy(tf.zeros((1, 1, 4, 1)), truth, predicted, config)[0, 0, :, 0].numpy().tolist() == [
        1,
        0,
        1,
        0,
    ]
