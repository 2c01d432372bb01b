"""Moving GIF and WebP files as films; Pillow reads them. Imports `files.films.frames`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from colorgan.files.films import frames

BLINK = 100  # milliseconds for a frame without duration, as in browsers


class Animation:
    """The frames of a GIF or WebP file; the same attributes as `reading.Frames`.

    Attributes:
        loop: number of repetitions, 0: for ever; None: none.

    Raises:
        OSError: if it cannot be opened.
    """

    aspect, begin, deep, codec, bits = Fraction(1), Fraction(0), False, "", 8

    def __init__(self, source: Path):
        self.source, self.notes = source, []
        if not source.is_file() or not source.stat().st_size:
            raise OSError(f"{source} {'is empty' if source.is_file() else 'is not there'}")
        try:
            self._image = Image.open(source, formats=("GIF", "WEBP"))
            self.stated = self.about = self._image.n_frames
            self.width, self.height = self._image.size
            duration = self._image.info.get("duration") or BLINK
        except Exception as error:  # Pillow's parsers raise many types: OSError, SyntaxError, struct.error, ...
            raise OSError(f"{source} cannot be read as an animation ({error})") from error
        self.loop = self._image.info.get("loop")
        self.fps = self.grid = Fraction(1000, round(duration))
        self.time_base = Fraction(1, 1000)
        self.colours = frames.Colours(frames.SMPTE170M, frames.BT709, frames.BT709, False)
        self.alpha = self._image.has_transparency_data

    def limit(self, pixels: int) -> None:
        """Do nothing: the frames have one known size."""

    def __iter__(self):
        """-> `frames.Frame`, one by one. Raises OSError if there is none."""
        return self.after(0)

    def after(self, passed: int):
        """-> the frames after the first so many."""
        time, count = Fraction(0), 0
        for index in range(self.stated):
            try:
                self._image.seek(index)
                self._image.load()
                picture = self._image.convert("RGBA")
            except Exception as error:  # see above
                if not count:
                    raise OSError(f"{self.source} has no readable frame ({error})") from error
                self.notes.append(f"it is damaged: it ends after {count} of {self.stated} frames ({error})")
                return
            shown = Fraction(round(self._image.info.get("duration") or BLINK), 1000)
            count += 1
            if count > passed:
                values = np.asarray(picture)
                alpha = np.ascontiguousarray(values[..., 3])
                pixels = np.ascontiguousarray(values[..., :3])
                yield frames.Frame(pixels, time, shown, None if (alpha == 255).all() else alpha)
            time += shown

    def close(self):
        """Close the file."""
        self._image.close()
