"""The decoder: it reads a pyramid of maps, {reduction: map}, from `encoders.py`. `build` makes a decoder.

Imports `blocks`, `additions`, `inputs` and `settings.config`.
"""

from __future__ import annotations

import math

from keras import layers, ops

from colorgan.models import additions, blocks
from colorgan.models import inputs as rows_of
from colorgan.models.inputs import WHOLE
from colorgan.settings.config import Config


class Decoder(blocks.Composite, layers.Layer):
    """Enlarges the smallest map row by row, and joins the encoder's map of each size on the way.

    Other inputs of the generator are added to each row's map, at its resolution, by an `additions.Addition` per row.

    Args:
        table: rows (filters, stride, dropout); a row enlarges by its stride. If that is above 1 and the pyramid has a
            map of the new size, the two are joined.
        block, each: see `blocks.stack`; a block enlarges by its stride.
        encoder: the encoder of the pyramid. If it has a map of the whole picture (`WHOLE`), a dense layer of that map
            is added to each pixel of the smallest map.
        joined_first: whether a row is joined before its convolution, with repeated pixels (no checkerboard: Odena et
            al. 2016), or after it.
        inputs: the `inputs.Input`s that join the decoder.
        dtype: Keras dtype policy.

    Raises:
        ValueError: if an input's map is smaller than every row's map.
    """

    def __init__(self, table, block, *, encoder, joined_first=False, inputs=(), dtype=None, **each):
        super().__init__(dtype="float32", autocast=False)  # the blocks cast for themselves
        self.context = layers.Dense(encoder.context, dtype=dtype) if encoder.context else None
        if joined_first:
            each["stride"] = [1] * len(table)
        self.blocks = blocks.stack(table, block, **each)
        self.strides, self.joined_first = [stride for _, stride, _ in table], joined_first
        self.enlargement = math.prod(self.strides)
        reached = [encoder.reduction // math.prod(self.strides[: i + 1]) for i in range(len(table))]
        for row in inputs:
            if WHOLE > row.reduction > max(reached):
                raise ValueError(
                    f"`{row.name}` joins the decoder at reduction {row.reduction}, but its rows give {reached}. Use "
                    "one of these, or a smaller reduction."
                )
        # Input maps larger than a row's are shrunk; smaller maps do not enter.
        entering = [[row for row in inputs if row.reduction == WHOLE or row.reduction <= r] for r in reached]
        self.additions = [
            additions.Addition(f, r, rows, dtype=dtype) if rows else None
            for (f, _, _), r, rows in zip(table, reached, entering, strict=True)
        ]

    @property
    def parts(self):
        """The layers with weights, in order."""
        every = [self.context]
        for block, addition in zip(self.blocks, self.additions, strict=True):
            every += [block, *(addition.parts if addition else ())]
        return [one for one in every if one is not None]

    def call(self, maps, given=None, training=False):
        """Read a pyramid.

        Args:
            maps: {reduction: [B, H / reduction, W / reduction, C] float}, with `WHOLE` exactly if there is a context.
            given: {name: values} of the decoder's inputs, for pictures padded like the pyramid's; none or all of them.
            training: batch statistics and active dropout, or moving statistics and none.

        Returns:
            [B, H', W', F] in the blocks' compute dtype, the last row's map after joining; H' is the smallest map's
            height times `enlargement`, W' likewise.
        """
        reduction = max(one for one in maps if one != WHOLE)
        x = maps[reduction]
        if self.context is not None:
            x = x + ops.cast(self.context(maps[WHOLE]), x.dtype)
        for block, stride, addition in zip(self.blocks, self.strides, self.additions, strict=True):
            reduction //= stride
            joined = maps.get(reduction) if stride > 1 else None
            if self.joined_first:
                x = _joined(blocks.repeated(x, stride), joined)
            x = block(x, training=training)
            if addition is not None and given:
                x = x + addition(x, given)
            if not self.joined_first:
                x = _joined(x, joined)
        return x


def build(config: Config, encoder, block, **options):
    """-> the decoder of the configured table; `options`: see `Decoder`."""
    a = config.architecture
    table = blocks.scaled_table(a.decoder, a.filter_multiplier)
    inputs = [row for row in rows_of.of(config) if row.joins == "decoder"]
    return Decoder(table, block, encoder=encoder, inputs=inputs, dtype=config.run.precision, **options)


def _joined(x, other):
    return x if other is None else ops.concatenate([x, ops.cast(other, x.dtype)], axis=-1)
