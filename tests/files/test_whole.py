"""A file is there as it was, or as it is to be; never half."""

import os

import pytest

from colorgan.files import whole


def contents(folder):
    """-> {path: bytes} of all files below a folder, hidden ones too; folders that hold none count as None."""
    paths = [path for path in folder.rglob("*") if path.is_file() or not any(path.iterdir())]
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in paths}


@pytest.mark.parametrize("content", ["tä\r\n\n", b"\xff\0"])
@pytest.mark.parametrize("durable", [False, True])
def test_text_and_bytes(tmp_path, content, durable):
    old = os.umask(0o027)
    try:
        for _ in range(2):  # the second replaces the first
            whole.write(tmp_path / "new" / "a.txt", content, durable=durable)
    finally:
        os.umask(old)
    written = content if isinstance(content, bytes) else b"t\xc3\xa4\r\n\n"  # UTF-8 by hand, lines as they are
    assert contents(tmp_path) == {"new/a.txt": written}
    assert (tmp_path / "new" / "a.txt").stat().st_mode & 0o777 == 0o640


def test_what_is_unfinished_has_the_suffix_and_is_hidden(tmp_path):
    target = tmp_path / ("n" * 244 + ".weights.h5")  # as long as names can be: 255 bytes
    target.write_text("before")
    with whole.replacing(target) as (path,), whole.replacing(target) as (other,):
        assert path.name == other.name == target.name and path != other
        path.write_text("first")
        other.write_text("second")
        assert target.read_text() == "before"
        assert all(found.name.startswith(".") for found in tmp_path.iterdir() if found != target)
    assert contents(tmp_path) == {target.name: b"first"}


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_what_was_there(tmp_path, error):
    (tmp_path / "a").write_text("before")
    with pytest.raises(type(error)), whole.replacing(tmp_path / "a", tmp_path / "b") as made:
        for path in made:
            path.write_text("half")
        raise error
    assert contents(tmp_path) == {"a": b"before"}


def test_folders_are_replaced(tmp_path):
    for text in ("one", "two"):
        with whole.replacing(tmp_path / "model") as (path,):
            path.mkdir()
            (path / text).write_text(text)
    assert contents(tmp_path) == {"model/two": b"two"}


@pytest.mark.parametrize("blocked", ["first", "second"])
def test_all_or_none(tmp_path, blocked):
    """A folder stands where a file should be; what has moved by then comes back."""
    other = "second" if blocked == "first" else "first"
    (tmp_path / other).write_text("before")
    (tmp_path / blocked).mkdir()
    with (
        pytest.raises(IsADirectoryError),
        whole.replacing(*(tmp_path / name for name in ("first", "second", "third"))) as made,
    ):
        for path in made:
            path.write_text("after")
    assert contents(tmp_path) == {other: b"before", blocked: None}
    (tmp_path / blocked).rmdir()
    with whole.replacing(tmp_path / "first", tmp_path / "second") as made:
        for path in made:
            path.write_text("after")
    assert contents(tmp_path) == {"first": b"after", "second": b"after"}


def test_one_file_is_never_missing(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("before")
    replace, seen = os.replace, []
    monkeypatch.setattr(os, "replace", lambda *paths: (seen.append((tmp_path / "a").exists()), replace(*paths)))
    whole.write(tmp_path / "a", "after")
    assert seen == [True] and (tmp_path / "a").read_text() == "after"
