"""The card of packed weights, in Markdown, made from the run's files and completed by hand.

Model hubs hold folders of weights with a card, and index the lines at its top. Imports `weights.stored`.
"""

from __future__ import annotations

import json
from pathlib import Path

from colorgan.weights.stored import SUFFIX, Stored

UNKNOWN = "Not on record."


def path_of(weights: Path) -> Path:
    """-> the path of the card of packed weights, `NAME.md` next to them."""
    return weights.with_name(weights.name.removesuffix(SUFFIX) + ".md")


def text(packed: Stored, run: Path | None, *, parameters: int) -> str:
    """-> the card.

    Args:
        packed: the weights.
        run: the folder of their run, or None. Its `environment.json`, `best.json` and `validation.txt` are quoted if
            they are there.
        parameters: number of parameters of the network.
    """
    config, megabytes = packed.config, packed.weights.stat().st_size / 1e6
    starts = _json(run, "environment.json", [])
    best, table = _json(run, "best.json", None), _text(run, "validation.txt")
    height, width = config.data.height, config.data.width
    lines = [
        "---",
        "library_name: colorgan",
        "pipeline_tag: image-to-image",
        "tags: [image-colorization, tensorflow, keras]",
        "---",
        "",
        f"# `{packed.name}`",
        "",
        f"`{packed.weights.name}`, SHA-256 `{packed.sha256}`, {megabytes:.1f} MB (kernels in float16): a generator of "
        f"{parameters:,} parameters, trained at {width}x{height}.",
        "",
        "```",
        f"colorgan colorize photo.jpg --weights {packed.weights.name}",
        "```",
        "",
        "## Training",
        "",
        *_training(starts),
        "## Validation",
        "",
        f"Best {best['metric']}: {best['value']:.4g}, at iteration {best['iteration']}." if best else UNKNOWN,
        "",
        *(["```", table.strip(), "```", ""] if table else []),
        "## What it does badly",
        "",
        "*(Look at results, and write it here. Also state the photographs' licences.)*",
        "",
    ]
    return "\n".join(lines)


def _training(starts):
    if not starts:
        return [UNKNOWN, ""]
    last = starts[-1]
    shown = ", ".join(f"{name} {version}" for name, version in last["packages"].items() if version)
    data = " ".join(f"{name}: {value}" for name, value in last["data"].items())
    commands = dict.fromkeys(" ".join(start["command"]) for start in starts)
    commit = f", commit `{last['commit']}`" if last["commit"] else ""
    return [
        *("```", *commands, "```", ""),
        f"Started {starts[0]['started']}, {len(starts)} {'time' if len(starts) == 1 else 'times'} in all, the last at "
        f"iteration {last['iteration']}. colorgan {last['version']}{commit}; Python {last['python']}, {shown}; "
        f"{last['system']}; {', '.join(last['devices'])}.",
        "",
        f"Data. {data}",
        "",
    ]


def _json(run, name, otherwise):
    found = _text(run, name)
    return json.loads(found) if found else otherwise


def _text(run, name):
    path = run / name if run else None
    return path.read_text(encoding="utf-8") if path and path.is_file() else ""
