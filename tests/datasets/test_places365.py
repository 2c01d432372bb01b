import json
import os
import time

import pytest
from PIL import Image

from colorgan import datasets
from colorgan.datasets import files, places365


@pytest.fixture
def places(tmp_path):
    """A tiny Places365: three categories in data_256, four pictures in val_256."""
    for number, name in enumerate(
        [f"data_256/{category}/{i}.jpg" for category in ("a/abbey", "a/alley", "b/bar") for i in range(3)]
        + [f"val_256/{i}.jpg" for i in range(4)]
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (256, 256), (10 * number, 99, 0)).save(tmp_path / name)
    old = time.time() - 60
    for folder, _, _ in os.walk(tmp_path):
        os.utime(folder, (old, old))
    return tmp_path


def test_splits_and_labels(places, settings, gather):
    data = settings(dataset="places365", dataset_path=str(places))
    train, validation, test = (datasets.load(data, split) for split in ("train", "validation", "test"))
    assert (train.size, validation.size, test.size) == (9, 4, 4)
    assert train.class_names == ("a/abbey", "a/alley", "b/bar") and validation.class_names == ()
    read = gather(train.images(4))
    assert [round((red - 0.5) / 10) // 3 for red in read["rgb"][:, 0, 0, 0]] == read["label"].tolist()
    assert gather(validation.images(4))["label"].tolist() == [-1] * 4
    assert len(gather(train.training_batches(3), 4)["cursor"]) == 12


def test_list_is_cached_and_used(places, monkeypatch):
    root = places / "data_256"
    found = places365.cached_listing(root)
    assert found == files.listing(root)[0] and len(found) == 9
    monkeypatch.setattr(files, "listing", lambda *_: pytest.fail("listed again"))
    assert places365.cached_listing(root) == found


def touch(path):
    path.write_bytes(b"")


CHANGES = {
    "added": (lambda root: touch(root / "a/abbey/new.jpg"), 10),
    "added in a new folder": (lambda root: ((root / "c/cave").mkdir(parents=True), touch(root / "c/cave/x.JPG")), 10),
    "deleted": (lambda root: (root / "b/bar/1.jpg").unlink(), 8),
    "renamed": (lambda root: (root / "b/bar/1.jpg").rename(root / "b/bar/z.jpg"), 9),
    "folder deleted": (lambda root: ([p.unlink() for p in (root / "b/bar").iterdir()], (root / "b/bar").rmdir()), 6),
    "folder moved": (lambda root: (root / "b").rename(root / "d"), 9),
}


@pytest.mark.parametrize("change", CHANGES)
def test_stale_list_is_made_again(places, change):
    root, (act, count) = places / "data_256", CHANGES[change]
    places365.cached_listing(root)
    act(root)
    assert places365.cached_listing(root) == files.listing(root)[0]
    assert len(places365.cached_listing(root)) == count


def test_list_made_within_the_clocks_grain_is_not_trusted(places):
    root = places / "data_256"
    (root / "a/abbey/new.jpg").write_bytes(b"")
    places365.cached_listing(root)
    stamp = os.stat(root / "a/abbey").st_mtime_ns
    (root / "a/abbey/newer.jpg").write_bytes(b"")
    os.utime(root / "a/abbey", ns=(stamp, stamp))  # a clock too coarse to tell the two apart
    assert len(places365.cached_listing(root)) == 11


@pytest.mark.parametrize("content", ["", "[]", '{"files": []}', "\x00"])
def test_damaged_list_is_made_again(places, content):
    cache = places / "val_256.files.json"
    cache.write_text(content)
    assert len(places365.cached_listing(places / "val_256")) == 4
    assert len(json.loads(cache.read_text())["files"]) == 4


def test_read_only_disk_needs_no_list(places, monkeypatch):
    def refuse(*_):
        raise PermissionError("read-only")

    monkeypatch.setattr(os, "replace", refuse)
    assert len(places365.cached_listing(places / "val_256")) == 4
    assert sorted(path.name for path in places.iterdir()) == ["data_256", "val_256"]


def test_missing_and_empty_folders(places, settings):
    (places / "val_256").rename(places / "other")
    data = settings(dataset="places365", dataset_path=str(places))
    with pytest.raises(ValueError, match="--dataset-path`: no folder `val_256` under"):
        datasets.load(data, "validation")
    (places / "val_256").mkdir()
    with pytest.raises(ValueError, match="no .jpg files under"):
        datasets.load(data, "validation")
