"""The tables of an evaluation, as text and Markdown, and the lines of its protocol. Imports `baselines` and
`definitions`; no drawing.

A table is (title, header, rows); rows are as long as the header.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from colorgan.evaluation import baselines, definitions

CLASS_METRICS = ("mae_ab", "psnr", "colorfulness_ratio", "chroma_ratio")
DIGITS = {"ssim": 3, "kid": 4, "lpips": 3, "reachable": 3, **dict.fromkeys(definitions.CONTROLS, 3)}


def protocol_rows(protocol: Mapping) -> list[tuple[str, str]]:
    """-> (name, value) lines of a protocol without definitions; continuation lines have an empty name."""
    rows = []
    for key, value in protocol.items():
        if not isinstance(value, Mapping):
            rows.append((key, str(value)))
        elif key != "definitions":
            rows += [("" if i else key, f"{name}: {v}") for i, (name, v) in enumerate(value.items())]
    return rows


def protocol_text(protocol: Mapping) -> str:
    """-> the block above every table: one `name: value` per line, aligned; definitions, each on its own line."""
    lines = []
    for title, rows in (("Protocol", protocol_rows(protocol)), ("Definitions", [*protocol["definitions"].items()])):
        width = max(len(name) for name, _ in rows)
        lines += [f"{title}:", *(f"  {name.ljust(width)}  {value}" for name, value in rows)]
    return "\n".join(lines)


def results(evaluation):
    """-> the table of results: a row per metric, a column per model, and a column of desired values if there are
    any."""
    columns, desired = columns_of(evaluation), evaluation.desired
    rows = []
    for name in next(iter(columns.values())):
        aim = [number(name, desired[name]) if name in desired else ""] if desired else []
        row = [label(name, evaluation.feature_network), *aim]
        rows.append(row + [cell(name, own[name]) for own in columns.values()])
    title = f"Results, N = {evaluation.protocol['n']} images, [95 % interval]"
    return title, ["metric", *(["desired"] if desired else []), *columns], rows


def columns_of(evaluation) -> dict:
    """-> {model: {metric: (value, low, high)}} of the table of results; groups replace their runs."""
    if not evaluation.groups:
        return evaluation.table
    runs = {run for group in evaluation.groups.values() for run in group.runs}
    groups = {name: group.table for name, group in evaluation.groups.items()}
    return groups | {name: own for name, own in evaluation.table.items() if name not in runs}


def marks(evaluation) -> dict:
    """-> {(metric, model): a set of `best` and `gray wins`}: the best models, and the models worse than gray."""
    columns, found = columns_of(evaluation), {}
    for name in next(iter(columns.values())):
        if not definitions.metric(name).better:
            continue
        costs = {model: definitions.cost(name, own[name][0]) for model, own in columns.items()}
        costs = {model: cost for model, cost in costs.items() if not math.isnan(cost)}
        for model, cost in costs.items():
            best = {"best"} if len(costs) > 1 and cost == min(costs.values()) else set()
            lost = {"gray wins"} if model not in baselines.NAMES and cost > costs.get("gray", math.inf) else set()
            found[name, model] = best | lost
    return found


def results_with_marks(evaluation, best):
    """-> the table of results, with best values formatted by `best`, and `gray wins` after values worse than gray."""
    title, header, rows = results(evaluation)
    marked, names = marks(evaluation), list(next(iter(columns_of(evaluation).values())))
    rows = [
        [_marked(value, marked.get((name, model), ()), best) for model, value in zip(header, row, strict=True)]
        for name, row in zip(names, rows, strict=True)
    ]
    return f"{title}; {best.format('best')}", header, rows


def _marked(value, marked, best):
    value = best.format(value) if "best" in marked else value
    return f"{value} (gray wins)" if "gray wins" in marked else value


def comparison_table(comparison):
    """-> the table of a `comparisons.Comparison`; the last column names the better model if the corrected p-value
    decides."""
    rows = []
    for name, row in comparison.rows.items():
        better = comparison.better(name) or ("undecided" if "gain" in row else "")
        difference = cell(name, row["difference"], sign="+")
        values = [number(name, row[one]) for one in "ab"]
        rows.append([label(name), *values, difference, *(_p(row.get(p)) for p in ("p", "p_holm")), better])
    title = f"{comparison.b} - {comparison.a}, N = {comparison.n} images, {comparison.intervals}"
    return title, ["metric", comparison.a, comparison.b, "difference", "p", "p, Holm", "better"], rows


def _p(value):
    if value is None or math.isnan(value):
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def group_tables(evaluation):
    """-> a table for each group of several runs: its mean, its spread over the seeds, and its runs."""
    for name, group in evaluation.groups.items():
        if len(group.runs) == 1:
            continue
        rows = []
        for metric, (mean, *_) in group.table.items():
            values = (mean, *group.spread[metric], *(evaluation.table[run][metric][0] for run in group.runs))
            rows.append([label(metric, evaluation.feature_network), *(number(metric, value) for value in values)])
        title = f"{name}, {len(group.runs)} seeds: mean, standard deviation (N - 1), least and greatest"
        yield title, ["metric", "mean", "deviation", "least", "greatest", *group.runs], rows


def settings_tables(evaluation):
    """-> the table of settings in which the models' trainings differ; none if there are none."""
    if evaluation.settings:
        models = list(next(iter(evaluation.settings.values())))
        rows = [[name, *(own[model] for model in models)] for name, own in evaluation.settings.items()]
        yield "Settings of training that differ", ["setting", *models], rows


def steering_tables(evaluation):
    """-> tables of each model's results for wishes and for aims; none without wishes."""
    for model, entries in evaluation.steering.items():
        title = f"{model}, wishes, N = {evaluation.protocol['n']} images, [95 % interval], paired differences"
        header = ["given", label("psnr"), "difference", label("mae_ab"), "difference", "to", label("in_place")]
        yield title, header, [_steered(entry) for entry in entries if "difference" in entry or "points" in entry]
        aims = [
            [entry["given"], number(entry["control"], entry["desired"])]
            + [cell(name, entry["results"][name]) for name in ("can_reach", "reachable", entry["control"], "aim_met")]
            for entry in entries
            if "control" in entry
        ]
        if aims:
            names = ("desired", label("can_reach"), "reachable", "achieved", label("aim_met"))
            yield f"{model}, aims, [95 % interval]", ["aim", *names], aims


def _steered(entry):
    """-> the row of a wish: value and paired difference of each metric, its reference, and the share of points in
    place."""
    row, found, difference = [entry["given"]], entry["results"], entry.get("difference", {})
    for name in ("psnr", "mae_ab"):
        row += [cell(name, found[name]), cell(name, difference[name], sign="+") if difference else ""]
    return [*row, entry.get("against", ""), cell("in_place", found["in_place"]) if "in_place" in found else ""]


def class_tables(evaluation):
    """-> a table per model with a row per class and its N; none if there are no classes."""
    for model, own in evaluation.table.items() if evaluation.classes else ():
        shown = [n for n in own if n.startswith("eps") or n in CLASS_METRICS]
        rows = [
            [title, str(entry["n"]), *(cell(n, entry["table"][model][n]) for n in shown)]
            for title, entry in evaluation.classes.items()
        ]
        title = f"{model}, by {evaluation.class_word}, [95 % interval]"
        yield title, [evaluation.class_word, "N", *map(label, shown)], rows


def markdown_table(table: tuple[str, Sequence[str], Sequence[Sequence[str]]]) -> str:
    """-> a table as Markdown under its title, the first column left-aligned, the others right-aligned."""
    title, header, rows = table
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in (header, *rows)]
    escaped.insert(1, ["---"] + ["---:"] * (len(header) - 1))
    return f"{title}:\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in escaped)


def text_table(table: tuple[str, Sequence[str], Sequence[Sequence[str]]]) -> str:
    """-> the table as aligned text with a line under the header."""
    title, header, rows = table
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join([f"{title}:", lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])


def cell(name: str, interval, *, sign="") -> str:
    """-> `9.09 [9.01, 9.17]`: a metric's value with its interval, shares in percent; `sign` as in `number`.

    `n/a` means that the value does not exist. A value can be without interval.
    """
    value, low, high = (number(name, v, sign=sign) for v in interval)
    return value if "n/a" in (value, low) else f"{value} [{low}, {high}]"


def number(name: str, value: float, *, sign="") -> str:
    """-> a metric's value as text; `sign` is "+" for a difference."""
    if math.isnan(value):
        return "n/a"
    scale = 100 if definitions.metric(name).unit == "%" else 1
    kind = name.partition("-")[0].lower()
    return f"{scale * value:{sign}.{DIGITS.get(kind, 3 if name.endswith('_ratio') else 2)}f}"


ARROWS = {"low": "\u2193", "high": "\u2191", "one": "\u2192 1", "": ""}


def label(name: str, feature_network="") -> str:
    """-> a metric's name, its unit or its feature network, and an arrow in the better direction."""
    return f"{plain_label(name, feature_network)} {ARROWS[definitions.metric(name).better]}".rstrip()


def plain_label(name: str, feature_network="") -> str:
    """-> the same without the arrow."""
    unit = feature_network if name in definitions.OF_SETS else definitions.metric(name).unit
    return f"{name} ({unit})" if unit else name
