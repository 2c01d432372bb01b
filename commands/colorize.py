"""`--mode colorize`: photographs and films in, coloured ones out."""

from __future__ import annotations

from pathlib import Path

from colorgan import flags
from colorgan.commands import common
from colorgan.serving import batch, video


def run(command: flags.Command) -> int:
    """Colorize files, folders, globs and films at their own size; the exit status is 1 if one of them could not be."""
    use = command.config.use
    inputs = [*command.inputs, *([use.test_input] if use.test_input else [])]
    if not inputs:
        raise ValueError("No photograph to colorize. Give files or folders: python colorize.py PHOTO [PHOTO ...]")
    colorizer, config = common.trained(command)
    films = [one for one in inputs if video.is_film(one)]
    photographs = [one for one in inputs if one not in films]
    output, sha256 = Path(use.test_output or "colorized"), common.sha256(common.weights_file(command.config))
    settings = common.settings(use, config.data)
    status, options = 0, {"settings": settings, "overwrite": use.overwrite}
    if photographs:
        status = batch.colorize_files(colorizer, photographs, output, weights_sha256=sha256, **options)
    if films:
        output.mkdir(parents=True, exist_ok=True)
        earlier = batch.recorded(output)
        done, failed = video.colorize_films(colorizer, films, output, smoothing=use.smoothing, **options)
        before = batch.failures(output) if photographs else []
        batch.record(output, earlier, [{**film, "weights_sha256": sha256} for film in done], [*before, *failed])
        status = 1 if failed else status
    return status
