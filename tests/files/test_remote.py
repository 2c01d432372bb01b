"""Files by URL: what URLs are called, how files get there whole, and errors that name the URL and no secret."""

import pickle
import sys
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFile

from colorgan.files import kinds, remote, whole


@pytest.fixture
def memory(monkeypatch):
    """-> a URL of an empty folder in memory; repeated tries are not waited for."""
    monkeypatch.setattr(remote, "_PAUSES", (0, 0))
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
    assert url.relative_to(url.parent.parent).as_posix() == "a/b.c.jpg"
    with pytest.raises(ValueError, match="does not lie in"):
        url.parent.relative_to(url)


def test_paths_stay_paths():
    assert remote.place("file:///a/b") == remote.place("/a/b") == Path("/a/b")
    assert not remote.is_url("a/b") and not remote.is_url("C://a") and remote.place("C://a") == Path("C://a")
    assert remote.is_url("memory://a") and not remote.is_url(Path("memory://a"))


@pytest.mark.parametrize("url", ["file://localhost/a%20b", "FILE:///a%20b", "file:///a b"])
def test_urls_of_this_machine_are_paths(url):
    assert remote.place(url) == Path("/a b")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file://host/a", "names the machine host"),
        ("zip://a.jpg::s3://b/c.zip", "`::` chains"),
        ("simplecache::s3://b/c", "`::` chains"),
        ("s3://b/in/../out", r"cannot have `\.\.`"),
    ],
)
def test_urls_that_are_refused(url, reason):
    with pytest.raises(ValueError, match=reason):
        remote.place(url)


def test_a_place_has_one_key_however_it_is_spelled(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    for one, other in (
        (f"local://{tmp_path}/a", tmp_path / "link" / "a"),
        ("memory:///scans", "memory://scans"),
        ("ftp://host/a", "FTP://HOST//a/"),
    ):
        assert remote.key(remote.place(one)) == remote.key(remote.place(other))
        assert remote.lies_in(remote.place(f"{one}/b"), remote.place(other))
        assert not remote.lies_in(remote.place(f"{one}b"), remote.place(other))
    named_twice = type("Two", (fsspec.get_filesystem_class("ftp"),), {"protocol": ("ftp", "ftp2")})
    fsspec.register_implementation("ftp2", named_twice, clobber=True)
    assert remote.key(remote.place("ftp://Host/a")) == remote.key(remote.place("ftp2://me@host:21//a"))
    assert remote.key(remote.place("ftp://host/a")) != remote.key(remote.place("ftp://other/a"))


def test_patterns_are_no_secrets():
    for pattern in ("s3://b/a?=1*.jpg", "sftp://host/a?b.jpg", "https://host/a?.jpg", "s3://b/*:x/me@home.jpg"):
        assert str(remote.place(pattern)) == pattern


@pytest.mark.parametrize(
    "url",
    [
        "ftp://me:secret@host/a",
        "ftp://me:se*cret@host/a",
        "s3://KEY:ab/secret@bucket/a",
        "https://host/a.jpg?signature=secret",
        "https://host/a.jpg?secret",
    ],
)
def test_secrets_are_refused_and_not_repeated(url):
    with pytest.raises(ValueError, match="printed and recorded") as caught:
        remote.place(url)
    assert "secret" not in str(caught.value)


def test_what_is_not_there_and_what_cannot_be_asked(memory, monkeypatch):
    assert not remote.exists(memory / "a.jpg") and remote.state(memory / "a.jpg") is None
    asked = []

    def failing(self, path, **options):
        asked.append(path)
        raise error

    for error, tries in ((ConnectionResetError("reset"), 3), (PermissionError("not yours"), 1)):
        with monkeypatch.context() as patched:
            patched.setattr(type(fsspec.filesystem("memory")), "info", failing)
            for ask in (remote.exists, remote.is_file, remote.state):
                asked.clear()
                with pytest.raises(OSError, match=f"memory://top/scans/a.jpg: {error}"):
                    ask(memory / "a.jpg")
                assert len(asked) == tries
    put(memory / "a.jpg")
    assert not remote.exists(remote.place(f"local://{__file__}/below"))
    assert remote.is_file(memory / "a.jpg") and not remote.is_file(memory) and remote.exists(memory)
    remote.remove(memory / "a.jpg")
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
        found = {str(place.relative_to(folder)): names for place, names, _, _ in remote.folders(folder)}
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
    (aside, name), _ = seen
    assert aside.startswith(f".{whole.token()}-") and "a.jpg" not in aside and name == "a.jpg"
    assert [path.read_bytes() for path in (tmp_path / "deep").iterdir()] == [b"before"]
    (tmp_path / "deep" / aside).write_bytes(b"half")  # of a process that was killed
    remote.sweep(url.parent, "another")
    assert (tmp_path / "deep" / aside).exists()
    remote.sweep(url.parent, whole.token())
    assert not (tmp_path / "deep" / aside).exists()


class Moving(LocalFileSystem):
    """A disk whose `mv` replaces no file, and raises an error, or only tells so; or loses what it moves."""

    protocol, how = "moving", "raises"

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("moving://"))

    def mv(self, old, new):
        if self.how == "loses":
            self.rm_file(old)
        elif not self.exists(new):
            super().mv(old, new)
        elif self.how == "raises":
            raise FileExistsError("it exists")


@pytest.mark.parametrize("how", ["raises", "tells", "loses"])
def test_files_are_replaced_where_moving_replaces_none(tmp_path, monkeypatch, how):
    fsspec.register_implementation("moving", Moving, clobber=True)
    url = remote.place(f"moving://{tmp_path}/a.jpg")
    put(url, b"before")
    monkeypatch.setattr(Moving, "how", how)
    if how == "loses":
        with pytest.raises(OSError, match="is not there with its size"):
            put(url, b"and after")
    else:
        put(url, b"and after")
        assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"and after"]


def test_a_copy_that_fails_leaves_nothing(memory, tmp_path, monkeypatch):
    def failing(self, source, target, **options):
        Path(target).write_bytes(b"half")
        raise RuntimeError("gone")

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "get_file", failing)
    with pytest.raises(OSError, match="a.jpg: gone"):
        remote.fetch(memory / "a.jpg", tmp_path)
    assert not list(tmp_path.iterdir())


def test_errors_of_a_copy_name_the_url(memory):
    put(memory / "a.jpg")
    with pytest.raises(OSError) as caught, remote.local(memory / "a.jpg") as path:
        raise OSError(f"{path}: no picture")
    assert str(caught.value) == "memory://top/scans/a.jpg: no picture"
    assert not path.parent.exists() and not remote.left_behind(whole.token())


def test_what_a_url_holds_is_told_by_its_first_bytes(memory):
    put(memory / "layers", b"8BPS\0\1")
    put(memory / "moves.gif", b"GIF89a")
    assert kinds.name(memory / "layers") == "Photoshop" and kinds.name(memory / "gone") == ""
    assert kinds.of(memory / "moves.gif") == "picture"


def test_what_cannot_be_read_by_url_has_no_kind(memory, monkeypatch):
    put(memory / "film.ts", b"G" + bytes(187) + b"G" + bytes(187) + b"G")
    opening, left = MemoryFile.read, [1]

    def failing(self, size=-1):
        if left:
            left.pop()
            raise RuntimeError("reset")  # of a package behind fsspec
        return opening(self, size)

    monkeypatch.setattr(MemoryFile, "read", failing, raising=False)
    assert kinds.of(memory / "film.ts") == "film" and not left  # at the second try
    left += [1] * 3
    with pytest.raises(OSError, match="film.ts: reset"):
        kinds.of(memory / "film.ts")
    with pytest.raises(OSError, match="a name with `::` cannot be read"):
        kinds.of(memory / "a::b.ts")


def test_notes_on_a_url_lie_on_this_machine(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    urls = ("memory://a/out", "memory:///a/out", "memory://b/out", "ftp://a/out", "memory://a/\udce9" + "long" * 60)
    places = {remote.state_folder(remote.place(url)) for url in urls}
    assert len(places) == 4 and all(one.parent == tmp_path / "colorgan" for one in places)
    assert max(len(one.name) for one in places) < 60
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert remote.state_folder(remote.place("memory://a/out")).parent == tmp_path / ".local" / "state" / "colorgan"
