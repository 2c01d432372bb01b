"""Decoders: anything that reads a pyramid of maps, {reduction: map}, as `encoders.py` makes it.

Imports `blocks` and `inputs`.
"""

from __future__ import annotations

import math

from keras import layers, ops

from colorgan.models import blocks
from colorgan.models.inputs import WHOLE


class ResizeDecoder(layers.Layer):
    """Repeats pixels, joins the encoder's map of that size, convolves: no checkerboard (Odena et al. 2016).

    What else a generator is given is added to what each row makes, at that row's resolution, by a layer per row that
    begins at zero: weights that know nothing of it give what they gave.

    Args:
        table: rows (filters, stride, dropout); a row enlarges by its stride, and where that is above 1 it is joined
            with the pyramid's map of the size that it comes to, if there is one, before its convolution.
        block: function(filters, dropout=) -> `blocks.Block` of a row.
        reduction: of the smallest map.
        context: channels of the smallest map, for a pyramid with a map of the whole picture (`WHOLE`): a dense layer
            of that is added to each of its pixels. 0: for a pyramid without one.
        inputs: the `inputs.Input`s that join the decoder.

    Raises:
        ValueError: if an input's resolution is none that a row comes to.
    """

    def __init__(self, table, block, *, reduction, context=0, inputs=(), dtype=None):
        super().__init__(dtype="float32", autocast=False)  # the blocks cast for themselves
        self.context = layers.Dense(context, dtype=dtype) if context else None
        self.blocks = [block(f, dropout=d) for f, _, d in table]
        self.strides = [stride for _, stride, _ in table]
        self.enlargement = math.prod(self.strides)
        reached = [reduction // math.prod(self.strides[: i + 1]) for i in range(len(table))]
        for row in inputs:
            if row.reduction not in (WHOLE, *reached):
                raise ValueError(
                    f"`{row.name}` joins the decoder at reduction {row.reduction}, but its rows come to {reached}. "
                    "Use one of these"
                )
        # Larger maps than a row's are averaged; smaller ones do not come in.
        self.joined = [[row for row in inputs if row.reduction == WHOLE or row.reduction <= r] for r in reached]
        self.additions = [
            layers.Dense(f, use_bias=False, kernel_initializer="zeros", dtype=dtype) if joined else None
            for (f, _, _), joined in zip(table, self.joined, strict=True)
        ]

    @property
    def parts(self):
        """The layers with weights, in order."""
        rows = zip(self.blocks, self.additions, strict=True)
        return [one for one in (self.context, *(layer for row in rows for layer in row)) if one is not None]

    def call(self, maps, given=None, training=False):
        """Read a pyramid.

        Args:
            maps: {reduction: [B, H / reduction, W / reduction, C] float}, with `WHOLE` exactly if there is a context.
            given: {name: values} of the decoder's inputs, for pictures padded as the pyramid's.
            training: batch statistics and active dropout, or moving statistics and none.

        Returns:
            [B, H', W', filters of the last row] in the blocks' compute dtype; H' is the smallest map's height times
            `enlargement`, W' likewise.
        """
        reduction = max(one for one in maps if one != WHOLE)
        x = maps[reduction]
        if self.context is not None:
            x = x + ops.cast(self.context(maps[WHOLE]), x.dtype)
        for block, stride, joined, addition in zip(self.blocks, self.strides, self.joined, self.additions, strict=True):
            x = blocks.repeated(x, stride)
            reduction //= stride
            if stride > 1 and reduction in maps:
                x = ops.concatenate([x, ops.cast(maps[reduction], x.dtype)], axis=-1)
            x = block(x, training=training)
            if addition is not None:
                x = x + ops.cast(addition(_at(reduction, joined, given, like=x)), x.dtype)
        return x


def _at(reduction, rows, given, *, like):
    """-> the inputs of these rows side by side, [B, h, w, channels], in the resolution of a map."""
    found = []
    for row in rows:
        values = ops.cast(given[row.name], "float32")
        if row.reduction == WHOLE:
            values = values + ops.zeros_like(like[..., :1], dtype="float32")
        elif row.reduction < reduction:
            values = ops.average_pool(values, reduction // row.reduction, padding="same")
        found.append(values)
    return ops.concatenate(found, axis=-1)
