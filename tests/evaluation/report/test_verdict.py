"""The verdict in words, by hand-made comparisons."""

import dataclasses

from colorgan.evaluation import evaluate
from colorgan.evaluation.comparisons import Comparison, Group
from colorgan.evaluation.report import verdict

PROTOCOL = {"n": 50, "definitions": {}}


def pair(a, b, **gains):
    """Metrics whose gains of b are decided if they are whole numbers."""
    rows = {
        name: {"difference": (gain, gain - 1, gain + 2), "gain": (gain, gain - 1, gain + 1), "p": 0.01}
        | {"p_holm": 0.5 if gain % 1 else 0.01}
        for name, gain in gains.items()
    }
    return Comparison(a, b, 50, rows, "by hand")


def told(*comparisons, ratios, **more):
    table = {name: {"colorfulness_ratio": (ratio, ratio, ratio)} for name, ratio in ratios.items()}
    return verdict.sentences(evaluate.Evaluation(PROTOCOL, table, comparisons=list(comparisons), **more))


def test_one_model_against_gray():
    said = told(pair("gray", "m", psnr=2, ssim=0.5, auc=-1), ratios={"m": 0.5, "gray": 0.0})
    assert said == [
        "m is neither better nor worse than gray on the whole.",
        "m against gray: better by 1 of 3 metrics, worse by 1, 1 undecided (PSNR +2.00 dB [+1.00, +4.00]). Gray "
        "wins by auc (%).",
        "The colours of m are 50 % as strong as the photographs' (colourfulness): pale.",
    ]


def test_that_there_is_colour_at_all_makes_nobody_better_than_gray():
    pale = pair("gray", "m", colorfulness_ratio=9, chroma_ratio=9, psnr=0.5)
    assert told(pale, ratios={"m": 0.9})[0] == "m is neither better nor worse than gray on the whole."
    among_models = pair("a", "b", colorfulness_ratio=9, chroma_ratio=9, psnr=0.5)
    assert told(among_models, ratios={"a": 0.4, "b": 0.9})[0] == "b is the better one."


def test_gray_can_win():
    one = told(pair("gray", "m", psnr=-2, ssim=-1, auc=-3, eps2=1), ratios={"m": 0.9, "gray": 0.0})
    assert one[0] == "Gray is better than m."
    assert one[1].startswith(
        "m against gray: worse by 3 of 4 metrics, better by 1 (PSNR -2.00 dB [-3.00, +0.00]). Gray"
    )
    assert told(pair("gray", "m", psnr=2), ratios={"m": 0.9, "gray": 0.0})[0] == "m is better than gray."
    assert told(pair("gray", "m", psnr=2), ratios={"m": 0.0, "gray": 0.0})[0].startswith("m has no colours.")


def test_two_models_the_second_is_worse():
    said = told(pair("a", "b", psnr=-3), ratios={"a": 1.0, "b": 1.4}, settings={"--lr": {"a": "1", "b": "2"}})
    assert said[0] == "a is the better one."
    assert said[1] == "a against b: better by psnr (PSNR +3.00 dB [+1.00, +4.00])."
    assert said[2].endswith("100 % as strong as the photographs' (colourfulness).")
    assert said[3].endswith(": stronger than true.") and said[4] == "Their trainings differ in lr."


def test_three_models():
    ratios = dict.fromkeys("abc", 0.9)
    best = told(pair("a", "b", psnr=1), pair("a", "c", psnr=-1), pair("b", "c", psnr=-1), ratios=ratios)
    assert best[0] == "b is the best of the 3."
    round_about = told(pair("a", "b", psnr=1), pair("a", "c", psnr=-1), pair("b", "c", psnr=1), ratios=ratios)
    assert round_about[0] == "None is better than all of the others."
    open_ = told(pair("a", "b", psnr=0.5), pair("a", "c", psnr=0.5), pair("b", "c", psnr=0.5), ratios=ratios)
    assert open_[0] == "None is better than another on the whole."
    two = told(pair("a", "b", psnr=1, ssim=-2), pair("gray", "a", psnr=-1), ratios={"a": 0.9, "b": 0.9})
    assert two[0] == "Neither is better on the whole. Gray is better than a."


def test_seeds_that_differ_more_than_the_groups():
    table = {"colorfulness_ratio": (0.9, 0.9, 0.9)}
    groups = {name: Group((name,), table, {"psnr": (1.0, 20.0, 23.5)}) for name in "ab"}
    said = told(pair("a", "b", psnr=3), ratios={"a": 0.9, "b": 0.9}, groups=groups)
    assert said[1].endswith("; the seeds of one group differ by up to 3.50 dB.")


def test_notes_come_last_and_the_method_says_how():
    one = evaluate.Evaluation(PROTOCOL, {"m": {}}, comparisons=[pair("gray", "m", psnr=1, ssim=1)], notes=["Beware."])
    assert verdict.sentences(one)[-1] == "Beware."
    assert "N = 50 images" in verdict.method(one) and "all 2 tests (Holm)" in verdict.method(one)
    assert verdict.method(dataclasses.replace(one, comparisons=[])) == ""
