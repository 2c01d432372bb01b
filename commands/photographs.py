"""`--mode colorize`: photographs and films in, coloured ones out."""

from __future__ import annotations

import dataclasses
import glob
from pathlib import Path

from colorgan.settings import flags, modes


def run(command: flags.Command) -> int:
    """Colorize files, folders, globs and films at their own size; the exit status is 1 if one of them could not be."""
    wanted, photographs = command.config.colorizing, inputs(command)
    # Only now what takes seconds to import.
    from colorgan.commands import common
    from colorgan.serving import batch

    colorizer, _ = common.trained(command)
    return batch.colorize_files(
        colorizer,
        photographs,
        Path(wanted.test_output or "colorized"),
        settings=common.settings(wanted, colorizer),
        steering=_steering(command),
        smoothing=wanted.smoothing,
        film_codec=wanted.film_codec,
        film_quality=wanted.film_quality,
        overwrite=wanted.overwrite,
        weights_sha256=colorizer.stored.digest,
    )


def check(command: flags.Command, colorizer) -> None:
    """Raise, as `run` would, for what is asked of the colours and cannot be."""
    from colorgan.commands import common
    from colorgan.serving import asked, plan

    sources = [source for source, _ in plan.find(inputs(command))[0]]
    asked.wishes_of(_steering(command), sources, colorizer, common.settings(command.config.colorizing, colorizer))


def _steering(command):
    from colorgan.serving.asked import Steering

    values = command.config.flat()
    return Steering(**{field.name: values[field.name] for field in dataclasses.fields(Steering)})


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
