"""`--mode colorize`: photographs in, coloured photographs out."""

from __future__ import annotations

from pathlib import Path

from colorgan import flags
from colorgan.commands import common
from colorgan.serving import photos


def run(command: flags.Command) -> int:
    """Colorize files at their own size."""
    inputs = [*command.inputs, *([command.config.run.test_input] if command.config.run.test_input else [])]
    if not inputs:
        raise ValueError("No photograph to colorize. Give files or folders: python colorize.py PHOTO [PHOTO ...]")
    colorizer, config = common.trained(command)
    output = Path(command.config.run.test_output or "colorized")
    return photos.colorize_files(colorizer, inputs, output, work_size=(config.data.height, config.data.width))
