"""What a generator is given beside the gray picture, a row per input: build, call, training, use and export read them.

An input is a map of some resolution, or one vector for the whole picture. Its row says how wide it is, what its values
mean, where it enters the network, what training gives, and what stands for it where nobody gives it. Imports
`conditions`, which has what training gives for what people decide, and `settings.config`; a row's function is of
`keras.ops`.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from colorgan.models import conditions
from colorgan.settings import nearest
from colorgan.settings.config import Config

WHOLE = float("inf")  # the reduction of what describes the whole picture: one pixel of it
ABSENT = {  # what stands for an input that nobody gives, though others are: function(random, shape) -> float32
    "zeros": lambda random, shape: np.zeros(shape, np.float32),
    "uniform": lambda random, shape: random.random(shape, np.float32),
    "nothing": lambda random, shape: np.zeros(shape, np.float32),  # and without any other such it is left out
}


@dataclass(frozen=True)
class Input:
    """One input.

    Attributes:
        name: in `given`, in messages and in exported files.
        setting: the setting of `Architecture` that is its number of channels; 0: a generator is not given it. Empty: a
            condition, which has `channels` where `--conditions` names it.
        meaning: a few words on its values, for the description of an exported file.
        low, high: the range of its values.
        simulate: what training gives, function(gray, color, shape, uniform) -> [B, h, w, channels] float32, of the
            pictures' [B, H, W, 1] scaled gray and [B, H, W, C] scaled true colour, the shape that is wanted, and a
            function `uniform(shape, k)` that gives random numbers in [0, 1), others for each k. In `INPUTS` that of a
            condition also takes `ab_scale`.
        reduction: how much smaller than the picture its map is, rounded up; `WHOLE`: one pixel, [B, 1, 1, channels].
        joins: `picture`: channels beside the gray one, where the reduction is 1; `decoder`: added to what the
            rows of a `decoders.Decoder` make, by layers that begin at zero.
        sparse: whether its last channel is a mask, 1 where the others are given: a cell of a smaller map has the mean
            of what is given in it, and the decoder carries it to where it belongs.
        colors: how many of its first channels are scaled a and b: a generator whose chroma is raised reads them so.
        absent: what stands for it where nobody gives it, one of `ABSENT`.
        mirror: what a mirrored picture does to its values besides moving them, function([B, h, w, channels]) -> the
            same; None: nothing.
        channels: how many it has; 0 in `INPUTS` where a setting says it.
    """

    name: str
    setting: str
    meaning: str
    low: float
    high: float
    simulate: Callable
    reduction: float = 1
    joins: str = "picture"
    sparse: bool = False
    colors: int = 0
    absent: str = "zeros"
    mirror: Callable | None = None
    channels: int = 0

    def __post_init__(self):
        if self.joins not in ("picture", "decoder") or self.joins == "picture" and self.reduction != 1:
            raise ValueError(
                f"`{self.name}`: `joins` must be `picture`, with reduction 1, or `decoder`. Received: {self.joins!r}, "
                f"reduction {self.reduction}"
            )
        if self.absent not in ABSENT:
            raise ValueError(f"`{self.name}`: unknown `absent` {self.absent!r}. Known: {', '.join(ABSENT)}")

    def shape(self, batch, height, width) -> tuple:
        """-> [batch, h, w, channels] of the input of pictures of [batch, height, width]."""
        if self.reduction == WHOLE:
            return (batch, 1, 1, self.channels)
        return (batch, -(-height // self.reduction), -(-width // self.reduction), self.channels)


INPUTS = (
    Input(
        name="noise",
        setting="noise_channels",
        meaning="uniform",
        low=0,
        high=1,
        simulate=lambda gray, color, shape, uniform: uniform(shape, 0),
        absent="uniform",
    ),
    Input(
        name="hints",
        setting="",
        meaning="scaled a, scaled b, and 1 where they are given",
        low=-1,
        high=1,
        simulate=conditions.simulated_hints,
        reduction=2,
        joins="decoder",
        sparse=True,
        colors=2,
        absent="nothing",
        channels=3,
    ),
    Input(
        name="palette",
        setting="",
        meaning="square root of the share of each joint bin of a and b",
        low=0,
        high=1,
        simulate=conditions.simulated_palette,
        reduction=WHOLE,
        joins="decoder",
        absent="nothing",
        channels=conditions.PALETTE,
    ),
    Input(
        name="aim",
        setting="",
        meaning="1 and the mean saturation, or 0 and 0; 1 and cosine and sine of the mean hue, or three 0",
        low=-1,
        high=1,
        simulate=conditions.simulated_aim,
        reduction=WHOLE,
        joins="decoder",
        absent="nothing",
        channels=conditions.AIM,
    ),
)
CONDITIONS = tuple(row.name for row in INPUTS if not row.setting)


def of(config: Config) -> tuple[Input, ...]:
    """-> the inputs of the generator that a configuration names, in the order of `INPUTS`, with their channels.

    Raises:
        ValueError: if `--conditions` names one that is unknown (the known ones are listed), or the colour space has no
            a and b.
    """
    asked = config.architecture.conditions
    if unknown := [name for name in asked if name not in CONDITIONS]:
        raise ValueError(nearest.unknown("`--conditions`", unknown[0], CONDITIONS))
    if asked and config.data.color_space != "lab":
        raise ValueError(
            "`--conditions` concern a and b. Use --color-space lab, or no --conditions. "
            f"Received: --color-space {config.data.color_space}"
        )
    found = []
    for row in INPUTS:
        if row.setting:
            row = dataclasses.replace(row, channels=getattr(config.architecture, row.setting))
        elif row.name in asked:
            simulate = functools.partial(row.simulate, ab_scale=config.data.ab_scale)
            row = dataclasses.replace(row, simulate=simulate)
        else:
            continue
        if row.channels:
            found.append(row)
    return tuple(found)


def completed(rows: Sequence[Input], given: Mapping | None, shape: Sequence[int], *, seed: int = 0) -> dict:
    """What is given, and what stands for the rest.

    Args:
        rows: the generator's inputs.
        given: {name: [B, h, w, channels] float}, for any of them.
        shape: B, H, W of the pictures.
        seed: of what is drawn. All pictures of a size see the same, so that a result does not depend on its batch.

    Returns:
        {name: [B, h, w, channels] float32} of every row, in order; without those whose absence is `nothing` if none of
        them is given.

    Raises:
        ValueError: for an unknown name or another shape.
    """
    given, random, result = dict(given or {}), np.random.default_rng(seed), {}
    decided = any(row.name in given for row in rows if row.absent == "nothing")
    for row in rows:
        if row.absent == "nothing" and not decided:
            continue
        wanted = row.shape(*shape)
        values = given.pop(row.name, None)
        if values is None:
            values = np.repeat(ABSENT[row.absent](random, (1, *wanted[1:])), wanted[0], axis=0)
        if tuple(values.shape) != wanted:
            raise ValueError(f"`{row.name}` must have shape {list(wanted)}. Received: {list(values.shape)}")
        result[row.name] = np.asarray(values, np.float32)
    if given:
        known = ", ".join(row.name for row in rows) or "none"
        raise ValueError(f"`given`: this generator has no input {', '.join(given)}. It has: {known}")
    return result


def mirrored(rows: Sequence[Input], given: Mapping) -> dict:
    """-> `completed` inputs as they are of the mirrored pictures, left and right changed."""
    rows = [row for row in rows if row.name in given]
    flipped = {row.name: np.ascontiguousarray(given[row.name][:, :, ::-1]) for row in rows}
    return {row.name: row.mirror(flipped[row.name]) if row.mirror else flipped[row.name] for row in rows}
