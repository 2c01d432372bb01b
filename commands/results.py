"""Where results go: nothing is overwritten but what the same weights gave on the same photographs."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from colorgan.weights.stored import SUFFIX, WEIGHTS, Stored

NAMED = 3  # runs that the folder of a comparison names; what more there are, it counts


@dataclass(frozen=True)
class Place:
    """A folder, and what goes into the names of the files there, such as `-best`."""

    folder: Path
    part: str = ""

    def files(self, protocol) -> list[Path]:
        """-> result.json and the reports, under names that no other result has.

        What another command left there stays: results of more images, of other photographs or of other weights files.
        Then the number of images comes into the names, and a count if need be.

        Args:
            protocol: of what is to be written.
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
    """-> what a weights file in a run's folder is called there; empty for the run's own, and for packed weights."""
    name = stored.weights.name
    return "" if stored.packed or name == WEIGHTS else name.removesuffix(SUFFIX)


def place(folder: Path, models, split: str) -> Place:
    """Where the results of runs go.

    Args:
        folder: of the first run's results.
        models: {name: colorizer}.
        split: the photographs' part of the data set.
    """
    first, *others = models
    if others:  # not in the place of the first run's own results
        named = [Path(name).name.removesuffix(SUFFIX) for name in others[:NAMED]]
        more = [f"and-{len(others) - NAMED}-more"] if len(others) > NAMED else []
        folder = folder / f"compared-with-{'-'.join(named + more)}"
    parts = [part(models[first].stored), "" if split == "test" else split]
    return Place(folder, "".join(f"-{one}" for one in parts if one))


def _other(kept, protocol):
    """-> in which way a protocol is of something else than another; empty: it is not."""
    if kept["n"] > protocol["n"]:
        return "more images"
    if kept.get("dataset", protocol.get("dataset")) != protocol.get("dataset"):
        return "other photographs"
    if kept.get("weights") and _files(kept) != _files(protocol):
        return "other weights"
    return ""


def _files(protocol):
    """-> the weights files of a protocol; what they held, a run that has gone on has lost."""
    return [re.sub(", sha256.*", "", file) for file in protocol.get("weights", {}).values()]
