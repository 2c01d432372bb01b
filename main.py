"""The one door: reads the command line and joins the rooms for each mode.

`train.py`, `test-eval.py`, `test-turing.py` and `colorize.py` are this with their mode fixed. TensorFlow is imported by
the modes, not here, so that help and mistakes answer at once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    # Run as a script, the checkout is on the path, and `import datasets` inside another package would find ours.
    sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).parent.resolve()]

from colorgan import flags  # noqa: E402
from colorgan.config import Config  # noqa: E402

PURPOSES = {
    "train": "Train a colorizer, or go on with a run.",
    "eval": "Measure a trained colorizer on test images, beside the gray and the median baseline.",
    "turing": "Visual Turing test: which of two pictures is the real photograph?",
    "colorize": "Colorize photographs: python colorize.py PHOTO [PHOTO ...] --test-output FOLDER.",
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
        print(flags.help_text(Path(sys.argv[0]).name, purpose, mode=mode))
        return 0
    try:
        command = flags.parse(argv, mode=mode)
        if command.inputs and command.mode != "colorize":
            raise flags.UsageError(f"Not a flag: {' '.join(command.inputs)}. Flags look like --epochs 3; see --help.")
    except flags.UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from colorgan.evaluation.turing_window import NoDisplayError
    from colorgan.training.loop import DivergedError

    try:
        if command.dry_run:
            return dry_run(command.config)
        return {"train": train, "eval": evaluate, "turing": turing, "colorize": colorize}[command.mode](command)
    except (ValueError, OSError, DivergedError, NoDisplayError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def dry_run(config: Config) -> int:
    """Print the resolved configuration and the networks' parameter counts."""
    from colorgan.models import discriminators, generators

    print(config.to_json(), end="")
    for name, module in (("generator", generators), ("discriminator", discriminators)):
        print(f"{name}: {getattr(config.architecture, name)}, {module.build(config).count_params():,} parameters")
    return 0


def train(command: flags.Command) -> int:
    """Train until the schedule's end or an interruption; the run directory then describes the run."""
    import keras
    import tensorflow as tf

    from colorgan import datasets
    from colorgan.evaluation import report
    from colorgan.models.colorizer import Colorizer
    from colorgan.training import checkpoints, distribution, loop, state, steps, validation, writers

    config = command.config
    run_dir = Path(config.run.checkpoints_path)
    strategy = distribution.strategy(config.run.gpu_ids)
    worker, workers = distribution.worker(strategy)
    chief = worker == 0
    keras.utils.set_random_seed(config.run.seed)
    if config.run.deterministic:
        tf.config.experimental.enable_op_determinism()
    splits = {name: datasets.load(config.data, name, seed=config.run.seed) for name in ("train", "validation")}
    if chief:
        checkpoints.claim(run_dir, config)
        print(f"{splits['train'].description}\nRun directory: {run_dir}", flush=True)
    trained = state.create(config, strategy)
    saver = checkpoints.Checkpoints(run_dir, trained, keep=config.run.keep_checkpoints, chief=chief, worker=worker)
    host = saver.restore()
    position = loop.Position.from_host(host) if host else loop.Position()
    if host and chief:
        print(f"Going on at iteration {position.iteration}.", flush=True)
    compiled = steps.Steps(config, trained, strategy, jit=distribution.use_xla(config.run.jit))
    space = {"color_space": config.data.color_space, "ab_scale": config.data.ab_scale}
    colorizer = Colorizer(compiled.predict, name=run_dir.name, **space)
    held_out = splits["validation"]

    def images(limit):
        batches = held_out.images(config.data.batch_size, limit=limit)
        return batches.as_numpy_iterator()

    def sample():
        truth = next(iter(held_out.images(config.run.sample_size, limit=config.run.sample_size)))["rgb"].numpy()
        return report.sample_grid(truth, colorizer.predict_lab(truth))

    writer = writers.Writers(
        run_dir, config, start=position.iteration, total=_iterations(config, splits["train"].size), active=chief
    )
    try:
        ended = loop.Loop(
            config,
            state=trained,
            steps=compiled,
            checkpoints=saver,
            position=position,
            train=splits["train"],
            strategy=strategy,
            writers=writer,
            validate=validation.validator(
                colorizer,
                lambda: images(config.run.validate_size),
                threshold=config.run.acc_thresh,
                best_metric=config.run.best_metric,
            ),
            sample=sample if chief else None,
        ).run()
    finally:
        writer.close()
    if chief and ended == "finished" and config.run.validate:
        _final_table(config, colorizer, splits)
    if chief:
        _say_how_it_ended(ended, config, position.iteration, run_dir)
    return 0


def _final_table(config, colorizer, splits):
    """Print and keep a table of the finished run on its validation images, beside the baselines."""
    from colorgan.evaluation import evaluate as evaluator
    from colorgan.evaluation import metrics, report
    from colorgan.training import checkpoints

    held_out, run_dir = splits["validation"], Path(config.run.checkpoints_path)
    evaluation = evaluator.evaluate(
        _with_baselines(colorizer, _median_ab(config, splits["train"])),
        held_out.images(config.data.batch_size, limit=config.run.validate_size).as_numpy_iterator(),
        description=held_out.description,
        names=metrics.table_names(),
    )
    table = report.table_text(evaluation)
    print(table)
    checkpoints.write_text(run_dir / "validation.txt", f"{report.protocol_text(evaluation.protocol)}\n\n{table}\n")


def _iterations(config, size):
    limits = [config.schedule.max_steps] if config.schedule.max_steps else []
    if config.schedule.epochs:
        limits.append(-(-config.schedule.epochs * size // config.data.batch_size))
    return min(limits, default=None)


def _say_how_it_ended(ended, config, iteration, run_dir):
    if ended == "interrupted":
        print(f"Interrupted at iteration {iteration}; saved in {run_dir}. The same command goes on from there.")
        return
    path = "" if run_dir == Path(f"./checkpoints/{config.data.dataset}") else f" --checkpoints-path {run_dir}"
    print(f"Finished at iteration {iteration}. Look at {run_dir}/samples, and measure:")
    print(f"  python test-eval.py --dataset {config.data.dataset}{path}")


def _trained(command: flags.Command):
    """The colorizer that a command means, and the configuration that its run was trained with, under given flags."""
    from colorgan.models.colorizer import Colorizer

    config = command.config
    place = Path(config.run.weights or config.run.checkpoints_path)
    folder = place if place.is_dir() else place.parent
    if not (folder / "config.json").is_file():
        raise FileNotFoundError(
            f"No trained model in {place}. Train one with `python train.py --dataset {config.data.dataset}`, or say "
            "where it is with --checkpoints-path or --weights."
        )
    stored = Config.from_json((folder / "config.json").read_text())
    given = {name: value for name, value in config.flat().items() if name in command.given}
    given["checkpoints_path"] = str(folder)
    return Colorizer.load(place), stored.replace(**given)


def _output(config):
    folder = Path(config.run.test_output or config.run.checkpoints_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def evaluate(command: flags.Command) -> int:
    """Print the protocol and the table of metrics; leave result.json and a sheet of samples."""
    from colorgan import datasets
    from colorgan.evaluation import evaluate as evaluator
    from colorgan.evaluation import report

    colorizer, config = _trained(command)
    split = datasets.load(config.data, "test")
    evaluation = evaluator.evaluate(
        _with_baselines(colorizer, _median_ab(config)),
        split.images(config.data.batch_size, limit=config.run.eval_size).as_numpy_iterator(),
        description={"dataset": split.description, "weights": str(config.run.weights or config.run.checkpoints_path)},
        class_names=split.class_names,
    )
    split.warn_of_bad_files()
    print(report.text(evaluation))
    folder = _output(config)
    evaluation.write_json(folder / "result.json")
    report.write_sample_sheet(folder / "result.png", evaluation)
    print(f"Written: {folder / 'result.json'}, {folder / 'result.png'}")
    return 0


def _with_baselines(colorizer, median):
    from colorgan.evaluation import evaluate as evaluator

    baselines = {"gray": evaluator.gray_baseline, "median": evaluator.median_baseline(median)}
    return {colorizer.name: colorizer.predict_lab, **baselines}


def _median_ab(config, split=None):
    """The training set's median ab, of 2,000 images of it, measured once and kept with the run."""
    import json

    from colorgan import datasets
    from colorgan.evaluation import evaluate as evaluator
    from colorgan.training import checkpoints

    path = Path(config.run.checkpoints_path) / "median_ab.json"
    if path.exists():
        return tuple(json.loads(path.read_text())["median_ab"])
    split = split or datasets.load(config.data, "train")
    median = evaluator.median_ab(split.images(64, limit=2000).as_numpy_iterator())
    checkpoints.write_text(path, json.dumps({"median_ab": list(median)}) + "\n")
    return median


def turing(command: flags.Command) -> int:
    """Run the visual Turing test in a window; every answer is on disk when it is given."""
    from colorgan.evaluation import turing_window

    turing_window.require_display()
    from colorgan import datasets
    from colorgan.evaluation import turing as trials

    colorizer, config = _trained(command)
    split = datasets.load(config.data, "test")
    size = config.run.test_size
    batches = split.images(1, limit=size, seed=config.run.seed).as_numpy_iterator()
    pictures = [batch["rgb"][0] for batch in batches]
    if len(pictures) < size:
        print(f"The test split has only {len(pictures)} images: {len(pictures)} pairs instead of {size}.")
    plan = trials.plan(len(pictures), min(size, len(pictures)), config.run.seed)
    turing_window.run_window(
        lambda index: (pictures[index], colorizer.colorize(pictures[index])),
        plan,
        config.run.test_delay,
        _output(config) / "turing.csv",
    )
    return 0


def colorize(command: flags.Command) -> int:
    """Colorize files at their own size."""
    from colorgan.serving import photos

    inputs = [*command.inputs, *([command.config.run.test_input] if command.config.run.test_input else [])]
    if not inputs:
        raise ValueError("No photograph to colorize. Give files or folders: python colorize.py PHOTO [PHOTO ...]")
    colorizer, config = _trained(command)
    output = Path(command.config.run.test_output or "colorized")
    return photos.colorize_files(colorizer, inputs, output, work_size=(config.data.height, config.data.width))


if __name__ == "__main__":
    sys.exit(run())
