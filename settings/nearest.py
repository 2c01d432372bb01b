"""Errors about unknown names: which known name was probably meant. Imports nothing of ours."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """-> ` Did you mean NAME?`, with the known name that is most like a word; empty if none is."""
    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(word).lower(), names, n=1, cutoff=0.7)
    return f" Did you mean {names[near[0]]}?" if near else ""


def unknown(what: str, word: object, known: Iterable[str]) -> str:
    """-> an error's text: the word, the nearest known name, and all known names.

    Args:
        what: the flag in backticks, or a noun.
        word: what was received.
        known: the names that are allowed.
    """
    known = list(known)
    return f"Unknown {what} {word!r}.{did_you_mean(word, known)} Known: {', '.join(known)}"
