"""One iteration as one `tf.function`: discriminator and generator updates that share what they can.

No I/O and no schedule: an iteration is told how many updates of each network to make and returns {log key: scalar}.
Imports `models`, `config` and `training.state`.
"""

from __future__ import annotations

import tensorflow as tf

from colorgan.config import Config
from colorgan.models import color as colors
from colorgan.models.objectives import compose
from colorgan.training.state import TrainState

EMA_WARMUP = 10  # the average's decay is at most (1 + t) / (10 + t), so that a short run's average forgets its start


class Steps:
    """The compiled steps of a run.

    Args:
        config: the run's configuration.
        state: what the steps change.
        strategy: where they run; every loss is a share of the global batch, which Keras' optimizers sum over replicas.
        jit: whether to compile with XLA.

    Raises:
        ValueError: for settings that several replicas cannot have.
    """

    def __init__(self, config: Config, state: TrainState, strategy: tf.distribute.Strategy, *, jit: bool = False):
        self.config, self.state, self.strategy = config, state, strategy
        self.replicas = strategy.num_replicas_in_sync
        _check_replicas(config, self.replicas, jit)
        self.iterate = tf.function(self._iterate, jit_compile=jit or None)
        self.predict = tf.function(self._predict, jit_compile=jit or None)

    def _iterate(self, batch, d_updates: int, g_updates: int):
        """One iteration.

        Args:
            batch: {"gray": [B, H, W, 1], "color": [B, H, W, C], ...} per replica.
            d_updates, g_updates: Python integers; a new combination is a new trace.

        Returns:
            {log key: scalar float32}: means over the global batch, of the iteration's last update of each network.
        """
        logs = self.strategy.run(self._replica_iterate, args=(batch["gray"], batch["color"], d_updates, g_updates))
        logs = {name: self.strategy.reduce("SUM", value, axis=None) for name, value in logs.items()}
        if self.state.average is not None and g_updates:
            self._update_average(g_updates)
        return logs

    def _predict(self, gray):
        """The colours of the generator to use: [B, H, W, 1] scaled L -> [B, H, W, C] float32 scaled colour."""
        return self.state.best_generator(gray, training=False)

    def _replica_iterate(self, gray, color, d_updates, g_updates):
        generator = self.state.generator
        adversarial = bool(self.config.objective.adversarial_weight)
        logs = {}
        if not g_updates:
            fake = generator(gray, training=True)
            return self._update_discriminator(gray, color, fake, d_updates)
        for update in range(g_updates):
            # The discriminator's variables are not watched: its backward pass computes the gradient of its input only.
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([v.value for v in generator.trainable_variables])
                fake = generator(gray, training=True)
                if update == 0 and d_updates:
                    # The discriminator learns from the very pictures of the first generator update: its own update
                    # changes nothing that they depend on, so one forward pass serves both.
                    with tape.stop_recording():
                        logs |= self._update_discriminator(gray, color, fake, d_updates)
                judged = self.state.discriminator(gray, fake, training=True) if adversarial else None
                loss, g_logs = compose.generator_loss(
                    self.config.objective,
                    predicted=fake,
                    truth=color,
                    fake_logits=judged,
                    global_batch=self.config.data.batch_size,
                )
                loss = self.state.g_optimizer.scale_loss(loss)
            self._apply(self.state.g_optimizer, tape, loss, generator.trainable_variables)
            logs |= g_logs
        accuracy = epsilon_accuracy(color, fake, self.config)
        return logs | {"g/accuracy": compose.share(accuracy, self.config.data.batch_size)}

    def _update_discriminator(self, gray, color, fake, updates):
        discriminator, logs = self.state.discriminator, {}
        fake = tf.stop_gradient(fake)
        for _ in range(updates):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch([v.value for v in discriminator.trainable_variables])
                # Two passes, not one of twice the batch: each keeps its own batch statistics, as the original's.
                loss, logs = compose.discriminator_loss(
                    self.config.objective,
                    real_logits=discriminator(gray, color, training=True),
                    fake_logits=discriminator(gray, fake, training=True),
                    global_batch=self.config.data.batch_size,
                )
                loss = self.state.d_optimizer.scale_loss(loss)
            self._apply(self.state.d_optimizer, tape, loss, discriminator.trainable_variables)
        return logs

    def _apply(self, optimizer, tape, loss, variables):
        optimizer.apply(tape.gradient(loss, [v.value for v in variables]), variables)

    def _update_average(self, updates):
        t = tf.cast(self.state.g_optimizer.iterations.value, tf.float32)
        decay = tf.minimum(self.config.optimizer.ema_decay, (1 + t) / (EMA_WARMUP + t)) ** updates
        for mean, live in zip(self.state.average.weights, self.state.generator.weights, strict=True):
            mean.value.assign(decay * mean.value + (1 - decay) * live.value)


def _check_replicas(config, replicas, jit):
    if replicas == 1:
        return
    if jit:
        raise ValueError("`--jit on` compiles for one device. Use --jit off with several devices.")
    if config.run.precision == "mixed_float16":
        # Keras' loss scaling asks one replica alone whether the gradients were finite, and steps accordingly.
        raise ValueError("`--precision mixed_float16` runs on one device. Use mixed_bfloat16 with several.")
    if config.data.batch_size % replicas:
        size = config.data.batch_size
        raise ValueError(f"`--batch-size` must be a multiple of the number of devices, {replicas}. Received: {size}")


def epsilon_accuracy(truth, predicted, config: Config):
    """The original's accuracy of each image, at `acc_thresh` (see `evaluation/metrics.py` for its definition).

    Args:
        truth, predicted: [B, H, W, C] float32 scaled colour; gray is not needed, L counts only where it is predicted.
        config: colour space, scale and threshold.

    Returns:
        [B, H, W, 1] float32, 1 where the pixel counts as right.
    """
    space = {"color_space": config.data.color_space, "ab_scale": config.data.ab_scale}
    no_gray = tf.zeros_like(truth[..., :1])
    delta = tf.abs(
        tf.round(colors.to_lab(no_gray, truth, **space)) - tf.round(colors.to_lab(no_gray, predicted, **space))
    )
    threshold = config.run.acc_thresh
    return tf.cast(tf.reduce_all(delta <= threshold * tf.constant([1.0, 2.2, 2.2]), -1, keepdims=True), tf.float32)
