import numpy as np
import tensorflow as tf

from colorgan.datasets import randomness


def test_bits_are_splitmix64(monkeypatch):
    monkeypatch.setattr(randomness, "key", lambda *parts: parts[0])
    # The published test vector of SplitMix64 for seed 1234567 (Rosetta Code, "Pseudo-random numbers/Splitmix64").
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert randomness.bits(np.arange(5), 1234567).tolist() == expected
    assert int(randomness.bits(2, 1234567)) == expected[2]


def test_graph_and_numpy_agree():
    place = np.array([0, 1, 77, 2**40, 2**62])
    graph = tf.function(lambda x: (randomness.tensor_bits(x, "a", 3), randomness.tensor_uniform(x, "a", 3)))
    bits, uniform = graph(tf.constant(place))
    assert bits.numpy().tolist() == randomness.bits(place, "a", 3).tolist()
    np.testing.assert_allclose(uniform, randomness.uniform(place, "a", 3), atol=2.0**-24)


def test_uniform_fills_the_interval_evenly():
    numbers = randomness.uniform(np.arange(20000), "even")
    assert numbers.min() >= 0 and numbers.max() < 1
    counts = np.histogram(numbers, 10, (0, 1))[0]
    assert abs(counts - 2000).max() < 5 * np.sqrt(20000 * 0.1 * 0.9)  # five standard deviations of the binomial


def test_permutation_depends_on_its_parts_alone():
    order = randomness.permutation(1000, "x", 1)
    assert sorted(order) == list(range(1000))
    assert order.tolist() == randomness.permutation(1000, "x", 1).tolist()
    assert order.tolist() != randomness.permutation(1000, "x", 2).tolist()
    assert order.tolist() != randomness.permutation(1000, "y", 1).tolist()


def test_keys_tell_their_parts_apart():
    assert len({randomness.key(*parts) for parts in [("a", 1), ("a", 2), ("b", 1), ("a", 1, 0), ("a",)]}) == 5
