"""The order of things in a run: step, log, sample, validate, save. No maths.

Receives data, state, steps, checkpoints, writers, and what measures and samples; imports `schedules`, `distribution`,
`config` and `evaluation.definitions` (for a metric's direction).
"""

from __future__ import annotations

import contextlib
import math
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

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
    """Where a run is; saved with every checkpoint.

    Attributes:
        iteration: iterations done.
        cursors: the next raw training example of each input pipeline: epoch x size + place in the epoch's order.
        size: of the training split; cursors mean nothing in another.
        schedule: the schedule's memory.
        validation: the scheduled validation that the schedule has not seen yet, as a cost.
        colorfulness: the colourfulness ratio of the last scheduled validation, if that was of the adversarial phase.
        accuracy, gap: the discriminator's, of the last iteration, where the schedule watches them.
        left_out: images left out so far, gray ones and unreadable ones, over all processes and restarts.
    """

    iteration: int = 0
    cursors: tuple = (0,)
    size: int = 0
    schedule: schedules.State = schedules.State()
    validation: float | None = None
    colorfulness: float | None = None
    accuracy: float | None = None
    gap: float | None = None
    left_out: dict = field(default_factory=lambda: {"dropped_gray": 0, "bad": 0})

    @classmethod
    def start(cls, host: dict | None, *, size: int, pipelines: int) -> Position:
        """Where a run begins or goes on.

        Args:
            host: what a checkpoint holds, or None.
            size: of the training split.
            pipelines: input pipelines; with another number than before, all go on where the slowest was.

        Raises:
            ValueError: if the training split has another size than when the checkpoint was saved.
        """
        if host is None:
            return cls(cursors=tuple(range(pipelines)), size=size)
        if host["size"] != size:
            raise ValueError(
                f"`--dataset-path`: the training split has {size} images now and had {host['size']} when the run was "
                "saved, so that its order is another. Restore the files and what is held out of them "
                "(--validation-fraction), or start anew with another --name or --checkpoints-path."
            )
        cursors = host["cursors"]
        if len(cursors) != pipelines:
            cursors = [min(cursors) + shard for shard in range(pipelines)]
        return cls(**{**host, "schedule": schedules.State.from_dict(host["schedule"]), "cursors": tuple(cursors)})

    @property
    def epochs(self) -> float:
        """Passes over the training split so far."""
        return min(self.cursors) / self.size


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
        here = position.iteration  # a run that is at its end already samples once more, and validates if it has not
        validated = here if writers.kept("val/") else -1
        self.done_at = {"log": here, "sample": -1, "validate": validated, "save": here}

    def run(self, interrupted) -> bool:
        """Train until the schedule's end or until `interrupted` (see `interruptions`) becomes true in a process.

        A run that ends saves, logs, samples and validates once more. One that is interrupted saves and logs only:
        whoever sent SIGTERM may not wait for a validation.

        Returns:
            Whether it was interrupted.

        Raises:
            DivergedError: if a loss or a weight is not finite; the last good checkpoint is kept.
        """
        iterator = iter(self._batches())
        while not (stopped := self._signalled(interrupted)) and not self._finished():
            with self.train.clear_errors():
                batch = next(iterator)
            self._iterate(batch)
        self._once("save", self._save)  # before what may fail
        self._once("log", self._log)
        for what, action in (("sample", self._sample), ("validate", self._validate)):
            if not (stopped or interrupted):  # the signal may come as late as this
                self._once(what, action)
        self.train.warn_of_bad_files()
        return stopped

    def _signalled(self, interrupted) -> bool:
        """-> whether a signal came to any of the processes: they stop after the same iteration, or hang."""
        return any(distribution.gather(self.strategy, int(bool(interrupted))))

    def _batches(self):
        def pipeline(context):
            return self.train.training_batches(
                context.get_per_replica_batch_size(self.config.data.batch_size),
                start=self.position.cursors[context.input_pipeline_id],
                num_shards=context.num_input_pipelines,
            )

        return self.strategy.distribute_datasets_from_function(pipeline)

    def _finished(self) -> bool:
        limit, epochs = self.config.schedule.max_steps, self.config.schedule.epochs
        if limit and self.position.iteration >= limit:
            return True
        if epochs and self.position.epochs >= epochs:
            return True
        stop, reached = self.config.schedule.stop_colorfulness, self.position.colorfulness
        return bool(stop) and reached is not None and reached >= stop

    def _iterate(self, batch) -> None:
        p, run = self.position, self.config.run
        action = self._act()
        set_rates(self.state, g_lr=action.g_lr, d_lr=action.d_lr, encoder_factor=action.encoder_factor)
        logs = self.steps.iterate(batch, action)
        epochs = p.epochs
        p.iteration, p.cursors = p.iteration + 1, self._next_cursors(batch)
        epoch_ended = int(p.epochs) > int(epochs)
        if schedules.watches(self.config):
            p.accuracy, p.gap = (float(logs[key]) if key in logs else None for key in ("d/accuracy", "d/gap"))
        # Kept as tensors until the log interval: reading them would make a GPU wait at every iteration.
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

    def _note(self, values: dict | None) -> None:
        """What the schedule sees of a validation, which one at a run's end it does not: the next one it will."""
        p, stop = self.position, self.config.schedule.stop_colorfulness
        if values is None:
            return
        # The chief's: what decays a learning rate or ends a run must be the same number in all processes.
        cost = definitions.cost(self.config.run.best_metric, values[self.config.run.best_metric])
        p.validation = distribution.gather(self.strategy, float(cost))[0]
        if p.schedule.phase == "adversarial":
            p.colorfulness = distribution.gather(self.strategy, float(values["colorfulness_ratio"]))[0]
            if stop and p.colorfulness >= stop:
                self.writers.say(f"The run ends: colorfulness_ratio has reached --stop-colorfulness {stop:g}.")

    def _act(self) -> schedules.Action:
        p, before = self.position, self.position.schedule
        measured = schedules.Measurements(epochs=p.epochs, accuracy=p.accuracy, gap=p.gap, validation=p.validation)
        p.schedule, action = schedules.act(self.config, before, measured)
        p.validation = None
        if before.phase != action.phase and (before.phase or action.phase != "adversarial"):
            self.writers.say(f"iteration {p.iteration}: phase {action.phase}")
        return action

    def _next_cursors(self, batch) -> tuple:
        """Where each input pipeline goes on; a pipeline takes every n-th raw example of n pipelines."""
        local = self.strategy.experimental_local_results(batch["cursor"])
        last = max(int(np.max(cursors)) for cursors in local)
        return tuple(cursor + len(self.position.cursors) for cursor in distribution.gather(self.strategy, last))

    def _read(self) -> None:
        """Bring the pending iterations' losses to the host, and stop if one of them is not finite."""
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
            f"{what} at iteration {iteration}. {kept if self.checkpoints.any() else 'No checkpoint was saved before'}. "
            "Start anew under another --name or --checkpoints-path with a lower --lr, or with --precision float32."
        )

    def _log(self) -> None:
        """Write the mean of the losses since the last row."""
        self._read()
        means = {name: sum(values) / len(values) for name, values in self.losses.items()}
        counts = {f"data/{name}": count for name, count in self._left_out().items()}
        self.writers.scalars(self.position.iteration, {**means, **self.last, **counts})
        self.losses = {}
        if self.config.schedule.epochs:  # which are shorter by what is left out of them
            total = self.position.iteration * self.config.schedule.epochs / self.position.epochs
            self.writers.expect(min(total, self.config.schedule.max_steps or total))
        self.done_at["log"] = self.position.iteration
        self.train.check()

    def _left_out(self) -> dict:
        """-> the position's `left_out`, with what the streams have counted since they started."""
        totals = {}
        for name, before in self.position.left_out.items():
            local = self.strategy.experimental_local_results(self.counts[name])
            counted = distribution.gather(self.strategy, max(int(np.max(counts)) for counts in local))
            totals[name] = before + sum(counted)
        return totals

    def _sample(self) -> None:
        self._read()
        self.done_at["sample"] = self.position.iteration
        if self.sample is not None and self.config.run.sample:
            self.writers.grid(self.position.iteration, self.sample())

    def _validate(self) -> dict | None:
        """Measure, log, and keep the best weights; -> {metric: value}."""
        self._read()
        self.done_at["validate"] = self.position.iteration
        if self.validate is None or not self.config.run.validate:
            return None
        self._check_weights()
        values = self.validate()
        p, name = self.position, self.config.run.best_metric
        self.writers.scalars(p.iteration, {f"val/{key}": value for key, value in values.items()})
        weights = {v.path: v.numpy() for v in self.state.generator.trainable_variables}
        self.writers.histograms(p.iteration, {f"weights/{path}": value for path, value in weights.items()})
        shown = "  ".join(f"{key} {value:.4g}" for key, value in values.items())
        self.writers.say(f"iteration {p.iteration}, validation: {shown}")
        cost = definitions.cost(name, values[name])
        best, measured = self.checkpoints.best(), {"metric": name, "validate_size": self.config.run.validate_size}
        comparable = best is not None and all(best.get(key) == value for key, value in measured.items())
        if self.config.run.save and (not comparable or cost < best["cost"]):
            report = measured | {"value": values[name], "cost": cost, "iteration": p.iteration}
            self.checkpoints.save_best(report)
        return values

    def _save(self) -> None:
        if not self.config.run.save:
            return
        self._read()
        self._check_weights()
        self.checkpoints.save(asdict(self.position) | {"left_out": self._left_out()})
        self.done_at["save"] = self.position.iteration

    def _check_weights(self) -> None:
        """The losses are of before the last update; a gradient that was not finite shows in the weights only."""
        for network in (self.state.generator, self.state.discriminator):
            for v in network.trainable_variables:
                if not np.isfinite(tf.reduce_sum(v.value)):
                    raise self._diverged(f"The weights {v.path} are no longer finite", self.position.iteration)

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
