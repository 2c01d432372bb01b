"""A generator and its colour conversion: gray in, colours out, at the size of the input.

Samples, evaluation, the Turing test and serving all get a generator's results here. Imports `color`, `inputs` and
`settings.config`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
from keras import ops

from colorgan.models import color, inputs
from colorgan.settings.config import Config


class Predictor:
    """Predicts the colours of pictures with a generator.

    Args:
        predict: function([B, H, W, 1] float32 scaled gray, {name: values of that input}) -> [B, H, W, C] scaled
            colour, at inference.
        color_space: of the prediction, `lab`, `rgb` or `yuv`.
        ab_scale: Lab units for the generator's 1 (`lab` only).
        inputs: its inputs other than the gray picture (`inputs.of`).
    """

    def __init__(self, predict: Callable, *, color_space: str, ab_scale: float, inputs: Sequence[inputs.Input] = ()):
        self.predict, self.color_space, self.ab_scale, self.inputs = predict, color_space, ab_scale, tuple(inputs)

    @classmethod
    def of(cls, predict: Callable, config: Config) -> Predictor:
        """-> the predictor of a configured generator: a Keras model, or a function as for the class."""
        if isinstance(predict, keras.Model):
            predict = _Inference(predict).colors
        return cls(
            predict,
            color_space=config.data.color_space,
            ab_scale=config.data.ab_scale,
            inputs=inputs.of(config),
        )

    def predict_lab(self, rgb, *, given: Mapping | None = None, seed: int = 0) -> np.ndarray:
        """Predict Lab from the gray of pictures; their colours are not used.

        Args:
            rgb: [B, H, W, 3] uint8 sRGB; only its gray (L, or luma) is used.
            given: {name: values} of the generator's other inputs; see `inputs.completed` for missing inputs.
            seed: of random substitutes for these.

        Returns:
            [B, H, W, 3] float32 Lab. In `lab` mode its L is exactly the input's; otherwise L is predicted too.

        Raises:
            ValueError: if an input is unknown or has a wrong shape.
        """
        given = inputs.completed(self.inputs, given, np.shape(rgb)[:3], seed=seed)
        rgb = ops.cast(ops.convert_to_tensor(rgb), "float32") / 255
        gray = color.gray(rgb, color_space=self.color_space)
        predicted = self.predict(gray, given)
        if self.color_space == "lab":
            lab = ops.concatenate(
                [color.rgb_to_lab(rgb)[..., :1], ops.cast(predicted, "float32") * self.ab_scale], axis=-1
            )
        else:
            lab = color.to_lab(gray, predicted, color_space=self.color_space, ab_scale=self.ab_scale)
        return ops.convert_to_numpy(lab)


class _Inference(keras.Model):
    """A generator with one input structure, as Keras' compiled prediction needs."""

    def __init__(self, generator):
        super().__init__(name="inference")
        self.generator = generator
        self.jit_compile = False  # Keras' automatic choice is XLA, which is several times slower on a CPU

    def call(self, inputs):
        return self.generator(inputs[0], inputs[1])

    def colors(self, gray, given):
        """Scaled gray, {name: values} -> scaled colour, NumPy arrays."""
        return self.predict_on_batch((gray, given))


def to_rgb8(lab) -> np.ndarray:
    """-> the delivered picture: colours outside sRGB lose chroma, never lightness (`color.fit_gamut`).

    Args:
        lab: [..., 3] float, Lab.

    Returns:
        [..., 3] uint8, sRGB.
    """
    lab = np.array(lab, dtype=np.float32)
    # The gamut search costs a dozen conversions, so only pixels that may need it are searched.
    linear = ops.convert_to_numpy(color.lab_to_linear(lab))
    outside = ((linear < 0) | (linear > 1)).any(axis=-1)
    if outside.any():
        lab[outside] = ops.convert_to_numpy(color.fit_gamut(lab[outside]))
    return np.rint(ops.convert_to_numpy(color.lab_to_rgb(lab)) * 255).astype(np.uint8)
