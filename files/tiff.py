"""The picture in a TIFF file: its page, and the meaning of its samples by tags.

Owns pages, extra samples, depths and TIFF's encodings of colour. tifffile and imagecodecs read it. Imports
`imaging.modes`, `files.orientation` and `files.profiles`.
"""

from __future__ import annotations

import logging

import imagecodecs
import numpy as np
import tifffile

from ..imaging import modes
from . import orientation, profiles

_REDUCED, _MASK = 1, 4  # of NewSubfileType
_OF_SENSORS = (32803, 34892)  # kinds of pixels: CFA, LinearRaw
_WHITE_IS_ZERO, _PALETTE, _CMYK, _YCBCR, _CIELAB, _ICCLAB = 0, 3, 5, 6, 8, 9
_COLORS = {_WHITE_IS_ZERO: 1, 1: 1, 2: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3, _CIELAB: 3, _ICCLAB: 3}  # samples
_ASSOCIATED, _UNASSOCIATED = 1, 2  # of ExtraSamples: premultiplied or plain alpha
_JPEG = 7
_MOST_SAMPLES = 16
_SMALLER = 4  # a first page with so many times fewer pixels than another of its shape is its preview
RAW = (
    "it is a camera's raw file. Develop it first (darktable, RawTherapee, the camera's own program), and give the TIFF "
    "or JPEG"
)
logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it logs damaged tags


def is_one(head: bytes) -> bool:
    """-> whether a file with these first bytes is a TIFF or BigTIFF."""
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class Tiff:
    """An open TIFF file.

    Args:
        data: a binary file object, which stays open.

    Attributes:
        page: tifffile's page of the picture: the first that is not a preview or mask.
        height, width: of the picture, upright.
        notes: notes on the choice.

    Raises:
        OSError: if it has no pages, or is a camera's raw file.
    """

    def __init__(self, data):
        self.notes, self._data = [], data
        try:
            self._file = tifffile.TiffFile(data)
            self._choose()
        except OSError:
            raise
        except Exception as error:  # tifffile does not check tags, and raises many types
            raise OSError(f"its tags are damaged ({error})") from error
        said = self.page.tags.get(orientation.TAG) or self._file.pages.first.tags.get(orientation.TAG)
        self._turn = said.value if said is not None and said.value in range(1, 9) else 1
        size = self.page.imagelength, self.page.imagewidth
        if 0 in size:
            raise OSError("it has no picture")
        self.height, self.width = size[::-1] if orientation.swaps_sides(self._turn) else size

    def _choose(self):
        top = list(self._file.pages)
        every = [(i, page) for i, page in enumerate(top)] + [(None, sub) for page in top for sub in page.pages or ()]
        if any(page.photometric in _OF_SENSORS for _, page in every):
            raise OSError(RAW)
        shown = [(i, page) for i, page in every if not page.subfiletype & (_REDUCED | _MASK)] or every
        if not shown:
            raise OSError("it has no picture")
        self._index, self.page = next(((i, page) for i, page in shown if _is_preview(shown[0][1], page)), shown[0])
        if self.page is not shown[0][1]:
            self.notes.append("its first page, a smaller copy of the picture, is left out")
        elif len(shown) > 1:
            self.notes.append(f"only the first of its {len(shown)} pages is coloured")

    @property
    def icc(self) -> bytes | None:
        """The profile of the picture."""
        found = self.page.tags.get(34675)
        return bytes(found.value) if found is not None and isinstance(found.value, bytes) else None

    def read(self, notes: list[str]):
        """The picture's values.

        Returns:
            values: [H, W] gray, [H, W, 3] RGB or [H, W, 4] CMYK, uint8 or uint16, upright.
            alpha: [H, W] of that type, or None: only declared alpha; for other samples a note is appended.

        Raises:
            OSError: if they are missing, damaged, compressed in an unknown way, or have no defined brightness.
        """
        try:
            return self._read(notes)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # see above
            raise OSError(f"its tags are damaged ({error})") from error

    def _read(self, notes):
        page = self.page
        colors = _COLORS.get(page.photometric)
        if colors is None or page.samplesperpixel < colors or page.samplesperpixel > _MOST_SAMPLES:
            kind = getattr(page.photometric, "name", page.photometric)
            raise OSError(f"pixels of kind {kind} with {page.samplesperpixel} samples have no defined brightness")
        if not isinstance(page.bitspersample, int):
            raise OSError("samples of different depths have no defined brightness")
        if page.photometric == _YCBCR and page.compression != _JPEG:
            return self._luma_and_chroma(), None
        array = orientation.upright(self._array(), self._turn)
        if page.photometric == _PALETTE:
            values, extras = _looked_up(array[..., 0], page), None
        else:
            array = _full_depth(array, page)
            values, extras = array[..., :colors] if colors > 1 else array[..., 0], array[..., colors:]
        alpha = None if extras is None or not extras.shape[-1] else _alpha(extras, page.extrasamples, notes)
        if alpha is not None and _ASSOCIATED in page.extrasamples:
            values = _divided(values, alpha if values.ndim == 2 else alpha[..., None])
        if page.photometric == _WHITE_IS_ZERO:
            values = np.iinfo(values.dtype).max - values
        if page.photometric in (_CIELAB, _ICCLAB):
            values = _lab(values, page.photometric)
        return np.ascontiguousarray(values), alpha

    def _luma_and_chroma(self):
        """Without JPEG these can have different sizes, which libtiff reads but tifffile does not."""
        if self._index is None:
            raise OSError("YCBCR pixels without JPEG in a nested page cannot be read")
        self._data.seek(0)
        try:
            array = imagecodecs.tiff_decode(self._data.read(), index=self._index, asrgb=True)
        except (imagecodecs.TiffError, IndexError, ValueError) as error:
            raise OSError(f"its pixels are damaged ({error})") from error
        return orientation.upright(array[..., :3], self._turn)

    def _array(self):
        """-> [H, W, samples] as stored in the file."""
        page, size = self.page, self._file.filehandle.size
        starts, counts = page.dataoffsets, page.databytecounts
        is_there = len(starts) == len(counts) > 0 and all(
            0 < count <= size - start for start, count in zip(starts, counts, strict=True)
        )
        bits = page.imagelength * page.imagewidth * page.samplesperpixel * page.bitspersample
        if not is_there or (page.compression == 1 and sum(counts) * 8 < bits):
            raise OSError("it is truncated")
        try:
            array = page.asarray(squeeze=False)
        except Exception as error:  # the decoders' exceptions
            raise OSError(f"its pixels are damaged ({error})") from error
        planes, array = array.shape[0], array[:, 0]
        return array[0] if planes == 1 else np.moveaxis(array[..., 0], 0, -1)


def _is_preview(first, other):
    """-> whether a page is a much smaller copy of another."""
    (h, w), (height, width) = ((page.imagelength, page.imagewidth) for page in (first, other))
    return h * w * _SMALLER <= height * width and abs(h * width - w * height) <= max(height, width)


def _full_depth(array, page):
    """-> values of the file's depth as uint8 or uint16."""
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "i" and page.photometric == _CIELAB:
        # a and b are signed, but tifffile takes one format for all samples.
        array = array.view(array.dtype.str.replace("i", "u"))
    if array.dtype.kind not in "iu":
        kind = "floating-point" if array.dtype.kind == "f" else array.dtype
        raise OSError(f"{kind} pixels have no defined brightness: save it with 8 or 16 bits")
    if array.dtype.kind == "i" or array.dtype.itemsize > 2:
        if array.min() < 0 or array.max() > 65535 or array.dtype.itemsize < 2:
            raise OSError(f"pixels of type {array.dtype} outside 0..65535 have no defined brightness")
        return array.astype(np.uint16)
    return modes.scaled(array, page.bitspersample)  # in the machine's byte order


def _looked_up(indices, page):
    table = np.asarray(page.colormap)
    if table.max() > 255:  # some writers store 8 bits instead of 16
        table = table >> 8
    return np.ascontiguousarray(table.astype(np.uint8).T[indices])


def _alpha(extras, declared, notes):
    """-> the sample declared as alpha; infrared, masks and the like are not."""
    found = next((i for i, kind in enumerate(declared) if kind in (_ASSOCIATED, _UNASSOCIATED)), None)
    if extras.shape[-1] > (found is not None):
        notes.append("a further channel is left out, because the file does not declare it as transparency")
    return None if found is None or found >= extras.shape[-1] else np.ascontiguousarray(extras[..., found])


def _divided(values, alpha):
    """-> premultiplied values divided by alpha / 255 or 65535; 0 where alpha is 0."""
    # The largest, 65535 * 65535 + 32767, still fits.
    top, alpha = np.iinfo(alpha.dtype).max, np.maximum(alpha, 1).astype(np.uint32)
    return np.minimum((values * np.uint32(top) + alpha // 2) // alpha, top).astype(values.dtype)


def _lab(values, photometric):
    """TIFF 6.0, section 23, and its technical note 4 (16 bits); ICCLAB shifts a and b by half of their range."""
    wide = values.dtype == np.uint16
    white = (65280 if photometric == _ICCLAB else 65535) if wide else 255
    lightness = values[..., 0].astype(np.float32) * np.float32(100 / white)
    if photometric == _ICCLAB:
        ab = values[..., 1:].astype(np.float32) - (32768 if wide else 128)
    else:
        ab = values[..., 1:].view(np.int16 if wide else np.int8).astype(np.float32)
    return profiles.from_lab(lightness, ab / (256 if wide else 1), values.dtype)
