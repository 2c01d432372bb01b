"""Every preset, small: a fraction of its width, at the smallest size that its strides and its discriminator take."""

import functools

import keras
import numpy as np
import tensorflow as tf

from colorgan.models import heads, quantization
from colorgan.settings import flags
from colorgan.training import state, steps

# How a preset is made small; nothing else of it changes.
SMALL = {
    "cifar10": {"filter_multiplier": 1 / 16},
    "places365": {"filter_multiplier": 1 / 16, "height": 128, "width": 128},
    "controlled": {"filter_multiplier": 1 / 16, "desired_saturation": 0.5, "desired_hue": 0.6},
    "rgb64": {"filter_multiplier": 1 / 8, "height": 16, "width": 16},
    "wgan256": {"filter_multiplier": 1 / 16, "height": 64, "width": 64, "pretrain_steps": 1, "critic_ratio_min": 2,
                "d_steps": 2, "unfreeze": ((0, 13), (3, 5), (6, 0))},
    "gan_256": {"filter_multiplier": 1 / 16, "height": 32, "width": 32, "d_pretrain_steps": 2},
    "gan_32": {"filter_multiplier": 1 / 8, "d_pretrain_steps": 2},
    "photo": {"filter_multiplier": 1 / 16, "height": 64, "width": 64, "pretrain_steps": 2,
              "encoder_name": "efficientnet-lite0"},
    "cifar10-nogan": {"filter_multiplier": 1 / 16, "pretrain_steps": 2, "d_pretrain_steps": 2},
    "tiny": {"filter_multiplier": 1 / 4},
}  # fmt: skip

# Turns until every phase and stage of the small copy has been met; a few where not said.
TURNS = {"wgan256": 10, "gan_256": 5, "gan_32": 5, "photo": 4, "cifar10-nogan": 6}


def small(name, **values):
    """-> the small copy of a preset, batches of 4."""
    return flags.resolve({"preset": name, "dataset": "shapes", "batch_size": 4, "lr": 1e-3, **SMALL[name], **values})


@functools.cache
def random_batch(height, width, channels, images=4, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "gray": tf.constant(rng.uniform(-1, 1, (images, height, width, 1)), tf.float32),
        "color": tf.constant(rng.uniform(-0.5, 0.5, (images, height, width, channels)), tf.float32),
    }


def batch_of(config, seed=0):
    channels = 3 if config.data.color_space == "rgb" else 2
    return random_batch(config.data.height, config.data.width, channels, config.data.batch_size, seed)


def weights_of_bins(config):
    """-> class weights of a made-up histogram, or None where the head has no bins."""
    bins = heads.build(config, kernel_size=1).bins
    if bins is None:
        return None
    counts = np.arange(1, 1 + np.prod(bins["shape"])).reshape(bins["shape"])
    objective = config.objective
    return quantization.class_weights(
        counts, bins=bins, uniform_mix=objective.uniform_mix, exponent=objective.rebalance_exponent
    )


def start(config, seed=1):
    """-> fresh state and steps."""
    keras.utils.set_random_seed(seed)
    strategy = tf.distribute.get_strategy()
    trained = state.create(config, strategy)
    return trained, steps.Steps(config, trained, strategy, class_weights=weights_of_bins(config))
