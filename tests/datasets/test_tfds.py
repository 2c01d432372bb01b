import warnings

import numpy as np
import pytest
import tensorflow as tf

from colorgan import datasets
from colorgan.datasets import tfds as source

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tensorflow_datasets

    class ColorganPhotos(tensorflow_datasets.core.GeneratorBasedBuilder):
        """A prepared set of 24 tiny photographs, with a test split or without."""

        VERSION = tensorflow_datasets.core.Version("1.0.0")
        BUILDER_CONFIGS = [
            tensorflow_datasets.core.BuilderConfig(name=name) for name in ("plain", "split", "sound", "noname", "kind")
        ]

        def _info(self):
            features = tensorflow_datasets.features
            content = {
                "sound": {"audio": features.Scalar(np.int64)},
                "noname": {"image": features.Image(shape=(None, None, 3))},
                "kind": {"image": features.Image(shape=(None, None, 3)), "kind": features.ClassLabel(names=["a", "b"])},
            }.get(
                self.builder_config.name,
                {"image": features.Image(shape=(None, None, 3)), "label": features.ClassLabel(names=["cat", "dog"])},
            )
            keys = ("image", "kind") if "kind" in content else None
            return tensorflow_datasets.core.DatasetInfo(
                builder=self, features=features.FeaturesDict(content), supervised_keys=keys
            )

        def _split_generators(self, dl_manager):
            parts = {"train": (0, 24)}
            if self.builder_config.name == "split":
                parts |= {"validation": (24, 28), "test": (28, 31)}
            return {name: self._generate_examples(*numbers) for name, numbers in parts.items()}

        def _generate_examples(self, begin, end):
            for number in range(begin, end):
                picture = np.random.RandomState(number).randint(0, 256, (8, 8, 3)).astype(np.uint8)
                example = {"image": picture, "label": number % 2, "kind": number % 2, "audio": number}
                yield number, {name: example[name] for name in self.info.features}


# TFDS' own code, and what it imports, warns of their own deprecations while a set is built and read.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    for name in ("plain", "split", "sound", "noname", "kind"):
        tensorflow_datasets.builder(f"colorgan_photos/{name}", data_dir=folder).download_and_prepare()
    return folder


@pytest.fixture
def load(prepared, settings):
    def open_split(split, name="plain", seed=0, **values):
        data = settings(dataset=f"tfds:colorgan_photos/{name}", dataset_path=str(prepared), **values)
        return datasets.load(data, split, seed=seed)

    return open_split


@pytest.fixture(params=["in memory", "stream"])
def cache_mb(request):
    return {"in memory": 10, "stream": 0}[request.param]


def test_kind_follows_the_memory(load):
    assert not isinstance(load("train").source, source.Stream)
    assert isinstance(load("train", cache_mb=0).source, source.Stream)


def test_pictures_labels_and_description(load, gather, photo, cache_mb):
    split = load("test", "split", cache_mb=cache_mb)
    read = gather(split.images(2))
    assert split.size == 3 and read["index"].tolist() == [0, 1, 2] and split.class_names == ("cat", "dog")
    known = {photo(number).tobytes(): number for number in range(28, 31)}
    numbers = [known.pop(one.tobytes()) for one in read["rgb"]]
    assert read["label"].tolist() == [number % 2 for number in numbers]
    assert "TensorFlow Datasets colorgan_photos/split/1.0.0, test" in split.description
    assert load("train", "split", cache_mb=cache_mb).size == 24
    assert load("validation", "split", cache_mb=cache_mb).size == 4
    unnamed = load("train", "noname", validation_fraction=0.0, cache_mb=cache_mb)
    assert gather(unnamed.images(24))["label"].tolist() == [-1] * 24 and unnamed.class_names == ()
    kinds = load("train", "kind", validation_fraction=0.0, classes=("b",), cache_mb=cache_mb)  # its label's own name
    assert kinds.size == 12 and kinds.class_names == ("b",)


def test_missing_splits_are_cut_from_train(load, gather, photo, cache_mb):
    parts = {s: load(s, validation_fraction=0.25, cache_mb=cache_mb) for s in ("train", "validation", "test")}
    assert [part.size for part in parts.values()] == [18, 6, 6]
    read = {name: {one.tobytes() for one in gather(part.images(6))["rgb"]} for name, part in parts.items()}
    assert read["train"] | read["validation"] == {photo(number).tobytes() for number in range(24)}
    assert read["test"] == read["validation"]
    with pytest.raises(ValueError, match="--validation-fraction"):
        load("validation", validation_fraction=0.0)


def test_where_the_test_is_on_the_sets_validation(prepared, settings):
    """As Places365's is: its published test photographs have no labels."""
    data = settings(dataset="tfds:colorgan_photos/split", dataset_path=str(prepared), validation_fraction=0.25)
    parts = {split: source.load(data, split, test="validation") for split in ("train", "validation", "test")}
    assert {split: part.size for split, part in parts.items()} == {"train": 18, "validation": 6, "test": 4}
    assert ", validation" in parts["test"].origin and ", train[18:]" in parts["validation"].origin


def test_epochs_are_permutations_and_streams_resume(load, gather, cache_mb):
    values = {"validation_fraction": 0.0, "cache_mb": cache_mb}
    whole = gather(load("train", **values).training_batches(24), 3)
    assert whole["cursor"].tolist() == list(range(72))
    plain = gather(load("train", augment=False, **values).training_batches(24), 2)["gray"]
    epochs = [[one.tobytes() for one in plain[begin : begin + 24]] for begin in (0, 24)]
    assert len(set(epochs[0])) == 24 and sorted(epochs[0]) == sorted(epochs[1]) and epochs[0] != epochs[1]
    for start in (5, 31):
        rest = gather(load("train", **values).training_batches(4, start=start), 6)
        assert all((rest[name] == whole[name][start : start + 24]).all() for name in ("gray", "color", "cursor"))
    other = gather(load("train", seed=1, augment=False, **values).training_batches(24), 1)["gray"]
    assert [one.tobytes() for one in other] != epochs[0]


def test_the_order_of_a_stream_is_not_the_global_seeds(load, gather):
    """A run sets it, to 0 by default, which tf.data compares with its own."""
    orders = []
    for seed in (0, 1):
        tf.random.set_seed(seed)
        orders.append(gather(load("train", augment=False, cache_mb=0).training_batches(8), 3)["gray"])
    assert (orders[0] == orders[1]).all()


def test_shards_make_up_the_stream(load, gather, cache_mb):
    whole = gather(load("train", cache_mb=cache_mb).training_batches(1, start=5), 40)
    parts = [load("train", cache_mb=cache_mb).training_batches(5, start=5, num_shards=2, shard=i) for i in (0, 1)]
    parts = [gather(part, 4) for part in parts]
    for i, part in enumerate(parts):
        assert (part["cursor"] == whole["cursor"][i::2]).all() and (part["color"] == whole["color"][i::2]).all()


def test_seeded_pass(load, gather, cache_mb):
    split = load("train", validation_fraction=0.0, cache_mb=cache_mb)
    one, again, other = (gather(split.images(5, limit=12, seed=seed))["index"].tolist() for seed in (1, 1, 2))
    assert one == again != other and len(set(one)) == 12


def test_unreadable_pictures_are_left_out(load, gather, cache_mb, monkeypatch):
    from colorgan.datasets import files, sources

    def decode(file, *, height, width, real=files.decode):
        picture = real(file, height=height, width=width)
        if picture[0, 0, 0] % 12 == 0:
            raise sources.Unreadable("broken")
        return picture

    good = gather(load("train", validation_fraction=0.0).images(24))["rgb"]
    good = [one for one in good if one[0, 0, 0] % 12]
    assert 0 < len(good) < 24
    monkeypatch.setattr(files, "decode", decode)
    split = load("train", validation_fraction=0.0, cache_mb=cache_mb, max_bad_fraction=0.9)
    assert (gather(split.images(24))["rgb"] == good).all()
    with pytest.warns(UserWarning, match=rf"^{24 - len(good)} of the 24 .*train.tfrecord-00000-of-00001__"):
        split.warn_of_bad_files()
    with pytest.raises(ValueError, match="--max-bad-fraction"):
        split = load("train", validation_fraction=0.0, cache_mb=cache_mb, max_bad_fraction=0.01)
        with split.clear_errors():
            gather(split.images(24))


def test_sets_without_images_and_unknown_sets(load, settings, prepared):
    with pytest.raises(ValueError, match="no `image` feature. It has: audio"):
        load("train", "sound")
    with pytest.raises(ValueError, match="has no set 'no_such_set'"):
        datasets.load(settings(dataset="tfds:no_such_set", dataset_path=str(prepared)), "train")


@pytest.mark.parametrize("name", ["cifar10", "places365"])
def test_download_is_asked_for(tmp_path, settings, monkeypatch, name):
    monkeypatch.chdir(tmp_path)  # no ./dataset here
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    with pytest.raises(ValueError, match="--download`: .*is not prepared yet.*--download True.*--dataset-path"):
        datasets.load(settings(dataset=name), "train")


def test_download_prints_its_size_first(tmp_path, settings, capsys, gather):
    data = settings(dataset="tfds:colorgan_photos/plain", dataset_path=str(tmp_path), download=True)
    split = datasets.load(data, "train")
    assert split.size == 23  # 4 % of 24 held out
    assert "Downloading colorgan_photos/plain with TensorFlow Datasets: an unknown amount" in capsys.readouterr().out


def test_a_download_that_fails_says_what_to_do(tmp_path, settings, monkeypatch):
    def broken(self):
        raise ConnectionError("no\nroute to the host")

    monkeypatch.setattr(tensorflow_datasets.core.DatasetBuilder, "download_and_prepare", broken)
    data = settings(dataset="tfds:colorgan_photos/plain", dataset_path=str(tmp_path), download=True)
    with pytest.raises(ValueError, match="could not be downloaded: no route to the host\nCheck the network.*same comm"):
        datasets.load(data, "train")


def test_mocked_cifar10(tmp_path, settings, monkeypatch, gather):
    """The names of the features and the splits are TFDS' own here; its numbers of examples are not known offline."""
    monkeypatch.chdir(tmp_path)
    info = tensorflow_datasets.core.SplitInfo
    splits = {
        name: info(name=name, shard_lengths=[6], num_bytes=600, filename_template=None) for name in ("train", "test")
    }
    with tensorflow_datasets.testing.mock_data(num_examples=6):
        builder = tensorflow_datasets.builder("cifar10")
        builder.info.set_splits(tensorflow_datasets.core.splits.SplitDict(splits.values()))
        monkeypatch.setattr(tensorflow_datasets, "builder", lambda name, data_dir: builder)
        split = datasets.load(settings(dataset="cifar10", height=32, width=32, cache_mb=0), "test")
        assert split.size == 6 and len(split.class_names) == 10
        assert gather(split.images(4))["rgb"].shape == (6, 32, 32, 3)
        assert gather(split.training_batches(3), 4)["cursor"].tolist() == list(range(12))


def test_classes(load, gather, photo, cache_mb):
    values = {"classes": ("dog",), "validation_fraction": 0.25, "cache_mb": cache_mb}
    train, held = (load(split, **values) for split in ("train", "validation"))
    known = {photo(number).tobytes(): number for number in range(24)}
    numbers = [[known[one.tobytes()] for one in gather(split.images(5))["rgb"]] for split in (train, held)]
    assert sorted(numbers[0] + numbers[1]) == list(range(1, 24, 2))  # the odd ones are dogs
    assert [len(part) for part in numbers] == [train.size, held.size]
    read = gather(held.images(5))
    assert read["label"].tolist() == [0] * held.size and read["index"].tolist() == list(range(held.size))
    assert held.class_names == ("dog",) and "train[18:], classes dog)" in held.description
    swapped = gather(load("test", "split", classes=("dog", "cat"), cache_mb=cache_mb).images(5))
    plain = gather(load("test", "split", cache_mb=cache_mb).images(5))
    assert (swapped["rgb"] == plain["rgb"]).all() and (swapped["label"] == 1 - plain["label"]).all()


def test_streams_of_classes_resume(load, gather, cache_mb):
    values = {"classes": ("dog",), "validation_fraction": 0.0, "cache_mb": cache_mb, "augment": False}
    whole = gather(load("train", **values).training_batches(12), 3)
    assert whole["cursor"].tolist() == list(range(36))
    epochs = [sorted(one.tobytes() for one in whole["color"][i : i + 12]) for i in (0, 12, 24)]
    assert epochs[0] == epochs[1] == epochs[2] and len(set(epochs[0])) == 12
    for start in (5, 17):
        rest = gather(load("train", **values).training_batches(4, start=start), 4)
        assert (rest["color"] == whole["color"][start : start + 16]).all()


def test_classes_need_known_names(load):
    with pytest.raises(
        ValueError, match=r'--classes`: colorgan_photos/plain/1.0.0 has no "dogs". Did you mean "dog"\?'
    ):
        load("train", classes=("dogs",))
    with pytest.raises(ValueError, match=r"--classes`: .*noname.* no categories. Received: .dog."):
        load("train", "noname", classes=("dog",))


def test_fingerprints(load, cache_mb):
    values = {"cache_mb": cache_mb, "validation_fraction": 0.25}
    one = load("train", **values).fingerprint()
    assert load("train", seed=1, **values).fingerprint() == one
    others = [
        load("validation", **values),
        load("train", "split", **values),
        load("train", classes=("cat",), **values),
        load("train", **{**values, "validation_fraction": 0.5}),
    ]
    assert len({one, *(split.fingerprint() for split in others)}) == 5
