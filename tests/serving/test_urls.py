"""Photographs by URL, into folders by URL: what is done with paths, as `test_batch.py` has it."""

import io
import json

import fsspec
import numpy as np
import pytest
from PIL import Image

from colorgan.files import remote
from colorgan.serving import batch, found, photos, pipeline, plan
from colorgan.serving.photos import Settings

SETTINGS = Settings(work_size=16)


@pytest.fixture
def memory(monkeypatch, tmp_path):
    """-> fsspec's file system in memory, empty; notes on it go to the test's folder."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def scans(memory, folder):
    """The photographs of `folder`, as memory://scans; -> that URL."""
    for path in folder.rglob("*"):
        if path.is_file():
            memory.pipe_file(f"/scans/{path.relative_to(folder).as_posix()}", path.read_bytes())
    return "memory://scans"


def colorize(painter, inputs, out, **options):
    said = []
    status = batch.colorize_files(painter, inputs, out, say=said.append, **{"settings": SETTINGS, **options})
    return status, "\n".join(said)


def names(memory, place="/out"):
    return sorted(path.removeprefix(f"{place}/") for path in memory.find(place))


def manifest(memory):
    return json.loads(memory.cat_file("/out/manifest.json"))


def test_urls_become_urls_or_paths(memory, scans, folder, tmp_path, painter):
    expected = ["a.jpg", "b.PNG", "deep/a.jpg", "manifest.json"]
    for source in (scans, folder):
        assert colorize(painter, [source], "memory://out") == (0, "3 photographs colorized: memory://out")
        assert names(memory) == expected and not list((tmp_path / "state" / "colorgan").iterdir())
        entries = {one["output"]: one["input"] for one in manifest(memory)["photographs"]}
        assert entries["deep/a.jpg"] == f"{source}/deep/a.jpg" and len(entries) == 3
        made = memory.cat_file("/out/b.PNG")
        with Image.open(io.BytesIO(made)) as image:
            assert image.size == (30, 20) and np.ptp(np.asarray(image).astype(int), axis=-1).max() > 20
        memory.rm("/out", recursive=True)
    assert colorize(painter, [scans], tmp_path / "out") == (0, f"3 photographs colorized: {tmp_path / 'out'}")
    assert (tmp_path / "out" / "b.PNG").read_bytes() == made
    assert colorize(painter, [f"file://{folder}/b.PNG"], f"file://{tmp_path}/own")[0] == 0
    assert (tmp_path / "own" / "b.PNG").read_bytes() == made


def test_what_is_there_is_passed_over_or_replaced(memory, scans, painter):
    memory.pipe_file("/out/deep/a.jpg", b"mine")
    status, said = colorize(painter, [scans], "memory://out")
    assert status == 0 and "1 skipped, because it exists" in said
    assert memory.cat_file("/out/deep/a.jpg") == b"mine" and len(manifest(memory)["photographs"]) == 2
    stronger = Settings(work_size=16, saturation=1.3)
    assert "2 of them made with other settings" in colorize(painter, [scans], "memory://out", settings=stronger)[1]
    status, said = colorize(painter, [scans], "memory://out", overwrite=True)
    assert status == 0 and said.startswith("3 photographs") and memory.cat_file("/out/deep/a.jpg") != b"mine"


def test_an_original_is_never_written_over(scans, painter, memory):
    before = memory.cat_file("/scans/a.jpg")
    with pytest.raises(ValueError, match="memory://scans/a.jpg would be written over"):
        colorize(painter, [scans], scans, overwrite=True)
    for inputs, out in ((["memory:///scans"], scans), ([scans], "memory:///scans")):
        with pytest.raises(ValueError, match="would be written over"):
            plan.Plan(inputs, out, SETTINGS)
    assert memory.cat_file("/scans/a.jpg") == before
    # Results below an input are no inputs.
    for _ in range(2):
        assert colorize(painter, [scans], f"{scans}/out", overwrite=True)[1].startswith("3 photographs")
    assert len(list(plan.Plan([scans], "memory:///scans/out", SETTINGS))) == 3


def test_an_original_on_a_disk_is_never_written_over(folder):
    for inputs, out in (([folder], f"local://{folder}"), ([f"local://{folder}"], folder)):
        with pytest.raises(ValueError, match="would be written over"):
            plan.Plan(inputs, out, SETTINGS)
    deep = list(plan.Plan([folder], f"local://{folder}/deep", SETTINGS))
    assert [job.name for job in deep] == ["a.jpg", "b.PNG"]


@pytest.mark.parametrize("pattern", ["", "/*", "/**", "/**/*.jpg", "/d*", "/*/a.*", "/**/d*/*", "/b.PNG", "/x*"])
def test_patterns_match_what_they_match_of_paths(scans, folder, pattern):
    def places(top):
        groups = list(found.groups([f"{top}{pattern}"]))
        return sorted(group.place(name)[1].as_posix() for group in groups for name in group.names)

    assert places(scans) == places(folder)


def test_only_folders_that_may_match_are_listed(scans, monkeypatch):
    listing, listed = remote.listing, []
    monkeypatch.setattr(remote, "listing", lambda url: (listed.append(str(url)), listing(url))[1])
    assert [group.names for group in found.groups([f"{scans}/*.jpg"])] == [["a.jpg"]]
    assert listed == ["memory://scans"]


def test_names_and_shares_are_those_of_paths(scans, folder, tmp_path):
    options = {"settings": Settings(work_size=16, format="png"), "variants": 2, "doubt": True, "shard": (1, 2)}

    def jobs(inputs, out):
        made = plan.Plan(inputs, out, **options)
        return [(job.name, [one.name for one in job.targets], bool(job.notes)) for job in made]

    assert jobs([scans], "memory://out") == jobs([folder], tmp_path / "out") != []


def test_bad_files_are_named_by_url(memory, scans, painter):
    memory.pipe_file("/scans/c.png", b"")
    memory.pipe_file("/scans/layers", b"8BPS\0\1")
    status, said = colorize(painter, [scans, "memory://scans/gone.png"], "memory://out")
    assert status == 1 and "memory://scans/c.png: cannot be read: the file is empty" in said
    assert "memory://scans/gone.png is not there" in said and "memory://scans/layers (Photoshop)" in said
    assert len(manifest(memory)["failed"]) == 2 and len(manifest(memory)["photographs"]) == 3
    with pytest.raises(FileNotFoundError, match="memory://gone is not there"):
        colorize(painter, ["memory://gone"], "memory://out")


def test_what_cannot_be_listed_or_looked_at_fails(memory, scans, painter, monkeypatch):
    """A folder, a film with a suffix of scripts, names with `::`; the others are done."""
    monkeypatch.setattr(remote, "_PAUSES", (0, 0))
    for name in ("film.ts", "a::b.jpg", "a::b/c.jpg", "notes"):
        memory.pipe_file(f"/scans/{name}", b"G")
    ls, opening = type(memory).ls, type(memory)._open

    def failing(self, path, *given, **options):
        if path.endswith(("/deep", "/film.ts", "/notes")):
            raise ConnectionResetError("reset")
        return (ls if given == () and "detail" in options else opening)(self, path, *given, **options)

    monkeypatch.setattr(type(memory), "ls", failing)
    monkeypatch.setattr(type(memory), "_open", failing)
    status, said = colorize(painter, [scans], "memory://out")
    assert status == 1 and "1 without a known suffix could not be read; the first: memory://scans/notes: reset" in said
    reasons = {one["input"].removeprefix("memory://scans/"): one["reason"] for one in manifest(memory)["failed"]}
    assert set(reasons) == {"film.ts", "deep", "a::b.jpg", "a::b"} and all(
        reason in said for reason in reasons.values()
    )
    assert "deep: reset" in reasons["deep"] and "cannot be read or written by URL" in reasons["a::b"]
    assert names(memory) == ["a.jpg", "b.PNG", "manifest.json"]


def test_a_manifest_that_cannot_be_asked_for_is_kept(memory, scans, painter, monkeypatch):
    monkeypatch.setattr(remote, "_PAUSES", ())
    assert colorize(painter, [scans], "memory://out")[0] == 0
    before, info = memory.cat_file("/out/manifest.json"), type(memory).info

    def failing(self, path, **options):
        if path.endswith("manifest.json"):
            raise ConnectionResetError("reset")
        return info(self, path, **options)

    monkeypatch.setattr(type(memory), "info", failing)
    with pytest.raises(OSError, match="reset"):
        colorize(painter, [scans], "memory://out", overwrite=True)
    assert memory.cat_file("/out/manifest.json") == before


def test_a_file_that_cannot_be_put_stops_no_other(memory, scans, painter, monkeypatch):
    put = type(memory).put_file

    def failing(self, path, target, **options):
        if target.endswith("b.PNG"):
            raise PermissionError("not yours")
        return put(self, path, target, **options)

    monkeypatch.setattr(type(memory), "put_file", failing)
    status, said = colorize(painter, [scans], "memory://out")
    assert status == 1 and "memory://scans/b.PNG: memory://out/b.PNG: not yours" in said
    assert names(memory) == ["a.jpg", "deep/a.jpg", "manifest.json"]


def test_copies_are_few_at_a_time_and_gone_at_the_end(memory, painter, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for i in range(60):
        memory.pipe_file(f"/scans/{i}.bmp", b"no picture")
    fetch, most = remote.fetch, []
    monkeypatch.setattr(
        remote, "fetch", lambda url, place: (most.append(len(list(place.iterdir()))), fetch(url, place))[1]
    )
    assert colorize(painter, ["memory://scans"], tmp_path / "out")[0] == 1
    assert len(most) == 60 and max(most) <= pipeline.IN_FLIGHT + 2 * photos.BATCH
    assert not list(tmp_path.glob("colorgan-*"))


def test_a_film_by_url(memory, painter, make_film, tmp_path):
    memory.put_file(str(make_film(tmp_path / "a.mkv", [90] * 3)), "/scans/a.mkv")
    status, said = colorize(painter, ["memory://scans"], "memory://out")
    assert status == 0 and said.startswith("Colorized: memory://out/a.mkv (3 frames")
    assert names(memory) == ["a.mkv", "manifest.json"]
    assert manifest(memory)["photographs"][0]["input"] == "memory://scans/a.mkv"
