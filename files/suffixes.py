"""Which files hold pictures and which films, by the ends of their names, and what each kind can hold.

What a file holds in truth is told by `files.kinds`, which has to open it. Imports nothing of ours.
"""

from __future__ import annotations

import os

JPEG, TIFF = (".jpg", ".jpeg", ".jpe", ".jfif"), (".tiff", ".tif")
WRITTEN = (*JPEG, ".png", ".webp", ".bmp", *TIFF)
# All that are read; those that are not written become PNG.
PICTURES = (*WRITTEN, ".gif", ".heic", ".heif", ".avif", ".jp2", ".j2k", ".jpf", ".jpx", ".jxl", ".dng")
FILMS = (
    ".mp4", ".m4v", ".mov", ".qt", ".f4v", ".avi", ".divx", ".mkv", ".webm", ".mpg", ".mpeg", ".m2v", ".mpv", ".vob",
    ".ts", ".mts", ".m2ts", ".m2t", ".wmv", ".asf", ".flv", ".3gp", ".3g2", ".ogv", ".dv", ".mxf",
)  # fmt: skip
FORMATS = {"jpg": JPEG, "png": (".png",), "tiff": TIFF, "webp": (".webp",)}  # to choose from; the first is written
DEEP = (".png", *TIFF)  # can hold 16 bits
LOSSY = (*JPEG, ".webp")


def of(path) -> str:
    """-> the suffix of a path, in small letters."""
    return os.path.splitext(path)[1].lower()


def is_picture(path) -> bool:
    """-> whether a path's suffix is one of `PICTURES`."""
    return of(path) in PICTURES


def is_film(path) -> bool:
    """-> whether a path's suffix is one of `FILMS`."""
    return of(path) in FILMS
