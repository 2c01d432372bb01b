"""An evaluation as one HTML file: pictures embedded, nothing fetched, light or dark as the reader's device has it.

Imports `tables`, `plots`, `sheets` and `baselines`.
"""

from __future__ import annotations

import base64
import html
import io

from PIL import Image

from colorgan.evaluation import baselines
from colorgan.evaluation.report import plots, sheets, tables

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1e23; --soft: #5b626d; --line: #d5d9df; --band: #f4f6f8; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #16181d; --ink: #e4e6ea; --soft: #a3abb7; --line: #3a404a; --band: #1f232a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; } h3 { font-size: 1rem; }
p, figcaption, .note { color: var(--soft); }
nav ul { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; padding: 0; list-style: none; }
a { color: inherit; }
.wide { overflow-x: auto; margin-bottom: 1.2rem; }
.wide:focus-visible, summary:focus-visible { outline: 3px solid #0072b2; outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
tbody th { white-space: normal; min-width: 11rem; }
h3, p, figcaption { overflow-wrap: anywhere; }
.words :is(th, td) { text-align: left; }
.words td { white-space: normal; overflow-wrap: anywhere; min-width: 14rem; }
tbody tr:nth-child(odd) { background: var(--band); }
summary { cursor: pointer; padding: .4rem 0; font-weight: 600; }
figure { margin: 1rem 0; }
figure > img, picture > img { max-width: 100%; height: auto; }
.row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: flex-start; }
.row figure { margin: 0 0 .6rem; max-width: 100%; }
.row figcaption { font-size: .8rem; }
.pixels { image-rendering: pixelated; }
"""
PARTS = ("best", "median", "worst")


def page(evaluation, comparisons=()) -> str:
    """-> the report of an `Evaluation` made with `for_report=True`, and of `Comparison`s of its models, as HTML."""
    names = list(evaluation.table)
    title = f"Colorization: {', '.join(n for n in names if n not in baselines.NAMES) or ', '.join(names)}"
    sections = [
        ("results", "Results", _results(evaluation)),
        ("comparison", "Comparison", "".join(map(_comparison, comparisons))),
        ("curves", "Accuracy over thresholds", _curves(evaluation)),
        ("colours", "Colours", _colors(evaluation)),
        ("chroma", "Chroma", _chroma(evaluation)),
        ("pictures", "Best, median and worst pictures", _gallery(evaluation)),
        ("samples", "Samples", _samples(evaluation)),
        ("classes", f"By {evaluation.class_word}", _classes(evaluation)),
        ("protocol", "Protocol", _protocol(evaluation)),
    ]
    sections = [section for section in sections if section[2]]
    links = "".join(f'<li><a href="#{key}">{html.escape(name)}</a></li>' for key, name, _ in sections)
    body = "".join(
        f'<section aria-labelledby="{key}"><h2 id="{key}">{html.escape(name)}</h2>{content}</section>\n'
        for key, name, content in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{html.escape(title)}</h1>\n<p>{html.escape(str(evaluation.protocol.get('dataset', '')))}. "
        f"N = {evaluation.protocol['n']} images.</p>\n"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n{body}</main>\n</body>\n</html>\n'
    )


def shown_models(evaluation) -> list[str]:
    """-> the models whose colours are plotted: all but the baselines, which have one colour; all if there are none."""
    return [n for n in evaluation.table if n not in baselines.NAMES] or list(evaluation.table)


def _results(evaluation):
    table = _table(*tables.results(evaluation), caption="Value with its 95 % interval over images.")
    omitted = "; ".join(f"{name}: {why}" for name, why in evaluation.protocol.get("omitted", {}).items())
    note = f"<p>Left out: {html.escape(omitted)}.</p>" if omitted else ""
    return table + note + '<p>Each metric\'s definition stands in the <a href="#protocol">protocol</a>.</p>'


def _comparison(comparison):
    return _table(*tables.comparison_rows(comparison), caption=tables.comparison_title(comparison))


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
    return (
        f'<figure><picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{html.escape(alt)}"></picture><figcaption>{html.escape(note)}</figcaption></figure>'
    )


def _gallery(evaluation):
    blocks = []
    for model, by_metric in evaluation.gallery.items():
        for name, parts in by_metric.items():
            rows = "".join(
                f"<h3>{part}</h3>{''.join(_ranked(one, name, evaluation.what(one)) for one in parts[part])}"
                for part in PARTS
            )
            head = f"{html.escape(model)} by {html.escape(tables.label(name))}"
            blocks.append(f"<details{'' if blocks else ' open'}><summary>{head}</summary>{rows}</details>")
    note = (
        "<p>Gray, truth and result of each; the share says how many images are better. Median pictures are taken "
        "out of a random choice, next to the median. Small pictures are enlarged by a whole factor.</p>"
    )
    return note + "".join(blocks) if blocks else ""


def _ranked(entry, name, what):
    text = f"{what}: {tables.number(name, entry['value'])}, {100 * entry['rank']:.1f} % are better"
    pictures = [(key, entry[key]) for key in ("gray", "truth", "result")]
    return f'<p class="note">{html.escape(text)}</p>' + _row(pictures, what)


def _samples(evaluation):
    rows = []
    for sample in evaluation.samples:
        what = evaluation.what(sample)
        results = [(model, sample["results"][model]) for model in sheets.sampled_models(evaluation)]
        pictures = [("gray", sample["gray"]), ("truth", sample["truth"]), *results]
        rows.append(f"<h3>{html.escape(what)}</h3>{_row(pictures, what)}")
    note = "<p>The first images, each at its own size; small ones are enlarged by a whole factor, pixel by pixel.</p>"
    return note + "".join(rows) if rows else ""


def _row(pictures, what):
    return f'<div class="row">{"".join(_picture(name, p, f"{name} of {what}") for name, p in pictures)}</div>'


def _picture(name, picture, alt):
    """A picture at its own pixels; the browser enlarges small ones, so that the file holds what was measured."""
    data = io.BytesIO()
    Image.fromarray(picture).save(data, format="PNG")
    width, height = sheets.enlarged(picture).size
    pixels = ' class="pixels"' if width > picture.shape[1] else ""
    return (
        f'<figure><img src="{_data(data.getvalue())}" alt="{html.escape(alt)}" width="{width}" height="{height}"'
        f'{pixels} loading="lazy"><figcaption>{html.escape(name)}</figcaption></figure>'
    )


def _classes(evaluation):
    found = tables.class_tables(evaluation)
    return "".join(_table(header, rows, caption=f"{model}, [95 % interval]") for model, header, rows in found)


def _protocol(evaluation):
    protocol = evaluation.protocol
    lines = _texts(["what", "how"], tables.protocol_rows(protocol), "What was measured")
    meanings = _texts(["metric", "definition"], protocol.get("definitions", {}).items(), "Definitions")
    return lines + meanings


def _texts(header, rows, caption):
    return _table(header, rows, caption=caption, kind=' class="words"')


def _table(header, rows, *, caption, kind=""):
    head = "".join(f'<th scope="col">{html.escape(str(name))}</th>' for name in header)
    body = "".join(
        f'<tr><th scope="row">{html.escape(str(first))}</th>'
        + "".join(f"<td>{html.escape(str(value))}</td>" for value in rest)
        + "</tr>"
        for first, *rest in rows
    )
    # A region that scrolls must be reachable by keyboard, and then needs a name.
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{html.escape(caption)}"><table{kind}>'
        f"<caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _data(png):
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
