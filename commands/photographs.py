"""`--mode colorize`: photographs and films in, coloured ones out."""

from __future__ import annotations

import glob
from pathlib import Path

from colorgan.settings import flags, modes

STEERING = ("hints", "reference", "desired_saturation", "desired_hue", "variants", "doubt")


def run(command: flags.Command) -> int:
    """Colorize files, folders, globs and films at their own size; the exit status is 1 if one of them could not be."""
    wanted, values, photographs = command.config.colorizing, command.config.flat(), inputs(command)
    # Only now what takes seconds to import.
    from colorgan.commands import common
    from colorgan.serving import batch
    from colorgan.serving.asked import Steering

    colorizer, _ = common.trained(command)
    return batch.colorize_files(
        colorizer,
        photographs,
        Path(wanted.test_output or "colorized"),
        settings=common.settings(wanted, colorizer),
        steering=Steering(**{name: values[name] for name in STEERING}),
        smoothing=wanted.smoothing,
        overwrite=wanted.overwrite,
        weights_sha256=colorizer.stored.digest,
    )


def inputs(command: flags.Command) -> list[str]:
    """-> the photographs, films, folders and patterns that a command names.

    Raises:
        ValueError: if there are none.
        FileNotFoundError: if none of them is there, or, where outputs are replaced, not all of them.
    """
    wanted = command.config.colorizing
    named = [*command.inputs, *([wanted.test_input] if wanted.test_input else [])]
    if not named:
        usage = f"{modes.command('colorize')} PHOTO [PHOTO ...]"
        raise ValueError(f"No photograph to colorize. Give files or folders: {usage}")
    gone = [one for one in named if not (Path(one).exists() or glob.has_magic(one))]
    # One of several is no reason to stop, unless outputs are replaced: it may be a mistyped value of --overwrite.
    if len(gone) == len(named) or (gone and wanted.overwrite):
        raise FileNotFoundError("; ".join(f"{one} is not there" for one in gone))
    return named
