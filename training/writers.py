"""What a run writes while it trains: metrics.jsonl, TensorBoard's files, sample grids, curves, the live line.

Imports `settings.config` and `files.whole`. In a cluster only the chief's writers write.
"""

from __future__ import annotations

import itertools
import json
import math
import time
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams
from tqdm import tqdm

from colorgan.files import whole
from colorgan.settings.config import OPTIONS, Config

# The live line has room for these.
SHOWN = {"g/l1": "l1", "g/classification": "class", "g/adv": "adv", "d/loss": "d", "d/accuracy": "acc", "g/lr": "lr"}


class Writers:
    """Everything that a run writes except its checkpoints, as `config.run` says.

    Args:
        start: iteration at which the run continues; later rows of metrics.jsonl, which are lost work, are dropped.
        total: expected iterations in all, for the ETA; None if the run is open-ended.
        active: whether this process writes at all.

    Attributes:
        validated: whether metrics.jsonl has a validation of iteration `start`.
    """

    def __init__(self, run_dir: Path, config: Config, *, start: int, total: int | None, active: bool = True):
        self.run_dir, self.config, self.active = Path(run_dir), config, active
        self.metrics = self.run_dir / "metrics.jsonl"
        self.events, self.validated = None, False
        if active and config.run.log:
            if self.metrics.exists():
                rows = [row for row in read_rows(self.metrics) if row["iteration"] <= start]
                self.validated = any(key.startswith("val/") for row in rows if row["iteration"] == start for key in row)
                whole.write(self.metrics, "".join(json.dumps(row) + "\n" for row in rows))
            self.events = tf.summary.create_file_writer(str(self.run_dir / "events"))
            with self.events.as_default(step=start):
                hparams.hparams(hyperparameters(config), trial_id=self.run_dir.name)
        self.bar = tqdm(
            total=total, initial=start, unit="it", disable=not active, dynamic_ncols=True, mininterval=0.5, miniters=1
        )

    def step(self, iteration: int) -> None:
        """Move the live line to this iteration."""
        self.bar.update(iteration - self.bar.n)

    def expect(self, total: float) -> None:
        """Update the expected number of iterations, for the ETA."""
        self.bar.total = math.ceil(total - 1e-6)  # the last iteration can go past an epoch's end

    def say(self, text: str) -> None:
        """Print a line above the live line."""
        if self.active:
            self.bar.write(text)

    def scalars(self, iteration: int, values: dict[str, float]) -> None:
        """Log numbers by their log keys: a row of metrics.jsonl, TensorBoard scalars, the live line."""
        shown = {short: f"{values[key]:.3g}" for key, short in SHOWN.items() if key in values}
        if shown:
            self.bar.set_postfix(shown, refresh=False)
        if self.events is None:
            return
        row = {"iteration": iteration, "time": round(time.time(), 3), **values}
        with self.metrics.open("a") as file:
            file.write(json.dumps(row) + "\n")
        with self.events.as_default(step=iteration):
            for key, value in values.items():
                tf.summary.scalar(key, value)

    def grid(self, iteration: int, image: np.ndarray) -> None:
        """Write a picture, [H, W, 3] uint8 RGB, as samples/ITERATION.png and to TensorBoard."""
        if not self.active:
            return
        path = self.run_dir / "samples" / f"{iteration:08d}.png"
        with whole.replacing(path) as (unfinished,):
            if not cv2.imwrite(str(unfinished), image[..., ::-1]):
                raise OSError(f"Could not write {path}")
        if self.events is not None:
            with self.events.as_default(step=iteration):
                tf.summary.image("samples", image[None])

    def close(self) -> None:
        """Draw curves.png if wanted, flush, and end the live line."""
        if self.active and self.config.run.visualize and self.metrics.exists():
            draw_curves(read_rows(self.metrics), self.run_dir / "curves.png", window=self.config.run.visualize_window)
        if self.events is not None:
            self.events.close()
        self.bar.close()


def hyperparameters(config: Config) -> dict:
    """-> {setting: a number or text} for TensorBoard's HPARAMS: all settings of a training."""
    values = config.flat()
    names = [one.name for one in OPTIONS.values() if "train" in one.modes and not one.path and one.section != "run"]
    plain = {name: values[name] for name in (*names, "seed", "preset", "precision") if values[name] is not None}
    return {name: one if isinstance(one, (bool, int, float)) else str(one) for name, one in plain.items()}


def read_rows(path: Path) -> list[dict]:
    """-> the rows of metrics.jsonl; an incomplete last line is left out.

    Raises:
        ValueError: if another line is not JSON; it names file and line.
    """
    lines = path.read_text().splitlines()
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise ValueError(
                    f"{path}, line {number}, is not JSON: {error}. Remove the line to continue."
                ) from error
    return rows


def draw_curves(rows: list[dict], path: Path, *, window: int) -> None:
    """Plot the logged quantities over iterations as a PNG, except constant quantities.

    Args:
        rows: of metrics.jsonl.
        path: of the PNG; not written if there is nothing to plot.
        window: rows of the exponential moving average over losses; drawn only if there are more rows.
    """
    from matplotlib.figure import Figure

    series = {}
    for key in sorted({key for row in rows for key in row if "/" in key}):
        points = np.array([(row["iteration"], row[key]) for row in rows if key in row], dtype=float)
        if np.ptp(points[:, 1]) > 0:
            series[key] = points
    if not series:
        return
    columns, lines = 3, -(-len(series) // 3)
    figure = Figure(figsize=(5 * columns, 3 * lines), layout="constrained")
    for place, (key, points) in enumerate(series.items(), start=1):
        smoothed = is_noisy(key) and len(points) > window
        axes = figure.add_subplot(lines, columns, place, title=key, xlabel="iteration")
        axes.plot(points[:, 0], points[:, 1], color="lightgray" if smoothed else "tab:blue")
        if smoothed:
            axes.plot(points[:, 0], moving_average(points[:, 1], window), color="tab:blue")
    with whole.replacing(path) as (unfinished,):
        figure.savefig(unfinished)


def is_noisy(key: str) -> bool:
    """Whether a logged quantity belongs to a batch, not a learning rate, a count or a validation, and needs
    smoothing."""
    return key.startswith(("g/", "d/")) and not key.endswith(("/lr", "/ratio"))


def moving_average(values: np.ndarray, window: int) -> np.ndarray:
    """Exponential moving average of span `window`, without bias towards its start. [N] -> [N] float64."""
    decay = 1 - 2 / (window + 1)
    totals = list(itertools.accumulate(values, lambda total, value: decay * total + value))
    return np.array(totals) * (1 - decay) / (1 - decay ** np.arange(1, len(values) + 1))
