"""What several commands need: the run or the weights that a command line means, and the baselines' data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from colorgan import datasets, flags
from colorgan.config import FIELDS, SECTION_OF, Config, flag_name, read
from colorgan.evaluation import evaluate as evaluator
from colorgan.evaluation import metrics
from colorgan.models.colorizer import WEIGHTS, Colorizer
from colorgan.models.objectives import adversarial
from colorgan.serving import photos
from colorgan.training import checkpoints, distribution

MEDIAN_IMAGES = 2000  # training images that the median baseline is measured on


def check_names(config: Config) -> None:
    """Unknown names of losses and metrics, and schedules that ask for what a loss cannot give, before all else.

    Raises:
        ValueError: naming the flag.
    """
    loss = adversarial.get(config.objective.adversarial)
    s = config.schedule
    if loss.boundary is None and (s.d_max_accuracy <= 1 or s.d_retrain_accuracy or s.d_pretrain_accuracy):
        raise ValueError(
            f"`--adversarial {config.objective.adversarial}`: a critic has no accuracy, so that --d-max-accuracy, "
            "--d-retrain-accuracy and --d-pretrain-accuracy cannot go with it. Leave them at their defaults."
        )
    if loss.boundary is None and config.objective.label_smoothing:
        raise ValueError(
            f"`--label-smoothing` has no meaning with `--adversarial {config.objective.adversarial}`, whose critic has "
            "no labels. Leave it out."
        )
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


def settings(use, data) -> photos.Settings:
    """How photographs are colorized: `config.Use`, and the size that the network was trained at where it says none."""
    return photos.Settings(
        work_size=use.work_size or min(data.height, data.width),
        chroma_gain=use.saturation,
        flip=use.flip_average,
        side_by_side=use.side_by_side,
        format=use.format,
        quality=use.quality,
        max_megapixels=use.max_megapixels,
    )


def weights_file(config: Config) -> Path:
    """The weights file that a command means."""
    path = Path(config.run.weights or config.run.checkpoints_path)
    return path / WEIGHTS if path.is_dir() else path


def sha256(path: Path) -> str:
    """-> a file's SHA-256 in hex, which says which weights made a result."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stored_config(command: flags.Command) -> Config:
    """The configuration of the run that a command means, under the flags that were given.

    Another data set than the run's comes with its own path; what the networks are is not up to a flag here.
    """
    folder = run_folder(command.config)
    own = read(folder / "config.json")
    fixed = [
        name
        for name in command.given - {"preset"}
        if not (FIELDS[name].metadata["may_change"] or SECTION_OF[name] in ("data", "run", "evaluation", "use"))
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
        data = f" --dataset {config.data.dataset}" if "dataset" in command.given else " --dataset ..."
        raise FileNotFoundError(
            f"No trained model in {run_folder(config)}. Train one with `python train.py{data}`, or say where it is "
            "with --checkpoints-path or --weights."
        )
    own = stored_config(command)
    return Colorizer.load(Path(config.run.weights or config.run.checkpoints_path)), own


def output(config: Config) -> Path:
    """-> the folder for results, made if need be."""
    folder = Path(config.use.test_output or config.run.checkpoints_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def median_ab(config: Config, photographs=None) -> tuple[float, float] | None:
    """The training set's median ab, measured once and kept with the run; None, said once, without training images."""
    path = Path(config.run.checkpoints_path) / "median_ab.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    data = [config.data.dataset, config.data.height, config.data.width, list(config.data.classes)]
    try:
        photographs = photographs or datasets.load(config.data, "train")
        content = photographs.fingerprint()
        if kept.get("content") == content:
            return tuple(kept["median_ab"])
        median = evaluator.median_ab(photographs.pictures(64, limit=MEDIAN_IMAGES))
    except ValueError as error:
        if kept.get("data") == data:  # a run that has come without its training images
            print("The median baseline is the one that was kept with the run: its training images are not here.")
            return tuple(kept["median_ab"])
        print(f"No median baseline, for want of training images: {error}")
        return None
    try:
        checkpoints.write_text(path, json.dumps({"median_ab": list(median), "data": data, "content": content}) + "\n")
    except OSError as error:
        print(f"The median is not kept: {error}")
    return median
