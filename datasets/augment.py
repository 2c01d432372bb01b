"""The augmentations of a batch of training pictures (stage 6 of `pipeline.py`).

Owns the table AUGMENTATIONS. Imports nothing of ours.

Each is a function (rgb, uniform) -> rgb of `rgb` [b, H, W, 3] uint8 and a function `uniform`: uniform(k) gives [b]
float32 in [0, 1), independent per picture, k and augmentation. The result has the shape and type of `rgb` and depends
on nothing else. A picture that need not change stays bit-equal.
"""

from __future__ import annotations

import math

import tensorflow as tf

ANGLES = (-10.0, -5.0, 0.0, 5.0, 10.0)  # degrees, counterclockwise
SMALLEST_CROP = 0.7  # of each side
FRAMED = 0.1  # of the pictures
FARTHEST_SHIFT = 0.1  # of each side
MARGIN = 0.1  # widest side of a frame, as a share of the picture's shorter side


def flip(rgb, uniform):
    """Mirror each picture left-right with probability 1/2."""
    return tf.where((uniform(0) < 0.5)[:, None, None, None], tf.reverse(rgb, [2]), rgb)


def rotate(rgb, uniform):
    """Turn each picture about its middle by one of ANGLES, each as likely: bilinear, the size stays.

    The corners are filled by mirroring the picture at its border, the outermost pixel twice (d c b a | a b c d | d c b
    a). Networks would learn black corners as a colour.
    """
    height, width = rgb.shape[1:3]
    angle = tf.gather([math.radians(a) for a in ANGLES], tf.cast(uniform(0) * len(ANGLES), tf.int32))
    cos, sin, none = tf.cos(angle), tf.sin(angle), tf.zeros_like(angle)
    x, y = (width - 1) / 2, (height - 1) / 2
    # From places in the output to places in the input, about (x, y); y grows downwards.
    matrix = [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y, none, none]
    turned = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(rgb, tf.float32),  # in uint8 it would truncate fractions, which darkens
        transforms=tf.stack(matrix, axis=1),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    return tf.cast(tf.round(turned), tf.uint8)


def crop(rgb, uniform):
    """Cut a window out of each picture, as a share in [SMALLEST_CROP, 1) of both sides, and enlarge it to the size.

    The share and the place are uniform; the window goes from pixel centre to pixel centre, so no pixel from outside is
    needed. Interpolation is bilinear: an enlargement by at most 1.43 needs no averaging.
    """
    share = SMALLEST_CROP + (1 - SMALLEST_CROP) * uniform(0)
    top, left = uniform(1) * (1 - share), uniform(2) * (1 - share)
    # Rounding can put the last sample outside the picture, where it would be black: a slightly smaller step does not.
    boxes = tf.stack([top, left, top + share, left + share], axis=1) * (1 - 2.0**-20)
    cut = tf.image.crop_and_resize(rgb, boxes, tf.range(tf.shape(rgb)[0]), rgb.shape[1:3])
    return tf.cast(tf.round(cut), tf.uint8)


def shift(rgb, uniform):
    """Move each picture by whole pixels, at most FARTHEST_SHIFT of its height and width (3 of 32), each as likely.

    The gap is filled by mirroring the picture at its border, the outermost pixel once (d c b | a b c d). He et al. 2016
    (Deep Residual Learning, section 4.2) shift CIFAR-10 like this, but fill with black; these networks would learn
    black as a colour.
    """
    for axis, length in ((1, rgb.shape[1]), (2, rgb.shape[2])):
        most = int(FARTHEST_SHIFT * length)
        offset = tf.cast(tf.floor(uniform(axis - 1) * (2 * most + 1)), tf.int32) - most
        place = abs(tf.range(length)[None] + offset[:, None])
        place = length - 1 - abs(length - 1 - place)
        rgb = tf.gather(rgb, place, axis=axis, batch_dims=1)
    return rgb


def frame(rgb, uniform):
    """Put a share FRAMED of the pictures into the light or dark frame of a print; each side has a random width.

    The frame is gray in input and truth, because a print's margin has no colour.
    """
    height, width = rgb.shape[1:3]
    y = tf.range(height, dtype=tf.float32)[None, :, None, None]
    x = tf.range(width, dtype=tf.float32)[None, None, :, None]
    top, bottom, left, right = ((uniform(2 + i) * MARGIN * min(height, width))[:, None, None, None] for i in range(4))
    inside = (y >= top) & (y < height - bottom) & (x >= left) & (x < width - right)
    tone = uniform(1)[:, None, None, None]
    tone = tf.where(tone < 0.7, 255 - tone / 0.7 * 40, (tone - 0.7) / 0.3 * 40)  # white paper more often than black
    framed = tf.where(inside, rgb, tf.cast(tone, tf.uint8))
    return tf.where((uniform(0) < FRAMED)[:, None, None, None], framed, rgb)


AUGMENTATIONS = {"flip": flip, "rotate": rotate, "crop": crop, "shift": shift, "frame": frame}
