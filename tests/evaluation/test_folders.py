"""Two folders as batches: partners, sizes, labels, and files that do not fit."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from colorgan.evaluation import baselines, evaluate, folders


def save(path, shape=(8, 9), seed=0, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype(np.uint8)
    Image.fromarray(picture).save(path, **options)
    return picture


@pytest.fixture
def places(tmp_path):
    """Three pairs in two folders, in other formats and sizes, and a picture without a partner on each side.

    The name of one of the pairs is in Unicode's form NFC here, and NFD there.
    """
    result, truth = tmp_path / "result", tmp_path / "truth"
    for i, (name, shape) in enumerate((("cat/1", (8, 9)), ("cat/2", (8, 9)), ("dog/\u00e9.big", (10, 20)))):
        save(result / f"{name}.png", shape, seed=i)
        save(truth / f"{unicodedata.normalize('NFD', name)}.BMP", shape, seed=10 + i)
    save(result / "dog/alone.png")
    save(truth / "cat/only.png")
    save(truth / "cat/.hidden.png")
    (truth / "notes.txt").write_text("not a picture")
    return result, truth


def test_pairs_and_what_has_no_partner(places):
    result, truth = places
    pairs = folders.Pairs(result, truth)
    assert pairs.names == ["cat/1", "cat/2", "dog/\u00e9.big"]
    assert pairs.missing == {str(result): ["cat/only"], str(truth): ["dog/alone"]}
    assert pairs.class_names == ("cat", "dog")
    assert pairs.description["dataset"].startswith("3 pairs of pictures")
    assert pairs.description["left out for their suffix"] == {str(truth): "notes.txt"}
    assert "alpha over white" in pairs.description["pictures read"]
    assert pairs.description["without a partner"] == {str(result): "cat/only missing", str(truth): "dog/alone missing"}


def test_batches_hold_one_size(places):
    batches = list(folders.Pairs(*places).batches(8))
    assert [batch["rgb"].shape for batch in batches] == [(2, 8, 9, 3), (1, 10, 20, 3)]
    assert [list(batch["index"]) for batch in batches] == [[0, 1], [2]]
    assert [list(batch["label"]) for batch in batches] == [[0, 0], [1]]
    np.testing.assert_array_equal(batches[0]["result"][1], np.asarray(Image.open(places[0] / "cat/2.png")))
    np.testing.assert_array_equal(batches[0]["rgb"][1], np.asarray(Image.open(places[1] / "cat/2.BMP")))
    assert [len(batch["rgb"]) for batch in folders.Pairs(*places).batches(1)] == [1, 1, 1]
    spread = list(folders.Pairs(*places).batches(8, limit=2))
    assert [int(i) for batch in spread for i in batch["index"]] == [0, 2]


def test_large_pictures_come_in_small_batches(places, monkeypatch):
    monkeypatch.setattr(folders, "BATCH_PIXELS", 80)
    assert [len(batch["rgb"]) for batch in folders.Pairs(*places).batches(8)] == [1, 1, 1]


def test_folders_are_measured_with_a_table_each(places):
    pairs = folders.Pairs(*places)
    result = evaluate.evaluate(
        {"result": "result", "gray": baselines.gray_baseline},
        pairs.batches(4),
        description=pairs.description,
        class_names=pairs.class_names,
        class_word="folder",
        resamples=10,
    )
    assert {name: entry["n"] for name, entry in result.classes.items()} == {"cat": 2, "dog": 1}
    assert result.protocol["size (height x width)"] == {"8x9": 2, "10x20": 1}


def test_one_folder_has_no_classes_and_pictures_are_read_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn to the right shows it upright
    turned = save(tmp_path / "a" / "x.png", (9, 12), exif=exif)
    turned_tiff = save(tmp_path / "b" / "x.tif", (9, 12), seed=1, exif=exif)
    Image.fromarray(np.full((8, 8), 65535, np.uint16)).save(tmp_path / "a" / "deep.png")
    save(tmp_path / "b" / "deep.png", (8, 8))
    pairs = folders.Pairs(tmp_path / "a", tmp_path / "b")
    assert pairs.class_names == ()
    deep, upright = pairs.batches(4)
    np.testing.assert_array_equal(upright["result"][0], np.rot90(turned, -1))
    np.testing.assert_array_equal(upright["rgb"][0], np.rot90(turned_tiff, -1))
    assert (deep["result"] == 255).all()
    assert deep["label"] == [-1]


def test_what_does_not_fit_is_named(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    with pytest.raises(FileNotFoundError, match="`--result-dir`: .*a is not there"):
        folders.Pairs(a, b)
    save(a / "x.png")
    save(b / "y.png")
    with pytest.raises(ValueError, match="have no path in common.*x; y"):
        folders.Pairs(a, b)
    save(b / "x.png", (8, 10))
    with pytest.raises(ValueError, match="1 differ: .*x.png is 9x8, .*x.png is 10x8"):
        folders.Pairs(a, b)
    save(a / "x.jpg", (8, 10))
    with pytest.raises(ValueError, match="x.jpg and .*x.png differ only in the suffix"):
        folders.Pairs(a, b)
    (a / "x.png").unlink()
    assert folders.Pairs(a, b).names == ["x"]
    save(a / "x.jpg", (5, 20))
    save(b / "x.png", (5, 20))
    with pytest.raises(ValueError, match="at least 7x7 pixels. Smaller: .*x.png"):
        folders.Pairs(a, b)
    (a / "x.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="x.jpg: not an image"):
        folders.Pairs(a, b)


def test_a_broken_picture_is_named(tmp_path):
    for side in ("a", "b"):
        save(tmp_path / side / "x.png", (40, 40))
    path = tmp_path / "a" / "x.png"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="x.png: cannot be read: .*truncated"):
        list(folders.Pairs(tmp_path / "a", tmp_path / "b").batches(1))
