"""The state that training changes: both networks, their optimizers, the averaged generator, the counters.

Imports `models` and `settings.config`. Everything is created under the strategy's scope and lives as long as the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import tensorflow as tf

from colorgan.models import discriminators, generators
from colorgan.settings.config import Config


@dataclass
class TrainState:
    """The trainable state of a run: built networks, and optimizers built over all their trainable variables."""

    generator: keras.Model
    discriminator: keras.Model
    g_optimizer: keras.optimizers.Optimizer
    d_optimizer: keras.optimizers.Optimizer
    # A generator whose weights and batch statistics are the exponential moving average of the generator's. Keras' own
    # `use_ema` overwrites the live weights and leaves the statistics out.
    average: keras.Model | None
    host: tf.Variable  # scalar string: JSON of the state outside TensorFlow, schedule and data position

    @property
    def best_generator(self) -> keras.Model:
        """The generator for results: the average if there is one."""
        return self.average or self.generator

    def load_encoder(self, weights: list) -> None:
        """Load weights into the pretrained encoders of the generator and of its average.

        Args:
            weights: float32 arrays in the order and with the shapes of the encoder's weights (`weights.pretrained`).

        Raises:
            ValueError: if they are another encoder's.
        """
        shapes, own = ([tuple(one.shape) for one in some] for some in (weights, self.generator.encoder.weights))
        if shapes != own:
            raise ValueError(
                f"`--encoder-weights`: these belong to another encoder than --encoder-name: they have {len(shapes)} "
                f"arrays, it has {len(own)}, or shapes differ. Name their encoder."
            )
        for one in (self.generator, self.average):
            if one is not None:
                one.encoder.set_weights(weights)

    def variables(self) -> dict[str, list]:
        """-> {group: TensorFlow variables in a fixed order}: all that a checkpoint holds, dropout's states included."""
        groups = {
            "generator": self.generator.variables,
            "discriminator": self.discriminator.variables,
            "g_optimizer": self.g_optimizer.variables,
            "d_optimizer": self.d_optimizer.variables,
            "average": self.average.variables if self.average else [],
        }
        return {name: [v.value for v in group] for name, group in groups.items()} | {"host": [self.host]}


def create(config: Config, strategy: tf.distribute.Strategy) -> TrainState:
    """A fresh state, its weights drawn from Keras' global seed (`keras.utils.set_random_seed`).

    Args:
        config: names the networks and the optimizers' settings.
        strategy: where variables live; with several replicas batch normalization takes its statistics over all.
    """
    synchronized = strategy.num_replicas_in_sync > 1
    with strategy.scope():
        generator = generators.build(config, synchronized=synchronized)
        if not config.optimizer.encoder_lr_factor:  # frozen for ever: the optimizer keeps no state for it
            for part in generator.encoder.parts:
                part.trainable = False
        discriminator = discriminators.build(config, synchronized=synchronized)
        average = None
        if config.optimizer.ema_decay:
            average = generators.build(config)
            average.set_weights(generator.get_weights())
        o = config.optimizer
        g_optimizer = _adam(config, generator, o.lr, clip_value=o.g_clip_value)
        _inner(g_optimizer).slow_down([v for part in generator.encoder.parts for v in part.trainable_variables])
        d_optimizer = _adam(config, discriminator, o.lr * o.d_lr_factor, clip_value=o.d_clip_value, l2=o.d_l2)
    host = tf.Variable("{}", dtype=tf.string, trainable=False, name="host")
    return TrainState(generator, discriminator, g_optimizer, d_optimizer, average, host)


class Adam(keras.optimizers.Adam):
    """Keras' Adam with two changes: it clips the gradient of the global batch, and has L2 decay.

    `factor` multiplies the learning rate of the variables given to `slow_down`; the loop sets it.

    Keras' `clipvalue` clips each replica's part before the sum, so updates would depend on the number of devices.

    Args:
        clip_value: clip elementwise to this; 0: no clipping.
        l2: decay of the weights as a term of the loss, l2 |w|^2 / 2, whose gradient is added before clipping (Keras'
            `weight_decay` is decoupled).
    """

    def __init__(self, learning_rate, *, clip_value=0.0, l2=0.0, **kwargs):
        super().__init__(learning_rate, **kwargs)
        self.clip_value, self.l2 = clip_value, l2
        self.factor, self._slow = None, frozenset()

    def slow_down(self, variables) -> None:
        """Multiply the learning rate of these by `factor` from now on; 1 until it is set."""
        self._slow = frozenset(self._var_key(v) for v in variables)
        self.factor = tf.Variable(1.0, trainable=False, dtype=tf.float32, name="encoder_factor")

    def update_step(self, gradient, variable, learning_rate):
        """One variable's update, after the sum over replicas."""
        if self._var_key(variable) in self._slow:
            learning_rate = learning_rate * tf.cast(self.factor, learning_rate.dtype)
        if self.l2:
            gradient = gradient + self.l2 * keras.ops.cast(variable, gradient.dtype)
        if self.clip_value:
            gradient = keras.ops.clip(gradient, -self.clip_value, self.clip_value)
        super().update_step(gradient, variable, learning_rate)


def set_rates(state: TrainState, *, g_lr, d_lr, encoder_factor) -> None:
    """Set the learning rates of the next iteration; `encoder_factor` multiplies the generator's rate for its
    encoder."""
    state.g_optimizer.learning_rate, state.d_optimizer.learning_rate = g_lr, d_lr
    _inner(state.g_optimizer).factor.assign(encoder_factor)


def _inner(optimizer):
    """-> our Adam, inside Keras' loss scaling if the precision needs it."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def _adam(config, model, lr, **own):
    o = config.optimizer
    optimizer = Adam(lr, beta_1=o.beta1, beta_2=o.beta2, **own)
    if config.run.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    # Before the first trace: variables made inside a tf.function under a strategy are refused.
    optimizer.build(model.trainable_variables)
    return optimizer
