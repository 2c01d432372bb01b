"""`--mode sample`: grids of gray | truth | result from a trained run, each with different noise."""

from __future__ import annotations

from PIL import Image

from colorgan import datasets
from colorgan.commands import common
from colorgan.evaluation.report import sheets
from colorgan.files import whole
from colorgan.settings import flags


def run(command: flags.Command) -> None:
    """Write `--runs` grids of the same `--sample-size` photographs; data set and size are the run's."""
    colorizer, config = common.trained(command)
    if config.evaluation.runs > 1 and not any(row.absent == "uniform" for row in colorizer.predictor.inputs):
        raise ValueError("`--runs`: this generator takes no noise, so every grid would be the same. Leave it out.")
    split = datasets.load(config.data, "test")
    size = config.run.sample_size
    truth = next(split.pictures(size, limit=size, seed=config.run.seed))["rgb"]
    folder = common.output(config)
    for number in range(config.evaluation.runs):
        path = folder / f"sample-{number + 1}.png"
        lab = colorizer.predict_lab(truth, seed=config.run.seed + number)
        with whole.replacing(path) as (unfinished,):
            Image.fromarray(sheets.sample_grid(truth, lab)).save(unfinished)
        print(path)
    split.warn_of_bad_files()
