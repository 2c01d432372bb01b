"""Our fused iteration against the same networks run like the original: `python benchmarks/train_step.py`.

The naive side is the original's loop in compiled functions: a discriminator update and two generator updates, each with
separate forward passes, and then seven more passes, one for each quantity of its log line. Same weights, optimizers,
batch and updates (1 D + 2 G). The sides take turns, so a noisy machine affects both; the figures are medians. Prints
`speedup_float32=...` and `speedup_bf16=...` (bfloat16 against the naive side in float32), and the same without the
seven passes.

For a preset with a pretrained encoder it prints the parts instead: the encoder alone, an iteration without and with a
discriminator, and kinds of layers in float32 and bfloat16: `python benchmarks/train_step.py --preset photo`.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).parent.resolve()]

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from colorgan.models import encoders, generators, normalization  # noqa: E402
from colorgan.settings import flags  # noqa: E402
from colorgan.settings.config import PRETRAINED_ENCODERS  # noqa: E402
from colorgan.training import distribution, state, steps  # noqa: E402
from colorgan.training.schedules import Action  # noqa: E402


class Naive:
    """The original's iteration: it shares nothing, and computes the log line by running the networks again."""

    def __init__(self, config, trained):
        self.config, self.trained = config, trained
        self.cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
        self.d_step, self.g_step = tf.function(self._d_step), tf.function(self._g_step)
        self.logged = [tf.function(one) for one in self._log_line()]

    def _d_loss_real(self, gray, color):
        logits = self.trained.discriminator(gray, color, training=True)
        return self.cross_entropy(tf.ones_like(logits), logits)

    def _d_loss_fake(self, gray, color):
        fake = self.trained.generator(gray, training=True)
        logits = self.trained.discriminator(gray, fake, training=True)
        return self.cross_entropy(tf.zeros_like(logits), logits)

    def _g_adversarial(self, gray, color):
        logits = self.trained.discriminator(gray, self.trained.generator(gray, training=True), training=True)
        return self.cross_entropy(tf.ones_like(logits), logits)

    def _g_l1(self, gray, color):
        return self.config.objective.l1_weight * tf.reduce_mean(
            tf.abs(self.trained.generator(gray, training=True) - color)
        )

    def _g_loss(self, gray, color):
        fake = self.trained.generator(gray, training=True)
        logits = self.trained.discriminator(gray, fake, training=True)
        l1 = tf.reduce_mean(tf.abs(fake - color))
        return self.cross_entropy(tf.ones_like(logits), logits) + self.config.objective.l1_weight * l1

    def _accuracy(self, gray, color):
        fake = self.trained.generator(gray, training=True)
        return tf.reduce_mean(steps.epsilon_accuracy(gray, color, fake, self.config))

    def _log_line(self):
        """-> D fake, D real, D, G adversarial, G L1, G, accuracy: a pass each, as in the original."""

        def d_loss(gray, color):
            return self._d_loss_real(gray, color) + self._d_loss_fake(gray, color)

        return [
            self._d_loss_fake,
            self._d_loss_real,
            d_loss,
            self._g_adversarial,
            self._g_l1,
            self._g_loss,
            self._accuracy,
        ]

    def _d_step(self, gray, color):
        variables = self.trained.discriminator.trainable_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([v.value for v in variables])
            loss = self._d_loss_real(gray, color) + self._d_loss_fake(gray, color)
        self.trained.d_optimizer.apply(tape.gradient(loss, [v.value for v in variables]), variables)

    def _g_step(self, gray, color):
        variables = self.trained.generator.trainable_variables
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([v.value for v in variables])
            loss = self._g_loss(gray, color)
        self.trained.g_optimizer.apply(tape.gradient(loss, [v.value for v in variables]), variables)

    def iterate(self, batch, *, log):
        """1 D + 2 G updates, and the log line's passes if asked."""
        gray, color = batch["gray"], batch["color"]
        self.d_step(gray, color)
        self.g_step(gray, color)
        self.g_step(gray, color)
        if log:
            return [float(one(gray, color)) for one in self.logged]
        return float(self.trained.g_optimizer.iterations.value)


BOTH = Action(1, 2)  # the original's updates of an iteration


def fused(config, jit, action=BOTH):
    """-> a function of a batch that runs our iteration and reads its log line."""
    strategy = tf.distribute.get_strategy()
    trained = state.create(config, strategy)
    weights = None
    if steps.classifies(config):
        weights = np.ones(trained.generator.head.bins["shape"], np.float32)
    compiled = steps.Steps(config, trained, strategy, jit=jit, class_weights=weights)
    return lambda batch: [float(v) for v in compiled.iterate(batch, action).values()]


def against_the_original(config, jit):
    """-> {side: function of a batch}: our iteration, and the original's way to do it."""
    naive = Naive(config, state.create(config, tf.distribute.get_strategy()))
    sides = {
        "naive": lambda b: naive.iterate(b, log=True),
        "naive_without_log": lambda b: naive.iterate(b, log=False),
        "float32": fused(config, jit),
        "bf16": fused(config.replace(precision="mixed_bfloat16"), jit),
    }
    # The gain of the fused batch normalization kernel: our iteration again, with Keras' layer.
    ours, normalization.BatchNormalization = normalization.BatchNormalization, keras.layers.BatchNormalization
    sides["float32_keras_bn"] = fused(config, jit)
    sides["float32_keras_bn"](random_batch(config))
    normalization.BatchNormalization = ours
    return sides


def layer_kinds(config):
    """-> {side: function of a batch}: kinds of layers of the encoder and the decoder, in both precisions."""
    height, width = config.data.height // 4, config.data.width // 4
    kinds = {
        "pointwise 24 to 144": (24, lambda **dtype: keras.layers.Conv2D(144, 1, **dtype)),
        "depthwise 3x3 of 144": (144, lambda **dtype: keras.layers.DepthwiseConv2D(3, padding="same", **dtype)),
        "dense 3x3 152 to 64": (152, lambda **dtype: keras.layers.Conv2D(64, 3, padding="same", **dtype)),
    }
    sides = {}
    for kind, (channels, make) in kinds.items():
        for name, policy in (("float32", "float32"), ("bf16", "mixed_bfloat16")):
            x = tf.random.normal((config.data.batch_size, height, width, channels))
            layer = make(dtype=policy)
            layer(x)
            x = tf.cast(x, layer.compute_dtype)
            sides[f"forward, {kind}, {name}"] = _forward(layer, x)
            sides[f"with gradients, {kind}, {name}"] = _with_gradients(layer, x)
    return sides


def _forward(layer, x):
    compiled = tf.function(lambda: tf.reduce_mean(tf.cast(layer(x), tf.float32)))
    return lambda batch: float(compiled())


def _with_gradients(layer, x):
    @tf.function
    def compiled():
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean(tf.cast(layer(x), tf.float32) ** 2)
        gradients = tape.gradient(loss, [x, *(v.value for v in layer.trainable_variables)])
        return sum(tf.reduce_mean(tf.cast(one, tf.float32)) for one in gradients)

    return lambda batch: float(compiled())


def of_a_pretrained_encoder(config, jit):
    """-> {side: function of a batch}: its parts, and our iteration without and with a discriminator."""
    generator = generators.build(config)
    encode = tf.function(lambda gray: tf.reduce_sum(generator.encoder(gray)[encoders.WHOLE]))
    bf16, alone, both = config.replace(precision="mixed_bfloat16"), Action(0, 1, phase="pretrain"), Action(1, 1)
    frozen = bf16.replace(encoder_lr_factor=0.0)
    return {
        "encoder, forward, float32": lambda b: float(encode(b["gray"])),
        "iteration, float32": fused(config, jit, alone),
        "iteration, bf16": fused(bf16, jit, alone),
        "iteration with its encoder frozen, bf16": fused(frozen, jit, alone),
        "iteration with discriminator, bf16": fused(bf16, jit, both),
        **layer_kinds(config),
    }


def random_batch(config):
    """-> a batch of the configured size."""
    size = (config.data.batch_size, config.data.height, config.data.width)
    return {
        "gray": tf.random.uniform((*size, 1), -1, 1),
        "color": tf.random.uniform((*size, 2), -1, 1),
        "cursor": tf.range(config.data.batch_size, dtype=tf.int64),
    }


def timed(sides, batch, rounds):
    """-> {side: median seconds}; they take turns."""
    seconds = {name: [] for name in sides}
    for one in sides.values():
        one(batch)  # trace and warm up
    for _ in range(rounds):
        for name, one in sides.items():
            start = time.perf_counter()
            one(batch)
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main():
    """Parse, alternate, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="cifar10")
    parser.add_argument("--batch-size", type=int, default=0, help="default: the preset's")
    parser.add_argument("--size", type=int, default=0, help="height and width; default: the preset's")
    parser.add_argument("--rounds", type=int, default=5, help="timed iterations of each side")
    parser.add_argument("--jit", default="off", choices=("auto", "on", "off"), help="XLA for our side")
    options = parser.parse_args()
    given = {"batch_size": options.batch_size, "height": options.size, "width": options.size}
    config = flags.resolve({"preset": options.preset, **{name: value for name, value in given.items() if value}})
    jit = distribution.use_xla(options.jit, tf.distribute.get_strategy())
    pretrained = config.architecture.encoder_name in PRETRAINED_ENCODERS
    sides = (of_a_pretrained_encoder if pretrained else against_the_original)(config, jit)
    median = timed(sides, random_batch(config), options.rounds)
    for name, value in median.items():
        print(f"{name}: {config.data.batch_size / value:.1f} images/s")
    if pretrained:
        for name in median:
            if name.endswith(", float32") and (other := name.removesuffix("float32") + "bf16") in median:
                print(f"bfloat16 against float32, {name.removesuffix(', float32')}: {median[name] / median[other]:.2f}")
        return
    for name in ("float32", "bf16"):
        print(f"speedup_{name}={median['naive'] / median[name]:.2f}")
        print(f"speedup_{name}_without_log={median['naive_without_log'] / median[name]:.2f}")
    print(f"fused_bn_gain={median['float32_keras_bn'] / median['float32']:.2f}")


if __name__ == "__main__":
    main()
