"""What several commands share: finding the run or weights of a command line, and the median baseline."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from colorgan import datasets, weights
from colorgan.datasets import measured
from colorgan.files import whole
from colorgan.serving import photos
from colorgan.serving.colorizer import Colorizer
from colorgan.settings import flags, modes
from colorgan.settings.config import OPTIONS, TRAIN, USE, Config, folder_name, read
from colorgan.training import distribution

DEFAULT_WEIGHTS = "photo"  # of the weights that ship; for `USE` without a named run
# Settings that determine a split.
SPLIT = ("dataset", "dataset_path", "height", "width", "classes", "validation_fraction")


def settings(use, colorizer: Colorizer) -> photos.Settings:
    """How photographs are colorized: `config.Colorizing`, and the colorizer's working size."""
    values = {field.name: getattr(use, field.name) for field in dataclasses.fields(photos.Settings)}
    return photos.Settings(**values | {"work_size": colorizer.work_size})


def described(command: flags.Command, path: str = "") -> weights.Stored | None:
    """Find the trained weights of a command, or the run that will have some; None if there is no such run.

    `--weights` is a path, or the name of weights that ship. Without a named run, modes of `USE` take `DEFAULT_WEIGHTS`.

    Args:
        command: the command.
        path: one of its `named_runs`; empty: the run of its flags.

    Raises:
        FileNotFoundError: if `--weights` is neither, or nothing describes the weights.
    """
    if path:
        return weights.find(path)
    if command.config.run.weights:
        try:
            return weights.find(command.config.run.weights)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"`--weights`: {error}") from error
    says_nothing = not command.given & {"checkpoints_path", "dataset", "name"}
    if command.mode in USE and says_nothing and DEFAULT_WEIGHTS in weights.names():
        return weights.find(DEFAULT_WEIGHTS)
    run_dir = Path(command.config.run.checkpoints_path)
    return weights.find(run_dir) if (run_dir / "config.json").is_file() else None


def named_runs(command: flags.Command) -> list[str]:
    """-> the runs that a command names as words, each once; [""] if only its flags name a run.

    Raises:
        FileNotFoundError: if a run is not there.
        ValueError: if its description cannot be read, or `--weights` is given too.
    """
    paths = list(dict.fromkeys(command.inputs if command.mode == "eval" else ()))
    for path in paths:
        weights.find(path)  # checks all before the first is loaded
    if paths and "weights" in command.given:
        listed = " ".join([*paths, command.config.run.weights])
        raise flags.UsageError(f"The runs are given as words or with --weights, not both. Give all as words: {listed}")
    return paths or [""]


def stored_config(command: flags.Command, own: weights.Stored) -> Config:
    """The settings of trained weights, changed by the flags of the command.

    Another data set than the run's has its default path. Flags cannot change the networks here.

    Raises:
        ValueError: naming flags that contradict the weights' settings.
    """
    given = command.given - {"preset", "weights"}
    # Flags that training fixes and evaluation does not take. When colorizing, such a flag is an aim.
    fixed = [OPTIONS[name].flag for name in given if OPTIONS[name].fixed and "eval" not in OPTIONS[name].modes]
    if fixed and command.mode in TRAIN:
        raise ValueError(f"{', '.join(sorted(fixed))}: the weights {own.weights} already fix this. Leave it out.")
    asked = command.config.flat()
    values = {name: asked[name] for name in given}
    if values.get("dataset", own.config.data.dataset) != own.config.data.dataset:
        values["dataset_path"] = asked["dataset_path"]
    elif own.packed:  # their description has no paths
        values.setdefault("dataset_path", f"./dataset/{folder_name(own.config.data.dataset)}")
    folder = own.weights.parent
    if own.packed:  # their folder may belong to an installed package
        folder = values.get("checkpoints_path", Path("results") / own.name)
    return own.config.replace(**values | {"checkpoints_path": str(folder)})


def trained(command: flags.Command, path: str = "") -> tuple[Colorizer, Config]:
    """Load the colorizer of a command, and its configuration.

    Args:
        command, path: as for `described`.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: see `stored_config`; or if the weights do not fit their description.
    """
    config = command.config
    distribution.select(config.run.gpu_ids)
    own = described(command, path)
    if own is None:
        data = f" --dataset {config.data.dataset}" if "dataset" in command.given else " --dataset ..."
        here = sorted(str(path.parent) for path in Path("checkpoints").glob("*/config.json"))
        raise FileNotFoundError(
            f"No trained model in {config.run.checkpoints_path}. Train one with `{modes.command('train')}{data}`, or "
            f"name it with --checkpoints-path or --weights. Runs here: {', '.join(here) or 'none'}. Weights that "
            f"ship: {', '.join(weights.names())}."
        )
    wanted = stored_config(command, own)
    return Colorizer.load(own, work_size=wanted.colorizing.work_size), wanted


def say(text: str) -> None:
    """Print text with arrows or file names: characters that the terminal cannot show become question marks."""
    encoding = sys.stdout.encoding or "ascii"
    print(text.encode(encoding, "replace").decode(encoding))


def output(config: Config) -> Path:
    """-> the folder for results, created if necessary."""
    folder = Path(config.colorizing.test_output or config.run.checkpoints_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def different(one: Config, other: Config, names=SPLIT) -> list[str]:
    """-> the named settings, by default those of a split, in which two configurations differ."""
    values, others = one.flat(), other.flat()
    return [name for name in names if values[name] != others[name]]


def median_ab(config: Config, photographs=None) -> tuple[float, float] | None:
    """Measure the training set's median ab once, and keep it in the run's folder; None without training images.

    Medians of other data that the run is evaluated on are kept there too.

    Args:
        config: of the run or of the evaluation.
        photographs: the training split, if it is already open.
    """
    path = Path(config.run.checkpoints_path) / "median_ab.json"
    run = path.with_name("config.json")
    is_own = photographs is not None or (run.is_file() and not different(read(run), config))
    kept = {"others": {}} | (json.loads(path.read_text()) if path.exists() else {})
    data = [config.data.dataset, config.data.height, config.data.width, list(config.data.classes)]
    try:
        photographs = photographs or datasets.load(config.data, "train")
        content = photographs.fingerprint()
        known = {kept.get("content"): kept.get("median_ab")} if is_own else kept["others"]
        if content in known:
            return tuple(known[content])
        median = measured.median_ab(photographs.pictures(64, limit=measured.MEDIAN_IMAGES))
    except ValueError as error:
        if kept.get("data") == data:  # a run that was copied here without its training images
            print("The training images are not here: the median baseline is the value kept in the run's folder.")
            return tuple(kept["median_ab"])
        print(f"No median baseline, because there are no training images: {error}")
        return None
    if is_own:
        kept |= {"median_ab": list(median), "data": data, "content": content}
    else:
        kept["others"][content] = list(median)
    try:
        whole.write(path, json.dumps(kept) + "\n")
    except OSError as error:
        print(f"The median cannot be kept in the run's folder: {error}")
    return median
