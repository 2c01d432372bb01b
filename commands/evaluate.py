"""`--mode eval`: measure trained colorizers, or a folder of results, with the baselines."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from colorgan import datasets
from colorgan.commands import common, networks, results, settings
from colorgan.datasets import measured
from colorgan.evaluation import baselines, comparisons, folders, steering
from colorgan.evaluation import evaluate as evaluator
from colorgan.evaluation.definitions import CONTROLS, STEERED, metric
from colorgan.evaluation.report import page, picture, words
from colorgan.files import whole
from colorgan.settings import flags
from colorgan.settings.config import OPTIONS

# Names for the protocol of inputs other than the picture.
_GIVEN = {"zeros": "not given", "nothing": "not given", "uniform": "drawn with seed 0"}
BY_FOLDER = ("folder", "places365")  # data sets whose classes are folders


def run(command: flags.Command) -> None:
    """Print the protocol, the tables and the verdict; write result.json and report.html, .png and .md."""
    wanted = command.config.evaluation
    if wanted.result_dir or wanted.truth_dir:
        return _folders(command)
    paths = common.named_runs(command)
    if wanted.seeds and len(paths) < 2:
        raise ValueError("`--seeds` groups runs that differ only in their seed. Name the runs: RUN_1 RUN_2 RUN_3")
    models, configs, files = _runs(command, paths)
    _check_data(command, configs)
    groups = settings.groups(models) if wanted.seeds else None
    network = networks.find(wanted.fid_model)
    plan = steering.plan(models, wanted.hint_counts, wanted.steering, seed=command.config.run.seed)
    first = next(iter(configs.values()))
    _check_held_out(models, configs, first.evaluation.eval_split)
    origin = next(iter(models.values())).stored
    # Packed weights carry the median of their training set, which may not be here.
    is_own = not common.different(first, origin.config, ("dataset", "classes"))
    median = (origin.median_ab if is_own else None) or common.median_ab(first)
    split = datasets.load(first.data, first.evaluation.eval_split)
    description = _description(split, models, files, median, first)
    if plan:
        description |= plan.lines

    def photographs():
        return split.pictures(first.data.batch_size, limit=first.evaluation.eval_size)

    evaluation = evaluator.evaluate(
        {name: colorizer.predict_lab for name, colorizer in models.items()} | baselines.colorizers(median),
        photographs(),
        description=description,
        class_names=split.class_names,
        class_word="folder" if first.data.dataset in BY_FOLDER else "class",
        desired=_desired(configs.values()),
        picture_names=split.picture_names,
        feature_network=network,
        **_options(first),
    )
    if plan:
        evaluation.steering = steering.measure(models, photographs(), plan)
        evaluation.protocol["definitions"] |= {name: metric(name).definition for name in STEERED}
    split.warn_of_bad_files()
    evaluation.settings = settings.different(models)
    evaluation.notes = networks.notes(network, models)
    place = results.place(common.output(first), models, first.evaluation.eval_split)
    _write(place, evaluation, {name: config.flat() for name, config in configs.items()}, groups=groups)


def _description(split, models, files, median, first):
    """-> the first lines of the protocol: which photographs, which weights."""
    description = {"dataset": split.description, "weights": files}
    if first.evaluation.eval_split != "test" and any(one.stored.packed for one in models.values()):
        description["held out"] = "by name or place; for packed weights only if they were trained on these files"
    if median is not None:
        description["median"] = f"ab {median}, of at most {measured.MEDIAN_IMAGES:,} images of {first.data.dataset}"
    return description


def pairs_of(command: flags.Command) -> folders.Pairs:
    """-> the pictures of `--result-dir` and `--truth-dir`.

    Raises:
        flags.UsageError: if a flag is missing or does not go with two folders. ValueError: see `folders.Pairs`.
        FileNotFoundError: likewise.
    """
    wanted = command.config.evaluation
    if not (wanted.result_dir and wanted.truth_dir):
        raise flags.UsageError(
            "`--result-dir` and `--truth-dir` belong together: a folder of results and one of the true photographs. "
            "Give both."
        )
    if command.inputs:
        raise flags.UsageError("`--result-dir` compares two folders, and takes no runs. Leave the runs out.")
    if "eval_split" in command.given:
        raise flags.UsageError("`--result-dir` compares two folders, which have no splits. Leave --eval-split out.")
    if wanted.hint_counts or wanted.steering:
        raise flags.UsageError(
            "`--result-dir` compares two folders; --hint-counts and --steering need a model. Leave them out."
        )
    return folders.Pairs(wanted.result_dir, wanted.truth_dir)


def _folders(command):
    """Measure a folder of results against a folder of truths."""
    config, pairs = command.config, pairs_of(command)
    wanted = config.evaluation
    place = Path(wanted.result_dir).resolve().name or "root"
    name = f"{place} (results)" if place in baselines.NAMES else place
    folder = Path(config.colorizing.test_output or Path("results") / f"folder-{place}")
    for given in (wanted.result_dir, wanted.truth_dir):
        if Path(given).resolve() in (folder.resolve(), *folder.resolve().parents):
            raise ValueError(
                f"The output {folder} lies in {given}, whose pictures are measured. Give another --output."
            )
    evaluation = evaluator.evaluate(
        {name: "result"} | baselines.colorizers(None),
        pairs.batches(config.data.batch_size, limit=wanted.eval_size),
        description={**pairs.description, "median": "left out: two folders have no training set to take it from"},
        class_names=pairs.class_names,
        class_word="folder",
        picture_names=pairs.names,
        feature_network=networks.find(wanted.fid_model),
        **_options(config),
    )
    _write(results.Place(folder), evaluation, {name: config.flat()}, missing=pairs.missing)
    if evaluation.table[name]["colorfulness_truth"][0] == 0:
        print(
            f"All photographs of --truth-dir {wanted.truth_dir} are gray, so gray is the best result. --truth-dir "
            "needs the originals in colour, not their gray versions."
        )


def _runs(command, paths):
    """-> {name: colorizer}, {name: configuration}, {name: weights file with its SHA-256} of a command's named runs."""
    models, configs, files = {}, {}, {}
    for path in paths:
        colorizer, config = common.trained(command, path)
        file, taken = colorizer.stored.weights, (*models, *baselines.NAMES, "")
        own = "/".join(filter(None, (colorizer.name, results.part(colorizer.stored))))
        free = [name for name in (own, path, str(file)) if name not in taken]
        name = free[0] if free else f"{file} ({len(models)})"
        models[name], configs[name] = colorizer, config
        given = (f", {row.name} {_GIVEN[row.absent]}" for row in colorizer.predictor.inputs)
        files[name] = f"{file}, sha256 {colorizer.stored.digest}, working size {colorizer.work_size}{''.join(given)}"
    return models, configs, files


def _check_data(command, configs):
    """Check that runs are compared on one set of photographs: that of all runs, or the one given by flags."""
    names = ("dataset_path",) if "dataset" in command.given else common.SPLIT
    (first_name, first), *others = configs.items()
    different = [
        f"{OPTIONS[field].flag} is {first.flat()[field]!r} of {first_name}, {other.flat()[field]!r} of {name}"
        for name, other in others
        for field in common.different(first, other, names)
    ]
    if different:
        raise ValueError(
            f"The runs have different data: {'; '.join(different)}. Choose the photographs to compare them on with "
            "--dataset and --dataset-path."
        )


def _check_held_out(models, configs, split):
    """Refuse a `--validation-fraction` that would call training photographs of a run held out.

    In a folder of photographs the test split is held out by the same share.
    """
    for name, colorizer in models.items():
        own, wanted = colorizer.stored.config.data, configs[name].data
        is_own = own.dataset == wanted.dataset
        if split == "test":
            places = {Path(one.dataset_path).expanduser().resolve() for one in (own, wanted)}
            is_own = is_own and wanted.dataset == "folder" and len(places) == 1
        if is_own and own.validation_fraction < wanted.validation_fraction:
            other = "another folder" if split == "test" else "the test split"
            raise ValueError(
                f"`--validation-fraction`: {name} was trained with {own.validation_fraction:g}, so a share of "
                f"{wanted.validation_fraction:g} includes photographs of its training. Evaluate with "
                f"--validation-fraction {own.validation_fraction:g}, or on {other}."
            )
    fractions = {configs[name].data.validation_fraction for name in models}
    if split == "validation" and len(fractions) > 1:
        raise ValueError(
            "`--eval-split validation`: the runs hold out different shares of the photographs "
            f"({', '.join(f'{one:g}' for one in sorted(fractions))}). Compare them on the test split."
        )


def _desired(configs):
    """-> {control: value} of the aims that all runs share."""
    aims = {name: {getattr(config.objective, f"desired_{name}") for config in configs} for name in CONTROLS}
    return {name: value for name, (value, *others) in aims.items() if value is not None and not others}


def _options(config):
    return {
        "thresholds": sorted({2, 5, config.evaluation.acc_thresh}),
        "for_report": True,
        "seed": config.run.seed,
    }


def _write(place, evaluation, configs, *, groups=None, missing=None):
    """Compare, print everything, and write it to a `results.Place`."""
    evaluation.comparisons, evaluation.groups = comparisons.compare(
        evaluation, groups, seed=next(iter(configs.values()))["seed"]
    )
    evaluation.protocol |= comparisons.lines(evaluation.comparisons)
    evaluation.record = {"command line": shlex.join(sys.argv), "configurations": configs}
    if missing:
        evaluation.record["without a partner"] = missing
    common.say(words.text(evaluation))
    files = place.files(evaluation.protocol)
    reports = (write(evaluation) for write in (page.page, picture.png, words.markdown))
    for file, content in zip(files, (evaluation.to_json(), *reports), strict=True):
        whole.write(file, content)
    print(f"Written: {', '.join(map(str, files))}")
