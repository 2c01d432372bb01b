"""Files by URL: what URLs are called, how files get there whole, and errors that name the URL and no secret."""

import pickle
import sys
from pathlib import Path

import fsspec
import pytest

from colorgan.files import kinds, remote, whole


@pytest.fixture
def memory():
    """-> a URL of an empty folder in memory."""
    yield remote.place("memory://top/scans")
    fsspec.filesystem("memory").store.clear()


def put(url, content=b"content"):
    with remote.written(url) as path:
        path.write_bytes(content)


@pytest.mark.parametrize("text", ["s3://bucket/a/b.c.jpg", "local:///a/b.c.jpg", "sftp://me@host/a/b.c.jpg"])
def test_names_are_as_of_paths(text):
    url = remote.place(text)
    assert str(url) == text and pickle.loads(pickle.dumps(url)) == url == remote.place(url)
    assert (url.name, url.stem, url.suffix) == ("b.c.jpg", "b.c", ".jpg")
    assert str(url.parent / Path("x/y.png")) == text.replace("b.c.jpg", "x/y.png")
    assert url.with_stem("d").name == "d.jpg" and url.with_name("d").name == "d"
    assert url.relative_to(url.parent.parent).as_posix() == "a/b.c.jpg" and url.lies_in(url.parent)
    assert not url.parent.lies_in(url) and not remote.place("memory://a/b.c.jpg").lies_in(url.parent)
    with pytest.raises(ValueError, match="does not lie in"):
        url.parent.relative_to(url)


def test_paths_stay_paths():
    assert remote.place("file:///a/b") == remote.place("/a/b") == Path("/a/b")
    assert not remote.is_url("a/b") and not remote.is_url("C://a") and remote.place("C://a") == Path("C://a")
    assert remote.is_url("memory://a") and not remote.is_url(Path("memory://a"))


@pytest.mark.parametrize("url", ["ftp://me:secret@host/a", "https://host/a.jpg?signature=secret"])
def test_secrets_are_refused_and_not_repeated(url):
    with pytest.raises(ValueError, match="printed and recorded") as caught:
        remote.place(url)
    assert "secret" not in str(caught.value)


def test_what_is_not_there_and_what_cannot_be_asked(memory, monkeypatch):
    assert not remote.exists(memory / "a.jpg") and remote.state(memory / "a.jpg") is None
    with (
        pytest.raises(FileNotFoundError, match="memory://top/scans/a.jpg is not there"),
        remote.local(memory / "a.jpg"),
    ):
        pass
    known = sys.modules["fsspec.registry"].known_implementations
    monkeypatch.setitem(known, "nowhere", {"class": "no_such.System", "err": "Install no_such"})
    for url, reason in (("nowhere://a", "needs a package .*: Install no_such"), ("else://a", "Protocol not known")):
        with pytest.raises(OSError, match=f"{url}.*{reason}"):
            remote.exists(remote.place(url))


def test_a_listing_knows_the_states_of_its_files(memory, tmp_path):
    for folder in (memory, remote.place(f"local://{tmp_path}")):
        for name in ("a.jpg", "deep/b.jpg", "deep/er/c.jpg", ".hidden/d.jpg", "deep/.e.jpg"):
            put(folder / name)
        found = {str(place.relative_to(folder)): names for place, names, _ in remote.folders(folder)}
        assert found == {".": ["a.jpg"], "deep": ["b.jpg"], "deep/er": ["c.jpg"]}
        listed, url = remote.Listed(), folder / "deep" / "b.jpg"
        before = listed.state(url)
        assert before == remote.state(url) is not None and listed.state(folder / "deep" / "z.jpg") is None
        put(url, b"another")
        assert listed.state(url) == before and remote.Listed().state(url) == remote.state(url) != before
        remote.remove(url)
        remote.remove(url)  # there is nothing to remove
        assert remote.state(url) is None


def test_a_file_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    """Where it grows before the eyes of readers, as on a disk: under another name first."""
    url, system = remote.place(f"local://{tmp_path}/deep/a.jpg"), fsspec.filesystem("local")
    put(url, b"before")
    seen = []

    def failing(self, source, target):
        seen.append(sorted(path.name for path in (tmp_path / "deep").iterdir()))
        raise OSError("gone")

    monkeypatch.setattr(type(system), "mv", failing)
    with pytest.raises(OSError, match="a.jpg: gone"):
        put(url, b"after")
    ((aside, name),) = seen
    assert aside.startswith(f".{whole.token()}-") and name == "a.jpg"
    assert [path.read_bytes() for path in (tmp_path / "deep").iterdir()] == [b"before"]
    (tmp_path / "deep" / aside).write_bytes(b"half")  # of a process that was killed
    remote.sweep(url.parent, "another")
    assert (tmp_path / "deep" / aside).exists()
    remote.sweep(url.parent, whole.token())
    assert not (tmp_path / "deep" / aside).exists()


def test_errors_of_a_copy_name_the_url(memory):
    put(memory / "a.jpg")
    with pytest.raises(OSError) as caught, remote.local(memory / "a.jpg") as path:
        raise OSError(f"{path}: no picture")
    assert str(caught.value) == "memory://top/scans/a.jpg: no picture"
    assert not path.parent.exists() and not remote.left_behind(whole.token())


def test_what_a_url_holds_is_told_by_its_first_bytes(memory):
    put(memory / "layers", b"8BPS\0\1")
    assert kinds.name(memory / "layers") == "Photoshop" and kinds.name(memory / "gone") == ""


def test_notes_on_a_url_lie_on_this_machine(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    places = {remote.state_folder(remote.place(url)) for url in ("s3://a/out", "s3://b/out", "gs://a/out")}
    assert len(places) == 3 and all(one.parent == tmp_path / "colorgan" for one in places)
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert remote.state_folder(remote.place("s3://a/out")).parent == tmp_path / ".local" / "state" / "colorgan"
