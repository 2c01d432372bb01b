"""`--mode train`: train a colorizer, or continue a run."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import keras
import tensorflow as tf

from colorgan import __version__, datasets
from colorgan.commands import class_weights, common
from colorgan.evaluation import baselines, definitions, formulas, metrics
from colorgan.evaluation import evaluate as evaluator
from colorgan.evaluation.report import sheets, tables
from colorgan.files import locks, whole
from colorgan.models.objectives import adversarial, compose, features
from colorgan.models.predictor import Predictor, to_rgb8
from colorgan.settings import flags, modes, rules
from colorgan.settings.config import Config
from colorgan.training import checkpoints, distribution, environment, loop, state, steps, writers
from colorgan.weights import pretrained, stored


def run(command: flags.Command) -> None:
    """Train until the schedule's end or an interruption; the run's folder then describes the run."""
    check(command.config)
    strategy = distribution.strategy(command.config.run.gpu_ids)
    with loop.interruptions() as interrupted:  # after the strategy: a cluster's strategy also listens for SIGTERM
        _train(command.config, strategy, interrupted)


def check(config: Config) -> None:
    """Check the settings that only the rooms know, before data are read. `settings.rules` checks the rest.

    Raises:
        ValueError: for an unknown loss or metric, a pretrained encoder's weights that are not here, or data whose
            colours do not go with a classification.
    """
    adversarial.get(config.objective.adversarial)
    try:
        definitions.check_measured(config.run.best_metric)
        definitions.cost(config.run.best_metric, 0.0)
    except ValueError as error:
        raise ValueError(f"`--best-metric`: {error}") from error
    size = (config.data.height, config.data.width)
    if config.run.best_metric == "ssim" and min(size) < formulas.SSIM_WINDOW:
        raise ValueError(
            f"`--best-metric ssim` looks at {formulas.SSIM_WINDOW} x {formulas.SSIM_WINDOW} pixels at a time. Choose "
            f"another metric, or a larger --height and --width. Received: {size[0]} x {size[1]}"
        )
    if steps.classifies(config):
        rules.check_bins(config.data)
    name, run_ = config.architecture.encoder_name, config.run
    begun = any((Path(run_.checkpoints_path) / "checkpoints").glob("ckpt-*"))
    if name in pretrained.PACKAGES and not (run_.network or begun):
        pretrained.locate(name, run_.encoder_weights or name)


def _train(config, strategy, interrupted):
    run_dir = Path(config.run.checkpoints_path)
    chief = distribution.is_chief(strategy)
    keras.utils.set_random_seed(config.run.seed)
    if config.run.deterministic:
        tf.config.experimental.enable_op_determinism()
    photographs = datasets.load(config.data, "train", seed=config.run.seed)
    looked_at = config.run.validate or config.run.sample
    held_out = datasets.load(config.data, "validation") if looked_at else None
    checkpoints.check_directory(run_dir, config)
    with _alone(run_dir) if chief else contextlib.nullcontext():
        _train_in(run_dir, config, strategy, photographs, held_out, interrupted)


@contextlib.contextmanager
def _alone(run_dir):
    """Within: no other training writes to the run's folder."""
    lock, is_new = run_dir / "training.lock", not run_dir.exists()
    try:
        with locks.held(lock) as problem:
            if problem:
                print(f"{lock} cannot be locked ({problem}). Make sure that no other training writes to {run_dir}.")
            yield
    except locks.Taken as error:
        raise ValueError(
            f"`--checkpoints-path`: {run_dir} is used by a running training: {error}. Wait for its end or stop it; "
            f"then the same command continues. Or give another --name or --checkpoints-path. If the training no "
            f"longer runs and the disk kept its lock, remove {lock}."
        ) from error
    finally:
        if is_new:
            with contextlib.suppress(OSError):  # only if nothing was written to it
                run_dir.rmdir()


def _train_in(run_dir, config, strategy, photographs, held_out, interrupted):
    chief = distribution.is_chief(strategy)
    trained = state.create(config, strategy)  # first, because it refuses impossible networks at once
    terms = _terms(config, photographs, chief=chief)
    saver = checkpoints.Checkpoints(run_dir, trained, keep=config.run.keep_checkpoints, chief=chief)
    position = _start(config, trained, saver, photographs, strategy, chief=chief)
    compiled = steps.Steps(config, trained, strategy, jit=distribution.use_xla(config.run.jit, strategy), **terms)
    if chief:
        checkpoints.record(run_dir, config)
        data = {"training": photographs.description, "fingerprint": photographs.fingerprint()}
        asked = {"version": __version__, "command": ["python", *sys.orig_argv[1:]], "iteration": position.iteration}
        environment.record(run_dir, data=data, **asked)
    predictor = Predictor.of(compiled.predict, config)

    def sample():
        truth = next(held_out.pictures(config.run.sample_size, limit=config.run.sample_size))["rgb"]
        return sheets.sample_grid(truth, predictor.predict_lab(truth))

    def validate():
        measurement = metrics.Measurement(
            dict.fromkeys((*definitions.validation_names(config.evaluation.acc_thresh), config.run.best_metric))
        )
        for batch in held_out.pictures(config.data.batch_size, limit=config.run.validate_size):
            lab = predictor.predict_lab(batch["rgb"])
            measurement.add(batch["rgb"], lab, to_rgb8(lab))
        return measurement.means()

    end = iterations(config, photographs.size)
    writer = writers.Writers(run_dir, config, start=position.iteration, total=end, active=chief)
    try:
        stopped = loop.Loop(
            config,
            state=trained,
            steps=compiled,
            checkpoints=saver,
            position=position,
            train=photographs,
            strategy=strategy,
            writers=writer,
            validate=validate,
            sample=sample if chief else None,
        ).run(interrupted)
    finally:
        writer.close()
    last = None
    if chief and config.run.validate and not stopped and not interrupted:
        last = _final_table(config, predictor, photographs, held_out)
    if chief:
        _say_how_it_ended(stopped, config, position, last)


def _terms(config, photographs, *, chief) -> dict:
    """-> what the objective's terms need besides the networks: {name: value}."""
    terms = {}
    if steps.classifies(config):
        terms["class_weights"] = class_weights.obtain(config, photographs, keep=chief)
    if config.objective.feature_model:
        size = (config.data.height, config.data.width)
        terms["feature_model"] = features.load(config.objective.feature_model, size=size)
    return terms


def _start(config, trained, saver, photographs, strategy, *, chief) -> loop.Position:
    """Restore the last checkpoint, start from other networks, or start afresh; print which."""
    host = saver.restore()
    sizes = distribution.gather(strategy, photographs.size)
    if len(set(sizes)) > 1:
        counts = ", ".join(f"{n:,}" for n in sizes)
        raise ValueError(
            f"`--dataset-path`: the processes have different numbers of photographs, in the order of the cluster: "
            f"{counts}. Give all processes the same files."
        )
    position = loop.Position.start(host, size=photographs.size, pipelines=distribution.processes(strategy))
    if len(set(distribution.gather(strategy, position.iteration))) > 1:
        raise ValueError(f"The processes found different checkpoints in {saver.run_dir}. It must be one shared folder.")
    said = [photographs.description, *saver.notes]
    said += [f"Continuing at iteration {position.iteration}." if host else f"Run folder: {saver.run_dir}"]
    if host is None and config.run.network:
        loaded = checkpoints.load_networks(Path(config.run.network), config, trained)
        anew = "" if "discriminator" in loaded else "; the discriminator starts afresh"
        said += [f"Starting from {config.run.network}: {' and '.join(loaded)}{anew}."]
    elif host is None and config.architecture.encoder_name in pretrained.PACKAGES:
        name = config.architecture.encoder_name
        place = config.run.encoder_weights or name
        trained.load_encoder(pretrained.read(name, place))
        frozen = "" if config.optimizer.encoder_lr_factor else ", and is frozen"
        said += [f"The encoder begins with the weights of {place}{frozen}."]
    elif host is None and config.optimizer.encoder_lr_factor != 1:
        factor = config.optimizer.encoder_lr_factor
        said += [f"The encoder begins at random, and learns at {factor:g} times the rate (--encoder-lr-factor)."]
    end, pretraining = iterations(config, photographs.size), config.schedule.pretrain_steps
    if end is not None and pretraining >= end:
        said += [f"The run ends within its pre-training: at most {end} iterations, --pretrain-steps {pretraining}."]
    elif end is not None and config.schedule.unfreeze and pretraining + config.schedule.unfreeze[-1][0] >= end:
        said += [f"The run ends, at iteration {end} at the latest, before the last stage of --unfreeze begins."]
    if chief:
        print(*said, sep="\n", flush=True)
    return position


def iterations(config: Config, size: int) -> int | None:
    """-> the last possible iteration of a run on so many photographs; None: it has no end."""
    limits = [config.schedule.max_steps] if config.schedule.max_steps else []
    if config.schedule.epochs:
        limits.append(-(-config.schedule.epochs * size // config.data.batch_size))
    return min(limits, default=None)


def _final_table(config, predictor, photographs, held_out):
    """Print and keep a table of the finished run's last weights on its validation images, with the baselines.

    Returns:
        Their value of `--best-metric`.
    """
    desired, name, metric = compose.controlled(config.objective), _name(config), config.run.best_metric
    model = {name: predictor.predict_lab}
    evaluation = evaluator.evaluate(
        model | baselines.colorizers(common.median_ab(config, photographs)),
        held_out.pictures(config.data.batch_size, limit=config.run.validate_size),
        description=held_out.description,
        names=dict.fromkeys((*definitions.table_names(controls=desired), metric)),
        desired=desired,
    )
    held_out.warn_of_bad_files()
    table = tables.text_table(tables.results(evaluation))
    table = f"The last weights, on the photographs held out of training. {table}"
    common.say(table)
    text = f"{tables.protocol_text(evaluation.protocol)}\n\n{table}\n"
    whole.write(Path(config.run.checkpoints_path) / "validation.txt", text)
    return evaluation.table[name][metric][0]


def _name(config):
    return Path(config.run.checkpoints_path).name


def _say_how_it_ended(interrupted, config, position, last):
    iteration, run_dir, saved = position.iteration, Path(config.run.checkpoints_path), config.run.save
    if interrupted:
        kept = f"saved in {run_dir}. The same command continues." if saved else "nothing saved (--save False)."
        kept = kept if iteration else "there was nothing to save."
        print(f"Interrupted at iteration {iteration}; {kept}")
        return
    if config.schedule.pretrain_steps and position.schedule.phase != "adversarial":
        print("The run ended during its pre-training, without adversarial training.")
    samples = config.run.sample and any((run_dir / "samples").glob("*.png"))
    print(f"Finished at iteration {iteration}." + (f" Look at {run_dir}/samples." if samples else ""))
    if saved:
        print(f"To measure it: {modes.command('eval')} --checkpoints-path {run_dir}")
        print(_which_weights(run_dir, config.run.best_metric, last))


def _which_weights(run_dir, metric, last):
    """-> a sentence on the run's last weights, which its folder stands for, and on its best weights, with figures."""
    figure = "" if last is None else f", {metric} {last:.4g}"
    said = f"Weights: {run_dir / stored.WEIGHTS}, the last weights, which --checkpoints-path uses{figure}"
    if not (run_dir / checkpoints.BEST).is_file():
        return said
    best = json.loads((run_dir / checkpoints.BEST).read_text(encoding="utf-8"))
    of = f"of iteration {best['iteration']}, {best['metric']} {best['value']:.4g}"
    return f"{said}; the best weights: --weights {run_dir / checkpoints.BEST_WEIGHTS}, {of}."
