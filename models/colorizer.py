"""A trained generator and its colour conversion: gray in, colours out, at any size.

The one door to a generator's results, for samples, evaluation, the Turing test and serving alike. Imports `color`,
`generators` and `config`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from keras import ops

from colorgan.config import Config, read
from colorgan.models import color, generators

WEIGHTS = "generator.weights.h5"


class Colorizer:
    """Colorizes pictures with a generator.

    Args:
        predict: [B, H, W, 1] float32 scaled L -> [B, H, W, C] scaled colour, at inference.
        color_space: what is predicted, `lab` or `rgb`.
        ab_scale: Lab units that the generator's 1 stands for (`lab` only).
        name: what to call it in tables.
    """

    def __init__(self, predict: Callable, *, color_space: str, ab_scale: float, name: str = "model"):
        self._predict = predict
        self.color_space, self.ab_scale, self.name = color_space, ab_scale, name

    @classmethod
    def load(cls, path) -> Colorizer:
        """Load trained weights.

        Args:
            path: a run's directory, or a weights file inside one (`generator.weights.h5`, `best.weights.h5`).

        Raises:
            FileNotFoundError: if there are no weights, or no `config.json` beside them to say what they are.
            ValueError: if the weights do not fit the network that `config.json` describes.
        """
        path = Path(path)
        weights = path / WEIGHTS if path.is_dir() else path
        if not weights.is_file():
            raise FileNotFoundError(f"No weights at {weights}. Expected a run's directory or its {WEIGHTS}.")
        settings = weights.parent / "config.json"
        if not settings.is_file():
            raise FileNotFoundError(f"No {settings}: it says which network the weights beside it are for.")
        # Weights are for use in full precision, whatever arithmetic they were trained in.
        config = read(settings).replace(precision="float32")
        generator = generators.build(config)
        try:
            generator.load_weights(weights)
            stored = _count_values(weights)
            if stored != generator.count_params():  # Keras passes over layers of the file that the network lacks
                raise ValueError(f"the file holds {stored:,} numbers, the network {generator.count_params():,}")
        except (ValueError, OSError, KeyError) as error:
            raise ValueError(f"{weights} does not hold the weights of the network in {settings}: {error}") from error
        return cls.of(generator, config, name=weights.parent.name)

    @classmethod
    def of(cls, generator, config: Config, *, name="model") -> Colorizer:
        """-> the colorizer of a built generator that was configured so."""
        generator.jit_compile = False  # Keras' automatic choice is XLA, which is several times slower on a CPU
        space = {"color_space": config.data.color_space, "ab_scale": config.data.ab_scale}
        return cls(generator.predict_on_batch, name=name, **space)

    def predict_lab(self, rgb) -> np.ndarray:
        """The raw prediction for pictures whose colours it does not look at.

        Args:
            rgb: [B, H, W, 3] uint8 sRGB; only its L is used.

        Returns:
            [B, H, W, 3] float32 Lab. In `lab` mode its L is the input's, exactly; in `rgb` mode L too is predicted.
        """
        lab = color.rgb_to_lab(_unit(rgb))
        gray = color.scale_l(lab[..., :1])
        predicted = self._predict(gray)
        if self.color_space == "rgb":
            lab = color.to_lab(gray, predicted, color_space="rgb", ab_scale=self.ab_scale)
        else:
            lab = ops.concatenate([lab[..., :1], ops.cast(predicted, "float32") * self.ab_scale], axis=-1)
        return ops.convert_to_numpy(lab)

    def colorize(self, image):
        """Colorize pictures at their own size; lightness stays the input's in every mode.

        Args:
            image: [H, W], [H, W, 1] or [H, W, 3] uint8 sRGB, or a list of such; colours, if any, are ignored.

        Returns:
            [H, W, 3] uint8 sRGB, or a list of such. An `rgb` generator's own lightness is replaced by the input's.

        Raises:
            ValueError: if an array has another shape or type.
        """
        if isinstance(image, list):
            return [self.colorize(one) for one in image]
        rgb = _as_rgb(image)[None]
        lightness = ops.convert_to_numpy(color.rgb_to_lab(_unit(rgb)))[..., :1]
        lab = np.concatenate([lightness, self.predict_lab(rgb)[..., 1:]], axis=-1)
        return to_rgb8(lab)[0]


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


def _count_values(path):
    sizes = []
    with h5py.File(path) as file:
        file.visititems(lambda _, item: sizes.append(item.size) if isinstance(item, h5py.Dataset) else None)
    return sum(sizes)


def _unit(rgb):
    return ops.cast(ops.convert_to_tensor(rgb), "float32") / 255


def _as_rgb(image):
    image = np.asarray(image)
    if image.dtype != np.uint8:
        raise ValueError(f"`image` must be uint8. Received: {image.dtype}")
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or image.shape[-1] not in (1, 3):
        raise ValueError(f"`image` must have shape [H, W], [H, W, 1] or [H, W, 3]. Received: {list(image.shape)}")
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
