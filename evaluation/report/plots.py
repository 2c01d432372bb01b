"""The plots of a report: accuracy curves, colours and chroma of an evaluation's `traces`, and its `steering`.

Each of `PLOTS` returns a matplotlib figure; no window is opened. Imports
`baselines`, `traces` and `formulas`; with `turing.window` and `training.writers` the only users of matplotlib.
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

# Okabe and Ito 2008: told apart by colour-blind eyes too; the dashes tell them apart without colour.
LINES = (("#0072b2", "-"), ("#d55e00", "--"), ("#009e73", "-."), ("#cc79a7", ":"), ("#e69f00", "-"), ("#56b4e9", "--"))
DPI = 110
ENOUGH = 1e-4  # share of the pixels below which the mean of a column would be noise
MONOSPACE = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSansMono.ttf"  # Pillow has no such font


INK = "#1b1e23"
_INKED = ("axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "text.color", "xtick.color", "ytick.color")
STYLE = {"image.cmap": "viridis_r"} | dict.fromkeys(_INKED, INK)


@functools.lru_cache(maxsize=1)
def drawn(evaluation) -> dict[str, bytes]:
    """-> {name: a plot as a PNG file's bytes}; drawn once for the page and the picture of an evaluation."""
    with matplotlib.rc_context(STYLE):
        asked = {"steering": steering} if evaluation.steering else {}
        return {name: _png(draw(evaluation)) for name, draw in (PLOTS | asked).items()}


def _png(figure):
    data = io.BytesIO()
    # Without the metadata: they carry the version, by which files would differ from one installation to the next.
    figure.savefig(data, format="png", dpi=DPI, metadata={"Software": None})
    return data.getvalue()


def curves(evaluation) -> Figure:
    """Shares of pixels over thresholds, a line per model: the epsilon accuracy, and the ab distance behind `auc`."""
    found = evaluation.traces
    figure = Figure(figsize=(10, 4), layout="compressed")
    panels = (
        (found.eps_curve, traces.EPS_GRID, "epsilon, Lab units", "epsilon accuracy"),
        (found.ab_curve, AUC_THRESHOLDS, "ab distance, Lab units", "raw accuracy (Zhang 2016)"),
    )
    for axis, (curve, grid, along, title) in zip(figure.subplots(1, 2), panels, strict=True):
        for i, model in enumerate(found.ab):
            color, dashes = LINES[i % len(LINES)]
            shares = 100 * curve(model)
            axis.plot(grid, shares, dashes, color=color, label=f"{model}, AuC {shares.mean():.1f} %")
        axis.set(xlabel=along, ylabel="pixels within, %", title=title, ylim=(0, 101), xlim=(0, grid[-1]))
        axis.grid(alpha=0.25)
        axis.legend(loc="lower right")
    return figure


def ab_histograms(evaluation) -> Figure:
    """How often each ab occurs in the truth and in the results of each model, but for baselines, which have one."""
    found = evaluation.traces
    panels = {"truth": found.truth_ab} | {name: found.ab[name] for name in baselines.own(found.ab)}
    figure, axes = _histograms(panels, traces.AB_EDGES)
    for axis in axes:
        axis.axhline(0, color="gray", linewidth=0.5)
        axis.axvline(0, color="gray", linewidth=0.5)
        axis.set(xlabel="a", ylabel="b")
    return figure


def chroma(evaluation) -> Figure:
    """Achieved against true chroma of the pixels: on the dashed line, a pixel is as colourful as it was."""
    panels = {name: evaluation.traces.chroma[name] for name in baselines.own(evaluation.traces.chroma)}
    figure, axes = _histograms(panels, traces.CHROMA_EDGES)
    middles = (traces.CHROMA_EDGES[:-1] + traces.CHROMA_EDGES[1:]) / 2
    for axis, counts in zip(axes, panels.values(), strict=True):
        axis.axline((0, 0), slope=1, linestyle="--", color=INK, linewidth=1)
        some = counts.sum(axis=1) >= ENOUGH * counts.sum()
        mean = counts[some] @ middles / counts[some].sum(axis=1)
        axis.plot(middles[some], mean, color="#d55e00", linewidth=1.5, label="mean achieved")
        axis.set(xlabel="true chroma", ylabel="achieved chroma")
    return figure


def steering(evaluation) -> Figure:
    """PSNR and MAE of a and b over the number of points that people give, with intervals, a line per model."""
    figure = Figure(figsize=(10, 3.6), layout="compressed")
    panels = (("psnr", "PSNR, dB"), ("mae_ab", "MAE of a and b, Lab units"))
    for axis, (name, title) in zip(figure.subplots(1, 2), panels, strict=True):
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
    return figure


PLOTS = {"curves": curves, "colours": ab_histograms, "chroma": chroma}


def _histograms(panels, edges):
    """Histograms of the same number of pixels, rows along x, on one logarithmic scale; empty bins stay paper.

    Args:
        panels: {title: [n, n] counts}.
        edges: [n + 1] of the bins, along both axes.

    Returns:
        The figure, and the axes of the panels.
    """
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(3.4 * columns + 1, 3.4 * rows + 0.2), layout="compressed")
    axes = figure.subplots(rows, columns, squeeze=False)
    total = next(iter(panels.values())).sum()
    norm = LogNorm(1 / total, max(10, *(counts.max() for counts in panels.values())) / total)
    for axis, (title, counts) in zip(axes.flat, panels.items(), strict=False):
        shares = np.ma.masked_equal(counts / total, 0)
        mesh = axis.pcolormesh(edges, edges, shares.T, norm=norm, rasterized=True)
        axis.set(title=title, aspect="equal")
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    figure.colorbar(mesh, ax=axes, shrink=0.8, label="share of pixels per bin of 2x2")
    return figure, axes.flat[: len(panels)]
