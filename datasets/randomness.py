"""Random numbers as functions of their place: without state, so a stream can be entered anywhere.

Owns the keys, permutations and uniform numbers for data order, held-out sets and augmentation. They use SplitMix64, a
few lines here, because NumPy's and TensorFlow's streams can change with a version, and the choice of held-out
photographs must not. Imports nothing of ours.
"""

from __future__ import annotations

import functools
import hashlib

import numpy as np
import tensorflow as tf

# SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators", fig. 17).
GAMMA = 0x9E3779B97F4A7C15


def key(*parts) -> int:
    """-> a 64-bit key from names and numbers, the same on every machine: key("order", seed, epoch)."""
    return int.from_bytes(digest("/".join(map(str, parts)).encode()), "big")


def digest(data: bytes) -> bytes:
    """-> 8 bytes of BLAKE2b: evenly spread, and the same on every machine (Python's `hash` is not)."""
    return hashlib.blake2b(data, digest_size=8).digest()


def bits(place, *parts):
    """SplitMix64's output number `place` for the seed `key(*parts)`. [...] integers >= 0 -> [...] uint64."""
    # At least one axis: NumPy wraps arrays silently, as required here, but warns for single numbers.
    places = np.atleast_1d(place).astype(np.uint64)
    return _mixed(places, key(*parts), word=np.uint64, shift=np.right_shift).reshape(np.shape(place))


def uniform(place, *parts):
    """Uniform numbers at these places. [...] integers >= 0 -> [...] float64 in [0, 1)."""
    return (bits(place, *parts) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def permutation(size, *parts):
    """-> [size] int64, a permutation of 0..size-1 that depends only on the parts.

    The bits of different places differ (SplitMix64 is a bijection), so sorting has no ties.
    """
    return np.argsort(bits(np.arange(size), *parts)).astype(np.int64)


def tensor_bits(place, *parts):
    """`bits` inside a graph. [...] int64 tensor, >= 0 -> [...] uint64 tensor, equal to `bits`."""
    word = functools.partial(tf.constant, dtype=tf.uint64)
    return _mixed(tf.cast(place, tf.uint64), key(*parts), word=word, shift=tf.bitwise.right_shift)


def _mixed(place, key, *, word, shift):
    x = (place + word(1)) * word(GAMMA) + word(key)
    for by, multiplier in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ shift(x, word(by))) * word(multiplier)
    return x ^ shift(x, word(31))


def tensor_uniform(place, *parts):
    """Uniform numbers inside a graph. [...] int64 tensor, >= 0 -> [...] float32 in [0, 1), 24 bits each."""
    top = tf.bitwise.right_shift(tensor_bits(place, *parts), tf.constant(40, tf.uint64))
    return tf.cast(tf.cast(top, tf.int64), tf.float32) * 2.0**-24
