"""A colorizer without a network."""

import keras
import numpy as np
import pytest
from PIL import Image

from colorgan.models import generators
from colorgan.models.predictor import Predictor
from colorgan.serving.colorizer import Colorizer
from colorgan.settings import flags


class Painter:
    """Predicts a smooth, vivid gradient of colours, and counts the batches it was given."""

    color_space = "lab"

    def __init__(self):
        self.batches = []

    def predict_small(self, rgb, flip_average=False):
        assert rgb.dtype == np.uint8 and rgb.ndim == 4 and rgb.shape[-1] == 3
        self.batches.append(rgb.shape)
        _, h, w, _ = rgb.shape
        y, x = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
        return np.broadcast_to(np.stack([60 * x, 60 * y], axis=-1), (len(rgb), h, w, 2)).astype(np.float32)


@pytest.fixture
def painter():
    return Painter()


@pytest.fixture(scope="session")
def steerable():
    """A colorizer of random weights, always the same, that takes all conditions, and heeds them."""
    keras.utils.set_random_seed(0)
    tables = {"encoder": ((4, 1), (6, 2), (8, 2)), "decoder": ((6, 2), (4, 2)), "head": "color-and-bins"}
    config = flags.resolve({"dataset": "shapes", **tables, "conditions": ("hints", "palette", "aim")})
    generator, random = generators.build(config), np.random.RandomState(0)
    for addition in generator.decoder.additions:
        addition.last.kernel.assign(random.normal(0, 0.5, addition.last.kernel.shape))
    made = Colorizer(Predictor.of(generator, config), work_size=32, trained_at=(32, 32), name="steerable")
    made.generator = generator
    return made


@pytest.fixture
def folder(tmp_path):
    """photos/a.jpg, photos/b.PNG, photos/deep/a.jpg, and a text file."""
    for name in ("a.jpg", "b.PNG", "deep/a.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 30), 100, np.uint8)).save(path)
    (tmp_path / "photos" / "notes.txt").write_text("not a photograph")
    (tmp_path / "photos" / ".1.a.jpg").write_bytes(b"unfinished")
    return tmp_path / "photos"
