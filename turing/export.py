"""The answers of a visual Turing test as CSV, written once or kept up to date while the test runs.

The answers file is the original. A CSV is a copy, always whole. Imports `trials`, `store` and `files.whole`.
"""

from __future__ import annotations

import csv
import io
import logging
import threading
from pathlib import Path

from colorgan.files import whole
from colorgan.turing import trials
from colorgan.turing.store import Store

COLUMNS = (
    "trial", "index", "real_side", "chosen_side", "correct", "seconds", "hidden", "timestamp",
    "kind", "shown", "said", "exposure", "views", "participant", "front", "test",
)  # fmt: skip
PERIOD = 1.0  # seconds between two checks of the answers file
_log = logging.getLogger(__name__)


def write(store: Store, path) -> Path | None:
    """Write every answer of every test as CSV with `COLUMNS`, a line each.

    For pairs `real_side` and `chosen_side` are filled, for single pictures `shown` and `said`.

    Args:
        store: the answers.
        path: the file. An earlier export is replaced in one step, so a reader sees a whole file. Any other file is
            kept, and the next free name is used.

    Returns:
        The written file; None, and no file, without answers.

    Raises:
        OSError: if it cannot be written; an earlier export is then unchanged.
    """
    rows, path, text = store.rows(), destination(path), io.StringIO(newline="")
    if not rows:
        return None
    csv.writer(text).writerows([COLUMNS, *map(_line, rows)])
    whole.write(path, text.getvalue(), durable=True)
    return path


def destination(path) -> Path:
    """-> the target of `write`: `path`, or the next free name if `path` is not an export."""
    path, wanted, count = Path(path), Path(path), 1
    while path.exists() and not _is_export(path):
        count += 1
        path = wanted.with_stem(f"{wanted.stem}-{count}")
    return path


class Follower:
    """Keeps a CSV up to date in a thread while others write into the answers file.

    Use it as a context manager. It only reads the answers, through its own connection, for which no writer waits. So no
    failure here delays or loses an answer.
    """

    def __init__(self, answers, path, *, period=PERIOD):
        """Prepare to follow.

        Args:
            answers: the path of a `store.Store`.
            path: the CSV, as in `write`; there is none before the first answer.
            period: least seconds between two checks, the delay of the CSV.

        Raises:
            StoreError: if `answers` cannot be used.
        """
        self.path, self.period = destination(path), period
        self._store = Store(answers)
        self._seen, self._failed, self._over = None, False, threading.Event()
        self._thread = threading.Thread(target=self._follow, name="turing-export", daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._store.close()

    def _follow(self):
        while not self._over.wait(self.period):
            self.refresh()

    def refresh(self) -> bool:
        """Write the CSV if there are new answers. -> whether it was written.

        A failure (a full disk, a spreadsheet that locks the file) is logged once; the next check tries again.
        """
        try:
            version = self._store.version()  # before the answers, so later answers are seen at the next check
            written = write(self._store, self.path) if version != self._seen else None
        except OSError as error:
            if not self._failed:
                _log.warning(
                    "%s is not up to date: %s. No answer is lost: all are in %s", self.path, error, self._store.path
                )
            self._failed = True
            return False
        self._seen, self._failed, self.path = version, False, written or self.path
        return written is not None


def _line(row):
    test, participant, front, answer = row
    trial, pair = answer.trial, (answer.trial.truth, answer.choice)
    sides, verdicts = (("", ""), pair) if trial.truth in trials.VERDICTS else (pair, ("", ""))
    return (
        trial.number, trial.index, *sides, int(answer.correct), answer.seconds, int(answer.hidden), answer.timestamp,
        trial.kind, *verdicts, answer.exposure, answer.views, participant, front, test,
    )  # fmt: skip


def _is_export(path):
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline().strip() == ",".join(COLUMNS)
