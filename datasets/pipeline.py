"""From a source's pictures to batches for the networks, in numbered stages.

1. shuffle    cursor -> index in the epoch's order (`sources.RandomAccess.records`, `tfds.Stream.records`)
2. decode     index -> [H, W, 3] uint8; an unreadable file becomes a marked gap (`files.decode`)
3. cache      decoded pictures are kept if they fit in memory (`sources.OneByOne`)
4. drop gray  R = G = B everywhere, too little colour and gaps are dropped, and counted on the way
5. batch
6. augment    on uint8 RGB (`augment`)
7. to Lab and scale   `models.color.encode`; then ageing of the gray picture alone (`degrade`) 8. prefetch

Shuffling comes before decoding, because it shuffles indices. An epoch's order is a function of (seed, epoch), so a run
continues with one number, the cursor, and no saved buffer of pictures. The cache is looked up by index, so it serves
any order. Batching comes before augmentation and conversion, because both then process a whole batch: single small
pictures cost more in dispatch than in arithmetic.

The *cursor* counts raw examples (gray and unreadable ones too) since training began: epoch = cursor // size. Random
numbers of stages 6 and 7 are functions of (seed, cursor). Imports `models.color` and this room's modules only.
"""

from __future__ import annotations

import contextlib
import hashlib
import json

import numpy as np
import tensorflow as tf

from colorgan.datasets import augment, degrade, randomness
from colorgan.models import color
from colorgan.settings import nearest

NOTHING_LEFT = "no image of this split is usable for training"


class Split:
    """One split of a data set at one size: `training_batches` and `images` give its batches, in `clear_errors`.

    Attributes:
        name: train, validation or test.
        source, data: sources.Source and config.Data.
        seed: of the order of training and of the augmentation.
        size, class_names: number of photographs, gray ones included, and names, or ().
        picture_names: of files, their relative paths by `index`; else None.
        description: one line for an evaluation's protocol.

    Raises:
        ValueError: for an unknown augmentation or degradation; the known ones are listed.
    """

    def __init__(self, name, source, data, *, seed=0):
        self.name, self.source, self.data, self.seed = name, source, data, seed
        self.size, self.class_names, self.picture_names = source.size, source.class_names, source.paths
        self.description = (
            f"{data.dataset}, {name} split, {source.size:,} images at {data.width}x{data.height} ({source.origin})"
        )
        if not source.size:
            raise ValueError(f"The {name} split of {data.dataset} is empty ({source.origin})")
        _check_known("--augmentations", data.augmentations, augment.AUGMENTATIONS)
        _check_known("--degradations", data.degradations, degrade.DEGRADATIONS)

    def fingerprint(self) -> str:
        """A key for measurements on the photographs of this split: 32 hexadecimal digits.

        It changes with the data set, the size, the number of photographs, `--classes`, and the photographs as far as a
        cheap test shows (each source's `content`). So it misses a changed picture with the old path, size and time, or
        outside the sample. It can change for equal photographs: if they are copied with new times, or if `--cache-mb`
        turns a stream into an array. Processing (dropping gray, augmentation, colour space) does not change it.
        """
        data = self.data
        what = [data.dataset, self.size, data.classes, data.height, data.width]
        digest = hashlib.blake2b(json.dumps(what).encode(), digest_size=16)
        for part in self.source.content():
            digest.update(b"\0" + part)
        return digest.hexdigest()

    def training_batches(self, batch_size, *, start=0, num_shards=1, shard=0) -> tf.data.Dataset:
        """-> the endless stream of training from cursor `start` on.

        It equals the stream from 0 from that cursor on, augmentation included. To continue after a batch: start =
        max(cursor) + 1 (over all shards).

        Args:
            batch_size: of this stream, that is per shard.
            start: first raw example.
            num_shards, shard: take the cursors with (cursor - start) % num_shards == shard.

        Returns:
            Dataset of {
                gray: [b, H, W, 1] float32, L scaled to [-1, 1];
                color: [b, H, W, 2 | 3] float32, as `models.color.encode` gives it;
                cursor: [b] int64;
                dropped_gray, bad: [b] int64, how many images this stream has left out up to each picture, since
                    `start`}.
        """
        chunks = self.source.records(seed=self.seed, start=start, num_shards=num_shards, shard=shard)  # 1, 2, 3
        kept = chunks.scan((np.int64(0),) * 3, self._mark).unbatch().filter(lambda one: one["keep"])  # 4
        batches = kept.batch(batch_size, drop_remainder=True)  # 5
        batches = batches.map(self._finish, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)  # 6, 7
        return batches.prefetch(2).with_options(_options())  # 8

    def images(self, batch_size, *, limit=0, seed=None) -> tf.data.Dataset:
        """-> one pass over the photographs, without augmentation, gray photographs included, unreadable files left out.

        Args:
            batch_size: the last batch may be smaller.
            limit: at most so many images; 0: all.
            seed: None: the natural order, whose beginning is a fair sample in every source; an integer: an order that
                depends on it, so `limit` gives a random subset.

        Returns:
            Dataset of {rgb: [b, H, W, 3] uint8, label: [b] int64 (-1: unknown), index: [b] int64, the position in
            the natural order}.
        """
        readable = self.source.one_pass(seed=seed).unbatch().filter(lambda one: one["ok"])
        pictures = readable.map(lambda one: {name: one[name] for name in ("rgb", "label", "index")})
        return pictures.take(limit or -1).batch(batch_size).prefetch(2).with_options(_options())

    def pictures(self, batch_size, *, limit=0, seed=None):
        """`images` as NumPy: yields its dicts, of arrays that are read only. Arguments and errors as there."""
        with self.clear_errors():
            yield from self.images(batch_size, limit=limit, seed=seed).as_numpy_iterator()

    def warn_of_bad_files(self, *, only_after_a_pass=False):
        """Warn of the unreadable files met so far, if any: one warning in the life of a split, 10 named."""
        self.source.bad.warn(only_after_a_pass=only_after_a_pass)

    @contextlib.contextmanager
    def clear_errors(self):
        """Around `next(iterator)`: raises the error that stopped a stream, instead of tf.data's error in an operation.

        Raises:
            ValueError: if too many files are unreadable, or no picture is left after dropping gray.
        """
        try:
            yield
        except tf.errors.OpError as error:
            self.source.bad.check()
            if NOTHING_LEFT in error.message:
                least = self.data.min_colorfulness
                flag = f"`--min-colorfulness {least:g}`" if least else "`--drop-gray`"
                what = "less colourful than that" if least else "gray (R = G = B)"
                raise ValueError(
                    f"{flag}: {NOTHING_LEFT}: the {self.size} images of {self.source.origin} are {what} or unreadable. "
                    "A colorizer learns from colour photographs."
                ) from error
            raise

    def _mark(self, counts, chunk):
        """Mark which pictures are kept, and count the pictures left out so far."""
        (dropped, bad, barren), ok, gray = counts, chunk["ok"], tf.zeros_like(chunk["ok"])
        if self.data.drop_gray:
            red, green, blue = tf.unstack(chunk["rgb"], axis=-1)
            gray = tf.reduce_all((red == green) & (green == blue), axis=[1, 2])
        if self.data.min_colorfulness:
            gray |= _colorfulness(chunk["rgb"]) < self.data.min_colorfulness
        keep = ok & ~gray
        dropped += tf.cumsum(tf.cast(ok & gray, tf.int64))
        bad += tf.cumsum(tf.cast(~ok, tf.int64))
        barren = tf.where(tf.reduce_any(keep), np.int64(0), barren + tf.size(ok, tf.int64))
        # Otherwise the stream would search for ever. After two rounds of the size, a shard of any stride has met every
        # picture of an epoch, or a fair sample.
        tf.debugging.assert_less(barren, np.int64(2 * self.size + 1), NOTHING_LEFT)
        return (dropped[-1], bad[-1], barren), {**chunk, "keep": keep, "dropped_gray": dropped, "bad": bad}

    def _finish(self, batch):
        """Augment, convert, scale, degrade: stages 6 and 7."""
        data, rgb = self.data, batch["rgb"]
        for name in data.augmentations if data.augment else ():
            rgb = augment.AUGMENTATIONS[name](rgb, self._numbers(batch["cursor"], "augment", name))
        gray, true = color.encode(tf.cast(rgb, tf.float32) / 255, color_space=data.color_space, ab_scale=data.ab_scale)
        if data.chroma_gain != 1:
            true = tf.clip_by_value(true * data.chroma_gain, -1.0, 1.0)
        for name in data.degradations if data.augment else ():
            gray = degrade.DEGRADATIONS[name](gray, self._numbers(batch["cursor"], "degrade", name))
        return {"gray": gray, "color": true, **{name: batch[name] for name in ("cursor", "dropped_gray", "bad")}}

    def _numbers(self, cursor, stage, name):
        """-> uniform(k) [b] and uniform(k, n) [b, n]: numbers that depend on the seed, the picture's cursor and k."""

        def uniform(k, n=None):
            if n is None:
                return randomness.tensor_uniform(cursor, stage, self.seed, name, k)
            places = cursor[:, None] * n + tf.range(n, dtype=tf.int64)
            return randomness.tensor_uniform(places, stage, self.seed, name, k)

        return uniform


def _colorfulness(rgb):
    """Hasler and Suesstrunk 2003, eq. 2. [n, H, W, 3] uint8 sRGB -> [n] float32, in units of 0..255."""
    red, green, blue = tf.unstack(tf.cast(rgb, tf.float32), axis=-1)
    opponents = tf.stack([red - green, (red + green) / 2 - blue])
    mean, variance = tf.nn.moments(opponents, axes=[2, 3])
    return tf.sqrt(tf.reduce_sum(variance, 0)) + 0.3 * tf.sqrt(tf.reduce_sum(tf.square(mean), 0))


def _check_known(flag, wanted, known):
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(nearest.unknown(f"`{flag}`", unknown[0], known))


def _options():
    options = tf.data.Options()
    options.deterministic = True
    # The streams are shards already; tf.distribute must not divide them again.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options
