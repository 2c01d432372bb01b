"""`--mode eval`: measure a trained colorizer on test images, beside the baselines."""

from __future__ import annotations

from colorgan import datasets, flags
from colorgan.commands import common
from colorgan.evaluation import evaluate as evaluator
from colorgan.evaluation import report


def run(command: flags.Command) -> int:
    """Print the protocol and the table of metrics; leave result.json and a sheet of samples."""
    colorizer, config = common.trained(command)
    split = datasets.load(config.data, "test")
    evaluation = evaluator.evaluate(
        common.with_baselines(colorizer, common.median_ab(config)),
        split.pictures(config.data.batch_size, limit=config.run.eval_size),
        description={
            "dataset": split.description,
            "weights": command.config.run.weights or config.run.checkpoints_path,
            "median": f"of {common.MEDIAN_IMAGES:,} training images at most",
        },
        class_names=split.class_names,
    )
    split.warn_of_bad_files()
    print(report.text(evaluation))
    folder = common.output(config)
    evaluation.write_json(folder / "result.json")
    report.write_sample_sheet(folder / "result.png", evaluation)
    print(f"Written: {folder / 'result.json'}, {folder / 'result.png'}")
    return 0
