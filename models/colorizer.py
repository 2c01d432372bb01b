"""A trained generator and its colour conversion: gray in, colours out, at any size.

The one door to a generator's results, for samples, evaluation, the Turing test and serving alike. Imports `color`,
`generators` and `config`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import keras
import numpy as np
from keras import ops

from colorgan.models import color, generators, stored
from colorgan.settings.config import Config


class Colorizer:
    """Colorizes pictures with a generator.

    Args:
        predict: [B, H, W, 1] float32 scaled gray -> [B, H, W, C] scaled colour, at inference; with `noise_channels`,
            of (gray, noise).
        color_space: what is predicted, `lab`, `rgb` or `yuv`.
        ab_scale: Lab units that the generator's 1 stands for (`lab` only).
        noise_channels: channels of uniform noise in [0, 1) that the generator takes.
        name: what to call it in tables.

    Attributes:
        generator: the Keras model behind it, or None if it was made of a function.
        stored: the weights that it was loaded from, a `stored.Stored`, or None.
    """

    def __init__(
        self, predict: Callable, *, color_space: str, ab_scale: float, noise_channels: int = 0, name: str = "model"
    ):
        self._predict = predict
        self.color_space, self.ab_scale, self.noise_channels, self.name = color_space, ab_scale, noise_channels, name
        self.generator = self.stored = None

    @classmethod
    def load(cls, path) -> Colorizer:
        """Load trained weights.

        Args:
            path: a run's directory, a weights file inside one (`generator.weights.h5`, `best.weights.h5`), or packed
                weights (`NAME.weights.h5` with `NAME.weights.json` beside it).

        Raises:
            FileNotFoundError: if there are no weights, or nothing beside them says what they are.
            ValueError: if the weights do not fit the network that is described, or packed ones are not the file that
                their description names.
        """
        found = stored.find(path)
        found.check()
        # Weights are for use in full precision, whatever arithmetic they were trained in.
        config = found.config.replace(precision="float32")
        generator = generators.build(config)
        load_weights(generator, found.weights, described_by=found.described_by)
        colorizer = cls.of(generator, config, name=found.name)
        colorizer.stored = found
        return colorizer

    @classmethod
    def of(cls, generator, config: Config, *, name="model") -> Colorizer:
        """-> the colorizer of a built generator that was configured so."""
        colorizer = cls(
            _Inference(generator).colors,
            color_space=config.data.color_space,
            ab_scale=config.data.ab_scale,
            noise_channels=generator.noise_channels,
            name=name,
        )
        colorizer.generator = generator
        return colorizer

    def predict_lab(self, rgb, *, noise_seed: int = 0) -> np.ndarray:
        """The raw prediction for pictures whose colours it does not look at.

        Args:
            rgb: [B, H, W, 3] uint8 sRGB; only its gray (L, or luma) is used.
            noise_seed: of the noise of a generator that takes some. All pictures of a size see the same noise, so
                that a result does not depend on its batch.

        Returns:
            [B, H, W, 3] float32 Lab. In `lab` mode its L is the input's, exactly; in the others L too is predicted.
        """
        rgb = _unit(rgb)
        gray = color.gray(rgb, color_space=self.color_space)
        if self.noise_channels:
            batch, height, width = rgb.shape[:3]
            noise = np.random.default_rng(noise_seed).random((1, height, width, self.noise_channels), np.float32)
            predicted = self._predict(gray, np.repeat(noise, batch, axis=0))
        else:
            predicted = self._predict(gray)
        if self.color_space == "lab":
            lab = ops.concatenate(
                [color.rgb_to_lab(rgb)[..., :1], ops.cast(predicted, "float32") * self.ab_scale], axis=-1
            )
        else:
            lab = color.to_lab(gray, predicted, color_space=self.color_space, ab_scale=self.ab_scale)
        return ops.convert_to_numpy(lab)


def to_rgb8(lab) -> np.ndarray:
    """The picture that is delivered: colours outside sRGB lose chroma, never lightness (`color.fit_gamut`).

    Args:
        lab: [..., 3] float, Lab.

    Returns:
        [..., 3] uint8, sRGB.
    """
    lab = np.array(lab, dtype=np.float32)
    # The gamut search costs a dozen conversions: only the pixels that may need it go through it.
    linear = ops.convert_to_numpy(color.lab_to_linear(lab))
    outside = ((linear < 0) | (linear > 1)).any(axis=-1)
    if outside.any():
        lab[outside] = ops.convert_to_numpy(color.fit_gamut(lab[outside]))
    return np.rint(ops.convert_to_numpy(color.lab_to_rgb(lab)) * 255).astype(np.uint8)


def load_weights(network, weights: Path, *, described_by) -> None:
    """Load a weights file into a built network, whole or not at all.

    Args:
        network: a built Keras model.
        weights: the file, in Keras' HDF5 format.
        described_by: what describes the network, for the message: a file, or words.

    Raises:
        ValueError: if the file does not hold the weights of this network.
    """
    try:
        # Before Keras loads any: it passes over layers of the file that the network lacks.
        if (held := _count_values(weights)) != (own := _count_saved(network)):
            raise ValueError(f"the file holds {held:,} numbers, the network {own:,}")
        network.load_weights(weights)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"{weights} does not hold the weights of the network in {described_by}: {error}") from error


class _Inference(keras.Model):
    """A generator as Keras' compiled prediction wants it: one input, a tuple."""

    def __init__(self, generator):
        super().__init__(name="inference")
        self.generator = generator
        self.jit_compile = False  # Keras' automatic choice is XLA, which is several times slower on a CPU

    def call(self, inputs):
        return self.generator(*inputs)

    def colors(self, *inputs):
        """(gray[, noise]) -> colour, NumPy arrays."""
        return self.predict_on_batch(inputs)


def _count_values(path):
    sizes = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: sizes.append(item.size) if isinstance(item, h5py.Dataset) else None)
    return sum(sizes)


def _count_saved(network):
    """-> how many numbers Keras saves of a network: of a layer under spectral normalization the kernel twice."""
    total = 0
    for layer in network._flatten_layers():
        own: dict = {}
        layer.save_own_variables(own)
        total += sum(np.size(values) for values in own.values())
    return total


def _unit(rgb):
    return ops.cast(ops.convert_to_tensor(rgb), "float32") / 255
