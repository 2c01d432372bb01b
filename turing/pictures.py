"""What a trial of the visual Turing test shows: real and generated pictures in their places, wrong ones, the mask.

Pictures are [H, W, 3] uint8 sRGB. numpy and Pillow; imports `trials`.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from colorgan.turing import trials

BLOCKS = 16  # of the mask, across its longer side


def shown(trial: trials.Trial, real, generated) -> dict[str, np.ndarray]:
    """The pictures of a trial by place: `left` and `right` of a pair, or `only` of a single picture.

    An attention check has an obviously wrong picture in place of the generated one.
    """
    other = wrong(real) if trial.kind == trials.CHECK else generated
    if trial.truth in trials.VERDICTS:
        return {"only": real if trial.truth == "real" else other}
    return {side: real if side == trial.truth else other for side in trials.SIDES}


def wrong(rgb) -> np.ndarray:
    """The picture in all colours of the rainbow from left to right, which nobody takes for a photograph.

    Args:
        rgb: [H, W, 3] uint8.

    Returns:
        [H, W, 3] uint8: 30 % of it gray, 70 % a fully saturated hue that keeps half its brightness where it is dark.
    """
    gray = np.asarray(rgb).mean(axis=-1, keepdims=True) / 255
    turn = np.arange(rgb.shape[1])[:, None] / rgb.shape[1]
    # The hue's RGB: each channel is a trapezoid over the turn, a third of a turn apart.
    hue = np.clip(np.abs((6 * turn + (0, 4, 2)) % 6 - 3) - 1, 0, 1)
    return np.round(255 * (0.3 * gray + 0.7 * hue * (0.5 + 0.5 * gray))).astype(np.uint8)


def mask(shape, seed: int) -> np.ndarray:
    """Blocks of random colours in place of a picture: they end its after-image, which a plain gray would not.

    Args:
        shape: (H, W, 3).
        seed: of the colours.

    Returns:
        [H, W, 3] uint8.
    """
    height, width = shape[:2]
    size = max(1, max(height, width) // BLOCKS)
    colours = np.random.default_rng(seed).integers(0, 256, (-(-height // size), -(-width // size), 3), dtype=np.uint8)
    return colours.repeat(size, axis=0).repeat(size, axis=1)[:height, :width]


def png(rgb) -> bytes:
    """-> the picture as a PNG without compression or metadata: files of one size in pixels have one size in bytes."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb)).save(file, "png", compress_level=0)
    return file.getvalue()
