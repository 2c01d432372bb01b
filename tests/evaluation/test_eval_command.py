"""What `--mode eval` and `--mode turing` refuse before work begins, and where results go."""

import json
from types import SimpleNamespace

import pytest

from colorgan import flags
from colorgan.commands import common, evaluate, turing


def command(*words, mode="eval"):
    return flags.parse(["--mode", mode, *words])


def test_baselines_alone_need_a_run():
    with pytest.raises(ValueError, match="`--compare gray median` needs a run"):
        evaluate.run(command("--compare", "gray", "median"))


def test_a_run_that_is_not_there_is_named_as_it_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="The run nope does not exist"):
        evaluate.run(command("nope"))


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


def test_no_two_runs_share_a_folder_of_comparison(tmp_path):
    first = tmp_path / "runs" / "a"
    others = {"runs/b": "b", "runs/x/b": "x-b", "b": "up-b", "runs/a/weights.h5": "a-weights.h5"}
    assert {path: evaluate._seen_from(first, tmp_path / path) for path in others} == others


def test_a_result_of_more_images_stays(tmp_path, capsys):
    def names(n):
        return [path.name for path in evaluate._files(tmp_path, n)]

    plain = ["result.json", "report.html", "report.png"]
    assert names(5) == plain
    (tmp_path / "result.json").write_text(json.dumps({"protocol": {"n": 10}}))
    assert names(10) == names(12) == plain
    assert capsys.readouterr().out == ""
    assert names(5) == ["result-5.json", "report-5.html", "report-5.png"]
    assert "is of more images and stays" in capsys.readouterr().out
    other = [path.name for path in evaluate._files(tmp_path, 5, "-validation")]
    assert other == ["result-validation.json", "report-validation.html", "report-validation.png"]


def test_held_out_photographs_are_those_of_the_runs_own_share():
    own = command("--dataset", "shapes", "--validation-fraction", "0.1").config
    model = SimpleNamespace(stored=SimpleNamespace(config=own))
    evaluate._check_held_out({"a": model}, {"a": own})
    elsewhere = own.replace(dataset="folder", validation_fraction=0.3)  # photographs that it has never seen
    evaluate._check_held_out({"a": model}, {"a": elsewhere})
    narrower = own.replace(validation_fraction=0.05)  # a part of those that were held out
    evaluate._check_held_out({"a": model}, {"a": narrower})
    wider = own.replace(validation_fraction=0.2)
    with pytest.raises(ValueError, match=r"a was trained with --validation-fraction 0\.1, so that a share of 0\.2"):
        evaluate._check_held_out({"a": model}, {"a": wider})
    other = SimpleNamespace(stored=SimpleNamespace(config=wider))
    with pytest.raises(ValueError, match=r"different shares of the photographs \(0\.1, 0\.2\)"):
        evaluate._check_held_out({"a": model, "b": other}, {"a": own, "b": wider})


def test_two_folders_have_no_split():
    with pytest.raises(ValueError, match="no split for --eval-split"):
        evaluate.run(command("--result-dir", "a", "--truth-dir", "b", "--eval-split", "validation"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--port", "70000"), "`--port` must be below 65536"),
        (("--check-tolerance", "2"), "`--check-tolerance` must be at most 1"),
        (("--precision-target", "0.5"), "`--precision-target` must lie between 0 and 0.5"),
    ],
)
def test_a_turing_test_checks_its_flags_before_the_weights(words, message, monkeypatch):
    monkeypatch.setattr(common, "trained", lambda command: pytest.fail("the weights were loaded"))
    with pytest.raises(ValueError, match=message):
        turing.run(command("--web", *words, mode="turing"))
