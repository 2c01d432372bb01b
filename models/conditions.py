"""Conditions: a person's wishes about the colours as inputs of a generator, and their simulation in training.

*Hints* are colours at places. A *palette* says how often each colour occurs in the whole picture. An *aim* is its mean
saturation and hue. Training simulates people with colours of the truth (Zhang et al. 2017, Real-Time User-Guided Image
Colorization with Learned Deep Priors, sections 3.2 and 3.3). Pure functions of `keras.ops`. Imports `color`,
`quantization` and `objectives.controls`.
"""

from __future__ import annotations

import math

from keras import ops

from colorgan.models import color as colors
from colorgan.models import quantization
from colorgan.models.objectives import controls

PALETTE = len(quantization.joint_centres())  # channels of a palette
AIM = 5  # of an aim
MOST_POINTS = 128  # most simulated points in a picture
LARGEST = 9  # pixels across a simulated point: Zhang et al. 2017, section 3.2
STOP = 1 / 8  # of the geometric distribution of the number of points, the same section
SPREAD = 5.0  # Lab units: spread of a colour over the bins around it
SAMPLED = 24  # pixels of a side that a simulated palette is made of
KEPT = {
    "hints": 0.7,
    "whole": 0.04,
    "palette": 0.3,
    "saturation": 0.25,
    "hue": 0.15,
}  # shares of pictures in training


def palette(ab, weights=None, *, spread=SPREAD):
    """Measure how often colours occur.

    Args:
        ab: [B, N, 2] float, Lab units.
        weights: [B, N] float; None: equal weights.
        spread: Lab units, a number or [B, 1, 1]: spread of a colour over the bins around it.

    Returns:
        [B, 1, 1, Q] float32: the square roots of the joint bins' shares, which make rare colours visible.
    """
    centres = ops.convert_to_tensor(quantization.joint_centres())
    distances = ops.sum((ops.cast(ab, "float32")[:, :, None] - centres) ** 2, axis=-1)
    shares = ops.softmax(-distances / (2 * spread**2), axis=-1)
    weights = ops.ones_like(shares[..., 0]) if weights is None else ops.cast(weights, "float32")
    weights = weights / ops.sum(weights, axis=1, keepdims=True)
    return ops.sqrt(ops.sum(shares * weights[..., None], axis=1))[:, None, None]


def aim(saturation=None, hue=None):
    """-> an aim's values: mean saturation and hue as in `objectives.controls.value`, either of them optional.

    Args:
        saturation, hue: [B] float in [0, 1], or None.

    Returns:
        [B, 1, 1, 5] float32: (1, saturation) or (0, 0), and (1, cos, sin) of the hue's angle or (0, 0, 0).
    """
    one = ops.ones_like(ops.convert_to_tensor(hue if saturation is None else saturation, "float32"))
    parts = [one, saturation] if saturation is not None else [0 * one] * 2
    parts += [one, ops.cos(2 * math.pi * hue), ops.sin(2 * math.pi * hue)] if hue is not None else [0 * one] * 3
    return ops.stack([ops.cast(part, "float32") for part in parts], axis=-1)[:, None, None]


def hints(centres, sizes, used, color, shape):
    """-> points with a picture's true colours, as hints.

    Args:
        centres: [B, K, 2] float in [0, 1): y and x of the points, as shares of height and width.
        sizes: [B, K] float: pixels across, odd.
        used: [B, K] float, 1 for given points, 0 for others.
        color: [B, H, W, 2] scaled colour; a point gets its mean over the point's square.
        shape: of the result.

    Returns:
        [B, H / 2, W / 2, 3] float32, rounded up: a, b, and 1 where a point covers part of the cell; a cell with several
        points has their mean.
    """
    height, width = ops.shape(color)[1:3]

    def covered(place, size):
        pixel = ops.floor(place * ops.cast(size, "float32"))[..., None]
        away = ops.abs(ops.arange(size, dtype="float32") - pixel)
        return ops.cast(away <= sizes[..., None] / 2, "float32") * used[..., None]

    rows, columns = covered(centres[..., 0], height), covered(centres[..., 1], width)
    count = ops.sum(rows, -1) * ops.sum(columns, -1)
    total = ops.sum(ops.einsum("bkh,bhwc->bkwc", rows, ops.cast(color, "float32")) * columns[..., None], axis=2)
    values = ops.concatenate([total / ops.maximum(count, 1)[..., None], used[..., None]], axis=-1)

    def cells(membership, size):
        missing = 2 * size - ops.shape(membership)[-1]
        padded = ops.pad(membership, ((0, 0), (0, 0), (0, missing)))
        return ops.max(ops.reshape(padded, (*ops.shape(padded)[:2], size, 2)), axis=-1)

    rows, columns = cells(rows, shape[1]), cells(columns, shape[2])
    summed = ops.einsum("bkh,bkwc->bhwc", rows, columns[..., None] * values[:, :, None])
    return summed / ops.maximum(summed[..., 2:], 1)


def places(uniform, batch, points):
    """-> places and sizes of simulated points: Zhang et al. 2017, section 3.2.

    Args:
        uniform: function(shape, k) -> random numbers in [0, 1).
        batch, points: number of pictures, and of points in each.

    Returns:
        centres: [B, K, 2] in [0, 1), around the middle, with a quarter of the picture's size as standard deviation.
        sizes: [B, K], 1, 3 .. 9 pixels.
    """
    spread = math.sqrt(2) * ops.erfinv(ops.clip(2 * uniform((batch, points, 2), 0) - 1, -0.999999, 0.999999))
    centres = ops.clip(0.5 + 0.25 * spread, 0.0, 0.9999)
    return centres, 1 + 2 * ops.floor(uniform((batch, points), 1) * (LARGEST + 1) / 2)


def simulated_hints(gray, color, shape, uniform, *, ab_scale):
    """-> simulated hints: none, a few, many, and sometimes the whole truth; see `inputs.Input.simulate`.

    Half of the pictures have a geometric number of points around the middle, as in Zhang et al. 2017. The others have a
    log-uniform number anywhere, so training also meets many points.
    """
    batch = shape[0]
    centres, sizes = places(uniform, batch, MOST_POINTS)
    geometric = ops.floor(ops.log(1 - uniform((batch,), 2)) / math.log(1 - STOP))
    anywhere, many = uniform((batch, MOST_POINTS, 2), 3), ops.exp(uniform((batch,), 4) * math.log(MOST_POINTS + 1))
    scattered = uniform((batch,), 5) < 0.5
    centres = ops.where(scattered[:, None, None], anywhere, centres)
    number = ops.where(scattered, ops.floor(many), geometric)
    number = ops.where(uniform((batch,), 6) < KEPT["hints"], number, 0)
    used = ops.cast(ops.arange(MOST_POINTS, dtype="float32") < number[:, None], "float32")
    given = hints(centres, sizes, used, color, shape)
    return ops.where((uniform((batch,), 7) < KEPT["whole"])[:, None, None, None], _whole(color, shape), given)


def _whole(color, shape):
    """-> [B, h, w, 3]: the mean colour of every cell, marked as given."""
    small = ops.average_pool(ops.cast(color, "float32"), 2, strides=2, padding="same")
    return ops.concatenate([small, ops.ones_like(small[..., :1])], axis=-1)


def simulated_palette(gray, color, shape, uniform, *, ab_scale):
    """-> simulated palettes: of the truth or of a part of it, blurred or not; see `inputs.Input.simulate`."""
    batch, (height, width) = shape[0], ops.shape(color)[1:3]
    steps = [max(1, int(size) // SAMPLED) if isinstance(size, int) else size // SAMPLED for size in (height, width)]
    small = ops.cast(color, "float32")[:, :: steps[0], :: steps[1]] * ab_scale
    rows, columns = ops.shape(small)[1:3]
    share = ops.where(uniform((batch,), 0) < 0.5, 1.0, 0.3 + 0.7 * uniform((batch,), 1))
    start = uniform((batch, 2), 2) * (1 - share[:, None])

    def inside(size, begin):
        place = ops.arange(size, dtype="float32") / ops.cast(size, "float32")
        return ops.cast((place >= begin[:, None]) & (place <= (begin + share)[:, None]), "float32")

    weights = inside(rows, start[:, 0])[:, :, None] * inside(columns, start[:, 1])[:, None] + 1e-6
    spread = SPREAD * (1 + 2 * uniform((batch, 1, 1), 3) ** 2)
    count = rows * columns
    made = palette(ops.reshape(small, (-1, count, 2)), ops.reshape(weights, (-1, count)), spread=spread)
    return made * _kept(uniform, batch, 4, KEPT["palette"])


def simulated_aim(gray, color, shape, uniform, *, ab_scale):
    """-> the truth's mean saturation and hue, each in some of the pictures; see `inputs.Input.simulate`."""
    batch = shape[0]
    rgb = colors.decode(gray, color, color_space="lab", ab_scale=ab_scale)
    made = aim(controls.value(rgb, "saturation"), controls.value(rgb, "hue"))
    kept = [_kept(uniform, batch, k, KEPT[name]) for k, name in enumerate(("saturation", "hue"))]
    return made * ops.concatenate([kept[0]] * 2 + [kept[1]] * 3, axis=-1)


def _kept(uniform, batch, k, share):
    return ops.cast(uniform((batch, 1, 1, 1), k) < share, "float32")
