"""The record of a folder of results while calls write into it. Results are recorded at once.

It is a SQLite file in a hidden folder of the results; for results by URL it lies on this machine, see
`remote.state_folder`. Before making a file, a call claims it there, with its entry for the manifest. So two calls never
make the same file, and the next call knows files that a killed call made but did not record. The last of several calls
makes `manifest.json` from it and removes the hidden folder. The record survives a kill at any moment, but not a power
cut, because writes do not wait for the disk. Imports `serving.manifest`, `files.remote` and `files.whole`.
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
LOCK_SECONDS = 600  # seconds for other calls to write a manifest of millions
_TABLES = (
    "CREATE TABLE entries (output BLOB PRIMARY KEY, entry TEXT, call TEXT) WITHOUT ROWID",
    "CREATE TABLE claims (output BLOB PRIMARY KEY, entry TEXT, before TEXT, call TEXT) WITHOUT ROWID",
    "CREATE TABLE failed (reason TEXT, call TEXT)",
    "CREATE TABLE calls (call TEXT PRIMARY KEY, ended INTEGER)",
    "PRAGMA user_version = 1",
)
_NUMBER = itertools.count()


class Record:
    """A call's access to a folder's record; `close` ends it.

    Outputs are named by their paths relative to the folder, with slashes.

    Attributes:
        place: the record's folder.
        unfinished: outputs that a killed call made partly, such as a variant without the picture; they are made again.

    Raises:
        OSError: from all methods: if the folder cannot be written to; ENOSPC if the disk is full.
        ValueError: if there is a foreign `manifest.json`.
    """

    def __init__(self, output: Path | Url):
        self.place = remote.state_folder(output) if isinstance(output, Url) else output / FOLDER
        self.output, self.unfinished, self._listed = output, set(), remote.Listed()
        self._call = f"{whole.token()}-{next(_NUMBER)}"
        # A lock of the operating system, which ends with the process.
        self._alive = filelock.FileLock(self.place / f"{self._call}.lock", thread_local=False)
        try:
            with self._alone():
                self._open()
        except OSError as error:
            reason = error.strerror or error
            where = output if self.place == output / FOLDER else f"{self.place}, the record of {output}"
            raise OSError(f"`--output`: cannot write to {where} ({reason}). Choose another folder.") from error

    def _open(self):
        self._database = sqlite3.connect(self.place / "record.sqlite", timeout=LOCK_SECONDS, isolation_level=None)
        try:
            self._alive.acquire()
            # Neither waits for the disk, nor needs shared memory as a write-ahead log does.
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
        """-> the recorded entry of an output."""
        found = self._do("SELECT entry FROM entries WHERE output = ?", (os.fsencode(name),)).fetchone()
        return json.loads(found[0]) if found else None

    def made_meanwhile(self, name: str) -> bool:
        """-> whether an output was made by another call that was still running when this call began."""
        found = self._do("SELECT call FROM entries WHERE output = ?", (os.fsencode(name),)).fetchone()
        return bool(found) and found[0] not in (None, self._call, *self._before)

    def is_there(self, target: Path | Url) -> bool:
        """-> whether a file exists; for a URL at the time of its folder's listing, once per pass."""
        return os.path.exists(target) if isinstance(target, Path) else self._listed.state(target) is not None

    def claim(self, name: str, targets: Iterable[Path | Url], entry: dict) -> bool:
        """Claim an output before making it.

        Args:
            name: the output.
            targets: all its files.
            entry: its entry for the manifest, without values known only later.

        Returns:
            Whether this call may make it; False: another call is making it.
        """
        # One listing of a folder serves all its files by URL.
        look = self._listed.state if isinstance(self.output, Url) else remote.state
        before = {one.relative_to(self.output).as_posix(): look(one) for one in targets}
        row = os.fsencode(name), manifest.text_of(entry), manifest.text_of(before), self._call
        return self._do("INSERT OR IGNORE INTO claims VALUES (?, ?, ?, ?)", row).rowcount == 1

    def is_made(self, name: str) -> bool:
        """-> whether all files of an output claimed by this call have been written since."""
        before = self._do("SELECT before FROM claims WHERE output = ?", (os.fsencode(name),)).fetchone()
        return all(self._changed(before[0]).values())

    def release(self, name: str) -> None:
        """Give up a claim: the output is not made."""
        self._do("DELETE FROM claims WHERE output = ? AND call = ?", (os.fsencode(name), self._call))

    def done(self, name: str, entry: dict) -> None:
        """Record an output, replacing its claim."""
        with self._together():
            self._put(entry, self._call)
            self.release(name)

    def fail(self, source: Path, reason: str) -> None:
        """Record that an input failed."""
        row = manifest.text_of({"input": str(source), "reason": reason}), self._call
        self._do("INSERT INTO failed VALUES (?, ?)", row)

    def repair(self) -> set[str]:
        """Settle the claims of killed calls: finished outputs are recorded, others become free.

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
        """End the call and make the manifest; the last call removes the record.

        Raises:
            OSError: if the manifest cannot be written; the record stays, and a later call makes it.
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
        # An unfinished cursor would hold the database's lock.
        with (
            contextlib.closing(self._do("SELECT entry FROM entries ORDER BY output")) as made,
            contextlib.closing(self._do("SELECT reason FROM failed")) as failed,
        ):
            manifest.write(self.output, (row[0] for row in made), (json.loads(row[0]) for row in failed))

    def _lives(self, call=None):
        """Whether a call is running; without an argument: whether any other call is."""
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
        """Within: no other call begins or ends."""
        lock = filelock.FileLock(self.place / "lock", thread_local=False)
        while True:
            self.place.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=LOCK_SECONDS)
                break
            except FileNotFoundError:  # the last other call has just removed the folder
                continue
            except filelock.Timeout as error:
                raise OSError(
                    f"{lock.lock_file} is held: another call has been writing {self.output / manifest.NAME} for "
                    f"{LOCK_SECONDS} seconds. Wait for it, or end it."
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
        """Within: a transaction, all or nothing."""
        self._do("BEGIN IMMEDIATE")
        try:
            yield
            self._do("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):  # a full disk has already rolled it back
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
        return OSError(f"{path}: {error}. If it is damaged, move {self.place} away; existing results are then skipped.")


def remove_unfinished(places: Iterable[Path | Url], token: str) -> None:
    """Remove unfinished files of a killed process in folders, see `whole.token`, and its temporary folders."""
    left = remote.left_behind(token)
    for place in places:
        if isinstance(place, Url):
            remote.sweep(place, token)
        else:
            left += place.glob(f".{token}-*")
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
