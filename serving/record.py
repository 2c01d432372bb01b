"""The record of a folder of results while calls write into it: what is made is on it at once.

A SQLite file in a hidden folder of the results; of results by URL it lies on this machine, see `remote.state_folder`.
Before a file is made, a call claims it there, with what the manifest will say of it; so no two calls make one file, and
what was made but not recorded when a call was killed is known to the next. Of several calls the last makes
`manifest.json` of it and takes the hidden folder away. It outlives the end of a process at any moment, but not a power
cut: nothing is waited for until it is on the disk. Imports `serving.manifest`, `files.remote` and `files.whole`.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import filelock

from colorgan.files import remote, whole
from colorgan.files.remote import Url
from colorgan.serving import manifest

FOLDER = ".colorgan"
LOCK_SECONDS = 600  # that others may take to write a manifest of millions
_TABLES = (
    "CREATE TABLE entries (output BLOB PRIMARY KEY, entry TEXT, call TEXT) WITHOUT ROWID",
    "CREATE TABLE claims (output BLOB PRIMARY KEY, entry TEXT, before TEXT, call TEXT) WITHOUT ROWID",
    "CREATE TABLE failed (reason TEXT, call TEXT)",
    "CREATE TABLE calls (call TEXT PRIMARY KEY, ended INTEGER)",
    "PRAGMA user_version = 1",
)
_NUMBER = itertools.count()


class Record:
    """A call's hold on a folder's record; `close` ends it.

    Outputs are named by their paths below the folder, with slashes.

    Attributes:
        place: the folder that it lies in.
        unfinished: outputs that a killed call made a part of, a variant but not the picture; they are made again.

    Raises:
        OSError: from everything here: if the folder cannot be written to; ENOSPC if the disk is full.
        ValueError: if there is a `manifest.json` of somebody else.
    """

    def __init__(self, output: Path | Url):
        self.place = remote.state_folder(output) if isinstance(output, Url) else output / FOLDER
        self.output, self.unfinished, self._listed = output, set(), remote.Listed()
        self._call = f"{whole.token()}-{next(_NUMBER)}"
        # A lock of the operating system's: it ends with the process.
        self._alive = filelock.FileLock(self.place / f"{self._call}.lock", thread_local=False)
        try:
            with self._alone():
                self._open()
        except OSError as error:
            reason = error.strerror or error
            where = output if self.place == output / FOLDER else f"{self.place}, the record of {output}"
            raise OSError(f"--output: cannot write to {where} ({reason}). Choose another folder.") from error

    def _open(self):
        self._database = sqlite3.connect(self.place / "record.sqlite", timeout=LOCK_SECONDS, isolation_level=None)
        try:
            self._alive.acquire()
            # Neither waits for the disk, and neither wants memory that processes share, as a write-ahead log does.
            self._do("PRAGMA journal_mode = TRUNCATE")
            self._do("PRAGMA synchronous = OFF")
            if not self._do("PRAGMA user_version").fetchone()[0]:
                with self._together():
                    for table in _TABLES:
                        self._do(table)
                    for entry in manifest.read(self.output):
                        self._put(entry, None)
            self.repair()
            self._do("DELETE FROM failed WHERE call IN (SELECT call FROM calls WHERE ended)")
            self._before = {call for (call,) in self._do("SELECT call FROM calls WHERE ended")}
            self._do("INSERT INTO calls VALUES (?, 0)", (self._call,))
        except BaseException:
            self._leave(remains=self._lives())
            raise

    def entry(self, name: str) -> dict | None:
        """-> what is on record of an output."""
        found = self._do("SELECT entry FROM entries WHERE output = ?", (os.fsencode(name),)).fetchone()
        return json.loads(found[0]) if found else None

    def made_meanwhile(self, name: str) -> bool:
        """-> whether another call made an output that had not ended when this one began."""
        found = self._do("SELECT call FROM entries WHERE output = ?", (os.fsencode(name),)).fetchone()
        return bool(found) and found[0] not in (None, self._call, *self._before)

    def is_there(self, target: Path | Url) -> bool:
        """-> whether a file exists; of a URL as of when its folder was listed, which is once a pass over the files."""
        return os.path.exists(target) if isinstance(target, Path) else self._listed.state(target) is not None

    def claim(self, name: str, targets: Iterable[Path | Url], entry: dict) -> bool:
        """Say that an output is about to be made.

        Args:
            name: the output.
            targets: all files that are written for it.
            entry: what the manifest will say, but for what is known only then.

        Returns:
            Whether this call may make it; False: another has it in hand.
        """
        # One look at a folder serves all its files by URL.
        look = self._listed.state if isinstance(self.output, Url) else remote.state
        before = {one.relative_to(self.output).as_posix(): look(one) for one in targets}
        row = os.fsencode(name), manifest.text_of(entry), manifest.text_of(before), self._call
        return self._do("INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?)", row).rowcount == 1

    def is_made(self, name: str) -> bool:
        """-> whether all files of an output that this call claims have been written since."""
        before = self._do("SELECT before FROM claims WHERE output = ?", (os.fsencode(name),)).fetchone()
        return all(self._changed(before[0]).values())

    def release(self, name: str) -> None:
        """Give up a claim: the output is not made."""
        self._do("DELETE FROM claims WHERE output = ? AND call = ?", (os.fsencode(name), self._call))

    def done(self, name: str, entry: dict) -> None:
        """Put an output on record, in place of its claim."""
        with self._together():
            self._put(entry, self._call)
            self.release(name)

    def fail(self, source: Path, reason: str) -> None:
        """Put on record that an input gave nothing."""
        row = manifest.text_of({"input": str(source), "reason": reason}), self._call
        self._do("INSERT INTO failed VALUES (?, ?)", row)

    def repair(self) -> set[str]:
        """Settle what calls that were killed had in hand: what they made is recorded, what they did not is free.

        Returns:
            The outputs that became free.
        """
        self._listed = remote.Listed()
        freed, calls = set(), [call for (call,) in self._do("SELECT call FROM calls WHERE NOT ended").fetchall()]
        for call in (one for one in calls if not self._lives(one)):
            claims = self._do("SELECT output, entry, before FROM claims WHERE call = ?", (call,)).fetchall()
            with self._together():
                places = {self.output}
                for output, entry, before in claims:
                    made = self._changed(before)
                    places |= {path.parent for path in made}
                    if all(made.values()):
                        self._put({**json.loads(entry), "seconds": None}, call)
                    else:
                        freed.add(os.fsdecode(output))
                        self.unfinished |= {os.fsdecode(output)} if any(made.values()) else set()
                self._do("DELETE FROM claims WHERE call = ?", (call,))
                self._do("UPDATE calls SET ended = 1 WHERE call = ?", (call,))
            if not call.startswith(whole.token()):
                remove_unfinished(places, call.partition("-")[0])
            (self.place / f"{call}.lock").unlink(missing_ok=True)
        return freed

    def _changed(self, before):
        """-> {file: whether it was written since a claim}, by the states that the claim notes."""
        states = {self.output / name: state for name, state in json.loads(before).items()}
        return {path: remote.state(path) not in (None, state and tuple(state)) for path, state in states.items()}

    def close(self) -> None:
        """End the call: make the manifest; who is the last takes the record away.

        Raises:
            OSError: if the manifest cannot be written: the record stays, and a later call makes it.
        """
        with self._alone():
            remains = True
            try:
                with self._together():
                    self._do("DELETE FROM claims WHERE call = ?", (self._call,))
                    self._do("UPDATE calls SET ended = 1 WHERE call = ?", (self._call,))
                self.repair()
                self._write_manifest()
                remains = self._lives()
            except sqlite3.Error as error:
                raise self._translated(error) from error
            finally:
                self._leave(remains=remains)

    def _write_manifest(self):
        # A cursor that is left open in the middle would hold the database's lock.
        with (
            contextlib.closing(self._do("SELECT entry FROM entries ORDER BY output")) as made,
            contextlib.closing(self._do("SELECT reason FROM failed")) as failed,
        ):
            manifest.write(self.output, (row[0] for row in made), (json.loads(row[0]) for row in failed))

    def _lives(self, call=None):
        """Whether a call goes on; without one: whether any but this does."""
        if call is None:
            locks = {path.stem for path in self.place.glob("*.lock")} - {self._call}
            return any(self._lives(call) for call in locks)
        lock = filelock.FileLock(self.place / f"{call}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            return True
        lock.release()
        return False

    def _leave(self, *, remains):
        self._database.close()
        self._alive.release()
        Path(self._alive.lock_file).unlink(missing_ok=True)
        if not remains:
            shutil.rmtree(self.place, ignore_errors=True)

    @contextlib.contextmanager
    def _alone(self):
        """No other call begins or ends for a while."""
        lock = filelock.FileLock(self.place / "lock", thread_local=False)
        while True:
            self.place.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=LOCK_SECONDS)
                break
            except FileNotFoundError:  # the last of the others has just taken the folder away
                continue
            except filelock.Timeout as error:
                raise OSError(
                    f"{lock.lock_file} is held: another call has been writing {self.output / manifest.NAME} for "
                    f"{LOCK_SECONDS} seconds. Wait for it, or end it"
                ) from error
        try:
            yield
        finally:
            lock.release()

    def _put(self, entry, call):
        row = os.fsencode(entry["output"]), manifest.text_of(entry), call
        self._do("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", row)

    @contextlib.contextmanager
    def _together(self):
        """All of it or nothing."""
        self._do("BEGIN IMMEDIATE")
        try:
            yield
            self._do("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a full disk has undone it already
                self._database.execute("ROLLBACK")
            raise

    def _do(self, statement, values=()):
        try:
            return self._database.execute(statement, values)
        except sqlite3.Error as error:
            raise self._translated(error) from error

    def _translated(self, error):
        path = self.place / "record.sqlite"
        if error.sqlite_errorname == "SQLITE_FULL" or shutil.disk_usage(self.place).free < 2**16:
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return OSError(f"{path}: {error}. If it is damaged, move {self.place} away: what exists is then passed over")


def remove_unfinished(places: Iterable[Path | Url], token: str) -> None:
    """Remove what a killed process was writing into folders, see `whole.token`, and its temporary folders."""
    left = remote.left_behind(token)
    for place in places:
        if isinstance(place, Url):
            remote.sweep(place, token)
        else:
            left += place.glob(f".{token}-*")
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
