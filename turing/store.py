"""The answers of a visual Turing test on disk: one SQLite file, with a transaction for each answer.

Several participants, in windows and pages, in one process or several, can use a file at once. It holds any number of
tests, distinguished by their settings. Answers to a test never count for another. Standard library; imports `trials`.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
import threading
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from colorgan.turing.trials import Answer, Settings, Trial, plan, stamp

VERSION = 1  # PRAGMA user_version of the file
SCHEMA = (
    "CREATE TABLE tests (id INTEGER PRIMARY KEY, settings TEXT NOT NULL UNIQUE, created TEXT NOT NULL)",
    """CREATE TABLE participants (
        id INTEGER PRIMARY KEY, test INTEGER NOT NULL REFERENCES tests, number INTEGER NOT NULL,
        token TEXT NOT NULL UNIQUE, front TEXT NOT NULL, started TEXT NOT NULL, UNIQUE (test, number))""",
    """CREATE TABLE trials (
        participant INTEGER NOT NULL REFERENCES participants, number INTEGER NOT NULL, kind TEXT NOT NULL,
        image INTEGER NOT NULL, truth TEXT NOT NULL, views INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (participant, number))""",
    """CREATE TABLE answers (
        participant INTEGER NOT NULL, trial INTEGER NOT NULL, choice TEXT NOT NULL, seconds REAL NOT NULL,
        hidden INTEGER NOT NULL, exposure REAL, given TEXT NOT NULL, PRIMARY KEY (participant, trial),
        FOREIGN KEY (participant, trial) REFERENCES trials (participant, number))""",
    f"PRAGMA user_version = {VERSION}",
)
ANSWERED = "SELECT count(*) FROM answers WHERE participant = ?"


class StoreError(OSError):
    """The answers file cannot be read or written."""


@dataclass(frozen=True)
class Participant:
    """A person who takes a test: a number from 1, a secret token to continue with, and the plan."""

    id: int
    number: int
    token: str
    settings: Settings
    trials: tuple[Trial, ...]


class Store(contextlib.AbstractContextManager):
    """An answers file. Use it as a context manager; any thread can call it."""

    def __init__(self, path):
        """Open the file at `path`; create it and missing folders.

        Raises:
            StoreError: if it is not an answers file or cannot be used.
        """
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        with self._errors():
            self._database = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            self._read("PRAGMA journal_mode = WAL")
            self._read("PRAGMA synchronous = FULL")  # an answer is on the disk when it is acknowledged
            self._read("PRAGMA foreign_keys = ON")
            with self._transaction() as do:
                (version,) = do("PRAGMA user_version").fetchone()
                (tables,) = do("SELECT count(*) FROM sqlite_master").fetchone()
                new = version == tables == 0
                if new:
                    for statement in SCHEMA:
                        do(statement)
            if not new and version != VERSION:
                raise StoreError(
                    f"{self.path} is not an answers file of this version of colorgan (format {version}, not "
                    f"{VERSION}). Move it away, or give another folder with --output."
                )
        except OSError:
            self._database.close()
            raise

    @contextlib.contextmanager
    def _errors(self):
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error

    @contextlib.contextmanager
    def _transaction(self):
        """A transaction that takes the write lock at once, so values read stay valid until its end."""
        with self._lock, self._errors():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database.execute
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def close(self):
        """Close the file, after saving current answers."""
        with self._lock:
            self._database.close()

    def __exit__(self, *_):
        self.close()

    def enroll(self, settings: Settings, *, front: str) -> Participant:
        """Enroll a new participant of the test with these settings; add the test if it is new.

        Args:
            settings: the test.
            front: `window` or `web`.

        Returns:
            The participant with a plan. The plan is saved, so continuing needs no second draw.
        """
        token = secrets.token_hex(16)
        with self._transaction() as do:
            do("INSERT OR IGNORE INTO tests (settings, created) VALUES (?, ?)", (_text(settings), stamp()))
            (test,) = do("SELECT id FROM tests WHERE settings = ?", (_text(settings),)).fetchone()
            (number,) = do("SELECT count(*) + 1 FROM participants WHERE test = ?", (test,)).fetchone()
            identity = do(
                "INSERT INTO participants (test, number, token, front, started) VALUES (?, ?, ?, ?, ?)",
                (test, number, token, front, stamp()),
            ).lastrowid
            trials = tuple(plan(settings, number))
            for trial in trials:
                do("INSERT INTO trials VALUES (?, ?, ?, ?, ?, 0)", (identity, *astuple(trial)))
        return Participant(identity, number, token, settings, trials)

    def find(self, token: str, settings: Settings) -> Participant | None:
        """-> the participant of this test with that token, or None."""
        rows = self._read(
            "SELECT p.id, p.number, r.number, r.kind, r.image, r.truth FROM participants p "
            "JOIN tests t ON t.id = p.test JOIN trials r ON r.participant = p.id "
            "WHERE p.token = ? AND t.settings = ? ORDER BY r.number",
            token,
            _text(settings),
        )
        return Participant(*rows[0][:2], token, settings, tuple(Trial(*row[2:]) for row in rows)) if rows else None

    def answered(self, participant: Participant) -> int:
        """-> the number of answered trials, which are always the first."""
        return self._read(ANSWERED, participant.id)[0][0]

    def shown(self, participant: Participant, number: int):
        """Record that trial `number` was given to the front end."""
        with self._transaction() as do:
            do("UPDATE trials SET views = views + 1 WHERE participant = ? AND number = ?", (participant.id, number))

    def views(self, participant: Participant, number: int) -> int:
        """-> how often trial `number` was given to the front end."""
        where = "WHERE participant = ? AND number = ?"
        return self._read(f"SELECT views FROM trials {where}", participant.id, number)[0][0]

    def save(self, participant: Participant, answer: Answer) -> bool:
        """Save an answer.

        Returns:
            Whether it counts: False if the trial already has an answer, which is kept.

        Raises:
            ValueError: if an earlier trial has no answer yet.
            StoreError: if it cannot be saved.
        """
        number = answer.trial.number
        with self._transaction() as do:
            (due,) = do(ANSWERED, (participant.id,)).fetchone()
            if number > due:
                raise ValueError(f"Trial {number} is not due: {due} is.")
            if number < due:
                return False
            what = (answer.choice, answer.seconds, answer.hidden, answer.exposure, answer.timestamp)
            do("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)", (participant.id, number, *what))
        return True

    def answers(self, settings: Settings) -> dict[int, list[Answer]]:
        """-> {participant's number: answers in their order} of the test with these settings, without empty ones."""
        found: dict[int, list[Answer]] = {}
        for _, number, _, answer in self.rows(settings):
            found.setdefault(number, []).append(answer)
        return found

    def rows(self, settings: Settings | None = None) -> list[tuple[int, int, str, Answer]]:
        """-> (test, participant's number, front, answer) of every answer to one test or to all, at one moment."""
        rows = self._read(
            "SELECT t.id, p.number, p.front, a.trial, r.kind, r.image, r.truth, a.choice, a.seconds, a.hidden, "
            "a.exposure, a.given, r.views FROM answers a "
            "JOIN trials r ON r.participant = a.participant AND r.number = a.trial "
            "JOIN participants p ON p.id = a.participant JOIN tests t ON t.id = p.test "
            "WHERE t.settings = coalesce(?, t.settings) ORDER BY t.id, p.number, a.trial",
            settings and _text(settings),
        )
        return [(*row[:3], Answer(Trial(*row[3:7]), *row[7:9], bool(row[9]), *row[10:])) for row in rows]

    def version(self) -> int:
        """-> a number that changes when another `Store` or process changes the file."""
        return self._read("PRAGMA data_version")[0][0]

    def _read(self, query, *values):
        """A single query sees one state of the file; without a transaction, no writer waits for it."""
        with self._lock, self._errors():
            return self._database.execute(query, values).fetchall()


def _text(settings):
    return json.dumps(asdict(settings), sort_keys=True)
