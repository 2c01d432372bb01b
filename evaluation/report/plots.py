"""The plots of a report: differences, accuracy curves, colours and chroma of an evaluation's `traces`, its `steering`.

Each of `PLOTS` returns matplotlib figures that a phone can show legibly; no window is opened. Imports `baselines`,
`traces`, `formulas` and `tables`; with `turing.window` and `training.writers` the only users of matplotlib.
"""

from __future__ import annotations

import functools
import io
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from colorgan.evaluation import baselines, traces
from colorgan.evaluation.formulas import AUC_THRESHOLDS
from colorgan.evaluation.report import tables

# Okabe and Ito 2008: distinct for colour-blind readers too; the dashes are distinct without colour.
LINES = (("#0072b2", "-"), ("#d55e00", "--"), ("#009e73", "-."), ("#cc79a7", ":"), ("#e69f00", "-"), ("#56b4e9", "--"))
MARKS = "osD^vP"
DPI = 110
WIDE = 5.0  # inches
ENOUGH = 1e-4  # least share of the pixels for a column's mean; below it is noise
MONOSPACE = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSansMono.ttf"  # Pillow has no such font


INK = "#1b1e23"
_INKED = ("axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "text.color", "xtick.color", "ytick.color")
STYLE = {"image.cmap": "viridis_r"} | dict.fromkeys(_INKED, INK)


@functools.lru_cache(maxsize=1)
def drawn(evaluation) -> dict[str, list[bytes]]:
    """-> {name: plots as PNG files' bytes}; drawn once for the page and the picture of an evaluation."""
    with matplotlib.rc_context(STYLE):
        found = {name: [_png(figure) for figure in draw(evaluation)] for name, draw in PLOTS.items()}
    return {name: figures for name, figures in found.items() if figures}


def _png(figure):
    data = io.BytesIO()
    # Without metadata, because its version would make files differ between installations.
    figure.savefig(data, format="png", dpi=DPI, metadata={"Software": None})
    return data.getvalue()


def forest(evaluation) -> list[Figure]:
    """Plot differences of the models, a row per metric: to the right of the line, the mark's model is better.

    There is a figure for each model with the models after it, and a figure for gray with all; none without comparisons.
    Every row has its scale, because metrics have different units. Filled marks are decided, see `Comparison.better`.
    """
    tested = [one for one in evaluation.comparisons if one.tested]
    return [_forest([one for one in tested if one.a == a]) for a in dict.fromkeys(one.a for one in tested)]


def _forest(pairs):
    metrics = pairs[0].tested
    rows = len(metrics) * max(2, len(pairs))
    figure = Figure(figsize=(WIDE, 0.15 * rows + 0.22 * len(pairs) + 1.0), layout="constrained")
    axis = figure.subplots()
    for row, name in enumerate(metrics):
        gains = [(i, one, one.rows[name]["gain"]) for i, one in enumerate(pairs) if name in one.tested]
        scale = max(abs(end) for *_, gain in gains for end in gain) or 1.0
        for i, one, gain in gains:
            (value, low, high), color = np.divide(gain, scale), LINES[i % len(LINES)][0]
            y = row + 0.7 * ((i + 0.5) / len(pairs) - 0.5)
            axis.plot([low, high], [y, y], color=color, linewidth=1.6)
            filled = color if one.better(name) else "white"
            axis.plot(value, y, MARKS[i % len(MARKS)], color=color, markerfacecolor=filled, markersize=6)
    for i, one in enumerate(pairs):
        style = {"marker": MARKS[i % len(MARKS)], "color": LINES[i % len(LINES)][0]}
        axis.plot([], [], label=f"{one.b} against {one.a}", **style)
    for row in range(1, len(metrics), 2):
        axis.axhspan(row - 0.5, row + 0.5, color="gray", alpha=0.08, linewidth=0)
    axis.axvline(0, color=INK, linewidth=1)
    axis.set(xlim=(-1.08, 1.08), ylim=(len(metrics) - 0.4, -0.6), xticks=[])
    axis.set_yticks(range(len(metrics)), [tables.plain_label(name) for name in metrics])
    other = pairs[0].b if len(pairs) == 1 else "the other"
    axis.set_xlabel(f"\u2190 {pairs[0].a} is better    |    {other} is better \u2192")
    figure.legend(loc="outside upper left", frameon=False)
    return figure


def curves(evaluation) -> list[Figure]:
    """Plot shares of pixels over thresholds, a line per model: the epsilon accuracy, and the ab distance behind
    `auc`."""
    found = evaluation.traces
    panels = (
        (found.eps_curve, traces.EPS_GRID, "epsilon, Lab units", "epsilon accuracy"),
        (found.ab_curve, AUC_THRESHOLDS, "ab distance, Lab units", "raw accuracy (Zhang 2016)"),
    )
    figures = []
    for curve, grid, along, title in panels:
        figures.append(figure := Figure(figsize=(WIDE, 3.9), layout="compressed"))
        axis = figure.subplots()
        for i, model in enumerate(found.ab):
            color, dashes = LINES[i % len(LINES)]
            shares = 100 * curve(model)
            axis.plot(grid, shares, dashes, color=color, label=f"{model}, AuC {shares.mean():.1f} %")
        axis.set(xlabel=along, ylabel="pixels within, %", title=title, ylim=(0, 101), xlim=(0, grid[-1]))
        axis.grid(alpha=0.25)
        axis.legend(loc="lower right")
    return figures


def ab_histograms(evaluation) -> list[Figure]:
    """Plot how often each ab occurs in the truth and in the results of each model, except baselines, which have one
    ab."""
    found = evaluation.traces
    panels = {"truth": found.truth_ab} | {name: found.ab[name] for name in baselines.own(found.ab)}
    figures = _histograms(panels, traces.AB_EDGES)
    for figure in figures:
        axis = figure.axes[0]
        axis.axhline(0, color="gray", linewidth=0.5)
        axis.axvline(0, color="gray", linewidth=0.5)
        axis.set(xlabel="a", ylabel="b")
    return figures


def chroma(evaluation) -> list[Figure]:
    """Plot achieved against true chroma of the pixels; on the dashed line they are equal."""
    panels = {name: evaluation.traces.chroma[name] for name in baselines.own(evaluation.traces.chroma)}
    figures = _histograms(panels, traces.CHROMA_EDGES)
    middles = (traces.CHROMA_EDGES[:-1] + traces.CHROMA_EDGES[1:]) / 2
    for figure, counts in zip(figures, panels.values(), strict=True):
        axis = figure.axes[0]
        axis.axline((0, 0), slope=1, linestyle="--", color=INK, linewidth=1)
        some = counts.sum(axis=1) >= ENOUGH * counts.sum()
        mean = counts[some] @ middles / counts[some].sum(axis=1)
        axis.plot(middles[some], mean, color="#d55e00", linewidth=1.5, label="mean achieved")
        axis.set(xlabel="true chroma", ylabel="achieved chroma")
    return figures


def steering(evaluation) -> list[Figure]:
    """Plot PSNR and MAE of a and b over the number of given points, with intervals, a line per model."""
    if not evaluation.steering:
        return []
    figures = []
    for name, title in (("psnr", "PSNR, dB"), ("mae_ab", "MAE of a and b, Lab units")):
        figures.append(figure := Figure(figsize=(WIDE, 3.6), layout="compressed"))
        axis = figure.subplots()
        for i, (model, entries) in enumerate(evaluation.steering.items()):
            color, dashes = LINES[i % len(LINES)]
            found = [(entry["points"], *entry["results"][name]) for entry in entries if "points" in entry]
            points, value, low, high = np.array(found, dtype=float).T
            axis.plot(points, value, dashes, marker="o", color=color, label=model)
            axis.fill_between(points, low, high, color=color, alpha=0.2, linewidth=0)
        axis.set_xscale("symlog", linthresh=1)
        axis.set_xticks(points, [f"{count:.0f}" for count in points])
        axis.minorticks_off()
        axis.set(xlabel="points given", title=title)
        axis.grid(alpha=0.25)
        axis.legend()
    return figures


PLOTS = {"forest": forest, "curves": curves, "colours": ab_histograms, "chroma": chroma, "steering": steering}


def _histograms(panels, edges):
    """Plot histograms of the same number of pixels, rows along x, on one logarithmic scale; empty bins are blank.

    Args:
        panels: {title: [n, n] counts}.
        edges: [n + 1] of the bins, along both axes.

    Returns:
        A figure for each panel; its first axes are the panel's.
    """
    total = next(iter(panels.values())).sum()
    norm = LogNorm(1 / total, max(10, *(counts.max() for counts in panels.values())) / total)
    figures = []
    for title, counts in panels.items():
        figures.append(figure := Figure(figsize=(WIDE, 3.8), layout="compressed"))
        axis = figure.subplots()
        shares = np.ma.masked_equal(counts / total, 0)
        mesh = axis.pcolormesh(edges, edges, shares.T, norm=norm, rasterized=True)
        axis.set(title=title, aspect="equal")
        figure.colorbar(mesh, ax=axis, shrink=0.8, label="share of pixels per bin of 2x2")
    return figures
