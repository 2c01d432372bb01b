"""The sample sheet's pixels."""

import numpy as np
import pytest
from PIL import Image

from colorgan.evaluation import evaluate, report, sheets


def test_the_sheet_shows_the_pictures_pixel_by_pixel():
    colors = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 99, 199]]], np.uint8)
    grid = sheets.picture_grid([("one", [colors]), ("two", [colors[::-1]])])
    factor = sheets.CELL // 2
    enlarged = colors.repeat(factor, 0).repeat(factor, 1)
    top, left = 2 * sheets.GAP + sheets.LABEL_SIZE, sheets.GAP
    np.testing.assert_array_equal(grid[top : top + 128, left : left + 128], enlarged)
    left += 128 + sheets.GAP
    np.testing.assert_array_equal(grid[top : top + 128, left : left + 128], enlarged[::-1])
    strip = grid[sheets.GAP : top]  # the labels: something dark over each column
    assert strip[:, :134].min() < 100
    assert strip[:, 134:].min() < 100


def test_rows_may_differ_in_size():
    rows = [np.zeros((32, 32, 3), np.uint8), np.zeros((200, 300, 3), np.uint8)]
    grid = sheets.picture_grid([("a", rows), ("b", rows)], labels=["first", "second"])
    foot = sheets.LABEL_SIZE + sheets.GAP
    assert grid.shape == (sheets.GAP + foot + 128 + 200 + 2 * (sheets.GAP + foot), 2 * 306 + 6, 3)


def test_sample_sheet_file(evaluation, tmp_path):
    path = tmp_path / "new" / "sheet.png"
    report.write_sample_sheet(path, evaluation, models=["warm"])
    sheet = np.asarray(Image.open(path).convert("RGB"))
    step = 128 + sheets.GAP
    assert sheet.shape[1] == 3 * step + sheets.GAP
    top = 2 * sheets.GAP + sheets.LABEL_SIZE
    truth = evaluation.samples[0]["truth"].repeat(16, 0).repeat(16, 1)
    np.testing.assert_array_equal(sheet[top : top + 128, sheets.GAP + step :][:, :128], truth)
    with pytest.raises(ValueError, match="cool not evaluated. Known: gray, warm"):
        report.write_sample_sheet(path, evaluation, models=["cool"])


def test_sample_grid_of_a_run_in_progress():
    truth = np.random.default_rng(7).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    grid = report.sample_grid(truth, evaluate.gray_baseline(truth))
    assert grid.dtype == np.uint8
    step, top = 128 + sheets.GAP, 2 * sheets.GAP + sheets.LABEL_SIZE
    columns = [grid[top : top + 128, sheets.GAP + i * step :][:, :128] for i in range(3)]
    np.testing.assert_array_equal(columns[1], truth[0].repeat(4, 0).repeat(4, 1))
    np.testing.assert_array_equal(columns[0], columns[2])


def test_grids_refuse_what_does_not_fit():
    picture = np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="no pictures"):
        sheets.picture_grid([("a", [])])
    with pytest.raises(ValueError, match="Column `b` must hold 1 pictures"):
        sheets.picture_grid([("a", [picture]), ("b", [picture, picture])])
    with pytest.raises(ValueError, match="float32"):
        sheets.picture_grid([("a", [picture.astype(np.float32)])])
    with pytest.raises(ValueError, match="`labels` must have 1 texts"):
        sheets.picture_grid([("a", [picture])], labels=["x", "y"])
