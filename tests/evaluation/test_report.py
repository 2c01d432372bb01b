"""What people read: the protocol above aligned tables, Markdown, and the sample sheet's pixels."""

import numpy as np
import pytest
from PIL import Image

from colorgan.evaluation import evaluate, report


@pytest.fixture(scope="module")
def evaluation():
    rng = np.random.default_rng(6)
    rgb = rng.integers(0, 256, (6, 8, 8, 3)).astype(np.uint8)
    batch = {"rgb": rgb, "label": np.array([0, 1, 0, 1, 0, 1]), "index": np.arange(6)}
    models = {"gray": evaluate.gray_baseline, "warm": evaluate.median_baseline((10.0, 20.0))}
    return evaluate.evaluate(
        models, [batch], description="noise, no crop", class_names=("cat", "dog"), resamples=20, sample_size=3
    )


def lines_after(text, start):
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith(start))
    return lines[at + 1 :]


def test_the_protocol_stands_above_the_table(evaluation):
    text = report.text(evaluation)
    order = ["Protocol:", "noise, no crop", "L in the epsilon accuracy", "Definitions:", "Results, N = 6", "by class"]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "gray: the truth's: a and b alone decide" in text
    for name in evaluation.table["gray"]:
        assert text.index(f"  {name} ") < text.index("Results"), f"{name} is not defined above the table"


def test_columns_are_aligned_and_hold_intervals(evaluation):
    table = lines_after(report.table_text(evaluation), "Results")
    header, rule, *rows = table
    assert header.split() == ["metric", "gray", "warm"]
    assert set(rule) == {"-"}
    assert {len(row) for row in rows} == {len(header)}
    value, low, high = evaluation.table["warm"]["mae_ab"]
    assert rows[0].startswith("mae_ab (Lab)")
    assert rows[0].endswith(f"{value:.2f} [{low:.2f}, {high:.2f}]")
    assert len(rows) == len(evaluation.table["gray"])


def test_each_model_has_its_table_per_class(evaluation):
    text = report.class_text(evaluation, names=["psnr"])
    for model in ("gray", "warm"):
        header, _, cat, dog = lines_after(text, f"{model}, by class")[:4]
        assert header.split() == ["class", "N", "psnr", "(dB)"]
        assert cat.split()[:2] == ["cat", "3"]
        assert dog.split()[:2] == ["dog", "3"]
    evaluation_without = evaluate.Evaluation(evaluation.protocol, evaluation.table)
    assert report.class_text(evaluation_without) == ""


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
    assert report.cell(name, interval) == text


def test_tables_by_hand():
    header, rows = ["name", "N"], [["a|b", 3], ["long name", 12]]
    assert report.markdown_table(header, rows) == "| name | N |\n| --- | ---: |\n| a\\|b | 3 |\n| long name | 12 |"
    assert report.text_table(header, rows) == "name        N\n-------------\na|b         3\nlong name  12"
    with pytest.raises(ValueError, match="must have 2 cells"):
        report.markdown_table(header, [["alone"]])


def test_markdown_has_everything(evaluation):
    text = report.markdown(evaluation)
    assert text.startswith("```\nProtocol:")
    assert "N = 6 images" in text
    assert "| metric | gray | warm |" in text
    assert "`warm`, by class:" in text
    assert "| cat | 3 |" in text


def test_the_sheet_shows_the_pictures_pixel_by_pixel():
    colors = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 99, 199]]], np.uint8)
    grid = report.picture_grid([("one", [colors]), ("two", [colors[::-1]])])
    factor = report.CELL // 2
    enlarged = colors.repeat(factor, 0).repeat(factor, 1)
    top, left = 2 * report.GAP + report.LABEL_SIZE, report.GAP
    np.testing.assert_array_equal(grid[top : top + 128, left : left + 128], enlarged)
    left += 128 + report.GAP
    np.testing.assert_array_equal(grid[top : top + 128, left : left + 128], enlarged[::-1])
    strip = grid[report.GAP : top]  # the labels: something dark over each column
    assert strip[:, :134].min() < 100
    assert strip[:, 134:].min() < 100


def test_rows_may_differ_in_size():
    rows = [np.zeros((32, 32, 3), np.uint8), np.zeros((200, 300, 3), np.uint8)]
    grid = report.picture_grid([("a", rows), ("b", rows)], labels=["first", "second"])
    foot = report.LABEL_SIZE + report.GAP
    assert grid.shape == (report.GAP + foot + 128 + 200 + 2 * (report.GAP + foot), 2 * 306 + 6, 3)


def test_sample_sheet_file(evaluation, tmp_path):
    path = tmp_path / "new" / "sheet.png"
    report.write_sample_sheet(path, evaluation, models=["warm"])
    sheet = np.asarray(Image.open(path).convert("RGB"))
    step = 128 + report.GAP
    assert sheet.shape[1] == 3 * step + report.GAP
    top = 2 * report.GAP + report.LABEL_SIZE
    truth = evaluation.samples[0]["truth"].repeat(16, 0).repeat(16, 1)
    np.testing.assert_array_equal(sheet[top : top + 128, report.GAP + step :][:, :128], truth)
    with pytest.raises(ValueError, match="cool not evaluated. Known: gray, warm"):
        report.write_sample_sheet(path, evaluation, models=["cool"])


def test_sample_grid_of_a_run_in_progress():
    truth = np.random.default_rng(7).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    grid = report.sample_grid(truth, evaluate.gray_baseline(truth))
    assert grid.dtype == np.uint8
    step, top = 128 + report.GAP, 2 * report.GAP + report.LABEL_SIZE
    columns = [grid[top : top + 128, report.GAP + i * step :][:, :128] for i in range(3)]
    np.testing.assert_array_equal(columns[1], truth[0].repeat(4, 0).repeat(4, 1))
    np.testing.assert_array_equal(columns[0], columns[2])


def test_grids_refuse_what_does_not_fit():
    picture = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="no pictures"):
        report.picture_grid([("a", [])])
    with pytest.raises(ValueError, match="Column `b` must hold 1 pictures"):
        report.picture_grid([("a", [picture]), ("b", [picture, picture])])
    with pytest.raises(ValueError, match="float32"):
        report.picture_grid([("a", [picture.astype(np.float32)])])
    with pytest.raises(ValueError, match="`labels` must have 1 texts"):
        report.picture_grid([("a", [picture])], labels=["x", "y"])
