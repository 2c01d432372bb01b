"""What a Pillow image of any mode looks like in 8-bit RGB; for training data and for people's photographs alike.

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
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError("32-bit pixels outside 0..65535 have no defined brightness")
        # 65535 = 255 * 257. Pillow's own conversion would cut everything above 255 to white.
        return Image.fromarray(((values + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.mode == "F":
        raise ValueError("float pixels have no defined brightness")
    return image.convert("RGB")
