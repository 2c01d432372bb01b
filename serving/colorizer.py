"""The colorizer that is used: a network, the size that it sees, and the way back to the picture's own size.

What every door delivers, as a class: `colorgan.Colorizer`. Owns how arrays are colorized; the way of one picture is
`photos`' and `fullres`'. Imports these, `models`, `weights` and `files.modes`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from colorgan import weights
from colorgan.files import modes
from colorgan.models import generators, inputs
from colorgan.models.predictor import Predictor
from colorgan.serving import fullres, photos

WORK_SIZE = 256  # where nothing says what a network was trained at
SHARE_SEEN = 0.85  # of each side, on average, where training used the augmentation `crop`


class Colorizer:
    """Colorizes pictures of any size and depth, as `colorize.py` does.

    Args:
        predictor: the network, at the size that it is given.
        work_size: pixels of the shorter side that the network sees, at most; see `photos.working_size`.
        trained_at: height and width that it was trained at: pictures of this size are not resampled.
        name: what to call it in tables.

    Attributes:
        work_size: may be changed.
        generator: the Keras model behind it, or None if it was made of a function.
        stored: the weights that it was loaded from, a `weights.Stored`, or None.

    Raises:
        ValueError: if `work_size` is less than 1.
    """

    def __init__(self, predictor: Predictor, *, work_size: int = WORK_SIZE, trained_at=None, name: str = "model"):
        self.predictor, self.name, self.trained_at = predictor, name, trained_at
        self.work_size = photos.Settings(work_size=work_size).work_size
        self.generator = self.stored = None

    @classmethod
    def load(cls, found, *, work_size: int = 0) -> Colorizer:
        """Load trained weights.

        Args:
            found: a run's directory, a weights file, or the name of weights that ship (`weights.names()`; a path that
                exists wins over a name), or what `weights.find` says of one.
            work_size: see the class; 0: what suits the size that the network was trained at, see `natural_size`.

        Raises:
            FileNotFoundError: if there are no such weights, or nothing beside them says what they are.
            ValueError: if the weights do not fit what describes them, or `work_size` is negative.
        """
        if not isinstance(found, weights.Stored):
            found = weights.find(found)
        # Weights are for use in full precision, whatever arithmetic they were trained in.
        config = found.config.replace(precision="float32")
        size = (config.data.height, config.data.width)
        generator = generators.build(config)
        found.load_into(generator)
        work_size = work_size or natural_size(config.data, generator.multiple)
        made = cls(Predictor.of(generator, config), work_size=work_size, trained_at=size, name=found.name)
        made.generator, made.stored = generator, found
        return made

    @property
    def color_space(self) -> str:
        """What the network predicts: `lab`, `rgb` or `yuv`."""
        return self.predictor.color_space

    def seen(self, rgb) -> np.ndarray:
        """-> pictures, [B, H, W, 3] uint8 sRGB, as the network sees them, [B, h, w, 3]: at the working size.

        That is their own size where the working size is, or where they have the size of training and the working size
        is its own.
        """
        size = rgb.shape[1:3]
        own = size == self.trained_at and self.work_size == min(size)
        return rgb if own else np.stack([photos.shrink(picture, self.work_size) for picture in rgb])

    def predict_small(self, rgb, *, given: Mapping | None = None, seed: int = 0, flip_average: bool = False):
        """What the network says of pictures as they are: one forward pass, or two.

        Args:
            rgb: [B, h, w, 3] uint8 sRGB, at the working size; only its gray is used.
            given, seed: see `Predictor.predict_lab`.
            flip_average: predict the mirrored pictures too, with what is given mirrored, and take the mean.

        Returns:
            [B, h, w, 2] float32: a and b, Lab units.
        """
        given = inputs.completed(self.predictor.inputs, given, np.shape(rgb)[:3], seed=seed)
        ab = self.predictor.predict_lab(rgb, given=given)[..., 1:]
        if flip_average:
            mirrored = inputs.mirrored(self.predictor.inputs, given)
            other = self.predictor.predict_lab(np.ascontiguousarray(rgb[:, :, ::-1]), given=mirrored)
            ab = (ab + other[:, :, ::-1, 1:]) / 2
        return ab

    def predict_lab(self, rgb, *, given: Mapping | None = None, seed: int = 0) -> np.ndarray:
        """The colours that are delivered, before they are fitted into sRGB.

        The pictures are shrunk to the working size, predicted there in one forward pass, and their colours brought
        back along the edges of the full picture (`fullres.lab`).

        Args:
            rgb: [B, H, W, 3] uint8 sRGB; only its gray is used.
            given, seed: see `Predictor.predict_lab`; of the size that the network sees.

        Returns:
            [B, H, W, 3] float32 Lab. L is the pictures'. Where the network sees them as they are, this is the
            predictor's result, bit for bit: `rgb` and `yuv` generators then give their own L.
        """
        rgb = np.asarray(rgb)
        if rgb.dtype != np.uint8 or rgb.ndim != 4 or rgb.shape[-1] != 3 or 0 in rgb.shape:
            raise ValueError(f"`rgb` must be [B, H, W, 3] uint8. Received: {list(rgb.shape)} {rgb.dtype}")
        small = self.seen(rgb)
        if small.shape == rgb.shape:
            return self.predictor.predict_lab(rgb, given=given, seed=seed)
        ab = self.predict_small(small, given=given, seed=seed)
        return np.stack([fullres.lab(picture, one) for picture, one in zip(rgb, ab, strict=True)])

    def colorize(self, image, *, saturation: float = 1.0, flip_average: bool = False):
        """Colorize pictures at their own size and depth; lightness stays the input's.

        Args:
            image: [H, W], [H, W, 1] or [H, W, 3] uint8 or uint16 sRGB, or with alpha in one more channel, [H, W, 2] or
                [H, W, 4]; or a list of such. Colours, if any, are ignored. Pictures of a list that have one working
                size share forward passes.
            saturation: factor on a and b, 0..10.
            flip_average: predict the mirrored pictures too, and take the mean.

        Returns:
            [H, W, 3] sRGB of the input's type, [H, W, 4] with its alpha as it was; or a list of such. As in the
            PNG file that `colorize.py` writes, where passes of as many pictures made both; passes of other sizes round
            differently, seen as 1 of 255 in single samples. The own lightness of an `rgb` or `yuv` generator is
            replaced by the input's.

        Raises:
            ValueError: if an array has another shape or type, or a value is out of its range.
        """
        settings = photos.Settings(work_size=self.work_size, saturation=saturation, flip_average=flip_average)
        pictures = [_parts(one) for one in (image if isinstance(image, list) else [image])]
        small = [photos.shrink(pixels, settings.work_size) for pixels, _ in pictures]
        results, waiting = [None] * len(pictures), list(range(len(pictures)))
        while waiting:
            batch = [i for i in waiting if small[i].shape == small[waiting[0]].shape][: photos.BATCH]
            waiting = [i for i in waiting if i not in batch]
            ab = photos.predict_ab(self, np.stack([small[i] for i in batch]), settings)
            for i, one in zip(batch, ab, strict=True):
                pixels, alpha = pictures[i]
                rgb = fullres.join(pixels, one)
                results[i] = rgb if alpha is None else np.dstack([rgb, alpha])
        return results if isinstance(image, list) else results[0]


def natural_size(data, multiple):
    """The shorter side at which a whole photograph's things look as large as they did in training.

    That is the size of training, but where `crop` enlarged what was left of each picture. Touvron et al. 2019, "Fixing
    the train-test resolution discrepancy".

    Args:
        data: the configuration's `data`.
        multiple: what the network pads its pictures to.

    Returns:
        Pixels: the size of training, or a larger multiple of `multiple`.
    """
    size = min(data.height, data.width)
    enlarged = data.augment and "crop" in data.augmentations
    return max(size, int(size / SHARE_SEEN) // multiple * multiple) if enlarged else size


def _parts(image):
    """An array as a user has it -> [H, W] or [H, W, 3] for the rest of `serving`, and its alpha or None."""
    image = np.asarray(image)
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            "`image` must be uint8 or uint16, an array and no path: read a file first, scale floats to 0..255. "
            f"Received: {image.dtype}"
        )
    if image.ndim == 4:
        raise ValueError(f"`image` must be one picture, or a list of them: list(images). Received: {list(image.shape)}")
    channels = image.shape[2:] or (1,)
    if image.ndim < 2 or channels not in ((1,), (2,), (3,), (4,)) or 0 in image.shape:
        shapes = "[H, W], [H, W, 1] or [H, W, 3], with alpha [H, W, 2] or [H, W, 4], and not be empty"
        raise ValueError(f"`image` must have shape {shapes}. Received: {list(image.shape)}")
    return modes.split(image.reshape(*image.shape[:2], *channels))
