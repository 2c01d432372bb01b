"""`manifest.json`: the source and settings of each file in a folder of results.

It has a line for each file, so it is read and written piecewise at any size. It is made from the `record` when a call
ends. Imports `files.whole` and `files.remote`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from colorgan.files import remote, whole
from colorgan.files.remote import Url

NAME = "manifest.json"
_BEGIN, _BETWEEN, _END = '{"photographs": [', '], "failed": [', "]}"


def read(output: Path | Url) -> Iterator[dict]:
    """-> the entries of a folder's manifest; none without a manifest.

    Raises:
        ValueError: if a foreign file has that name.
        OSError: if it cannot be read.
    """
    path = output / NAME
    if not remote.exists(path):
        return
    try:
        with remote.local(path) as here, here.open(encoding="utf-8") as file:
            if file.readline().rstrip("\n") == _BEGIN:
                lines = itertools.takewhile(lambda line: not line.startswith(_BETWEEN), file)
                entries = (json.loads(line.rstrip(",\n")) for line in lines)
            else:  # the form of earlier versions
                file.seek(0)
                entries = json.load(file)["photographs"]
            for entry in entries:
                entry["output"]  # noqa: B018 - every entry has one
                yield entry
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not a manifest of ours ({error}). Move it away, or choose another --output."
        ) from error


def write(output: Path | Url, entries: Iterable[str], failed: Iterable[dict]) -> None:
    """Write a folder's manifest.

    Args:
        output: the folder.
        entries: source and settings of each output, from `text_of`; `output` is its path relative to the folder.
        failed: {"input", "reason"} of each failed input.

    Raises:
        OSError: if it cannot be written.
    """
    with (
        remote.written(output / NAME) as here,
        whole.replacing(here) as (path,),
        path.open("w", encoding="utf-8", newline="\n") as file,
    ):
        for begin, lines in ((_BEGIN, entries), (_BETWEEN, map(text_of, failed))):
            file.write(begin)
            for i, line in enumerate(lines):
                file.write(f",\n{line}" if i else f"\n{line}")
            file.write("\n")
        file.write(f"{_END}\n")


def text_of(entry: dict) -> str:
    r"""-> a line of JSON. A byte of a name that is not UTF-8 becomes Python's escape, \udce9."""
    return json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
