"""Heads: shapes and types in every precision, and where their colours start."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan.models import generators, heads, quantization
from colorgan.models.objectives import rebalanced
from colorgan.settings import flags
from colorgan.settings.config import Config

LOGITS = {"color": None, "color-and-bins": (261,), "channel-bins": (2, 16), "joint-bins": (261,)}
BINS = [name for name, shape in LOGITS.items() if shape]
CENTRES = quantization.channel_centres()


def built(name, *, kernel_size=3, **values):
    return heads.build(Config().replace(head=name, **values), kernel_size=kernel_size)


def features(seed=0, channels=8):
    return tf.constant(np.random.default_rng(seed).normal(size=(2, 5, 6, channels)), tf.float32)


def expected_color(logits):
    """The mean colour of the bins of each channel."""
    return np.asarray(tf.nn.softmax(logits)) @ CENTRES


def test_all_heads_are_tested():
    assert set(LOGITS) == set(heads.HEADS)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("name", LOGITS)
def test_shapes_ranges_and_types(name, dtype):
    head = built(name, precision=dtype)
    x = tf.cast(features(), "float32" if dtype == "float32" else dtype.removeprefix("mixed_"))
    color, logits = head(x)
    assert color.shape == (2, 5, 6, 2) and color.dtype == tf.float32
    assert np.abs(color).max() <= 1 and np.std(color) > 0
    np.testing.assert_array_equal(head(x)[0], color)
    if LOGITS[name] is None:
        assert logits is None
    else:
        assert logits.shape == (2, 5, 6, *LOGITS[name]) and logits.dtype == tf.float32
    assert all(w.dtype == "float32" for w in head.weights)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("name", LOGITS)
def test_eager_is_graph(name, dtype):
    head, x = built(name, precision=dtype), features()
    graph = tf.function(lambda x: head(x)[0], input_signature=[tf.TensorSpec([None, None, None, 8])])
    np.testing.assert_allclose(graph(x), head(x)[0], atol=1e-5 if dtype == "float32" else 1e-2)


@pytest.mark.parametrize("name", LOGITS)
def test_parts_are_all_there_is_to_train(name):
    head = built(name)
    head(features())
    parts = [variable for part in head.parts for variable in part.trainable_variables]
    assert [v.path for v in parts] == [v.path for v in head.trainable_variables]
    # By hand: 3 x 3 x 8 inputs + 1 bias for each output; a reading convolution has 3 x 3 x 16 + 1.
    expected = {
        "color": 73 * 2,
        "color-and-bins": 73 * 2 + 9 * 261,  # its bins are made pixel by pixel
        "channel-bins": 73 * 32 + 145 * 2,
        "joint-bins": 73 * 261,
    }
    assert head.count_params() == expected[name]


@pytest.mark.parametrize("space", ["rgb", "yuv"])
def test_other_colour_spaces(space):
    assert built("color", color_space=space)(features())[0].shape == (2, 5, 6, 3 if space == "rgb" else 2)
    for name in BINS:
        with pytest.raises(ValueError, match=f"`--head {name}` .*use --color-space lab. Received: {space}"):
            built(name, color_space=space)


def test_unknown_heads_list_the_known():
    with pytest.raises(
        ValueError, match="Unknown `--head` 'bins'.* Known: color, color-and-bins, channel-bins, joint-bins"
    ):
        built("bins")


@pytest.mark.parametrize("name", LOGITS)
def test_bins_are_described_as_json_has_it(name):
    head = built(name, ab_scale=100.0)
    if name == "color":
        assert head.bins is None
        return
    kind = "channel-bins" if name == "channel-bins" else "joint-bins"
    assert json.loads(json.dumps(head.bins)) == head.bins == quantization.describe(kind, ab_scale=100.0)
    assert tuple(head.bins["shape"]) == LOGITS[name]


@pytest.mark.parametrize("name", BINS)
def test_targets_fit_the_logits(name):
    head, x = built(name, ab_scale=100.0), features()
    truth = tf.constant(np.random.default_rng(1).uniform(-0.25, 0.25, (2, 5, 6, 2)), tf.float32)
    weights = np.ones(head.bins["shape"], np.float32)
    with tf.GradientTape() as tape:
        _, logits = head(x)
        loss = rebalanced.cross_entropy(logits, head.targets(truth), weights)
    assert loss.shape == (2, 5, 6, 1)
    gradients = tape.gradient(loss, head.trainable_variables)
    unreached = {  # what makes colours of channel bins, or beside bins, is not part of the classification
        "color-and-bins": [True] * 2 + [False] * 2,
        "channel-bins": [False] * 4 + [True] * 4,
        "joint-bins": [False] * 2,
    }
    assert [g is None for g in gradients] == unreached[name]
    assert all(np.abs(g).max() > 0 for g in gradients if g is not None)
    # Sure of the nearest bin, the colour is the truth to half a bin: 1/16, or 5 Lab units of 100.
    if name != "channel-bins":
        color = quantization.annealed_mean(quantization.dense(head.targets(truth)), temperature=1e-4) / 100
        assert np.abs(color - truth).max() <= 0.05 + 1e-6
    else:
        color = expected_color(50 * head.targets(truth))
        assert np.abs(color - truth).max() <= 1 / 16 + 1e-6


@pytest.mark.parametrize("name", LOGITS)
def test_the_colours_gradient_reaches_every_part(name):
    head, x = built(name), features()
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(head(x)[0] ** 2)
    reached = head.convolution.trainable_variables if name == "color-and-bins" else head.trainable_variables
    assert all(np.abs(g).max() > 0 for g in tape.gradient(loss, reached))


def reader(kernel_size):
    """-> a channel-bins head whose logits are its 16 features, the same for a and for b."""
    head = built("channel-bins", kernel_size=kernel_size)
    head(features(channels=16))
    kernel = np.zeros((kernel_size, kernel_size, 16, 16), np.float32)
    kernel[(kernel_size - 1) // 2, (kernel_size - 1) // 2] = np.eye(16)
    for layer in head.parts[:2]:
        layer.kernel.assign(kernel)
    return head


@pytest.mark.parametrize("kernel_size", [1, 4, 5])
def test_channel_bins_start_at_the_centre_of_a_sure_bin(kernel_size):
    bins = np.random.default_rng(5).integers(0, 16, (2, 5, 6))
    color, logits = reader(kernel_size)(100 * np.eye(16, dtype=np.float32)[bins])
    np.testing.assert_array_equal(np.argmax(logits, axis=-1), np.stack([bins, bins], axis=-1))
    np.testing.assert_allclose(color, np.stack([CENTRES[bins]] * 2, axis=-1), atol=1e-6)


def test_channel_bins_start_near_the_expected_colour():
    # Between two neighbours with even chances: the mean of artanh is off by about c / (1 - c^2) / 256 at c (second
    # order of artanh over +-1/16), 0.003 up to c = 1/2 and 0.02 at the end bins.
    logits = np.full((1, 1, 15, 16), -100, np.float32)
    logits[0, 0, range(15), range(15)] = logits[0, 0, range(15), range(1, 16)] = 0
    color, bins = reader(3)(logits)
    error = np.abs(color - expected_color(bins))[0, 0, :, 0]
    assert error.max() < 0.02 and error[3:12].max() < 0.003 and error[0] > error[7]


def test_joint_bins_are_the_annealed_mean():
    head = built("joint-bins", ab_scale=100.0, temperature=0.5)
    color, logits = head(features())
    expected = quantization.annealed_mean(logits, temperature=0.5) / 100
    np.testing.assert_allclose(color, expected, atol=1e-6)
    # The bin of most colour is at b = -110, beyond 1 at this scale.
    assert np.abs(quantization.joint_centres()).max() / 100 == pytest.approx(1.1)


@pytest.mark.parametrize("name", LOGITS)
def test_weights_survive_a_file(name, tmp_path):
    def network(seed):
        keras.utils.set_random_seed(seed)
        return generators.build(flags.resolve({"dataset": "shapes", "preset": "tiny", "head": name}))

    first, second = network(0), network(1)
    first.save_weights(tmp_path / "a.weights.h5")
    x = features(channels=1)
    assert not np.allclose(first(x), second(x), atol=1e-4)
    second.load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(first(x), second(x))
