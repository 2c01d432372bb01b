import io
import os
import pickle

import numpy as np
import pytest
from PIL import Image

from colorgan import datasets
from colorgan.datasets import cifar10


@pytest.fixture
def load(settings):
    def open_split(path, split, **values):
        values = {"height": 32, "width": 32, "validation_fraction": 0.1, **values}
        return datasets.load(settings(dataset="cifar10", dataset_path=str(path), **values), split)

    return open_split


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_pictures_and_labels(cifar, load, gather, protocol):
    root, pictures = cifar(protocol=protocol)
    test = gather(load(root, "test").images(8))
    assert (test["rgb"] == pictures["test_batch"][0]).all() and (test["label"] == pictures["test_batch"][1]).all()
    train, held = (gather(load(root, split).images(50)) for split in ("train", "validation"))
    assert len(train["rgb"]) == 90 and len(held["rgb"]) == 10
    everything = {one.tobytes() for i in range(1, 6) for one in pictures[f"data_batch_{i}"][0]}
    assert {one.tobytes() for one in train["rgb"]} | {one.tobytes() for one in held["rgb"]} == everything


def test_parent_folder_is_accepted_and_described(cifar, load):
    root, _ = cifar()
    split = load(root.parent, "train")
    assert split.size == 90 and len(split.class_names) == 10
    assert split.description.startswith("cifar10, train split, 90 images at 32x32 (python batches in ")


def test_what_is_held_out_depends_on_no_seed(cifar, settings, gather):
    root, _ = cifar()
    data = settings(dataset="cifar10", dataset_path=str(root), height=32, width=32)
    one, other = (gather(datasets.load(data, "validation", seed=seed).images(9))["rgb"] for seed in (0, 1))
    assert (one == other).all() and len(one) == 4  # 4 % of 100


def test_nothing_held_out(cifar, load):
    root, _ = cifar()
    assert load(root, "train", validation_fraction=0.0).size == 100
    with pytest.raises(ValueError, match="--validation-fraction"):
        load(root, "validation", validation_fraction=0.0)


def test_gray_is_dropped_and_other_sizes_are_fitted(cifar, load, gather):
    root, _ = cifar(gray=range(0, 20, 2))
    split = load(root, "train", height=16, width=24, validation_fraction=0.0)
    stream = gather(split.training_batches(10), 5)
    assert stream["gray"].shape == (50, 16, 24, 1)
    assert 45 <= stream["dropped_gray"][-1] <= 50  # half of the first epoch; gray ones after the last do not count


class PythonTwo:
    """Writes a batch by hand as Python 2 did: byte strings are BINSTRING, dtype('u1', 0, 1), arrays by BUILD."""

    def __init__(self, rgb, labels):
        self.rgb, self.labels = rgb, labels

    @staticmethod
    def string(text):
        return b"T" + len(text).to_bytes(4, "little") + text

    def bytes(self):
        number = lambda n: b"J" + int(n).to_bytes(4, "little", signed=True)  # noqa: E731 - an opcode's name
        count = len(self.rgb)
        dtype = (
            b"cnumpy\ndtype\n(" + self.string(b"u1") + number(0) + number(1) + b"tR"
            b"(" + number(3) + self.string(b"|") + b"NNN" + number(-1) + number(-1) + number(0) + b"tb"
        )
        array = (
            b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(" + number(0) + b"t" + self.string(b"b") + b"tR"
            b"(" + number(1) + b"(" + number(count) + number(3072) + b"t" + dtype + b"\x89"
            + self.string(self.rgb.transpose(0, 3, 1, 2).tobytes()) + b"tb"
        )  # fmt: skip
        labels = b"](" + b"".join(map(number, self.labels)) + b"e"
        return b"\x80\x02}(" + self.string(b"data") + array + self.string(b"labels") + labels + b"u."


def test_files_that_python_2_and_numpy_1_wrote(tmp_path, photo):
    rgb = np.stack([photo(i, size=32) for i in range(3)])
    (tmp_path / "test_batch").write_bytes(PythonTwo(rgb, [5, 0, 9]).bytes())
    read, labels = cifar10.read_batch(tmp_path, "test_batch")
    assert (read == rgb).all() and labels.tolist() == [5, 0, 9]


class Attack:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("place", ["data", "labels", "other"])
def test_a_malicious_pickle_is_not_executed(tmp_path, cifar, load, place):
    root, _ = cifar()
    canary = tmp_path / "canary"
    content = {"labels": [0], "data": np.zeros((1, 3072), np.uint8), place: Attack(os.mkdir, str(canary))}
    (root / "data_batch_3").write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(ValueError, match=r"data_batch_3 is not .*posix.mkdir.*not executed"):
        load(root, "train")
    assert not canary.exists()
    pickle.loads((root / "data_batch_3").read_bytes())
    assert canary.exists()  # so it was a real attack


@pytest.mark.parametrize(
    "attack",
    [Attack(eval, "1"), Attack(getattr, "", "join"), Attack(np.load, "x"), Attack(bytearray, 3), np.zeros(2, object)],
)
def test_only_what_a_batch_needs_is_allowed(tmp_path, attack):
    (tmp_path / "test_batch").write_bytes(pickle.dumps({"data": attack, "labels": []}))
    with pytest.raises(ValueError, match="test_batch is not a CIFAR-10 python batch"):
        cifar10.read_batch(tmp_path, "test_batch")


GOOD = {"labels": [1, 2], "data": np.zeros((2, 3072), np.uint8)}
BAD = {
    "not a dict": [1, 2],
    "data` is not": {**GOOD, "data": np.zeros((2, 3000), np.uint8)},
    "type 'f4', not uint8": {**GOOD, "data": np.zeros((2, 3072), np.float32)},
    "a number for each": {**GOOD, "labels": [1]},
    "all in 0..9": {**GOOD, "labels": [1, 10]},
    "KeyError: 'labels'": {"data": GOOD["data"]},
}


@pytest.mark.parametrize("reason", BAD)
def test_wrong_content_is_refused(tmp_path, reason):
    (tmp_path / "test_batch").write_bytes(pickle.dumps(BAD[reason]))
    with pytest.raises(ValueError, match="test_batch is not a CIFAR-10 python batch") as error:
        cifar10.read_batch(tmp_path, "test_batch")
    assert reason in str(error.value)


@pytest.mark.parametrize("keep", [0, 1, 10, 700, -1])
def test_truncated_files_are_refused(cifar, load, keep):
    root, _ = cifar()
    content = (root / "data_batch_2").read_bytes()
    (root / "data_batch_2").write_bytes(content[:keep])
    with pytest.raises(ValueError, match="data_batch_2 is not a CIFAR-10 python batch"):
        load(root, "train")


def test_other_files_are_refused(tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    for content in (picture.getvalue(), b"\x80\x04.", b"hello\n", b"\x80\x02]q\x00}q\x01b.", bytes(range(256))):
        (tmp_path / "test_batch").write_bytes(content)
        with pytest.raises(ValueError, match="test_batch is not a CIFAR-10 python batch"):
            cifar10.read_batch(tmp_path, "test_batch")


def test_missing_files_and_folders(tmp_path, cifar, load):
    with pytest.raises(ValueError, match=r"--dataset-path`: .*nowhere is not there"):
        load(tmp_path / "nowhere", "train")
    with pytest.raises(ValueError, match=r"no `data_batch_1` under .* Expected the folder of cifar-10-python.tar.gz"):
        load(tmp_path, "train")
    root, _ = cifar()
    (root / "test_batch").unlink()
    with pytest.raises(ValueError, match="no `test_batch` under"):
        load(root, "test")


def test_classes(cifar, load, gather):
    root, pictures = cifar()
    words = ("dog", "airplane")
    test = load(root, "test", classes=words)
    rgb, labels = pictures["test_batch"]
    chosen = np.isin(labels, (0, 5))  # airplane is 0 in CIFAR-10, dog is 5
    read = gather(test.images(8))
    assert (read["rgb"] == rgb[chosen]).all() and (read["label"] == (labels[chosen] == 0)).all()
    assert test.class_names == words and test.description.endswith(", classes dog, airplane)")
    every, some = (
        {one.tobytes() for one in gather(load(root, "validation", validation_fraction=0.3, **values).images(9))["rgb"]}
        for values in ({}, {"classes": words})
    )
    known = [one.tobytes() for i in range(1, 6) for one in pictures[f"data_batch_{i}"][0]]
    label = dict(zip(known, np.concatenate([pictures[f"data_batch_{i}"][1] for i in range(1, 6)]), strict=True))
    assert some == {one for one in every if label[one] in (0, 5)}  # held out of all, then chosen
    with pytest.raises(ValueError, match='--classes`: cifar10 has no "plane". Did you mean "airplane"'):
        load(root, "train", classes=("plane",))


def test_classes_that_a_split_lacks_are_an_error(cifar, load):
    root, _ = cifar(count=2)
    with pytest.raises(ValueError, match=r"test split of cifar10 is empty \(.*, classes cat\)"):
        load(root, "test", classes=("cat",))  # by the fixture, its test batch shows a dog and a frog
