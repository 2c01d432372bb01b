"""The suffixes of pictures and films, and the capabilities of each format.

`files.kinds` opens files to tell their actual content. Imports nothing of ours.
"""

from __future__ import annotations

import os

JPEG, TIFF = (".jpg", ".jpeg", ".jpe", ".jfif"), (".tiff", ".tif")
WRITTEN = (*JPEG, ".png", ".webp", ".bmp", *TIFF)
# All readable pictures; formats that are not written become PNG.
PICTURES = (*WRITTEN, ".gif", ".heic", ".heif", ".avif", ".jp2", ".j2k", ".jpf", ".jpx", ".jxl", ".dng")
FILMS = (
    ".mp4", ".m4v", ".mov", ".qt", ".f4v", ".avi", ".divx", ".mkv", ".webm", ".mpg", ".mpeg", ".m2v", ".mpv", ".vob",
    ".ts", ".mts", ".m2ts", ".m2t", ".wmv", ".asf", ".flv", ".3gp", ".3g2", ".ogv", ".dv", ".mxf",
)  # fmt: skip
FORMATS = {"jpg": JPEG, "png": (".png",), "tiff": TIFF, "webp": (".webp",)}  # the first is written
DEEP = (".png", *TIFF)  # can hold 16 bits
LOSSY = (*JPEG, ".webp")


def of(path) -> str:
    """-> the suffix of a path in lower case."""
    return os.path.splitext(path)[1].lower()


def is_picture(path) -> bool:
    """-> whether a path's suffix is one of `PICTURES`."""
    return of(path) in PICTURES


def is_film(path) -> bool:
    """-> whether a path's suffix is one of `FILMS`."""
    return of(path) in FILMS
