"""A perceptual term: the distance of two pictures in another network's features. Imports nothing of ours.

After Johnson et al. 2016, section 3.2, who use VGG-16. Here it is any Keras model in a user's file, because nothing is
downloaded. Its outputs are compared, so save a model whose outputs are the layers of interest. (The RGB system reports
that its generator learned no more with VGG features than without.)
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras
from keras import ops, tree

ADVICE = "Expected a .keras file: `model.save('features.keras')` of a model of sRGB pictures in 0..255, [B, H, W, 3]."


def distance(model, rgb_predicted, rgb_truth):
    """Compute the mean absolute difference of a model's outputs for two pictures.

    It replaces Johnson et al.'s squared distance: like L1 on colours, it does not grow with the square of a deep
    layer's values.

    Args:
        model: a Keras model of [B, H, W, 3] float32 sRGB in 0..255 with one or more outputs, run at inference.
        rgb_predicted, rgb_truth: [B, H, W, 3] sRGB in [0, 1]; multiplied by 255 here.

    Returns:
        [B] float32: the mean over each output's values, then over the outputs.
    """
    predicted, truth = (
        tree.flatten(model(ops.cast(rgb, "float32") * 255, training=False)) for rgb in (rgb_predicted, rgb_truth)
    )
    return sum(_mean_difference(a, b) for a, b in zip(predicted, truth, strict=True)) / len(predicted)


def load(path, *, size=None):
    """Load the model of a perceptual term, frozen.

    Args:
        path: its .keras file. It is read in Keras' safe mode, which runs no code from the file.
        size: (height, width) of its pictures, to check; None: unchecked.

    Returns:
        A `keras.Model` with `trainable` False.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it does not hold a Keras model, or the model does not take such pictures.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"`--feature-model`: {path} is not there. {ADVICE}")
    # Keras has no safe mode for HDF5 files, and tells formats by name.
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise ValueError(f"`--feature-model`: {path} is not a .keras file. {ADVICE}")
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    # An archive can be wrong in many ways: a missing part, no JSON, an unknown class, or a lambda.
    except (ValueError, TypeError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"`--feature-model`: {path} does not hold a Keras model: {error}") from error
    _check_input(model, path, size)
    model.trainable = False
    return model


def _check_input(model, path, size):
    shapes = [tuple(x.shape) for x in getattr(model, "inputs", None) or []]
    wanted = (None, *(size or (None, None)), 3)
    channels = [shape[3:] for shape in shapes] == [(3,)]
    if not channels or any(a != b and None not in (a, b) for a, b in zip(shapes[0], wanted, strict=True)):
        needed = ", ".join(name if n is None else str(n) for name, n in zip("BHWC", wanted, strict=True))
        raise ValueError(
            f"`--feature-model`: the model in {path} must have one input, [{needed}]. Received: "
            f"{', '.join(map(str, shapes)) or 'a model whose inputs are not declared'}"
        )


def _mean_difference(a, b):
    difference = ops.abs(ops.cast(a, "float32") - ops.cast(b, "float32"))
    return ops.mean(ops.reshape(difference, (ops.shape(difference)[0], -1)), axis=1)
