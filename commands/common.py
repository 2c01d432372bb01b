"""What several commands need: the run or the weights that a command line means, and the baselines' data."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from colorgan import datasets, weights
from colorgan.datasets import measured
from colorgan.evaluation import baselines
from colorgan.files import whole
from colorgan.serving import photos
from colorgan.serving.colorizer import Colorizer
from colorgan.settings import flags, modes
from colorgan.settings.config import OPTIONS, Config, folder_name, read
from colorgan.settings.options import flag_name
from colorgan.training import distribution

DEFAULT_WEIGHTS = "photo"  # of those that ship
USES = ("colorize", "app", "export")  # modes that take them when nothing else is said


def settings(use, colorizer: Colorizer) -> photos.Settings:
    """How photographs are colorized: `config.Colorizing`, and the colorizer's working size."""
    return photos.Settings(
        work_size=colorizer.work_size,
        saturation=use.saturation,
        flip_average=use.flip_average,
        side_by_side=use.side_by_side,
        format=use.format,
        quality=use.quality,
        max_megapixels=use.max_megapixels,
    )


def described(command: flags.Command) -> weights.Stored | None:
    """The trained weights that a command means, or the run that will have some; None where there is no such run.

    `--weights` is a path, or a name of weights that ship. Who colorizes photographs and says nothing of a run means
    `DEFAULT_WEIGHTS`.

    Raises:
        FileNotFoundError: if `--weights` is neither, or nothing describes the weights.
    """
    wanted = command.config.run.weights
    says_nothing = not command.given & {"weights", "checkpoints_path", "dataset", "name"}
    if command.mode in USES and says_nothing and DEFAULT_WEIGHTS in weights.names():
        return weights.find(DEFAULT_WEIGHTS)
    run_dir = Path(command.config.run.checkpoints_path)
    if not wanted:
        return weights.find(run_dir) if (run_dir / "config.json").is_file() else None
    try:
        return weights.find(wanted)
    except FileNotFoundError as error:
        raise FileNotFoundError(f"`--weights`: {error}") from error


def named_runs(command: flags.Command) -> list[str]:
    """-> the runs to evaluate that a command names as words, each once; none where `--weights` and the like say which.

    Raises:
        FileNotFoundError: if one does not exist.
        ValueError: if `--weights` names one besides.
    """
    words = (*command.config.evaluation.compare, *command.inputs) if command.mode == "eval" else ()
    paths = list(dict.fromkeys(word for word in words if word not in baselines.NAMES))
    for path in paths:
        if not Path(path).exists() and path not in weights.names():
            raise FileNotFoundError(
                f"The run {path} does not exist. Name a run's folder, a weights file, or weights that ship: "
                f"{', '.join(weights.names()) or 'none yet'}."
            )
    if paths and "weights" in command.given:
        listed = " ".join([*paths, command.config.run.weights])
        raise ValueError(f"--weights names a run, and so do words: give all as words, {listed}, without --weights.")
    return paths


def for_run(command: flags.Command, path: str) -> flags.Command:
    """-> the same command for the run, or the weights, at a path."""
    return dataclasses.replace(command, config=command.config.replace(weights=path))


def stored_config(command: flags.Command, own: weights.Stored) -> Config:
    """The settings of trained weights, under the flags that were given.

    Another data set than the run's comes with its own path; what the networks are is not up to a flag here.

    Raises:
        ValueError: naming the flags that the weights have settings of their own for.
    """
    fixed = [
        name
        for name in command.given - {"preset"}
        if OPTIONS[name].fixed and "eval" not in OPTIONS[name].modes  # and of no meaning but in training
    ]
    if fixed:
        names = ", ".join(flag_name(name) for name in sorted(fixed))
        raise ValueError(f"{names}: the trained model in {own.weights} has settings of its own. Leave it out.")
    asked = command.config.flat()
    given = {name: asked[name] for name in command.given - {"preset", "weights"}}
    if "dataset" in given and given["dataset"] != own.config.data.dataset:
        given["dataset_path"] = asked["dataset_path"]
    elif own.packed:  # they do not say where their data lay
        given.setdefault("dataset_path", f"./dataset/{folder_name(own.config.data.dataset)}")
    folder = own.weights.parent
    if own.packed:  # beside them there is no place for results: they may be installed for all
        folder = asked["checkpoints_path"] if "checkpoints_path" in given else Path("results") / own.name
    return own.config.replace(**{**given, "checkpoints_path": str(folder)})


def trained(command: flags.Command) -> tuple[Colorizer, Config]:
    """The colorizer that a command means, and its configuration.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: see `stored_config`; or if the weights do not fit their description.
    """
    config = command.config
    distribution.select(config.run.gpu_ids)
    own = described(command)
    if own is None:
        data = f" --dataset {config.data.dataset}" if "dataset" in command.given else " --dataset ..."
        here = sorted(str(path.parent) for path in Path("checkpoints").glob("*/config.json"))
        raise FileNotFoundError(
            f"No trained model in {config.run.checkpoints_path}. Train one with `{modes.command('train')}{data}`, or "
            f"say where it is with --checkpoints-path or --weights. Here: {', '.join(here) or 'no run'}; weights that "
            f"ship: {', '.join(weights.names())}."
        )
    wanted = stored_config(command, own)
    return Colorizer.load(own, work_size=wanted.colorizing.work_size), wanted


def output(config: Config) -> Path:
    """-> the folder for results, made if need be."""
    folder = Path(config.colorizing.test_output or config.run.checkpoints_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _is_of_run(config):
    """-> whether these are the data that the run at the configuration's place was trained on."""
    path = Path(config.run.checkpoints_path) / "config.json"
    if not path.is_file():
        return False
    own = read(path).data
    names = ("dataset", "dataset_path", "height", "width", "classes", "validation_fraction")
    return all(getattr(own, name) == getattr(config.data, name) for name in names)


def median_ab(config: Config, photographs=None) -> tuple[float, float] | None:
    """The training set's median ab, measured once and kept with the run; None, said once, without training images.

    Those of other data that it is evaluated on stand beside it.

    Args:
        config: of the run, or what it is evaluated with.
        photographs: its training split, of who trains it.
    """
    path = Path(config.run.checkpoints_path) / "median_ab.json"
    is_own = photographs is not None or _is_of_run(config)
    kept = json.loads(path.read_text()) if path.exists() else {}
    others = kept.get("others", {})
    data = [config.data.dataset, config.data.height, config.data.width, list(config.data.classes)]
    try:
        photographs = photographs or datasets.load(config.data, "train")
        content = photographs.fingerprint()
        if is_own and kept.get("content") == content:
            return tuple(kept["median_ab"])
        if not is_own and content in others:
            return tuple(others[content])
        median = measured.median_ab(photographs.pictures(64, limit=measured.MEDIAN_IMAGES))
    except ValueError as error:
        if kept.get("data") == data and "median_ab" in kept:  # a run that has come without its training images
            print("The median baseline is the one that was kept with the run: its training images are not here.")
            return tuple(kept["median_ab"])
        print(f"No median baseline, for want of training images: {error}")
        return None
    try:
        if is_own:
            kept |= {"median_ab": list(median), "data": data, "content": content}
        else:
            kept["others"] = others | {content: list(median)}
        whole.write(path, json.dumps(kept) + "\n")
    except OSError as error:
        print(f"The median is not kept: {error}")
    return median
