"""Tiny data sets in the formats of the real ones, made by the tests themselves."""

import pickle

import numpy as np
import pytest
from PIL import Image

from colorgan.settings import config


@pytest.fixture
def settings():
    """-> a function that makes a config.Data for 8 x 8 pictures."""

    def make(**values):
        return config.Data(**{"dataset": "folder", "height": 8, "width": 8, **values})

    return make


@pytest.fixture
def photo():
    """-> a function: number -> a [size, size, 3] uint8 picture that no other number has."""

    def make(number, size=8):
        return np.random.RandomState(number).randint(0, 256, (size, size, 3)).astype(np.uint8)

    return make


@pytest.fixture
def folder(tmp_path, photo):
    """-> a function that writes `count` PNG files into a folder and returns the folder."""

    def make(count, name="photos", subfolder=""):
        root = tmp_path / name
        (root / subfolder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.fromarray(photo(number)).save(root / subfolder / f"{subfolder}{number:03}.png")
        return root

    return make


@pytest.fixture
def cifar(tmp_path, photo):
    """-> a function that writes the six python batches, `count` pictures each, and returns (folder, all pictures)."""

    def make(count=20, protocol=2, gray=()):
        root = tmp_path / "cifar-10-batches-py"
        root.mkdir(exist_ok=True)
        pictures = {}
        for batch, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
            rgb = np.stack([photo(1000 * batch + i, size=32) for i in range(count)])
            for i in gray:
                rgb[i] = rgb[i, :, :, :1]
            labels = [(batch + i) % 10 for i in range(count)]
            content = {
                b"batch_label": name.encode(),
                b"labels": labels,
                b"data": rgb.transpose(0, 3, 1, 2).reshape(count, 3072),
                b"filenames": [f"{i}.png".encode() for i in range(count)],
            }
            (root / name).write_bytes(pickle.dumps(content, protocol=protocol))
            pictures[name] = rgb, np.array(labels)
        return root, pictures

    return make


@pytest.fixture
def gather():
    """-> a function that reads `count` batches and joins them: {name: [count * b, ...]}."""

    def read(dataset, count=-1):
        batches = list(dataset.take(count).as_numpy_iterator())
        return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}

    return read
