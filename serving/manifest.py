"""`manifest.json`: what each file of a folder of results was made from, and how.

It has a line for each, so that it is read and written piece by piece, however many there are. Made from the `record`
when a call ends. Imports `files.whole` and `files.remote`.
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
    """The entries of the manifest that a folder has already; none without one.

    Raises:
        ValueError: if there is another file of that name.
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
            else:  # as earlier versions wrote it
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
        entries: what each output was made from, and how, as `text_of`; `output` is its path below the folder.
        failed: {"input", "reason"} of each input that gave none.

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
    r"""-> a line of JSON. A byte of a name that is no UTF-8 becomes the escape of what Python reads it as, \udce9."""
    return json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
