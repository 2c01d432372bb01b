"""Decoders: anything that reads a pyramid of maps, {reduction: map}, as `encoders.py` makes it. Imports `blocks` and
`encoders`.
"""

from __future__ import annotations

import math

from keras import layers, ops

from colorgan.models import blocks
from colorgan.models.encoders import WHOLE


class ResizeDecoder(layers.Layer):
    """Repeats pixels, joins the encoder's map of that size, convolves: no checkerboard (Odena et al. 2016).

    Args:
        table: rows (filters, stride, dropout); a row enlarges by its stride, and where that is above 1 it is joined
            with the pyramid's map of the size that it comes to, if there is one, before its convolution.
        block: function(filters, dropout=) -> `blocks.Block` of a row.
        context: channels of the smallest map, for a pyramid with a map of the whole picture (`encoders.WHOLE`): a dense
            layer of that is added to each of its pixels. 0: for a pyramid without one.
    """

    def __init__(self, table, block, *, context=0, dtype=None):
        super().__init__(dtype="float32", autocast=False)  # the blocks cast for themselves
        self.context = layers.Dense(context, dtype=dtype) if context else None
        self.blocks = [block(f, dropout=d) for f, _, d in table]
        self.strides = [stride for _, stride, _ in table]
        self.enlargement = math.prod(self.strides)

    @property
    def parts(self):
        """The layers with weights, in order."""
        return [*([self.context] if self.context else []), *self.blocks]

    def call(self, maps, training=False):
        """Read a pyramid.

        Args:
            maps: {reduction: [B, H / reduction, W / reduction, C] float}, with `WHOLE` exactly if there is a context.
            training: batch statistics and active dropout, or moving statistics and none.

        Returns:
            [B, H', W', filters of the last row] in the blocks' compute dtype; H' is the smallest map's height times
            `enlargement`, W' likewise.
        """
        reduction = max(one for one in maps if one != WHOLE)
        x = maps[reduction]
        if self.context is not None:
            x = x + ops.cast(self.context(maps[WHOLE]), x.dtype)
        for block, stride in zip(self.blocks, self.strides, strict=True):
            x = blocks.repeated(x, stride)
            reduction //= stride
            if stride > 1 and reduction in maps:
                x = ops.concatenate([x, ops.cast(maps[reduction], x.dtype)], axis=-1)
            x = block(x, training=training)
        return x
