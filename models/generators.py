"""The configured generator: from a photograph's lightness to its colours. `build` makes it.

A generator is an encoder (`encoders.py`), a decoder that reads its maps (`decoders.py`) and a head (`heads.py`); a file
of `networks/` chooses them for a published system. Imports these, `blocks`, `inputs` and `settings.config`.
"""

from __future__ import annotations

import keras
from keras import ops

from colorgan.models import blocks, heads
from colorgan.models import inputs as rows
from colorgan.models.networks import GENERATORS
from colorgan.settings import nearest
from colorgan.settings.config import Config


class Generator(blocks.Composite, keras.Model):
    """From a photograph's lightness and other inputs to its colours, at any height and width.

    Args:
        encoder: turns the picture into {reduction: map}.
        decoder: reads the maps. It can end below the picture's size: then the colours are enlarged bilinearly.
        head: layer from the last features to colours.
        inputs: the `inputs.Input`s other than the gray picture.

    Raises:
        ValueError: if the decoder's size is not a whole fraction of the picture's.
    """

    def __init__(self, encoder, decoder, head, inputs=()):
        super().__init__(dtype="float32")  # the layers cast, so a pretrained encoder sees unrounded L
        if encoder.reduction % decoder.enlargement:
            raise ValueError(
                "`--decoder`: the product of its strides must divide the encoder's reduction, so that the colours "
                f"have a whole fraction of the picture's size. Received: {decoder.enlargement} and {encoder.reduction}"
            )
        # The order matters: a checkpoint stores the variables in it.
        self.head, self.encoder, self.decoder, self.inputs = head, encoder, decoder, tuple(inputs)
        self.multiple = encoder.reduction
        self.color_stride = encoder.reduction // decoder.enlargement

    @property
    def body(self):
        """The blocks and layers of encoder and decoder, in order; weights files have them under this name."""
        return [*self.encoder.parts, *self.decoder.parts]

    @property
    def parts(self):
        """All blocks and layers with weights, in order from the input to the output, for freezing the first parts."""
        return [*self.body, *self.head.parts]

    @property
    def plain_weights(self):
        """The weights without the decoder's additions, in the order of a generator without additions."""
        added = {id(v) for one in self.decoder.additions if one is not None for v in one.weights}
        return [v for v in self.weights if id(v) not in added]

    def raise_chroma(self, factor):
        """Multiply the chroma of the colours by `factor`, except given colours, which a person chose.

        Raises:
            AttributeError: if the head has no such factor in its weights.
        """
        self.head.raise_chroma(factor)
        for addition in self.decoder.additions:
            if addition is not None:
                addition.scale_colors(1 / factor)

    def pyramid(self, gray, given=None, training=False):
        """Compute the encoder's pyramid.

        Args:
            gray, given, training: see `call`.

        Returns:
            {reduction: [B, H' / reduction, W' / reduction, C]}; H' and W' are H and W rounded up to a multiple of
            `multiple`.
        """
        joined = [ops.cast(given[row.name], gray.dtype) for row in self.inputs if row.joins == "picture"]
        x = blocks.pad_to_multiple(ops.concatenate([gray, *joined], axis=-1) if joined else gray, self.multiple)
        return self.encoder(x, training=training)

    def colors(self, maps, size, given=None, training=False, with_logits=False):
        """Compute decoder and head from a pyramid: everything that depends on the decoder's inputs.

        Args:
            maps: of `pyramid`.
            size: H and W of the pictures.
            given, training, with_logits: see `call`.

        Returns:
            As `call`.
        """
        others = {
            row.name: given[row.name]
            if row.reduction == rows.WHOLE
            else blocks.pad_to_multiple(given[row.name], self.multiple // row.reduction)
            for row in self.inputs
            if row.joins == "decoder" and row.name in given
        }
        height, width = size
        color, logits = self.head(self.decoder(maps, others, training=training))
        color = blocks.enlarged(color, self.color_stride)[:, :height, :width]
        if not with_logits:
            return color
        if logits is not None:  # not enlarged: hundreds of enlarged bins would not fit into memory
            height, width = (-(-size // self.color_stride) for size in (height, width))
            logits = logits[:, :height, :width]
        return color, logits

    def call(self, gray, given=None, training=False, with_logits=False):
        """Predict colours.

        Args:
            gray: [B, H, W, 1] float, L (or luma) scaled to [-1, 1]; any H and W (padded, and cropped afterwards).
            given: {name: [B, h, w, channels] float} of each of `inputs`; see their rows. Inputs whose absence is
                `nothing` can be left out, all together.
            training: batch statistics and active dropout, or moving statistics and no dropout. At inference an image's
                result does not depend on its batch.
            with_logits: return the head's logits too.

        Returns:
            [B, H, W, C] float32 in [-1, 1] (of a joint-bins head within 110 / ab_scale), or, with `with_logits`, the
            pair of that and the head's logits [B, h, w, ...] float32 (None if the head has none), h = H / color_stride
            and w = W / color_stride, rounded up.

        Raises:
            ValueError: if an input is missing, unknown, or has another number of channels.
        """
        given = given or {}
        received = {n: x.shape[-1] for n, x in given.items()}
        needed = {row.name: row.channels for row in self.inputs if row.absent != "nothing"}
        if received not in (needed, wanted := {row.name: row.channels for row in self.inputs}):
            raise ValueError(f"`given` must hold the inputs with their channels, {wanted}. Received: {received}")
        maps = self.pyramid(gray, given, training)
        return self.colors(maps, ops.shape(gray)[1:3], given, training, with_logits)


def build(config: Config, *, synchronized=False):
    """Build the configured generator with initialized weights.

    Args:
        config: `architecture` describes it, `data.color_space` gives the output channels, `run.precision` the dtype
            policy.
        synchronized: whether batch normalization takes its statistics over all replicas.

    Returns:
        A built `Generator`: [B, H, W, 1] scaled L -> [B, H, W, 2 or 3] scaled colour.

    Raises:
        ValueError: if the generator, its encoder or the head is unknown (the known ones are listed), its tables do not
            fit, or the head does not fit the colour space.
    """
    name = config.architecture.generator
    if name not in GENERATORS:
        raise ValueError(nearest.unknown("`--generator`", name, GENERATORS))
    encoder, decoder, kernel_size = GENERATORS[name](config, **blocks.options(config, synchronized))
    model = Generator(encoder, decoder, heads.build(config, kernel_size=kernel_size), rows.of(config))
    # The weights do not depend on the size; the smallest picture without padding is the quickest.
    size = (1, model.multiple, model.multiple)
    given = {row.name: ops.zeros(row.shape(*size)) for row in model.inputs}
    model(ops.zeros((*size, 1)), given)
    return model
