"""Networks whose features compare pictures, from a user's file or by name; nothing is downloaded.

A named network is an argument, because loading its weights belongs to another room. Imports nothing of ours.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import keras
import numpy as np
from keras import ops

SIZES = {"efficientnet-lite0": 224, "efficientnet-lite2": 260}  # pixels of their training pictures


class FileNetwork:
    """A Keras model in a file that turns pictures into vectors.

    Args:
        path: a `.keras` file (or another that `keras.saving.load_model` reads). The model takes [B, H, W, 3] float32
            sRGB in 0..255 and scales it itself. It returns [B, D], or a map [B, h, w, D] that is averaged over its
            places. Pictures are resized to a fixed input size.

    Attributes:
        of_sets: {"fid", "kid": their names}. distance: the distance's name; empty: there is none.
        label: its name in a table's row: the file's name and the beginning of its SHA-256.
        description: its line in a protocol.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not a Keras model with such inputs and outputs.
    """

    def __init__(self, path):
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"No feature network at {path}. Expected a Keras model, such as inception.keras")
        self.name, self.sha256 = path.name, hashlib.sha256(path.read_bytes()).hexdigest()
        try:
            self._model = keras.saving.load_model(path, compile=False)
        except (ValueError, TypeError, OSError, KeyError) as error:
            raise ValueError(f"{path} is not a Keras model that this Keras can read: {error}") from error
        self.of_sets, self.distance = {"fid": "fid", "kid": "kid"}, ""
        shape = self._model.input_shape
        if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] != 3:
            raise ValueError(f"The feature network {path} must take pictures [B, H, W, 3]. Received: {shape}")
        self._size = shape[1:3] if None not in shape[1:3] else None
        resized = f"resized to {shape[1]}x{shape[2]}, bilinear, antialiased" if self._size else "as they are"
        self.label = f"{self.name} {self.sha256[:8]}"
        self.description = f"{self.name}, sha256 {self.sha256}, pictures {resized}"

    def __call__(self, rgb):
        """[B, H, W, 3] uint8 sRGB -> [B, D] float64, and no maps. ValueError if its output is neither form."""
        features = ops.convert_to_numpy(self._model(_resized(rgb, self._size), training=False)).astype(np.float64)
        if features.ndim == 4:
            features = features.mean(axis=(1, 2))
        if features.ndim != 2 or not np.isfinite(features).all():
            raise ValueError(
                f"The feature network {self.name} must give finite vectors [B, D] or maps [B, h, w, D]. "
                f"Received: {features.shape}"
            )
        return features, ()


class NamedNetwork:
    """An encoder that installs from PyPI, by its name; its metrics are named FID-lite2 and so on.

    Args:
        name: the encoder, such as efficientnet-lite2.
        maps: a function of [B, H, W, 3] float32 sRGB in 0..255 that returns {key: [B, h, w, D]}, the mean of the last
            convolution's map last, such as `EfficientNetLite.maps`.
        sha256: of its weights.
    """

    def __init__(self, name, maps, *, sha256):
        self.name, self._maps, self.sha256 = name, maps, sha256
        self._size = (SIZES[name],) * 2
        short = name.removeprefix("efficientnet-")
        self.of_sets, self.distance = {"fid": f"FID-{short}", "kid": f"KID-{short}"}, f"LPIPS-{short}"
        self.label = name
        self.description = (
            f"{name} (Tan and Le 2019, trained on ImageNet), weights' sha256 {sha256}; published FID uses "
            "InceptionV3, so these values are not comparable with it; pictures resized to "
            f"{self._size[0]}x{self._size[1]}, bilinear, antialiased"
        )

    def __call__(self, rgb):
        """[B, H, W, 3] uint8 sRGB -> [B, D] float64, and the maps, [[B, h, w, C] float32]."""
        *maps, features = map(ops.convert_to_numpy, self._maps(_resized(rgb, self._size)).values())
        return features.reshape(len(features), -1).astype(np.float64), maps


def _resized(rgb, size):
    """[B, H, W, 3] uint8 -> the same as float32, resized if a size is given."""
    pictures = ops.convert_to_tensor(np.asarray(rgb, np.float32))
    if size and tuple(pictures.shape[1:3]) != tuple(size):
        return ops.image.resize(pictures, size, interpolation="bilinear", antialias=True)
    return pictures
