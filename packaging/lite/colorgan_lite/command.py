"""The command `colorgan_lite`: colorizes photographs and folders."""

from __future__ import annotations

import argparse
import os
import sys
import unicodedata
from importlib.metadata import version
from pathlib import Path

import numpy as np

from .files import reading, suffixes, walk, writing
from .imaging import fullres

DESCRIPTION = """Colorize photographs. Results have the photographs' names, in the folder --output. Results that exist
are skipped. Films, hints, clusters and the web page are in colorgan itself."""


def console() -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(words) -> int:
    """-> the exit status: 0, 1 if a photograph could not be colorized, 2 for a wrong command line."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # a terminal may not be able to show a file's name
    parser = _parser()
    wanted = parser.parse_args(words)
    if gone := [one for one in wanted.inputs if not os.path.exists(one)]:
        parser.error(f"{gone[0]} is not there")
    jobs, problems = _jobs(wanted)
    if not jobs and not problems:
        parser.error(f"no photograph in {', '.join(wanted.inputs)} ({', '.join(sorted(suffixes.PICTURES))})")
    from .colorizer import Colorizer  # slow imports, after checks of the command line

    try:
        colorizer = Colorizer.load(wanted.weights, work_size=wanted.work_size)
    # For files that are not networks ONNX Runtime raises types of its own.
    except Exception as error:
        parser.error(f"--weights {wanted.weights} cannot be used: {error}")
    made, there = 0, 0
    with reading.large_pictures(wanted.max_megapixels):
        for source, target in jobs:
            if target.exists() and not wanted.overwrite:
                there += 1
                continue
            try:
                notes = colorize_file(colorizer, source, target, wanted)
            # ONNX Runtime raises types of its own, such as for too little memory. The next photograph can work.
            except Exception as error:
                problems.append(str(error) if str(source) in str(error) else f"{source}: {error}")
                print(problems[-1], file=sys.stderr)
            else:
                made += 1
                print("\n".join([str(target), *(f"note: {source}: {note}" for note in notes)]))
    if there:
        print(f"{there:,} skipped, because their results are already in {wanted.output}. --overwrite replaces them.")
    if problems:
        print(f"{made:,} colorized, {len(problems):,} not.", file=sys.stderr)
    return 1 if problems else 0


def _jobs(wanted):
    """-> (source, target) of each photograph, and the problems of the others."""
    found = {}  # a photograph comes once, even if several inputs name it
    for source, below in _found(wanted):
        found.setdefault(os.path.realpath(source), (source, below))
    jobs, problems, taken = [], [], {}
    # Photographs that keep their names come first: s.png stays s.png, and s.jpg becomes s.jpg.png.
    for source, below in sorted(found.values(), key=lambda one: _target(wanted, one[1]).name != one[1].name):
        target = _target(wanted, below)
        if _key(target) in taken:  # a.png from a.heic, next to a.png
            target = target.with_name(below.name + target.suffix)
        if _key(target) in taken:
            other = taken[_key(target)]
            problems.append(f"{other} and {source} would both become {target}. Use separate calls for them.")
        elif os.path.realpath(target) in found:
            problems.append(f"{source} would be written over {target}, a photograph of yours. Choose another --output.")
        else:
            taken[_key(target)] = source
            jobs.append((source, target))
    for problem in problems:
        print(problem, file=sys.stderr)
    return jobs, problems


def _target(wanted, below):
    spellings = suffixes.FORMATS[wanted.format] if wanted.format else suffixes.WRITTEN
    if suffixes.of(below) in spellings:
        return Path(wanted.output) / below
    return Path(wanted.output) / below.with_suffix(spellings[0] if wanted.format else ".png")


def _key(path):
    """-> the key for comparing results: on some systems names that differ in case or Unicode's form are one file."""
    return unicodedata.normalize("NFC", os.path.abspath(path)).lower()


def _found(wanted):
    """-> (path, relative path of the result) of each photograph: named files, and everything in named folders."""
    for given in map(Path, wanted.inputs):
        if not given.is_dir():
            yield given, Path(given.name)
            continue
        for folder, names, _ in walk.folders(given, strict=False, without=wanted.output):
            yield from ((given / folder / name, Path(folder, name)) for name in names if suffixes.is_picture(name))


def colorize_file(colorizer, source: Path, target: Path, wanted) -> list[str]:
    """Colorize a file into another. -> notes. Raises OSError and ValueError as in `files`."""
    photograph = reading.read(source, max_megapixels=wanted.max_megapixels)
    ab = colorizer.colors(photograph.pixels, saturation=wanted.saturation, flip_average=wanted.flip_average)
    dtype = photograph.pixels.dtype if suffixes.of(target) in suffixes.DEEP else np.uint8
    rgb = fullres.join(photograph.pixels, ab, dtype=dtype)
    along = photograph.metadata.machine_made() if wanted.provenance else photograph.metadata
    notes = writing.write(target, rgb, alpha=photograph.alpha, metadata=along, quality=wanted.quality)
    return [*photograph.notes, *notes]


def _parser():
    parser = argparse.ArgumentParser(
        prog="colorgan_lite",
        usage="%(prog)s PHOTO [PHOTO ...] [options]",
        description=DESCRIPTION,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("inputs", nargs="+", metavar="PHOTO", help="a photograph, or a folder of photographs")
    add("--output", default="colorized", help="folder for the results")
    add("--saturation", type=_number(0, 10), default=1.0, help="strength of the colours, 0 to 10")
    add("--flip-average", action="store_true", help="colorize the mirrored photograph too, and take the mean")
    add("--format", choices=[*suffixes.FORMATS], help="format of the results; None: the photograph's, or PNG")
    add("--quality", type=_number(1, 100, int), default=writing.QUALITY, help="quality of JPEG and WebP, 1 to 100")
    add("--overwrite", action="store_true", help="replace results that exist")
    add("--no-provenance", dest="provenance", action="store_false", help="leave out that the colours are machine-made")
    add("--max-megapixels", type=_number(0.001, 1e6), default=reading.MAX_MEGAPIXELS, help="refuse larger photographs")
    add(
        "--work-size",
        type=_number(0, 65536, int),
        default=0,
        help="pixels of the shorter side that the network sees; 0: its own",
    )
    add("--weights", default="photo", help="`photo`, or an ONNX file that colorgan exported")
    add("--version", action="version", version=f"%(prog)s {version('colorgan-lite')}")
    return parser


def _number(least, most, kind=float):
    def number(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text} is not a number from {least:g} to {most:g}")
        return value

    return number
