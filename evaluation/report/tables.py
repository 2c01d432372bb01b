"""An evaluation as text and Markdown: tables under their protocol. Imports `evaluation.definitions`; no drawing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from colorgan.evaluation import definitions

CLASS_METRICS = ("mae_ab", "psnr", "colorfulness_ratio", "chroma_ratio")
DIGITS = {"ssim": 3, "kid": 4, **dict.fromkeys(definitions.CONTROLS, 3)}


def text(evaluation, comparisons=()) -> str:
    """-> the whole report: protocol, table, comparisons, tables per class."""
    parts = [protocol_text(evaluation.protocol), table_text(evaluation), *map(comparison_text, comparisons)]
    return "\n\n".join(part for part in (*parts, class_text(evaluation)) if part) + "\n"


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
    lines = ["Protocol:", _aligned([(f"  {key}", value) for key, value in protocol_rows(protocol)])]
    if definitions_ := protocol.get("definitions"):
        lines += ["Definitions:", _aligned([(f"  {name}", what) for name, what in definitions_.items()])]
    return "\n".join(lines)


def table_text(evaluation) -> str:
    """-> the table of results: a row per metric, a column per model, each cell `value [low, high]`."""
    title = f"Results, N = {evaluation.protocol['n']} images, [95 % interval]:"
    return title + "\n" + text_table(*results(evaluation))


def comparison_text(comparison) -> str:
    """-> the table of a `compare.Comparison` under its title."""
    return comparison_title(comparison) + ":\n" + text_table(*comparison_rows(comparison))


def class_text(evaluation, *, names: Sequence[str] | None = None) -> str:
    """-> a table per model with a row per class and its N; an empty text if there are no classes.

    Args:
        evaluation: an `Evaluation`.
        names: the metrics shown; default: the epsilon accuracies and `CLASS_METRICS`, as far as they were measured.
    """
    return "\n\n".join(
        f"{model}, by {evaluation.class_word}, [95 % interval]:\n{text_table(header, rows)}"
        for model, header, rows in class_tables(evaluation, names)
    )


def markdown(evaluation, comparisons=()) -> str:
    """-> the whole report as Markdown, for a weights card or a README."""
    parts = [f"# Evaluation\n\nN = {evaluation.protocol['n']} images, value [95 % interval]."]
    parts.append(markdown_table(*results(evaluation)))
    for comparison in comparisons:
        parts.append(f"{comparison_title(comparison)}:\n\n{markdown_table(*comparison_rows(comparison))}")
    for model, header, rows in class_tables(evaluation):
        parts.append(f"`{model}`, by {evaluation.class_word}:\n\n{markdown_table(header, rows)}")
    parts.append(f"```\n{protocol_text(evaluation.protocol)}\n```")
    return "\n\n".join(parts) + "\n"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence]) -> str:
    """-> a Markdown table, its first column to the left and the others to the right.

    Raises:
        ValueError: if a row has another length than the header.
    """
    cells = [[str(c).replace("|", "\\|") for c in row] for row in _checked(header, rows)]
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [cells[0], rule, *cells[1:]])


def text_table(header: Sequence[str], rows: Sequence[Sequence]) -> str:
    """-> the same as aligned text with a line under the header. Errors as in `markdown_table`."""
    cells = [[str(c) for c in row] for row in _checked(header, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]])


def cell(name: str, interval) -> str:
    """-> `9.09 [9.01, 9.17]`: a metric's value with its interval, shares in percent.

    `n/a` stands for a value that does not exist; a value without an interval stands alone.
    """
    value, low, high = (number(name, v) for v in interval)
    return value if "n/a" in (value, low) else f"{value} [{low}, {high}]"


def number(name: str, value: float, *, sign="") -> str:
    """-> a metric's value as text; `sign` is "+" for a difference."""
    if math.isnan(value):
        return "n/a"
    scale = 100 if definitions.metric(name).unit == "%" else 1
    return f"{scale * value:{sign}.{DIGITS.get(name, 3 if name.endswith('_ratio') else 2)}f}"


def results(evaluation):
    """-> header and rows of the table of results; what was desired stands beside it, where there is such."""
    table, desired = evaluation.table, evaluation.desired
    header = ["metric", *(["desired"] if desired else []), *table]
    rows = []
    for name in next(iter(table.values())):
        aim = [number(name, desired[name]) if name in desired else ""] if desired else []
        rows.append([label(name, evaluation.feature_network), *aim, *(cell(name, own[name]) for own in table.values())])
    return header, rows


def label(name: str, feature_network="") -> str:
    """-> a metric's name with its unit, or with the network that a metric of sets depends on."""
    unit = feature_network if name in definitions.OF_SETS else definitions.metric(name).unit
    return f"{name} ({unit})" if unit else name


def comparison_title(comparison) -> str:
    """-> what the table of a comparison is."""
    return f"{comparison.b} - {comparison.a}, N = {comparison.n} images, {comparison.intervals}"


def comparison_rows(comparison):
    """-> header and rows of a comparison's table; the last column names a model where the interval is clear of 0."""
    rows = []
    for name, row in comparison.rows.items():
        value, low, high = (number(name, v, sign="+") for v in row["difference"])
        difference = value if "n/a" in (value, low) else f"{value} [{low}, {high}]"
        better = comparison.better(name) or ("undecided" if "gain" in row else "")
        rows.append([label(name), number(name, row["a"]), number(name, row["b"]), difference, better])
    return ["metric", comparison.a, comparison.b, "difference", "better"], rows


def class_tables(evaluation, names=None):
    """-> (model, header, rows) of each model's table per class."""
    for model, own in evaluation.table.items() if evaluation.classes else ():
        shown = names or [n for n in own if n.startswith("eps") or n in CLASS_METRICS]
        rows = [
            [title, entry["n"], *(cell(n, entry["table"][model][n]) for n in shown)]
            for title, entry in evaluation.classes.items()
        ]
        yield model, [evaluation.class_word, "N", *map(label, shown)], rows


def _checked(header, rows):
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"Every row must have {len(header)} cells, as the header has. Received: {list(row)}")
    return [header, *rows]


def _aligned(rows):
    width = max(len(key) for key, _ in rows)
    return "\n".join(f"{key.ljust(width)}  {value}" for key, value in rows)
