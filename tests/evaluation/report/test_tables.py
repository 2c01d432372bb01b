"""What people read as text: the protocol above aligned tables, Markdown, comparisons."""

import dataclasses

import numpy as np
import pytest

from colorgan.evaluation import evaluate
from colorgan.evaluation.comparisons import Group
from colorgan.evaluation.report import tables, words


def lines_after(text, start):
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(start))
    return lines[at + 1 :]


def test_the_protocol_stands_above_the_table(evaluation):
    text = words.text(evaluation)
    order = ["Protocol:", "noise, no crop", "L in the epsilon accuracy", "Definitions:", "Results, N = 6", "by class"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "gray: the truth's: a and b alone decide" in text
    for name in evaluation.table["gray"]:
        assert text.index(f"  {name} ") < text.index("Results"), f"{name} is not defined above the table"


def test_columns_are_aligned_and_hold_intervals(evaluation):
    table = lines_after(tables.text_table(tables.results(evaluation)), "Results")
    header, rule, *rows = table
    assert header.split() == ["metric", "gray", "warm"]
    assert set(rule) == {"-"}
    assert {len(row) for row in rows} == {len(header)}
    value, low, high = evaluation.table["warm"]["mae_ab"]
    assert rows[0].startswith("mae_ab (Lab)")
    assert rows[0].endswith(f"{value:.2f} [{low:.2f}, {high:.2f}]")
    assert len(rows) == len(evaluation.table["gray"])


def test_each_model_has_its_table_per_class(evaluation):
    text = words.text(evaluation)
    for model in ("gray", "warm"):
        header, _, cat, dog = lines_after(text, f"{model}, by class")[:4]
        names = (
            "class N mae_ab (Lab) \u2193 eps2 (%) \u2191 eps5 (%) \u2191 psnr (dB) \u2191 colorfulness_ratio \u2192 1 "
        )
        assert header.split() == (names + "chroma_ratio \u2192 1").split()
        assert cat.split()[:2] == ["cat", "3"]
        assert dog.split()[:2] == ["dog", "3"]
    evaluation_without = evaluate.Evaluation(evaluation.protocol, evaluation.table)
    assert "by class" not in words.text(evaluation_without)


@pytest.mark.parametrize(
    ("name", "interval", "text"),
    [
        ("eps2", (0.2481, 0.2, 0.3), "24.81 [20.00, 30.00]"),
        ("mae_ab", (9.094, 9.0, 9.2), "9.09 [9.00, 9.20]"),
        ("ssim", (0.94351, 0.9, 1.0), "0.944 [0.900, 1.000]"),
        ("chroma_ratio", (float("nan"),) * 3, "n/a"),
    ],
)
def test_cells(name, interval, text):
    assert tables.cell(name, interval) == text


def test_tables_by_hand():
    table = ("title", ["name", "N"], [["a|b", "3"], ["long name", "12"]])
    markdown = "title:\n\n| name | N |\n| --- | ---: |\n| a\\|b | 3 |\n| long name | 12 |"
    assert tables.markdown_table(table) == markdown
    assert tables.text_table(table) == "title:\nname        N\n-------------\na|b         3\nlong name  12"


def test_markdown_has_everything(evaluation):
    text = words.markdown(evaluation)
    assert (
        text.startswith("# Evaluation\n\n- The colours of warm are")
        and "\n\nResults, N = 6 images" in text
        and "```\nProtocol:" in text
    )
    assert "| metric | gray | warm |" in text
    assert "warm, by class, [95 % interval]:" in text
    assert "| cat | 3 |" in text


def test_desired_values_stand_beside_what_was_achieved(full):
    _, header, rows = tables.results(full)
    assert header == ["metric", "desired", "<warm>", "cold", "gray"]
    by_name = {row[0]: row for row in rows}
    assert by_name["saturation"][1] == "0.500"
    assert by_name["psnr (dB) \u2191"][1] == ""


def test_a_metric_of_sets_names_its_network(evaluation):
    made = evaluate.Evaluation(
        evaluation.protocol, {"m": {"fid": (12.3456, np.nan, np.nan), "kid": (0.01234, 0.01, 0.02)}}
    )
    made.feature_network = "net.keras 01234567"
    assert tables.results(made)[2] == [
        ["fid (net.keras 01234567) \u2193", "12.35"],
        ["kid (net.keras 01234567) \u2193", "0.0123 [0.0100, 0.0200]"],
    ]
    made.table = {"m": {"FID-lite2": (12.3456, np.nan, np.nan), "KID-lite2": (0.01234, 0.01, 0.02)}}
    assert [row[0] for row in tables.results(made)[2]] == ["FID-lite2 \u2193", "KID-lite2 \u2193"]
    assert tables.results(made)[2][1][1] == "0.0123 [0.0100, 0.0200]"


def test_who_is_best_and_who_is_worse_than_gray(evaluation):
    table = {
        "a": {"psnr": (25.0, 24, 26), "chroma_ratio": (1.2, 1, 2), "colorfulness": (9.0, 8, 10)},
        "b": {"psnr": (22.0, 21, 23), "chroma_ratio": (0.9, 0, 1), "colorfulness": (5.0, 4, 6)},
        "gray": {"psnr": (23.0, 22, 24), "chroma_ratio": (0.0, 0, 0), "colorfulness": (0.0, 0, 0)},
    }
    made = evaluate.Evaluation(evaluation.protocol, table)
    found = {cell: marks for cell, marks in tables.marks(made).items() if marks}
    assert found == {("psnr", "a"): {"best"}, ("psnr", "b"): {"gray wins"}, ("chroma_ratio", "b"): {"best"}}
    assert "| **25.00 [24.00, 26.00]** | 22.00 [21.00, 23.00] (gray wins) | 23.00" in words.markdown(made)


def test_groups_stand_for_their_runs(evaluation):
    table = {run: {"psnr": (value, value, value)} for run, value in {"a-1": 20.0, "a-2": 22.0, "gray": 19.0}.items()}
    made = evaluate.Evaluation(evaluation.protocol, table)
    made.groups = {"a": Group(("a-1", "a-2"), {"psnr": (21.0, 20, 22)}, {"psnr": (2**0.5, 20.0, 22.0)})}
    made.groups["b"] = Group(("b",), {"psnr": (23.0, 22, 24)}, {})  # one seed has no spread
    assert tables.results(made)[1:] == (
        ["metric", "a", "b", "gray"],
        [["psnr (dB) \u2191", "21.00 [20.00, 22.00]", "23.00 [22.00, 24.00]", "19.00 [19.00, 19.00]"]],
    )
    (spread,) = tables.group_tables(made)
    assert spread[1] == ["metric", "mean", "deviation", "least", "greatest", "a-1", "a-2"]
    assert spread[2] == [["psnr (dB) \u2191", "21.00", "1.41", "20.00", "22.00", "20.00", "22.00"]]


def test_a_comparison_in_words(full):
    (one,) = [pair for pair in full.comparisons if pair.a == "gray" and pair.b == "cold"]
    text = tables.text_table(tables.comparison_table(one))
    header, _, *rows = lines_after(text, "cold - gray, N = 9 images, 95 % paired")
    assert header.split() == ["metric", "gray", "cold", "difference", "p", "p,", "Holm", "better"]
    cells = {row.split()[0]: row.split() for row in rows}
    assert cells["chroma_ratio"][-1] == "cold" and "+" in cells["chroma_ratio"][5]
    assert cells["mae_ab"][-1] in ("gray", "cold", "undecided")
    assert cells["saturation"][-1].endswith("]")
    assert "| metric | gray | cold | difference | p | p, Holm | better |" in words.markdown(full)
    assert "| --lr | 0.1 | 0.2 |" in words.markdown(full)


def test_what_people_ask_in_words(full):
    point = {"psnr": (25.0, 24, 26), "mae_ab": (8.0, 7, 9), "in_place": (0.5, 0.25, 0.75)}
    aimed = {"can_reach": (0.9, 0.8, 1), "reachable": (0.45, 0.4, 0.5), "saturation": (0.4, 0.3, 0.5)}
    rows = [
        {"given": "5 points", "points": 5, "results": point, "difference": {"psnr": (1.5, 1, 2), "mae_ab": (-1, -2, 0)}}
        | {"against": "nothing"},
        {"given": "saturation 0.5", "control": "saturation", "desired": 0.5, "results": aimed | {"aim_met": (1, 1, 1)}},
    ]
    asked, aims = tables.steering_tables(dataclasses.replace(full, steering={"m": rows}))
    assert asked[2] == [
        ["5 points", "25.00 [24.00, 26.00]", "+1.50 [+1.00, +2.00]", "8.00 [7.00, 9.00]", "-1.00 [-2.00, +0.00]"]
        + ["nothing", "50.00 [25.00, 75.00]"]
    ]
    assert aims[2] == [
        ["saturation 0.5", "0.500", "90.00 [80.00, 100.00]", "0.450 [0.400, 0.500]", "0.400 [0.300, 0.500]"]
        + ["100.00 [100.00, 100.00]"]
    ]
    assert all(len(row) == len(table[1]) for table in (asked, aims) for row in table[2])
