"""`--mode eval`: measure trained colorizers, or a folder of results, beside the baselines."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path

from colorgan import datasets, flags
from colorgan.commands import common
from colorgan.evaluation import baselines, compare, distributions, folders, report
from colorgan.evaluation import evaluate as evaluator
from colorgan.evaluation.definitions import CONTROLS

BY_FOLDER = ("folder", "places365")  # data sets whose classes are the folders that files lie in


def run(command: flags.Command) -> int:
    """Print the protocol and the tables; leave result.json, report.html and report.png."""
    wanted = command.config.evaluation
    if wanted.result_dir or wanted.truth_dir:
        return _folders(command)
    compared = (*wanted.compare, *command.inputs) if wanted.compare else ()
    if wanted.compare and len(set(compared)) != 2:
        raise ValueError(
            "`--compare` takes two different runs, or a run and a baseline: --compare RUN_A RUN_B, "
            f"--compare gray RUN. Received: {' '.join(compared)}"
        )
    paths = [word for word in compared or command.inputs if word not in baselines.NAMES]
    models, configs, files = _runs(command, paths)
    first = next(iter(configs.values()))
    median = common.median_ab(first)
    split = datasets.load(first.data, "test")
    evaluation = evaluator.evaluate(
        models | baselines.colorizers(median),
        split.pictures(first.data.batch_size, limit=first.evaluation.eval_size),
        description={
            "dataset": split.description,
            "weights": files,
            **(
                {}
                if median is None
                else {"median": f"ab {median}, of {common.MEDIAN_IMAGES:,} training images at most"}
            ),
        },
        class_names=split.class_names,
        class_word="folder" if first.data.dataset in BY_FOLDER else "class",
        desired=_desired(configs.values()),
        **_options(first),
    )
    split.warn_of_bad_files()
    names = {path: name for path, name in zip(paths, models, strict=False)}
    pair = [names.get(word, word) for word in compared]
    comparisons = [compare.compare(evaluation, *pair)] if pair else []
    folder = common.output(first)
    if len(models) > 1:  # not in the place of the first run's own results
        folder = folder / f"compared-with-{'-'.join(Path(path).name for path in paths[1:])}"
    return _write(folder, evaluation, comparisons, {name: config.flat() for name, config in configs.items()})


def _folders(command):
    """Measure a folder of results against a folder of truths."""
    config = command.config
    wanted = config.evaluation
    if not (wanted.result_dir and wanted.truth_dir):
        raise ValueError(
            "`--result-dir` and `--truth-dir` belong together: results against the photographs themselves."
        )
    if wanted.compare or command.inputs:
        raise ValueError("`--result-dir` measures two folders: it does not go with --compare or runs.")
    pairs = folders.Pairs(wanted.result_dir, wanted.truth_dir)
    name = Path(wanted.result_dir).name
    name = wanted.result_dir if name in ("", *baselines.NAMES) else name
    evaluation = evaluator.evaluate(
        {name: evaluator.Given()} | baselines.colorizers(None),
        pairs.batches(config.data.batch_size, limit=wanted.eval_size),
        description={**pairs.description, "median": "left out: two folders have no training set to take it from"},
        class_names=pairs.class_names,
        class_word="folder",
        **_options(config),
    )
    return _write(Path(config.use.test_output or "evaluation"), evaluation, (), {name: config.flat()}, pairs.missing)


def _runs(command, paths):
    """-> {name: colorizer}, {name: configuration}, {name: weights file with its SHA-256} of the runs at these paths.

    Without paths, of the one run that the command line means.
    """
    models, configs, files = {}, {}, {}
    for path in paths or [""]:
        own = dataclasses.replace(command, config=command.config.replace(weights=path)) if path else command
        colorizer, config = common.trained(own)
        name = path if colorizer.name in (*models, *baselines.NAMES) else colorizer.name
        weights = common.weights_file(own.config.replace(checkpoints_path=config.run.checkpoints_path))
        models[name], configs[name] = colorizer.predict_lab, config
        files[name] = f"{weights}, sha256 {common.sha256(weights)}"
    return models, configs, files


def _desired(configs):
    """-> {control: value} of what all the runs aim at alike."""
    aims = [{name: getattr(config.objective, f"desired_{name}") for name in CONTROLS} for config in configs]
    return {n: v for n, v in aims[0].items() if v is not None and all(other[n] == v for other in aims)}


def _options(config):
    network = config.evaluation.fid_model
    return {
        "thresholds": sorted({2, 5, config.evaluation.acc_thresh}),
        "feature_network": distributions.FeatureNetwork(network) if network else None,
        "for_report": True,
        "seed": config.run.seed,
    }


def _write(folder, evaluation, comparisons, configs, missing=None):
    evaluation.record = {"command line": shlex.join(sys.argv), "configurations": configs}
    if missing:
        evaluation.record["without a partner"] = missing
    if comparisons:
        evaluation.record["comparisons"] = [dataclasses.asdict(one) for one in comparisons]
    print(report.text(evaluation, comparisons))
    files = [folder / name for name in ("result.json", "report.html", "report.png")]
    evaluation.write_json(files[0])
    report.write_html(files[1], evaluation, comparisons)
    report.write_png(files[2], evaluation, comparisons)
    print(f"Written: {', '.join(map(str, files))}")
    return 0
