"""`Evaluation`: what was measured, how, and on which images; `result.json` is its text. Imports nothing of ours."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(eq=False)
class Evaluation:
    """What was measured, how, and on which images.

    Attributes:
        protocol: data, N, size, crop, fingerprint, predicted channels, definitions, versions.
        table: {model: {metric: (value, low, high)}}, 95 % intervals over images; low and high are NaN for metrics
            without interval.
        classes: {class: {"n": images, "table": as `table`}}; empty without classes.
        samples: [{"index", "class", "gray", "truth", "results": {model: picture}}], pictures [H, W, 3] uint8.
        per_image: {model: {column: [N] float64}}, in the order of `index`, for paired comparisons.
        index: [N] indices of the images in the data set.
        picture_names: {index: name} of the images, in the measured order; empty without names.
        desired: {control: desired value}, which the table shows with the achieved value.
        class_word: the word for `classes`: class or folder.
        feature_network: its label in the rows of its metrics; empty: none.
        steering: {model: rows} from `steering.measure`; empty if not measured.
        traces: `traces.Traces` for the plots of a report; None without report.
        gallery: from `gallery.Gallery.pictures`; empty without report.
        comparisons: [`comparisons.Comparison`], of the models in pairs.
        groups: {name: `comparisons.Group`} of runs that differ only in their seed; empty if not grouped.
        settings: {setting: {model: value}}, of training, in which the models differ.
        notes: sentences that a reader of the table must know.
        record: everything else needed to repeat the evaluation, such as configurations and the command line; only in
            JSON.
    """

    protocol: dict
    table: dict
    classes: dict = field(default_factory=dict)
    samples: list = field(default_factory=list)
    per_image: dict = field(default_factory=dict)
    index: np.ndarray | None = None
    picture_names: dict = field(default_factory=dict)
    desired: dict = field(default_factory=dict)
    class_word: str = "class"
    feature_network: str = ""
    steering: dict = field(default_factory=dict)
    traces: object = None
    gallery: list = field(default_factory=list)
    comparisons: list = field(default_factory=list)
    groups: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    record: dict = field(default_factory=dict)

    def what(self, entry) -> str:
        """-> the title of a sample or a picture of the gallery: its name, or its number and class."""
        if name := self.picture_names.get(entry["index"]):
            return name
        return f"image {entry['index']}" + (f", {entry['class']}" if entry["class"] else "")

    def to_json(self) -> str:
        """-> protocol, tables and record as JSON text; a value that does not exist (0/0) is null."""
        record = dict(self.record)
        if self.comparisons:
            record["comparisons"] = [dataclasses.asdict(one) for one in self.comparisons]
        content = {
            "protocol": self.protocol,
            **({"notes": self.notes} if self.notes else {}),
            "results": self.table,
            **({"groups": {k: dataclasses.asdict(v) for k, v in self.groups.items()}} if self.groups else {}),
            **({"settings": self.settings} if self.settings else {}),
            "desired": self.desired,
            "classes": self.classes,
            **({"steering": self.steering} if self.steering else {}),
            **({"pictures": list(self.picture_names.values())} if self.picture_names else {}),
            "record": record,
        }
        return json.dumps(_plain(content), indent=2, allow_nan=False) + "\n"


def _plain(value):
    """-> values for JSON: numpy's numbers and arrays become Python's, NaN becomes null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
