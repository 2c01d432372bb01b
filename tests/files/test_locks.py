"""A lock is held by one, says by whom, and ends with its holder."""

import os
import subprocess
import sys

import pytest

from colorgan.files import locks


def test_one_holds_it(tmp_path):
    path = tmp_path / "new" / "a.lock"
    with locks.held(path) as problem:
        assert problem == ""
        with (
            pytest.raises(locks.Taken, match=rf"^process {os.getpid()} on .+, since \d{{4}}-\d\d-\d\d "),
            locks.held(path),
        ):
            pass
        assert path.exists()
    assert not path.exists()
    with locks.held(path):
        pass


def test_it_ends_with_a_process_that_is_killed(tmp_path):
    path = tmp_path / "a.lock"
    code = (
        "import os, signal, sys\nfrom colorgan.files import locks\n"
        "with locks.held(sys.argv[1]): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, path]).returncode == -9
    assert path.read_text().startswith("process ")
    with locks.held(path):
        assert path.read_text().startswith(f"process {os.getpid()} ")


def test_a_file_that_was_removed_is_no_lock(tmp_path, monkeypatch):
    """The last holder removes it between another's opening and locking: the other makes a new one."""
    path, lock = tmp_path / "a.lock", locks._lock
    turns = iter([True, False])

    def late(file):
        if next(turns):
            path.unlink()
        return lock(file)

    monkeypatch.setattr(locks, "_lock", late)
    with locks.held(path):
        assert path.exists()


def test_where_there_are_no_locks_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "fcntl", None)
    with locks.held(tmp_path / "a.lock") as problem:
        assert problem == "this system has no locks for it"
