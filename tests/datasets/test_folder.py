import numpy as np
import pytest
from PIL import Image

from colorgan import datasets
from colorgan.datasets import folder as source
from colorgan.datasets import paths


def test_splits_divide_the_folder(folder, settings, gather, photo):
    root = folder(30)
    data = settings(dataset_path=str(root), validation_fraction=0.2)
    train, held, test = (datasets.load(data, split) for split in ("train", "validation", "test"))
    assert train.size + held.size == 30 and 1 <= held.size <= 15 and test.size == held.size
    read = [one.tobytes() for split in (train, held) for one in gather(split.images(8))["rgb"]]
    assert sorted(read) == sorted(photo(i).tobytes() for i in range(30))
    assert (gather(test.images(8))["rgb"] == gather(held.images(8))["rgb"]).all()
    assert f"{held.size} of 30 files, held out" in held.description


def test_all_formats_letter_cases_and_depths(tmp_path, settings, gather):
    (tmp_path / "a" / "b").mkdir(parents=True)
    for number, name in enumerate(["1.jpg", "2.JPEG", "a/3.Png", "a/4.webp", "a/b/5.bmp", "a/b/6.tif", "a/b/7.TIFF"]):
        Image.new("RGB", (9, 9), (30 * number, 0, 0)).save(tmp_path / name)
    (tmp_path / "a" / "readme.md").write_text("no picture")
    split = datasets.load(settings(dataset_path=str(tmp_path), validation_fraction=0.0), "train")
    read = gather(split.images(3))
    assert sorted(round(one[..., 0].mean() / 30) for one in read["rgb"]) == list(range(7))
    assert split.class_names == ("a", "a/b")
    assert sorted(read["label"]) == [-1, -1, 0, 0, 1, 1, 1]


def test_new_files_move_no_others_across():
    old = [f"x/{i}.jpg" for i in range(300)]
    train, held = source.held_out(old, 0.1)
    more_train, more_held = source.held_out(old + [f"y/{i}.jpg" for i in range(300)], 0.1)
    assert set(train) <= set(more_train) and set(held) <= set(more_held)
    assert abs(len(held) - 30) < 5 * np.sqrt(300 * 0.1 * 0.9)  # five standard deviations


@pytest.mark.parametrize("fraction", [0.0001, 0.9999])
def test_no_part_is_empty_from_two_files_on(fraction):
    train, held = source.held_out(["a.jpg", "b.jpg"], fraction)
    assert len(train) == len(held) == 1


def test_empty_and_missing_folders(tmp_path, settings, folder, monkeypatch):
    with pytest.raises(ValueError, match=r"--dataset-path`: no photographs \(.jpg.*\) under"):
        datasets.load(settings(dataset_path=str(tmp_path)), "train")
    with pytest.raises(ValueError, match="--dataset-path`: .*nowhere is not a folder"):
        datasets.load(settings(dataset_path=str(tmp_path / "nowhere")), "train")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="--dataset-path`: no folder dataset/folder"):
        datasets.load(settings(), "train")
    with pytest.raises(ValueError, match="--validation-fraction`: nothing of folder is held out"):
        datasets.load(settings(dataset_path=str(folder(1))), "validation")


@pytest.mark.parametrize("spelled", ["./dataset", "./dataset/cifar10", "dataset/cifar10/"])
def test_default_path_may_be_missing_and_is_found(tmp_path, settings, monkeypatch, spelled):
    monkeypatch.chdir(tmp_path)
    data = settings(dataset="cifar10", dataset_path=spelled)
    assert paths.locate(data) is None
    (tmp_path / "dataset" / "cifar10").mkdir(parents=True)
    assert paths.locate(data).resolve() == tmp_path / "dataset" / "cifar10"


def test_any_other_missing_path_is_an_error(tmp_path, settings, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("./dataset/places365", "./data", str(tmp_path / "dataset" / "cifar10")):
        with pytest.raises(ValueError, match="--dataset-path`: .* is not a folder"):
            paths.locate(settings(dataset="cifar10", dataset_path=path))
