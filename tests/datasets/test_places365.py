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
    train, validation, test = load_all(places, settings, validation_fraction=0.3)
    assert train.size + validation.size == 9 and validation.size > 0 and test.size == 4
    assert train.class_names == validation.class_names == ("a/abbey", "a/alley", "b/bar") and test.class_names == ()
    one, other = shown(train, gather), shown(validation, gather)
    assert one | other == {number: number // 3 for number in range(9)} and not one.keys() & other.keys()
    assert shown(test, gather) == {9: -1, 10: -1, 11: -1, 12: -1}
    assert len(gather(train.training_batches(3), 4)["cursor"]) == 12


def test_nothing_held_out(places, settings):
    data = settings(dataset="places365", dataset_path=str(places), validation_fraction=0.0)
    assert [datasets.load(data, split).size for split in ("train", "test")] == [9, 4]
    with pytest.raises(ValueError, match="--validation-fraction`: no image of places365 is held out"):
        datasets.load(data, "validation")


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
    for split in ("train", "test"):
        with pytest.raises(ValueError, match="--dataset-path`: no folder `val_256` under"):
            datasets.load(data, split)
    (places / "val_256").mkdir()
    with pytest.raises(ValueError, match="no .jpg files under"):
        datasets.load(data, "test")


def load_all(places, settings, *classes, **values):
    data = settings(dataset="places365", dataset_path=str(places), classes=classes, **values)
    return [datasets.load(data, split) for split in ("train", "validation", "test")]


@pytest.fixture
def listed(places):
    """The official lists beside it: val_256's pictures show a/abbey, b/bar, a/abbey, a/alley."""
    names = ("/a/abbey", "/a/alley", "/b/bar")
    (places / "categories_places365.txt").write_text("".join(f"{name} {i}\n" for i, name in enumerate(names)))
    (places / "places365_val.txt").write_text("0.jpg 0\n1.jpg 2\n2.jpg 0\n3.jpg 1\n")
    return places


def shown(split, gather):
    """-> {number of the picture, as the fixture made them: label}."""
    read = gather(split.images(4))
    return {round(red / 10): label for red, label in zip(read["rgb"][:, 0, 0, 0], read["label"].tolist(), strict=True)}


def test_official_lists_label_val_256(listed, settings, gather):
    train, _, test = load_all(listed, settings)
    assert test.class_names == train.class_names == ("a/abbey", "a/alley", "b/bar")
    assert shown(test, gather) == {9: 0, 10: 2, 11: 0, 12: 1}


def test_classes_with_the_official_lists(listed, settings, gather):
    train, validation, test = load_all(listed, settings, "bar", "abbey")
    one, other = shown(train, gather), shown(validation, gather)
    assert one | other == {0: 1, 1: 1, 2: 1, 6: 0, 7: 0, 8: 0} and other and not one.keys() & other.keys()
    assert shown(test, gather) == {9: 1, 10: 0, 11: 1}
    assert train.class_names == validation.class_names == test.class_names == ("bar", "abbey")
    assert train.description.endswith("not held out, classes bar, abbey)")


def test_classes_without_labels_hold_out_of_data_256(places, settings, gather):
    train, validation, test = load_all(places, settings, "a", "bar", validation_fraction=0.3)
    one, other = shown(train, gather), shown(validation, gather)
    assert one | other == {number: int(number >= 6) for number in range(9)} and not one.keys() & other.keys()
    assert other and shown(test, gather) == other
    for split, words in ((train, "not held out"), (validation, "held out"), (test, "held out")):
        assert f"data_256, {split.size} of 9 files, {words}, classes a, bar" in split.description
    assert ", as for validation: val_256 has no classes" in test.description


def test_one_list_alone_is_no_label(listed, settings, gather):
    (listed / "places365_val.txt").unlink()
    assert load_all(listed, settings)[2].class_names == ()
    assert "no places365_val.txt and categories_places365.txt" in load_all(listed, settings, "bar")[2].description


def test_folders_in_val_256_are_its_labels(places, settings, gather):
    (places / "val_256" / "b" / "bar").mkdir(parents=True)
    for i in (1, 3):
        (places / "val_256" / f"{i}.jpg").rename(places / "val_256" / "b" / "bar" / f"{i}.jpg")
    train, validation, test = load_all(places, settings, "bar")
    one, other = shown(train, gather), shown(validation, gather)
    assert one | other == {6: 0, 7: 0, 8: 0} and other and not one.keys() & other.keys()
    assert shown(test, gather) == {10: 0, 12: 0}
    assert shown(load_all(places, settings)[2], gather) == {9: -1, 10: 0, 11: -1, 12: 0}


@pytest.mark.parametrize(
    "name, content, complaint",
    [
        ("places365_val.txt", "0.jpg 0\n1.jpg\n", r"places365_val.txt, line 2: expected a name and a number"),
        ("places365_val.txt", "0.jpg 3\n", "has a label 3 that .*categories_places365.txt does not name"),
        ("places365_val.txt", "other.jpg 0\n", "lists none of the photographs in"),
        ("categories_places365.txt", "/a/abbey 0\n/a/alley 2\n", "does not number its categories 0, 1, 2"),
    ],
)
def test_malformed_lists_are_refused(listed, settings, name, content, complaint):
    (listed / name).write_text(content)
    with pytest.raises(ValueError, match=f"--dataset-path`: .*{complaint}"):
        load_all(listed, settings)


def test_unlisted_photographs_are_of_unknown_class(listed, settings, gather):
    (listed / "places365_val.txt").write_text("\ufeff1.jpg 2\r\n\r\n", encoding="utf-8")
    assert shown(load_all(listed, settings)[2], gather) == {9: -1, 10: 2, 11: -1, 12: -1}
    assert shown(load_all(listed, settings, "bar")[2], gather) == {10: 0}


def test_names_in_the_lists_may_be_in_another_unicode_form(listed, settings, gather):
    (listed / "val_256" / "0.jpg").rename(listed / "val_256" / "e\u0301.jpg")
    (listed / "places365_val.txt").write_text("\u00e9.jpg 2\n", encoding="utf-8")
    assert shown(load_all(listed, settings, "bar")[2], gather) == {9: 0}


def test_unknown_classes(listed, settings):
    with pytest.raises(
        ValueError, match=r'--classes`: folder .*data_256 has no "alleys". Did you mean "alley" or "a/alley"\?'
    ):
        load_all(listed, settings, "alleys")
