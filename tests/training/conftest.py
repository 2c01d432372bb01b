"""Tiny configurations for the training room."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan.settings import flags
from colorgan.training import state, steps


@pytest.fixture
def tiny():
    """-> a function that makes a configuration small enough to train in a blink."""

    def make(**values):
        small = {
            "preset": "tiny",
            "dataset": "shapes",
            "height": 8,
            "width": 8,
            "batch_size": 4,
            "lr": 1e-3,
            "lr_decay_steps": 500_000,
            "encoder": ((4, 1), (6, 2), (8, 2)),
            "decoder": ((6, 2, 0.0), (4, 2, 0.0)),
            "discriminator_layers": ((4, 2), (6, 2)),
        }
        return flags.resolve({**small, **values})

    return make


@pytest.fixture
def batch():
    """-> a function that makes a random batch of a configuration's size."""

    def make(config, seed=0):
        random = np.random.RandomState(seed)
        n, h, w = config.data.batch_size, config.data.height, config.data.width
        return {
            "gray": tf.constant(random.uniform(-1, 1, (n, h, w, 1)), tf.float32),
            "color": tf.constant(random.uniform(-1, 1, (n, h, w, 2)), tf.float32),
            "cursor": tf.range(10, 10 + n, dtype=tf.int64),
            "dropped_gray": tf.zeros(n, tf.int64),
            "bad": tf.zeros(n, tf.int64),
        }

    return make


@pytest.fixture
def trainer():
    """-> a function that makes state and steps from one seed."""

    def make(config, strategy=None, seed=1):
        keras.utils.set_random_seed(seed)
        strategy = strategy or tf.distribute.get_strategy()
        trained = state.create(config, strategy)
        return trained, steps.Steps(config, trained, strategy)

    return make
