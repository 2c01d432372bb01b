"""The layers that the kernel tables' rows stand for, and padding to sizes that a network can halve.

Imports `normalization`. All blocks take and return [B, H, W, C] tensors, channels last, in the policy's compute dtype.
"""

from __future__ import annotations

from keras import layers, ops

from colorgan.models import normalization

LEAKY_SLOPE = 0.2  # Nazeri et al. 2018, section 3.3, after DCGAN


class Block(layers.Layer):
    """Convolution, batch normalization, activation, dropout: one row of a kernel table.

    Args:
        filters: output channels.
        kernel_size: size of the square kernel.
        stride: 1 or 2; how much smaller the output is, or larger if `transposed`.
        transposed: upsample by a transposed convolution instead.
        normalize: whether batch normalization follows the convolution.
        activation: `leaky_relu` (slope 0.2) or `relu`.
        dropout: rate; 0 for none. Active in training only.
        bn_momentum: momentum of the moving statistics.
        synchronized: whether batch statistics are taken over all replicas (TensorFlow only).
        dtype: Keras dtype policy.
    """

    def __init__(
        self,
        filters,
        *,
        kernel_size,
        stride,
        transposed=False,
        normalize=True,
        activation="leaky_relu",
        dropout=0.0,
        bn_momentum=0.99,
        synchronized=False,
        dtype=None,
    ):
        super().__init__(dtype=dtype)
        convolution = layers.Conv2DTranspose if transposed else layers.Conv2D
        # He et al. 2015, as the paper: with fans in for the convolutions. Keras' fan of a transposed kernel is its
        # output side; the original used the same initializer object for both.
        self.convolution = convolution(
            filters, kernel_size, strides=stride, padding="same", kernel_initializer="he_normal", dtype=dtype
        )
        self.normalization = None
        if normalize:
            self.normalization = normalization.BatchNormalization(
                momentum=bn_momentum, synchronized=synchronized, dtype=dtype
            )
        self.activation = (
            layers.LeakyReLU(LEAKY_SLOPE, dtype=dtype) if activation == "leaky_relu" else layers.ReLU(dtype=dtype)
        )
        self.dropout = layers.Dropout(dropout, dtype=dtype) if dropout else None

    def call(self, inputs, training=False):
        """[B, H, W, C] -> [B, H / stride, W / stride, filters] (times stride if transposed)."""
        x = self.convolution(inputs)
        if self.normalization is not None:
            x = self.normalization(x, training=training)
        x = self.activation(x)
        return x if self.dropout is None else self.dropout(x, training=training)


def scaled(filters, multiplier):
    """-> the number of filters of a layer in a network of `multiplier` times the table's width, at least 1."""
    return max(1, round(filters * multiplier))


def pad_to_multiple(x, multiple):
    """Extend height and width to the next multiple by reflection, at the bottom and right.

    Args:
        x: [B, H, W, C]; H and W may be unknown until the call, and smaller than the padding.
        multiple: what height and width become multiples of.

    Returns:
        [B, H', W', C] with H' and W' the smallest multiples that hold H and W; `x` itself where they already are.
    """
    for axis in (1, 2):
        if x.shape[axis] is not None and x.shape[axis] % multiple == 0:
            continue
        size = ops.shape(x)[axis]
        index = ops.arange(-(-size // multiple) * multiple)
        # A triangular wave 0 1 .. n-1 n-1 .. 1 0 0 1 .. : symmetric reflection as often as the size needs.
        index = index % (2 * size)
        x = ops.take(x, ops.minimum(index, 2 * size - 1 - index), axis=axis)
    return x
