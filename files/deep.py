"""16-bit pictures that Pillow cuts to 8 bits or does not know, by tifffile and imagecodecs.

Imports `files.modes` and `files.orientation`.
"""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import tifffile

from colorgan.files import modes, orientation

_ASSOCIATED = 1  # of TIFF's extra samples: alpha that the colours are multiplied with


def is_wide(image) -> bool:
    """-> whether a file that Pillow opened, and has not loaded, is one for `png` or `tiff`."""
    if image.format == "TIFF":
        return image.mode in ("RGB", "RGBA", "I;16", "I;16B") and set(image.tag_v2.get(258, ())) == {16}
    # A PNG of gray alone Pillow reads in full, and knows which gray is transparent. A tile says how values lie there.
    return image.format == "PNG" and image.mode != "I;16" and ";16" in str(image.tile)


def gray_alpha_size(path: Path) -> tuple[int, int] | None:
    """-> width and height of a TIFF of 16-bit gray with alpha, which Pillow does not know; None of anything else."""
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages[0]
            wanted = page.dtype == np.uint16 and page.samplesperpixel == 2
            return (page.imagewidth, page.imagelength) if wanted else None
    except (ValueError, KeyError, IndexError, tifffile.TiffFileError):
        return None


def png(path: Path):
    """The pixels of a 16-bit PNG file with colour or alpha, as they lie in it; results and errors as of `tiff`."""
    try:
        return modes.split(imagecodecs.png_decode(path.read_bytes()))
    except imagecodecs.PngError as error:
        raise OSError(f"its pixels are damaged ({error})") from error


def tiff(path: Path):
    """The pixels of a 16-bit TIFF file's first page, upright.

    Returns:
        [H, W] or [H, W, 3] uint16, and alpha, [H, W] uint16 or None.

    Raises:
        OSError: if they are missing, damaged or compressed in an unknown way.
    """
    size = path.stat().st_size
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        parts = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        if not parts or any(not count or offset + count > size for offset, count in parts):
            raise OSError("it is truncated")
        try:
            array = page.asarray()
        except Exception as error:  # what decoders raise
            raise OSError(f"its pixels are damaged ({error})") from error
        if page.planarconfig == 2 and page.samplesperpixel > 1:
            array = np.moveaxis(array, 0, -1)
        array = orientation.upright(array, getattr(page.tags.get(orientation.TAG), "value", 1))
        values, alpha = modes.split(array.reshape(*array.shape[:2], -1))
        if alpha is not None and page.extrasamples[:1] == (_ASSOCIATED,):
            values = _divided(values, alpha if values.ndim == 2 else alpha[..., None])
        return 65535 - values if page.photometric == 0 else values, alpha


def _divided(values, alpha):
    """uint16 values that were multiplied with alpha / 65535 -> as they were; 0 where nothing of them is left."""
    # The largest, 65535 * 65535 + 32767, still fits.
    alpha = np.maximum(alpha, 1).astype(np.uint32)
    return np.minimum((values * np.uint32(65535) + alpha // 2) // alpha, 65535).astype(np.uint16)
