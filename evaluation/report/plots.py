"""The plots of a report, drawn from an evaluation's `traces`: accuracy curves, colours, chroma.

Each function returns a matplotlib figure in a theme's colours; no window is opened. Imports `evaluation.traces` and
`evaluation.formulas`; with `turing.window` and `training.writers` the only users of matplotlib.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from matplotlib import colormaps, get_data_path
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from colorgan.evaluation import traces
from colorgan.evaluation.formulas import AUC_THRESHOLDS

THEMES = {"light": ("white", "#1b1e23"), "dark": ("#16181d", "#e4e6ea")}  # paper and ink
# Okabe and Ito 2008: told apart by colour-blind eyes too; the dashes tell them apart without colour.
LINES = (("#0072b2", "-"), ("#d55e00", "--"), ("#009e73", "-."), ("#cc79a7", ":"), ("#e69f00", "-"), ("#56b4e9", "--"))
DPI = 110
ENOUGH = 1e-4  # share of the pixels below which the mean of a column would be noise
MONOSPACE = Path(get_data_path()) / "fonts/ttf/DejaVuSansMono.ttf"  # matplotlib brings it; Pillow has no such font


def curves(evaluation, *, theme="light") -> Figure:
    """Shares of pixels over thresholds, a line per model: the epsilon accuracy, and the ab distance behind `auc`."""
    found = evaluation.traces
    figure, axes = _figure(10, 4, 1, 2, theme)
    panels = (
        (found.eps_curve, traces.EPS_GRID, "epsilon, Lab units", "epsilon accuracy"),
        (found.ab_curve, AUC_THRESHOLDS, "ab distance, Lab units", "raw accuracy (Zhang 2016)"),
    )
    for axis, (curve, grid, along, title) in zip(axes[0], panels, strict=True):
        for i, model in enumerate(found.ab):
            color, dashes = LINES[i % len(LINES)]
            shares = 100 * curve(model)
            axis.plot(grid, shares, dashes, color=color, label=f"{model}, AuC {shares.mean():.1f} %")
        axis.set(xlabel=along, ylabel="pixels within, %", title=title, ylim=(0, 101), xlim=(0, grid[-1]))
        axis.grid(alpha=0.25)
        legend = axis.legend(loc="lower right", framealpha=0.8, facecolor=figure.get_facecolor())
        for word in legend.get_texts():
            word.set_color(THEMES[theme][1])
    return figure


def ab_histograms(evaluation, models, *, theme="light") -> Figure:
    """How often each ab occurs in the truth and in each model's results, side by side, on one logarithmic scale."""
    found = evaluation.traces
    panels = [("truth", found.truth_ab), *((name, found.ab[name]) for name in models)]
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure, axes = _figure(3.4 * columns + 0.8, 3.4 * rows + 0.2, rows, columns, theme)
    total = found.truth_ab.sum()
    top = max(counts.max() for _, counts in panels) / total
    for axis, (name, counts) in zip(axes.flat, panels, strict=False):
        mesh = _mesh(axis, traces.AB_EDGES, counts / total, 1 / total, top, theme)
        axis.axhline(0, color="gray", linewidth=0.5)
        axis.axvline(0, color="gray", linewidth=0.5)
        axis.set(title=name, xlabel="a", ylabel="b", aspect="equal")
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    _bar(figure, mesh, axes, "share of pixels per bin of 2x2", theme)
    return figure


def chroma(evaluation, models, *, theme="light") -> Figure:
    """Achieved against true chroma of the pixels: on the dashed line, a pixel is as colourful as it was."""
    found = evaluation.traces
    columns = min(len(models), 3)
    rows = -(-len(models) // columns)
    figure, axes = _figure(3.4 * columns + 1.2, 3.4 * rows + 0.2, rows, columns, theme)
    total = found.truth_ab.sum()
    top = max(found.chroma[name].max() for name in models) / total
    ink, middles = THEMES[theme][1], (traces.CHROMA_EDGES[:-1] + traces.CHROMA_EDGES[1:]) / 2
    for axis, name in zip(axes.flat, models, strict=False):
        counts = found.chroma[name]
        mesh = _mesh(axis, traces.CHROMA_EDGES, counts / total, 1 / total, top, theme)
        axis.plot([0, traces.CHROMA_EDGES[-1]], [0, traces.CHROMA_EDGES[-1]], "--", color=ink, linewidth=1)
        some = counts.sum(axis=1) >= ENOUGH * total
        mean = counts[some] @ middles / counts[some].sum(axis=1)
        axis.plot(middles[some], mean, color="#d55e00", linewidth=1.5, label="mean achieved")
        axis.set(title=name, xlabel="true chroma", ylabel="achieved chroma", aspect="equal")
    for axis in axes.flat[len(models) :]:
        axis.set_visible(False)
    _bar(figure, mesh, axes, "share of pixels per bin of 2x2", theme)
    return figure


def png(figure) -> bytes:
    """-> a figure as a PNG file's bytes."""
    data = io.BytesIO()
    # Without the metadata: they carry the version, by which files would differ from one installation to the next.
    # Tight: panels of equal axes leave a band of the figure empty.
    kept = {"facecolor": figure.get_facecolor(), "metadata": {"Software": None}}
    figure.savefig(data, format="png", dpi=DPI, bbox_inches="tight", **kept)
    return data.getvalue()


def _figure(width, height, rows, columns, theme):
    paper, ink = THEMES[theme]
    figure = Figure(figsize=(width, height), layout="constrained", facecolor=paper)
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_facecolor(paper)
        axis.tick_params(colors=ink)
        for part in (axis.title, axis.xaxis.label, axis.yaxis.label):
            part.set_color(ink)
        for spine in axis.spines.values():
            spine.set_color(ink)
    return figure, axes


def _mesh(axis, edges, shares, least, most, theme):
    """A histogram, rows along x; empty bins stay paper."""
    map_ = colormaps["viridis" if theme == "dark" else "viridis_r"]
    norm = LogNorm(least, max(most, 10 * least))
    return axis.pcolormesh(edges, edges, np.ma.masked_equal(shares, 0).T, cmap=map_, norm=norm, rasterized=True)


def _bar(figure, mesh, axes, text, theme):
    ink = THEMES[theme][1]
    bar = figure.colorbar(mesh, ax=axes, shrink=0.8)
    bar.set_label(text, color=ink)
    bar.ax.tick_params(colors=ink, which="both")
