"""The modes, a row each, and the command that starts a mode. Imports nothing of ours."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Mode:
    """A mode.

    Attributes:
        purpose: what it does, in one sentence.
        first: the settings that its short help explains, about ten; it only names the others.
        door: the script in the checkout for this mode; empty: main.py --mode.
        words: the arguments other than flags, for the usage line; empty: none.
        examples: its command lines, without the program.
        statuses: its exit statuses, if it has others than `main.run`.
    """

    purpose: str
    first: str
    door: str = ""
    words: str = ""
    examples: tuple = ()
    statuses: str = ""


MODES = {
    "train": Mode(
        "Train a colorizer, or continue a run.",
        "lr epochs max_steps dataset dataset_path batch_size name preset checkpoints_path gpu_ids",
        door="train.py",
        examples=(
            "--dataset shapes",
            "--dataset cifar10 --dataset-path ./dataset/cifar10",
            "--preset photo --dataset folder --dataset-path ./photographs",
        ),
    ),
    "eval": Mode(
        "Measure trained colorizers on test images, with the gray and the median baseline, and compare them.",
        "dataset dataset_path checkpoints_path weights eval_size eval_split fid_model seeds steering result_dir "
        "truth_dir test_output",
        door="test-eval.py",
        words="[RUN ...]",
        examples=(
            "--dataset cifar10",
            "photo --dataset folder --dataset-path ./photographs",
            "RUN_A RUN_B RUN_C --fid-model efficientnet-lite2",
        ),
    ),
    "turing": Mode(
        "Visual Turing test: which of two pictures is the real photograph?",
        "dataset dataset_path checkpoints_path weights test_size test_delay single participant web test_output port",
        door="test-turing.py",
        examples=("--dataset cifar10 --test-delay 2", "--dataset cifar10 --test-delay 2 --web"),
    ),
    "sample": Mode(
        "Write grids of gray | truth | result of a trained colorizer, with different noise in each of --runs N.",
        "dataset dataset_path classes seed checkpoints_path gpu_ids weights sample_size runs test_output",
        examples=("--checkpoints-path ./checkpoints/folder --runs 4",),
    ),
    "class-weights": Mode(
        "Measure the rebalancing weights of the colour bins on the training set. Takes the flags of train.",
        "head uniform_mix rebalance_exponent dataset dataset_path height width classes name preset checkpoints_path",
        examples=("--preset wgan256 --dataset places365",),
    ),
    "colorize": Mode(
        "Colorize photographs and films: files, folders and patterns.",
        "checkpoints_path gpu_ids weights test_output saturation hints reference variants desired_saturation overwrite "
        "format",
        door="colorize.py",
        words="PHOTO [PHOTO ...]",
        examples=(
            "photo.jpg",
            "photographs/ film.mp4 --output colorized --reference other.jpg",
            "photo.jpg --hints hints.json --variants 4 --overwrite",
        ),
        statuses="0: all results are there. 1: some files failed, or another error. 2: a wrong command line. 3: "
        "stopped by Ctrl-C or SIGTERM with files left; the same command continues, also after a kill.",
    ),
    "export": Mode(
        "Write a trained generator for TensorFlow, ONNX or LiteRT.",
        "dataset name checkpoints_path gpu_ids weights test_output overwrite format steering",
        examples=("--format onnx --output model.onnx", "--format onnx --output steered.onnx --steering"),
    ),
    "app": Mode(
        "Serve a web page that colorizes photographs, and an HTTP API.",
        "checkpoints_path gpu_ids weights saturation format max_megapixels host port api max_upload_mb max_requests "
        "log_format",
        door="app.py",
        examples=("", "--port 8080", "--api --host 0.0.0.0 --log-format json"),
    ),
    "pack": Mode(
        "Write trained weights as two small files to pass on.",
        "dataset_path checkpoints_path gpu_ids weights test_output saturation overwrite average_checkpoints",
        examples=("--checkpoints-path RUN --output NAME.weights.h5",),
    ),
}
ORIGINAL = {"0": "train", "1": "eval", "2": "turing"}  # the original's numbers


def command(mode: str) -> str:
    """-> the command that starts a mode: in the checkout `python colorize.py`, with the path of the started script.

    Elsewhere it is the command of the installed package, `colorgan colorize`.
    """
    started, door = Path(sys.argv[0]), MODES[mode].door
    if started.resolve().parent == ROOT and started.name == "__main__.py":
        return f"python -m colorgan {mode}"
    if started.resolve().parent == ROOT and started.suffix == ".py":
        return f"python {started.with_name(door or 'main.py')}" + ("" if door else f" --mode {mode}")
    return f"colorgan {mode}"


def install(extra: str) -> str:
    """-> the command that installs an extra, for the checkout or for the installed package."""
    if not (ROOT / "pyproject.toml").is_file():
        return f'pip install "colorgan[{extra}]"'
    place = "." if Path.cwd() == ROOT else str(ROOT)
    return f'pip install -e "{place}[{extra}]"'
