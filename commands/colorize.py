"""`--mode colorize`: photographs in, coloured photographs out."""

from __future__ import annotations

from pathlib import Path

from colorgan import flags
from colorgan.commands import common
from colorgan.serving import batch, photos


def run(command: flags.Command) -> int:
    """Colorize files, folders and globs at their own size; the exit status is 1 if one of them could not be."""
    use = command.config.use
    inputs = [*command.inputs, *([use.test_input] if use.test_input else [])]
    if not inputs:
        raise ValueError("No photograph to colorize. Give files or folders: python colorize.py PHOTO [PHOTO ...]")
    colorizer, config = common.trained(command)
    settings = photos.Settings(
        work_size=use.work_size or min(config.data.height, config.data.width),
        chroma_gain=use.saturation,
        flip=use.flip_average,
        side_by_side=use.side_by_side,
        format=use.format,
        quality=use.quality,
        max_megapixels=use.max_megapixels,
    )
    return batch.colorize_files(
        colorizer,
        inputs,
        Path(use.test_output or "colorized"),
        settings=settings,
        overwrite=use.overwrite,
        weights_sha256=common.sha256(common.weights_file(command.config)),
    )
