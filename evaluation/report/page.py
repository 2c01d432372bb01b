"""An evaluation as one HTML file: pictures embedded, nothing fetched, light or dark as the reader's device has it.

What it shows is gathered here; `page.html`, a Jinja template, is how. Imports `tables`, `plots`, `sheets` and
`baselines`.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

import jinja2
from PIL import Image

from colorgan.evaluation import baselines
from colorgan.evaluation.report import plots, sheets, tables

PARTS = ("best", "median", "worst")


def page(evaluation, comparisons=()) -> str:
    """-> the report of an `Evaluation` made with `for_report=True`, and of `Comparison`s of its models, as HTML."""
    names, protocol = list(evaluation.table), evaluation.protocol
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    return environment.get_template("page.html").render(
        title=f"Colorization: {', '.join(n for n in names if n not in baselines.NAMES) or ', '.join(names)}",
        dataset=protocol.get("dataset", ""),
        n=protocol["n"],
        results=tables.results(evaluation),
        omitted=protocol.get("omitted", {}),
        comparisons=[(tables.comparison_title(one), *tables.comparison_rows(one)) for one in comparisons],
        curves=_curves(evaluation),
        colours=_colors(evaluation),
        chroma=_chroma(evaluation),
        rankings=_rankings(evaluation),
        samples=_samples(evaluation),
        class_word=evaluation.class_word,
        classes=tables.class_tables(evaluation),
        protocol=tables.protocol_rows(protocol),
        definitions=protocol.get("definitions", {}).items(),
    )


def shown_models(evaluation) -> list[str]:
    """-> the models whose colours are plotted: all but the baselines, which have one colour; all if there are none."""
    return [n for n in evaluation.table if n not in baselines.NAMES] or list(evaluation.table)


def _curves(evaluation):
    found = evaluation.traces
    aucs = ", ".join(
        f"{m} {100 * found.eps_curve(m).mean():.1f} % and {100 * found.ab_curve(m).mean():.1f} %" for m in found.ab
    )
    alt = f"Two plots of the share of pixels within a threshold. Area under the curves, left and right: {aucs}."
    note = (
        "Left: the epsilon accuracy at every threshold, L, a and b rounded. Right: the share of pixels within an ab "
        f"distance. AuC is the mean over the thresholds. {alt.split('. ')[1]}"
    )
    return _plot(plots.curves, alt, note, evaluation)


def _colors(evaluation):
    models = shown_models(evaluation)
    alt = f"Histograms of a and b: truth, {', '.join(models)}. The further from the centre, the more colourful."
    note = "How often each ab occurs, on one logarithmic scale. Gray is in the middle."
    return _plot(plots.ab_histograms, alt, note, evaluation, models)


def _chroma(evaluation):
    models = shown_models(evaluation)
    ratios = ", ".join(
        f"{m} {evaluation.table[m]['chroma_ratio'][0]:.2f}" for m in models if "chroma_ratio" in evaluation.table[m]
    )
    alt = f"Histograms of achieved against true chroma: {', '.join(models)}. Chroma ratios: {ratios or 'not measured'}."
    note = (
        "Pixels on the dashed line are as colourful as they were; the orange line is the mean of what was "
        "achieved, where at least 0.01 % of the pixels are."
    )
    return _plot(plots.chroma, alt, note, evaluation, models)


def _plot(draw, alt, note, *arguments):
    light, dark = (_data(plots.png(draw(*arguments, theme=theme))) for theme in ("light", "dark"))
    return {"light": light, "dark": dark, "alt": alt, "note": note}


def _rankings(evaluation):
    """-> (model, metric, [(part, its entries)]) of each model and metric that pictures were kept of."""
    return [
        (model, tables.label(name), [(part, [_ranked(one, name, evaluation) for one in parts[part]]) for part in PARTS])
        for model, by_metric in evaluation.gallery.items()
        for name, parts in by_metric.items()
    ]


def _ranked(entry, name, evaluation):
    return {
        "what": evaluation.what(entry),
        "value": tables.number(name, entry["value"]),
        "better": f"{100 * entry['rank']:.1f} %",
        "pictures": [_picture(key, entry[key]) for key in ("gray", "truth", "result")],
    }


def _samples(evaluation):
    """-> (what it is, its pictures) of each sample."""
    found = []
    for sample in evaluation.samples:
        results = [(model, sample["results"][model]) for model in sheets.sampled_models(evaluation)]
        pictures = [("gray", sample["gray"]), ("truth", sample["truth"]), *results]
        found.append((evaluation.what(sample), [_picture(name, picture) for name, picture in pictures]))
    return found


def _picture(name, picture):
    """A picture at its own pixels; the browser enlarges small ones, so that the file holds what was measured."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, format="PNG")
    width, height = sheets.enlarged(picture).size
    enlarged = width > picture.shape[1]
    return {"name": name, "data": _data(data.getvalue()), "width": width, "height": height, "enlarged": enlarged}


def _data(png):
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
