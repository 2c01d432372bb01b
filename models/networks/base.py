"""What all networks share: inputs joined, padded or cropped; outputs in float32. A system's file adds the layers.

Imports `blocks` and `inputs`.
"""

from __future__ import annotations

import math

import keras
from keras import ops

from colorgan.models import blocks
from colorgan.models import inputs as rows

D_INPUTS = ("joint", "color")


class Generator(keras.Model):
    """From a photograph's lightness, and what else it is given, to its colours; any height and width.

    A subclass has `features(x, training)`, and `encoder` and `decoder`, or a `body` of its own.

    Args:
        head: layer from the last features to colours, see `heads.py`.
        inputs: what it is given beside the gray picture, `inputs.Input`s.
        multiple: `features` gets pictures whose height and width are multiples of this.
        color_stride: how much smaller than the pictures `features` returns maps; colours made of them are enlarged
            bilinearly.
        dtype: Keras dtype policy.

    Raises:
        ValueError: if an input joins what this network does not have.
    """

    takes = ("picture",)  # where inputs may join; with `decoder`, `features` has a third argument, {name: values}
    pretrained = False  # whether its encoder must begin with weights of its own
    encoder = ()  # of a subclass with a `body` of its own

    def __init__(self, *, head, inputs=(), multiple=1, color_stride=1, dtype=None):
        super().__init__(dtype=dtype)
        for row in inputs:
            if row.joins not in self.takes:
                raise ValueError(
                    f"`--{row.setting.replace('_', '-')}`: this generator takes no {row.name}, which joins the "
                    f"{row.joins}. Received: {row.channels}. Leave it out."
                )
        self.head, self.inputs, self.multiple = head, tuple(inputs), multiple
        self.color_stride = color_stride

    @property
    def body(self):
        """The subclass's blocks and layers with weights, in order from the input to the head."""
        return [*self.encoder, *self.decoder]

    @property
    def encoder_parts(self):
        """The blocks and layers of the encoder, which are the first of `body`."""
        return list(self.encoder)

    @property
    def parts(self):
        """All blocks and layers with weights, in order from the input to the output, for freezing the first of them."""
        return [*self.body, *self.head.parts]

    def features(self, x, training):
        """The subclass's layers.

        Args:
            x: [B, H', W', channels] in the compute dtype, gray joined with the inputs that join the picture.
            training: batch statistics and active dropout, or moving statistics and none.

        Returns:
            [B, H' / color_stride, W' / color_stride, F]: what the head reads.
        """
        raise NotImplementedError

    def call(self, gray, given=None, training=False, with_logits=False):
        """Predict colours.

        Args:
            gray: [B, H, W, 1] float, L (or luma) scaled to [-1, 1]; any H and W (padded inside, cropped after).
            given: {name: [B, h, w, channels] float} of each of `inputs`; see their rows.
            training: batch statistics and active dropout, or moving statistics and none: at inference an image's
                result does not depend on its batch.
            with_logits: return the head's logits too.

        Returns:
            [B, H, W, C] float32 in [-1, 1] (of a joint-bins head within 110 / ab_scale), or, `with_logits`, the pair of
            that and the head's logits [B, h, w, ...] float32 (None if the head has none), h = H / color_stride and
            w = W / color_stride, rounded up.

        Raises:
            ValueError: if an input is missing, not wanted, or of another number of channels.
        """
        given = given or {}
        wanted, received = {row.name: row.channels for row in self.inputs}, {n: x.shape[-1] for n, x in given.items()}
        if received != wanted:
            raise ValueError(f"`given` must hold the inputs with their channels, {wanted}. Received: {received}")
        joined = [ops.cast(given[row.name], gray.dtype) for row in self.inputs if row.joins == "picture"]
        x = blocks.pad_to_multiple(ops.concatenate([gray, *joined], axis=-1) if joined else gray, self.multiple)
        others = {
            row.name: given[row.name]
            if row.reduction == rows.WHOLE
            else blocks.pad_to_multiple(given[row.name], self.multiple // row.reduction)
            for row in self.inputs
            if row.joins == "decoder"
        }
        x = self.features(x, training, others) if others else self.features(x, training)
        height, width = ops.shape(gray)[1:3]
        color, logits = self.head(x, with_logits=True) if with_logits else (self.head(x), None)
        color = blocks.enlarged(color, self.color_stride)[:, :height, :width]
        if not with_logits:
            return color
        if logits is not None:  # as they are made: of hundreds of bins, enlarged ones would not fit into memory
            height, width = (-(-size // self.color_stride) for size in (height, width))
            logits = logits[:, :height, :width]
        return color, logits


class Discriminator(keras.Model):
    """Real or generated: one logit per picture or per patch. A subclass has `judge(x, training)`.

    Args:
        d_input: `joint`: judges gray and colour together; `color`: colour alone.
        crop: rim that it does not see, pixels.
        dtype: Keras dtype policy.

    Raises:
        ValueError: if `d_input` is unknown.
    """

    def __init__(self, *, d_input="joint", crop=0, dtype=None):
        super().__init__(dtype=dtype)
        if d_input not in D_INPUTS:
            raise ValueError(f"Unknown `--d-input` {d_input!r}. Known: {', '.join(D_INPUTS)}")
        self.d_input, self.crop = d_input, crop
        self._map_size = None

    def judge(self, x, training):
        """The subclass's layers: [B, h, w, channels] in the compute dtype -> logits [B, ...], large for real."""
        raise NotImplementedError

    def flat(self, x):
        """[B, h, w, C] -> [B, h w C] for a dense layer, which reads pictures of one size only.

        Raises:
            ValueError: if the size is not that of the first call.
        """
        size = tuple(x.shape[1:3])
        if self._map_size is None:
            self._map_size = size
        if size != self._map_size:
            raise ValueError(
                "A discriminator with dense layers judges pictures of the size it was built for (--height, --width). "
                f"Received: pictures that become {size[0]} x {size[1]} where {self._map_size[0]} x "
                f"{self._map_size[1]} is expected"
            )
        return ops.reshape(x, (-1, size[0] * size[1] * x.shape[-1]))

    def call(self, gray, color, training=False):
        """Judge pictures.

        Args:
            gray: [B, H, W, 1] float, L scaled to [-1, 1]: the condition.
            color: [B, H, W, 2 or 3] float, colour scaled to [-1, 1].
            training: batch statistics and active dropout, or moving statistics and none. Spectral norms are followed
                in training only.

        Returns:
            float32 logits, large for real: [B, h, w, 1] for patches, [B, 1] for whole pictures.

        Raises:
            ValueError: if nothing is left inside the rim.
        """
        x = color if self.d_input == "color" else ops.concatenate([gray, ops.cast(color, gray.dtype)], axis=-1)
        if self.crop:
            if any(n is not None and n <= 2 * self.crop for n in x.shape[1:3]):
                raise ValueError(
                    f"`--d-crop` must leave something of the pictures. Received: {self.crop} pixels from each side of "
                    f"{x.shape[1]} x {x.shape[2]}"
                )
            x = x[:, self.crop : -self.crop, self.crop : -self.crop]
        return ops.cast(self.judge(x, training), "float32")


def judging_blocks(table, normalization, block, **options):
    """The blocks of a discriminator's table.

    Args:
        table: rows (filters, stride, dropout).
        normalization: of the blocks; `batch` leaves out the first (DCGAN, section 3).
        block: options of all.
        options: {name: one per row} of those that differ; default strides: the table's.
    """
    options = {"stride": [row[1] for row in table]} | options
    return [
        blocks.Block(
            filters,
            dropout=dropout,
            normalization="none" if normalization == "batch" and i == 0 else normalization,
            **{name: values[i] for name, values in options.items()},
            **block,
        )
        for i, (filters, _, dropout) in enumerate(table)
    ]


def generator_tables(config):
    """-> the arguments that every generator of two kernel tables takes from a configuration."""
    a = config.architecture
    return {
        "encoder": blocks.scaled_table(a.encoder, a.filter_multiplier),
        "decoder": blocks.scaled_table(a.decoder, a.filter_multiplier),
        "inputs": rows.of(config),
        "bn_momentum": a.bn_momentum,
    }


def discriminator_table(config):
    """-> the arguments that every discriminator of a kernel table takes from a configuration."""
    a = config.architecture
    return {"table": blocks.scaled_table(a.discriminator_layers, a.filter_multiplier), "bn_momentum": a.bn_momentum}


def reduction(encoder, decoder):
    """What an encoder shrinks by, and a decoder enlarges by again.

    Args:
        encoder, decoder: kernel tables; the product of the strides is what one shrinks and the other enlarges by.

    Returns:
        That product: pictures must be multiples of it.

    Raises:
        ValueError: if the products differ.
    """
    shrinks, enlarges = (math.prod(row[1] for row in table) for table in (encoder, decoder))
    if shrinks != enlarges:
        raise ValueError(
            "`decoder` must undo `encoder`: the products of their strides must be equal. "
            f"Received: {enlarges} and {shrinks}"
        )
    return shrinks
