"""Colour bins: their places, colours to bins and back, and their weights in a rebalanced loss.

Two kinds. *channel* bins divide a and b separately, with 16 equal bins over [-1, 1] of the scaled colour. *joint* bins
are the points of a grid of step 10 in the ab plane whose cell holds an sRGB colour (Zhang, Isola, Efros 2016, Colorful
Image Colorization, section 2.1). Pure functions of arrays or tensors; counting and weights use NumPy. Imports `color`.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from keras import ops

from colorgan.models import color as colors

CHANNEL_BINS = 16
STEP = 10  # Lab units between joint bins: Zhang et al. 2016, section 2.1
NEIGHBOURS = 5  # soft encoding, the same section
SIGMA = 5.0  # Lab units: of the soft encoding (section 2.1) and of the prior's smoothing (section 2.2)
CELL = 5  # Lab units: the fineness of the table that finds near bins
REACH = 130  # bins of colours up to this |a|, |b| are found exactly, in Lab units; sRGB ends at 108

# For each a, the first and the last b whose cell [a - 5, a + 5] x [b - 5, b + 5] holds the Lab colour of at least one
# of the 2^24 8-bit sRGB colours. It is a table because the shape of a network's weights depends on it, and a device's
# rounding must not change it. `tests/models/test_quantization.py` computes it again. The next cell, (20, -80), contains
# only colours between 8-bit colours.
GAMUT = {
    -90: (80, 80), -80: (40, 80), -70: (20, 90), -60: (0, 90), -50: (-20, 90), -40: (-30, 90), -30: (-40, 90),
    -20: (-40, 90), -10: (-50, 90), 0: (-60, 90), 10: (-70, 80), 20: (-70, 80), 30: (-80, 80), 40: (-90, 80),
    50: (-90, 70), 60: (-100, 70), 70: (-110, 70), 80: (-110, 70), 90: (-90, 0), 100: (-70, -50),
}  # fmt: skip


def describe(kind, *, ab_scale):
    """-> a description of a kind's bins for JSON: for `histogram`, and to identify cached results.

    Args:
        kind: `channel-bins` or `joint-bins`.
        ab_scale: Lab units of a and b that become 1.

    Returns:
        {"kind": kind, "ab_scale": float, "shape": [2, 16] or [Q], "step": Lab units between two bins}.
    """
    shape, step = [len(joint_centres())], STEP
    if kind == "channel-bins":
        shape, step = [2, CHANNEL_BINS], 2 * ab_scale / CHANNEL_BINS
    return {"kind": kind, "ab_scale": float(ab_scale), "shape": shape, "step": float(step)}


class SoftTargets(NamedTuple):
    """Colours as a few weighted joint bins, the nearest first: `indices` [..., 5] int32, `weights` [..., 5] float32."""

    indices: object
    weights: object


def channel_centres():
    """-> [16] float32: the centres of the channel bins in scaled colour, -15/16, -13/16 .. 15/16."""
    return ((2 * np.arange(CHANNEL_BINS) + 1) / CHANNEL_BINS - 1).astype(np.float32)


def channel_indices(color):
    """[..., C] float, scaled colour -> [..., C] int32, the bin of each channel; values outside go to the end bins.

    A value on an edge, or less than a thousandth of a bin below it, belongs to the bin above.
    """
    # The a and b of grays are rounding errors around 0, an edge. Without the thousandth they would choose the bin.
    position = ops.floor((ops.cast(color, "float32") + 1) * (CHANNEL_BINS / 2) + 1e-3)
    # Clipped before the cast, because casting a large float is undefined.
    return ops.cast(ops.clip(position, 0, CHANNEL_BINS - 1), "int32")


def channel_targets(color):
    """[..., C] float, scaled colour -> [..., C, 16] float32, one-hot over the bins of each channel."""
    return ops.one_hot(channel_indices(color), CHANNEL_BINS, dtype="float32")


@functools.cache
def joint_centres():
    """The joint bins: [Q, 2] float32, a and b in Lab units, in ascending order of a, then b. Q is 261.

    Zhang et al. 2016 have 313 at the same step, by an unpublished rule: the four grid points around every sRGB colour
    are 309, and theirs are these and four more. Here a bin must be the nearest of some colour; the other 52 could never
    be a pixel's class. A subset of colours finds fewer bins: a cube of 16 levels a channel finds 254.
    """
    return np.array([(a, b) for a, (low, high) in GAMUT.items() for b in range(low, high + 1, STEP)], dtype=np.float32)


@functools.cache
def _candidates():
    """-> for each small cell of the plane up to `REACH`, the bins that can be among the 5 nearest of a colour in it.

    A bin is excluded if its least distance from the cell exceeds the fifth smallest of the bins' greatest distances. K
    is 16, so a picture's distances need no [B, H, W, Q].

    Returns:
        indices: [cells, K] int32, filled up with -1.
        points: [cells, K, 2] float32, their centres; those of fillers are far away.
    """
    ticks = np.arange(-REACH, REACH + 1, CELL)
    cells = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    away = np.abs(cells - joint_centres())
    least = np.linalg.norm(np.maximum(away - CELL / 2, 0), axis=-1)
    most = np.linalg.norm(away + CELL / 2, axis=-1)
    near = least <= np.sort(most, axis=-1)[:, NEIGHBOURS - 1 : NEIGHBOURS] + 1e-3
    order = np.argsort(~near, axis=-1, kind="stable")[:, : near.sum(axis=-1).max()]
    real = np.take_along_axis(near, order, axis=-1)
    points = np.where(real[..., None], joint_centres()[order], 1e4)
    return np.where(real, order, -1).astype(np.int32), points.astype(np.float32)


def nearest_bins(ab):
    """Find the joint bins nearest to colours.

    Args:
        ab: [..., 2] float, Lab units; beyond `REACH` the colour is moved to it.

    Returns:
        indices: [..., 5] int32, the nearest first.
        distances: [..., 5] float32, squared, Lab units.
    """
    indices, points = (ops.convert_to_tensor(table) for table in _candidates())
    ab = ops.clip(ops.cast(ab, "float32"), -REACH, REACH)
    cell = ops.cast(ops.floor((ab + REACH) / CELL + 0.5), "int32")
    row = cell[..., 0] * (2 * REACH // CELL + 1) + cell[..., 1]
    distances = ops.sum((ops.take(points, row, axis=0) - ab[..., None, :]) ** 2, axis=-1)
    negative, place = ops.top_k(-distances, NEIGHBOURS)
    return ops.take_along_axis(ops.take(indices, row, axis=0), place, axis=-1), -negative


def soft_encode(ab):
    """Encode colours as weights of their five nearest bins (Zhang et al. 2016, section 2.1).

    The weights are a Gaussian's of the distance, sigma 5, and sum to 1.

    Args:
        ab: [..., 2] float, Lab units.

    Returns:
        `SoftTargets`; `dense` has the form with all bins.
    """
    indices, distances = nearest_bins(ab)
    # As a softmax the weights stay defined even for far colours, where every Gaussian underflows.
    return SoftTargets(indices, ops.softmax(-distances / (2 * SIGMA**2), axis=-1))


def dense(targets: SoftTargets):
    """[..., 5] indices and weights -> [..., Q] float32, a distribution over all bins."""
    shape, count = ops.shape(targets.indices), len(joint_centres())
    rows = ops.size(targets.indices) // NEIGHBOURS
    # A scatter: the sum of five one-hot tensors is three times as slow on a CPU.
    row = ops.repeat(ops.arange(rows, dtype="int32"), NEIGHBOURS)
    places = ops.stack([row, ops.reshape(targets.indices, (-1,))], axis=-1)
    flat = ops.scatter(places, ops.reshape(targets.weights, (-1,)), (rows, count))
    return ops.reshape(flat, (*shape[:-1], count))


def annealed_mean(logits, *, temperature):
    """Compute a distribution's colour between its mode and its mean (Zhang et al. 2016, eq. (5)).

    Args:
        logits: [..., Q] float.
        temperature: T > 0; 1 gives the mean, T -> 0 the mode; the paper's is 0.38.

    Returns:
        [..., 2] float32, a and b in Lab units.
    """
    # exp(log z / T), normalized, is the softmax of logits / T.
    annealed = ops.softmax(ops.cast(logits, "float32") / temperature, axis=-1)
    return ops.matmul(annealed, ops.convert_to_tensor(joint_centres()))


def histogram(batches, *, bins):
    """Count how often each bin occurs, for `class_weights`.

    Args:
        batches: iterable of [B, H, W, 3] uint8 sRGB pictures, arrays or tensors.
        bins: the result of `describe`; a head's `bins`.

    Returns:
        int64 counts, [2, 16] (channel) or [Q] (joint: each colour counts for its nearest bin).
    """
    total = np.zeros(bins["shape"], dtype=np.int64)
    for batch in batches:
        lab = ops.convert_to_numpy(colors.rgb_to_lab(np.asarray(batch, np.float32) / 255))
        ab = lab[..., 1:].reshape(-1, 2)
        if bins["kind"] == "joint-bins":
            total += np.bincount(_nearest(ab), minlength=len(total))
        else:
            indices = ops.convert_to_numpy(channel_indices(ab / np.float32(bins["ab_scale"])))
            total += np.stack([np.bincount(one, minlength=CHANNEL_BINS) for one in indices.T])
    return total


def _nearest(ab):
    """[N, 2] Lab units -> [N], the bin of a colour's cell, which every sRGB colour has; otherwise the nearest to the
    cell's centre."""
    limit = REACH // STEP
    ticks = STEP * np.arange(-limit, limit + 1)
    grid = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1)
    own = np.linalg.norm(grid[:, :, None] - joint_centres(), axis=-1).argmin(axis=-1)
    cell = np.clip(np.rint(ab / STEP), -limit, limit).astype(int) + limit
    return own[cell[:, 0], cell[:, 1]]


def class_weights(counts, *, bins, uniform_mix=0.5, exponent=1.0):
    """Compute each bin's weight for `objectives.rebalanced.cross_entropy`, from its count in the training set.

    joint-bins: w = ((1 - lambda) p + lambda / Q)^-exponent, scaled so that the mean of w under p is 1 (Zhang et al.
    2016, eq. (4), lambda 1/2 and exponent 1); p are the frequencies smoothed by a Gaussian of sigma 5 over the bins'
    distances, and each bin's share stays whole among the existing bins (the paper does not say how it treats the
    gamut's edge). channel-bins: 1 / (count + 1) over its sum, for each channel, and 0 for a bin that never occurs, as
    in the system of the preset `wgan256`; the weights sum to 1.

    Args:
        counts: the result of `histogram`, or its JSON form.
        bins: the bins given to `histogram`.
        uniform_mix: lambda, in (0, 1], of joint bins; at 1 all weights are 1; at 0 a bin that never occurs would have
            an infinite weight.
        exponent: of joint bins, at least 0; at 0 all weights are 1.

    Returns:
        numpy float32, of the shape of `counts`.

    Raises:
        ValueError: for counts of a wrong shape, negative counts, or no colour at all.
    """
    counts = np.asarray(counts, dtype=np.float64)
    if list(counts.shape) != bins["shape"] or (counts < 0).any() or not counts.sum(axis=-1).all():
        raise ValueError(
            f"`counts` of {bins['kind']} must have shape {bins['shape']}, none negative and not all 0. "
            f"Received: shape {list(counts.shape)}, {counts.sum():.0f} colours"
        )
    if bins["kind"] == "channel-bins":
        inverse = (counts > 0) / (counts + 1)
        return (inverse / inverse.sum(axis=-1, keepdims=True)).astype(np.float32)
    p = _smooth(counts / counts.sum())
    weights = ((1 - uniform_mix) * p + uniform_mix / len(p)) ** -exponent
    return (weights / np.sum(p * weights)).astype(np.float32)


def _smooth(p):
    """[Q] float64 frequencies -> the same, blurred by a Gaussian over the ab plane; the sum stays."""
    centres = joint_centres().astype(np.float64)
    kernel = np.exp(-((centres[:, None] - centres[None]) ** 2).sum(axis=-1) / (2 * SIGMA**2))
    return kernel @ (p / kernel.sum(axis=0))
