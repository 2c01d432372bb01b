"""What every published system must do, small enough to be quick; its full tables are built to count parameters."""

import collections
import functools
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from copies import SMALL, TURNS, batch_of, small, start
from published import COUNTS, DEFAULTS, ROWS

from colorgan.models import discriminators, generators, inputs
from colorgan.models.networks import base
from colorgan.settings import flags
from colorgan.settings.presets import PRESETS
from colorgan.training import schedules

PAGE = Path(__file__).parents[2] / "docs" / "presets.md"
# The phases that those turns meet.
PHASES = {
    "wgan256": {"pretrain", "adversarial"},
    "gan_256": {"d-pretrain", "adversarial"},
    "gan_32": {"d-pretrain", "adversarial"},
    "photo": {"pretrain", "adversarial"},
    "cifar10-nogan": {"pretrain", "d-pretrain", "adversarial"},
}


@pytest.fixture(params=PRESETS)
def preset(request, shallow):
    return request.param


@functools.cache
def networks(name, precision="float32"):
    config = small(name, precision=precision)
    return config, generators.build(config), discriminators.build(config)


def inputs_of(config, images=2):
    """-> what the generator takes, gray and {name: values}, and what the discriminator takes."""
    one = batch_of(config)
    gray, color = one["gray"][:images], one["color"][:images]
    rows, random = inputs.of(config), np.random.default_rng(0)
    given = {row.name: random.random(row.shape(*gray.shape[:3]), np.float32) for row in rows}
    return [gray, {name: tf.constant(x) for name, x in given.items()}], [gray, color]


def test_every_preset_is_here():
    assert set(COUNTS) == set(ROWS) == set(SMALL) == set(PRESETS)


def test_a_row_is_what_was_published(preset):
    assert PRESETS[preset].keys() <= ROWS[preset].keys()
    resolved = flags.resolve({"preset": preset}).flat()
    expected = DEFAULTS | ROWS[preset]
    assert {name: resolved[name] for name in expected} == expected


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "controlled"])  # its tables are cifar10's
def test_parameters_of_the_full_tables(name):
    config = flags.resolve({"preset": name})
    counts = tuple(module.build(config).count_params() for module in (generators, discriminators))
    assert counts == COUNTS[name]


def test_the_documentation_has_its_parameters(preset):
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{preset}` |")]
    assert any(" / ".join(f"{count:,}" for count in COUNTS[preset]) in row for row in rows)


def test_shapes_and_ranges(preset):
    config, generator, discriminator = networks(preset)
    given, shown = inputs_of(config)
    for training in (False, True):
        color = generator(*given, training=training)
        assert color.shape == shown[1].shape and color.dtype == tf.float32
        assert float(tf.reduce_max(tf.abs(color))) <= 1
        logits = discriminator(*shown, training=training)
        assert logits.shape[0] == 2 and logits.dtype == tf.float32
        assert bool(tf.reduce_all(tf.math.is_finite(logits)))


# One of each kind of networks. That a graph of unknown sizes gives the same and a batch is of no influence, holds for
# all networks in `models/test_networks.py`, but for inputs and pretrained encoders, which `photo` alone has.
KINDS = ("tiny", "rgb64", "wgan256", "gan_32", "photo")


@pytest.mark.parametrize("name", KINDS)
def test_eager_is_graph(name, shallow):
    config, generator, discriminator = networks(name)
    given, shown = inputs_of(config)
    graph = tf.function(lambda g, d: (generator(*g), discriminator(*d)), autograph=False)
    for traced, eager in zip(graph(given, shown), (generator(*given), discriminator(*shown)), strict=True):
        np.testing.assert_allclose(traced, eager, atol=1e-5)


@pytest.mark.parametrize("name", KINDS)
def test_saved_and_loaded_it_is_identical(name, shallow, tmp_path):
    config, *both = networks(name)
    keras.utils.set_random_seed(1)  # another's than theirs
    for module, network, given in zip((generators, discriminators), both, inputs_of(config), strict=True):
        network.save_weights(tmp_path / "network.weights.h5")
        again = module.build(config)
        assert np.any(again(*given) != network(*given))
        again.load_weights(tmp_path / "network.weights.h5")
        np.testing.assert_array_equal(again(*given), network(*given))


def test_a_batch_of_two_is_two_batches_of_one(shallow):
    config, *both = networks("photo")
    for network, given in zip(both, inputs_of(config), strict=True):
        each = [tf.nest.map_structure(lambda x, i=i: x[i : i + 1], given) for i in range(2)]
        # 1e-5: the convolutions of a larger batch may sum in another order.
        np.testing.assert_allclose(network(*given), np.concatenate([network(*one) for one in each]), atol=1e-5)


def turns(config, count):
    """-> the first actions of a run in which the discriminator is always right and the critic always sure."""
    memory, actions, seen = schedules.State(), [], schedules.Measurements()
    for _ in range(count):
        memory, action = schedules.act(config, memory, seen)
        actions.append(action)
        judged = bool(action.d_updates or action.judge)
        seen = schedules.Measurements(accuracy=1.0 if judged else None, gap=1.0 if judged else None)
    return actions


def gradients_seen(optimizer, before):
    """-> names of the first moments that moved since `before`."""
    return {v.name for v in optimizer.variables if "momentum" in v.path and np.any(v.numpy() != before[v.path])}


def idle_biases(network):
    """-> paths of the biases before a batch normalization, which takes them away: their gradient is 0 but for rounding.

    Not those whose normalization is frozen; but then the convolution is too.
    """
    found, stack = set(), [network]
    while stack:
        layer = stack.pop()
        stack += layer._layers
        inner = getattr(layer, "convolution", None)
        norm = getattr(layer, "normalization", None)
        if inner is not None and norm is not None and getattr(inner, "bias", None) is not None:
            found.add(inner.bias.path)
    return found


def cancelled_biases(network):
    """-> paths of the biases of a critic's last two layers.

    What the last adds to real and to generated pictures cancels in their gap; so does what the one before adds, where
    all pictures meet the same slope of its activation.
    """
    biases = [v.path for v in network.trainable_variables if v.path.endswith("bias")]
    return set(biases[-2:]) if isinstance(network, base.Discriminator) else set()


def learners(config, trained, action):
    """-> {network: paths of the variables that must get a gradient from an action}, those of idle biases left out."""
    found = {"g": set(), "d": set()}
    if action.d_updates:
        found["d"] = {v.path for v in trained.discriminator.trainable_variables} - idle_biases(trained.discriminator)
        if config.objective.adversarial == "wgan-gp":
            found["d"] -= cancelled_biases(trained.discriminator)
    if action.g_updates:
        encoder = 0 if action.encoder_factor else len(trained.generator.encoder.parts)
        parts = trained.generator.parts[max(action.frozen, encoder) :]
        if action.phase == "pretrain" and config.architecture.head == "channel-bins":
            parts = parts[:-2]  # what reads the bins
        found["g"] = {v.path for part in parts for v in part.trainable_variables} - idle_biases(trained.generator)
    return found


VARIANTS = [
    *((name, {}) for name in PRESETS),
    ("tiny", {"adversarial": "hinge"}),
    ("tiny", {"adversarial": "wgan-gp"}),
    ("photo", {"encoder_lr_factor": 0.1, "encoder_frozen_steps": 1}),
]


@pytest.mark.usefixtures("untraced", "shallow")
@pytest.mark.parametrize(("preset", "values"), VARIANTS)
def test_the_first_turns_train_what_they_say(preset, values):
    """Updates of each optimizer as scheduled; every trainable variable of a phase gets a gradient, no other does."""
    # At beta 1 = 0 the moment is the gradient itself, which may repeat. What is added to a decoder begins at zero and
    # hangs on chance: `tests/models/test_additions.py`.
    config = small(preset, beta1=0.5, conditions=(), **values)
    trained, compiled = start(config)
    optimizers = {"g": trained.g_optimizer, "d": trained.d_optimizer}
    done, reached = collections.Counter(), collections.defaultdict(set)
    for i, action in enumerate(turns(config, TURNS.get(preset, 2))):
        before = {name: {v.path: v.numpy() for v in o.variables} for name, o in optimizers.items()}
        logs = compiled.iterate(batch_of(config, seed=i % 2), action)
        assert all(np.isfinite(float(value)) for value in logs.values()), logs
        done["g"], done["d"] = done["g"] + action.g_updates, done["d"] + action.d_updates
        for name, expected in learners(config, trained, action).items():
            assert int(optimizers[name].iterations) == done[name]
            seen = gradients_seen(optimizers[name], before[name])
            network = trained.generator if name == "g" else trained.discriminator
            free = {moment_of(path) for path in idle_biases(network) | cancelled_biases(network)}
            assert seen - free == {moment_of(path) for path in expected} - free, (name, action)
            reached[name] |= seen - free
    for name, network in (("g", trained.generator), ("d", trained.discriminator)):
        free = idle_biases(network) | cancelled_biases(network)
        assert reached[name] == {moment_of(v.path) for v in network.trainable_variables if v.path not in free}
    assert {a.phase for a in turns(config, TURNS.get(preset, 2))} == PHASES.get(preset, {"adversarial"})


def moment_of(path):
    """-> how Keras' Adam calls the first moment of a variable."""
    return path.replace("/", "_") + "_momentum"


# Those whose networks are made of other parts; `places365` and `cifar10-nogan` have those of `cifar10`.
MIXED = [name for name in PRESETS if name not in ("places365", "cifar10-nogan")]


@pytest.mark.parametrize(
    ("name", "precision"), [*((name, "mixed_bfloat16") for name in MIXED), ("tiny", "mixed_float16")]
)
@pytest.mark.usefixtures("untraced", "shallow")
def test_mixed_precision_runs(name, precision):
    larger = {"height": 128, "width": 128} if name == "wgan256" else {}  # at 64 it is refused
    config = small(name, precision=precision, **larger)
    trained, compiled = start(config)
    logs = compiled.iterate(batch_of(config), schedules.Action(1, 1))
    assert all(np.isfinite(float(value)) for value in logs.values()), logs
    for network in (trained.generator, trained.discriminator):
        assert {v.dtype for v in network.trainable_variables} == {"float32"}
        assert all(np.isfinite(v.numpy()).all() for v in network.trainable_variables)
