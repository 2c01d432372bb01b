"""Photographs in files: read, colorized at their own size, written whole. Imports `models`."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps
from tqdm import tqdm

from colorgan.models import color
from colorgan.models.colorizer import Colorizer, to_rgb8
from colorgan.pictures import to_rgb

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}


def find(inputs) -> list[tuple[Path, Path]]:
    """The photographs that files and folders (recursive) name.

    Args:
        inputs: paths.

    Returns:
        [(path, its path below the given folder, or its name)].

    Raises:
        FileNotFoundError: if an input does not exist or a folder holds no photograph.
    """
    found = []
    for given in map(Path, inputs):
        if given.is_file():
            found.append((given, Path(given.name)))
            continue
        inside = sorted(p for p in given.rglob("*") if p.suffix.lower() in SUFFIXES)
        if not inside:
            what = "is not there" if not given.exists() else f"holds no photograph ({', '.join(sorted(SUFFIXES))})"
            raise FileNotFoundError(f"{given} {what}")
        found += [(path, path.relative_to(given)) for path in inside]
    return found


def read(path: Path) -> np.ndarray:
    """-> a photograph as [H, W, 3] uint8 sRGB, upright.

    Raises:
        OSError: if it is not an image, is truncated, or is too large for Pillow's guard against decompression bombs.
    """
    try:
        with Image.open(path) as image:
            return np.asarray(to_rgb(ImageOps.exif_transpose(image)))
    # Pillow's parsers meet arbitrary bytes and raise what comes up (OSError, SyntaxError, struct.error, ...).
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error


def colorize(colorizer: Colorizer, rgb: np.ndarray, *, work_size: tuple[int, int]) -> np.ndarray:
    """Colours predicted at a working size, joined with the untouched lightness at full size.

    Args:
        colorizer: predicts the colours.
        rgb: [H, W, 3] uint8 sRGB; only its lightness is used.
        work_size: height and width, in pixels, that the generator was trained at; the picture's shorter side is
            brought to the shorter of the two, never enlarged.

    Returns:
        [H, W, 3] uint8 sRGB with the input's lightness.
    """
    height, width = rgb.shape[:2]
    factor = min(1.0, min(work_size) / min(height, width))
    small = (max(1, round(width * factor)), max(1, round(height * factor)))
    lab = colorizer.predict_lab(cv2.resize(rgb, small, interpolation=cv2.INTER_AREA)[None])[0]
    ab = cv2.resize(np.ascontiguousarray(lab[..., 1:]), (width, height), interpolation=cv2.INTER_CUBIC)
    lightness = np.asarray(color.rgb_to_lab(rgb.astype(np.float32) / 255))[..., :1]
    return to_rgb8(np.concatenate([lightness, ab], axis=-1))


def colorize_files(colorizer: Colorizer, inputs, output: Path, *, work_size: tuple[int, int]) -> int:
    """Colorize files into a folder as PNG; one bad file does not stop the others.

    Args:
        colorizer: predicts the colours.
        inputs: files and folders.
        output: folder for the results; the structure below a given folder is kept.
        work_size: see `colorize`.

    Returns:
        Exit status: 0, or 1 if a file could not be colorized; those are listed.
    """
    if colorizer.color_space == "rgb":
        print("The weights predict RGB: each photograph's own lightness is put back.")
    found, failed = find(inputs), []
    stems = [below.with_suffix("") for _, below in found]
    for path, below in tqdm(found, unit="photo"):
        # a.jpg and a.tiff beside each other become a.jpg.png and a.tiff.png.
        alone = stems.count(below.with_suffix("")) == 1
        target = output / (below.with_suffix(".png") if alone else below.with_name(below.name + ".png"))
        try:
            if target.exists():
                raise FileExistsError(f"{target} exists; it is never overwritten")
            result = colorize(colorizer, read(path), work_size=work_size)
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f".{os.getpid()}.{target.name}")
            Image.fromarray(result).save(temporary)
            temporary.replace(target)
        except (OSError, ValueError) as error:
            failed.append(f"{path}: {error}")
    if failed:
        print(f"{len(failed)} not colorized:\n  " + "\n  ".join(failed))
    return 1 if failed else 0
