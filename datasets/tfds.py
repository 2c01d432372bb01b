"""Image sets of TensorFlow Datasets: as arrays if they fit in memory, otherwise as a sequential stream.

Owns the question before a download, the splits, and the order of a stream. A stream has no random access, so
`--classes` reads the whole split when it is opened, and in every epoch unless the chosen pictures fit in `--cache-mb`.
Only chosen pictures are decoded. Imports this room's modules; `tensorflow_datasets` is imported when a set is opened.
"""

from __future__ import annotations

import io
import logging
import textwrap
import warnings

import numpy as np
import tensorflow as tf

from colorgan.datasets import classes, files, paths, randomness, sources

BUFFER_BYTES = 256 * 2**20  # encoded pictures in the shuffle buffer of a stream


def load(data, split, *, name=None, test="test"):
    """-> sources.Source of a set of TensorFlow Datasets.

    Validation is the set's validation split, unless that is the test split; otherwise it is the end of `train`. Test is
    the set's test split, otherwise the validation.

    Args:
        data: config.Data; an existing `dataset_path` is the folder of prepared sets (TFDS' `data_dir`).
        split: train, validation or test.
        name: of the set; None: from `tfds:NAME`.
        test: the set's split to test on.

    Raises:
        ValueError: if the set is unknown, not prepared here (the message has the size of the download and how to
            allow it), has no `train` split or no `image` feature, or a class is unknown.
    """
    name = name or data.dataset.removeprefix("tfds:")
    builder = _prepared(name, data)
    features = builder.info.features
    if "image" not in features or not hasattr(features["image"], "encoding_format"):
        raise ValueError(f"`--dataset`: tfds:{name} has no `image` feature. It has: {', '.join(features)}")
    part = _part(builder, name, data, split, test)
    origin = f"TensorFlow Datasets {builder.info.full_name}, {part}{classes.in_words(data.classes)}"
    stream = Stream(data, builder, part, origin=origin)
    return stream.in_memory() if sources.fits(data, stream.size) else stream


def _prepared(name, data):
    """-> the builder of a set that is on disk."""
    import tensorflow_datasets

    with warnings.catch_warnings():
        # Reading the registry imports deprecated modules of other packages.
        warnings.simplefilter("ignore", DeprecationWarning)
        folder = None if data.dataset in ("cifar10", "places365") else paths.locate(data)
        try:
            builder = tensorflow_datasets.builder(name, data_dir=folder)
        except tensorflow_datasets.core.DatasetNotFoundError as error:
            raise ValueError(
                f"`--dataset`: TensorFlow Datasets has no set {name!r}. All sets are listed at"
                " https://www.tensorflow.org/datasets/catalog"
            ) from error
        if builder.info.splits:  # only prepared sets have splits
            return builder
        total = sum(info.size for info in (builder.url_infos or {}).values())  # from TFDS' checksum files
        size = f"{total / 2**20:,.0f} MiB" if total else "an unknown amount"
        if not data.download:
            raise ValueError(
                f"`--download`: {name} is not prepared yet (looked in {builder.data_dir}). TensorFlow Datasets would"
                f" download {size}. Allow it with --download True, or name a folder of the files with --dataset-path."
            )
        print(f"Downloading {name} with TensorFlow Datasets: {size}, to {builder.data_dir}", flush=True)
        logging.getLogger("urllib3").setLevel(logging.ERROR)  # it warns of every new attempt
        try:
            builder.download_and_prepare()
        except (OSError, AssertionError, *_download_errors()) as error:  # AssertionError: a set to be fetched by hand
            raise ValueError(
                f"`--download`: {name} could not be downloaded: {textwrap.shorten(str(error), 200)}\nCheck the network "
                "and the disk, and give the same command again. Or prepare the set on another machine, and name the "
                f"folder with --dataset-path. (Folder here: {builder.data_dir})"
            ) from error
        return builder


def _download_errors():
    """-> what TensorFlow Datasets raises for a server's answer, a checksum or an archive; no public names."""
    from tensorflow_datasets.core import download

    return (
        download.util.DownloadError,
        download.download_manager.NonMatchingChecksumError,
        download.extractor.ExtractError,
        download.extractor.UnsafeArchiveError,
    )


def _part(builder, name, data, split, test):
    """-> the name of a split, or of a slice of one, in TFDS' language."""
    splits = builder.info.splits
    if "train" not in splits:
        raise ValueError(f"`--dataset`: tfds:{name} has no split `train`. It has: {', '.join(splits)}")
    if split == "test" and test in splits:
        return test
    if "validation" in splits and test != "validation":
        return "train" if split == "train" else "validation"
    size = splits["train"].num_examples
    held = max(round(data.validation_fraction * size), 1 if data.validation_fraction else 0)
    if split == "train":
        return f"train[:{size - held}]"
    if not held:
        raise paths.no_held_out(data)
    return f"train[{size - held}:]"


class Stream(sources.Source):
    """A split read in sequence. Each epoch shuffles the set's files, and pictures in a buffer.

    The order is a function of (seed, epoch). A run that continues skips the encoded pictures before its place, and sees
    the same pictures after it.
    """

    chunk = 16

    def __init__(self, data, builder, part, *, origin):
        self._data, self._builder, self._part = data, builder, part
        info = builder.info
        keys = [k for k in ("label", *(info.supervised_keys or ())) if isinstance(k, str) and k in info.features]
        self._label = next((key for key in keys if getattr(info.features[key], "num_classes", None)), None)
        categories = info.features[self._label].names if self._label else ()
        names, self._class = classes.table(data.classes, categories, where=info.full_name)
        size = self._chosen() if data.classes else info.splits[part].num_examples
        super().__init__(data, size, origin=origin, class_names=names)
        whole = info.splits[part.partition("[")[0]]
        bytes_each = max(1, whole.num_bytes // max(1, whole.num_examples))
        self._buffer = max(1, min(self.size, BUFFER_BYTES // bytes_each))

    def _read(self, shuffle_seed=None):
        """-> dataset of {image: encoded, label, name}, one by one; shuffled by an int64 tensor, or in order."""
        examples = self._examples({"image": True}, shuffle_seed)
        if self._data.classes:
            examples = examples.filter(lambda one: self._class_of(one) >= 0)
        if shuffle_seed is not None:
            examples = examples.shuffle(self._buffer, seed=shuffle_seed, reshuffle_each_iteration=False)
        return examples.map(lambda one: {"image": one["image"], "label": self._class_of(one), "name": one["tfds_id"]})

    def _examples(self, wanted, shuffle_seed=None):
        """-> dataset of {label, tfds_id and the wanted features}; pictures stay encoded."""
        import tensorflow_datasets

        skip = {name: tensorflow_datasets.decode.SkipDecoding() for name in wanted}
        wanted = wanted | ({self._label: True} if self._label else {})
        return self._builder.as_dataset(
            split=self._part,
            shuffle_files=shuffle_seed is not None and not self._builder.info.disable_shuffling,
            decoders=tensorflow_datasets.decode.PartialDecoding(wanted, decoders=skip),
            read_config=tensorflow_datasets.ReadConfig(
                shuffle_seed=shuffle_seed, try_autocache=False, add_tfds_id=True
            ),
        )

    def _class_of(self, one):
        """-> [] int64, the class of an example; -1: unknown, or not chosen."""
        label = tf.cast(one.get(self._label, -1), tf.int64)
        return tf.gather(self._class, tf.where(label < 0, np.int64(len(self._class) - 1), label))

    def _chosen(self):
        """-> the number of examples of the chosen classes, from the labels only."""
        labels = self._examples({}).map(self._class_of).batch(4096).as_numpy_iterator()
        return sum(int((batch >= 0).sum()) for batch in labels)

    def picture(self, example):  # noqa: D102 - see sources.Source.made
        return files.decode(io.BytesIO(example[0]), height=self.height, width=self.width)

    def name(self, example):  # noqa: D102 - see sources.Source.made
        return example[1].decode()

    def _chunks(self, examples):
        """(cursor, {index, image, label, name}) one by one -> chunks."""

        def read(index, encoded, labels, names):
            return self.made(index, labels, zip(encoded, names, strict=True))

        def chunk(cursor, rows):
            inputs = (rows[name] for name in ("index", "image", "label", "name"))
            return {"cursor": cursor, **self.chunk_of(read, *inputs)}

        return examples.batch(self.chunk).map(chunk, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)

    def records(self, *, seed, start, num_shards, shard):
        """As in Source; `index` is the place in the epoch."""
        first, skipped = divmod(start, self.size)

        def epoch(number):
            # A seed for this graph only. The run's seed would change the order, and tf.data treats two zeros specially.
            tf.compat.v1.set_random_seed(1)
            # bitcast: tf.data takes int64 seeds, also negative.
            order = tf.bitcast(randomness.tensor_bits(number, "stream", seed), tf.int64)
            return self._read(order).skip(tf.where(number == first, tf.constant(skipped, tf.int64), 0))

        examples = tf.data.Dataset.counter(first, dtype=tf.int64).flat_map(epoch).enumerate(start)
        examples = examples.shard(num_shards, shard)
        return self._chunks(examples.map(lambda cursor, one: (cursor, {"index": cursor % self.size, **one})))

    def one_pass(self, *, seed):
        """As in Source. A seed shuffles only within the buffer, because the sets are stored in random order."""
        examples = self._read().enumerate().map(lambda index, one: (index, {"index": index, **one}))
        if seed is not None:
            order = randomness.key("pass", seed) >> 1
            examples = examples.shuffle(self._buffer, seed=order, reshuffle_each_iteration=False)
        return self._chunks(examples)

    def content(self):
        """As in Source: TensorFlow Datasets' description of the part."""
        info = self._builder.info.splits[self._part.partition("[")[0]]
        yield repr((self._builder.info.full_name, self._part, info.num_examples, info.num_bytes)).encode()

    def in_memory(self):
        """-> sources.Source with the same pictures decoded, without the unreadable ones; raises as `BadFiles.check`."""
        rgb = np.empty((self.size, self.height, self.width, 3), np.uint8)
        labels, filled = np.empty(self.size, np.int64), 0
        try:
            for chunk in self.one_pass(seed=None).as_numpy_iterator():
                rows = slice(filled, filled + int(chunk["ok"].sum()))
                rgb[rows], labels[rows] = chunk["rgb"][chunk["ok"]], chunk["label"][chunk["ok"]]
                filled = rows.stop
        except tf.errors.OpError:
            self.bad.check()
            raise
        arrays = sources.Arrays(
            self._data, rgb[:filled], labels[:filled], origin=self.origin, class_names=self.class_names
        )
        arrays.bad = self.bad
        return arrays
