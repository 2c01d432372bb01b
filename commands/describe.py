"""`--dry-run`: print what a command would use and do. Nothing is written."""

from __future__ import annotations

from colorgan import datasets
from colorgan.commands import class_weights, common, evaluate, photographs, train
from colorgan.models import discriminators, generators
from colorgan.settings import flags


def run(command: flags.Command) -> None:
    """Print the settings, and the sizes of data and networks. Missing files are the same errors as in the real run."""
    asked = command.config.evaluation
    if command.mode == "train":
        _training(command.config)
    elif command.mode == "class-weights":
        config = class_weights.settings(command)
        print(config.to_json(command.mode), end="")
        _count(config, "train")
    elif command.mode == "eval" and (asked.result_dir or asked.truth_dir):
        print(command.config.to_json("eval") + evaluate.pairs_of(command).description["dataset"])
    else:
        if command.mode == "colorize":
            print(f"to colorize: {', '.join(photographs.inputs(command))}")
        paths = common.named_runs(command)
        for path in paths:
            if len(paths) > 1:
                print(f"{path}:")
            _trained(command, path)


def _training(config):
    train.check(config)
    print(config.to_json(), end="")
    for name, module in (("generator", generators), ("discriminator", discriminators)):
        print(f"{name}: {getattr(config.architecture, name)}, {module.build(config).count_params():,} parameters")
    size = _count(config, "train")
    if config.run.validate or config.run.sample:
        _count(config, "validation")
    end, batch_size = train.iterations(config, size), config.data.batch_size
    if end is None:
        print(f"trains until interrupted; one epoch: {size / batch_size:,.1f} iterations of {batch_size}")
    else:
        print(f"trains for at most {end:,} iterations of {batch_size}: {end * batch_size / size:,.1f} epochs")


def _trained(command, path):
    colorizer, config = common.trained(command, path)
    print(config.to_json(command.mode), end="")
    parameters = f"{colorizer.generator.count_params():,} parameters"
    print(f"generator: {config.architecture.generator}, {parameters}, from {colorizer.stored.weights}")
    if command.mode == "colorize":
        photographs.check(command, colorizer)
    if command.mode in ("eval", "turing", "sample"):
        _count(config, config.evaluation.eval_split if command.mode == "eval" else "test")


def _count(config, split):
    found = datasets.load(config.data, split)
    print(found.description)
    return found.size
