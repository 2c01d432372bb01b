"""What joins a decoder: nothing where nothing is given, every weight where all is, colours at their places."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan.models import additions, conditions, generators, inputs
from colorgan.settings import flags

CONDITIONS = ("hints", "palette", "aim")
HINT = inputs.Input("hint", "", "", 0, 1, None, reduction=2, joins="decoder", sparse=True, colors=2, channels=3)


@functools.cache
def steered(**values):
    """-> a small generator with conditions whose additions add something, and its configuration."""
    config = flags.resolve(
        {
            "preset": "tiny",
            "filter_multiplier": 0.25,
            "encoder": ((16, 2), (32, 2), (64, 2), (64, 2)),
            "conditions": CONDITIONS,
            **values,
        }
    )
    generator = generators.build(config)
    for one in generator.decoder.additions:
        one.last.kernel.assign(np.random.default_rng(0).normal(0, 0.1, one.last.kernel.shape))
    return generator, config


def given_of(generator, config, size=(2, 32, 48)):
    rng = np.random.default_rng(1)
    gray = rng.uniform(-1, 1, (*size, 1)).astype(np.float32)
    color = rng.uniform(-0.5, 0.5, (*size, 2)).astype(np.float32)
    hints = conditions.hints(
        np.float32(rng.random((2, 3, 2))), np.ones((2, 3), np.float32), np.ones((2, 3), np.float32), color, (2, 16, 24)
    )
    palette = conditions.palette(color.reshape(2, -1, 2) * config.data.ab_scale)
    aim = conditions.aim(np.float32([0.3, 0.4]), np.float32([0.1, 0.7]))
    return gray, dict(zip(CONDITIONS, map(np.asarray, (hints, palette, aim)), strict=True))


def test_a_new_addition_adds_nothing():
    config = steered()[1]
    generator = generators.build(config)
    gray, given = given_of(generator, config)
    np.testing.assert_array_equal(generator(gray, given), generator(gray))


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_picture_is_changed_by_each_condition_and_by_none_only_if_none_is_given(name):
    generator, config = steered()
    gray, given = given_of(generator, config)
    plain = generator(gray)
    none = {key: np.zeros_like(x) for key, x in given.items()}
    np.testing.assert_array_equal(generator(gray, none), plain)
    one = none | {name: np.concatenate([given[name][:1], none[name][1:]])}  # the first picture alone is given it
    steered_ = np.asarray(generator(gray, one))
    assert np.abs(steered_[0] - plain[0]).max() > 1e-3
    np.testing.assert_allclose(steered_[1], plain[1], atol=1e-6)


def test_every_weight_of_an_addition_gets_a_gradient():
    generator, config = steered()
    gray, given = given_of(generator, config)
    variables = [v for one in generator.decoder.additions for v in one.trainable_variables]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(generator(gray, given) ** 2)
    for variable, gradient in zip(variables, tape.gradient(loss, [v.value for v in variables]), strict=True):
        assert gradient is not None and np.any(gradient), variable.path


def test_conditions_come_all_or_none():
    generator, config = steered()
    gray, given = given_of(generator, config)
    with pytest.raises(ValueError, match="`given` must hold the inputs with their channels"):
        generator(gray, {"hints": given["hints"]})


def test_the_plain_weights_are_those_of_a_generator_without_conditions():
    generator, config = steered()
    plain = generators.build(config.replace(conditions=()))
    assert [v.shape for v in generator.plain_weights] == [v.shape for v in plain.weights]
    plain.set_weights([keras.ops.convert_to_numpy(v) for v in generator.plain_weights])
    gray, _ = given_of(generator, config)
    np.testing.assert_array_equal(plain(gray), generator(gray))


def test_colours_that_are_given_stay_where_chroma_is_raised():
    """Twice the chroma and half of the given colours: twice the result, before tanh."""
    generator, config = steered(seed=1)
    generator.head.raise_chroma(0.1)  # far from where tanh has lost the digits
    gray, given = given_of(generator, config)
    halved = given | {"hints": given["hints"] * np.float32([0.5, 0.5, 1])}
    before = np.arctanh(generator(gray, halved))
    generator.raise_chroma(2)
    np.testing.assert_allclose(np.arctanh(generator(gray, given)), 2 * before, rtol=1e-3, atol=1e-3)


def test_a_smaller_map_has_the_mean_of_what_is_given_and_the_mask():
    values = np.zeros((1, 4, 4, 3), np.float32)
    values[0, 0, 1], values[0, 1, 0] = (0.2, -0.4, 1), (0.4, 0.0, 1)
    made = np.asarray(additions.shrunk(values, HINT, 4))
    np.testing.assert_allclose(made[0, 0, 0], (0.3, -0.2, 1), atol=1e-6)  # by hand
    np.testing.assert_array_equal(made[0, 1:], 0)


def test_attention_sees_only_what_is_given():
    """Two places, one given: its value comes to a third place whatever the other place holds."""
    attention = additions.Attention(4)
    rng = np.random.default_rng(0)
    x, found = rng.random((1, 1, 3, 4)).astype(np.float32), np.zeros((1, 1, 3, 3), np.float32)
    found[0, 0, 0] = (0.5, -0.5, 1)
    seen = np.asarray(attention(x, found, reduction=8))
    x[0, 0, 1] += 1  # a place that is given nothing
    again = np.asarray(attention(x, found, reduction=8))
    np.testing.assert_allclose(again[0, 0, 2], seen[0, 0, 2], atol=1e-6)
    found[0, 0, 0, 0] = 0.9
    assert np.abs(np.asarray(attention(x, found, reduction=8))[0, 0, 2] - seen[0, 0, 2]).max() > 1e-3
