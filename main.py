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

MEDIAN_IMAGES = 2000  # training images that the median baseline is measured on

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

    modes = {"train": train, "eval": evaluate, "turing": turing, "colorize": colorize}
    try:
        return (dry_run if command.dry_run else modes[command.mode])(command)
    except (ValueError, OSError, DivergedError, NoDisplayError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def dry_run(command: flags.Command) -> int:
    """Print the configuration that the command would use and the networks' parameter counts."""
    from colorgan.models import discriminators, generators

    trained = command.mode != "train" and (_run_folder(command.config) / "config.json").is_file()
    config = _stored(command) if trained else command.config
    _check_names(config)
    print(config.to_json(), end="")
    for name, module in (("generator", generators), ("discriminator", discriminators)):
        print(f"{name}: {getattr(config.architecture, name)}, {module.build(config).count_params():,} parameters")
    return 0


def _check_names(config):
    """Unknown names of losses and metrics, before anything is written."""
    from colorgan.evaluation import metrics
    from colorgan.models.objectives import adversarial

    adversarial.get(config.objective.adversarial)
    try:
        metrics.cost(config.run.best_metric, 0.0)
    except ValueError as error:
        raise ValueError(f"`--best-metric`: {error}") from error


def train(command: flags.Command) -> int:
    """Train until the schedule's end or an interruption; the run directory then describes the run."""
    from colorgan.training import loop

    if command.config.run.weights:
        raise ValueError("`--weights` is for evaluating and colorizing; training goes on from its run's checkpoints.")
    with loop.interruptions() as interrupted:
        return _train(command.config, interrupted)


def _train(config, interrupted) -> int:
    import keras
    import tensorflow as tf

    from colorgan import datasets
    from colorgan.evaluation import report
    from colorgan.models.colorizer import Colorizer
    from colorgan.training import checkpoints, distribution, loop, state, steps, validation, writers

    _check_names(config)
    run_dir = Path(config.run.checkpoints_path)
    strategy = distribution.strategy(config.run.gpu_ids)
    task, chief = distribution.task(strategy)
    keras.utils.set_random_seed(config.run.seed)
    if config.run.deterministic:
        tf.config.experimental.enable_op_determinism()
    photographs = datasets.load(config.data, "train", seed=config.run.seed)
    looked_at = config.run.validate or config.run.sample
    held_out = datasets.load(config.data, "validation") if looked_at else None
    checkpoints.claim(run_dir, config, chief=chief)
    trained = state.create(config, strategy)
    saver = checkpoints.Checkpoints(run_dir, trained, keep=config.run.keep_checkpoints, chief=chief, task=task)
    position = loop.Position.start(saver.restore(), size=photographs.size, pipelines=distribution.processes(strategy))
    if len(set(distribution.gather(strategy, position.iteration))) > 1:
        raise ValueError(f"The processes found different checkpoints in {run_dir}: it must be one shared directory.")
    if chief:
        going_on = f"Going on at iteration {position.iteration}." if position.iteration else f"Run directory: {run_dir}"
        print(f"{photographs.description}\n{going_on}", flush=True)
    compiled = steps.Steps(config, trained, strategy, jit=distribution.use_xla(config.run.jit, strategy))
    space = {"color_space": config.data.color_space, "ab_scale": config.data.ab_scale}
    colorizer = Colorizer(compiled.predict, name=run_dir.name, **space)

    def sample():
        truth = next(held_out.pictures(config.run.sample_size, limit=config.run.sample_size))["rgb"]
        return report.sample_grid(truth, colorizer.predict_lab(truth))

    writer = writers.Writers(
        run_dir, config, start=position.iteration, total=_iterations(config, photographs.size), active=chief
    )
    try:
        loop.Loop(
            config,
            state=trained,
            steps=compiled,
            checkpoints=saver,
            position=position,
            train=photographs,
            strategy=strategy,
            writers=writer,
            validate=validation.validator(
                colorizer,
                lambda: held_out.pictures(config.data.batch_size, limit=config.run.validate_size),
                threshold=config.run.acc_thresh,
                best_metric=config.run.best_metric,
            ),
            sample=sample if chief else None,
        ).run(interrupted)
    finally:
        writer.close()
    if not chief:
        return 0
    if config.run.validate and not interrupted:
        _final_table(config, colorizer, photographs, held_out)
    _say_how_it_ended(interrupted, config, position.iteration)
    return 0


def _iterations(config, size):
    limits = [config.schedule.max_steps] if config.schedule.max_steps else []
    if config.schedule.epochs:
        limits.append(-(-config.schedule.epochs * size // config.data.batch_size))
    return min(limits, default=None)


def _final_table(config, colorizer, photographs, held_out):
    """Print and keep a table of the finished run on its validation images, beside the baselines."""
    from colorgan.evaluation import evaluate as evaluator
    from colorgan.evaluation import metrics, report
    from colorgan.training import checkpoints

    evaluation = evaluator.evaluate(
        _with_baselines(colorizer, _median_ab(config, photographs)),
        held_out.pictures(config.data.batch_size, limit=config.run.validate_size),
        description=held_out.description,
        names=metrics.table_names(),
    )
    held_out.warn_of_bad_files()
    table = report.table_text(evaluation)
    print(table)
    text = f"{report.protocol_text(evaluation.protocol)}\n\n{table}\n"
    checkpoints.write_text(Path(config.run.checkpoints_path) / "validation.txt", text)


def _say_how_it_ended(interrupted, config, iteration):
    run_dir, saved = Path(config.run.checkpoints_path), config.run.save
    if interrupted:
        kept = f"saved in {run_dir}. The same command goes on from there." if saved else "nothing saved (--save False)."
        print(f"Interrupted at iteration {iteration}; {kept}")
        return
    print(f"Finished at iteration {iteration}. Look at {run_dir}/samples" + (", and measure:" if saved else "."))
    if saved:
        print(f"  python test-eval.py --checkpoints-path {run_dir}")


def _run_folder(config):
    """The folder of the run, or of the weights, that a command means."""
    weights = Path(config.run.weights)
    if not config.run.weights:
        return Path(config.run.checkpoints_path)
    return weights if weights.is_dir() else weights.parent


def _stored(command: flags.Command) -> Config:
    """The configuration of the run that a command means, under the flags that were given.

    Another data set than the run's comes with its own path; what the networks are is not up to a flag here.
    """
    from colorgan.config import FIELDS, SECTION_OF, read

    folder = _run_folder(command.config)
    stored = read(folder / "config.json")
    fixed = [
        name
        for name in command.given - {"preset"}
        if not (FIELDS[name].metadata["may_change"] or SECTION_OF[name] in ("data", "run"))
        or name in ("color_space", "ab_scale", "precision")
    ]
    if fixed:
        names = ", ".join("--" + name.replace("_", "-") for name in sorted(fixed))
        raise ValueError(f"{names}: the trained model in {folder} has settings of its own. Leave it out.")
    asked = command.config.flat()
    given = {name: asked[name] for name in command.given - {"preset", "weights"}}
    if "dataset" in given and given["dataset"] != stored.data.dataset:
        given["dataset_path"] = asked["dataset_path"]
    return stored.replace(**{**given, "checkpoints_path": str(folder)})


def _trained(command: flags.Command):
    """The colorizer that a command means, and its configuration."""
    from colorgan.models.colorizer import Colorizer
    from colorgan.training import distribution

    config = command.config
    distribution.select(config.run.gpu_ids)
    if config.run.weights and not Path(config.run.weights).exists():
        raise FileNotFoundError(f"`--weights`: {config.run.weights} does not exist.")
    if not (_run_folder(config) / "config.json").is_file():
        raise FileNotFoundError(
            f"No trained model in {_run_folder(config)}. Train one with `python train.py --dataset "
            f"{config.data.dataset}`, or say where it is with --checkpoints-path or --weights."
        )
    stored = _stored(command)
    return Colorizer.load(Path(config.run.weights or config.run.checkpoints_path)), stored


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
        split.pictures(config.data.batch_size, limit=config.run.eval_size),
        description={
            "dataset": split.description,
            "weights": command.config.run.weights or config.run.checkpoints_path,
            "median": f"of {MEDIAN_IMAGES:,} training images at most",
        },
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

    models = {colorizer.name: colorizer.predict_lab, "gray": evaluator.gray_baseline}
    return models if median is None else {**models, "median": evaluator.median_baseline(median)}


def _median_ab(config, photographs=None):
    """The training set's median ab, measured once and kept with the run; None, said once, without training images."""
    import json

    from colorgan import datasets
    from colorgan.evaluation import evaluate as evaluator
    from colorgan.training import checkpoints

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


def turing(command: flags.Command) -> int:
    """Run the visual Turing test in a window; every answer is on disk when it is given."""
    from colorgan.evaluation import turing_window

    turing_window.require_display()
    from colorgan import datasets
    from colorgan.evaluation import turing as trials

    colorizer, config = _trained(command)
    size = config.run.test_size
    split = datasets.load(config.data, "test")
    pictures = [batch["rgb"][0] for batch in split.pictures(1, limit=size, seed=config.run.seed)]
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
