"""An evaluation as text and Markdown: tables under their protocol. Imports `evaluation.definitions`; no drawing.

A table is (title, header, rows), the rows as long as the header.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from colorgan.evaluation import definitions

CLASS_METRICS = ("mae_ab", "psnr", "colorfulness_ratio", "chroma_ratio")
DIGITS = {"ssim": 3, "kid": 4, "reachable": 3, **dict.fromkeys(definitions.CONTROLS, 3)}


def text(evaluation, comparisons=()) -> str:
    """-> the whole report: protocol, table, comparisons, what people ask, tables per class."""
    tables = _all(evaluation, comparisons)
    return "\n\n".join([protocol_text(evaluation.protocol), *map(text_table, tables)]) + "\n"


def markdown(evaluation, comparisons=()) -> str:
    """-> the whole report as Markdown, for a weights card or a README."""
    protocol = f"```\n{protocol_text(evaluation.protocol)}\n```"
    return "\n\n".join(["# Evaluation", *map(markdown_table, _all(evaluation, comparisons)), protocol]) + "\n"


def _all(evaluation, comparisons):
    compared = map(comparison_table, comparisons)
    return results(evaluation), *compared, *steering_tables(evaluation), *class_tables(evaluation)


def protocol_rows(protocol: Mapping) -> list[tuple[str, str]]:
    """-> (name, value) lines of a protocol, its definitions left out; the name is empty in a line's continuation."""
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
    """-> the table of results: a row per metric, a column per model; what was desired stands beside, if anything."""
    table, desired = evaluation.table, evaluation.desired
    rows = []
    for name in next(iter(table.values())):
        aim = [number(name, desired[name]) if name in desired else ""] if desired else []
        rows.append([label(name, evaluation.feature_network), *aim, *(cell(name, own[name]) for own in table.values())])
    title = f"Results, N = {evaluation.protocol['n']} images, [95 % interval]"
    return title, ["metric", *(["desired"] if desired else []), *table], rows


def comparison_table(comparison):
    """-> the table of a `statistics.Comparison`; the last column names a model where the interval is clear of 0."""
    rows = []
    for name, row in comparison.rows.items():
        better = comparison.better(name) or ("undecided" if "gain" in row else "")
        difference = cell(name, row["difference"], sign="+")
        rows.append([label(name), number(name, row["a"]), number(name, row["b"]), difference, better])
    title = f"{comparison.b} - {comparison.a}, N = {comparison.n} images, {comparison.intervals}"
    return title, ["metric", comparison.a, comparison.b, "difference", "better"], rows


def steering_tables(evaluation):
    """-> of each model what came of what people asked, and a table of aims; none where nothing was asked."""
    for model, entries in evaluation.steering.items():
        title = f"{model}, what people ask, N = {evaluation.protocol['n']} images, [95 % interval], paired differences"
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
    """-> the row of a wish: value and paired difference of each metric, to what, and the share of points in place."""
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
    """-> a table as Markdown under its title, its first column to the left and the others to the right."""
    title, header, rows = table
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in (header, *rows)]
    escaped.insert(1, ["---"] + ["---:"] * (len(header) - 1))
    return f"{title}:\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in escaped)


def text_table(table: tuple[str, Sequence[str], Sequence[Sequence[str]]]) -> str:
    """-> the same as aligned text with a line under the header."""
    title, header, rows = table
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join([f"{title}:", lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])


def cell(name: str, interval, *, sign="") -> str:
    """-> `9.09 [9.01, 9.17]`: a metric's value with its interval, shares in percent; `sign` as in `number`.

    `n/a` stands for a value that does not exist; a value without an interval stands alone.
    """
    value, low, high = (number(name, v, sign=sign) for v in interval)
    return value if "n/a" in (value, low) else f"{value} [{low}, {high}]"


def number(name: str, value: float, *, sign="") -> str:
    """-> a metric's value as text; `sign` is "+" for a difference."""
    if math.isnan(value):
        return "n/a"
    scale = 100 if definitions.metric(name).unit == "%" else 1
    return f"{scale * value:{sign}.{DIGITS.get(name, 3 if name.endswith('_ratio') else 2)}f}"


def label(name: str, feature_network="") -> str:
    """-> a metric's name with its unit, or with the network that a metric of sets depends on."""
    unit = feature_network if name in definitions.OF_SETS else definitions.metric(name).unit
    return f"{name} ({unit})" if unit else name
