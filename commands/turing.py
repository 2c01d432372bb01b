"""`--mode turing`: the visual Turing test."""

from __future__ import annotations

from colorgan import datasets, flags
from colorgan.commands import common
from colorgan.evaluation import turing as trials
from colorgan.evaluation import turing_window


def run(command: flags.Command) -> int:
    """Run the visual Turing test in a window; every answer is on disk when it is given."""
    turing_window.require_display()

    colorizer, config = common.trained(command)
    size = config.evaluation.test_size
    split = datasets.load(config.data, "test")
    pictures = [batch["rgb"][0] for batch in split.pictures(1, limit=size, seed=config.run.seed)]
    if len(pictures) < size:
        print(f"The test split has only {len(pictures)} images: {len(pictures)} pairs instead of {size}.")
    plan = trials.plan(len(pictures), min(size, len(pictures)), config.run.seed)
    turing_window.run_window(
        lambda index: (pictures[index], colorizer.colorize(pictures[index])),
        plan,
        config.evaluation.test_delay,
        common.output(config) / "turing.csv",
    )
    return 0
