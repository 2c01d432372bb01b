"""In which settings the trainings of several models agree and differ."""

from __future__ import annotations

import json
import os

from colorgan.settings.config import OPTIONS

LENGTH = ("epochs", "max_steps")  # a run can continue with other values, and packed weights do not have them
UNIMPORTANT = ("name", "preset")


def different(models) -> dict[str, dict]:
    """-> {flag: {model: its value as text}} of the training settings in which models differ, without paths.

    Args:
        models: {name: `Colorizer`}.
    """
    trained = {name: _trained(model) for name, model in models.items()}
    shared = set.intersection(*map(set, trained.values()))
    found = {}
    for name in (name for name in next(iter(trained.values())) if name in shared):
        values = {model: _text(own[name]) for model, own in trained.items()}
        if len(set(values.values())) > 1:
            found[OPTIONS[name].flag] = values
    return found


def groups(models) -> dict[str, tuple]:
    """-> {group: the names of its models}, for trainings that differ only in the seed.

    A group's name is the common beginning of its models' names, or the first name.

    Raises:
        ValueError: if no two models form a group; the differing settings are named.
    """
    found: dict = {}
    for name, model in models.items():
        values = {setting: value for setting, value in _trained(model).items() if setting != "seed"}
        found.setdefault(repr(values), []).append(name)
    if len(found) == len(models):
        flags = ", ".join(flag for flag in different(models) if flag != "--seed")
        raise ValueError(
            f"`--seeds`: no two of these runs differ only in their seed. They differ in {flags}. Leave it out."
        )
    named: dict = {}
    for own in found.values():
        name = _common(own) if len(own) > 1 else own[0]
        named[name if name not in (*named, *models) or len(own) == 1 else f"{own[0]} and others"] = tuple(own)
    return named


def _trained(model):
    values = model.stored.config.flat()
    names = [one.name for one in OPTIONS.values() if one.fixed and not one.path and one.name not in UNIMPORTANT]
    return {name: values[name] for name in (*names, *(() if model.stored.packed else LENGTH))}


def _text(value):
    """-> a value as on a command line."""
    if isinstance(value, tuple):
        rows = value and isinstance(value[0], tuple)
        return json.dumps(value, separators=(",", ":")) if rows else ",".join(map(str, value)) or "none"
    return "none" if value in ("", None) else str(value)


def _common(names):
    """-> the common beginning of names, without a separator at its end; the first name if there is none."""
    return os.path.commonprefix(names).rstrip("-_./ ") or names[0]
