"""`upsampling` and `dense`: the published numbers of parameters, activations, which maps are joined."""

from colorgan.models import discriminators, generators
from colorgan.settings import flags

PUBLISHED = {
    "generator": "upsampling",
    "encoder": ((64, 2), (128, 1), (128, 2), (256, 1), (512, 2)),
    "decoder": ((256, 2), (256, 1), (128, 2), (128, 1), (64, 2)),
    "discriminator": "dense",
    "discriminator_layers": ((32, 2), (64, 2, 0.25), (128, 2, 0.25), (256, 2, 0.5)),
    "d_input": "color",
}


def configured(**values):
    return flags.resolve({"dataset": "shapes", "preset": "tiny", "height": 256, "width": 256, **PUBLISHED, **values})


def non_trainable(network):
    return sum(v.numpy().size for v in network.non_trainable_variables if v.dtype == "float32")


def trainable(network):
    return sum(v.numpy().size for v in network.trainable_variables)


def test_the_published_numbers_of_parameters():
    """The table in the project's README: 4,729,922 and 455,457; 4,726,082 of the generator's are trainable."""
    generator, discriminator = generators.build(configured()), discriminators.build(configured())
    assert trainable(generator) == 4_726_082
    assert trainable(generator) + non_trainable(generator) == 4_729_922
    assert trainable(discriminator) + non_trainable(discriminator) == 455_457


def test_activations():
    for name, slope in (("upsampling", 0), ("upsampling-leaky", 0.2)):
        generator = generators.build(configured(generator=name, filter_multiplier=1 / 32))
        assert {block.activation.negative_slope for block in generator.encoder.blocks} == {slope}
        assert {block.activation.negative_slope for block in generator.decoder.blocks} == {0}


def test_which_maps_are_joined():
    """Channels that each decoder row reads: the last two maps are those of the decoder alone."""
    generator = generators.build(configured(filter_multiplier=1 / 8))
    read = [block.convolution.kernel.shape[2] for block in generator.decoder.blocks]
    assert read == [64, 32 + 32, 32, 16 + 16, 16]
    # A map of full size is joined too, where the encoder has one.
    full = generators.build(configured(encoder=((4, 1), (8, 2)), decoder=((16, 2),)))
    assert full.head.convolution.kernel.shape == (3, 3, 16 + 4, 2)


def test_where_the_discriminator_pools():
    network = discriminators.build(configured(height=32, width=32, filter_multiplier=1 / 8))
    assert network.pools == [1, 2, 2, 1]
    assert [block.convolution.strides[0] for block in network.blocks] == [2, 1, 1, 2]
    assert [block.dropout.rate if block.dropout else 0 for block in network.blocks] == [0, 0.25, 0.25, 0.5]
    assert [block.normalization is not None for block in network.blocks] == [False, True, True, True]
