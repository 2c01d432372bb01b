"""The one door: reads the command line and hands it to the mode's module in `commands/`.

`train.py`, `test-eval.py`, `test-turing.py`, `colorize.py` and `app.py` are this with their mode fixed. TensorFlow is
imported by the modes, not here, so that help and mistakes answer at once.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # Run as a script, the checkout is on the path, and `import datasets` inside another package would find ours.
    sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).parent.resolve()]

from colorgan.settings import flags  # noqa: E402

MODULES = {"eval": "evaluate", "class-weights": "class_weights"}  # modes whose module in `commands/` has another name
PURPOSES = {
    "train": "Train a colorizer, or go on with a run.",
    "eval": "Measure a trained colorizer on test images, beside the gray and the median baseline.",
    "turing": "Visual Turing test: which of two pictures is the real photograph?",
    "sample": "Write grids gray | truth | result of a trained colorizer, with --runs N different noises.",
    "class-weights": "Measure the rebalancing weights of the colour bins on the training set.",
    "colorize": "Colorize photographs and films: files, folders and patterns.",
    "app": "Serve a web page that colorizes photographs.",
    "pack": "Write trained weights as a pair of small files to pass on: --output NAME.weights.h5.",
    "export": "Write a trained generator for TensorFlow, ONNX or LiteRT: --format onnx --output model.onnx.",
}


# What the doors take beside flags, and how they are used.
WORDS = {"colorize": "PHOTO [PHOTO ...]", "eval": "[RUN ...]"}
EXAMPLES = {
    "train": (
        "--dataset shapes",
        "--dataset cifar10 --dataset-path ./dataset/cifar10",
        "--preset photo --dataset folder --dataset-path ./photographs",
    ),
    "eval": ("--dataset cifar10", "photo --dataset folder --dataset-path ./photographs", "--compare RUN_A RUN_B"),
    "turing": ("--dataset cifar10 --test-delay 2", "--dataset cifar10 --test-delay 2 --web"),
    "colorize": ("photo.jpg", "photographs/ film.mp4 --output colorized", "photo.jpg --saturation 1.3 --overwrite"),
    "app": ("", "--port 8080"),
}


def run(mode: str | None = None, argv: list[str] | None = None) -> int:
    """Open the door.

    Args:
        mode: the fixed mode of the script, or None where `--mode` decides.
        argv: command line without the program's name; default: the process's.

    Returns:
        The exit status: 0, 1 for a failure that the message explains, 2 for a command line that cannot be meant.
    """
    argv = sys.argv[1:] if argv is None else argv
    if {"--help", "-h", "--helpfull"} & set(argv):
        purpose = PURPOSES.get(mode, "Colorize grayscale photographs with conditional GANs: train, evaluate, use.")
        with contextlib.suppress(BrokenPipeError):  # of `--help | head`
            use = {"words": WORDS.get(mode, ""), "examples": EXAMPLES.get(mode, ())}
            print(flags.help_text(Path(sys.argv[0]).name, purpose, mode=mode, **use), flush=True)
            return 0
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
        return 0
    try:
        command = flags.parse(argv, mode=mode)
        if command.inputs and command.mode not in ("colorize", "eval"):
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


if __name__ == "__main__":
    sys.exit(run())
