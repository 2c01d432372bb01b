"""`--mode colorize`: colorize photographs and films."""

from __future__ import annotations

import dataclasses
import glob
import sys

from colorgan.settings import flags, greeting, modes


def run(command: flags.Command) -> int:
    """Colorize files, folders, globs and films at their size; SIGINT and SIGTERM end it after the current files.

    Returns:
        The exit status; see `settings.modes`.
    """
    wanted, photographs = command.config.colorizing, inputs(command)
    with greeting.silenced():  # only now: the imports take seconds
        from colorgan.commands import common
        from colorgan.serving import batch, plan
        from colorgan.training.loop import interruptions

    workers = _workers(wanted, command.config.run.gpu_ids)
    if workers:  # the workers have the GPUs
        command = dataclasses.replace(command, config=command.config.replace(gpu_ids="-1"))
    colorizer, _ = common.trained(command)
    with interruptions() as came:
        return batch.colorize_files(
            colorizer,
            photographs,
            _output(command),
            settings=common.settings(wanted, colorizer),
            steering=_steering(command),
            smoothing=wanted.smoothing,
            film_codec=wanted.film_codec,
            film_quality=wanted.film_quality,
            overwrite=wanted.overwrite,
            weights_sha256=colorizer.stored.digest,
            shard=wanted.shard or plan.ALL,
            workers=workers,
            stop=_told(came),
            log_format=wanted.log_format,
        )


def _workers(wanted, gpu_ids):
    """-> the workers, or None for this process. Raises ValueError if Ray is not installed."""
    from colorgan.serving import cluster

    if not wanted.cluster:
        return None
    cluster.check()
    return cluster.Wanted(wanted.cluster, gpus=gpu_ids != "-1")


def _told(came):
    """-> a function that says whether a signal came; it prints a line once, because current files can take a while."""
    said = []

    def stop():
        if came and not said:
            said.append(True)
            print(
                "\nStopping after the current files. Press Ctrl-C again to stop at once.", file=sys.stderr, flush=True
            )
        return bool(came)

    return stop


def check(command: flags.Command, colorizer) -> None:
    """Raise the errors of `run` about wishes that cannot be followed."""
    from colorgan.commands import common
    from colorgan.serving import asked, plan

    wanted, steering = command.config.colorizing, _steering(command)
    settings = common.settings(wanted, colorizer)
    planned = plan.Plan(
        inputs(command),
        _output(command),
        settings,
        variants=steering.variants,
        doubt=steering.doubt,
        shard=wanted.shard or plan.ALL,
    )
    count = sum(1 for job in planned if not job.problem)
    print(f"{count:,} photographs and films" + (f". {told}" if (told := str(planned.passed_over)) else ""))
    asked.wishes_of(steering, (job.source for job in planned if not job.problem), colorizer, settings)


def _output(command):
    from colorgan.files import remote

    return remote.place(command.config.colorizing.test_output or "colorized")


def _steering(command):
    from colorgan.serving.asked import Steering

    values = command.config.flat()
    return Steering(**{field.name: values[field.name] for field in dataclasses.fields(Steering)})


def inputs(command: flags.Command) -> list[str]:
    """-> the photographs, films, folders and patterns in a command, by path or URL.

    Raises:
        flags.UsageError: if there are none.
        ValueError: if a URL holds a password.
        FileNotFoundError: if none is there, or, with `--overwrite`, not all are there.
        OSError: if a URL cannot be read.
    """
    from colorgan.files import remote

    _output(command)  # before anything is printed
    wanted = command.config.colorizing
    named = [*command.inputs, *([wanted.test_input] if wanted.test_input else [])]
    if not named:
        usage = f"{modes.command('colorize')} PHOTO [PHOTO ...]"
        raise flags.UsageError(f"No photograph to colorize. Give files or folders: {usage}")
    gone = [one for one in named if not (remote.exists(remote.place(one)) or glob.has_magic(one))]
    # One missing file does not stop the others. With --overwrite it may be a mistyped value of that flag.
    if len(gone) == len(named) or (gone and wanted.overwrite):
        raise FileNotFoundError("; ".join(f"{one} is not there" for one in gone))
    return named
