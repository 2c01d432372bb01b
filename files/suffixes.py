"""Which files hold pictures and which films, by the ends of their names, and what each kind can hold.

Imports nothing of ours.
"""

from __future__ import annotations

import os

JPEG, TIFF = (".jpg", ".jpeg"), (".tiff", ".tif")
PICTURES = (*JPEG, ".png", ".webp", ".bmp", *TIFF)
FILMS = (
    ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".mts", ".m2ts", ".3gp", ".ogv",
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
