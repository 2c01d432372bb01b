"""Which photographs are used: the meaning of `--classes`, the same for every source.

Owns the rule by which a word selects a category, and the message for a word that selects none. Imports nothing of ours.

A *category* is a photograph's class name, or its folder. A word selects every category that contains it as a '/'-joined
run of parts: `forest`, `forest/broadleaf` and `f/forest` all select the folder `f/forest/broadleaf`, but `forest` does
not select `forest_path`. The words of `--classes` are the classes, and their order numbers the labels in every split.
Names are compared in Unicode's form NFC, so words that look the same are the same.
"""

from __future__ import annotations

import difflib
import unicodedata

import numpy as np


def select(words, categories, labels, *, where):
    """Choose photographs by their categories.

    Args:
        words: the words of `--classes`; (): all photographs, and each category is a class.
        categories: their names, in the order of their numbers.
        labels: [N] int64, each photograph's category; -1: none.
        where: what has these categories, for messages.

    Returns:
        chosen: [n] int64, the rising indices of the chosen photographs.
        labels: [n] int64, their classes.
        class_names: tuple.

    Raises:
        ValueError: as `table`.
    """
    names, number = table(words, categories, where=where)
    labels = number[labels]
    chosen = np.flatnonzero(labels >= 0) if words else np.arange(len(labels))
    return chosen, labels[chosen], names


def table(words, categories, *, where):
    """Renumber the categories as classes.

    If several words select a category, it belongs to the word with the most parts, or the first of equals.

    Args:
        words, categories, where: as in `select`.

    Returns:
        class_names: the words, each once; the categories where there are no words.
        number: [categories + 1] int64, the class of each category; -1: not chosen. The last entry is -1, for the
            category -1 (none).

    Raises:
        ValueError: for words that select no category; it lists similar and all categories.
    """
    if not words:
        return tuple(categories), np.append(np.arange(len(categories)), -1)
    words, categories = ([unicodedata.normalize("NFC", name) for name in names] for names in (words, categories))
    names = tuple(dict.fromkeys(word.strip("/") for word in words))
    number, known = [], set()
    for runs in map(_runs, categories):
        meant = [name for name in names if name in runs]
        number.append(names.index(max(meant, key=lambda name: name.count("/"))) if meant else -1)
        known |= runs
    if unknown := [name for name in names if name not in known]:
        raise ValueError(_complaint(unknown, categories, known, where))
    return names, np.array([*number, -1], np.int64)


def in_words(words):
    """-> the classes in a split's origin: `, classes forest, mountain`, or nothing for all."""
    return f", classes {listed([_quoted(word) if ',' in word else word for word in words])}" if words else ""


def _runs(category):
    parts = [part for part in category.split("/") if part]
    return {"/".join(parts[i:j]) for i in range(len(parts)) for j in range(i + 1, len(parts) + 1)}


def _complaint(unknown, categories, runs, where):
    wrong = ", ".join(map(_quoted, unknown))
    if not runs:
        return f"`--classes`: {where} has no categories. Received: {wrong}. Leave the flag out."
    spelled = {run.lower(): run for run in sorted(runs)}
    similar = [spelled[s] for name in unknown for s in difflib.get_close_matches(name.lower(), spelled, cutoff=0.75)]
    return (
        f"`--classes`: {where} has no {wrong}."
        + (f" Did you mean {' or '.join(map(_quoted, dict.fromkeys(similar)))}?" if similar else "")
        + f" It has: {listed([_quoted(name) for name in sorted(categories)])}"
        + ("; quote a name with a comma: --classes 'a,\"b, c\"'" if "," in "".join(runs) else "")
    )


def _quoted(name):
    return f'"{name}"'


def listed(names, most=20):
    """-> the first names and the number of others: `a, b and 3 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
