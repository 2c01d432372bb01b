"""A photograph that is kept open gives what the colorizer gives, from the decoder alone."""

import numpy as np
import pytest

from colorgan.models import generators
from colorgan.models.predictor import Predictor
from colorgan.serving import opened as module
from colorgan.serving.colorizer import Colorizer
from colorgan.serving.steering import Hint, Wishes
from colorgan.settings import flags

WISHES = Wishes(hints=(Hint(10, 12, (30, 60, 200), radius=3), Hint(40, 5, None)), desired_saturation=0.3)


@pytest.fixture
def picture():
    return np.random.RandomState(0).randint(0, 256, (41, 57), np.uint8)


def test_its_colours_are_the_colorizers(steerable, picture):
    opened = steerable.open(picture)
    assert opened.size == (41, 57) and opened.preview.shape == (41, 57, 3)
    for wishes in (Wishes(), WISHES, Wishes(palette=np.full(261, 261**-0.5, np.float32))):
        expected = steerable.colorize(picture, **wishes.arguments).astype(int)
        assert np.abs(opened.colors(wishes) - expected).max() <= 1
    strong = steerable.colorize(picture, saturation=1.5, hints=WISHES.hints).astype(int)
    assert np.abs(opened.colors(Wishes(WISHES.hints), saturation=1.5) - strong).max() <= 1


def test_the_encoder_runs_once_and_nothing_is_compiled_twice(steerable, picture):
    runs = []
    halves = module.Halves(steerable.generator)
    pyramid, halves.pyramid = halves.pyramid, lambda *inputs: runs.append(1) or pyramid(*inputs)
    steerable.__dict__["halves"] = halves
    for size in (41, 57, 50):
        opened = steerable.open(picture[:, :size])
        opened.colors(), opened.colors(WISHES), opened.colors(WISHES), opened.doubt()
    assert len(runs) == 3
    assert [len(one._graphs) for one in (halves._pyramid, halves._colors, halves._bins)] == [1, 2, 1]
    assert all(graph.experimental_get_tracing_count() == 1 for graph in halves._colors._graphs.values())
    del steerable.__dict__["halves"]


def test_a_large_photograph_is_shown_small_and_hints_stay_in_its_pixels(steerable):
    large = np.full((1600, 2400), 119, np.uint8)
    opened = steerable.open(large)
    assert opened.preview.shape == (853, 1280, 3)
    shown = opened.colors(Wishes(hints=(Hint(600, 400, (150, 100, 119), radius=100),)))
    place = shown[190:230, 300:340].reshape(-1, 3).astype(int)
    assert (place[:, 0] > place[:, 1] + 20).all()
    assert opened.doubt().shape == (853, 1280) and steerable.doubt(large[::10, ::10]).shape == (160, 240)


def test_suggestions_and_variants_are_of_the_photograph(steerable, picture):
    found = steerable.suggest(picture, 5, 5, count=4)
    assert 1 < len(found) <= 4 and all(len(one) == 3 for one in found)
    with pytest.raises(ValueError, match="lies outside the picture of 57 x 41 pixels"):
        steerable.suggest(picture, 57, 5)
    results = steerable.variants(picture, 3)
    assert [one.shape for one in results] == [(41, 57, 3)] * 3
    np.testing.assert_array_equal(results[0], steerable.colorize(picture))
    assert all((a != b).any() for a, b in zip(results, results[1:], strict=False))


def test_weights_of_any_kind_can_be_opened(picture):
    """With noise, without bins, in RGB; and what is made of a function."""
    tables = {"encoder": ((4, 1), (6, 2)), "decoder": ((6, 2),)}
    config = flags.resolve({"dataset": "shapes", "color_space": "rgb", "noise_channels": 1, **tables})
    made = Colorizer(Predictor.of(generators.build(config), config), work_size=32)
    plain = Colorizer(
        Predictor(made.predictor.predict, color_space="rgb", ab_scale=110.0, inputs=made.predictor.inputs)
    )
    plain.work_size, made.generator = 32, made.predictor.predict.__self__.generator
    expected = made.colorize(picture).astype(int)
    for one in (made, plain):
        assert np.abs(one.open(picture).colors() - expected).max() <= 1
        with pytest.raises(ValueError, match="doubt, suggestions and variants need --head color-and-bins"):
            one.doubt(picture)
