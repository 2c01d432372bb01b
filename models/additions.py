"""How inputs other than the picture enter the decoder: an `Addition` for each of its rows.

An addition is exactly zero for pictures without such inputs, and its last layer begins at zero. So weights trained
without an input give the same results as before. Imports `blocks` and `inputs`.
"""

from __future__ import annotations

from keras import initializers, layers, ops

from colorgan.models import blocks, inputs

VECTOR = 64  # units of the layer that reads inputs for the whole picture
HEADS, KEY = 4, 32  # of the attention; units of a key
ATTENDS = 8  # the smallest reduction with attention over the whole map; larger maps have too many pairs
NEAR = 100.0  # pixels
SLOPES = (0.25, 1.0, 4.0, 16.0)  # at the start: what NEAR subtracts from a head's logits


class Addition(blocks.Composite, layers.Layer):
    """An addition to a decoder's map: two convolutions that read the map and the inputs of its resolution.

    Args:
        filters: channels of the map.
        reduction: how much smaller than the picture the map is.
        rows: the `inputs.Input`s that enter; larger input maps are shrunk to this map.
        dtype: Keras dtype policy.
    """

    def __init__(self, filters, reduction, rows, *, dtype=None):
        super().__init__(dtype="float32", autocast=False)  # the layers cast for themselves
        self.reduction, self.rows = reduction, tuple(rows)
        self.vectors = [row for row in rows if row.reduction == inputs.WHOLE]
        self.maps = [row for row in rows if row.reduction != inputs.WHOLE]
        self.sparse = [row for row in self.maps if row.sparse]
        common = {"dtype": dtype, "activation": "relu", "kernel_initializer": "he_normal"}
        self.first = layers.Conv2D(filters, 3, padding="same", **common)
        self.describe = layers.Dense(VECTOR, **common) if self.vectors else None
        self.shift = layers.Dense(filters, dtype=dtype) if self.vectors else None
        attends = self.sparse and reduction >= ATTENDS
        self.attention = Attention(filters, dtype=dtype) if attends else None
        self.second = layers.Conv2D(filters, 3, padding="same", **common)
        self.last = layers.Dense(filters, use_bias=False, kernel_initializer="zeros", dtype=dtype)

    @property
    def parts(self):
        """The layers with weights, in order."""
        every = (self.first, self.describe, self.shift, self.attention, self.second, self.last)
        return [one for one in every if one is not None]

    def call(self, x, given):
        """[B, h, w, filters] and {name: values} -> what is added, [B, h, w, filters] in the dtype of `x`."""
        maps = [shrunk(ops.cast(given[row.name], "float32"), row, self.reduction) for row in self.maps]
        y = self.first(ops.concatenate([x, *(ops.cast(one, x.dtype) for one in maps)], axis=-1))
        if self.vectors:
            vector = ops.concatenate([ops.cast(given[row.name], "float32") for row in self.vectors], axis=-1)
            y = y + ops.cast(self.shift(self.describe(vector)), y.dtype)
        if self.attention is not None:
            found = ops.concatenate([one for one, row in zip(maps, self.maps, strict=True) if row.sparse], axis=-1)
            y = y + ops.cast(self.attention(y, found, reduction=self.reduction), y.dtype)
        added = self.last(self.second(y))
        return ops.cast(added, x.dtype) * ops.cast(_is_given(given, self.rows), x.dtype)

    def scale_colors(self, factor):
        """Multiply the given colours by `factor`."""
        place = self.last.units
        for row in self.maps:
            kernel = ops.convert_to_numpy(self.first.kernel).copy()
            kernel[:, :, place : place + row.colors] *= factor
            self.first.kernel.assign(kernel)
            place += row.channels
        if self.attention is not None:
            self.attention.scale_colors(factor, self.sparse)


class Attention(blocks.Composite, layers.Layer):
    """Carries values from a few places to the pixels they belong to: attention over the places (Vaswani et al. 2017).

    A pixel attends to similar and near places, or to none. Each head has a learned slope on the distance, so heads
    weight nearness differently (Press et al. 2022, ALiBi, in two dimensions).
    """

    def __init__(self, filters, *, dtype=None):
        super().__init__(dtype="float32", autocast=False)
        self.query, self.key, self.value = (layers.Dense(HEADS * KEY, dtype=dtype) for _ in range(3))
        self.none, self.out = layers.Dense(HEADS, dtype=dtype), layers.Dense(filters, dtype=dtype)
        self.slopes = self.add_weight(
            name="slopes", shape=(HEADS,), initializer=initializers.Constant(SLOPES), dtype="float32"
        )

    def call(self, x, found, *, reduction):
        """Attend to the given places.

        Args:
            x: [B, h, w, C] float.
            found: [B, h, w, c] float32, values with the mask, 0 or 1, as the last channel.
            reduction: how much smaller than the picture these are.

        Returns:
            [B, h, w, filters] in the layers' compute dtype.
        """
        batch, height, width = ops.shape(x)[:3]
        heads = (-1, height * width, HEADS, KEY)
        place = ops.concatenate([x, ops.cast(found, x.dtype)], axis=-1)
        query, key, value = (
            ops.transpose(ops.reshape(one, heads), (0, 2, 1, 3))
            for one in (self.query(x), self.key(place), self.value(place))
        )
        logits = ops.cast(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), "float32") / KEY**0.5
        slopes = ops.reshape(ops.abs(self.slopes), (HEADS, 1, 1)) * (reduction / NEAR)
        logits = logits - slopes * _distances(height, width)
        mask = ops.reshape(found[..., -1:], (-1, 1, 1, height * width))
        logits = logits + (mask - 1) * 1e4
        none = ops.reshape(
            ops.transpose(ops.reshape(self.none(x), heads[:3]), (0, 2, 1)), (-1, HEADS, height * width, 1)
        )
        weights = ops.softmax(ops.concatenate([ops.cast(none, "float32"), logits], axis=-1), axis=-1)
        # "None" is a key with a value of zeros. It is not sliced off, because LiteRT's converter cannot slice here.
        value = ops.pad(value, ((0, 0), (0, 0), (1, 0), (0, 0)))
        seen = ops.matmul(ops.cast(weights, value.dtype), value)
        seen = ops.reshape(ops.transpose(seen, (0, 2, 1, 3)), (-1, height, width, HEADS * KEY))
        return self.out(seen)

    def scale_colors(self, factor, rows):
        """See `Addition`; `rows`: the given inputs."""
        place = self.out.units
        for row in rows:
            for layer in (self.key, self.value):
                kernel = ops.convert_to_numpy(layer.kernel).copy()
                kernel[place : place + row.colors] *= factor
                layer.kernel.assign(kernel)
            place += row.channels


def _distances(height, width):
    """-> [h w, h w] float32: distances between the cells of a map, in cells."""
    # By broadcasting: in a graph for all sizes h and w are tensors, which `repeat` and `tile` do not take.
    y, x = (ops.cast(ops.arange(size), "float32") for size in (height, width))
    column = ops.reshape(y, (-1, 1))
    y, x = column + 0 * x, 0 * column + x
    y, x = (ops.reshape(one, (-1, 1)) - ops.reshape(one, (1, -1)) for one in (y, x))
    return ops.sqrt(y**2 + x**2)


def shrunk(values, row, reduction):
    """-> an input's map in the resolution of a smaller map.

    Args:
        values: [B, h, w, channels] float32.
        row: its `inputs.Input`.
        reduction: of the smaller map, a multiple of the row's.

    Returns:
        [B, h', w', channels]: means. For a sparse input: the mean of the given values in a cell, and 1 where there are
        any.
    """
    size = reduction // row.reduction
    if size == 1:
        return values
    mean = ops.average_pool(values, size, strides=size, padding="same")
    if not row.sparse:
        return mean
    some = ops.max_pool(values[..., -1:], size, strides=size, padding="same")
    return ops.concatenate([mean[..., :-1] / ops.maximum(mean[..., -1:], 1e-6), some], axis=-1)


def _is_given(given, rows):
    """-> [B, 1, 1, 1] float32: 1 for pictures that are given any of the inputs."""
    found = [ops.max(ops.cast(given[row.name] != 0, "float32"), axis=(1, 2, 3), keepdims=True) for row in rows]
    return ops.max(ops.concatenate(found, axis=-1), axis=-1, keepdims=True)
