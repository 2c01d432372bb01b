import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from colorgan import datasets
from colorgan.datasets import pipeline, sources
from colorgan.models import color


@pytest.fixture
def split(settings, photo):
    """-> a function that makes a Split of `count` pictures in memory, of which `gray` are gray."""

    def make(count=10, *, gray=(), seed=0, **values):
        rgb = np.stack([photo(i) for i in range(count)])
        for i in gray:
            rgb[i] = rgb[i, :, :, :1]
        data = settings(**values)
        return pipeline.Split("train", sources.Arrays(data, rgb, np.arange(count), origin="memory"), data, seed=seed)

    return make


def order_of(split, batches):
    """The index behind each picture of a stream, found by comparing pictures (no augmentation)."""
    gray, _ = color.encode(split.source.rgb / np.float32(255), color_space="lab", ab_scale=110.0)
    known = {np.round(one, 3).tobytes(): i for i, one in enumerate(np.asarray(gray))}
    return [known[np.round(one, 3).tobytes()] for one in batches["gray"]]


def test_elements_have_the_promised_form(split):
    spec = split().training_batches(4).element_spec
    assert spec["gray"] == tf.TensorSpec((4, 8, 8, 1), tf.float32)
    assert spec["color"] == tf.TensorSpec((4, 8, 8, 2), tf.float32)
    assert all(spec[name] == tf.TensorSpec((4,), tf.int64) for name in ("cursor", "dropped_gray", "bad"))
    assert split(color_space="rgb").training_batches(4).element_spec["color"].shape == (4, 8, 8, 3)
    spec = split().images(4).element_spec
    assert spec["rgb"] == tf.TensorSpec((None, 8, 8, 3), tf.uint8)
    assert spec["label"].dtype == spec["index"].dtype == tf.int64


@pytest.mark.parametrize("space", ["lab", "rgb", "yuv"])
def test_stream_equals_eager_conversion(split, gather, space):
    one = split(augment=False, color_space=space, ab_scale=100.0)
    stream = gather(one.training_batches(5), 2)
    order = sources.epoch_order(10, 0, 0)
    assert stream["cursor"].tolist() == list(range(10))
    gray, expected = color.encode(one.source.rgb[order] / np.float32(255), color_space=space, ab_scale=100.0)
    # Different kernels evaluate the powers in the graph: equal to float32's rounding.
    np.testing.assert_allclose(stream["gray"], gray, atol=1e-5)
    np.testing.assert_allclose(stream["color"], expected, atol=1e-5)


def test_epochs_are_different_permutations(split, gather):
    one = split(augment=False)
    first, second = np.split(np.array(order_of(one, gather(one.training_batches(5), 4))), 2)
    assert sorted(first) == sorted(second) == list(range(10))
    assert first.tolist() != second.tolist()
    other = split(augment=False, seed=1)
    assert order_of(other, gather(other.training_batches(5), 2)) != first.tolist()


@pytest.mark.parametrize("start", [3, 10, 47])
def test_resumed_stream_is_the_uninterrupted_one(split, gather, start):
    whole = gather(split(gray=(2, 5)).training_batches(1), 60)
    rest = gather(split(gray=(2, 5)).training_batches(4, start=start), 4)
    begin = np.searchsorted(whole["cursor"], start)
    for name in ("gray", "color", "cursor"):
        assert (rest[name] == whole[name][begin : begin + 16]).all(), name


def test_a_run_continues_after_its_last_batch(split, gather):
    whole = gather(split(gray=(1,)).training_batches(4), 6)
    done = gather(split(gray=(1,)).training_batches(4), 3)
    rest = gather(split(gray=(1,)).training_batches(4, start=int(done["cursor"].max()) + 1), 3)
    assert (np.concatenate([done["color"], rest["color"]]) == whole["color"]).all()


def test_shards_make_up_the_whole(split, gather):
    whole = gather(split().training_batches(1, start=7), 60)
    parts = [gather(split().training_batches(2, start=7, num_shards=3, shard=i), 10) for i in range(3)]
    assert [set((part["cursor"] - 7) % 3) for part in parts] == [{0}, {1}, {2}]
    cursors, pictures = (np.concatenate([part[name] for part in parts]) for name in ("cursor", "color"))
    order = np.argsort(cursors)
    assert (cursors[order] == whole["cursor"]).all() and (pictures[order] == whole["color"]).all()


def test_gray_is_dropped_and_counted_in_training_only(split, gather):
    one = split(gray=(0, 3, 7), augment=False)
    stream = gather(one.training_batches(7), 2)
    assert not {0, 3, 7} & set(order_of(one, stream))
    skipped = np.diff(stream["cursor"], prepend=-1) - 1
    assert (stream["dropped_gray"] == skipped.cumsum()).all() and skipped.sum() > 3
    assert not stream["bad"].any()
    kept = split(gray=(0, 3, 7), augment=False, drop_gray=False)
    assert set(order_of(kept, gather(kept.training_batches(10), 1))) == set(range(10))
    assert len(gather(one.images(4))["index"]) == one.size == 10


def test_nothing_but_gray_ends_with_an_error(split):
    one = split(gray=range(10))
    with pytest.raises(ValueError, match="--drop-gray.*no image of this split"), one.clear_errors():
        next(iter(one.training_batches(2)))


def test_flips_are_half_of_all_and_functions_of_the_cursor(split, gather):
    plain, flipped = (gather(split(50, augment=augment).training_batches(100), 6) for augment in (False, True))
    same = (plain["color"] == flipped["color"]).all(axis=(1, 2, 3))
    mirrored = (plain["color"][:, :, ::-1] == flipped["color"]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    assert abs(mirrored.mean() - 0.5) < 5 * 0.5 / np.sqrt(600)  # five standard deviations
    again = gather(split(50).training_batches(10, start=33), 2)
    assert (again["color"] == flipped["color"][33:53]).all()
    assert (gather(split(50, augmentations=()).training_batches(100), 1)["color"] == plain["color"][:100]).all()
    assert (gather(split(50, seed=1).training_batches(100), 1)["color"] != flipped["color"][:100]).any()


def test_images_in_natural_and_seeded_order(split, gather):
    one = split(gray=(4,))
    natural = gather(one.images(4))
    assert natural["index"].tolist() == natural["label"].tolist() == list(range(10))
    assert (natural["rgb"] == one.source.rgb).all()
    assert [len(batch["index"]) for batch in one.images(4).as_numpy_iterator()] == [4, 4, 2]
    mixed = gather(one.images(4, seed=3))
    assert sorted(mixed["index"]) == list(range(10)) and mixed["index"].tolist() != list(range(10))
    assert (mixed["rgb"] == one.source.rgb[mixed["index"]]).all()
    subset = gather(one.images(4, limit=6, seed=3))
    assert subset["index"].tolist() == mixed["index"][:6].tolist()
    assert gather(one.images(4, limit=6, seed=4))["index"].tolist() != subset["index"].tolist()


def test_unknown_names(split, settings):
    with pytest.raises(ValueError, match="'spin'. (Did you mean .*)?Known: flip"):
        split(augmentations=("spin",))
    with pytest.raises(ValueError, match="'nope'. Known: cifar10, places365, folder, shapes, tfds:NAME"):
        datasets.load(settings(dataset="nope"), "train")
    with pytest.raises(ValueError, match="train, validation, test. Received: 'dev'"):
        datasets.load(settings(dataset="shapes"), "dev")


@pytest.fixture
def damaged(folder, settings):
    """-> a function: a Split of 20 files, of which the first `count` are not pictures."""

    def make(count, **values):
        root = folder(20)
        for number in range(count):
            (root / f"{number:03}.png").write_bytes(b"not a picture")
        data = settings(dataset_path=str(root), validation_fraction=0.0, **values)
        return datasets.load(data, "train")

    return make


@pytest.mark.parametrize("cache_mb", [0, 100])
def test_bad_files_are_left_out_counted_and_named_once(damaged, gather, cache_mb):
    split = damaged(2, max_bad_fraction=0.2, cache_mb=cache_mb)
    with split.clear_errors():
        stream = gather(split.training_batches(6), 6)
    assert stream["bad"][-1] == stream["cursor"][-1] + 1 - 36  # two epochs of 18 readable files
    assert len(gather(split.images(7))["index"]) == 18
    with pytest.warns(UserWarning, match=r"2 of the 20 files read .*000\.png \(not an image.*001\.png"):
        split.warn_of_bad_files(only_after_a_pass=True)
    split.warn_of_bad_files()  # a second warning would be an error here


def test_ten_bad_files_are_named(damaged, gather):
    split = damaged(12, max_bad_fraction=0.9)
    gather(split.images(4))
    with pytest.warns(UserWarning, match="and 2 more") as caught:
        split.warn_of_bad_files()
    assert str(caught[0].message).count(".png") == 10


@pytest.mark.parametrize("read", [lambda split: split.training_batches(4), lambda split: split.images(4)])
def test_too_many_bad_files_stop_the_stream_with_their_names(damaged, read):
    split = damaged(5, max_bad_fraction=0.1)
    with pytest.raises(ValueError, match=r"--max-bad-fraction`: \d of .* share of 0.1: .*\.png"):
        with split.clear_errors():
            for _, _ in zip(range(20), read(split), strict=False):
                pass


def test_early_bad_files_do_not_stop_a_long_pass():
    bad = sources.BadFiles(5000, max_fraction=0.05, origin="here")
    bad.note(np.arange(10), {f"{i}.png": "broken" for i in range(10)})
    bad.note(np.arange(5000), {})
    bad.check()
    with pytest.raises(ValueError, match="251 of the 5000"):
        bad.note(np.arange(5000), {f"{i}.png": "broken" for i in range(251)})


def test_cache_serves_later_epochs(damaged, gather, monkeypatch):
    split = damaged(0)
    first = gather(split.images(20))
    monkeypatch.setattr("colorgan.datasets.files.decode", lambda *a, **k: pytest.fail("decoded again"))
    assert (gather(split.images(20))["rgb"] == first["rgb"]).all()


def test_pictures_reach_the_stream_as_saved(damaged, gather):
    split = damaged(0, cache_mb=0)
    for picture, index in zip(*(gather(split.images(20))[name] for name in ("rgb", "index")), strict=True):
        assert (picture == np.asarray(Image.open(split.source.name(index)))).all()


@pytest.mark.parametrize("space", ["lab", "rgb", "yuv"])
def test_colour_spaces_are_the_converters_business(split, gather, monkeypatch, space):
    def encode(rgb, *, color_space, ab_scale):
        assert (color_space, ab_scale) == (space, 77.0)
        return rgb[..., :1], rgb * 255

    monkeypatch.setattr(color, "encode", encode)
    one = split(augment=False, color_space=space, ab_scale=77.0)
    stream = gather(one.training_batches(10), 1)["color"]
    np.testing.assert_allclose(stream, one.source.rgb[sources.epoch_order(10, 0, 0)], atol=1e-4)


def test_fingerprint_of_pictures_in_memory(split):
    one = split().fingerprint()
    assert len(one) == 32 and int(one, 16) >= 0
    same = [split(), split(seed=3), split(augment=False), split(color_space="rgb", batch_size=2)]
    assert {other.fingerprint() for other in same} == {one}
    changed = split()
    changed.source.rgb[7, 3, 3, 1] ^= 1
    relabelled = split()
    relabelled.source.labels[2] = 9
    others = [
        changed,
        relabelled,
        split(9),
        split(11),
        split(gray=(4,)),
        split(dataset="shapes"),
        split(classes=("a",)),
    ]
    assert len({one, *(other.fingerprint() for other in others)}) == 8


def test_fingerprint_of_files(damaged, folder):
    def fingerprint(**values):
        return damaged(0, **values).fingerprint()

    root = folder(20)
    os.utime(root / "004.png", (5, 5))
    before = damaged(0)  # writes the same files anew, with times of their own
    one = before.fingerprint()
    assert before.fingerprint() == one
    os.utime(root / "004.png", (7, 7))
    touched = before.fingerprint()
    content = (root / "004.png").read_bytes()
    (root / "004.png").write_bytes(content + b"0")
    os.utime(root / "004.png", (7, 7))
    grown = before.fingerprint()
    (root / "004.png").unlink()
    gone = before.fingerprint()
    assert len({one, touched, grown, gone, fingerprint(height=9), fingerprint(width=9)}) == 6
