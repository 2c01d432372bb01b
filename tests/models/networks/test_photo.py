"""`resize-unet` and `half-patch`: sizes, which maps are joined, colours at a part of the size."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan.models import blocks, discriminators, generators
from colorgan.settings import flags


def configured(**values):
    small = {
        "dataset": "shapes",
        "preset": "photo",
        "height": 64,
        "width": 64,
        "encoder_name": "table",
        "head": "color",
    }
    tables = {"encoder": ((3, 2), (6, 2), (12, 2), (20, 2), (24, 1)), "decoder": ((20, 2), (12, 2), (6, 2), (4, 2))}
    return flags.resolve({**small, **tables, **values})


def test_which_maps_are_joined():
    generator = generators.build(configured())
    assert [block.convolution.kernel.shape[2] for block in generator.decoder.blocks] == [24 + 12, 20 + 6, 12 + 3, 6]
    assert generator.head.convolution.kernel.shape == (3, 3, 4, 2)


def test_activations_have_a_ceiling_from_the_smallest_map_on():
    keras.utils.set_random_seed(0)  # of some weights nothing is above 0
    generator = generators.build(configured())
    assert [block.activation.max_value for block in generator.encoder.blocks] == [None] * 3 + [4.0] * 2
    assert [block.activation.max_value for block in generator.decoder.blocks] == [4.0] * 4
    features = generator.decoder(generator.pyramid(tf.fill((1, 64, 64, 1), 1e6)))
    assert 0 < float(tf.reduce_max(features)) <= 4


@pytest.mark.parametrize(
    ("name", "rows", "part"),
    [("resize-unet", 4, 2), ("resize-unet", 3, 4), ("resize-unet", 5, 1), ("unet", 4, 2), ("pooling", 4, 2)],
)
def test_colours_are_made_at_a_part_of_the_size(name, rows, part):
    table = ((20, 2), (12, 2), (6, 2), (4, 2), (4, 2))[:rows]
    generator = generators.build(configured(generator=name, decoder=table, encoder=((4, 2),) * 5))
    assert (generator.multiple, generator.color_stride) == (32, part)
    gray = np.random.default_rng(0).uniform(-1, 1, (2, 40, 72, 1)).astype(np.float32)  # no multiples of 32
    color = generator(gray)
    assert color.shape == (2, 40, 72, 2)
    padded = blocks.pad_to_multiple(tf.constant(gray), 32)
    features = generator.decoder(generator.pyramid(padded))
    assert features.shape[1:3] == (64 // part, 96 // part)
    expected = tf.image.resize(generator.head(features)[0], (64, 96))[:, :40, :72]
    np.testing.assert_allclose(color, expected, atol=1e-6)


def test_a_decoder_that_ends_between_whole_parts():
    with pytest.raises(ValueError, match="must divide the encoder's reduction.*Received: 3 and 16"):
        generators.build(configured(decoder=((8, 3),)))


def test_logits_are_of_the_map_that_the_colours_are_made_in():
    generator = generators.build(configured(decoder=((20, 2), (12, 2)), head="color-and-bins"))
    gray = np.random.default_rng(0).uniform(-1, 1, (1, 39, 72, 1)).astype(np.float32)
    color, logits = generator(gray, with_logits=True)
    assert color.shape == (1, 39, 72, 2) and logits.shape == (1, 10, 18, 261)  # 39 / 4, rounded up
    features = generator.decoder(generator.pyramid(tf.constant(gray)))
    np.testing.assert_allclose(logits, generator.head(features)[1][:, :10, :18], atol=1e-6)
    np.testing.assert_array_equal(generator(gray), color)


def test_a_pretrained_encoder_sees_the_gray_picture_alone():
    with pytest.raises(
        ValueError, match="`--noise-channels`: the encoder efficientnet-lite0 sees .* Received: 1. Leave it out"
    ):
        generators.build(configured(encoder_name="efficientnet-lite0", noise_channels=1))


@pytest.mark.parametrize("name", ["unet", "upsampling", "pooling"])
def test_every_decoder_reads_a_pretrained_encoder(name):
    table = {"decoder": ((8, 2), (4, 2), (4, 2))}
    generator = generators.build(configured(generator=name, encoder_name="efficientnet-lite0", **table))
    # Read with the encoder's maps at a sixteenth, an eighth and a quarter, where the colours are made.
    assert generator.color_stride == 4 and generator.head.convolution.kernel.shape[2] == 4 + 24
    assert generator(tf.zeros((1, 40, 33, 1))).shape == (1, 40, 33, 2)


def test_enlarged_logits_keep_their_axes():
    x = np.arange(2 * 3 * 4 * 2 * 5, dtype=np.float32).reshape(2, 3, 4, 2, 5)
    large = blocks.enlarged(tf.constant(x), 2)
    assert large.shape == (2, 6, 8, 2, 5)
    np.testing.assert_allclose(large[..., 1, 3], tf.image.resize(x[..., 1, 3][..., None], (6, 8))[..., 0], rtol=1e-6)
    assert blocks.enlarged(x, 1) is x


def test_the_discriminator_sees_averages_over_four_pixels():
    network = discriminators.build(configured())
    rng = np.random.default_rng(1)
    gray, color = (rng.uniform(-1, 1, (1, 64, 64, c)).astype(np.float32) for c in (1, 2))

    def averaged(x):
        return x.reshape(1, 32, 2, 32, 2, -1).mean(axis=(2, 4)).repeat(2, 1).repeat(2, 2)

    logits = network(gray, color)
    assert logits.shape == (1, 4, 4, 1)
    np.testing.assert_allclose(network(averaged(gray), averaged(color)), logits, atol=1e-5)
