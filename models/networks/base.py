"""The base of all discriminators: input, crop, float32 logits. A system's file adds the layers.

Imports `blocks` and `settings.config`.
"""

from __future__ import annotations

import keras
from keras import ops

from colorgan.models import blocks
from colorgan.settings.config import Config


class Discriminator(blocks.Composite, keras.Model):
    """Real or generated: one logit per picture or per patch. A subclass has `judge(x, training)`.

    Args:
        config: `architecture` chooses its input and the cropped border.
    """

    def __init__(self, config: Config):
        super().__init__(dtype=config.run.precision)
        self.alone, self.crop = config.architecture.d_input == "color", config.architecture.d_crop
        self._map_size = None

    def judge(self, x, training):
        """The subclass's layers: [B, h, w, channels] in the compute dtype -> logits [B, ...], large for real."""
        raise NotImplementedError

    def flat(self, x):
        """[B, h, w, C] -> [B, h w C] for a dense layer, which takes only one size of picture.

        Raises:
            ValueError: if the size differs from the first call's.
        """
        size = tuple(x.shape[1:3])
        self._map_size = self._map_size or size
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
            training: batch statistics and active dropout, or moving statistics and none. Spectral norms are updated
                only in training.

        Returns:
            float32 logits, large for real: [B, h, w, 1] for patches, [B, 1] for whole pictures.

        Raises:
            ValueError: if the crop leaves nothing.
        """
        x = color if self.alone else ops.concatenate([gray, ops.cast(color, gray.dtype)], axis=-1)
        if self.crop:
            if any(n is not None and n <= 2 * self.crop for n in x.shape[1:3]):
                raise ValueError(
                    f"`--d-crop` must leave some pixels of the pictures. Received: {self.crop} pixels from each side "
                    "of "
                    f"{x.shape[1]} x {x.shape[2]}"
                )
            x = x[:, self.crop : -self.crop, self.crop : -self.crop]
        return ops.cast(self.judge(x, training), "float32")


def judging_blocks(config: Config, normalization, block, **each):
    """-> the blocks of a discriminator's table.

    Args:
        config: of the table.
        normalization: of the blocks; `batch` leaves out the first block (DCGAN, section 3).
        block, each: see `blocks.stack`.
    """
    table = blocks.scaled_table(config.architecture.discriminator_layers, config.architecture.filter_multiplier)
    first = "none" if normalization == "batch" else normalization
    return blocks.stack(table, block, normalization=[first, *[normalization] * (len(table) - 1)], **each)
