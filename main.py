"""The entry point: reads the command line and calls the mode's module in `commands/`.

`train.py`, `test-eval.py`, `test-turing.py`, `colorize.py` and `app.py` call it with a fixed mode; the installed
command `colorgan` calls `console`. Only the modes import TensorFlow, so help and errors in the command line appear at
once.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from colorgan import __version__
from colorgan.settings import flags, greeting, nearest, usage
from colorgan.settings.modes import MODES, ROOT

# modes whose module in `commands/` has another name
MODULES = {"eval": "evaluate", "class-weights": "class_weights", "colorize": "photographs"}
HELP = {"--help", "-h"}
HELP_ALL = {"--help-all", "--helpfull"}


def console(argv: list[str] | None = None) -> int:
    """Run the command of the installed package, `colorgan MODE ...`. Without a mode it lists the modes.

    Args, Returns: as `run`.
    """
    first, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if first in MODES:
        return run(first, rest)
    if first in HELP | HELP_ALL:
        return _say(usage.overview("colorgan"))
    if first == "--version":
        return _say(f"colorgan {__version__}")
    return _fail(2, f"The first word after `colorgan` is the mode. {nearest.unknown('mode', first, MODES)}")


def run(mode: str | None = None, argv: list[str] | None = None) -> int:
    """Run a mode.

    Args:
        mode: the fixed mode of the script, or None if `--mode` decides.
        argv: command line without the program's name; default: the process's.

    Returns:
        The exit status: 0, 1 for a failure that the message explains, 2 for a wrong command line. A mode can have more,
            see `settings.modes`.
    """
    if hasattr(sys.stdout, "reconfigure"):  # a terminal may not be able to show a file's name
        sys.stdout.reconfigure(errors="backslashreplace")
    # The script's folder is on the path: `import datasets` in another package would find ours.
    sys.path[:] = [place for place in sys.path if Path(place).resolve() != ROOT]
    argv = sys.argv[1:] if argv is None else argv
    if "--version" in argv:
        return _say(f"colorgan {__version__}")
    try:
        if (HELP | HELP_ALL) & set(argv):
            asked = flags.mode_of(argv, mode)
            everything = bool(HELP_ALL & set(argv))
            return _say(usage.text(asked, everything=everything) if asked else usage.overview("python main.py --mode"))
        command = flags.parse(argv, mode=mode)
    except ValueError as error:
        return _fail(2, error)
    name = "describe" if command.dry_run else MODULES.get(command.mode, command.mode)
    try:
        with greeting.silenced():
            module = importlib.import_module(f"colorgan.commands.{name}")
        return module.run(command) or 0
    except flags.UsageError as error:
        return _fail(2, error)
    except (ValueError, OSError, FloatingPointError) as error:  # FloatingPointError: a training that diverged
        return _fail(1, error)
    except KeyboardInterrupt:  # the second Ctrl-C, where the first lets work be finished
        print("\nStopped.", file=sys.stderr)
        return 130


def _say(text):
    try:
        print(text, flush=True)
    except BrokenPipeError:  # of `--help | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
    return 0


def _fail(status, error):
    print(f"error: {error}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(run())
