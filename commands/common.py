"""What several commands need: the run or the weights that a command line means, and the baselines' data."""

from __future__ import annotations

import json
from pathlib import Path

from colorgan import datasets, flags
from colorgan.config import FIELDS, SECTION_OF, Config, flag_name, read
from colorgan.evaluation import evaluate as evaluator
from colorgan.evaluation import metrics
from colorgan.models.colorizer import Colorizer
from colorgan.models.objectives import adversarial
from colorgan.training import checkpoints, distribution

MEDIAN_IMAGES = 2000  # training images that the median baseline is measured on


def check_names(config: Config) -> None:
    """Unknown names of losses and metrics, before anything is written."""
    adversarial.get(config.objective.adversarial)
    try:
        metrics.cost(config.run.best_metric, 0.0)
    except ValueError as error:
        raise ValueError(f"`--best-metric`: {error}") from error


def run_folder(config: Config) -> Path:
    """The folder of the run, or of the weights, that a command means."""
    weights = Path(config.run.weights)
    if not config.run.weights:
        return Path(config.run.checkpoints_path)
    return weights if weights.is_dir() else weights.parent


def stored_config(command: flags.Command) -> Config:
    """The configuration of the run that a command means, under the flags that were given.

    Another data set than the run's comes with its own path; what the networks are is not up to a flag here.
    """
    folder = run_folder(command.config)
    own = read(folder / "config.json")
    fixed = [
        name
        for name in command.given - {"preset"}
        if not (FIELDS[name].metadata["may_change"] or SECTION_OF[name] in ("data", "run"))
        or name in ("color_space", "ab_scale", "precision")
    ]
    if fixed:
        names = ", ".join(flag_name(name) for name in sorted(fixed))
        raise ValueError(f"{names}: the trained model in {folder} has settings of its own. Leave it out.")
    asked = command.config.flat()
    given = {name: asked[name] for name in command.given - {"preset", "weights"}}
    if "dataset" in given and given["dataset"] != own.data.dataset:
        given["dataset_path"] = asked["dataset_path"]
    return own.replace(**{**given, "checkpoints_path": str(folder)})


def trained(command: flags.Command) -> tuple[Colorizer, Config]:
    """The colorizer that a command means, and its configuration."""
    config = command.config
    distribution.select(config.run.gpu_ids)
    if config.run.weights and not Path(config.run.weights).exists():
        raise FileNotFoundError(f"`--weights`: {config.run.weights} does not exist.")
    if not (run_folder(config) / "config.json").is_file():
        raise FileNotFoundError(
            f"No trained model in {run_folder(config)}. Train one with `python train.py --dataset "
            f"{config.data.dataset}`, or say where it is with --checkpoints-path or --weights."
        )
    settings = stored_config(command)
    return Colorizer.load(Path(config.run.weights or config.run.checkpoints_path)), settings


def output(config: Config) -> Path:
    """-> the folder for results, made if need be."""
    folder = Path(config.run.test_output or config.run.checkpoints_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def median_ab(config: Config, photographs=None) -> tuple[float, float] | None:
    """The training set's median ab, measured once and kept with the run; None, said once, without training images."""
    path = Path(config.run.checkpoints_path) / "median_ab.json"
    data = [getattr(config.data, name) for name in ("dataset", "dataset_path", "height", "width")]
    if path.exists():
        kept = json.loads(path.read_text())
        if kept["data"] == data:
            return tuple(kept["median_ab"])
    try:
        photographs = photographs or datasets.load(config.data, "train")
        median = evaluator.median_ab(photographs.pictures(64, limit=MEDIAN_IMAGES))
    except ValueError as error:
        print(f"No median baseline, for want of training images: {error}")
        return None
    try:
        checkpoints.write_text(path, json.dumps({"median_ab": list(median), "data": data}) + "\n")
    except OSError as error:
        print(f"The median is not kept: {error}")
    return median


def with_baselines(colorizer: Colorizer, median) -> dict:
    """-> {name: colorizer} for an evaluation: the model, gray, and the median ab unless it is None."""
    models = {colorizer.name: colorizer.predict_lab, "gray": evaluator.gray_baseline}
    return models if median is None else {**models, "median": evaluator.median_baseline(median)}
