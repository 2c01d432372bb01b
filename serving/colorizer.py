"""The colorizer: a network, its working size, and the way back to the picture's size.

Every mode uses this class, `colorgan.Colorizer`. Owns colorizing arrays; `photos` and `fullres` own the way of a
picture, `steering` the wishes. Imports these, `models`, `weights` and `imaging.modes`.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from colorgan import weights
from colorgan.files import whole
from colorgan.imaging import fullres, modes, working
from colorgan.models import generators, inputs
from colorgan.models.predictor import Predictor
from colorgan.serving import corrections, photos, stream
from colorgan.serving.opened import Halves, Opened
from colorgan.serving.steering import LARGEST, Wishes
from colorgan.weights import card, packing, stored

WORK_SIZE = 256  # if the size of training is unknown
SHARE_SEEN = 0.85  # mean share of each side after the augmentation `crop`


@dataclasses.dataclass(frozen=True)
class _Picture:
    """A given array in parts, and the same at the working size."""

    pixels: np.ndarray
    alpha: np.ndarray | None
    small: np.ndarray

    def joined(self, ab):
        rgb = fullres.join(self.pixels, ab)
        return rgb if self.alpha is None else np.dstack([rgb, self.alpha])


class Colorizer:
    """Colorizes pictures of any size and depth, as `colorize.py` does.

    Several threads can use it. It can be pickled if it was loaded, not made from a function. The pickle holds the path
    of the weights, their SHA-256 and the working size; unpickling loads the weights again.

    Args:
        predictor: the network, without change of size.
        work_size: most pixels of the shorter side that the network sees; see `imaging.working.size`.
        trained_at: height and width of training; pictures of this size are not resampled.
        name: its name in tables.

    Attributes:
        work_size: can be changed.
        generator: its Keras model, or None if made from a function.
        stored: its weights, a `weights.Stored`, or None.

    Raises:
        ValueError: if `work_size` is less than 1.
    """

    def __init__(self, predictor: Predictor, *, work_size: int = WORK_SIZE, trained_at=None, name: str = "model"):
        self.predictor, self.name, self.trained_at = predictor, name, trained_at
        self.work_size = photos.Settings(work_size=work_size).work_size
        self.generator = self.stored = None
        self._process = os.getpid()

    @classmethod
    def load(cls, found, *, work_size: int = 0) -> Colorizer:
        """Load trained weights.

        Args:
            found: a run's folder, a weights file, the name of weights that ship (`weights.names()`; a path to weights
                wins over a name), or the result of `weights.find`.
            work_size: see the class; 0: to match the size of training, see `natural_size`.

        Raises:
            FileNotFoundError: if there are no such weights, or nothing next to them describes them.
            ValueError: if the weights do not fit their description, or `work_size` is negative.
        """
        if not isinstance(found, weights.Stored):
            found = weights.find(found)
        # Weights are used in full precision after training in any precision.
        config = found.config.replace(precision="float32")
        size = (config.data.height, config.data.width)
        generator = generators.build(config)
        found.load_into(generator)
        work_size = work_size or natural_size(config.data, generator.multiple)
        made = cls(Predictor.of(generator, config), work_size=work_size, trained_at=size, name=found.name)
        made.generator, made.stored = generator, found
        return made

    def save(self, folder, *, name: str = "") -> Path:
        """Write the weights and their description into a folder, for `load` or a model hub.

        Args:
            folder: the target, created if necessary.
            name: of the weights; default: their present name.

        Returns:
            The weights file, `NAME.weights.h5`; next to it are `NAME.weights.json` and `README.md`, their card.

        Raises:
            TypeError: if the colorizer was made from a function.
            FileExistsError: if the folder is not empty.
            OSError: if it cannot be written.
        """
        if self.generator is None:
            raise TypeError("A Colorizer made from a function has no weights to save.")
        folder, own = Path(folder), self.stored
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileExistsError(f"{folder} is not empty. Name a new folder.")
        with tempfile.TemporaryDirectory() as place:
            plain = dataclasses.replace(own, weights=Path(place, stored.WEIGHTS), sha256="")
            self.generator.save_weights(plain.weights)
            target = folder / f"{name or own.name}{stored.SUFFIX}"
            packed = packing.pack(plain, target, median_ab=own.median_ab)
        run = None if own.packed else own.weights.parent
        text = card.text(packed, run, parameters=self.generator.count_params())
        whole.write(folder / "README.md", text)
        return packed.weights

    def __reduce__(self):
        if self.stored is None:
            raise TypeError("A Colorizer made from a function cannot be pickled. Use Colorizer.load(...).")
        source = self.stored.name if self.stored.ships else self.stored.weights.resolve()
        return _loaded_again, (type(self), source, self.stored.digest, self.work_size)

    def __copy__(self):  # in the same process nothing is loaded again
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__)
        return made

    @property
    def color_space(self) -> str:
        """The network's colour space: `lab`, `rgb` or `yuv`."""
        return self.predictor.color_space

    def seen(self, rgb) -> np.ndarray:
        """-> pictures, [B, H, W, 3] uint8 sRGB, at the working size, [B, h, w, 3].

        The size does not change if it is the working size, or if pictures have the size of training and the working
        size is the default.
        """
        size = rgb.shape[1:3]
        own = size == self.trained_at and self.work_size == min(size)
        return rgb if own else np.stack([working.shrink(picture, self.work_size) for picture in rgb])

    @functools.cached_property
    def halves(self) -> Halves | None:
        """The generator in two parts; None if the colorizer was made from a function."""
        return Halves(self.generator) if self.generator is not None else None

    def predict_small(
        self, rgb, *, given: Mapping | None = None, seed: int = 0, flip_average: bool = False, saturation: float = 1.0
    ):
        """Predict colours of pictures at their size: one forward pass or two, and corrections for given wishes.

        Args:
            rgb: [B, h, w, 3] uint8 sRGB, at the working size; only its gray is used.
            given, seed: see `Predictor.predict_lab`.
            flip_average: also predict the mirrored pictures, with mirrored inputs, and take the mean.
            saturation: factor on predicted a and b, not on given colours.

        Returns:
            [B, h, w, 2] float32: a and b, Lab units, with hints and aim enforced, see `corrections.settled`.
        """
        if os.getpid() != self._process:
            raise RuntimeError(
                "This Colorizer was loaded before the process was forked. TensorFlow does not work in a fork: it "
                "would hang. Load it in the child, or start processes with multiprocessing's `spawn`."
            )
        given = inputs.completed(self.predictor.inputs, given, np.shape(rgb)[:3], seed=seed)
        ab = self.predictor.predict_lab(rgb, given=given)[..., 1:]
        if flip_average:
            mirrored = inputs.mirrored(self.predictor.inputs, given)
            other = self.predictor.predict_lab(np.ascontiguousarray(rgb[:, :, ::-1]), given=mirrored)
            ab = (ab + other[:, :, ::-1, 1:]) / 2
        return self._settled(rgb, ab, given, saturation)

    def _settled(self, rgb, ab, given, saturation=1.0):
        if not {"hints", "aim"} & set(given):
            return ab if saturation == 1 else ab * np.float32(saturation)
        light = np.stack([fullres.lightness(picture) for picture in rgb])
        return corrections.settled(ab, light, given, saturation=saturation, ab_scale=self.predictor.ab_scale)

    def predict_lab(self, rgb, *, given: Mapping | None = None, seed: int = 0) -> np.ndarray:
        """Predict the delivered colours, before they are fitted into sRGB.

        Pictures are shrunk to the working size and predicted in one forward pass. Their colours are upsampled along the
        edges of the full picture (`fullres.lab`).

        Args:
            rgb: [B, H, W, 3] uint8 sRGB; only its gray is used.
            given, seed: see `Predictor.predict_lab`; at the working size.

        Returns:
            [B, H, W, 3] float32 Lab. L is the pictures'. Without resizing this is the predictor's result, bit for bit,
            and then `rgb` and `yuv` generators give their own L.
        """
        rgb = np.asarray(rgb)
        if rgb.dtype != np.uint8 or rgb.ndim != 4 or rgb.shape[-1] != 3 or 0 in rgb.shape:
            raise ValueError(f"`rgb` must be [B, H, W, 3] uint8. Received: {list(rgb.shape)} {rgb.dtype}")
        small = self.seen(rgb)
        if small.shape == rgb.shape:
            lab = self.predictor.predict_lab(rgb, given=given, seed=seed)
            if not given:
                return lab
            return np.concatenate([lab[..., :1], self._settled(rgb, lab[..., 1:], given)], axis=-1)
        ab = self.predict_small(small, given=given, seed=seed)
        return np.stack([fullres.lab(picture, one) for picture, one in zip(rgb, ab, strict=True)])

    def check(self, wishes: Wishes, settings: photos.Settings, *, variants: int = 1, doubt: bool = False) -> None:
        """Refuse wishes that these weights or settings cannot follow.

        Raises:
            ValueError: with the reason.
        """
        named = wishes.named | ({"hints": ["variants"], "palette": ["variants"]} if variants > 1 else {})
        known, own = [row.name for row in self.predictor.inputs], self.stored and self.stored.config.objective
        for name, wished in named.items():
            said = ", ".join(f"`{one}`" for one in wished)
            if name == "aim" and own and (own.desired_saturation is not None or own.desired_hue is not None):
                raise ValueError(f"{said}: the weights {self.name} have a fixed aim. Leave it out.")
            if name not in known:
                raise ValueError(
                    f"{said}: the weights {self.name} were trained without --conditions {name}. Leave it out, or use "
                    "weights trained with it."
                )
        if named and settings.work_size > LARGEST:
            raise ValueError(
                f"`work_size` must be at most {LARGEST} with hints, a palette or an aim, because attention takes "
                f"memory as its fourth power. Received: {settings.work_size}"
            )
        if wishes.desired_saturation is not None and settings.saturation != 1:
            raise ValueError("`saturation` is a factor, and `desired_saturation` an aim. Give only one.")
        if (variants > 1 or doubt) and not (self.halves and self.halves.has_bins):
            raise ValueError(
                f"The weights {self.name} have no bins: doubt, suggestions and variants need --head color-and-bins or "
                "joint-bins."
            )

    def open(self, image) -> Opened:
        """-> a photograph to work on; each change of wishes costs only the decoder. `image` and errors as for
        `colorize`."""
        return Opened(self, image)

    def colorize(
        self, image: np.ndarray, *, saturation: float = 1.0, flip_average: bool = False, **wishes
    ) -> np.ndarray:
        """Colorize a picture at its size and depth; the lightness does not change.

        Args:
            image: [H, W], [H, W, 1] or [H, W, 3] uint8 or uint16 sRGB, or with alpha in a further channel, [H, W, 2] or
                [H, W, 4]. Colours, if any, are ignored.
            saturation: factor on a and b, 0..10.
            flip_average: also predict the mirrored picture, and take the mean.
            wishes: `hints`, `palette`, `desired_saturation`, `desired_hue`: see `steering.Wishes`.

        Returns:
            [H, W, 3] sRGB of the input's type, or [H, W, 4] with its alpha unchanged. It equals the PNG file of
            `colorize.py` if both used passes of the same number of pictures; other passes round differently, by 1 of
            255 in single samples. The lightness of an `rgb` or `yuv` generator is replaced by the input's.

        Raises:
            ValueError: if the array has another shape or type, or a value is out of its range; or for wishes without a
                condition of the weights.
            RuntimeError: in a process forked after the weights were loaded.
        """
        return self.colorize_batch([image], saturation=saturation, flip_average=flip_average, **wishes)[0]

    def colorize_batch(
        self, images: Sequence[np.ndarray], *, saturation: float = 1.0, flip_average: bool = False, **wishes
    ) -> list[np.ndarray]:
        """Colorize several pictures; pictures with the same working size share forward passes, in any order.

        Args:
            images: each as for `colorize`, with its options and errors. Hints are only for one picture.
        """
        wishes, settings = Wishes(**wishes), self._settings(saturation, flip_average)
        pictures = [self._prepared(image, settings) for image in images]
        if wishes.hints and len(pictures) > 1:
            raise ValueError(f"`hints` are for one picture. Received: {len(pictures)} pictures")
        results, shapes = [None] * len(pictures), [one.small.shape for one in pictures]
        for some in stream.alike(
            sorted(range(len(pictures)), key=lambda i: shapes[i]), shapes.__getitem__, photos.BATCH
        ):
            for i, ab in zip(some, self._colors([pictures[i] for i in some], settings, wishes), strict=True):
                results[i] = pictures[i].joined(ab)
        return results

    def colorize_stream(
        self, images: Iterable[np.ndarray], *, saturation: float = 1.0, flip_average: bool = False, **wishes
    ) -> Iterator[np.ndarray]:
        """Colorize a stream of pictures in order, while the caller writes results and the next are read.

        The iterator is read in a thread, the network runs in another, and colours are joined in several. Memory does
        not grow with the number of pictures. Consecutive pictures of one working size share forward passes. It ends
        when the caller takes no more results.

        Args:
            images: each as for `colorize`, with its options. A generator that reads files is read ahead.

        Yields:
            The results of `colorize`, up to the rounding described there.

        Raises:
            Exception: those of `colorize` and of the iterator, in place of the picture's result.
        """
        wishes, settings = Wishes(**wishes), self._settings(saturation, flip_average)
        if wishes.hints:
            raise ValueError("`hints` are for one picture. Use `colorize`.")
        return self._streamed(images, settings, wishes)

    def _streamed(self, images, settings, wishes):
        pictures = (self._prepared(image, settings) for image in images)
        groups = stream.ahead(stream.alike(pictures, lambda one: one.small.shape, photos.BATCH), 2)
        with concurrent.futures.ThreadPoolExecutor(thread_name_prefix="colorgan-join") as pool:

            def joined():
                for some in groups:
                    for one, ab in zip(some, self._colors(some, settings, wishes), strict=True):
                        yield pool.submit(one.joined, ab)

            for future in stream.ahead(joined(), 2 * photos.BATCH):
                yield future.result()

    def _settings(self, saturation, flip_average):
        return photos.Settings(work_size=self.work_size, saturation=saturation, flip_average=flip_average)

    @staticmethod
    def _prepared(image, settings):
        pixels, alpha = modes.parts(image)
        return _Picture(pixels, alpha, working.shrink(pixels, settings.work_size))

    def _colors(self, pictures, settings, wishes):
        """-> [B, h, w, 2] of pictures of one working size."""
        sizes = [one.pixels.shape[:2] for one in pictures]
        return photos.predict_ab(self, np.stack([one.small for one in pictures]), settings, wishes, sizes)

    def variants(self, image, count: int = 4, **options) -> list:
        """-> results that differ visibly, in hue and not only in strength, and that the model finds likely.

        Args:
            image: one picture, as for `colorize`.
            count: number of results, 1 to 9; the first is that of `colorize`.
            options: of `colorize`.

        Raises:
            ValueError: as `colorize`, and for weights without joint bins or conditions.
        """
        wished = {field.name for field in dataclasses.fields(Wishes)} & set(options)
        wishes = Wishes(**{name: options.pop(name) for name in wished})
        found = self.open(image).variants(count, wishes)
        return [self.colorize(image, **options, **one.arguments) for one in found]

    def doubt(self, image) -> np.ndarray:
        """-> [H, W] float32 in [0, 1]: the doubt for a picture as in `colorize`; see `Opened.doubt`."""
        opened = self.open(image)
        return opened.doubt(opened.size)

    def suggest(self, image, x: float, y: float, count: int = 8) -> list[tuple[int, int, int]]:
        """-> colours likely at a place of a picture, the most likely first; see `Opened.suggest`."""
        return self.open(image).suggest(x, y, count)


def _loaded_again(kind, source, digest, work_size):
    """-> the unpickled colorizer. Raises ValueError if the weights have changed, and the errors of `load`."""
    made = kind.load(source, work_size=work_size)
    if made.stored.digest != digest:
        raise ValueError(
            f"{made.stored.weights} has changed since it was pickled: its SHA-256 is {made.stored.digest}, not "
            f"{digest}."
        )
    return made


def natural_size(data, multiple):
    """-> the shorter side at which objects in a whole photograph look as large as in training.

    It is the size of training, or larger if `crop` enlarged the pictures in training. Touvron et al. 2019, "Fixing the
    train-test resolution discrepancy".

    Args:
        data: the configuration's `data`.
        multiple: divisor to which the network pads pictures.

    Returns:
        Pixels: the size of training, or a larger multiple of `multiple`.
    """
    size = min(data.height, data.width)
    enlarged = data.augment and "crop" in data.augmentations
    return max(size, int(size / SHARE_SEEN) // multiple * multiple) if enlarged else size
