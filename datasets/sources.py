"""Sources of pictures for the pipeline: indices in, uint8 RGB out (stages 1 to 3 of `pipeline.py`).

Owns the interface of a source, the two kinds with random access (arrays, and pictures made one at a time with a
cache), and the count of unreadable files. Imports `classes` and `randomness`.
"""

from __future__ import annotations

import abc
import functools
import threading
import warnings

import numpy as np
import tensorflow as tf

from colorgan.datasets import classes, randomness

NAMED = 10  # unreadable files in a warning or an error
SAMPLED = 256  # pictures in memory whose pixels count for `content`


class Unreadable(Exception):
    """A picture that cannot be decoded; its text is the reason."""


class BadFiles:
    """The unreadable files among `size` files of a split, each counted once, from any thread.

    `max_fraction` is their largest allowed share, `--max-bad-fraction`. `origin` says where the files are.
    """

    def __init__(self, size, *, max_fraction, origin):
        self.size, self.max_fraction, self.origin = size, max_fraction, origin
        self._seen = np.zeros(size, bool)
        self._bad: dict[str, str] = {}
        self._warned = False
        self._lock = threading.Lock()

    def note(self, indices, bad):
        """Record that the files `indices` were read, and that `bad`, {name: reason}, could not be decoded.

        Raises:
            ValueError: as `check`.
        """
        with self._lock:
            self._seen[indices] = True
            self._bad.update(bad)
        if bad:
            self.check()

    def check(self):
        """Check that not too many files are unreadable.

        Early in a pass the share says little. So it is taken of at least 1,000 files, or of all if there are fewer. A
        bad start does not stop a run, and a folder of only unreadable files stops it soon.

        Raises:
            ValueError: if more than the allowed share is unreadable; it names the first files.
        """
        seen, bad, listed = self._so_far()
        if bad > self.max_fraction * max(seen, min(self.size, 1000)):
            raise ValueError(
                f"`--max-bad-fraction`: {bad} of the {seen} files read are unreadable ({self.origin}), more than the"
                f" allowed share of {self.max_fraction:g}: {listed}. Repair or remove them, or raise"
                " --max-bad-fraction."
            )

    def warn(self, *, only_after_a_pass=False):
        """Name the unreadable files in one warning, if there are any; at most once in the life of a split.

        Args:
            only_after_a_pass: say nothing until every file has been read.
        """
        seen, bad, listed = self._so_far()
        if bad and not self._warned and not (only_after_a_pass and seen < self.size):
            self._warned = True
            message = f"{bad} of the {seen} files read are unreadable and left out ({self.origin}): {listed}"
            warnings.warn(message, stacklevel=3)

    def _so_far(self):
        """-> the number of files read and of unreadable files, and the first unreadable files with reasons."""
        with self._lock:
            seen, bad = int(self._seen.sum()), sorted(self._bad.items())
        return seen, len(bad), classes.listed([f"{name} ({reason})" for name, reason in bad], NAMED)


class Source(abc.ABC):
    """A split's photographs at one size.

    Attributes:
        size: their number.
        origin: their source in words, for an evaluation's protocol.
        class_names: tuple of names, or ().
        bad: the `BadFiles` of this split.
        paths: of files, their relative paths in natural order; else None.

    `records` and `one_pass` give datasets of chunks; a chunk is a dict of `rgb` [n, H, W, 3] uint8, `label` [n] int64
    (-1: unknown), `index` [n] int64 (position in the natural order), `ok` [n] bool (False: unreadable, rgb is 0).
    """

    paths = None

    def __init__(self, data, size, *, origin, class_names=()):
        self.size, self.origin, self.class_names = size, origin, tuple(class_names)
        self.height, self.width = data.height, data.width
        self.bad = BadFiles(size, max_fraction=data.max_bad_fraction, origin=origin)

    @abc.abstractmethod
    def records(self, *, seed, start, num_shards, shard) -> tf.data.Dataset:
        """The endless stream of training from cursor `start` on: chunks with `cursor` [n] int64 as well."""

    @abc.abstractmethod
    def one_pass(self, *, seed) -> tf.data.Dataset:
        """Chunks of one pass, in natural order (seed None) or an order that depends on the seed."""

    @abc.abstractmethod
    def content(self):
        """Yield bytes that change with the photographs, if a cheap test shows a change: see
        `pipeline.Split.fingerprint`."""

    def chunk_of(self, read, *inputs):
        """-> in a graph, the chunk of `read`, a function of NumPy arrays -> index, rgb, label, ok."""
        index, rgb, label, ok = tf.numpy_function(read, inputs, [tf.int64, tf.uint8, tf.int64, tf.bool])
        rgb.set_shape((None, self.height, self.width, 3))
        for one in (index, label, ok):
            one.set_shape((None,))
        return {"index": index, "rgb": rgb, "label": label, "ok": ok}

    def made(self, indices, labels, items):
        """-> index, rgb, label and ok for `chunk_of`: `picture` decodes an item, `name` names it in messages."""
        rgb = np.zeros((len(indices), self.height, self.width, 3), np.uint8)
        ok, bad = np.ones(len(indices), bool), {}
        for row, item in enumerate(items):
            try:
                rgb[row] = self.picture(item)
            except Unreadable as reason:
                ok[row], bad[self.name(item)] = False, str(reason)
        self.bad.note(indices, bad)
        return indices, rgb, labels, ok


@functools.lru_cache(maxsize=4)
def epoch_order(size, seed, epoch):
    """-> [size] int64: the indices in the order of one epoch. Read only: it is shared."""
    order = randomness.permutation(size, "epoch", seed, epoch)
    order.setflags(write=False)
    return order


class RandomAccess(Source):
    """A source with random access. Subclasses have `read` and the size of a `chunk`."""

    chunk = 128

    @abc.abstractmethod
    def read(self, indices):
        """[n] int64 indices -> index, rgb, label, ok of a chunk. Called from several threads."""

    def records(self, *, seed, start, num_shards, shard):  # noqa: D102 - see Source
        def index_of(cursors):
            epochs, places = np.divmod(cursors, self.size)
            indices = np.empty_like(cursors)
            for epoch in np.unique(epochs):
                here = epochs == epoch
                indices[here] = epoch_order(self.size, seed, int(epoch))[places[here]]
            return indices

        return self._chunks(tf.data.Dataset.counter(start + shard, num_shards), index_of)

    def one_pass(self, *, seed):  # noqa: D102 - see Source
        order = np.arange(self.size) if seed is None else randomness.permutation(self.size, "pass", seed)
        return self._chunks(tf.data.Dataset.range(self.size), order.take)

    def _chunks(self, cursors, index_of):
        def chunk(cursors):
            return {"cursor": cursors, **self.chunk_of(lambda cursors: self.read(index_of(cursors)), cursors)}

        return cursors.batch(self.chunk).map(chunk, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


class Arrays(RandomAccess):
    """Pictures that are in memory: `rgb` [N, height, width, 3] uint8, `labels` [N] integers."""

    def __init__(self, data, rgb, labels, *, origin, class_names=()):
        super().__init__(data, len(rgb), origin=origin, class_names=class_names)
        self.rgb, self.labels = rgb, np.asarray(labels, np.int64)

    def read(self, indices):  # noqa: D102 - see RandomAccess
        return indices, self.rgb[indices], self.labels[indices], np.ones(len(indices), bool)

    def content(self):  # noqa: D102 - see Source
        yield self.labels.tobytes()
        for row in np.linspace(0, self.size - 1, min(self.size, SAMPLED)).astype(np.int64):
            yield self.rgb[row].tobytes()


class OneByOne(RandomAccess):
    """Pictures decoded or drawn one at a time, and kept if all fit in `--cache-mb`; `labels` are [N] integers."""

    chunk = 16

    def __init__(self, data, labels, *, origin, class_names=()):
        super().__init__(data, len(labels), origin=origin, class_names=class_names)
        self.labels = np.asarray(labels, np.int64)
        if fits(data, self.size):
            self.picture = functools.cache(self.picture)  # except unreadable files, which are tried again

    @abc.abstractmethod
    def picture(self, index):
        """-> [H, W, 3] uint8. Raises Unreadable."""

    @abc.abstractmethod
    def name(self, index) -> str:
        """The picture's name in messages."""

    def read(self, indices):  # noqa: D102 - see RandomAccess
        return self.made(indices, self.labels[indices], indices.tolist())


def fits(data, size) -> bool:
    """Whether `size` decoded pictures may be kept in memory (`--cache-mb`, for each split)."""
    return size * data.height * data.width * 3 <= data.cache_mb * 2**20
