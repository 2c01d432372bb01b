"""An evaluation as text and as Markdown: verdict, tables and protocol. Imports `tables` and `verdict`."""

from __future__ import annotations

from colorgan.evaluation.report import tables, verdict

LONGEST = 40  # characters of a setting


def text(evaluation) -> str:
    """-> the whole report: protocol, table, comparisons, wishes, tables per class, verdict."""
    found = map(tables.text_table, [tables.results_with_marks(evaluation, "{} *"), *_others(evaluation)])
    return "\n\n".join([tables.protocol_text(evaluation.protocol), *found, _listed(evaluation)]) + "\n"


def markdown(evaluation) -> str:
    """-> the whole report as Markdown, for a weights card or a README; it opens with the verdict."""
    protocol = f"```\n{tables.protocol_text(evaluation.protocol)}\n```"
    found = map(tables.markdown_table, [tables.results_with_marks(evaluation, "**{}**"), *_others(evaluation)])
    return "\n\n".join(["# Evaluation", _listed(evaluation), *found, protocol]) + "\n"


def _listed(evaluation):
    return "\n".join(f"- {sentence}" for sentence in verdict.sentences(evaluation))


def _others(evaluation):
    return (
        *tables.group_tables(evaluation),
        *map(tables.comparison_table, evaluation.comparisons),
        *map(_short, tables.settings_tables(evaluation)),
        *tables.steering_tables(evaluation),
        *tables.class_tables(evaluation),
    )


def _short(table):
    """-> a table with long texts shortened."""
    title, header, rows = table
    return title, header, [[one if len(one) <= LONGEST else f"{one[: LONGEST - 3]}..." for one in row] for row in rows]
