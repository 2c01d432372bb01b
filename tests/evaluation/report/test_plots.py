"""What the plots draw is what was counted."""

import dataclasses

import numpy as np
import pytest

from colorgan.evaluation.report import plots


def test_the_curves_are_drawn_as_they_were_counted(full):
    axes = [figure.axes[0] for figure in plots.curves(full)]
    for axis, curve in zip(axes, (full.traces.eps_curve, full.traces.ab_curve), strict=True):
        assert len(axis.lines) == 3
        for line, model in zip(axis.lines, full.traces.ab, strict=True):
            np.testing.assert_allclose(line.get_ydata(), 100 * curve(model))
            assert line.get_label() == f"{model}, AuC {100 * curve(model).mean():.1f} %"


def test_histograms_have_one_scale_and_their_axes_right(full):
    truth, warm = (figure.axes[0].collections[0] for figure in plots.ab_histograms(full)[:2])
    assert truth.norm.vmin == warm.norm.vmin and truth.norm.vmax == warm.norm.vmax
    shares = warm.get_array()  # rows go up with b, columns to the right with a: all pixels at (10, 20)
    row, column = np.unravel_index(np.ma.argmax(shares), shares.shape)
    assert (column, row) == ((10 + 110) // 2, (20 + 110) // 2)
    chroma = plots.chroma(full)[0].axes[0].collections[0].get_array()
    assert (np.flatnonzero(chroma.count(axis=1)) == [int(np.hypot(10, 20)) // 2]).all()  # achieved, along y


def test_the_curve_over_points_is_that_of_the_rows(full):
    rows = [
        {"points": n, "results": {"psnr": (20 + n, 19, 21 + n), "mae_ab": (9 - n, 8 - n, 10)}} for n in (0, 1, 5)
    ]  # fmt: skip
    asked = dataclasses.replace(full, steering={"m": [*rows, {"given": "palette", "results": {}}]})
    psnr, mae = (figure.axes[0] for figure in plots.steering(asked))
    np.testing.assert_array_equal(psnr.lines[0].get_xydata(), [[0, 20], [1, 21], [5, 25]])
    np.testing.assert_array_equal(mae.lines[0].get_xydata(), [[0, 9], [1, 8], [5, 4]])
    low = psnr.collections[0].get_paths()[0].get_extents()
    assert (low.y0, low.y1) == (19, 26)
    assert plots.steering(full) == []


def test_the_forest_shows_the_gains_and_which_are_decided(full):
    models, gray = plots.forest(full)
    (one,) = [pair for pair in full.comparisons if pair.a != "gray"]
    lines = [line for line in models.axes[0].lines if len(line.get_xdata())]
    for row, name in enumerate(one.tested):
        interval, mark = lines[2 * row : 2 * row + 2]
        value, low, high = one.rows[name]["gain"]
        scale = max(map(abs, (value, low, high))) or 1
        np.testing.assert_allclose(interval.get_xdata(), [low / scale, high / scale])
        assert mark.get_xdata() == pytest.approx(value / scale)
        assert (mark.get_markerfacecolor() == "white") == (not one.better(name)), name
    assert [label.get_text() for label in models.axes[0].get_yticklabels()][0] == "mae_ab (Lab)"
    assert models.axes[0].get_xlabel() == "\u2190 <warm> is better    |    cold is better \u2192"
    assert gray.axes[0].get_xlabel() == "\u2190 gray is better    |    the other is better \u2192"
    assert [text.get_text() for text in gray.legends[0].texts] == ["<warm> against gray", "cold against gray"]
    assert plots.forest(dataclasses.replace(full, comparisons=[])) == []
