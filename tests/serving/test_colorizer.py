"""The colorizer that is used: one result behind every door, at any size and depth."""

import concurrent.futures
import dataclasses
import json
import os
import pickle
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import colorgan
from colorgan import weights
from colorgan.datasets import augment
from colorgan.files import reading, writing
from colorgan.imaging import fullres
from colorgan.models import color, generators, inputs
from colorgan.models.predictor import Predictor
from colorgan.serving import batch, photos
from colorgan.serving.colorizer import SHARE_SEEN, Colorizer, natural_size
from colorgan.serving.steering import Hint, palette_of
from colorgan.settings import flags
from colorgan.weights import packing, stored

TABLES = {"encoder": ((4, 1), (6, 2), (8, 2)), "decoder": ((6, 2), (4, 2))}


def configured(**values):
    return flags.resolve({"dataset": "shapes", "height": 16, "width": 16, **TABLES, **values})


def untrained(**values):
    """A colorizer with random weights, and its predictor."""
    config = configured(**values)
    predictor = Predictor.of(generators.build(config), config)
    return Colorizer(predictor, work_size=16, trained_at=(16, 16)), predictor


def constant(*ab, **options):
    """A colorizer of one colour, in Lab units."""
    color = np.float32(ab) / 110
    predict = lambda gray, given: np.broadcast_to(color, (*gray.shape[:3], 2))  # noqa: E731
    return Colorizer(Predictor(predict, color_space="lab", ab_scale=110.0), **options)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run's directory whose network was never trained."""
    folder = tmp_path_factory.mktemp("run")
    config = configured()
    generators.build(config).save_weights(folder / "generator.weights.h5")
    (folder / "config.json").write_text(config.to_json())
    return folder


def noise(*shape, dtype=np.uint8, seed=0):
    return np.random.RandomState(seed).randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def test_it_is_what_the_package_exports():
    assert colorgan.Colorizer is Colorizer
    with pytest.raises(AttributeError, match="no attribute 'Colorize'.*exports: Colorizer"):
        colorgan.Colorize  # noqa: B018


@pytest.mark.parametrize(
    ("values", "seen"),
    [({}, 224), ({"augment": False}, 192), ({"augmentations": ("flip",)}, 192), ({"height": 64, "width": 80}, 64)],
)
def test_things_look_as_large_as_they_did_in_training(values, seen):
    """192 / 0.85 = 226, of which 224 is a multiple of 32; 64 / 0.85 = 75 has none above 64."""
    data = flags.resolve({"preset": "photo", **values}).data
    assert natural_size(data, 32) == seen
    assert pytest.approx((augment.SMALLEST_CROP + 1) / 2) == SHARE_SEEN


def test_a_run_is_loaded_and_works_at_its_own_size(run):
    loaded = Colorizer.load(run)
    assert loaded.work_size == 16 and loaded.generator is not None
    assert Colorizer.load(run / "generator.weights.h5", work_size=24).work_size == 24
    with pytest.raises(ValueError, match="`work_size` must be at least 1. Received: -3"):
        Colorizer.load(run, work_size=-3)
    with pytest.raises(ValueError, match="`work_size` must be at least 1"):
        constant(0, 0, work_size=0)


def test_shipped_weights_are_found_by_name_and_a_path_wins(run, tmp_path, monkeypatch):
    packing.pack(weights.find(run), tmp_path / "shipped" / "photo.weights.h5", median_ab=None)
    monkeypatch.setattr(stored, "HERE", tmp_path / "shipped")
    monkeypatch.chdir(tmp_path)
    assert Colorizer.load("photo").stored.weights == tmp_path / "shipped" / "photo.weights.h5"
    for place in ("foto", "runs/photo", "photo.weights.h5"):  # no names
        with pytest.raises(FileNotFoundError, match=f"{place} is not there, and no .* ship.*: photo"):
            Colorizer.load(place)
    (tmp_path / "photo").mkdir()  # of photographs, perhaps
    assert Colorizer.load("photo").stored.weights.parent == tmp_path / "shipped"
    (tmp_path / "photo" / "config.json").write_text((run / "config.json").read_text())  # a run, without weights so far
    with pytest.raises(FileNotFoundError, match="No weights at photo"):
        Colorizer.load("photo")


def test_flip_averaging():
    seen = []

    def predict(gray, given):  # colours that run from left to right, whatever the picture
        seen.append((np.asarray(gray), given["hint"]))
        x = np.linspace(-0.5, 0.5, gray.shape[2], dtype=np.float32)
        return np.broadcast_to(np.stack([x, np.full_like(x, 0.3)], axis=-1), (*gray.shape[:3], 2))

    hint = inputs.Input("hint", "", "", 0, 1, None, reduction=2, joins="decoder", channels=1)
    ours = Colorizer(Predictor(predict, color_space="lab", ab_scale=100.0, inputs=[hint]))
    pictures, values = noise(1, 8, 16, 3), np.random.RandomState(0).rand(1, 4, 8, 1).astype(np.float32)
    ab = ours.predict_small(pictures, given={"hint": values}, flip_average=True)
    np.testing.assert_allclose(ab[..., 0], 0, atol=1e-5)
    np.testing.assert_allclose(ab[..., 1], 30, atol=1e-5)
    for one, other in zip(*seen, strict=True):
        np.testing.assert_array_equal(one[:, :, ::-1], other)


@pytest.mark.parametrize("space", ["lab", "rgb", "yuv"])
def test_at_the_working_size_nothing_is_resampled(space):
    ours, base = untrained(color_space=space, noise_channels=1 if space == "rgb" else 0)
    pictures = noise(3, 16, 24, 3)
    np.testing.assert_array_equal(ours.predict_lab(pictures, seed=5), base.predict_lab(pictures, seed=5))
    np.testing.assert_array_equal(ours.predict_small(pictures), base.predict_lab(pictures)[..., 1:])


@pytest.mark.parametrize("space", ["lab", "rgb"])
def test_larger_pictures_are_predicted_small_in_one_pass(space, monkeypatch, lab_of):
    ours, base = untrained(color_space=space)
    passes, predict = [], ours.predictor.predict
    monkeypatch.setattr(ours.predictor, "predict", lambda x, y: passes.append(tuple(x.shape)) or predict(x, y))
    pictures = noise(10, 37, 50, 3)
    lab = ours.predict_lab(pictures)
    assert passes == [(10, 16, 24, 1)] and lab.shape == (10, 37, 50, 3) and lab.dtype == np.float32
    np.testing.assert_allclose(lab[..., 0], [lab_of(one)[..., 0] for one in pictures], atol=1e-3)  # L is the pictures'
    small = np.stack([cv2.resize(one, (24, 16), interpolation=cv2.INTER_AREA) for one in pictures])
    ab = base.predict_lab(small)[..., 1:]
    for picture, one, expected in zip(pictures, lab, ab, strict=True):
        # What is delivered is this, fitted into sRGB.
        joined = lab_of(fullres.join(picture, expected, dtype=np.uint16))
        inside = np.abs(joined - one).max(axis=-1) < 0.05
        linear = np.asarray(color.lab_to_linear(one))
        np.testing.assert_array_equal(inside | (linear < 1e-4).any(-1) | (linear > 1 - 1e-4).any(-1), True)
        assert inside.any()  # how many depends on the random weights


def test_a_constant_colour_arrives(lab_of):
    ours = constant(20, -10, work_size=16)
    pixels = np.random.RandomState(0).randint(90, 170, (45, 70)).astype(np.uint8)
    expected = np.dstack([lab_of(pixels)[..., 0], *np.full((2, 45, 70), [[[20]], [[-10]]])])
    assert np.abs(lab_of(ours.colorize(pixels)) - expected).max() < 2
    stronger = ours.colorize(pixels.astype(np.uint16) * 257, saturation=1.5)
    assert stronger.dtype == np.uint16
    np.testing.assert_allclose(lab_of(stronger)[..., 1:].mean((0, 1)), (30, -15), atol=0.5)
    np.testing.assert_array_equal(ours.colorize(pixels, saturation=0), pixels[..., None].repeat(3, -1))


def png(path, image):
    """An array as a PNG file that reads back as it is."""
    if image.dtype == np.uint8:
        Image.fromarray(image).save(path)
    elif image.ndim == 2:
        cv2.imwrite(str(path), image)
    else:
        alpha = image[..., 3] if image.shape[-1] == 4 else None
        writing.write(path, np.ascontiguousarray(image[..., :3]), alpha=alpha)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(37, 51), (37, 51, 3), (37, 51, 4), (16, 24), (9, 5)])
def test_arrays_become_what_colorize_files_writes(run, tmp_path, shape, dtype):
    ours, image = Colorizer.load(run), noise(*shape, dtype=dtype)
    png(tmp_path / "a.png", image)
    kept = reading.read(tmp_path / "a.png")
    np.testing.assert_array_equal(kept.pixels, image[..., :3] if image.ndim == 3 else image)
    for saturation, flip in ((1.0, False), (1.3, True)):
        out = tmp_path / f"out-{saturation}"
        settings = photos.Settings(work_size=16, saturation=saturation, flip_average=flip)
        assert batch.colorize_files(ours, [tmp_path / "a.png"], out, settings=settings, say=str) == 0
        result, written = ours.colorize(image, saturation=saturation, flip_average=flip), reading.read(out / "a.png")
        assert result.dtype == dtype
        np.testing.assert_array_equal(result[..., :3], written.pixels)
        assert (written.alpha is not None) == (shape[-1] == 4)
        if written.alpha is not None:
            np.testing.assert_array_equal(result[..., 3], image[..., 3])
            np.testing.assert_array_equal(written.alpha, image[..., 3])


def test_other_shapes_of_the_same_picture(run):
    ours, image = Colorizer.load(run), noise(20, 30)
    expected = ours.colorize(image)
    assert expected.shape == (20, 30, 3)
    np.testing.assert_array_equal(ours.colorize(image[..., None]), expected)
    with_alpha = ours.colorize(np.dstack([image, image[::-1]]))
    np.testing.assert_array_equal(with_alpha, np.dstack([expected, image[::-1]]))
    np.testing.assert_array_equal(ours.colorize(np.repeat(image[..., None], 6, axis=-1)[..., ::2]), expected)  # strided


def test_a_list_shares_forward_passes(run, monkeypatch):
    ours = Colorizer.load(run)
    images = [noise(*((40, 40) if i % 3 else (20, 50, 3)), seed=i) for i in range(15)]
    alone = [ours.colorize(image) for image in images]
    passes, predict = [], ours.predictor.predict
    monkeypatch.setattr(ours.predictor, "predict", lambda x, y: passes.append(tuple(x.shape)) or predict(x, y))
    together = ours.colorize_batch(images)
    assert sorted(passes) == [(2, 16, 16, 1), (5, 16, 40, 1), (8, 16, 16, 1)]
    for one, other in zip(alone, together, strict=True):
        assert one.shape == other.shape
        # Sums of a forward pass may run in another order in a larger batch.
        assert np.abs(one.astype(int) - other).max() <= 1
    assert ours.colorize_batch([]) == []


def test_a_stream_is_in_order_and_shares_the_passes_of_neighbours(run, monkeypatch):
    ours = Colorizer.load(run)
    images = [noise(*((40, 40) if i < 10 else (20, 50, 4)), seed=i) for i in range(13)]
    expected = ours.colorize_batch(images)
    passes, predict = [], ours.predictor.predict
    monkeypatch.setattr(ours.predictor, "predict", lambda x, y: passes.append(tuple(x.shape)) or predict(x, y))
    for one, other in zip(ours.colorize_stream(iter(images)), expected, strict=True):
        np.testing.assert_array_equal(one, other)
    assert passes == [(8, 16, 16, 1), (2, 16, 16, 1), (3, 16, 40, 1)]
    assert list(ours.colorize_stream([])) == []


def test_a_stream_raises_where_the_result_would_come():
    results = constant(0, 0).colorize_stream([noise(8, 8), noise(8, 8), "a.png"])
    next(results), next(results)
    with pytest.raises(ValueError, match="an array, not a path"):
        next(results)
    with pytest.raises(ValueError, match="`hints` are for one picture"):  # before the first picture is asked for
        constant(0, 0).colorize_stream([], hints=[BLUE])


def test_several_threads_may_use_one(run):
    ours = Colorizer.load(run)
    images = [noise(30, 40, seed=i) for i in range(12)]
    expected = [ours.colorize(image) for image in images]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for one, other in zip(pool.map(ours.colorize, images), expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_pickle_is_where_the_weights_lie_and_what_they_were(run, tmp_path):
    packed = packing.pack(stored.find(run), tmp_path / "own.weights.h5", median_ab=None)
    ours, image = Colorizer.load(packed, work_size=24), noise(30, 40)
    pickled = pickle.dumps(ours)
    assert len(pickled) < 1000
    again = pickle.loads(pickled)
    assert again.work_size == 24
    np.testing.assert_array_equal(again.colorize(image), ours.colorize(image))
    ships = Colorizer(ours.predictor)
    ships.stored = stored.find("photo")
    assert ships.__reduce__()[1][1] == "photo"  # wherever the package lies there
    with pytest.raises(TypeError, match="made from a function cannot be pickled"):
        pickle.dumps(constant(0, 0))
    generator = generators.build(configured())
    generator.save_weights(run / "best.weights.h5")
    changing = pickle.dumps(Colorizer.load(run / "best.weights.h5"))
    generator.set_weights([one + 1 for one in generator.get_weights()])
    generator.save_weights(run / "best.weights.h5")
    with pytest.raises(ValueError, match="has changed since it was pickled"):
        pickle.loads(changing)


def test_in_a_fork_it_says_so(monkeypatch):
    ours = constant(0, 0)
    ours.colorize(noise(8, 8))
    own = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: own + 1)
    with pytest.raises(RuntimeError, match="loaded before the process was forked.*Load it in the child"):
        ours.colorize(noise(8, 8))


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros((4, 4)), "must be uint8 or uint16 and an array, not a path.*Received: float64"),
        (np.zeros((4, 4, 5), np.uint8), r"\[H, W, 4\], and not be empty. Received: \[4, 4, 5\]"),
        (np.zeros((0, 4), np.uint8), r"not be empty. Received: \[0, 4\]"),
        (np.zeros((2, 4, 4, 3), np.uint8), r"`colorize_batch` takes several. Received: \[2, 4, 4, 3\]"),
    ],
)
def test_what_is_no_picture(image, said):
    ours = constant(0, 0)
    with pytest.raises(ValueError, match=said):
        ours.colorize(image)
    with pytest.raises(ValueError, match=said):
        ours.colorize_batch([np.zeros((4, 4), np.uint8), image])


@pytest.mark.parametrize(
    "rgb", [np.zeros((4, 4, 3), np.uint8), np.zeros((1, 4, 4, 1), np.uint8), np.zeros((1, 4, 4, 3))]
)
def test_what_is_no_batch(rgb):
    ours = constant(0, 0)
    with pytest.raises(ValueError, match=r"`rgb` must be \[B, H, W, 3\] uint8. Received: "):
        ours.predict_lab(rgb)


def test_the_saturation_is_checked():
    ours = constant(0, 0)
    with pytest.raises(ValueError, match=r"`saturation` must lie in 0\.\.10. Received: -1"):
        ours.colorize(np.zeros((4, 4), np.uint8), saturation=-1)


def test_packed_weights_are_checked(run, tmp_path):
    packed = packing.pack(stored.find(run), tmp_path / "photo.weights.h5", median_ab=(1.0, 2.0))
    assert Colorizer.load(packed.weights).work_size == 16
    card = json.loads(packed.described_by.read_text())
    packed.described_by.write_text(json.dumps({**card, "sha256": "0" * 64}))
    with pytest.raises(ValueError, match="SHA-256"):
        Colorizer.load(packed.weights)


BLUE = Hint(20, 20, (60, 90, 150), radius=4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_hint_holds_at_any_size_depth_and_with_alpha(steerable, lab_of, dtype):
    """At its place, as blue as it says: the picture is as light there."""
    top = np.iinfo(dtype).max
    picture = np.dstack([np.full((64, 96), 0.36 * top, dtype), noise(64, 96, dtype=dtype)])
    made = steerable.colorize(picture, hints=[BLUE], flip_average=True)
    assert made.dtype == dtype and (made[..., 3] == picture[..., 1]).all()
    lab = lab_of(made[18:23, 18:23, :3])
    wanted = lab_of(np.uint8([[BLUE.color]]))[0, 0]
    assert np.linalg.norm(lab[..., 1:] - wanted[1:], axis=-1).max() < 5
    plain = steerable.colorize(picture)
    assert (made[..., :3] != plain[..., :3]).any(axis=-1).mean() > 0.1, "it reaches beyond its place"


def test_wishes_are_of_every_picture_of_a_list_but_hints_are_of_one(steerable):
    palette = palette_of(noise(20, 30, 3))
    pictures = [np.linspace(40, 200, h * w).reshape(h, w).astype(np.uint8) for h, w in ((64, 96), (32, 32))]
    for one, alone in zip(
        steerable.colorize_batch(pictures, palette=palette, desired_saturation=0.2), pictures, strict=True
    ):
        np.testing.assert_array_equal(one, steerable.colorize(alone, palette=palette, desired_saturation=0.2))
        saturation = np.mean(1 - one.min(axis=-1) / np.maximum(one.max(axis=-1), 1))
        assert saturation == pytest.approx(0.2, abs=0.02)
    with pytest.raises(ValueError, match="`hints` are for one picture. Received: 2 pictures"):
        steerable.colorize_batch(pictures, hints=[BLUE])
    assert len(steerable.colorize_batch(pictures[:1], hints=[BLUE])) == 1


def test_what_is_given_as_arrays_holds_too(steerable):
    """As evaluation and programs give it: hints hold in `predict_lab`, at the network's own size and at others."""
    for size in (32, 64):
        rgb = np.full((1, size, size, 3), 119, np.uint8)
        hints = np.zeros((1, 16, 16, 3), np.float32)
        hints[0, 6, 9] = (0.2, -0.3, 1)
        scale = size // 32
        lab = steerable.predict_lab(rgb, given={"hints": hints})[0, 12 * scale : 14 * scale, 18 * scale : 20 * scale]
        np.testing.assert_allclose(lab[..., 1:].mean(axis=(0, 1)), [22, -33], atol=1 if size == 32 else 5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hints": [Hint(96, 2, None)]}, "hint 1 at x 96, y 2 lies outside the picture of 96 x 64 pixels"),
        ({"palette": np.zeros(7)}, r"`palette` must have shape \[261\]"),
        ({"desired_hue": 2}, "`desired_hue` must lie in 0..1"),
        (
            {"desired_saturation": 0.5, "saturation": 2},
            "`saturation` is a factor, and `desired_saturation` an aim",
        ),
    ],
)
def test_wishes_that_cannot_be(steerable, options, said):
    with pytest.raises(ValueError, match=said):
        steerable.colorize(noise(64, 96), **options)


def test_weights_without_conditions_take_no_wishes():
    made = constant(3, 4, name="plain")
    for options, named in (({"hints": [Hint(0, 0, None)]}, "`hints`"), ({"desired_hue": 0.1}, "`desired_hue`")):
        with pytest.raises(ValueError, match=f"{named}: the weights plain were trained without --conditions"):
            made.colorize(noise(16, 16), **options)


def test_an_aim_that_is_built_in_takes_no_other(run):
    loaded = Colorizer.load(run)
    config = loaded.stored.config.replace(desired_saturation=0.5)
    loaded.stored = dataclasses.replace(loaded.stored, config=config)
    with pytest.raises(ValueError, match="`desired_hue`: the weights run.* have a fixed aim"):
        loaded.colorize(noise(16, 16), desired_hue=0.1)


def test_a_working_size_that_wishes_have_no_memory_for(steerable, monkeypatch):
    monkeypatch.setattr(steerable, "work_size", 513)
    with pytest.raises(
        ValueError, match="`work_size` must be at most 512 with hints, a palette or an aim.*Received: 513"
    ):
        steerable.colorize(noise(16, 16), hints=[Hint(1, 1, None)])


@pytest.mark.parametrize("page", ["README.md", "docs/api.md"])
def test_the_examples_of_the_pages_run(page, steerable, monkeypatch):
    """As they are written, with small weights in place of those that ship."""
    monkeypatch.setattr(Colorizer, "load", lambda name: {"photo": steerable}[name])
    text = (Path(__file__).parents[2] / page).read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    gray, (a, b, c), other = noise(1600, 900), noise(3, 40, 30), noise(40, 30, 3)
    written = []
    given = {"gray": gray, "a": a, "b": b, "c": c, "other": other}
    given |= {"x": 30, "y": 40, "paths": [a, b], "read": np.copy, "write": written.append}
    exec(compile(example, page, "exec"), given)
    assert given["rgb"].shape[-1] == 3 and given["rgb"].dtype == np.uint8
    if page == "docs/api.md":
        assert len(written) == 2 and len(given["rgbs"]) > 1 and given["preview"].shape[-1] == 3
