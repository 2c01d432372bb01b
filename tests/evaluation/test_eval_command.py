"""What `--mode eval` and `--mode turing` refuse before work begins, and what people ask."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from colorgan.commands import common, evaluate, turing
from colorgan.models import generators
from colorgan.settings import flags
from colorgan.weights.stored import WEIGHTS


def command(*words, mode="eval"):
    return flags.parse(["--mode", mode, *words])


def test_a_run_that_is_not_there_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="nope is not there, and no weights of that name ship"):
        evaluate.run(command("nope"))


def test_all_runs_are_named_in_one_way(tmp_path):
    with pytest.raises(ValueError, match="Give all as words: cifar10 photo"):
        evaluate.run(command("cifar10", "--weights", "photo"))


def fake(name, file):
    noise = SimpleNamespace(name="noise", absent="uniform")
    return SimpleNamespace(
        name=name,
        work_size=8,
        predictor=SimpleNamespace(inputs=[noise]),
        stored=SimpleNamespace(weights=file, digest="0", packed=file.name != "best.weights.h5"),
    )


def test_no_run_takes_the_place_of_another_of_its_name(tmp_path, monkeypatch):
    """Weights of one's own called photo beside those that ship, and a weights file beside its run."""
    files = [tmp_path / name for name in ("photo.weights.h5", "shipped.h5", "third.h5")]
    for file in files:
        file.write_bytes(b"")
    found = iter([fake("photo", files[0]), fake("photo", files[1]), fake("photo", files[1])])
    monkeypatch.setattr(common, "trained", lambda command, path: (next(found), command.config))
    models, configs, said = evaluate._runs(command(), [str(files[0]), "photo", str(files[2])])
    assert list(models) == list(configs) == list(said) == ["photo", str(files[1]), str(files[2])]
    found = iter([fake("photo", files[1])] * 3)
    models, _, _ = evaluate._runs(command(), ["photo", "photo", "photo"])
    assert list(models) == ["photo", str(files[1]), f"{files[1]} (2)"]
    found = iter([fake("a", tmp_path / WEIGHTS), fake("a", tmp_path / "best.weights.h5")])
    assert list(evaluate._runs(command(), ["a", "a/best.weights.h5"])[0]) == ["a", "a/best"]


def test_the_median_of_other_data_does_not_take_the_place_of_the_runs_own(tmp_path, monkeypatch):
    """A run that has come without its training images keeps its median, whatever it is evaluated on."""

    class Photographs:
        def __init__(self, key):
            self.key = key

        def fingerprint(self):
            return self.key

        def pictures(self, size, *, limit):
            return self.key

    measured = []
    medians = {"own": (1.0, 2.0), "other": (3.0, 4.0), "third": (5.0, 6.0)}
    monkeypatch.setattr(common.measured, "median_ab", lambda key: measured.append(key) or medians[key])
    config = command("--dataset", "shapes", "--checkpoints-path", str(tmp_path)).config
    (tmp_path / "config.json").write_text(config.to_json())
    elsewhere = config.replace(dataset_path="elsewhere")  # of the same name and size
    monkeypatch.setattr(common.datasets, "load", lambda data, split: Photographs(at[data.dataset_path]))
    at = {"elsewhere": "other", config.data.dataset_path: "own"}
    assert common.median_ab(elsewhere) == (3, 4)  # before the run's own is known
    assert common.median_ab(config, Photographs("own")) == common.median_ab(config) == (1, 2)
    at["elsewhere"] = "third"
    assert common.median_ab(elsewhere) == common.median_ab(elsewhere) == (5, 6)
    at["elsewhere"] = "other"
    assert common.median_ab(elsewhere) == (3, 4)
    assert measured == ["other", "own", "third"]  # each once

    def gone(data, split):
        raise ValueError("no such folder")

    monkeypatch.setattr(common.datasets, "load", gone)
    assert common.median_ab(config) == (1.0, 2.0)


def test_runs_of_other_data_are_refused_unless_the_data_is_given():
    plain = command("--dataset", "shapes")
    one = plain.config
    other = one.replace(height=24, dataset_path="elsewhere")
    evaluate._check_data(command(), {"a": one, "b": one})
    with pytest.raises(ValueError, match=r"--dataset-path is .* --height is 32 of a, 24 of b.*with --dataset"):
        evaluate._check_data(command(), {"a": one.replace(height=32), "b": other})
    evaluate._check_data(plain, {"a": one, "b": one.replace(height=24)})
    with pytest.raises(ValueError, match="--dataset-path is"):
        evaluate._check_data(plain, {"a": one, "b": other})


def test_seeds_need_runs():
    with pytest.raises(ValueError, match="`--seeds` groups runs"):
        evaluate.run(command("--seeds"))


def test_held_out_photographs_are_those_of_the_runs_own_share():
    own = command("--dataset", "shapes", "--validation-fraction", "0.1").config
    model = SimpleNamespace(stored=SimpleNamespace(config=own))
    evaluate._check_held_out({"a": model}, {"a": own}, "validation")
    elsewhere = own.replace(dataset="folder", validation_fraction=0.3)  # photographs that it has never seen
    evaluate._check_held_out({"a": model}, {"a": elsewhere}, "validation")
    narrower = own.replace(validation_fraction=0.05)  # a part of those that were held out
    evaluate._check_held_out({"a": model}, {"a": narrower}, "validation")
    wider = own.replace(validation_fraction=0.2)
    with pytest.raises(ValueError, match=r"a was trained with 0\.1, so a share of 0\.2"):
        evaluate._check_held_out({"a": model}, {"a": wider}, "validation")
    evaluate._check_held_out({"a": model}, {"a": wider}, "test")  # shapes has one of its own
    folder = own.replace(dataset="folder", dataset_path="photographs")  # its test split is what is held out
    model.stored.config = folder
    others = folder.replace(dataset_path="others", validation_fraction=1.0)
    evaluate._check_held_out({"a": model}, {"a": others}, "test")
    with pytest.raises(ValueError, match=r"a share of 1 includes .* Evaluate with .* 0\.1, or on another folder"):
        evaluate._check_held_out({"a": model}, {"a": others.replace(dataset_path="photographs")}, "test")
    model.stored.config = own
    other = SimpleNamespace(stored=SimpleNamespace(config=wider))
    with pytest.raises(ValueError, match=r"different shares of the photographs \(0\.1, 0\.2\)"):
        evaluate._check_held_out({"a": model, "b": other}, {"a": own, "b": wider}, "validation")


@pytest.mark.parametrize(("results", "place"), [("mine/", "mine"), ("../gray", "gray")])
def test_results_of_two_folders_never_go_among_the_sources(tmp_path, monkeypatch, capsys, results, place):
    for folder in ("here/mine", "here/truth", "gray"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(evaluate.folders, "Pairs", lambda *folders: SimpleNamespace(
        batches=lambda size, limit: [], description={}, class_names=(), names=None, missing=None
    ))  # fmt: skip

    def measured(models, *args, **kwargs):
        return SimpleNamespace(table={name: {"colorfulness_truth": (colour, colour, colour)} for name in models})

    written, colour = [], 0.0
    monkeypatch.setattr(evaluate.evaluator, "evaluate", measured)
    monkeypatch.setattr(evaluate, "_write", lambda *args, **kwargs: written.append(args))
    words = command("--result-dir", results, "--truth-dir", "truth")
    evaluate.run(words)
    folder, models = written[0][0].folder, list(written[0][1].table)
    assert folder == Path("results") / f"folder-{place}" and len(set(models)) == len(models) == 2
    assert "--truth-dir truth are gray" in capsys.readouterr().out  # the likeliest mistake
    colour = 20.0
    evaluate.run(words)
    assert "gray" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [("--result-dir", "."), ("--result-dir", "results/folder-x", "--output", "results/folder-x/y")]
)
def test_results_do_not_go_among_the_pictures_that_are_measured(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluate.folders, "Pairs", lambda *folders: None)
    with pytest.raises(ValueError, match="whose pictures are measured. Give another --output"):
        evaluate.run(command(*words, "--truth-dir", "truth"))


def test_two_folders_have_no_split():
    with pytest.raises(ValueError, match="no splits. Leave --eval-split"):
        evaluate.run(command("--result-dir", "a", "--truth-dir", "b", "--eval-split", "validation"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--port", "70000"), "`--port` must be below 65,536"),
        (("--check-tolerance", "2"), "`--check-tolerance` must be at most 1"),
        (("--precision-target", "0.5"), "`--precision-target` must be below 0.5"),
    ],
)
def test_a_turing_test_checks_its_flags_before_the_weights(words, message, monkeypatch):
    monkeypatch.setattr(common, "trained", lambda command: pytest.fail("the weights were loaded"))
    with pytest.raises(ValueError, match=message):
        turing.run(command("--web", *words, mode="turing"))


def test_people_ask_a_network_and_the_report_says_what_came_of_it(here, few, tmp_path):
    tables = ["--encoder", "[[4,2],[6,2],[8,2],[8,2]]", "--decoder", "[[8,2],[6,2],[4,2]]"]
    words = ["--dataset", "shapes", "--conditions", "hints,palette,aim", *tables]
    config = command(*words, mode="train").config
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text(config.to_json())
    generators.build(config).save_weights(run / WEIGHTS)
    printed = here("eval", run, "--eval-size", 3, "--steering", "--hint-counts", "4,1").out
    for words in ("run, wishes, N = 3 images", "4 points", "palette of the truth", "run, aims", "hue 0.85"):
        assert words in printed
    result = json.loads((run / "result.json").read_text())
    assert [row["points"] for row in result["steering"]["run"][:3]] == [0, 1, 4]
    assert "seed 0" in result["protocol"]["points"] and "overlap" in result["protocol"]["definitions"]["in_place"]
    page, text = (run / "report.html").read_text(), (run / "report.md").read_text()
    assert 'id="steering"' in page and "Two plots over the number of points" in page
    assert "| 4 points | " in text and "| saturation 0.5 | 0.500 | " in text


def test_who_takes_no_wishes_cannot_be_asked(here):
    failed = here("eval", "cifar10", "--dataset", "shapes", "--steering", expect=1)
    assert "`--steering`: cifar10 takes no conditions, because it was trained without --conditions" in failed.err
    failed = here("eval", "cifar10", "--dataset", "shapes", "--hint-counts", "1,x", expect=2)
    assert "`--hint-counts` must be whole numbers, comma-separated. Received: '1,x'" in failed.err
    failed = here("eval", "--result-dir", "a", "--truth-dir", "b", "--hint-counts", "5", expect=2)
    assert "--hint-counts and --steering need a model" in failed.err
