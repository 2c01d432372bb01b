"""`--mode class-weights`: the rebalancing weights of the colour bins, measured on the training set.

They are kept as `class_weights.json` in the run's folder, and measured again when the data or the bins change.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from colorgan import datasets
from colorgan.commands import common
from colorgan.files import whole
from colorgan.models import heads, quantization
from colorgan.settings import flags, rules
from colorgan.settings.config import Config

IMAGES = 5000  # photographs; more change nothing


def run(command: flags.Command) -> None:
    """Measure the weights, or find them, and print their path."""
    config = settings(command)
    weights = obtain(config, datasets.load(config.data, "train"))
    print(f"{weights.size} weights from {weights.min():.3g} to {weights.max():.3g}: {_path(config)}")


def settings(command: flags.Command) -> Config:
    """-> the settings of the run that a command names, or of the run that it would begin."""
    own = common.described(command)
    return common.stored_config(command, own) if own else command.config


def obtain(config: Config, photographs, *, keep=True) -> np.ndarray:
    """Find the weights of the head's bins in the run's folder, or measure them and keep them there.

    Args:
        config: names the head and the data.
        photographs: the training split.
        keep: whether to write what was measured.

    Returns:
        float32, in the shape that `objectives.rebalanced.cross_entropy` takes.

    Raises:
        ValueError: if the head has no bins, or the data change the colours (`rules.check_bins`).
    """
    bins = heads.build(config, kernel_size=1).bins
    if bins is None:
        raise ValueError(
            f"`--head {config.architecture.head}` has no colour bins to classify. Use --head channel-bins, joint-bins "
            "or color-and-bins"
        )
    rules.check_bins(config.data)
    rebalancing = {"uniform_mix": config.objective.uniform_mix, "exponent": config.objective.rebalance_exponent}
    key = {"bins": bins, **rebalancing, "images": IMAGES, "data": photographs.fingerprint()}
    path = _path(config)
    if path.exists():
        kept = json.loads(path.read_text())
        if key.items() <= kept.items():
            return np.asarray(kept["weights"], np.float32)
        print(f"{path} has other data, bins or rebalancing. Measuring again.", flush=True)
    else:
        print("Measuring how often each colour bin occurs in the training set.", flush=True)
    counts = quantization.histogram((batch["rgb"] for batch in photographs.pictures(64, limit=IMAGES)), bins=bins)
    weights = quantization.class_weights(counts, bins=bins, **rebalancing)
    if keep:
        whole.write(path, json.dumps({**key, "weights": weights.tolist()}) + "\n")
    return weights


def _path(config):
    return Path(config.run.checkpoints_path) / "class_weights.json"
