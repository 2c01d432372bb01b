"""The sample sheet's pixels."""

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
    np.testing.assert_array_equal(grid[top : top + sheets.CELL, left : left + sheets.CELL], enlarged)
    left += sheets.CELL + sheets.GAP
    np.testing.assert_array_equal(grid[top : top + sheets.CELL, left : left + sheets.CELL], enlarged[::-1])
    strip = grid[sheets.GAP : top]  # the labels: something dark over each column
    assert strip[:, : sheets.CELL + sheets.GAP].min() < 100
    assert strip[:, sheets.CELL + sheets.GAP :].min() < 100


def test_rows_may_differ_in_size():
    rows = [np.zeros((32, 32, 3), np.uint8), np.zeros((200, 300, 3), np.uint8)]
    grid = sheets.picture_grid(("a", "b"), [[one, one] for one in rows], labels=["first", "second"])
    foot = sheets.LABEL_SIZE + sheets.GAP
    assert grid.shape == (sheets.GAP + foot + 256 + 200 + 2 * (sheets.GAP + foot), 2 * 306 + 6, 3)


def test_sample_sheet(evaluation):
    sheet = sheets.sample_sheet(evaluation)
    step = sheets.CELL + sheets.GAP
    assert sheet.shape[1] == 3 * step + sheets.GAP
    top = 2 * sheets.GAP + sheets.LABEL_SIZE
    truth = evaluation.samples[0]["truth"].repeat(32, 0).repeat(32, 1)
    np.testing.assert_array_equal(sheet[top : top + 256, sheets.GAP + step :][:, :256], truth)


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
    monkeypatch.setattr(full, "picture_names", {i: f"{i}.jpg" for i in range(9)})
    picture.png(full)
    assert given[-2:] == ["0.jpg", "1.jpg"]
    worst = [card for card in full.gallery if any(part == "worst" for part, *_ in card["shown"])]
    assert given[0].startswith(f"{worst[0]['index']}.jpg: ") and " of <warm>" in given[0]
    assert len(given) == min(len(worst), picture.WORST) + 2


def test_the_gray_baseline_is_not_shown_twice(full):
    sheet = sheets.sample_sheet(full)
    assert sheet.shape[1] == 4 * (250 + sheets.GAP) + sheets.GAP  # gray, truth, two models; 10x8 pixels, 25 times


def test_a_long_name_keeps_its_ends_and_stays_within_its_row():
    white = np.full((256, 256, 3), 255, np.uint8)
    sheet = sheets.picture_grid(["a"], [[white], [white]], labels=["x" * 90, "short"])
    assert sheet.shape[1] == 256 + 2 * sheets.GAP
    assert sheet[:, -sheets.GAP :].min() == 255
    font = ImageFont.load_default(sheets.LABEL_SIZE)
    fitted = sheets._fitted("worst 15.85: one/folder/of/many/" + 20 * "deep/" + "name.jpg", font, 300)
    assert fitted.startswith("worst 15.85") and fitted.endswith("deep/name.jpg") and font.getlength(fitted) <= 300
    assert sheets._fitted("name.jpg", font, 300) == "name.jpg"


def test_sample_grid_of_a_run_in_progress():
    truth = np.random.default_rng(7).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    grid = sheets.sample_grid(truth, baselines.gray_baseline(truth))
    assert grid.dtype == np.uint8
    step, top = sheets.CELL + sheets.GAP, 2 * sheets.GAP + sheets.LABEL_SIZE
    columns = [grid[top : top + 256, sheets.GAP + i * step :][:, :256] for i in range(3)]
    np.testing.assert_array_equal(columns[1], truth[0].repeat(8, 0).repeat(8, 1))
    np.testing.assert_array_equal(columns[0], columns[2])
