"""What every published system must do, narrow enough to be quick; its full table is built to count parameters."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from colorgan import flags
from colorgan.models import discriminators, generators
from colorgan.models.objectives import compose
from colorgan.presets import PRESETS

# (generator, discriminator): sums over the tables by the formulas `unet` and `patch` below, worked out when the
# tables were read in Nazeri et al. 2018 (`tiny`: our choice). A changed table or kernel size changes them.
COUNTS = {
    "cifar10": (16_659_586, 2_768_321),
    "places365": (42_032_898, 2_768_321),
    "tiny": (1_043_746, 43_249),
}
# (size of the pictures, strides of the encoder, strides of the discriminator)
SHAPES = {
    "cifar10": (32, [1, 2, 2, 2, 2], [2, 2, 2, 1]),
    "places365": (256, [1, 2, 2, 2, 2, 2, 2, 2], [2, 2, 2, 1]),
    "tiny": (32, [1, 2, 2, 2, 2], [2, 2, 1]),
}
FULL = {name: flags.resolve({"preset": name}) for name in PRESETS}


def convolution(inputs, outputs, kernel):
    return kernel**2 * inputs * outputs + outputs


def unet(encoder, decoder, kernel=4, channels=2):
    """Parameters by hand: convolutions with bias, 4 per channel for batch normalization, joined maps, a 1x1 head."""
    total, width = 0, 1
    for filters in encoder:
        total, width = total + convolution(width, filters, kernel) + 4 * filters, filters
    for filters, mirrored in zip(decoder, encoder[-2::-1], strict=True):
        total, width = total + convolution(width, filters, kernel) + 4 * filters, filters + mirrored
    return total + convolution(width, channels, 1)


def patch(table, kernel=4, channels=2):
    """Parameters by hand: as above, on gray and colour, the first without batch normalization, one logit."""
    total, width = -4 * table[0], 1 + channels
    for filters in table:
        total, width = total + convolution(width, filters, kernel) + 4 * filters, filters
    return total + convolution(width, 1, kernel)


@functools.cache
def narrow(name, precision="float32"):
    """-> configuration, generator and discriminator at a sixteenth of the width (`tiny`: a quarter)."""
    config = FULL[name].replace(filter_multiplier=1 / 4 if name == "tiny" else 1 / 16, precision=precision)
    return config, generators.build(config), discriminators.build(config)


def batch(config, images=2):
    rng = np.random.default_rng(0)
    size = (images, config.data.height, config.data.width)
    gray = tf.constant(rng.uniform(-1, 1, (*size, 1)), tf.float32)
    return gray, tf.constant(rng.uniform(-1, 1, (*size, 2)), tf.float32)


def losses(name, precision="float32"):
    """-> {network: (its loss on one training batch, gradients in its trainable variables)}."""
    config, generator, discriminator = narrow(name, precision)
    gray, truth = batch(config)
    with tf.GradientTape(persistent=True) as tape:
        fake = generator(gray, training=True)
        fake_logits, real_logits = (discriminator(gray, color, training=True) for color in (fake, truth))
        common = {"fake_logits": fake_logits, "global_batch": 2}
        g_loss, _ = compose.generator_loss(config.objective, predicted=fake, truth=truth, **common)
        d_loss, _ = compose.discriminator_loss(config.objective, real_logits=real_logits, **common)
    pairs = ((generator, g_loss), (discriminator, d_loss))
    return {n: (loss, tape.gradient(loss, [v.value for v in n.trainable_variables])) for n, loss in pairs}


def test_every_preset_is_here():
    assert set(COUNTS) == set(SHAPES) == set(PRESETS)


def test_the_counts_are_the_formulas_of_the_published_tables():
    table = [64, 128, 256, 512]
    assert COUNTS["cifar10"] == (unet([64, 128, 256, 512, 512], [512, 256, 128, 64]), patch(table))
    encoder, decoder = [64, 64, 128, 256, 512, 512, 512, 512], [512, 512, 512, 256, 128, 64, 64]
    assert COUNTS["places365"] == (unet(encoder, decoder), patch(table))
    assert COUNTS["tiny"] == (unet([16, 32, 64, 128, 128], [128, 64, 32, 16]), patch([16, 32, 64]))


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_and_strides_of_the_full_table(name):
    size, encoder, patch_strides = SHAPES[name]
    architecture = FULL[name].architecture
    assert (FULL[name].data.height, FULL[name].data.width) == (size, size)
    assert [row[1] for row in architecture.encoder] == encoder
    assert [row[1] for row in architecture.discriminator_layers] == patch_strides
    # The count does not depend on the size: the smallest that the strides divide is the quickest to build.
    small = FULL[name].replace(height=int(np.prod(encoder)), width=int(np.prod(encoder)))
    counts = tuple(module.build(small).count_params() for module in (generators, discriminators))
    assert counts == COUNTS[name]


@pytest.mark.parametrize("name", PRESETS)
def test_shapes_and_ranges(name):
    config, generator, discriminator = narrow(name)
    gray, truth = batch(config)
    size, _, strides = SHAPES[name]
    for training in (False, True):
        color = generator(gray, training=training)
        assert color.shape == truth.shape and color.dtype == tf.float32
        assert float(tf.reduce_max(tf.abs(color))) <= 1
        logits = discriminator(gray, color, training=training)
        assert logits.shape == (2, size // np.prod(strides), size // np.prod(strides), 1) and logits.dtype == tf.float32


@pytest.mark.parametrize("name", PRESETS)
def test_every_trainable_variable_gets_a_gradient(name):
    for network, (loss, gradients) in losses(name).items():
        assert np.isfinite(float(loss))
        blocks = getattr(network, "encoder", []) + getattr(network, "decoder", []) + getattr(network, "blocks", [])
        # Batch normalization takes away the mean, and with it whatever the convolution's bias before it adds.
        idle = {id(block.convolution.bias) for block in blocks if block.normalization is not None}
        assert len(idle) == sum(block.normalization is not None for block in blocks) > 0
        for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
            assert gradient is not None and np.all(np.isfinite(gradient)), variable.path
            assert id(variable) in idle or np.any(gradient != 0), variable.path


@pytest.mark.parametrize("name", PRESETS)
def test_eager_is_graph(name):
    config, generator, discriminator = narrow(name)
    gray, color = batch(config)
    graph = tf.function(lambda x, y: (generator(x), discriminator(x, y)), autograph=False)
    for traced, eager in zip(graph(gray, color), (generator(gray), discriminator(gray, color)), strict=True):
        np.testing.assert_allclose(traced, eager, atol=1e-5)


@pytest.mark.parametrize("name", PRESETS)
def test_saved_and_loaded_it_is_identical(name, tmp_path):
    config, *networks = narrow(name)
    gray, color = batch(config)
    for module, network, inputs in zip((generators, discriminators), networks, ([gray], [gray, color]), strict=True):
        network.save_weights(tmp_path / "network.weights.h5")
        again = module.build(config)
        assert np.any(again(*inputs) != network(*inputs))
        again.load_weights(tmp_path / "network.weights.h5")
        np.testing.assert_array_equal(again(*inputs), network(*inputs))


@pytest.mark.parametrize("name", PRESETS)
def test_a_batch_of_two_is_two_batches_of_one(name):
    config, generator, discriminator = narrow(name)
    gray, color = batch(config)
    for network, inputs in ((generator, [gray]), (discriminator, [gray, color])):
        alone = [network(*(x[i : i + 1] for x in inputs)) for i in range(2)]
        # 1e-5: the convolutions of a larger batch may sum in another order.
        np.testing.assert_allclose(network(*inputs), np.concatenate(alone), atol=1e-5)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("name", PRESETS)
def test_mixed_precision_is_finite(name, precision):
    for network, (loss, gradients) in losses(name, precision).items():
        assert loss.dtype == tf.float32 and np.isfinite(float(loss))
        for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
            assert variable.dtype == "float32" and gradient.dtype == tf.float32
            assert np.all(np.isfinite(gradient)), variable.path
