"""State to continue from (`checkpoints/`), and weights to use (`generator.weights.h5`): separate files, written whole.

Imports `training.state`, `models`, `weights.stored`, `settings` and `files.whole`.
"""

from __future__ import annotations

import functools
import json
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from colorgan.files import whole
from colorgan.models import discriminators, generators
from colorgan.settings.config import OPTIONS, Config, read
from colorgan.settings.options import flag_name
from colorgan.training.state import TrainState
from colorgan.weights.stored import WEIGHTS, find, load

CONFIG = "config.json"
BEST, BEST_WEIGHTS = "best.json", "best.weights.h5"
DISCRIMINATOR_WEIGHTS = "discriminator.weights.h5"  # for another run's `--network`


def check_directory(run_dir: Path, config: Config) -> None:
    """Check that a folder has no run, or a run that can continue with this configuration.

    Raises:
        ValueError: if the folder holds a run with other settings (they are named), or any run while `resume` is off, or
            is a file.
    """
    if run_dir.exists() and not run_dir.is_dir():
        raise ValueError(f"`--checkpoints-path`: {run_dir} is a file. Name a folder for the run.")
    path = run_dir / CONFIG
    # A run killed before its first checkpoint has left these too.
    if not path.exists() or not any((run_dir / name).exists() for name in ("checkpoints", "metrics.jsonl", BEST)):
        return
    if not config.run.resume:
        raise ValueError(
            f"`--resume False`: {run_dir} already holds a run. Give another --name or --checkpoints-path, or delete "
            "the folder."
        )
    if differences := read(path).differences(config):
        raise ValueError(
            f"{run_dir} holds a run with other settings:\n{_listed(differences)}\n"
            "Give another --name or --checkpoints-path, or the settings of that run."
        )


def record(run_dir: Path, config: Config) -> None:
    """Write a run's `config.json`, once it can begin or continue: a refused run must not replace it."""
    if not any((run_dir / "checkpoints").glob("ckpt-*")):
        for name in (BEST, BEST_WEIGHTS):  # from lost work: a new start need not beat it
            (run_dir / name).unlink(missing_ok=True)
    whole.write(run_dir / CONFIG, config.to_json())


def write_weights(model, path: Path) -> None:
    """Write a network's weights whole, in Keras' HDF5 format."""
    with whole.replacing(path) as (unfinished,):
        model.save_weights(unfinished)


def load_networks(path: Path, config: Config, state: TrainState) -> tuple[str, ...]:
    """Start from the networks of another run (`--network`): only weights, no optimizer state and no counters.

    Weights trained without `--conditions` can start a generator with conditions: the additions begin at zero.

    Args:
        path: a run's folder for both networks, or a weights file for the generator.
        config: of the new run.
        state: a fresh state.

    Returns:
        The names of the networks that were loaded.

    Raises:
        FileNotFoundError: if there are no weights.
        ValueError: if they do not fit the networks, or their numbers have another meaning.
    """
    files = {"generator": path}
    if path.is_dir():
        files = {"generator": path / WEIGHTS, "discriminator": path / DISCRIMINATOR_WEIGHTS}
    for file in files.values():
        if not file.is_file():
            raise FileNotFoundError(f"`--network`: no weights at {file}. Expected a run's folder or a weights file.")
    known = _check_same_networks(path, config, tuple(files))
    for name, file in files.items():
        network = getattr(state, name)
        if name == "generator" and known is not None and known != config.architecture.conditions:
            plain = generators.build(config.replace(conditions=known))
            load(plain, file, described_by="this run's settings")
            for mine, theirs in zip(network.plain_weights, plain.weights, strict=True):
                mine.assign(theirs)
        else:
            load(network, file, described_by="this run's settings")
    if state.average is not None:
        state.average.set_weights(state.generator.get_weights())
    return tuple(files)


def _check_same_networks(path, config, names):
    """Compare settings that the number of weights does not show: the scale of the colours, activations, a temperature.

    Returns:
        The conditions of the weights; None without a description.
    """
    try:
        other = find(path)
    except FileNotFoundError:  # weights without a description: only their number can be compared
        return None
    other.check()
    # `auto` normalization depends on the objective: its meaning is compared.
    mine, theirs = (
        one.flat() | {"d_normalization": discriminators.normalization(one)} for one in (config, other.config)
    )
    wanted = [name for name, one in OPTIONS.items() if one.network in names]
    if not other.config.architecture.conditions:
        wanted.remove("conditions")
    if differences := {n: (theirs[n], mine[n]) for n in wanted if mine[n] != theirs[n]}:
        raise ValueError(f"`--network`: {path} holds networks that differ from this run's:\n{_listed(differences)}")
    return other.config.architecture.conditions


def _listed(differences):
    return "\n".join(f"  {flag_name(n)}: {there} there, {now} now" for n, (there, now) in differences.items())


def _listed_in(directory):
    """-> the names of the checkpoints that a folder's file `checkpoint` lists, the newest last."""
    file = directory / "checkpoint"
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    lines = re.findall(r'^(all_)?model_checkpoint_paths?: "(.+)"$', text, re.MULTILINE)
    newest = [Path(name).name for all_, name in lines if not all_]  # the run continues from it, wherever listed
    return [name for _, path in lines if (name := Path(path).name) not in newest] + newest


def _known(directory):
    """-> the names of a folder's checkpoints, the newest last, unlisted before listed checkpoints."""
    listed, names = _listed_in(directory), (path.name.partition(".")[0] for path in directory.glob("ckpt-*.*"))
    others = {int(name[5:]): name for name in names if re.fullmatch(r"ckpt-\d+", name) and name not in listed}
    return [name for _, name in sorted(others.items())] + listed


def _damage(path):
    """-> the damage of a checkpoint, or "". It is read completely, and its checksums are compared."""
    try:
        reader = tf.train.load_checkpoint(str(path))
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    # TensorFlow's errors; IndexError is for a file that is too short.
    except (tf.errors.OpError, IndexError, ValueError) as error:
        return str(error).splitlines()[0]
    return ""


class Checkpoints:
    """Saves a run's state in its folder `checkpoints/`, keeps the last `keep`, and restores it.

    Only the chief writes the run's files. The other processes of a cluster must also save, because mirrored variables
    are read in step, but into a temporary folder.

    Attributes:
        notes: sentences about the restoring.
    """

    def __init__(self, run_dir: Path, state: TrainState, *, keep: int, chief: bool = True):
        self.run_dir, self.state, self.chief = Path(run_dir), state, chief
        self.directory = self.run_dir / "checkpoints"
        self.notes: list[str] = []
        self._keep = keep
        self._scratch = None if chief else tempfile.TemporaryDirectory()
        # Named lists, so a checkpoint does not depend on names of Python attributes.
        self.checkpoint = tf.train.Checkpoint(**state.variables())

    @functools.cached_property
    def manager(self) -> tf.train.CheckpointManager:
        """-> the manager that writes checkpoints and removes the oldest."""
        if self.chief and not _listed_in(self.directory):
            (self.directory / "checkpoint").unlink(missing_ok=True)  # it stops at a damaged list
        target = self.directory if self.chief else self._scratch.name
        return tf.train.CheckpointManager(self.checkpoint, str(target), max_to_keep=self._keep)

    def restore(self) -> dict | None:
        """Restore the newest undamaged checkpoint into the state.

        Returns:
            The `host` given to `save`, or None without a checkpoint.

        Raises:
            ValueError: if all checkpoints are damaged, or the newest does not fit the state.
        """
        known, damaged = _known(self.directory), []
        while known and (damage := _damage(self.directory / known[-1])):
            damaged.append(f"{known.pop()} ({damage})")
        said = f"{self.directory} has damaged checkpoints: {', '.join(damaged)}."
        if damaged and not known:
            raise ValueError(
                f"{said} There is no other checkpoint. Restore them from a copy, or start a new run with another "
                f"--name or --checkpoints-path. --network {self.run_dir} takes over its networks."
            )
        if not known:
            return None
        newest = self.directory / known[-1]
        self._restore(newest)
        if damaged:
            self._keep += len(damaged)  # damaged checkpoints must not displace others
            self.notes.append(f"{said} The run continues from {newest.name}, which is not damaged.")
        elif newest.name not in _listed_in(self.directory):
            self.notes.append(
                f"The file `checkpoint` in {self.directory}, which names the newest, is damaged or gone. The run "
                f"continues from {newest.name}, whose number is the highest."
            )
        return json.loads(self.state.host.numpy())

    def _restore(self, path):
        try:
            self.checkpoint.restore(str(path)).assert_consumed()
        except (AssertionError, tf.errors.OpError, ValueError) as error:
            raise ValueError(
                f"The checkpoint {path} does not fit this version or these settings: {error}\n"
                f"Start a new run with another --name or --checkpoints-path. {WEIGHTS} there remains usable."
            ) from error

    def average(self, count: int) -> list[str]:
        """Set the generator for results to the mean of its weights, batch statistics included, over the last
        checkpoints.

        At its end a run moves around a point that is better than its last state (Izmailov et al. 2018, "Averaging
        Weights Leads to Wider Optima and Better Generalization").

        Returns:
            The names of these `count` checkpoints, the oldest first.

        Raises:
            ValueError: if there are fewer, or one does not fit the state.
        """
        paths = [self.directory / name for name in _listed_in(self.directory)[-count:]]
        if len(paths) < count:
            raise ValueError(
                f"`--average-checkpoints {count}`: {self.directory} has only {len(paths)} checkpoints. Give at most "
                "that, or train with a higher --keep-checkpoints and a lower --save-interval."
            )
        sums = [np.zeros(value.shape, np.float64) for value in self.state.best_generator.get_weights()]
        for path in paths:
            if damage := _damage(path):
                raise ValueError(f"`--average-checkpoints {count}`: {path} is damaged: {damage}")
            self._restore(path)
            for total, value in zip(sums, self.state.best_generator.get_weights(), strict=True):
                total += value
        self.state.best_generator.set_weights([(total / count).astype(np.float32) for total in sums])
        return [path.name for path in paths]

    def save(self, host: dict) -> None:
        """Save the state, with `host` (JSON-able) inside, and the generator's weights for use.

        Raises:
            OSError: if they cannot be written; earlier checkpoints are kept.
        """
        self.state.host.assign(json.dumps(host))
        try:
            self.manager.save(checkpoint_number=host["iteration"])
        except tf.errors.OpError as error:
            for part in self.directory.glob("ckpt-*_temp"):
                shutil.rmtree(part, ignore_errors=True)
            reason = error.message.rpartition("; ")[2].partition(" [Op:")[0]
            raise OSError(
                f"The checkpoint of iteration {host['iteration']} cannot be written to {self.directory}: {reason}. "
                "Earlier checkpoints are kept. After a repair the same command continues from the newest."
            ) from error
        if self.chief:
            write_weights(self.state.best_generator, self.run_dir / WEIGHTS)
            write_weights(self.state.discriminator, self.run_dir / DISCRIMINATOR_WEIGHTS)
        else:
            shutil.rmtree(self.manager.directory, ignore_errors=True)

    def offer(self, report: dict) -> None:
        """Save the generator's weights as the best, with `best.json`, if they are the best so far.

        They are the best if `cost` is smaller, or if the old best used another `metric` or `validate_size`.
        """
        path = self.run_dir / BEST
        best = json.loads(path.read_text()) if path.exists() else {}
        comparable = all(best.get(name) == report[name] for name in ("metric", "validate_size"))
        if self.chief and (not comparable or report["cost"] < best["cost"]):
            write_weights(self.state.best_generator, self.run_dir / BEST_WEIGHTS)
            whole.write(path, json.dumps(report) + "\n")
