"""The sample sheet's pixels."""

import dataclasses

import numpy as np
from PIL import ImageFont

from colorgan.evaluation import baselines
from colorgan.evaluation.report import picture, sheets


def test_the_sheet_shows_the_pictures_pixel_by_pixel():
    colors = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 99, 199]]], np.uint8)
    grid = sheets.picture_grid(("one", "two"), [[colors, colors[::-1]]])
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
    grid = sheets.picture_grid(("a", "b"), [[one, one] for one in rows], labels=["first", "second"])
    foot = sheets.LABEL_SIZE + sheets.GAP
    assert grid.shape == (sheets.GAP + foot + 128 + 200 + 2 * (sheets.GAP + foot), 2 * 306 + 6, 3)


def test_sample_sheet(evaluation):
    sheet = sheets.sample_sheet(evaluation)
    step = 128 + sheets.GAP
    assert sheet.shape[1] == 3 * step + sheets.GAP
    top = 2 * sheets.GAP + sheets.LABEL_SIZE
    truth = evaluation.samples[0]["truth"].repeat(16, 0).repeat(16, 1)
    np.testing.assert_array_equal(sheet[top : top + 128, sheets.GAP + step :][:, :128], truth)


def labels_of(monkeypatch):
    """-> what `picture_grid` is given as labels from now on."""
    given, draw = [], sheets.picture_grid
    monkeypatch.setattr(
        sheets, "picture_grid", lambda *columns, labels: given.extend(labels) or draw(*columns, labels=labels)
    )
    return given


def test_samples_and_rankings_are_named_as_on_the_page(full, monkeypatch):
    given = labels_of(monkeypatch)
    picture.png(full)
    assert given[-2:] == ["image 0, cats & dogs", "image 1, x"]
    given.clear()
    picture.png(dataclasses.replace(full, picture_names={i: f"{i}.jpg" for i in range(9)}))
    assert given[-2:] == ["0.jpg", "1.jpg"]
    best = full.gallery["<warm>"]["mae_ab"]["best"][0]
    assert given[0] == f"best {best['value']:.2f}: {best['index']}.jpg"
    assert len(given) == 2 * 2 * 9 + 2


def test_the_gray_baseline_is_not_shown_twice(full):
    sheet = sheets.sample_sheet(full)
    assert sheet.shape[1] == 4 * (120 + sheets.GAP) + sheets.GAP  # gray, truth, two models; 10x8 pixels, 12 times


def test_a_long_name_keeps_its_ends_and_stays_within_its_row():
    white = np.full((128, 128, 3), 255, np.uint8)
    sheet = sheets.picture_grid(["a"], [[white], [white]], labels=["x" * 90, "short"])
    assert sheet.shape[1] == 128 + 2 * sheets.GAP
    assert sheet[:, -sheets.GAP :].min() == 255
    font = ImageFont.load_default(sheets.LABEL_SIZE)
    fitted = sheets._fitted("worst 15.85: one/folder/of/many/" + 20 * "deep/" + "name.jpg", font, 300)
    assert fitted.startswith("worst 15.85") and fitted.endswith("deep/name.jpg") and font.getlength(fitted) <= 300
    assert sheets._fitted("name.jpg", font, 300) == "name.jpg"


def test_sample_grid_of_a_run_in_progress():
    truth = np.random.default_rng(7).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    grid = sheets.sample_grid(truth, baselines.gray_baseline(truth))
    assert grid.dtype == np.uint8
    step, top = 128 + sheets.GAP, 2 * sheets.GAP + sheets.LABEL_SIZE
    columns = [grid[top : top + 128, sheets.GAP + i * step :][:, :128] for i in range(3)]
    np.testing.assert_array_equal(columns[1], truth[0].repeat(4, 0).repeat(4, 1))
    np.testing.assert_array_equal(columns[0], columns[2])
