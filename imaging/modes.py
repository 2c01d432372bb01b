"""The values of Pillow images of any mode, and values of any depth, in training data and photographs.

Imports nothing of ours.
"""

from __future__ import annotations

import numpy as np


def on_white(values: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """[H, W] or [H, W, 3] uint8 or uint16, and its alpha or None -> [H, W, 3] uint8, on white."""
    values = as_depth(values, np.uint8)
    values = values if values.ndim == 3 else np.repeat(values[..., None], 3, axis=-1)
    if alpha is None:
        return values
    share = as_depth(alpha, np.uint8)[..., None].astype(np.uint16)
    return ((values * share + (255 - share) * 255 + 127) // 255).astype(np.uint8)


def is_deep(image) -> bool:
    """-> whether a Pillow image is gray with more than 8 bits."""
    return image.mode == "I" or image.mode.startswith("I;16")


def deep_values(image) -> np.ndarray:
    """-> the gray values of a Pillow image that `is_deep`: [H, W] uint16. Raises ValueError beyond 16 bits."""
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("pixels of type int32 outside 0..65535 have no defined brightness")
    return values.astype(np.uint16)


def split(array: np.ndarray):
    """[H, W, 1 to 4] -> [H, W] or [H, W, 3], contiguous, and the last of two or four channels as alpha, otherwise
    None."""
    channels = array.shape[-1]
    values = array[..., 0] if channels < 3 else array[..., :3]
    return np.ascontiguousarray(values), np.ascontiguousarray(array[..., -1]) if channels in (2, 4) else None


def scaled(values: np.ndarray, bits: int) -> np.ndarray:
    """Values of a depth of 1 to 16 bits -> uint8, or uint16 for more than 8 bits, with the same black and white."""
    dtype, levels = np.dtype(np.uint8 if bits <= 8 else np.uint16), 2**bits - 1
    if bits in (8, 16):
        return values.astype(dtype, copy=False)
    table = (np.arange(levels + 1) * np.iinfo(dtype).max + levels // 2) // levels
    return table.astype(dtype)[np.minimum(values, levels)]


def as_depth(values: np.ndarray, dtype) -> np.ndarray:
    """Convert between uint8 and uint16 values; 65535 = 255 * 257."""
    if values.dtype == dtype:
        return values
    if dtype == np.uint8:
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return values.astype(np.uint16) * np.uint16(257)


def parts(image):
    """A user's array, see `Colorizer.colorize` -> [H, W] or [H, W, 3], and its alpha or None.

    Raises:
        ValueError: if it has another shape or type.
    """
    image = np.asarray(image)
    if image.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            "`image` must be uint8 or uint16 and an array, not a path. Read a file first, and scale floats to 0..255. "
            f"Received: {image.dtype}"
        )
    if image.ndim == 4:
        raise ValueError(f"`image` must be one picture; `colorize_batch` takes several. Received: {list(image.shape)}")
    channels = image.shape[2:] or (1,)
    if image.ndim < 2 or channels not in ((1,), (2,), (3,), (4,)) or 0 in image.shape:
        shapes = "[H, W], [H, W, 1] or [H, W, 3], with alpha [H, W, 2] or [H, W, 4], and not be empty"
        raise ValueError(f"`image` must have shape {shapes}. Received: {list(image.shape)}")
    return split(image.reshape(*image.shape[:2], *channels))
