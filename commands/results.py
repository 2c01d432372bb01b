"""Where results go. Results overwrite only results of the same weights on the same photographs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from colorgan.weights.stored import SUFFIX, WEIGHTS, Stored

NAMED = 3  # runs in the name of a comparison's folder; further runs are counted


@dataclass(frozen=True)
class Place:
    """A folder, and a part of the file names in it, such as `-best`."""

    folder: Path
    part: str = ""

    def files(self, protocol) -> list[Path]:
        """-> the paths of result.json and the reports, none of another result.

        Results of more images, of other photographs or of other weights files are kept. The new names then contain the
        number of images, and a counter if necessary.

        Args:
            protocol: of the results to write.
        """
        stems = [self.part, f"{self.part}-{protocol['n']}"]
        count = 2
        while True:
            stem = stems.pop(0)
            kept = self.folder / f"result{stem}.json"
            if not kept.exists():
                break
            why = _other(json.loads(kept.read_text(encoding="utf-8"))["protocol"], protocol)
            if not why:
                break
            print(f"{kept} has results of {why}, and is kept.")
            if not stems:
                stems.append(f"{self.part}-{protocol['n']}-{count}")
                count += 1
        return [kept, *(self.folder / f"report{stem}{suffix}" for suffix in (".html", ".png", ".md"))]


def part(stored: Stored) -> str:
    """-> a part of file names for a weights file in a run's folder; empty for the last weights, and for packed
    weights."""
    name = stored.weights.name
    return "" if stored.packed or name == WEIGHTS else name.removesuffix(SUFFIX)


def place(folder: Path, models, split: str) -> Place:
    """Where the results of runs go.

    Args:
        folder: of the first run's results.
        models: {name: colorizer}.
        split: of the photographs.
    """
    first, *others = models
    if others:  # not among the first run's results
        named = [Path(name).name.removesuffix(SUFFIX) for name in others[:NAMED]]
        more = [f"and-{len(others) - NAMED}-more"] if len(others) > NAMED else []
        folder = folder / f"compared-with-{'-'.join(named + more)}"
    parts = [part(models[first].stored), "" if split == "test" else split]
    return Place(folder, "".join(f"-{one}" for one in parts if one))


def _other(kept, protocol):
    """-> how a kept protocol differs from a new one; empty: it does not."""
    if kept["n"] > protocol["n"]:
        return "more images"
    if kept.get("dataset", protocol.get("dataset")) != protocol.get("dataset"):
        return "other photographs"
    if kept.get("weights") and _files(kept) != _files(protocol):
        return "other weights"
    return ""


def _files(protocol):
    """-> the weights files of a protocol, without their hashes, which change when a run continues."""
    return [re.sub(", sha256.*", "", file) for file in protocol.get("weights", {}).values()]
