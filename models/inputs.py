"""A generator's inputs other than the gray picture, a row each: build, call, training, use and export read the rows.

An input is a map of some resolution, or one vector for the whole picture. Its row states its width, the meaning of its
values, where it enters the network, its simulation in training, and its substitute if it is not given. Imports
`conditions`, which simulates people's wishes, and `settings`; a row's function uses `keras.ops`.
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

WHOLE = float("inf")  # the reduction of inputs for the whole picture: one pixel
ABSENT = {  # substitutes for an input that is not given while others are: function(random, shape) -> float32
    "zeros": lambda random, shape: np.zeros(shape, np.float32),
    "uniform": lambda random, shape: random.random(shape, np.float32),
    "nothing": lambda random, shape: np.zeros(shape, np.float32),  # and left out if no other such input is given
}


@dataclass(frozen=True)
class Input:
    """One input.

    Attributes:
        name: its name in `given`, in messages and in exported files.
        setting: the setting of `Architecture` for its number of channels; 0: the generator does not have it. Empty: a
            condition, which has `channels` if `--conditions` names it.
        meaning: its values in a few words, for the description of an exported file.
        low, high: the range of its values.
        simulate: the simulation in training, function(gray, color, shape, uniform) -> [B, h, w, channels] float32. It
            takes the pictures' [B, H, W, 1] scaled gray and [B, H, W, C] scaled true colour, the wanted shape, and a
            function `uniform(shape, k)` -> random numbers in [0, 1), different for each k. In `INPUTS` a condition's
            function also takes `ab_scale`.
        reduction: factor by which its map is smaller than the picture, rounded up; `WHOLE`: one pixel, [B, 1, 1,
            channels].
        joins: `picture`: further channels of the gray picture, with reduction 1; `decoder`: added to the rows of a
            `decoders.Decoder`, by layers that begin at zero.
        sparse: whether its last channel is a mask, 1 where the others are given. A cell of a smaller map has the mean
            of the given values, and the decoder carries them to the pixels they belong to.
        colors: how many channels, from the first, hold scaled a and b; a generator with raised chroma scales them.
        absent: one of `ABSENT`, which stands in if it is not given.
        mirror: how mirroring changes its values besides moving them, function([B, h, w, channels]) -> the same shape;
            None: not at all.
        channels: their number; 0 in `INPUTS` if a setting gives it.
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
    """-> the inputs of the configured generator, in the order of `INPUTS`, with their channels.

    Raises:
        ValueError: if `--conditions` has an unknown name (the known names are listed), or the colour space has no a and
            b.
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
    """Complete the given inputs with substitutes for the others.

    Args:
        rows: the generator's inputs.
        given: {name: [B, h, w, channels] float}, for any of them.
        shape: B, H, W of the pictures.
        seed: of random substitutes. All pictures of a size get the same, so a result does not depend on its batch.

    Returns:
        {name: [B, h, w, channels] float32} of every row, in order; without the rows whose absence is `nothing` if none
        of these is given.

    Raises:
        ValueError: for an unknown name or a wrong shape.
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
    """-> `completed` inputs for the pictures mirrored left to right."""
    rows = [row for row in rows if row.name in given]
    flipped = {row.name: np.ascontiguousarray(given[row.name][:, :, ::-1]) for row in rows}
    return {row.name: row.mirror(flipped[row.name]) if row.mirror else flipped[row.name] for row in rows}
