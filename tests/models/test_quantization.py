"""Bins of colour against plain numpy, scikit-image 0.26 and values computed by hand."""

import json
import math

import numpy as np
import pytest
import tensorflow as tf
from skimage import color as skcolor

from colorgan.models import color, quantization

CHANNEL = quantization.describe("channel-bins", ab_scale=100.0)
JOINT = quantization.describe("joint-bins", ab_scale=110.0)
CENTRES = quantization.joint_centres()
Q = len(CENTRES)


def bin_of(a, b):
    """-> the index of the joint bin at (a, b)."""
    (index,) = np.flatnonzero((CENTRES == (a, b)).all(axis=1))
    return index


def faces(levels):
    """-> [N, 3]: the faces of the sRGB cube. Every ab that sRGB has is there: a colour of its least lightness is."""
    u, v = (x.ravel() for x in np.meshgrid(levels, levels))
    return np.concatenate(
        [np.insert(np.stack([u, v], 1), axis, end, axis=1) for axis in range(3) for end in (0.0, 1.0)]
    )


@pytest.fixture(scope="module")
def gamut():
    """-> [N, 2] float32: the ab of colours all over the sRGB cube and densely on its faces, where the gamut ends."""
    levels = np.linspace(0, 1, 17)
    inside = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    rgb = np.concatenate([inside, faces(np.linspace(0, 1, 52))])
    return np.asarray(color.rgb_to_lab(rgb))[:, 1:]


def brute_force(ab, count=5):
    """-> (indices, squared distances) of the nearest bins by all distances, in float64."""
    squares = ((ab[:, None].astype(np.float64) - CENTRES) ** 2).sum(axis=-1)
    order = np.argsort(squares, axis=-1, kind="stable")[:, :count]
    return order, np.take_along_axis(squares, order, axis=-1)


@pytest.fixture(scope="module")
def faces_ab():
    """-> [N, 2] float64: the ab of the faces of the 8-bit cube, by scikit-image 0.26."""
    return skcolor.rgb2lab(faces(np.arange(256) / 255))[:, 1:]


def test_the_table_holds_the_bins_of_srgb(faces_ab):
    # All 2^24 colours give the same bins (tried once), and no cell is decided by less than 0.05 of a Lab unit:
    # scikit-image's rounded white moves a and b by 0.01.
    np.testing.assert_array_equal(CENTRES, np.unique(np.rint(faces_ab / 10) * 10, axis=0))
    assert Q == 261 and CENTRES.dtype == np.float32


def test_other_numbers_of_bins(faces_ab):
    """What the docstring says of rules that give 309 and 254."""
    below = np.unique(np.floor(faces_ab / 10), axis=0)
    around = [below + corner for corner in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert len(np.unique(np.concatenate(around), axis=0)) == 309
    levels = np.linspace(0, 1, 16)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    assert len(np.unique(np.rint(skcolor.rgb2lab(cube)[:, 1:] / 10), axis=0)) == 254


def test_descriptions_are_json():
    assert CHANNEL == {"kind": "channel-bins", "ab_scale": 100.0, "shape": [2, 16], "step": 12.5}
    assert JOINT == {"kind": "joint-bins", "ab_scale": 110.0, "shape": [261], "step": 10.0}
    assert json.loads(json.dumps(JOINT)) == JOINT


def test_channel_bins_by_hand():
    np.testing.assert_array_equal(quantization.channel_centres()[[0, 7, 8, 15]], [-0.9375, -0.0625, 0.0625, 0.9375])
    edges = {
        -1: 0,
        -0.876: 0,
        -0.875: 1,
        -2e-4: 7,
        -1e-5: 8,
        0: 8,
        0.874: 14,
        0.875: 15,
        1: 15,
        1.5: 15,
        -7: 0,
        1e30: 15,
    }
    ab = np.float32(list(edges)).reshape(1, 1, -1, 1) * np.float32([1, 1])
    result = quantization.channel_targets(ab)
    assert result.shape == (1, 1, len(edges), 2, 16) and result.dtype == tf.float32
    np.testing.assert_array_equal(np.argmax(result, axis=-1)[0, 0], np.stack([list(edges.values())] * 2, axis=-1))
    np.testing.assert_array_equal(np.sum(result, axis=-1), 1)


def test_channel_round_trip():
    ab = np.linspace(-1, 1, 1001, dtype=np.float32)[:, None]
    targets = quantization.channel_targets(ab)
    assert np.abs(np.asarray(targets) @ quantization.channel_centres() - ab).max() <= 1 / 16 + 1e-6  # half a bin


def test_nearest_bins_against_all_distances(gamut):
    anywhere = np.random.default_rng(0).uniform(-130, 130, (2000, 2)).astype(np.float32)
    grid = np.stack(np.meshgrid(np.arange(-130, 131, 5), np.arange(-130, 131, 5)), axis=-1).reshape(-1, 2)
    for ab in (gamut, anywhere, grid.astype(np.float32)):
        _, expected = brute_force(ab)
        indices, squares = (np.asarray(x) for x in quantization.nearest_bins(ab))
        # Not the indices: on the grid, distances are equal. float32 has 24 bits of squares up to 3e4.
        np.testing.assert_allclose(squares, expected, atol=0.02)
        np.testing.assert_allclose(((CENTRES[indices] - ab[:, None]) ** 2).sum(-1), expected, atol=0.02)
        assert all(len(set(row)) == 5 for row in indices.tolist())


def test_soft_encoding_by_hand():
    # At a bin, its neighbours are at 10: e^(-100/50) = e^-2 each.
    targets = quantization.soft_encode(np.zeros((1, 1, 1, 2), np.float32))
    assert targets.indices.shape == targets.weights.shape == (1, 1, 1, 5)
    assert targets.indices.dtype == tf.int32 and targets.weights.dtype == tf.float32
    assert int(targets.indices[0, 0, 0, 0]) == bin_of(0, 0)
    assert set(targets.indices.numpy().ravel()[1:]) == {bin_of(*p) for p in ((10, 0), (-10, 0), (0, 10), (0, -10))}
    norm = 1 + 4 * math.exp(-2)
    np.testing.assert_allclose(targets.weights[0, 0, 0], [1 / norm] + [math.exp(-2) / norm] * 4, rtol=1e-5)
    full = np.asarray(quantization.dense(targets))
    assert full.shape == (1, 1, 1, Q) and np.count_nonzero(full) == 5
    np.testing.assert_allclose(full[0, 0, 0, [bin_of(0, 0), bin_of(0, 10)]], [1 / norm, math.exp(-2) / norm], rtol=1e-5)


def test_soft_encoding_against_numpy(gamut):
    order, squares = brute_force(gamut)
    weights = np.exp(-squares / 50)
    expected = np.zeros((len(gamut), Q))
    np.put_along_axis(expected, order, weights / weights.sum(axis=-1, keepdims=True), axis=-1)
    tied = np.isclose(squares[:, 3], squares[:, 4], atol=0.05)  # which of two is the fifth is open, about grays
    assert tied.mean() < 0.01
    tied |= np.isclose(brute_force(gamut, 6)[1][:, 5], squares[:, 4], atol=0.05)
    result = np.asarray(quantization.dense(quantization.soft_encode(gamut)))
    assert tied.mean() < 0.1
    np.testing.assert_allclose(result[~tied], expected[~tied], atol=1e-4)


def test_round_trip_over_the_whole_gamut(gamut):
    """Error bounds: of the mode half a step in a and in b; of the mean the mean distance of the five bins.

    A colour of sRGB lies in the cell of its nearest bin, which is 10 wide. The mean's error is at most the weighted
    mean of the five distances; weights fall with distance, so by Chebyshev's sum inequality the plain mean is larger.
    """
    targets = quantization.soft_encode(gamut)
    logits = np.log(np.maximum(quantization.dense(targets), 1e-30))
    mode = np.asarray(quantization.annealed_mean(logits, temperature=1e-3))
    # At a cell's edge two bins are equally near, and the mode is then between them.
    assert np.abs(mode - gamut).max() <= 5 + 1e-3
    np.testing.assert_allclose(CENTRES[targets.indices[:, 0]], np.rint(gamut / 10) * 10)
    mean = np.asarray(quantization.annealed_mean(logits, temperature=1.0))
    error = np.linalg.norm(mean - gamut, axis=-1)
    assert np.all(error <= np.sqrt(brute_force(gamut)[1]).mean(axis=-1) + 1e-3)
    assert np.median(error) < 1  # inside, where bins lie all around, it is far less


def test_far_colours_go_to_the_rim():
    far = quantization.soft_encode(np.float32([[500, -500], [1e9, 0]]))
    rim = quantization.soft_encode(np.float32([[130, -130], [130, 0]]))
    for one, other in zip(far, rim, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(np.sum(far.weights, axis=-1), 1, rtol=1e-6)


def test_annealed_mean_by_hand():
    logits = np.full(Q, -1e4, np.float32)
    logits[bin_of(40, 60)], logits[bin_of(-10, 0)] = math.log(0.8), math.log(0.2)
    # At T the shares are 0.8^(1/T) to 0.2^(1/T): 4 to 1 at T = 1, 16 to 1 at T = 1/2.
    for temperature, share in ((1.0, 4 / 5), (0.5, 16 / 17), (0.01, 1.0)):
        result = quantization.annealed_mean(logits, temperature=temperature)
        np.testing.assert_allclose(result, [40 * share - 10 * (1 - share), 60 * share], rtol=1e-5)


def test_annealed_mean_goes_from_mean_to_mode():
    logits = np.random.default_rng(0).normal(size=(2, 3, 4, Q)).astype(np.float32) * 3
    p = np.exp(logits.astype(np.float64))
    mean = (p / p.sum(axis=-1, keepdims=True)) @ CENTRES
    np.testing.assert_allclose(quantization.annealed_mean(logits, temperature=1.0), mean, atol=1e-3)
    mode = CENTRES[np.argmax(logits, axis=-1)]
    np.testing.assert_allclose(quantization.annealed_mean(logits, temperature=1e-4), mode, atol=1e-3)


def test_half_precision_and_shapes_known_late():
    ab = np.random.default_rng(1).uniform(-60, 60, (2, 3, 4, 2)).astype(np.float32)

    def run(x):
        targets = quantization.soft_encode(x)
        full = quantization.dense(targets)
        mean = quantization.annealed_mean(tf.cast(full, tf.bfloat16), temperature=0.5)
        return full, mean, quantization.channel_targets(x / 110)

    expected = run(tf.constant(ab))
    assert all(x.dtype == tf.float32 for x in expected)
    graph = tf.function(run, input_signature=[tf.TensorSpec([None, None, None, 2])])
    mapped = next(iter(tf.data.Dataset.from_tensors(ab).map(run)))
    for results in (graph(ab), mapped):
        for result, value in zip(results, expected, strict=True):
            np.testing.assert_allclose(result, value, atol=1e-6)
    halves = run(tf.cast(ab, tf.bfloat16))
    for result, value in zip(halves, run(tf.cast(tf.cast(ab, tf.bfloat16), tf.float32)), strict=True):
        np.testing.assert_allclose(result[:2], value[:2], atol=2e-2)


# Red is Lab (53.24, 80.09, 67.20), by hand in test_color.py: joint bin (80, 70); at 100 units to 1 it is (0.80, 0.67)
# and floor(8 (x + 1)) gives the channel bins 14 and 13. Gray is 0, in bin 8.
PICTURE = np.uint8([[[[9, 9, 9], [200, 200, 200]], [[255, 255, 255], [255, 0, 0]]]])


def test_histogram_by_hand():
    joint = quantization.histogram([PICTURE, tf.constant(PICTURE)], bins=JOINT)
    assert joint.shape == (Q,) and joint.dtype == np.int64
    assert (joint[bin_of(0, 0)], joint[bin_of(80, 70)], joint.sum()) == (6, 2, 8)
    channel = quantization.histogram(iter([PICTURE]), bins=CHANNEL)
    expected = np.zeros((2, 16), int)
    expected[:, 8] = 3
    expected[0, 14] = expected[1, 13] = 1
    np.testing.assert_array_equal(channel, expected)
    assert quantization.histogram([], bins=CHANNEL).sum() == 0


def test_every_pixel_counts_for_its_nearest_bin():
    rgb = np.random.default_rng(2).integers(0, 256, (2, 8, 9, 3), dtype=np.uint8)
    ab = np.asarray(color.rgb_to_lab(rgb / 255))[..., 1:].reshape(-1, 2)
    expected = np.bincount(brute_force(ab, 1)[0].ravel(), minlength=Q)
    np.testing.assert_array_equal(quantization.histogram([rgb], bins=JOINT), expected)


def test_channel_weights_by_hand():
    counts = np.ones((2, 16), int)
    counts[0] = [7, 3] + [0] * 14  # 1/8 and 1/4 of a sum of 3/8
    weights = quantization.class_weights(counts, bins=CHANNEL)
    np.testing.assert_allclose(weights[0], [1 / 3, 2 / 3] + [0] * 14, rtol=1e-6)
    np.testing.assert_allclose(weights[1], 1 / 16, rtol=1e-6)
    assert weights.dtype == np.float32


def smoothed(counts):
    """-> p of eq. (4): each bin's share spread over the bins by exp(-d^2 / 50), in plain loops."""
    p = np.zeros(Q)
    for count, centre in zip(counts / counts.sum(), CENTRES, strict=True):
        spread = np.exp(-((CENTRES - centre) ** 2).sum(axis=1) / 50)
        p += count * spread / spread.sum()
    return p


def test_joint_weights_by_hand():
    counts = np.zeros(Q, int)
    counts[bin_of(0, 0)] = 1000
    weights = quantization.class_weights(counts, bins=JOINT, uniform_mix=0.5)
    # All in one bin: the kernel is a product over a and b of 1 + 2 e^-2 + 2 e^-8 = 1.271342 (the next, e^-18, is 1e-8),
    # so p(0, 0) = 1 / 1.271342^2 = 0.618693 and p(10, 0) = e^-2 of it, 0.083731; far away 0. Before the norm,
    # w = 1 / (p / 2 + 0.5 / 261): 3.21272, 22.8404 and 522.
    ratios = weights[[bin_of(10, 0), bin_of(80, 70)]] / weights[bin_of(0, 0)]
    np.testing.assert_allclose(ratios, [22.8404 / 3.21272, 522 / 3.21272], rtol=1e-4)
    assert weights.dtype == np.float32 and weights.shape == (Q,)


def test_a_smaller_exponent_rebalances_less():
    counts = np.random.default_rng(3).integers(0, 1000, Q) ** 2
    full, half, none = (quantization.class_weights(counts, bins=JOINT, exponent=e) for e in (1.0, 0.5, 0.0))
    np.testing.assert_allclose((half / half[0]) ** 2, full / full[0], rtol=1e-5)
    np.testing.assert_array_equal(none, 1)
    np.testing.assert_allclose(np.sum(smoothed(counts) * half), 1, rtol=1e-6)


@pytest.mark.parametrize("mix", [0.01, 0.5, 1.0])
def test_the_mean_joint_weight_is_1(mix):
    counts = np.random.default_rng(3).integers(0, 1000, Q) ** 2
    weights = quantization.class_weights(counts.tolist(), bins=JOINT, uniform_mix=mix)
    p = smoothed(counts)
    np.testing.assert_allclose(p.sum(), 1)
    np.testing.assert_allclose(np.sum(p * weights), 1, rtol=1e-6)
    np.testing.assert_allclose(
        weights * ((1 - mix) * p + mix / Q), np.full(Q, weights[0] * ((1 - mix) * p[0] + mix / Q)), rtol=1e-6
    )
    if mix == 1:
        np.testing.assert_array_equal(weights, 1)


@pytest.mark.parametrize(
    ("counts", "bins", "received"),
    [
        (np.ones((2, 16)), JOINT, r"\[261\].*shape \[2, 16\], 32 colours"),
        (np.zeros(Q), JOINT, r"shape \[261\], 0 colours"),
        (np.array([[1] * 16, [0] * 16]), CHANNEL, "16 colours"),
        (-np.ones(Q), JOINT, "-261 colours"),
    ],
)
def test_counts_that_give_no_weights(counts, bins, received):
    with pytest.raises(ValueError, match=rf"`counts` of .*Received: .*{received}|`counts`.*{received}"):
        quantization.class_weights(counts, bins=bins)
