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
