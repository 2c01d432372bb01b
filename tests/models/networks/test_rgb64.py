"""`pooling` and `dense-pooling` at full width: parameters by hand; what the layers between do."""

import numpy as np
import pytest
import tensorflow as tf

from colorgan.models import discriminators, generators
from colorgan.settings import flags

PUBLISHED = {
    "generator": "pooling",
    "encoder": ((16, 1), (32, 2), (64, 2), (128, 1), (256, 1)),
    "decoder": ((128, 2), (64, 2), (32, 1)),
    "noise_channels": 1,
    "discriminator": "dense-pooling",
    "discriminator_layers": ((64, 2, 0.25), (128, 1, 0.25), (256, 2, 0.25), (256, 2, 0.5)),
    "d_normalization": "none",
    "color_space": "rgb",
}


def configured(**values):
    return flags.resolve({"dataset": "shapes", "preset": "tiny", "height": 64, "width": 64, **PUBLISHED, **values})


def convolution(inputs, outputs):
    return 9 * inputs * outputs + outputs


@pytest.mark.parametrize(("size", "expected"), [((64, 64), 3_059_009), ((32, 64), 2_010_433), ((32, 32), 1_486_145)])
def test_parameters_of_the_discriminator_by_hand(size, expected):
    rows = [(4, 64), (64, 128), (128, 256), (256, 256)]
    pixels = size[0] // 8 * size[1] // 8
    dense = pixels * 256 * 128 + 128 + 128 + 128 + 1  # dense, its PReLU, and the logit
    assert sum(convolution(*row) for row in rows) + dense == expected  # published: "about 3 million" at 64x64
    network = discriminators.build(configured(height=size[0], width=size[1]))
    trained = sum(int(np.prod(v.shape)) for v in network.trainable_variables)
    assert trained == expected


def test_the_layers_widths_follow_the_multiplier():
    network = discriminators.build(configured(filter_multiplier=1 / 16))
    assert [block.convolution.filters for block in network.blocks] == [4, 8, 16, 16]
    assert (network.dense.units, network.logit.units) == (8, 1)


def test_the_last_row_sees_the_input_again():
    config = configured(filter_multiplier=1 / 16)
    generator = generators.build(config)
    last = generator.decoder.blocks[-1]
    kernel, bias = last.convolution.get_weights()
    assert kernel.shape == (3, 3, 4 + 2, 2)
    only = np.zeros_like(kernel)
    only[1, 1, 4, :] = 1  # the channel after the 4 maps before it: gray
    last.convolution.set_weights([only, bias])
    gray = np.random.default_rng(0).uniform(-1, 1, (1, 8, 8, 1)).astype(np.float32)
    noise = np.zeros_like(gray)
    seen = generator.decoder(generator.encoder(tf.concat([gray, noise], -1))).numpy()
    # Batch normalization at its start divides by the root of 1 + epsilon; then ReLU.
    np.testing.assert_allclose(seen, np.repeat(np.maximum(gray, 0) / np.sqrt(1.001), 2, axis=-1), atol=1e-5)


def test_poolings():
    generator, network = (module.build(configured(filter_multiplier=1 / 16)) for module in (generators, discriminators))
    rng = np.random.default_rng(0)
    picture = tf.constant(rng.uniform(-1, 1, (1, 64, 64, 2)), tf.float32)
    x = picture
    for block, stride in zip(generator.encoder.blocks, (1, 2, 2, 1, 1), strict=True):
        x = tf.nn.max_pool2d(block(x), stride, stride, "VALID")
    maps = generator.encoder(picture)
    assert set(maps) == {1, 4}
    np.testing.assert_array_equal(maps[1], picture)
    np.testing.assert_allclose(maps[4], x, atol=1e-6)
    gray, color = (rng.uniform(-1, 1, (1, 64, 64, channels)).astype(np.float32) for channels in (1, 3))
    x = tf.concat([gray, color], axis=-1)
    poolings = (tf.nn.avg_pool2d, 2), (tf.nn.max_pool2d, 1), (tf.nn.max_pool2d, 2), (tf.nn.max_pool2d, 2)
    for block, (pool, stride) in zip(network.blocks, poolings, strict=True):
        x = pool(block(x), stride, stride, "SAME")
    expected = network.logit(network.prelu(network.dense(tf.reshape(x, (1, -1)))))
    np.testing.assert_allclose(network(gray, color), expected, atol=1e-5)
    rates = [block.dropout.rate for block in network.blocks]
    assert rates == [0.25, 0.25, 0.25, 0.5] and network.dropout.rate == 0.5
