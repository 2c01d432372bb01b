"""Degradations: they age only the gray picture of training, to look like old scans (stage 7 of `pipeline.py`).

The generator and the discriminator's condition see the aged lightness. The true colours stay those of the clean
photograph. Owns the table DEGRADATIONS. Imports nothing of ours.

Each is a function (gray, uniform) -> gray of `gray` [b, H, W, 1] float32 in [-1, 1] and a function `uniform`:
uniform(k) gives [b] float32 in [0, 1), uniform(k, n) [b, n], independent per picture, k and degradation. With
probability 1 - SHARE a picture stays bit-equal. Its result depends only on itself and its numbers.
"""

from __future__ import annotations

import math

import tensorflow as tf

SHARE = 0.2  # of the pictures that each degradation changes: about a fifth have none of seven
CONTRAST = (0.4, 1.3)  # factor on L about its middle
BRIGHTNESS = 0.2  # largest offset of the scaled L: 10 units of L
GAMMA = 1.6  # the tone curve's exponent lies between 1 / GAMMA and GAMMA
GRAIN = 0.08  # largest standard deviation of the noise: 4 units of L
VEIL = 0.7  # largest share of a veil in the lightness, at a faded print's palest side
SCRATCHES = 3  # lines across a scratched print
LEAN = 0.3  # slope of a scratch: most pixels sideways per pixel down
SPECKS = 0.003  # largest share of the pixels that hold dust, before each grows to 2x2
QUALITY = (15, 70)  # of the JPEG compression
BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)  # a Gaussian of standard deviation 1 pixel, nearly


def contrast(gray, uniform):
    """Change contrast, brightness and tone curve, as a print's ageing and a scanner's exposure do."""
    gain = _between(uniform(1), *CONTRAST)
    offset = (uniform(2) * 2 - 1) * BRIGHTNESS
    exponent = GAMMA ** (uniform(3) * 2 - 1)
    toned = tf.pow((gray + 1) / 2, _per_picture(exponent)) * 2 - 1
    return _some(gray, toned * _per_picture(gain) + _per_picture(offset), uniform(0))


def noise(gray, uniform):
    """Add grain, independent per pixel, with a standard deviation up to GRAIN."""
    size = gray.shape[1] * gray.shape[2]
    # The sum of four uniform numbers has variance 1/3 and is close to a normal one.
    total = sum(uniform(2 + i, size) for i in range(4)) - 2
    grain = tf.reshape(total * 3**0.5, tf.shape(gray)) * _per_picture(uniform(1) * GRAIN)
    return _some(gray, gray + grain, uniform(0))


def blur(gray, uniform):
    """Blur by a Gaussian of up to about 1.4 pixels."""
    strength = _per_picture(uniform(1))
    return _some(gray, gray + strength * (_smoothed(_smoothed(gray)) - gray), uniform(0))


def fade(gray, uniform):
    """Bleach from one side, as light does to a print: a pale veil that thins to the other side."""
    height, width = gray.shape[1:3]
    y = tf.linspace(-0.5, 0.5, height)[None, :, None, None]
    x = tf.linspace(-0.5, 0.5, width)[None, None, :, None]
    angle = 2 * math.pi * uniform(1)
    across = 0.5 + (_per_picture(tf.cos(angle)) * x + _per_picture(tf.sin(angle)) * y) / 2**0.5
    veil = _per_picture(_between(uniform(2), 0.2, 0.9))
    return _some(gray, gray + _per_picture(uniform(3) * VEIL) * across * (veil - gray), uniform(0))


def scratches(gray, uniform):
    """Draw thin lines from top to bottom, bright where the film's layer is gone, dark where dirt fills it."""
    height, width = gray.shape[1:3]
    y = tf.range(height, dtype=tf.float32)[None, :, None, None] - height / 2
    x = tf.range(width, dtype=tf.float32)[None, None, :, None]
    scratched = gray
    for i in range(SCRATCHES):
        place, lean, tone, strength = (uniform(1 + 4 * i + j) for j in range(4))
        middle = _per_picture(place * width) + _per_picture((lean * 2 - 1) * LEAN) * y
        line = tf.maximum(1.0 - tf.abs(x - middle), 0.0) * _per_picture(strength)
        scratched += line * (_per_picture(tf.where(tone < 0.7, 0.9, -0.9)) - scratched)
    return _some(gray, scratched, uniform(0))


def dust(gray, uniform):
    """Add specks, all bright or all dark: dust on the negative or on the paper."""
    size = gray.shape[1] * gray.shape[2]
    drawn = tf.reshape(uniform(2, size), tf.shape(gray)) < _per_picture(uniform(1) * SPECKS)
    specks = tf.nn.max_pool2d(tf.cast(drawn, gray.dtype), 2, 1, "SAME")
    return _some(gray, gray + specks * (_per_picture(tf.where(uniform(3) < 0.6, 0.9, -0.9)) - gray), uniform(0))


def jpeg(gray, uniform):
    """Add the blocks and rings of a strongly compressed JPEG."""
    quality = tf.cast(tf.round(_between(uniform(1), *QUALITY)), tf.int32)

    def compressed(one):
        picture, touched, at = one
        pixels = tf.cast(tf.round((picture + 1) * 127.5), tf.uint8)
        return tf.cond(
            touched,
            lambda: tf.cast(tf.image.adjust_jpeg_quality(pixels, at), tf.float32) / 127.5 - 1,
            lambda: picture,
        )

    return tf.map_fn(compressed, (gray, uniform(0) < SHARE, quality), fn_output_signature=gray.dtype)


def _between(share, low, high):
    return low + (high - low) * share


def _per_picture(numbers):
    return numbers[:, None, None, None]


def _some(gray, degraded, chance):
    return tf.where(_per_picture(chance) < SHARE, tf.clip_by_value(degraded, -1.0, 1.0), gray)


def _smoothed(gray):
    kernel = tf.constant(BINOMIAL)
    padded = tf.pad(gray, [[0, 0], [2, 2], [2, 2], [0, 0]], "SYMMETRIC")
    rows = tf.nn.conv2d(padded, kernel[:, None, None, None], 1, "VALID")
    return tf.nn.conv2d(rows, kernel[None, :, None, None], 1, "VALID")


DEGRADATIONS = {one.__name__: one for one in (contrast, noise, blur, fade, scratches, dust, jpeg)}
