"""The verdict of an evaluation in sentences: the better model, by how much, and whether gray wins. Imports `tables`."""

from __future__ import annotations

from colorgan.evaluation import baselines, comparisons
from colorgan.evaluation.report import tables

GRAY, PALE, GAUDY = 0.05, 0.7, 1.2  # colorfulness ratios
NAMED, PAIRS = 8, 3  # most settings, and pairs, in the verdict
TOLD = {
    "psnr": ("PSNR", " dB"),
    "mae_ab": ("mean error of a and b", ""),
}  # metrics named with their differences


def sentences(evaluation) -> list[str]:
    """-> the verdict, the most important sentence first; without comparisons from the table only."""
    against_gray = {one.b: one for one in evaluation.comparisons if one.a == "gray"}
    pairs = [one for one in evaluation.comparisons if one.a != "gray"]
    said = _ranking(pairs, evaluation) if pairs else []
    if len(against_gray) == 1:
        said.append(_than_gray(evaluation, *against_gray.values()))
    said += [_against_gray(evaluation, name, one) for name, one in against_gray.items()]
    said += [_colours(evaluation, name) for name in _own(evaluation)]
    if pairs and evaluation.settings:
        flags = [flag.lstrip("-") for flag in evaluation.settings if not (evaluation.groups and flag == "--seed")]
        more = f" and {len(flags) - NAMED} more, in the table" if len(flags) > NAMED + 1 else ""
        said.append(f"Their trainings differ in {', '.join(flags[:NAMED] if more else flags)}{more}.")
    return [sentence for sentence in said if sentence] + evaluation.notes


def _own(evaluation):
    return list(evaluation.groups) or [name for name in evaluation.table if name not in baselines.NAMES]


def _ranking(pairs, evaluation):
    """-> the best model, then the decided metrics of each pair; with many models, of pairs with the best."""
    own = _own(evaluation)
    beaten = {name: {one.a if name == one.b else one.b for one in pairs if _winner(one) == name} for name in own}
    best = max(own, key=lambda name: len(beaten[name]))
    if len(beaten[best]) == len(own) - 1:
        first = f"{best} is the best of the {len(own)}." if len(own) > 2 else f"{best} is the better one."
    elif any(beaten.values()):
        first = "None is better than all of the others."
    else:
        first = "Neither is better on the whole." if len(own) == 2 else "None is better than another on the whole."
    lost = [one.b for one in evaluation.comparisons if one.a == "gray" and _winner(one) == "gray"]
    if lost:
        first += f" Gray is better than {' and '.join(lost)}."
    told = pairs if len(pairs) <= PAIRS else [one for one in pairs if best in (one.a, one.b)]
    return [first, *(_pair(one, evaluation) for one in told)]


def _winner(one):
    """-> the model of a pair that wins more than twice as many metrics as the other; empty: neither."""
    a, b = len(_won(one, one.a)), len(_won(one, one.b))
    return one.a if a > 2 * b else one.b if b > 2 * a else ""


def _pair(one, evaluation):
    better, worse = (one.b, one.a) if len(_won(one, one.b)) >= len(_won(one, one.a)) else (one.a, one.b)
    return f"{better} against {worse}: {_score(one, better, worse)}{_told(one, better)}{_spread(one, evaluation)}."


def _than_gray(evaluation, one):
    if _colorfulness(evaluation, one.b) < GRAY:
        return f"{one.b} has no colours. Its differences from gray come from lightness and rounding."
    if not (winner := _winner(one)):
        return f"{one.b} is neither better nor worse than gray on the whole."
    return f"{one.b} is better than gray." if winner == one.b else f"Gray is better than {one.b}."


def _against_gray(evaluation, name, one):
    lost = _won(one, "gray")
    said = f"{name} against gray: {_score(one, name, 'gray')}{_told(one, name)}."
    if lost:
        said += f" Gray wins by {', '.join(map(tables.plain_label, lost))}."
    return said


def _tested(one):
    """-> the metrics that decide. Against gray, metrics of the amount of colour are left out, because gray has none."""
    return [metric for metric in one.tested if one.a != "gray" or not metric.endswith("_ratio")]


def _won(one, name):
    return [metric for metric in _tested(one) if one.better(metric) == name]


def _score(one, name, other):
    """-> `better by 9 of 13 metrics, worse by 1, 3 undecided`."""
    decides = _tested(one)
    won, lost, tested = len(_won(one, name)), len(_won(one, other)), len(decides)
    if not tested:
        return "one image alone decides nothing"
    if won == tested:
        return f"better by all {tested} metrics" if tested > 1 else f"better by {decides[0]}"
    counts = [("better by", won), ("worse by", lost)]
    (first, most), (second, least) = counts if won >= lost else counts[::-1]
    parts = [f"{first} {most} of {tested} metrics", f"{second} {least}" if least else ""]
    parts.append(f"{tested - won - lost} undecided" if tested > won + lost else "")
    return ", ".join(filter(None, parts))


def _told(one, name):
    """-> the differences of the best-known metrics, seen from the model `name`."""
    told = []
    for metric, (words, unit) in ((key, TOLD[key]) for key in TOLD if key in one.rows):
        sign = 1 if name == one.b else -1
        value, *ends = (sign * x for x in one.rows[metric]["difference"])
        value, low, high = (tables.number(metric, x, sign="+") for x in (value, *ends[::sign]))
        told.append(f"{words} {value}{unit}" + (f" [{low}, {high}]" if low != "n/a" else ""))
    return f" ({', '.join(told)})" if told else ""


def _spread(one, evaluation):
    """-> a warning if seeds differ by more than groups do."""
    groups = [evaluation.groups[name] for name in (one.a, one.b) if name in evaluation.groups]
    if not groups or "psnr" not in one.rows:
        return ""
    widest = max((group.spread["psnr"][2] - group.spread["psnr"][1] for group in groups), default=0)
    difference = abs(one.rows["psnr"]["difference"][0])
    return f"; the seeds of one group differ by up to {widest:.2f} dB" if widest > difference else ""


def _colorfulness(evaluation, name):
    """-> the mean ratio to the truth's, or nan."""
    group = evaluation.groups.get(name)
    return (group.table if group else evaluation.table[name]).get("colorfulness_ratio", (float("nan"),))[0]


def _colours(evaluation, name):
    value = _colorfulness(evaluation, name)
    if not value == value:
        return ""
    judged = ": pale" if value < PALE else ": stronger than true" if value > GAUDY else ""
    return f"The colours of {name} are {100 * value:.0f} % as strong as the photographs' (colourfulness){judged}."


def method(evaluation) -> str:
    """-> the method of the verdict, printed below it; empty without comparisons."""
    tested = sum(len(one.tested) for one in evaluation.comparisons)
    if not tested:
        return ""
    return (
        f"N = {evaluation.protocol['n']} images. A metric decides where its paired p-value, corrected for all {tested} "
        f"tests (Holm), is below {comparisons.LEVEL:g}. Many metrics measure nearly the same, so their number means "
        "little."
    )
