"""Decoding files of every readable kind: the library for each, and the meaning of samples.

Owns the formats. Pillow reads most of them, tifffile TIFF, imagecodecs JPEG XL and PNG of 16 bits. Imports
`files.jp2`, `files.jxl`, `files.metadata`, `imaging.modes`, `files.orientation`, `files.profiles`, `files.repair`
and `files.tiff`.
"""

from __future__ import annotations

import dataclasses
import io
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import imagecodecs
import numpy as np
from PIL import Image, TiffImagePlugin

from ..imaging import modes
from . import jp2, jxl, metadata, orientation, profiles, repair, tiff
from .metadata import Metadata

try:
    import pillow_heif
except ImportError:  # optional in the light distribution
    HEIF = ()
else:
    HEIF = ("HEIF",)
    pillow_heif.register_heif_opener()

# Formats of photographs, likely formats first; phones' MPO opens as JPEG. Other formats of Pillow start programs (EPS),
# or do not hold pixels.
FORMATS = (
    *("JPEG", "PNG", "WEBP", *HEIF, "AVIF", "GIF", "BMP", "JPEG2000", "PPM", "PSD", "TGA", "PCX", "SGI"),
    "ICO",
)
_PLAIN = ("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "YCbCr")
_FRAMES = ("GIF", "PNG", "WEBP", "AVIF")  # further pictures are frames of a film
_UNUSED = ("BMP", "DIB", "TGA")  # many programs write an unused fourth byte of 0
# Pillow warns of damaged tags on stderr; here they are errors or notes.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


@dataclass
class Decoded:
    """The content of a file."""

    pixels: np.ndarray  # [H, W] or [H, W, 3] uint8 or uint16, sRGB, upright
    alpha: np.ndarray | None  # [H, W] of the same type
    metadata: Metadata  # empty if not requested
    notes: list[str] = field(default_factory=list)


def size(data, check: Callable[[tuple], None], *, upright: bool = True) -> tuple[int, int]:
    """-> height and width in a picture's header; arguments and errors as for `decode`.

    Without `upright` they can be swapped: for some PNG files all pixels must be read to know.
    """
    head = _head(data)
    if tiff.is_one(head):
        file = tiff.Tiff(data)
        return file.height, file.width
    if jxl.is_one(head):
        return jxl.size(data.read())
    with Image.open(data, formats=FORMATS) as image:
        check(image.size)
        turned = upright and orientation.swaps_sides(orientation.remaining(image))
        return image.size if turned else image.size[::-1]


def decode(data, check: Callable[[tuple], None], *, at_least=None, with_metadata: bool = False) -> Decoded:
    """Decode the picture in a file.

    Args:
        data: a binary file object, at its beginning.
        check: called with (width, height) before pixels are read; its exceptions end the reading.
        at_least: (height, width) that the caller needs: a JPEG of more than twice that size is decoded at a half, a
            quarter or an eighth, at a fraction of the cost. The proportions stay.
        with_metadata: whether to read the metadata too.

    Raises:
        The decoders' exceptions. PIL.UnidentifiedImageError if it is not a picture, OSError if the samples have no
        meaning.
    """
    head, notes = _head(data), []
    if tiff.is_one(head):
        return _of_tiff(data, check, notes, with_metadata)
    if jxl.is_one(head):
        content = data.read()
        check(jxl.size(content)[::-1])
        return _of_jxl(content, notes, with_metadata)
    with Image.open(data, formats=FORMATS) as image:
        check(image.size)
        return _of_pillow(data, image, at_least, notes, with_metadata)


def _head(data):
    head = data.read(16)
    data.seek(0)
    return head


def _content(data):
    data.seek(0)
    return data.read()


def _of_tiff(data, check, notes, with_metadata):
    file = tiff.Tiff(data)
    check((file.width, file.height))
    notes += file.notes
    values, alpha = file.read(notes)
    values, icc = profiles.as_srgb(values, file.icc, notes)
    said = _metadata_of_tiff(data, notes) if with_metadata else Metadata()
    return Decoded(values, alpha, dataclasses.replace(said, icc=icc), notes)


class _Tags(TiffImagePlugin.TiffImageFile):
    """-> an image for a TIFF's metadata, even if Pillow does not know its pixels; never load it."""

    def _setup(self):
        for tag, value in ((258, (8,)), (262, 1), (277, 1), (284, 1)):  # bits, kind, number and order of samples
            self.tag_v2[tag] = value
        for tag in {338, 339} & set(self.tag_v2):  # further samples, and their format
            del self.tag_v2[tag]
        super()._setup()


def _metadata_of_tiff(data, notes):
    data.seek(0)
    return _metadata(lambda: _Tags(data), notes)


def _metadata(opened, notes, content=b""):
    try:
        image = opened()
        return metadata.of(image, notes, content)
    # For arbitrary bytes Pillow's parsers raise many types (SyntaxError, struct.error, ...).
    except Exception as error:
        notes.append(f"its metadata is damaged and left out ({error})")
        return Metadata()


def _of_jxl(content, notes, with_metadata):
    (values, alpha), icc = jxl.read(content, notes), jxl.profile(content)
    if icc is None:
        notes.append("its colours are assumed to be sRGB, because it states no colour space")
    values, _ = profiles.as_srgb(values, icc, notes)
    said = _metadata(lambda: Image.new("L", (1, 1)), notes, content) if with_metadata else Metadata()
    return Decoded(values, alpha, said, notes)


def _of_pillow(data, image, at_least, notes, with_metadata):
    if at_least and image.format in ("JPEG", "MPO"):
        _draft(image, at_least)
    values, alpha = _wide_png(data) if _is_wide_png(image) else _samples(data, image)
    turn = orientation.remaining(image)  # in a PNG it can follow the pixels
    if image.format in _UNUSED and alpha is not None and not alpha.any():
        alpha = None
        notes.append("it is transparent everywhere; its alpha is left out")
    icc = jp2.profile(_content(data)) if image.format == "JPEG2000" else image.info.get("icc_profile")
    if image.format == "PNG" and not icc:
        icc = profiles.of_png(image.info, values.ndim == 2)
    values, icc = profiles.as_srgb(values, icc, notes)
    alpha = None if alpha is None else orientation.upright(alpha, turn)
    said = Metadata()
    if with_metadata:
        said = _metadata(lambda: image, notes, _content(data) if image.format == "JPEG2000" else b"")
        notes += [*_further(image), *_at_the_end(image, data)]
    return Decoded(orientation.upright(values, turn), alpha, dataclasses.replace(said, icc=icc), notes)


def _samples(data, image):
    if image.format == "JPEG2000" and (deep := jp2.deep(_content(data))):
        return deep
    return (np.asarray(image), None) if image.mode == "CMYK" else _values(image)


def _draft(image, at_least):
    """Let Pillow decode a JPEG at 1/2, 1/4 or 1/8, at a fraction of the cost."""
    height, width = at_least[::-1] if orientation.swaps_sides(orientation.remaining(image)) else at_least
    shrink = max(height / image.height, width / image.width)
    if shrink <= 0.5:
        image.draft(None, (math.ceil(image.width * shrink), math.ceil(image.height * shrink)))


def _further(image):
    """-> notes on a file's contents besides the picture read."""
    found = []
    if image.format == "HEIF" and image.info.get("bit_depth", 8) > 8:
        found.append(f"its {image.info['bit_depth']} bits a sample are read as 8 bits")
    if image.format in ("MPO", "HEIF", "PSD", "ICO"):  # previews, layers, other sizes of the picture
        return found
    try:
        count = getattr(image, "n_frames", 1)
    except Exception:  # see `_metadata`
        return [*found, "the parts after its first picture are damaged and left out"]
    word = "frames" if image.format in _FRAMES else "pages"
    return [*found, f"only the first of its {count} {word} is coloured"] if count > 1 else found


def _at_the_end(image, data):
    """-> a note if a PNG has no end marker, which Pillow ignores."""
    before = data.tell()
    data.seek(max(0, data.seek(0, io.SEEK_END) - 4096))
    tail = data.read()
    data.seek(before)
    return [repair.NO_END] if image.format == "PNG" and b"IEND" not in tail else []


def _is_wide_png(image):
    # Pillow reads gray PNG files fully, with the transparent gray. A tile states the layout of values.
    return image.format == "PNG" and image.mode != "I;16" and ";16" in str(image.tile)


def _wide_png(data):
    """-> the pixels of a 16-bit PNG file with colour or alpha, which Pillow reduces to 8 bits."""
    content = _content(data)
    if found := repair.damaged_chunks(content):  # libpng would print its warnings
        raise OSError(f"it is damaged in its {', '.join(found)}")
    try:
        return modes.split(imagecodecs.png_decode(content))
    except imagecodecs.PngError as error:
        raise OSError(f"its pixels are damaged ({error})") from error


def _values(image):
    """A Pillow image -> [H, W] or [H, W, 3] uint8 or uint16, and alpha or None."""
    if modes.is_deep(image):
        values, clear = modes.deep_values(image), image.info.get("transparency")
        return values, None if clear is None else np.where(values == clear, 0, 65535).astype(np.uint16)
    if image.mode == "LAB":  # Photoshop's
        lab = np.asarray(image).astype(np.float32)
        return profiles.from_lab(lab[..., 0] * np.float32(100 / 255), lab[..., 1:] - 128, np.uint8), None
    if image.mode not in _PLAIN:
        kind = "float pixels" if image.mode == "F" else f"pixels of mode {image.mode}"
        raise ValueError(f"{kind} have no defined brightness")
    gray = image.mode in ("1", "L", "LA", "La")
    # Photoshop's fourth channel can be anything saved with the picture.
    if image.mode in ("La", "RGBa") or (image.has_transparency_data and image.format != "PSD"):
        return modes.split(np.asarray(image.convert("LA" if gray else "RGBA")))
    plain = "L" if gray else "RGB"
    return np.asarray(image if image.mode == plain else image.convert(plain)), None
