"""What a folder holds, whatever links and names lie in it."""

import os

import pytest

from colorgan.files import walk


def make(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def test_a_folder(tmp_path):
    # macOS leaves `._1.png` beside each file, and what is unfinished has a dot in front as well.
    make(tmp_path, "b/2.png", "b/c/3.png", "a.png", "notes.txt", "._1.png", "b/.half/4.png")
    found, folders = walk.listing(tmp_path)
    assert found == ["a.png", "b/2.png", "b/c/3.png", "notes.txt"]
    assert folders == {name: (tmp_path / name).stat().st_mtime_ns for name in ("", "b", "b/c")}


def test_links_are_followed_once_and_in_circles_nowhere(tmp_path):
    make(tmp_path, "root/z/1.png", "elsewhere/2.png")
    for link, target in (("a", "root/z"), ("y/up", "root"), ("far", "elsewhere"), ("more", "elsewhere")):
        (tmp_path / "root" / link).parent.mkdir(exist_ok=True)
        (tmp_path / "root" / link).symlink_to(tmp_path / target)
    (tmp_path / "root" / "gone.png").symlink_to(tmp_path / "nothing.png")
    found, folders = walk.listing(tmp_path / "root")
    # z by its own path, though the link to it comes first in the alphabet; of two links, the first.
    assert found == ["far/2.png", "gone.png", "z/1.png"] and set(folders) == {"", "far", "y", "z"}


def test_a_folder_that_cannot_be_read(tmp_path, monkeypatch):
    make(tmp_path, "a/1.png", "b/2.png")
    scan = os.scandir

    def refuse(path):
        if os.path.basename(path) == "a":
            raise PermissionError(f"not for you: {path}")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match="not for you"):
        walk.listing(tmp_path)
    assert [found[:2] for found in walk.folders(tmp_path, strict=False)] == [("", []), ("b", ["2.png"])]


def test_a_folder_that_is_left_out(tmp_path):
    make(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a" / "back").symlink_to(tmp_path / "b")
    assert [folder for folder, _, _ in walk.folders(tmp_path, without=tmp_path / "b")] == ["", "a"]
    assert [names for _, names, _ in walk.folders(tmp_path / "b", without=tmp_path / "b")] == [["2.png"]]
    (tmp_path / "b" / "self").symlink_to("self")  # leads nowhere: a file, of which reading says so
    assert walk.listing(tmp_path / "b")[0] == ["2.png", "self"]
