"""The layers of the kernel tables' rows, and padding to sizes that a network can halve.

Imports `normalization` and `settings.config`. All take and return [B, H, W, C] tensors in the compute dtype.
"""

from __future__ import annotations

from keras import layers, ops

from colorgan.models import normalization as norm
from colorgan.settings.config import Config

LEAKY_SLOPE = 0.2  # Nazeri et al. 2018, section 3.3, after DCGAN


class Composite:
    """A layer made of layers, each built at its first call.

    Without this `build`, Keras would first call it on symbolic pictures, at every level of nesting: eight times for a
    convolution three levels down.
    """

    def build(self, **shapes):
        """Build nothing: the layer has no weights itself."""


class Block(Composite, layers.Layer):
    """Convolution, normalization, activation, dropout: one row of a kernel table.

    Args:
        filters: output channels.
        kernel_size: size of the square kernel.
        stride: factor by which the output is smaller, or larger if it upsamples.
        upsample: None, or the way to enlarge: `transposed`, by a transposed convolution; `nearest`, by repeating pixels
            before a convolution of stride 1 (no checkerboards: Odena et al. 2016).
        normalization: `batch` after the convolution; `spectral`, see `weighted`; or `none`.
        slope: of the activation below 0: LeakyReLU; 0: ReLU.
        ceiling: upper limit of the activation, with slope 0 (as ReLU6 of Howard et al. 2017, MobileNets); None: none.
        dropout: rate; 0 for none. Active in training only.
        spatial_dropout: drop whole channels of a picture instead of single values.
        bn_momentum: momentum of the moving statistics.
        synchronized: whether batch statistics are taken over all replicas (TensorFlow only).
        dtype: Keras dtype policy.
    """

    def __init__(
        self,
        filters,
        *,
        kernel_size,
        stride=1,
        upsample=None,
        normalization="batch",
        slope=LEAKY_SLOPE,
        ceiling=None,
        dropout=0.0,
        spatial_dropout=False,
        bn_momentum=0.99,
        synchronized=False,
        dtype=None,
    ):
        super().__init__(dtype=dtype)
        convolutions = {None: layers.Conv2D, "nearest": layers.Conv2D, "transposed": layers.Conv2DTranspose}
        self.repeat, stride = (stride, 1) if upsample == "nearest" else (1, stride)
        # He et al. 2015, as in the paper, with fan-in for convolutions. For a transposed kernel Keras takes the output
        # side; the original used the same initializer object for both.
        self.convolution = weighted(
            convolutions[upsample](
                filters, kernel_size, strides=stride, padding="same", kernel_initializer="he_normal", dtype=dtype
            ),
            normalization,
        )
        self.normalization = None
        if normalization == "batch":
            self.normalization = norm.BatchNormalization(momentum=bn_momentum, synchronized=synchronized, dtype=dtype)
        self.activation = layers.ReLU(max_value=ceiling, negative_slope=slope, dtype=dtype)
        drop = layers.SpatialDropout2D if spatial_dropout else layers.Dropout
        self.dropout = drop(dropout, dtype=dtype) if dropout else None

    def call(self, inputs, training=False):
        """[B, H, W, C] -> [B, H / stride, W / stride, filters], rounded up (times stride if it upsamples)."""
        # Spectral normalization takes `training`, a convolution does not.
        x = self.convolution(repeated(inputs, self.repeat))
        if self.normalization is not None:
            x = self.normalization(x, training=training)
        x = self.activation(x)
        return x if self.dropout is None else self.dropout(x, training=training)


def weighted(layer, normalization):
    """-> a convolution or dense layer, with normalized weights if wanted.

    Args:
        layer: Keras layer with a kernel, not built.
        normalization: `spectral` keeps the kernel at spectral norm 1 (Miyato et al. 2018), one step of the power
            iteration per call in training; with any other value the layer is returned unchanged.

    Returns:
        The layer, or Keras' wrapper around it (`wrapper.layer` is the layer).
    """
    if normalization != "spectral":
        return layer
    # Keras' wrapper writes the divided kernel back. In half precision this would round the weights to 8 bits of
    # mantissa in every call and lose small updates.
    return SpectralNormalization(layer, dtype="float32")


class SpectralNormalization(layers.SpectralNormalization):
    """Keras' layer, but with a float32 vector even if built in a call in half precision."""

    def add_weight(self, *args, **kwargs):
        """As Keras'."""
        return super().add_weight(*args, **{**kwargs, "dtype": "float32"})


def dense(units, normalization, *, dtype=None):
    """-> a dense layer without activation; `normalization` as in `weighted`."""
    return weighted(layers.Dense(units, kernel_initializer="he_normal", dtype=dtype), normalization)


def options(config: Config, synchronized):
    """-> the options of every `Block` of a network, from the configuration."""
    return {
        "bn_momentum": config.architecture.bn_momentum,
        "synchronized": synchronized,
        "dtype": config.run.precision,
    }


def scaled(filters, multiplier):
    """-> the number of filters times `multiplier`, at least 1."""
    return max(1, round(filters * multiplier))


def scaled_table(table, multiplier):
    """-> a kernel table's rows as (filters, stride, dropout rate), the filters multiplied."""
    return [(scaled(f, multiplier), stride, rest[0] if rest else 0.0) for f, stride, *rest in table]


def stack(table, block, **each):
    """A block per row of a kernel table.

    Args:
        table: rows (filters, stride, dropout rate).
        block: function(filters, stride=, dropout=, **options) -> layer.
        each: {option: its value for each row}, for options that differ between rows.
    """
    each = {"stride": [row[1] for row in table], "dropout": [row[2] for row in table]} | each
    return [block(row[0], **{name: values[i] for name, values in each.items()}) for i, row in enumerate(table)]


def repeated(x, times):
    """[B, H, W, C] -> [B, H * times, W * times, C], each pixel repeated; `x` itself for `times` 1."""
    if times == 1:
        return x
    height, width = (size * times for size in ops.shape(x)[1:3])
    # In LiteRT's converter, repeating unknown sizes also makes the channels unknown, and a convolution then fails.
    return ops.reshape(ops.repeat(ops.repeat(x, times, axis=1), times, axis=2), (-1, height, width, x.shape[-1]))


def enlarged(x, times):
    """Enlarge bilinearly by a whole factor, with aligned pixel centres and repeated border pixels.

    As `keras.ops.image.resize`, which does not take sizes that are unknown before the call.

    Args:
        x: [B, H, W, ...].
        times: the factor.

    Returns:
        [B, H * times, W * times, ...]; `x` itself for `times` 1.
    """
    if times == 1:
        return x
    for axis in (1, 2):
        first, inner, last = (_part(x, axis, part) for part in (slice(0, 1), slice(None), slice(-1, None)))
        before = ops.concatenate([first, _part(x, axis, slice(None, -1))], axis=axis)
        after = ops.concatenate([_part(x, axis, slice(1, None)), last], axis=axis)
        places = [(i + 0.5) / times - 0.5 for i in range(times)]  # offsets of the new pixels from their old pixel
        new = [(1 - abs(p)) * inner + abs(p) * (before if p < 0 else after) for p in places]
        shape = list(ops.shape(x))
        shape[axis] *= times
        x = ops.reshape(ops.stack(new, axis=axis + 1), shape)
    return x


def _part(x, axis, part):
    return x[:, part] if axis == 1 else x[:, :, part]


def pad_to_multiple(x, multiple):
    """Extend height and width to the next multiple by reflection, at the bottom and right.

    Args:
        x: [B, H, W, C]; H and W can be unknown before the call, and smaller than the padding.
        multiple: divisor of the new height and width.

    Returns:
        [B, H', W', C] with H' and W' the smallest multiples not below H and W; `x` itself if H and W are multiples.
    """
    for axis in (1, 2):
        if x.shape[axis] is not None and x.shape[axis] % multiple == 0:
            continue
        size = ops.shape(x)[axis]
        # Rounded up without negative numbers, because ONNX divides them towards zero.
        index = ops.arange((size + multiple - 1) // multiple * multiple)
        # A triangular wave 0 1 .. n-1 n-1 .. 1 0 0 1 .. : symmetric reflection, repeated as needed.
        index = index % (2 * size)
        x = ops.take(x, ops.minimum(index, 2 * size - 1 - index), axis=axis)
    return x
