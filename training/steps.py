"""One iteration as one `tf.function`: discriminator and generator updates that share forward passes.

No I/O and no schedule: an iteration takes a `schedules.Action` and returns {log key: scalar}. Imports `models`,
`settings.config`, `training.schedules` and `training.state`.
"""

from __future__ import annotations

import contextlib
import functools

import keras
import tensorflow as tf

from colorgan.models import color as colors
from colorgan.models.objectives import compose, controls, features, penalties, rebalanced
from colorgan.settings.config import Config
from colorgan.training.schedules import Action
from colorgan.training.state import TrainState

EMA_WARMUP = 10  # the average's decay is at most (1 + t) / (10 + t), so a short run's average forgets its start
# Uses of random numbers: each has its stream.
INPUTS, NOISE_PICTURES, INTERPOLATION = range(3)


class Steps:
    """The compiled steps of a run.

    Args:
        config: the run's configuration.
        state: the state that the steps change.
        strategy: where they run; every loss is a share of the global batch, which Keras' optimizers sum over replicas.
        jit: whether to compile with XLA.
        class_weights: weights of the generator's colour bins (`rebalanced.cross_entropy`), if it classifies.
        feature_model: Keras model of the perceptual term, or None.

    Raises:
        ValueError: for settings that do not fit several replicas or these networks, or if nothing would learn.
    """

    def __init__(
        self,
        config: Config,
        state: TrainState,
        strategy: tf.distribute.Strategy,
        *,
        jit: bool = False,
        class_weights=None,
        feature_model=None,
    ):
        self.config, self.state, self.strategy = config, state, strategy
        self.class_weights, self.feature_model = class_weights, feature_model
        self.jit = jit or None
        _check_replicas(config, strategy.num_replicas_in_sync, jit)
        # Checked before training: an error in a later stage would otherwise appear after days.
        compose.check_terms(config.objective)
        _check_stages(config, state.generator)
        self._compiled: dict[tuple, tf.types.experimental.PolymorphicFunction] = {}
        # Colours of the generator for results: [B, H, W, 1] scaled L, {input: values} -> [B, H, W, C] scaled colour.
        self.predict = tf.function(functools.partial(state.best_generator, training=False), jit_compile=self.jit)

    def iterate(self, batch, action: Action):
        """One iteration.

        Args:
            batch: {"gray": [B, H, W, 1], "color": [B, H, W, C], ...} per replica.
            action: what to do. Of its learning rates only an encoder's 0 matters here. Each new combination with the
                other fields is a new trace.

        Returns:
            {log key: scalar float32}: means over the global batch, for the last update of each network in the
            iteration.
        """
        kind = (action.phase, action.d_updates, action.g_updates, action.judge, action.noise, self._frozen(action))
        if kind not in self._compiled:
            self._compiled[kind] = tf.function(functools.partial(self._iterate, action=action), jit_compile=self.jit)
        return self._compiled[kind]({"gray": batch["gray"], "color": batch["color"]})

    def _iterate(self, batch, *, action):
        run = functools.partial(self._replica_iterate, action=action)
        logs = self.strategy.run(run, args=(batch["gray"], batch["color"]))
        logs = {name: self.strategy.reduce("SUM", value, axis=None) for name, value in logs.items()}
        if self.state.average is not None and action.g_updates:
            self._update_average(action.g_updates)
        return logs

    def _replica_iterate(self, gray, color, *, action):
        if self.config.objective.control_truth == "adjusted":
            color = self._adjusted(gray, color)
        with frozen(self.state.generator, self._frozen(action)):
            if action.g_updates:
                return self._update_generator(gray, color, action)
            return self._update_discriminator(gray, color, self._generate(gray, color, 0)[0], action)

    def _frozen(self, action):
        """-> the number of frozen parts of the generator, counted from the input."""
        encoder = 0 if action.encoder_factor else len(self.state.generator.encoder.parts)
        return max(action.frozen, encoder)

    def _update_generator(self, gray, color, action):
        """Make `action.g_updates` updates, and the discriminator's updates on the pictures of the first."""
        generator, optimizer, logs = self.state.generator, self.state.g_optimizer, {}
        for update in range(action.g_updates):
            # The discriminator's variables are not watched: its backward pass computes only the gradient of its input.
            with _taped(_values(generator)) as tape:
                fake, logits = self._generate(gray, color, update)
                if update == 0 and (action.d_updates or action.judge):
                    # The discriminator's update does not change these pictures, so one forward pass serves both.
                    with tape.stop_recording():
                        logs |= self._update_discriminator(gray, color, fake, action)
                loss, g_logs = self._generator_loss(gray, color, fake, logits, pretrain=action.phase == "pretrain")
                loss = optimizer.scale_loss(loss)
            # In a head with bins, classification does not reach the layers for colours, nor L1 those for bins.
            apart = self.config.schedule.pretrain != "both" and generator.head.bins is not None
            _apply(optimizer, tape, loss, generator, partly=apart and action.phase == "pretrain")
            logs |= g_logs
        accuracy = epsilon_accuracy(gray, color, fake, self.config)
        return logs | {"g/accuracy": compose.share(accuracy, self.config.data.batch_size)}

    def _generator_loss(self, gray, color, fake, logits, *, pretrain):
        """-> (loss, logs). Inputs of the terms (`compose.GENERATOR_TERMS`) are computed only if a term uses them."""

        def rgb(color):
            return colors.decode(gray, color, **_space(self.config))

        seen = {
            "global_batch": self.config.data.batch_size,
            "predicted": fake,
            "truth": color,
            "rgb": lambda: rgb(fake),
            "cross_entropy": lambda: self._cross_entropy(logits, color),
            "feature_distance": lambda: features.distance(self.feature_model, rgb(fake), rgb(color)),
            "fake_logits": lambda: self.state.discriminator(gray, fake, training=True),
        }
        if pretrain:
            return compose.pretrain_loss(self.config.objective, self.config.schedule.pretrain, **seen)
        return compose.generator_loss(self.config.objective, **seen)

    def _cross_entropy(self, logits, color):
        generator = self.state.generator
        # Bins have the size of the colour map; its true colours are means of the picture's.
        truth = keras.ops.average_pool(color, generator.color_stride, padding="same")
        return rebalanced.cross_entropy(logits, generator.head.targets(truth), self.class_weights)

    def _update_discriminator(self, gray, color, fake, action):
        """Make `action.d_updates` updates on the same pictures, or only measure the losses."""
        if action.noise:
            fake = self._uniform(tf.shape(fake), NOISE_PICTURES) * 2 - 1
        fake, logs = tf.stop_gradient(fake), {}
        if not action.d_updates:
            return self._discriminator_loss(gray, color, fake, 0)[1]
        for update in range(action.d_updates):
            with _taped(_values(self.state.discriminator)) as tape:
                loss, logs = self._discriminator_loss(gray, color, fake, update)
                loss = self.state.d_optimizer.scale_loss(loss)
            _apply(self.state.d_optimizer, tape, loss, self.state.discriminator)
        return logs

    def _discriminator_loss(self, gray, color, fake, update):
        objective, global_batch = self.config.objective, self.config.data.batch_size
        discriminator, real_gray, fake_gray = self.state.discriminator, gray, gray
        halves = objective.d_batches == "halves"
        if halves:
            half, global_batch = tf.shape(gray)[0] // 2, global_batch // 2
            real_gray, color, fake_gray, fake = gray[:half], color[:half], gray[half:], fake[half:]
        with _taped(color) as inner:
            if halves:
                seen = tf.concat([real_gray, fake_gray], 0), tf.concat([color, fake], 0)
                real_logits, fake_logits = tf.split(discriminator(*seen, training=True), 2)
            else:  # two passes with separate batch statistics, as in the original
                real_logits = discriminator(real_gray, color, training=True)
                fake_logits = discriminator(fake_gray, fake, training=True)
            verdict = _per_image(real_logits)
        return compose.discriminator_loss(
            objective,
            real_logits=real_logits,
            fake_logits=fake_logits,
            global_batch=global_batch,
            r1=lambda: penalties.r1(inner.gradient(verdict, color)),
            gradient_penalty=lambda: self._gradient_penalty(real_gray, color, fake_gray, fake, update),
        )

    def _gradient_penalty(self, real_gray, color, fake_gray, fake, update):
        """-> [B] penalties at random points between real and generated pictures, with the gradient of the colours."""
        epsilon = self._uniform((tf.shape(color)[0], 1, 1, 1), INTERPOLATION, update)
        between = penalties.interpolate(color, fake, epsilon)
        gray = penalties.interpolate(real_gray, fake_gray, epsilon)
        with _taped(between) as inner:
            values = _per_image(self.state.discriminator(gray, between, training=True))
        return penalties.gradient_penalty(inner.gradient(values, between))

    def _generate(self, gray, color, update):
        """-> colours in training, and the logits of bins, if the head has some."""
        generator, given = self.state.generator, {}
        for number, row in enumerate(generator.inputs):

            def uniform(shape, k, number=number):
                return self._uniform(shape, INPUTS, number, update, k)

            given[row.name] = row.simulate(gray, color, row.shape(*tf.unstack(tf.shape(gray)[:3])), uniform)
        return generator(gray, given, training=True, with_logits=True)

    def _uniform(self, shape, *place):
        """-> uniform numbers in [0, 1), a function of seed, optimizer counts, replica and place.

        So a run that continues draws the same numbers, without a saved generator state.
        """
        seed = tf.constant([self.config.run.seed & 0x7FFFFFFF, self.config.run.seed >> 31], tf.int32)
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        counts = (self.state.g_optimizer.iterations.value, self.state.d_optimizer.iterations.value)
        for number in (*counts, replica, *place):
            seed = tf.random.experimental.stateless_fold_in(seed, tf.cast(number, tf.int32))
        return tf.random.stateless_uniform(shape, seed)

    def _adjusted(self, gray, color):
        """-> the true colours, moved to the desired saturation and hue (`--control-truth adjusted`)."""
        objective, space = self.config.objective, _space(self.config)
        desired = {"saturation": objective.desired_saturation, "hue": objective.desired_hue}
        return colors.encode(controls.adjust(colors.decode(gray, color, **space), **desired), **space)[1]

    def _update_average(self, updates):
        t = tf.cast(self.state.g_optimizer.iterations.value, tf.float32)
        decay = tf.minimum(self.config.optimizer.ema_decay, (1 + t) / (EMA_WARMUP + t)) ** updates
        for mean, live in zip(self.state.average.weights, self.state.generator.weights, strict=True):
            # Not decay x mean + (1 - decay) x live: its rounding would change even frozen weights.
            mean.value.assign_add((1 - decay) * (live.value - mean.value))


def _per_image(logits):
    """[B, ...] -> [B]: the mean judgement over a picture's patches."""
    return tf.reduce_mean(tf.reshape(logits, (tf.shape(logits)[0], -1)), axis=1)


def _values(network):
    return [v.value for v in network.trainable_variables]


@contextlib.contextmanager
def _taped(values):
    """-> a tape that watches only these variables."""
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(values)
        yield tape


def _apply(optimizer, tape, loss, network, *, partly=False):
    """Make one update. With `partly`, the loss need not depend on all variables."""
    pairs = list(zip(tape.gradient(loss, _values(network)), network.trainable_variables, strict=True))
    unreached = [v.path for g, v in pairs if g is None]
    if unreached and not partly:
        raise ValueError(f"The loss does not depend on {', '.join(unreached)}: the network has unused parts.")
    learned = [(g, v) for g, v in pairs if g is not None]
    optimizer.apply([g for g, _ in learned], [v for _, v in learned])


@contextlib.contextmanager
def frozen(generator, parts: int):
    """Within: the first `generator.parts`, counted from the input, do not learn and keep their moving statistics.

    It works while a step is traced, when Keras reads `trainable`, so each stage has its trace.
    """
    learning = [part for part in generator.parts[:parts] if part.trainable]  # an encoder can be frozen for ever
    for part in learning:
        part.trainable = False
    try:
        yield
    finally:
        for part in learning:
            part.trainable = True


def _check_stages(config, generator):
    parts, most = len(generator.parts), max((frozen for _, frozen in config.schedule.unfreeze), default=0)
    if most >= parts:
        raise ValueError(
            f"`--unfreeze`: the generator has {parts} parts, of which at least one must learn. Received: {most} frozen"
        )


def classifies(config: Config) -> bool:
    """-> whether a phase of the run has a loss on colour bins, which needs class weights."""
    schedule = config.schedule
    pretrains = schedule.pretrain_steps and schedule.pretrain != "l1"
    return bool(pretrains or config.objective.classification_weight)


def _check_replicas(config, replicas, jit):
    if replicas == 1:
        return
    if jit:
        raise ValueError("`--jit on` compiles for one device. Use --jit off with several devices.")
    if config.run.precision == "mixed_float16":
        # Keras' loss scaling checks the gradients of one replica only.
        raise ValueError("`--precision mixed_float16` runs on one device. Use mixed_bfloat16 with several.")
    size, parts = config.data.batch_size, replicas * (2 if config.objective.d_batches == "halves" else 1)
    if size % parts:
        of = "twice the number of devices" if parts > replicas else "the number of devices"
        raise ValueError(f"`--batch-size` must be a multiple of {of}, {parts}. Received: {size}")


def epsilon_accuracy(gray, truth, predicted, config: Config):
    """The original's accuracy of each image, at `acc_thresh` (see `evaluation/metrics.py` for its definition).

    Args:
        gray: [B, H, W, 1] float32 scaled gray.
        truth, predicted: [B, H, W, C] float32 scaled colour; L counts only where it is predicted.
        config: colour space, scale and threshold.

    Returns:
        [B, H, W, 1] float32, 1 for pixels within the threshold.
    """
    truth, predicted = (tf.round(colors.to_lab(gray, color, **_space(config))) for color in (truth, predicted))
    right = tf.abs(truth - predicted) <= config.evaluation.acc_thresh * tf.constant([1.0, 2.2, 2.2])
    return tf.cast(tf.reduce_all(right, -1, keepdims=True), tf.float32)


def _space(config):
    return {"color_space": config.data.color_space, "ab_scale": config.data.ab_scale}
