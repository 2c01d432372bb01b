"""16-bit pictures that Pillow cuts to 8 bits or does not know: OpenCV reads their colour, tifffile gray with alpha.

Imports `files.orientation`.
"""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image

from colorgan.files import orientation

_EXTRA_SAMPLES, _ASSOCIATED = 338, 1  # of TIFF: alpha that the colours are multiplied with
_DEFLATE = (8, 32946)  # TIFF's numbers of zlib
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def is_wide(path, image) -> bool:
    """-> whether an opened file has colour or alpha of 16 bits, which Pillow cuts to 8."""
    if image.format == "PNG":
        with open(path, "rb") as file:
            header = file.read(26)
        return header[24] == 16 and header[25] != 0  # 0: gray without alpha, which Pillow reads in full
    if image.format == "TIFF":
        return image.mode in ("RGB", "RGBA") and set(image.tag_v2.get(258, ())) == {16}
    return False


def wide(path, image):
    """The pixels of a file that `is_wide`.

    Args:
        path: the file.
        image: it, opened by Pillow and not loaded.

    Returns:
        [H, W] or [H, W, 3] uint16, and alpha, [H, W] uint16 or None, as they lie in the file.

    Raises:
        OSError: if they are damaged, or stored in a way that OpenCV cannot read.
    """
    data = Path(path).read_bytes()
    if image.format == "PNG":
        with Image.open(path) as again:  # `verify` wants a file that nothing has been read from
            again.verify()
    else:
        if image.tag_v2.get(284, 1) == 2:  # OpenCV 5 fills most of such a picture with what lay in memory
            raise OSError("its 16-bit colours lie in separate planes. Save it with interleaved ones")
        data = _unturned(data)
    quiet = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    finally:
        cv2.utils.logging.setLogLevel(quiet)
    if array is None or array.dtype != np.uint16 or array.ndim != 3:
        raise OSError("its 16-bit colours are damaged or compressed in a way that OpenCV cannot read")
    alpha = np.ascontiguousarray(array[..., 3]) if array.shape[-1] == 4 else None
    if image.format == "PNG" and data[25] == 4:
        return np.ascontiguousarray(array[..., 0]), alpha
    rgb = cv2.cvtColor(array, cv2.COLOR_BGRA2RGB if alpha is not None else cv2.COLOR_BGR2RGB)
    if alpha is not None and image.format == "TIFF" and image.tag_v2.get(_EXTRA_SAMPLES, (0,))[0] == _ASSOCIATED:
        rgb = _divided(rgb, alpha[..., None])
    return rgb, alpha


def _divided(values, alpha):
    """uint16 values that were multiplied with alpha / 65535 -> as they were; 0 where nothing of them is left."""
    # The largest, 65535 * 65535 + 32767, still fits.
    alpha = np.maximum(alpha, 1).astype(np.uint32)
    return np.minimum((values * np.uint32(65535) + alpha // 2) // alpha, 65535).astype(np.uint16)


def check_strips(path: Path) -> None:
    """Raises OSError if pixels of a TIFF are missing or damaged: decoders do not compare zlib's checksums."""
    size = path.stat().st_size
    with open(path, "rb") as data, tifffile.TiffFile(data) as file:
        page = file.pages[0]
        parts = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        if not parts or any(not count or offset + count > size for offset, count in parts):
            raise OSError("it is truncated")
        for offset, count in parts if page.compression in _DEFLATE else []:
            data.seek(offset)
            packed, stream = data.read(count), zlib.decompressobj()
            try:
                while packed:
                    stream.decompress(packed, 1 << 20)
                    packed = stream.unconsumed_tail
            except zlib.error as error:
                raise OSError(f"its pixels are damaged ({error})") from error
            if not stream.eof:
                raise OSError("its pixels are damaged (a compressed part ends early)")


def _unturned(data):
    """A TIFF file's bytes with orientation 1: OpenCV 5 fails on others."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tag = file.pages[0].tags.get(orientation.TAG)
        if tag is None or tag.value == 1:
            return data
        place, order = tag.valueoffset, "little" if file.byteorder == "<" else "big"
    return data[:place] + (1).to_bytes(2, order) + data[place + 2 :]


def is_gray_alpha(path: Path) -> bool:
    """-> whether it is a TIFF of 16-bit gray with alpha, which Pillow does not know."""
    with open(path, "rb") as file:
        if file.read(4) not in _TIFF_MAGIC:
            return False
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages[0]
            return page.dtype == np.uint16 and page.samplesperpixel == 2 and page.planarconfig == 1
    except (ValueError, KeyError, IndexError, tifffile.TiffFileError):
        return False


def gray_alpha(path: Path, *, max_megapixels: float):
    """The pixels of a file that `is_gray_alpha`.

    Returns:
        [H, W] uint16 gray values and [H, W] uint16 alpha, upright.

    Raises:
        OSError: if they are damaged.
        DecompressionBombError: if there are more than `max_megapixels`.
    """
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        if page.imagewidth * page.imagelength > max_megapixels * 1e6:
            raise Image.DecompressionBombError(f"{page.imagewidth} x {page.imagelength} pixels")
        check_strips(path)
        turn = getattr(page.tags.get(orientation.TAG), "value", 1)
        array = orientation.upright(page.asarray(), turn)
        values = array[..., 0]
        if page.extrasamples and page.extrasamples[0] == _ASSOCIATED:
            values = _divided(values, array[..., 1])
        values = values if page.photometric != 0 else 65535 - values
    return np.ascontiguousarray(values), np.ascontiguousarray(array[..., 1])
