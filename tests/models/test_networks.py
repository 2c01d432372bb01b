"""What every network must do: all systems, narrow, and how their files are found."""

import functools

import h5py
import numpy as np
import pytest
import tensorflow as tf

from colorgan.models import discriminators, generators, networks
from colorgan.settings import flags

# Tables of each system, at the smallest size that they are made for and a few filters wide.
SYSTEMS = {
    "nazeri": {
        "generator": "unet",
        "discriminator": "patch",
        "encoder": ((4, 1), (8, 2), (8, 2)),
        "decoder": ((8, 2), (4, 2)),
        "discriminator_layers": ((4, 2), (8, 2), (8, 1)),
    },
    "rgb64": {
        "generator": "pooling",
        "discriminator": "dense-pooling",
        "encoder": ((4, 1), (4, 2), (8, 2), (8, 1)),
        "decoder": ((8, 2), (4, 2), (4, 1)),
        "discriminator_layers": ((8, 2), (8, 1), (8, 2), (8, 2)),
        "color_space": "rgb",
        "noise_channels": 1,
    },
    "gan256": {
        "generator": "upsampling",
        "discriminator": "dense",
        "encoder": ((4, 2), (8, 1), (8, 2), (8, 1), (8, 2)),
        "decoder": ((8, 2), (8, 1), (4, 2), (4, 1), (4, 2)),
        "discriminator_layers": ((4, 2), (8, 2), (8, 2), (8, 2)),
    },
    "gan32": {
        "generator": "upsampling-leaky",
        "discriminator": "dense",
        "encoder": ((4, 2), (8, 2), (8, 2)),
        "decoder": ((8, 2), (4, 2), (4, 2)),
        "discriminator_layers": ((4, 2), (8, 2), (8, 2)),
    },
    "wgan256": {
        "generator": "staged",
        "discriminator": "wgan-critic",
        "encoder": ((4, 1), (4, 2), (4, 2), (8, 2), (8, 2), (8, 2), (8, 2)),
        "decoder": ((8, 1), (8, 2), (8, 2), (8, 2), (8, 2), (8, 2), (8, 2)),
        "discriminator_layers": ((4, 1), (4, 1), (8, 2), (8, 2), (8, 2), (8, 2), (8, 2), (8, 2)),
        "filter_multiplier": 0.25,
        "head": "channel-bins",
    },
    "photo": {
        "generator": "resize-unet",
        "discriminator": "half-patch",
        "encoder": ((4, 2), (8, 1), (8, 2), (8, 1), (8, 2)),
        "decoder": ((8, 2), (8, 2)),
        "discriminator_layers": ((4, 2), (8, 2), (8, 1)),
        "d_normalization": "spectral",
    },
}
systems = pytest.mark.parametrize("name", SYSTEMS)


def configured(name, **values):
    common = {"dataset": "shapes", "preset": "tiny", "height": 32, "width": 32}
    return flags.resolve({**common, **SYSTEMS[name], **values})


@functools.cache
def pair(name):
    """-> (configuration, generator, discriminator)."""
    config = configured(name)
    return config, generators.build(config), discriminators.build(config)


def uniform(low, *shape, seed=0):
    return np.random.default_rng(seed).uniform(low, 1, shape).astype(np.float32)


def inputs(config, *shape, seed=0):
    """-> what a generator takes: gray, and {name: values}."""
    channels = config.architecture.noise_channels
    gray = uniform(-1, *shape, 1, seed=seed)
    return gray, ({"noise": uniform(0, *shape, channels, seed=seed + 1)} if channels else {})


def judged(config, *shape, seed=0):
    """-> what a discriminator takes: [gray, color]."""
    channels = 3 if config.data.color_space == "rgb" else 2
    return [uniform(-1, *shape, 1, seed=seed), uniform(-1, *shape, channels, seed=seed + 2)]


def test_every_network_is_here():
    assert {system["generator"] for system in SYSTEMS.values()} == set(networks.GENERATORS)
    assert {system["discriminator"] for system in SYSTEMS.values()} == set(networks.DISCRIMINATORS)


def test_unknown_networks_list_the_known():
    with pytest.raises(ValueError, match="Unknown `--generator` 'resnet'.* Known: .*unet"):
        generators.build(configured("nazeri", generator="resnet"))
    with pytest.raises(ValueError, match="Unknown `--discriminator` 'pixel'.* Known: .*patch"):
        discriminators.build(configured("nazeri", discriminator="pixel"))


def test_a_name_is_given_once():
    assert networks.merged([("one", {"a": 1}), ("other", {"b": 2})]) == {"a": 1, "b": 2}
    with pytest.raises(ValueError, match="both one and other name a network `a`"):
        networks.merged([("one", {"a": 1}), ("other", {"a": 2})])


@systems
@pytest.mark.parametrize("size", [(32, 32), (5, 70), (1, 1)])
def test_a_generator_keeps_the_size(name, size):
    config, generator, _ = pair(name)
    for training in (False, True):
        color = generator(*inputs(config, 2, *size), training=training)
        assert color.shape == (2, *size, 3 if name == "rgb64" else 2) and color.dtype == tf.float32
        assert np.abs(color).max() <= 1 and np.all(np.isfinite(color))


@systems
def test_logits_come_with_the_colours(name):
    config, generator, _ = pair(name)
    given = inputs(config, 2, 9, 13)
    color, logits = generator(*given, with_logits=True)
    np.testing.assert_allclose(color, generator(*given), atol=1e-6)
    if name == "wgan256":
        assert logits.shape == (2, 9, 13, 2, 16) and logits.dtype == tf.float32
    else:
        assert logits is None


@systems
def test_a_generator_with_an_unknown_size(name):
    config, generator, _ = pair(name)
    signature = tf.nest.map_structure(lambda x: tf.TensorSpec([None, None, None, x.shape[-1]]), inputs(config, 1, 1, 1))
    graph = tf.function(lambda *given: generator(*given), input_signature=signature, autograph=False)
    for size in ((16, 16), (7, 21)):
        given = inputs(config, 2, *size)
        np.testing.assert_allclose(graph(*given), generator(*given), atol=1e-5)


@systems
def test_inputs_are_required_exactly_if_there_are_channels(name):
    config, generator, _ = pair(name)
    gray, noise = uniform(-1, 1, 8, 8, 1), uniform(0, 1, 8, 8, 2)
    with pytest.raises(ValueError, match="`given` must hold the inputs with their channels, .*Received: {'noise': 2}"):
        generator(gray, {"noise": noise})
    if config.architecture.noise_channels:
        with pytest.raises(ValueError, match="their channels, {'noise': 1}. Received: {}"):
            generator(gray)


@systems
def test_noise_changes_the_result(name):
    config = configured(name, noise_channels=2)
    generator = generators.build(config)
    (gray, noise), (_, other) = inputs(config, 1, 16, 16), inputs(config, 1, 16, 16, seed=5)
    assert np.abs(generator(gray, noise) - generator(gray, other)).max() > 1e-4


@systems
def test_at_inference_an_image_does_not_depend_on_its_batch(name):
    config, *built = pair(name)
    for network, given in zip(built, (inputs(config, 2, 32, 32), judged(config, 2, 32, 32)), strict=True):
        each = [tf.nest.map_structure(lambda x, i=i: x[i : i + 1], given) for i in range(2)]
        alone = np.concatenate([network(*one) for one in each])
        # 1e-5: a batch's convolutions may sum in another order.
        np.testing.assert_allclose(network(*given), alone, atol=1e-5)


@systems
def test_the_parts_are_all_variables_in_order(name):
    config, generator, _ = pair(name)
    variables = [id(v) for part in generator.parts for v in part.trainable_variables]
    assert len(set(variables)) == len(variables)
    assert set(variables) == {id(v) for v in generator.trainable_variables}
    assert generator.parts[-len(generator.head.parts) :] == generator.head.parts
    # The first part alone reads the input; each later one a map of what came before.
    first = [v for v in generator.parts[0].trainable_variables if len(v.shape) == 4]
    assert [v.shape[2] for v in first] == [1 + config.architecture.noise_channels]


@systems
def test_files_of_earlier_versions_load(name, tmp_path):
    """They have a generator's blocks under `body`, in order, wherever the network keeps them now."""
    config, generator, _ = pair(name)
    generator.save_weights(tmp_path / "network.weights.h5")
    a, held = config.architecture, []
    kind, inner = ("stage", "block/") if name == "wgan256" else ("block", "")
    with h5py.File(tmp_path / "network.weights.h5") as file:
        file.visititems(lambda path, item: held.append(path) if isinstance(item, h5py.Dataset) else None)
        for i, (filters, *_) in enumerate(a.encoder + a.decoder):
            bias = file[f"body/{kind}{f'_{i}' if i else ''}/{inner}convolution/vars/1"]
            assert bias.shape == (filters * a.filter_multiplier,)
    assert held and all(path.startswith(("body/", "head/")) for path in held)


@systems
def test_frozen_parts_do_not_learn(name):
    config = configured(name)
    generator = generators.build(config)
    for part in generator.parts[:2]:
        part.trainable = False
    frozen = [v.numpy() for part in generator.parts[:2] for v in part.weights]
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(generator(*inputs(config, 1, 16, 16), training=True) ** 2)
    learning = {id(v) for v in generator.trainable_variables}
    assert learning and learning.isdisjoint({id(v) for part in generator.parts[:2] for v in part.weights})
    assert None not in tape.gradient(loss, [v.value for v in generator.trainable_variables])
    for before, now in zip(frozen, [v for part in generator.parts[:2] for v in part.weights], strict=True):
        np.testing.assert_array_equal(before, now)  # batch statistics too


@systems
@pytest.mark.parametrize("normalization", ["batch", "spectral", "none"])
def test_the_discriminators_normalization(name, normalization):
    config = configured(name, d_normalization=normalization)
    network = discriminators.build(config)
    names = [v.name for v in network.variables]
    kernels = [v for v in network.trainable_variables if v.name == "kernel"]
    rows = len(config.architecture.discriminator_layers)
    assert names.count("gamma") == (rows - 1 if normalization == "batch" else 0)  # all rows but the first
    assert names.count("vector_u") == (len(kernels) if normalization == "spectral" else 0)
    if normalization != "spectral":
        return
    given = judged(config, 1, 32, 32)
    graph = tf.function(lambda: network(*given, training=True), autograph=False)
    for _ in range(200):
        graph()
    for kernel in kernels:
        matrix = kernel.numpy().reshape(-1, kernel.shape[-1])
        largest = np.linalg.svd(matrix, compute_uv=False)[0]
        np.testing.assert_allclose(largest, 1, atol=2e-2)  # close second values slow the power iteration


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "batch"),
        ({"adversarial": "wgan-gp"}, "none"),
        ({"r1_weight": 1.0}, "none"),
        ({"adversarial": "wgan-gp", "d_normalization": "spectral"}, "spectral"),
        ({"d_normalization": "none"}, "none"),
    ],
)
def test_automatic_normalization(values, expected):
    assert discriminators.normalization(configured("nazeri", **values)) == expected


@systems
def test_what_a_discriminator_looks_at(name):
    config, _, joint = pair(name)
    alone = discriminators.build(configured(name, d_input="color"))
    (gray, color), (other_gray, other_color) = judged(config, 1, 32, 32), judged(config, 1, 32, 32, seed=7)
    np.testing.assert_array_equal(alone(gray, color), alone(other_gray, color))
    for network, changed in ((alone, (gray, other_color)), (joint, (gray, other_color)), (joint, (other_gray, color))):
        assert np.abs(network(gray, color) - network(*changed)).max() > 1e-5


@systems
@pytest.mark.parametrize("crop", [0, 5])
def test_the_crop_ignores_the_rim(name, crop):
    config = configured(name, d_crop=crop)
    network = discriminators.build(config)
    given = judged(config, 1, 32, 32)
    inside = np.zeros((1, 32, 32, 1), np.float32)
    inside[:, 5:-5, 5:-5] = 1
    same = np.array_equal(network(*given), network(*(x * inside for x in given)))
    assert same == (crop == 5)
    inside[:, 5, 5] = 0  # the first pixel that is seen
    assert np.any(network(*given) != network(*(x * inside for x in given)))


def test_a_crop_that_leaves_nothing():
    with pytest.raises(ValueError, match="`--d-crop` must leave some pixels.*Received: 16 pixels.*32 x 32"):
        discriminators.build(configured("nazeri", d_crop=16))


@pytest.mark.parametrize("name", ["rgb64", "gan256", "gan32", "wgan256"])
@pytest.mark.parametrize("size", [(32, 32), (64, 64), (64, 32), (32, 64), (9, 13), (1, 1)])
def test_discriminators_of_whole_pictures(name, size):
    config = configured(name, height=size[0], width=size[1])
    network = discriminators.build(config)
    logits = network(*judged(config, 2, *size), training=True)
    assert logits.shape == (2, 1) and logits.dtype == tf.float32 and np.all(np.isfinite(logits))
    with pytest.raises(ValueError, match="judges pictures of the size it was built for"):
        network(*judged(config, 2, size[0] + 64, size[1]))


@pytest.mark.parametrize("name", ["nazeri", "rgb64"])
def test_half_precision_ends_in_float32(name):
    size = {"height": 128, "width": 128} if name == "wgan256" else {}  # smaller is refused in bfloat16
    config = configured(name, precision="mixed_bfloat16", d_normalization="spectral", **size)
    generator, discriminator = generators.build(config), discriminators.build(config)
    given = inputs(config, 2, config.data.height, config.data.width)
    color, logits = generator(*given, with_logits=True)
    assert color.dtype == tf.float32 and (logits is None or logits.dtype == tf.float32)
    assert {v.dtype for v in (*generator.weights, *discriminator.weights)} <= {"float32", "uint32"}  # uint32: seeds
    full = generators.build(configured(name))
    full.set_weights(generator.get_weights())
    difference = np.abs(color - full(*given)).max()
    assert 0 < difference < 0.1  # it is half precision, and no more than that
    judgement = discriminator(given[0], color, training=True)
    assert judgement.dtype == tf.float32 and np.all(np.isfinite(judgement))
    assert discriminator.blocks[0].compute_dtype == "bfloat16"


@systems
def test_a_gradient_penalty_reaches_the_discriminators_kernels(name):
    config = configured(name, d_normalization="none")
    network = discriminators.build(config)
    gray, color = judged(config, 2, 32, 32)
    color = tf.constant(color)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(color)
            judgement = tf.reduce_sum(network(gray, color, training=True))
        slopes = inner.gradient(judgement, color)
        penalty = tf.reduce_sum(slopes**2)
    kernels = [v.value for v in network.trainable_variables if v.name == "kernel"]
    gradients = outer.gradient(penalty, kernels)
    assert np.any(slopes != 0)
    assert all(gradient is not None and np.all(np.isfinite(gradient)) for gradient in gradients)
    assert np.any(gradients[0] != 0) and np.any(gradients[-1] != 0)
