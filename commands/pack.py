"""`--mode pack`: write trained weights as two small files to pass on, for --weights."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import tensorflow as tf

from colorgan.commands import common
from colorgan.files import whole
from colorgan.settings import flags
from colorgan.training import checkpoints, state
from colorgan.weights import card, packing, stored


def run(command: flags.Command) -> None:
    """Write `--output NAME.weights.h5`, kernels in float16, NAME.weights.json next to it, and a card, NAME.md."""
    wanted = command.config.colorizing
    if not wanted.test_output:
        raise flags.UsageError(f"`pack` needs --output, the file to write: --output NAME{stored.SUFFIX}")
    path = Path(wanted.test_output)
    described = path.with_name(packing.packed_name(path))
    written = card.path_of(path)
    for file in (path, described, written):
        if file.exists() and not wanted.overwrite:
            raise FileExistsError(f"{file} exists. Give another --output, or --overwrite to replace it.")
    colorizer, config = common.trained(command)
    own, generator = colorizer.stored, colorizer.generator
    if wanted.average_checkpoints > 1:
        _average(own, config, generator)
    if wanted.saturation != 1:
        _raise_chroma(config, generator)
    with tempfile.TemporaryDirectory() as folder:
        final = dataclasses.replace(own, weights=Path(folder) / stored.WEIGHTS, sha256="")
        checkpoints.write_weights(generator, final.weights)
        packed = packing.pack(final, path, median_ab=own.median_ab or common.median_ab(config))
    run_dir = None if own.packed else own.weights.parent
    whole.write(written, card.text(packed, run_dir, parameters=generator.count_params()))
    megabytes = packed.weights.stat().st_size / 1e6
    print(f"{packed.weights} ({megabytes:.1f} MB, SHA-256 {packed.sha256}) and {packed.described_by.name}")
    print(f"{written} is their card, made from the run's files. Complete it: faults, licences of the photographs.")


def _raise_chroma(config, generator):
    """Multiply the chroma in the weights by `--saturation`."""
    if not hasattr(generator.head, "raise_chroma") or config.data.color_space == "rgb":
        raise ValueError(
            f"`--saturation`: the chroma of --head {config.architecture.head} with --color-space "
            f"{config.data.color_space} cannot be raised in the weights. Leave it out, and give --saturation when you "
            "colorize."
        )
    generator.raise_chroma(config.colorizing.saturation)


def _average(own, config, generator):
    """Set the generator's weights to the mean of its run's last checkpoints."""
    if own.packed or own.weights.name != stored.WEIGHTS:
        raise ValueError(f"`--average-checkpoints` needs a run, given by its folder. Received: {own.weights}")
    trained, count = state.create(config, tf.distribute.get_strategy()), config.colorizing.average_checkpoints
    names = checkpoints.Checkpoints(own.weights.parent, trained, keep=count).average(count)
    print(f"The mean of {', '.join(names)}.")
    generator.set_weights(trained.best_generator.get_weights())
