"""The colorizer that is used: a network, the size that it sees, and the way back to the picture's own size.

What every door delivers, as a class: `colorgan.Colorizer`. Owns how trained weights are named and how arrays are
colorized; the way of one picture is `photos`' and `fullres`'. Imports these, `models.colorizer` and `weights`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from colorgan import weights
from colorgan.models import colorizer, stored
from colorgan.serving import fullres, photos
from colorgan.settings.config import Config

WORK_SIZE = 256  # of a colorizer that was made of a function


class Colorizer(colorizer.Colorizer):
    """Colorizes pictures of any size and depth, as `colorize.py` does.

    Args:
        predict, color_space, ab_scale, noise_channels, name: as in the base class.
        work_size: pixels of the shorter side that the network sees, at most; see `photos.working_size`.

    Attributes:
        work_size: may be changed.

    Raises:
        ValueError: if `work_size` is less than 1.
    """

    def __init__(self, predict, *, work_size: int = WORK_SIZE, **options):
        super().__init__(predict, **options)
        self.work_size = photos.Settings(work_size=work_size).work_size
        self._trained_at = None

    @classmethod
    def load(cls, name_or_path, *, work_size: int = 0) -> Colorizer:
        """Load trained weights.

        Args:
            name_or_path: a run's directory, a weights file, or the name of weights that ship (`weights.names()`). A
                path that exists wins over a name.
            work_size: see the class; 0: the size that the network was trained at.

        Raises:
            FileNotFoundError: if there are no such weights, or nothing beside them says what they are.
            ValueError: if the weights do not fit what describes them, or `work_size` is negative.
        """
        loaded = super().load(locate(name_or_path))
        if work_size:
            loaded.work_size = photos.Settings(work_size=work_size).work_size
        return loaded

    @classmethod
    def of(cls, generator, config: Config, *, name="model") -> Colorizer:
        """-> the colorizer of a built generator that was configured so; it works at the size of the configuration."""
        made = super().of(generator, config, name=name)
        made._trained_at = (config.data.height, config.data.width)
        made.work_size = min(made._trained_at)
        return made

    def predict_small(self, rgb, *, noise_seed: int = 0) -> np.ndarray:
        """What the network says of pictures as they are: one forward pass.

        Args:
            rgb: [B, h, w, 3] uint8 sRGB, at the working size; only its gray is used.
            noise_seed: as in the base class.

        Returns:
            [B, h, w, 2] float32: a and b, Lab units.
        """
        return super().predict_lab(rgb, noise_seed=noise_seed)[..., 1:]

    def predict_lab(self, rgb, *, noise_seed: int = 0) -> np.ndarray:
        """The colours that are delivered, before they are fitted into sRGB.

        The pictures are shrunk to the working size, predicted there in one forward pass, and their colours brought
        back along the edges of the full picture (`fullres.lab`).

        Args:
            rgb: [B, H, W, 3] uint8 sRGB; only its gray is used.
            noise_seed: as in the base class.

        Returns:
            [B, H, W, 3] float32 Lab. L is the pictures'. Where the working size is their size, or they have the size of
            training and the working size is its own, this is the base class's result, bit for bit: `rgb` and `yuv`
            generators then give their own L.
        """
        rgb = np.asarray(rgb)
        if rgb.dtype != np.uint8 or rgb.ndim != 4 or rgb.shape[-1] != 3 or 0 in rgb.shape:
            raise ValueError(f"`rgb` must be [B, H, W, 3] uint8. Received: {list(rgb.shape)} {rgb.dtype}")
        size = rgb.shape[1:3]
        own = size == self._trained_at and self.work_size == min(size)
        if own or photos.working_size(*size, self.work_size) == size:
            return super().predict_lab(rgb, noise_seed=noise_seed)
        small = np.stack([photos.shrink(picture, self.work_size) for picture in rgb])
        ab = self.predict_small(small, noise_seed=noise_seed)
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
        results = [None] * len(pictures)
        for batch in _batches([one.shape for one in small]):
            ab = photos.predict_ab(self, np.stack([small[i] for i in batch]), settings)
            for i, one in zip(batch, ab, strict=True):
                pixels, alpha = pictures[i]
                rgb = fullres.join(pixels, one)
                results[i] = rgb if alpha is None else np.dstack([rgb, alpha])
        return results if isinstance(image, list) else results[0]


def locate(name_or_path) -> Path:
    """Where trained weights are.

    Args:
        name_or_path: a run's directory or a weights file, which win, or the name of weights that ship: a folder of
            photographs called `photo` hides none.

    Raises:
        FileNotFoundError: if it is neither; the message lists the names.
    """
    path, known = Path(name_or_path), weights.names()
    if stored.is_one(path):
        return path
    if str(name_or_path) in known:
        return weights.find(str(name_or_path))
    what = "is neither a run's directory nor a weights file" if path.exists() else "does not exist"
    raise FileNotFoundError(
        f"{name_or_path} {what}, and no weights of that name ship. Those that do: {', '.join(known) or 'none'}."
    )


def _parts(image):
    """An array as a user has it -> [H, W] or [H, W, 3] for the rest of `serving`, and its alpha or None."""
    image = np.asarray(image)
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"`image` must be uint8 or uint16. Received: {image.dtype}")
    if image.ndim == 4:
        raise ValueError(f"`image` must be one picture, or a list of them: list(images). Received: {list(image.shape)}")
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[-1] not in (1, 2, 3, 4)) or 0 in image.shape:
        shapes = "[H, W], [H, W, 1] or [H, W, 3], with alpha [H, W, 2] or [H, W, 4], and not be empty"
        raise ValueError(f"`image` must have shape {shapes}. Received: {list(image.shape)}")
    if image.ndim == 2:
        return np.ascontiguousarray(image), None
    channels = image.shape[-1]
    alpha = image[..., -1] if channels in (2, 4) else None
    pixels = image[..., 0] if channels < 3 else image[..., :3]
    return np.ascontiguousarray(pixels), alpha


def _batches(shapes):
    """-> lists of indices that go through the network together: of one shape, at most `photos.BATCH`."""
    groups = {}
    for i, shape in enumerate(shapes):
        groups.setdefault(shape, []).append(i)
    for group in groups.values():
        yield from (group[start : start + photos.BATCH] for start in range(0, len(group), photos.BATCH))
