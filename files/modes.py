"""What a Pillow image of any mode, and a value of any depth, stands for; in training data and in people's photographs.

Imports nothing of ours.
"""

from __future__ import annotations

import numpy as np
from PIL import Image


def to_rgb(image):
    """A Pillow image of any mode -> mode RGB. Raises ValueError if the mode has no defined 8-bit meaning."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if is_deep(image):  # Pillow's own conversion would cut everything above 255 to white
        return Image.fromarray(as_depth(deep_values(image), np.uint8)).convert("RGB")
    if image.mode == "F":
        raise ValueError("float pixels have no defined brightness")
    return image.convert("RGB")


def is_deep(image) -> bool:
    """-> whether a Pillow image is gray of more than 8 bits."""
    return image.mode == "I" or image.mode.startswith("I;16")


def deep_values(image) -> np.ndarray:
    """The gray values of a Pillow image that `is_deep`: [H, W] uint16. Raises ValueError if they are beyond 16 bits."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("32-bit pixels outside 0..65535 have no defined brightness")
    return values.astype(np.uint16)


def split(array: np.ndarray):
    """[H, W, 1 to 4] -> [H, W] or [H, W, 3], contiguous, and of two or four channels the last, alpha; else None."""
    channels = array.shape[-1]
    values = array[..., 0] if channels < 3 else array[..., :3]
    return np.ascontiguousarray(values), np.ascontiguousarray(array[..., -1]) if channels in (2, 4) else None


def as_depth(values: np.ndarray, dtype) -> np.ndarray:
    """uint8 or uint16 values as the other of both; 65535 = 255 * 257."""
    if values.dtype == dtype:
        return values
    if dtype == np.uint8:
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return values.astype(np.uint16) * np.uint16(257)


def parts(image):
    """An array as a user has it, see `Colorizer.colorize` -> [H, W] or [H, W, 3], and its alpha or None.

    Raises:
        ValueError: if it has another shape or type.
    """
    image = np.asarray(image)
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            "`image` must be uint8 or uint16, an array and no path: read a file first, scale floats to 0..255. "
            f"Received: {image.dtype}"
        )
    if image.ndim == 4:
        raise ValueError(f"`image` must be one picture; `colorize_batch` takes several. Received: {list(image.shape)}")
    channels = image.shape[2:] or (1,)
    if image.ndim < 2 or channels not in ((1,), (2,), (3,), (4,)) or 0 in image.shape:
        shapes = "[H, W], [H, W, 1] or [H, W, 3], with alpha [H, W, 2] or [H, W, 4], and not be empty"
        raise ValueError(f"`image` must have shape {shapes}. Received: {list(image.shape)}")
    return split(image.reshape(*image.shape[:2], *channels))
