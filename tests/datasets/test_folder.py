import itertools
import unicodedata

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


def test_an_index_is_that_of_the_name(folder, settings, gather, photo):
    split = datasets.load(settings(dataset_path=str(folder(30)), validation_fraction=0.2), "validation")
    read = gather(split.images(4, seed=3))
    names = [split.picture_names[index] for index in read["index"]]
    assert len(set(names)) == split.size
    for name, picture in zip(names, read["rgb"], strict=True):
        assert (picture == photo(int(name.removesuffix(".png")))).all()


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
    with pytest.raises(ValueError, match="--dataset-path`: .*nowhere is not there"):
        datasets.load(settings(dataset_path=str(tmp_path / "nowhere")), "train")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="--dataset-path`: dataset/folder is not there"):
        datasets.load(settings(), "train")
    with pytest.raises(ValueError, match="--validation-fraction`: no image of folder is held out"):
        datasets.load(settings(dataset_path=str(folder(2)), validation_fraction=0.0), "validation")


def test_one_photograph_is_for_training_alone_and_the_error_says_so(settings, folder):
    for name in "abc":  # whatever the hash of its path
        data = settings(dataset_path=str(folder(1, name, name)), validation_fraction=0.9)
        assert datasets.load(data, "train").size == 1
        with pytest.raises(ValueError, match=f"only one usable photograph, {name}/{name}000.png, .* --sample False"):
            datasets.load(data, "validation")


def test_all_can_be_held_out_for_measuring(settings, folder):
    data = settings(dataset_path=str(folder(5)), validation_fraction=1.0)
    assert datasets.load(data, "test").size == 5
    with pytest.raises(ValueError, match="The train split of folder is empty"):
        datasets.load(data, "train")


@pytest.fixture
def divided(tmp_path, photo):
    """-> a function that makes a folder with `count` photographs of each class in each of its parts, and returns it."""

    def make(name, *parts, count=4, classes=("cat", "dog")):
        for number, (part, one, i) in enumerate(itertools.product(parts, classes, range(count))):
            (tmp_path / name / part / one).mkdir(parents=True, exist_ok=True)
            Image.fromarray(photo(number)).save(tmp_path / name / part / one / f"{i}.png")
        return tmp_path / name

    return make


def read(root, settings, gather, split, **values):
    """-> the bytes of a split's pictures, sorted, its classes, and its origin."""
    found = datasets.load(settings(dataset_path=str(root), **values), split)
    return sorted(one.tobytes() for one in gather(found.images(8))["rgb"]), found.class_names, found.source.origin


@pytest.mark.parametrize("parts", [("train", "val", "test"), ("Train", "validation", "TEST")])
def test_a_folder_that_is_divided_is_taken_as_it_is(divided, settings, gather, photo, parts):
    root = divided("splits", *parts)
    (root / parts[2] / "ape").mkdir()  # a class that is in one part alone: the numbers of the others do not move
    Image.fromarray(photo(99)).save(root / parts[2] / "ape" / "0.png")
    for place, (split, part) in enumerate(zip(("train", "validation", "test"), parts, strict=True)):
        pictures = [photo(8 * place + i).tobytes() for i in range(8)] + [photo(99).tobytes()] * (split == "test")
        found = read(root, settings, gather, split)
        assert found == (sorted(pictures), ("ape", "cat", "dog"), f"folder {root / part}")
    assert len(read(root, settings, gather, "train", classes=("dog",))[0]) == 4


def test_without_a_part_for_validation_it_is_held_out_of_train(divided, settings, gather, photo):
    root = divided("splits", "train", "test", count=10)
    train, held, test = (
        read(root, settings, gather, split, validation_fraction=0.2)[0] for split in ("train", "validation", "test")
    )
    assert sorted(train + held) == sorted(photo(i).tobytes() for i in range(20)) and 1 <= len(held) <= 10
    assert test == sorted(photo(i).tobytes() for i in range(20, 40))


def test_without_a_part_for_tests_validation_is_the_test(divided, settings, gather):
    root = divided("splits", "train", "val")
    assert read(root, settings, gather, "test") == read(root, settings, gather, "validation")


@pytest.mark.parametrize("named", ["val", "test"])
def test_a_part_for_tests_that_is_named_is_measured_whole(divided, settings, gather, named):
    root = divided("splits", "train", "val", "test")
    whole = read(root, settings, gather, {"val": "validation"}.get(named, named))
    assert read(root / named, settings, gather, "test") == whole
    assert read(root / named, settings, gather, "train") == read(root, settings, gather, "train")


def test_what_lies_beside_the_parts_is_named(divided, settings, gather, photo):
    root = divided("splits", "train", "val", "extra")
    Image.fromarray(photo(0)).save(root / "loose.png")
    for split in ("train", "test"):
        assert read(root, settings, gather, split)[2].endswith("; left out, next to train: extra, loose.png")
    (root / "train").rename(root / "trains")  # one of them alone is a class like others
    assert datasets.load(settings(dataset_path=str(root), validation_fraction=0.0), "train").size == 25


def test_copies_from_another_system_are_divided_alike(divided, settings, gather):
    spelled = [
        divided(name, ".", count=9, classes=(unicodedata.normalize(name, "Caf\u00e9"),)) for name in ("NFC", "NFD")
    ]
    one, other = (read(root, settings, gather, "validation", validation_fraction=0.3)[:2] for root in spelled)
    assert one == other and one[1] == ("Caf\u00e9",)


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
        with pytest.raises(ValueError, match="--dataset-path`: .* is not there"):
            paths.locate(settings(dataset="cifar10", dataset_path=path))


@pytest.fixture
def scenes(tmp_path, photo):
    """A folder of 12 forests in two subfolders, 8 mountains and 4 photographs in no folder: {relative path: number}."""
    names = [f"{place}/{i}.png" for place in ("forest/pine", "forest/oak") for i in range(6)]
    names += [f"mountain/{i}.png" for i in range(8)] + [f"{i}.png" for i in range(4)]
    for number, name in enumerate(names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(number)).save(tmp_path / name)
    return tmp_path


def numbers_in(split, gather, photo):
    known = {photo(number).tobytes(): number for number in range(24)}
    read = gather(split.images(5))
    return {known[one.tobytes()]: label for one, label in zip(read["rgb"], read["label"].tolist(), strict=True)}


def test_classes_in_every_split(scenes, settings, gather, photo):
    data = settings(dataset_path=str(scenes), validation_fraction=0.3, classes=("mountain", "forest"))
    splits = {name: datasets.load(data, name) for name in ("train", "validation", "test")}
    train, held, test = (numbers_in(split, gather, photo) for split in splits.values())
    assert not train.keys() & held.keys() and test == held
    # By the fixture's numbers: 0 to 11 are forests, the second word; 12 to 19 mountains.
    assert train | held == {number: int(number < 12) for number in range(20)}
    assert all(split.class_names == ("mountain", "forest") for split in splits.values())
    assert f"{len(held)} of 24 files, held out, classes mountain, forest" in splits["test"].description


def test_what_is_held_out_does_not_depend_on_the_classes(scenes, settings, gather, photo):
    def held(*classes):
        data = settings(dataset_path=str(scenes), validation_fraction=0.5, classes=classes)
        return set(numbers_in(datasets.load(data, "validation"), gather, photo))

    assert held("mountain") == held() & set(range(12, 20)) and held("forest") == held() & set(range(12))


def test_order_is_a_function_of_the_selection(scenes, settings, gather):
    data = settings(dataset_path=str(scenes), validation_fraction=0.0, classes=("pine",), augment=False)
    stream = gather(datasets.load(data, "train").training_batches(6), 3)
    assert stream["cursor"].tolist() == list(range(18))
    epochs = [sorted(one.tobytes() for one in stream["color"][i : i + 6]) for i in (0, 6, 12)]
    assert epochs[0] == epochs[1] == epochs[2] and len(set(epochs[0])) == 6
    rest = gather(datasets.load(data, "train").training_batches(2, start=7), 2)
    assert (rest["color"] == stream["color"][7:11]).all()


def test_unknown_classes_name_the_folders(scenes, settings, folder):
    data = settings(dataset_path=str(scenes), classes=("forrest",))
    message = r'folder .* has no "forrest". Did you mean "forest"\? It has: "forest/oak", "forest/pine", "mountain"'
    with pytest.raises(ValueError, match=message):
        datasets.load(data, "train")
    with pytest.raises(ValueError, match="no categories"):
        datasets.load(settings(dataset_path=str(folder(3, "flat")), classes=("forest",)), "train")


def test_tall_pictures_keep_their_aspect_and_their_middle(tmp_path, settings, gather):
    """By hand: of 300 x 200, the height of 200 becomes 64, and of the width, which becomes 96, the middle 32 stay."""
    rgb = np.zeros((200, 300, 3), np.uint8)
    rgb[:, :, 0] = np.linspace(0, 255, 300)
    rgb[:, :, 1] = np.linspace(0, 255, 200)[:, None]
    for number in range(2):
        Image.fromarray(rgb).save(tmp_path / f"{number}.jpg", quality=98)
    data = settings(dataset_path=str(tmp_path), height=64, width=32, validation_fraction=0.0, augment=False)
    split = datasets.load(data, "train")
    read = gather(split.images(2))["rgb"].astype(float)
    assert read.shape == (2, 64, 32, 3) and "at 32x64" in split.description
    columns, rows = np.linspace(85, 170, 32), np.linspace(2, 253, 64)
    assert abs(read[..., 0] - columns).max() < 5 and abs(read[..., 1] - rows[:, None]).max() < 5
    batch = gather(split.training_batches(2), 1)
    assert batch["gray"].shape == (2, 64, 32, 1) and batch["color"].shape == (2, 64, 32, 2)
