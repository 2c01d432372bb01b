"""`staged` and `wgan-critic`: where normalization is, which maps are joined."""

import functools

import numpy as np
import pytest

from colorgan.models import discriminators, generators
from colorgan.settings import flags

PUBLISHED = {
    "generator": "staged",
    "encoder": ((32, 1), (32, 2), (64, 2), (128, 2), (256, 2), (256, 2), (512, 2)),
    "decoder": ((256, 1), (256, 2), (256, 2), (256, 2), (128, 2), (64, 2), (64, 2)),
    "head": "channel-bins",
    "discriminator": "wgan-critic",
    "discriminator_layers": ((64, 1), (64, 1), (128, 2), (128, 2), (256, 2), (512, 2), (512, 2), (512, 2)),
    "d_crop": 16,
    "adversarial": "wgan-gp",
}


def configured(**values):
    return flags.resolve({"dataset": "shapes", "preset": "tiny", "height": 256, "width": 256, **PUBLISHED, **values})


@functools.cache
def narrow():
    config = configured(filter_multiplier=1 / 32, height=64, width=64)
    return generators.build(config), discriminators.build(config)


def test_sizes_are_multiples_of_64_inside():
    assert narrow()[0].multiple == 64


def test_kernels_and_where_normalization_is():
    generator, critic = narrow()
    assert [stage.block.convolution.kernel_size[0] for stage in generator.encoder.blocks] == [11, 5, 5, 5, 5, 5, 5]
    assert {stage.block.convolution.kernel_size[0] for stage in generator.decoder.blocks} == {5}
    assert [i for i, stage in enumerate(generator.encoder.blocks) if stage.normalization] == [0, 3]
    assert [i for i, stage in enumerate(generator.decoder.blocks) if stage.normalization] == [0, 2, 5]
    assert [block.convolution.kernel_size[0] for block in critic.blocks] == [7, 7, 5, 5, 5, 3, 3, 3]
    assert all(block.normalization is None for block in critic.blocks)


def test_slopes():
    generator, critic = narrow()
    blocks = [stage.block for stage in generator.body] + critic.blocks
    slopes = [block.activation.negative_slope for block in blocks] + [critic.activation.negative_slope]
    np.testing.assert_allclose(slopes, 0.1)


def test_which_maps_are_joined():
    generator, _ = narrow()
    read = [stage.block.convolution.kernel.shape[2] for stage in generator.decoder.blocks]
    assert read == [16, 8, 8 + 8, 8 + 8, 8 + 4, 4 + 2, 2 + 1]
    assert generator.head.classify_a.kernel.shape == (5, 5, 2, 16)  # full size: no map of the encoder


def test_the_critics_skips():
    _, critic = narrow()
    assert critic.ends == [1, 4, 7]  # the ends of the 7x7, the 5x5 and the 3x3 convolutions
    wide = discriminators.build(configured(filter_multiplier=1 / 4, discriminator_layers=((4, 1), (4, 2))))
    assert wide.ends == [0, 1] and [layer.units for layer in wide.skips] == [1, 1]
    assert [layer.units for layer in (*wide.before, *wide.after, wide.score)] == [256, 64, 16, 4, 1]


@pytest.mark.parametrize("size", [(64, 64), (40, 100)])
def test_one_score_per_picture(size):
    critic = discriminators.build(configured(filter_multiplier=1 / 32, height=size[0], width=size[1]))
    rng = np.random.default_rng(0)
    gray, color = (rng.uniform(-1, 1, (3, *size, channels)).astype(np.float32) for channels in (1, 2))
    assert critic(gray, color).shape == (3, 1)


def test_bfloat16_on_maps_of_one_pixel_is_refused():
    small = {"preset": "wgan256", "filter_multiplier": 1 / 16, "height": 64, "precision": "mixed_bfloat16"}
    with pytest.raises(ValueError, match="`--precision mixed_bfloat16` trains `staged` wrongly.*Received: 64 x 128"):
        generators.build(flags.resolve({**small, "width": 128}))
    generators.build(flags.resolve({**small, "height": 128, "width": 128}))
