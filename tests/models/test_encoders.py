"""Encoders and decoders: pyramids of maps, and EfficientNet-Lite's against an independent port's."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from colorgan.models import blocks, decoders, encoders, inputs
from colorgan.settings import flags
from colorgan.weights import pretrained

# Of the gray picture arange(96 x 64) * 7 mod 256, three equal channels, (x - 127) / 128: what another port of
# EfficientNet-Lite0 (onnx-converted, ImageNet's weights of efficientnet-lite0-57934424.pth) gives in the middle of each
# map, channels 0 to 3, and the map's standard deviation. It calls scikit-image's cat a cat.
PORTED = {
    2: ((-7.7285, -6.7083, -0.8526, -1.7543), 10.85),
    4: ((-4.1104, -37.2253, 5.9427, -2.1254), 13.18),
    8: ((9.2770, -9.9070, 2.8290, -5.6698), 11.09),
    16: ((2.0714, 7.5307, 1.5255, 3.4375), 6.59),
    32: ((2.9681, 0.2664, -0.5682, 2.2152), 3.05),
}
TOP_MEAN = (0.0000, 0.0000, 4.3751, 0.0000)  # the mean of its last map, channels 0 to 3; the map's deviation is 1.136


def built(name="efficientnet-lite0", **values):
    config = flags.resolve({"dataset": "shapes", "preset": "photo", "encoder_name": name, "conditions": (), **values})
    return encoders.build(config, block)


block = functools.partial(blocks.Block, kernel_size=3)


def test_the_maps_are_those_of_an_independent_port():
    gray = (np.arange(96 * 64) * 7 % 256).reshape(1, 96, 64, 1)
    encoder = built(color_space="rgb")  # whose gray is the pixel's own value
    encoder(gray[:, :32, :32] / 127.5 - 1)
    encoder.set_weights(pretrained.read("efficientnet-lite0", "efficientnet-lite0"))
    maps = encoder(gray.astype(np.float32) / 127.5 - 1)
    for reduction, (values, deviation) in PORTED.items():
        y, x = 48 // reduction, 32 // reduction
        np.testing.assert_allclose(maps[reduction][0, y, x, :4], values, atol=1e-3 * deviation)
    np.testing.assert_allclose(maps[encoders.WHOLE][0, 0, 0, :4], TOP_MEAN, atol=1e-3 * 1.136)
    seen = encoders.of_colour("efficientnet-lite0", encoder.get_weights())
    for key, same in seen.maps(np.repeat(gray, 3, axis=-1).astype(np.float32)).items():
        np.testing.assert_allclose(same, maps[key], atol=1e-3)
    red, blue = np.zeros((2, 1, 32, 32, 3), np.float32)
    red[..., 0], blue[..., 2] = 255, 255
    assert np.abs(seen.maps(red)[encoders.WHOLE] - seen.maps(blue)[encoders.WHOLE]).max() > 1


@pytest.mark.parametrize(
    ("name", "channels"),
    [("efficientnet-lite0", (16, 24, 40, 112, 320)), ("efficientnet-lite2", (16, 24, 48, 120, 352))],
)
def test_the_pyramid_of_a_pretrained_encoder(name, channels):
    encoder = built(name)
    maps = encoder(tf.zeros((2, 64, 96, 1)))
    expected = {2**i: (2, 64 // 2**i, 96 // 2**i, c) for i, c in enumerate(channels, 1)}
    assert {key: tuple(one.shape) for key, one in maps.items()} == expected | {encoders.WHOLE: (2, 1, 1, 1280)}
    assert [tuple(w.shape) for w in encoder.weights] == [one.shape for one in pretrained.read(name, name)]
    # Parts in the order of the computation: what is frozen first is what sees the picture first.
    assert [w.path for part in encoder.parts for w in part.weights] == [w.path for w in encoder.weights]


def test_lightness_is_shown_as_the_gray_picture_it_was_taken_of():
    from colorgan.models import color

    rgb = tf.constant(np.repeat(np.random.default_rng(0).random((1, 32, 32, 1), np.float32), 3, axis=-1))
    lab, luma = built(color_space="lab"), built(color_space="rgb")
    for encoder in (lab, luma):
        encoder(tf.zeros((1, 32, 32, 1)))
    luma.set_weights(lab.get_weights())
    one, other = (e(color.gray(rgb, space)) for e, space in ((lab, "lab"), (luma, "rgb")))
    np.testing.assert_allclose(one[4], other[4], atol=1e-4 * float(tf.math.reduce_std(one[4])) + 1e-5)


def test_a_kernel_tables_pyramid_keeps_the_last_map_of_each_size():
    encoder = built("table", encoder=((4, 1), (6, 2), (8, 1), (10, 2)), filter_multiplier=1.0)
    maps = encoder(tf.zeros((1, 8, 12, 1)))
    assert {key: tuple(one.shape) for key, one in maps.items()} == {1: (1, 8, 12, 4), 2: (1, 4, 6, 8), 4: (1, 2, 3, 10)}
    assert encoder.reduction == 4


def test_unknown_encoders_list_the_known():
    with pytest.raises(
        ValueError, match="Unknown `--encoder-name` 'vgg'. Known: table, efficientnet-lite0, efficientnet-l"
    ):
        built("vgg")


def decoder_of(table, block, *, reduction, context=0, joined_first=True, inputs=()):
    encoder = SimpleNamespace(reduction=reduction, context=context)
    return decoders.Decoder(table, block, encoder=encoder, joined_first=joined_first, inputs=inputs)


@pytest.mark.parametrize(("first", "read", "made"), [(True, [9 + 6, 5, 3 + 7], 2), (False, [9, 5 + 6, 3], 2 + 7)])
def test_a_decoder_joins_the_map_of_the_size_that_it_comes_to(first, read, made):
    enlarging = block if first else functools.partial(block, upsample="nearest")
    decoder = decoder_of([(5, 2, 0.0), (3, 1, 0.0), (2, 2, 0.0)], enlarging, reduction=4, joined_first=first)
    maps = {1: tf.ones((1, 8, 8, 7)), 2: tf.ones((1, 4, 4, 6)), 4: tf.ones((1, 2, 2, 9))}
    assert decoder(maps).shape == (1, 8, 8, made) and decoder.enlargement == 4
    assert [one.convolution.kernel.shape[2] for one in decoder.blocks] == read


def test_what_is_said_of_the_whole_picture_is_added_to_every_pixel_of_the_smallest_map():
    decoder = decoder_of([(4, 1, 0.0)], lambda f, **_: tf.keras.layers.Activation("linear"), reduction=8, context=3)
    smallest = np.random.default_rng(1).normal(size=(2, 3, 5, 3)).astype(np.float32)
    whole = np.random.default_rng(2).normal(size=(2, 1, 1, 4)).astype(np.float32)
    maps = {8: smallest, encoders.WHOLE: whole}
    decoder(maps)
    kernel, bias = decoder.context.get_weights()
    np.testing.assert_allclose(decoder(maps), smallest + whole @ kernel + bias, rtol=1e-5, atol=1e-6)


def test_what_joins_a_decoder_must_have_the_size_of_a_row():
    table, pixelwise = [(4, 2, 0.0), (3, 2, 0.0)], functools.partial(blocks.Block, kernel_size=1)
    with pytest.raises(ValueError, match=r"`depth` joins the decoder at reduction 16, but its rows give \[4, 2\]"):
        far = inputs.Input("depth", "", "", 0, 1, None, reduction=16, joins="decoder", channels=1)
        decoder_of(table, pixelwise, reduction=8, inputs=[far])
