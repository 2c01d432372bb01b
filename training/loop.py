"""The order of things in a run: step, log, sample, validate, save. No maths.

Receives data, state, steps, checkpoints, writers, and what measures and samples; imports `schedules`, `config` and
`evaluation.metrics` (for a metric's direction).
"""

from __future__ import annotations

import contextlib
import math
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass

import tensorflow as tf

from colorgan.config import Config
from colorgan.evaluation import metrics
from colorgan.training import schedules
from colorgan.training.checkpoints import Checkpoints
from colorgan.training.state import TrainState
from colorgan.training.steps import Steps
from colorgan.training.writers import Writers


class DivergedError(RuntimeError):
    """A loss became NaN or infinite."""


@dataclass
class Position:
    """Where a run is; saved with every checkpoint.

    Attributes:
        iteration: iterations done.
        cursor: the next raw training example: epoch x size + place in the epoch's order.
        schedule: the schedule's memory.
        validation: the scheduled validation that the schedule has not seen yet, as a cost.
    """

    iteration: int = 0
    cursor: int = 0
    schedule: schedules.State = schedules.State()
    validation: float | None = None

    @classmethod
    def from_host(cls, host: dict) -> Position:
        """-> the position that a checkpoint's `host` holds."""
        return cls(**{**host, "schedule": schedules.State(**host["schedule"])})


class Loop:
    """Trains until the schedule's end or an interruption.

    Args:
        config: the run's configuration.
        state, steps, checkpoints: see their modules; the state is restored already.
        position: where the run starts or goes on.
        train: the training split; gives batches from a cursor on, counts what it dropped and checks its files.
        strategy: the devices.
        writers: where logs go.
        validate: () -> {metric: value}; or None.
        sample: () -> [H, W, 3] uint8 picture; or None.
    """

    def __init__(
        self,
        config: Config,
        *,
        state: TrainState,
        steps: Steps,
        checkpoints: Checkpoints,
        position: Position,
        train,
        strategy: tf.distribute.Strategy,
        writers: Writers,
        validate: Callable | None,
        sample: Callable | None,
    ):
        self.config, self.state, self.steps, self.checkpoints = config, state, steps, checkpoints
        self.position, self.train, self.strategy, self.writers = position, train, strategy, writers
        self.validate, self.sample = validate, sample
        self.pending: list[tuple[int, dict]] = []
        self.losses: dict[str, list[float]] = {}
        self.done_at = {"log": position.iteration, "sample": -1, "validate": -1, "save": position.iteration}

    def run(self) -> str:
        """Train.

        Returns:
            `finished`, or `interrupted` after SIGINT or SIGTERM; state and weights are saved in both cases.

        Raises:
            DivergedError: if a loss is not finite; the last good checkpoint is kept.
        """
        with interruptions() as interrupted:
            iterator = iter(self._batches())
            while not self._finished() and not interrupted:
                with self.train.clear_errors():
                    batch = next(iterator)
                self._iterate(batch)
            if self.done_at["log"] < self.position.iteration:
                self._log()
            if not interrupted:
                self._once("sample", self._sample)
                self._once("validate", self._validate)
            if self.done_at["save"] < self.position.iteration:
                self._save()
        self.train.warn_of_bad_files()
        return "interrupted" if interrupted else "finished"

    def _batches(self):
        def pipeline(context):
            return self.train.training_batches(
                context.get_per_replica_batch_size(self.config.data.batch_size),
                start=self.position.cursor,
                num_shards=context.num_input_pipelines,
                shard=context.input_pipeline_id,
            )

        return self.strategy.distribute_datasets_from_function(pipeline)

    def _finished(self) -> bool:
        limit, epochs = self.config.schedule.max_steps, self.config.schedule.epochs
        if limit and self.position.iteration >= limit:
            return True
        return bool(epochs) and self.position.cursor >= epochs * self.train.size

    def _iterate(self, batch) -> None:
        p, run = self.position, self.config.run
        measured = schedules.Measurements(validation=p.validation)
        p.schedule, action = schedules.act(self.config, p.schedule, measured)
        p.validation = None
        self.state.g_optimizer.learning_rate = action.g_lr
        self.state.d_optimizer.learning_rate = action.d_lr
        logs, cursor = self.steps.iterate(batch, action.d_updates, action.g_updates)
        epoch = p.cursor // self.train.size
        p.iteration, p.cursor = p.iteration + 1, int(cursor) + 1
        epoch_ended = p.cursor // self.train.size > epoch
        # Kept as tensors until the log interval: reading them would make a GPU wait at every iteration.
        self.pending.append((p.iteration, logs))
        self.last = {"g/lr": action.g_lr, "d/lr": action.d_lr, "epoch": p.cursor / self.train.size}
        self.counts = {name: batch[name] for name in ("dropped_gray", "bad")}
        self.writers.step(p.iteration)
        if p.iteration % run.log_interval == 0:
            self._log()
        if run.sample and p.iteration % run.sample_interval == 0:
            self._sample()
        if run.validate and (p.iteration % run.validate_interval == 0 if run.validate_interval else epoch_ended):
            p.validation = self._validate()
        if run.save and p.iteration % run.save_interval == 0:
            self._save()

    def _read(self) -> None:
        """Bring the pending iterations' losses to the host, and stop if one of them is not finite."""
        for iteration, logs in self.pending:
            for name, value in logs.items():
                number = float(value)
                if not math.isfinite(number):
                    raise DivergedError(
                        f"`{name}` became {number} at iteration {iteration}. The last good checkpoint is kept in "
                        f"{self.checkpoints.directory}; lower --lr, or use --precision float32, and go on from there."
                    )
                self.losses.setdefault(name, []).append(number)
        self.pending = []

    def _log(self) -> None:
        """Write the mean of the losses since the last row."""
        self._read()
        means = {name: sum(values) / len(values) for name, values in self.losses.items()}
        counts = {
            f"data/{name}": int(max(tf.reduce_max(v) for v in self.strategy.experimental_local_results(value)))
            for name, value in self.counts.items()
        }
        self.writers.scalars(self.position.iteration, {**means, **self.last, **counts})
        self.losses = {}
        self.done_at["log"] = self.position.iteration
        self.train.check()

    def _sample(self) -> None:
        self.done_at["sample"] = self.position.iteration
        if self.sample is not None and self.config.run.sample:
            self.writers.grid(self.position.iteration, self.sample())

    def _validate(self) -> float | None:
        """Measure, log, and keep the best weights; -> the best metric as a cost."""
        self.done_at["validate"] = self.position.iteration
        if self.validate is None or not self.config.run.validate:
            return None
        values = self.validate()
        p, name = self.position, self.config.run.best_metric
        self.writers.scalars(p.iteration, {f"val/{key}": value for key, value in values.items()})
        weights = {v.path: v.numpy() for v in self.state.generator.trainable_variables}
        self.writers.histograms(p.iteration, {f"weights/{path}": value for path, value in weights.items()})
        shown = "  ".join(f"{key} {value:.4g}" for key, value in values.items())
        self.writers.say(f"iteration {p.iteration}, validation: {shown}")
        cost = metrics.cost(name, values[name])
        best = self.checkpoints.best()
        if self.config.run.save and (best is None or best["metric"] != name or cost < best["cost"]):
            report = {"metric": name, "value": values[name], "cost": cost, "iteration": p.iteration}
            self.checkpoints.save_best(report)
        return cost

    def _save(self) -> None:
        if not self.config.run.save:
            return
        self._read()  # a state whose losses were not finite is not saved
        self.checkpoints.save(asdict(self.position))
        self.done_at["save"] = self.position.iteration

    def _once(self, what, action) -> None:
        if self.done_at[what] < self.position.iteration:
            action()


class _Flag(list):
    """Empty until a signal came; truthy after."""


@contextlib.contextmanager
def interruptions():
    """Within: SIGINT and SIGTERM end the run after the current iteration; a second SIGINT ends it at once.

    Yields:
        A value that is false until a signal came. Outside the main thread, where Python allows no handlers, it stays
        false.
    """
    flag = _Flag()

    def note(number, frame):
        if flag and number == signal.SIGINT:
            raise KeyboardInterrupt
        flag.append(number)

    previous = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            previous[number] = signal.signal(number, note)
    except ValueError:
        previous = {}
    try:
        yield flag
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
