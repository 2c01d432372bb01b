"""The one door: reads the command line and hands it to the mode's module in `commands/`.

`train.py`, `test-eval.py`, `test-turing.py`, `colorize.py` and `app.py` are this with their mode fixed; the installed
command `colorgan` begins at `console`. TensorFlow is imported by the modes, so that help and mistakes answer at once.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # Run as a script, the checkout is on the path, and `import datasets` inside another package would find ours.
    sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).parent.resolve()]

from colorgan import __version__  # noqa: E402
from colorgan.settings import flags, usage  # noqa: E402
from colorgan.settings.modes import MODES  # noqa: E402

# modes whose module in `commands/` has another name
MODULES = {"eval": "evaluate", "class-weights": "class_weights", "colorize": "photographs"}
HELP = {"--help", "-h"}
HELP_ALL = {"--help-all", "--helpfull"}


def console(argv: list[str] | None = None) -> int:
    """The command of the installed package: `colorgan MODE ...`. Alone it says what there is, and starts nothing.

    Args, Returns: as `run`.
    """
    first, *rest = (sys.argv[1:] if argv is None else argv) or ["--help"]
    if first in MODES:
        return run(first, rest)
    if first in HELP | HELP_ALL:
        return _say(usage.overview("colorgan"))
    if first == "--version":
        return _say(f"colorgan {__version__}")
    known = ", ".join(MODES)
    print(f"error: `colorgan` is told first what to do. Received: {first}. Known: {known}", file=sys.stderr)
    return 2


def run(mode: str | None = None, argv: list[str] | None = None) -> int:
    """Open the door.

    Args:
        mode: the fixed mode of the script, or None where `--mode` decides.
        argv: command line without the program's name; default: the process's.

    Returns:
        The exit status: 0, 1 for a failure that the message explains, 2 for a command line that cannot be meant.
    """
    argv = sys.argv[1:] if argv is None else argv
    if "--version" in argv:
        return _say(f"colorgan {__version__}")
    try:
        if (HELP | HELP_ALL) & set(argv):
            asked = flags.mode_of(argv, mode)
            everything = bool(HELP_ALL & set(argv))
            return _say(usage.text(asked, everything=everything) if asked else usage.overview("python main.py --mode"))
        command = flags.parse(argv, mode=mode)
        if command.inputs and not MODES[command.mode].words:
            raise flags.UsageError(f"Not a flag: {' '.join(command.inputs)}. Flags look like --epochs 3; see --help.")
    except flags.UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    name = "describe" if command.dry_run else MODULES.get(command.mode, command.mode)
    try:
        return importlib.import_module(f"colorgan.commands.{name}").run(command)
    except (ValueError, OSError, FloatingPointError) as error:  # the last: a training that diverged
        print(f"error: {error}", file=sys.stderr)
        return 1


def _say(text):
    try:
        print(text, flush=True)
    except BrokenPipeError:  # of `--help | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
    return 0


if __name__ == "__main__":
    sys.exit(run())
