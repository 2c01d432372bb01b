"""The order of things in a run: step, log, sample, validate, save. No maths.

Receives data, state, steps, checkpoints, writers, and functions that measure and sample. Imports `schedules`,
`distribution`, `settings.config` and `evaluation.definitions` (for a metric's direction).
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import tensorflow as tf

from colorgan.evaluation import definitions
from colorgan.settings.config import Config
from colorgan.training import distribution, schedules
from colorgan.training.checkpoints import Checkpoints
from colorgan.training.state import TrainState, set_rates
from colorgan.training.steps import Steps
from colorgan.training.writers import Writers


class DivergedError(FloatingPointError):
    """A loss became NaN or infinite."""


@dataclass
class Position:
    """A run's position, saved with every checkpoint."""

    iteration: int = 0  # iterations done
    cursors: tuple = (0,)  # next raw training example of each input pipeline: epoch x size + place in the epoch's order
    size: int = 0  # of the training split, to which the cursors belong
    schedule: schedules.State = schedules.State()
    seen: schedules.Measurements = schedules.Measurements()  # measurements that the schedule has not seen yet
    # Images so far, over all processes and restarts.
    left_out: dict = field(default_factory=lambda: {"dropped_gray": 0, "bad": 0})

    @classmethod
    def start(cls, host: dict | None, *, size: int, pipelines: int) -> Position:
        """-> the position of a new run, or of a checkpoint, for a training split of this size.

        If the number of input pipelines has changed, all continue at the slowest's place.

        Raises:
            ValueError: if the checkpoint is from an earlier version, or the size of the training split has changed.
        """
        if host is None:
            return cls(cursors=tuple(range(pipelines)), size=size)
        if "seen" not in host:
            raise ValueError(
                "The checkpoint is from an earlier version and lacks values. Start a new run with another --name or "
                "--checkpoints-path. --network takes over its networks."
            )
        if host["size"] != size:
            raise ValueError(
                f"`--dataset-path`: the training split has {size} images now, but had {host['size']} when the run was "
                "saved, so their order differs. Restore the files and --validation-fraction, or start a new run with "
                "another --name or --checkpoints-path."
            )
        cursors = host["cursors"]
        if len(cursors) != pipelines:
            cursors = [min(cursors) + shard for shard in range(pipelines)]
        memory, seen = schedules.State.from_dict(host["schedule"]), schedules.Measurements(**host["seen"])
        return cls(**{**host, "schedule": memory, "seen": seen, "cursors": tuple(cursors)})

    @property
    def epochs(self) -> float:
        """Passes over the training split so far."""
        return min(self.cursors) / self.size


@dataclass
class Loop:
    """Trains until the schedule's end or an interruption."""

    config: Config
    state: TrainState  # already restored
    steps: Steps
    checkpoints: Checkpoints
    position: Position  # where the run starts or continues
    train: object  # training split: batches from a cursor on, and counts of dropped images
    strategy: tf.distribute.Strategy
    writers: Writers
    validate: Callable  # () -> {metric: value}
    sample: Callable | None  # () -> [H, W, 3] uint8, a picture

    def __post_init__(self):
        """Start with empty logs. Work already done at this iteration is not repeated."""
        self.pending: list[tuple[int, dict]] = []
        self.losses: dict[str, list[float]] = {}
        here = self.position.iteration  # a run already at its end samples once more
        self.done_at = {"log": here, "sample": -1, "validate": here if self.writers.validated else -1, "save": here}

    def run(self, interrupted) -> bool:
        """Train until the schedule's end or until `interrupted` (see `interruptions`) becomes true in a process.

        At its end a run saves, logs, samples and validates once more. An interrupted run only saves and logs, because
        the sender of SIGTERM may not wait for a validation.

        Returns:
            Whether it was interrupted.

        Raises:
            DivergedError: if a loss or a weight is not finite; the last good checkpoint is kept.
        """
        iterator = iter(self._batches())
        while not (stopped := self._signalled(interrupted)) and not self._is_over():
            with self.train.clear_errors():
                batch = next(iterator)
            self._iterate(batch)
        self._once("save", self._save)  # before steps that can fail
        self._once("log", self._log)
        for what, action in (("sample", self._sample), ("validate", self._validate)):
            if not (stopped or interrupted):  # a signal can come this late
                self._once(what, action)
        self.train.warn_of_bad_files()
        return stopped

    def _signalled(self, interrupted) -> bool:
        """-> whether any process received a signal. All must stop after the same iteration, or they hang."""
        return any(distribution.gather(self.strategy, int(bool(interrupted))))

    def _batches(self):
        def pipeline(context):
            return self.train.training_batches(
                context.get_per_replica_batch_size(self.config.data.batch_size),
                start=self.position.cursors[context.input_pipeline_id],
                num_shards=context.num_input_pipelines,
            )

        return self.strategy.distribute_datasets_from_function(pipeline)

    def _is_over(self) -> bool:
        return schedules.is_over(self.config, self.position.schedule, self.position.seen)

    def _iterate(self, batch) -> None:
        p, run = self.position, self.config.run
        action = self._act()
        set_rates(self.state, g_lr=action.g_lr, d_lr=action.d_lr, encoder_factor=action.encoder_factor)
        logs = self.steps.iterate(batch, action)
        epochs = p.epochs
        p.iteration, p.cursors = p.iteration + 1, self._next_cursors(batch)
        epoch_ended = int(p.epochs) > int(epochs)
        names = ("accuracy", "gap") if schedules.watches(self.config) else ()
        judged = {name: float(logs[f"d/{name}"]) for name in names if f"d/{name}" in logs}
        p.seen = schedules.Measurements(epochs=p.epochs, **judged)
        # Tensors until the log interval: reading them would make a GPU wait at every iteration.
        self.pending.append((p.iteration, logs))
        self.last = {"g/lr": action.g_lr, "d/lr": action.d_lr, "epoch": p.epochs}
        if p.schedule.ratio:
            self.last["d/ratio"] = p.schedule.ratio
        self.counts = {name: batch[name] for name in ("dropped_gray", "bad")}
        self.writers.step(p.iteration)
        if p.iteration % run.log_interval == 0:
            self._log()
        if run.sample and p.iteration % run.sample_interval == 0:
            self._sample()
        if run.validate and (p.iteration % run.validate_interval == 0 if run.validate_interval else epoch_ended):
            self._note(self._validate())
        if run.save and p.iteration % run.save_interval == 0:
            self._save()

    def _note(self, values: dict) -> None:
        """Give a validation to the schedule, unless the run ends: it sees the next validation."""
        p, stop = self.position, self.config.schedule.stop_colorfulness
        # The chief's numbers: all processes must decay learning rates and end with the same numbers.
        cost = definitions.cost(self.config.run.best_metric, values[self.config.run.best_metric])
        seen = {"validation": cost, "colorfulness": values["colorfulness_ratio"]}
        seen = {name: distribution.gather(self.strategy, float(value))[0] for name, value in seen.items()}
        p.seen = dataclasses.replace(p.seen, **seen)
        if schedules.is_colorful(self.config, p.schedule, p.seen):
            self.writers.say(f"The run ends: colorfulness_ratio has reached --stop-colorfulness {stop:g}.")

    def _act(self) -> schedules.Action:
        p, before = self.position, self.position.schedule
        p.schedule, action = schedules.act(self.config, before, p.seen)
        if before.phase != action.phase and (before.phase or action.phase != "adversarial"):
            self.writers.say(f"iteration {p.iteration}: phase {action.phase}")
        return action

    def _next_cursors(self, batch) -> tuple:
        """-> the next cursor of each input pipeline; each of n pipelines takes every n-th raw example."""
        return tuple(cursor + len(self.position.cursors) for cursor in self._last(batch["cursor"]))

    def _last(self, numbers) -> list:
        """-> the greatest number of a batch in each process."""
        local = self.strategy.experimental_local_results(numbers)
        return distribution.gather(self.strategy, max(int(np.max(one)) for one in local))

    def _read(self) -> None:
        """Read the losses of the pending iterations, and stop if a loss is not finite."""
        for iteration, logs in self.pending:
            for name, value in logs.items():
                number = float(value)
                if not math.isfinite(number):
                    raise self._diverged(f"`{name}` became {number}", iteration)
                self.losses.setdefault(name, []).append(number)
        self.pending = []

    def _diverged(self, what, iteration) -> DivergedError:
        kept = f"The last good checkpoint is kept in {self.checkpoints.directory}"
        return DivergedError(
            f"{what} at iteration {iteration}. {kept if self.done_at['save'] else 'No checkpoint was saved before'}. "
            "Start a new run with another --name or --checkpoints-path, and a lower --lr or --precision float32."
        )

    def _log(self) -> None:
        """Write the mean of the losses since the last row."""
        self._read()
        means = {name: sum(values) / len(values) for name, values in self.losses.items()}
        counts = {f"data/{name}": count for name, count in self._left_out().items()}
        self.writers.scalars(self.position.iteration, {**means, **self.last, **counts})
        self.losses = {}
        if self.config.schedule.epochs:  # an epoch is shorter by the images left out
            total = self.position.iteration * self.config.schedule.epochs / self.position.epochs
            self.writers.expect(min(total, self.config.schedule.max_steps or total))
        self.done_at["log"] = self.position.iteration
        self.train.warn_of_bad_files(only_after_a_pass=True)

    def _left_out(self) -> dict:
        """-> the position's `left_out` plus the streams' counts since they started."""
        return {name: before + sum(self._last(self.counts[name])) for name, before in self.position.left_out.items()}

    def _sample(self) -> None:
        self._read()
        self.done_at["sample"] = self.position.iteration
        if self.sample is not None and self.config.run.sample:
            self.writers.grid(self.position.iteration, self.sample())

    def _validate(self) -> dict | None:
        """Measure, log, and keep the best weights; -> {metric: value}."""
        self._read()
        self.done_at["validate"] = self.position.iteration
        if not self.config.run.validate:
            return None
        self._check_weights()
        values = self.validate()
        p, name = self.position, self.config.run.best_metric
        self.writers.scalars(p.iteration, {f"val/{key}": value for key, value in values.items()})
        shown = "  ".join(f"{key} {value:.4g}" for key, value in values.items())
        self.writers.say(f"iteration {p.iteration}, validation: {shown}")
        cost, size = definitions.cost(name, values[name]), self.config.run.validate_size
        if self.config.run.save and math.isfinite(cost):  # a value that does not exist is never the best
            report = {"metric": name, "validate_size": size, "value": values[name], "cost": cost}
            self.checkpoints.offer(report | {"iteration": p.iteration})
        return values

    def _save(self) -> None:
        if not self.config.run.save:
            return
        self._read()
        self._check_weights()
        self.checkpoints.save(dataclasses.asdict(self.position) | {"left_out": self._left_out()})
        self.done_at["save"] = self.position.iteration

    def _check_weights(self) -> None:
        """Losses are from before the last update; a gradient that was not finite shows only in the weights."""
        for network in (self.state.generator, self.state.discriminator):
            for v in network.trainable_variables:
                if not np.isfinite(tf.reduce_sum(v.value)):
                    raise self._diverged(f"The weights {v.path} are no longer finite", self.position.iteration)

    def _once(self, what, action) -> None:
        if self.done_at[what] < self.position.iteration:
            action()


@contextlib.contextmanager
def interruptions():
    """Within: SIGINT, SIGTERM and SIGHUP end the run after the current iteration; a second SIGINT ends it at once.

    SIGHUP comes when a terminal is closed. It is ignored under `nohup`, and stays so.

    Yields:
        The list of signals received. Outside the main thread Python allows no handlers, and it stays empty.
    """
    came, previous, awaited = [], {}, [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # Windows has none
        awaited.append(signal.SIGHUP)

    def note(number, frame):
        if came and number == signal.SIGINT:
            raise KeyboardInterrupt
        came.append(number)

    with contextlib.suppress(ValueError):
        for number in awaited:
            previous[number] = signal.signal(number, note)
    try:
        yield came
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
