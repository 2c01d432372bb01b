"""The perceptual term with models whose features are known, and what may be wrong with a model's file."""

import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from colorgan.models.objectives import features


def model_of(*outputs, shape=(None, None, 3)):
    """-> a model with these functions of its input for outputs."""
    x = keras.Input(shape)
    results = [output(x) for output in outputs]
    return keras.Model(x, results[0] if len(results) == 1 else results)


def mean_layer():
    """A 1x1 convolution that gives the mean of the channels."""
    return layers.Conv2D(1, 1, use_bias=False, kernel_initializer=keras.initializers.Constant(1 / 3))


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    return tuple(tf.constant(rng.random((3, 4, 5, 3)), tf.float32) for _ in range(2))


def test_the_distance_by_hand():
    predicted, truth = (
        tf.constant([[[[0.2, 0.4, 0.6]]], [[[1.0, 1, 1]]]]),
        tf.constant([[[[0.0, 0, 0]]], [[[1.0, 1, 1]]]]),
    )
    # The mean of the channels in 0..255: 0.4 * 255 = 102 against 0, and 255 against 255.
    one = features.distance(model_of(mean_layer()), predicted, truth)
    assert one.shape == (2,) and one.dtype == tf.float32
    np.testing.assert_allclose(one, [102, 0], rtol=1e-6)
    # A second output, twice the picture: 2 * 102 on average. Outputs count alike, whatever their size.
    two = features.distance(model_of(mean_layer(), layers.Rescaling(2.0)), predicted, truth)
    np.testing.assert_allclose(two, [(102 + 204) / 2, 0], rtol=1e-6)


def test_the_gradient_reaches_the_prediction(pictures):
    predicted, truth = pictures
    with tf.GradientTape() as tape:
        tape.watch(predicted)
        values = features.distance(model_of(layers.Rescaling(1.0)), predicted, truth)
    # d/dp of the mean of 255 |p - t| over 60 numbers
    np.testing.assert_allclose(tape.gradient(values, predicted), np.sign(predicted - truth) * 255 / 60, rtol=1e-5)


def test_the_model_runs_at_inference(pictures):
    noisy = model_of(layers.GaussianNoise(1.0))
    np.testing.assert_array_equal(features.distance(noisy, pictures[0], pictures[0]), np.zeros(3))
    normal = model_of(layers.BatchNormalization())
    before = [w.numpy() for w in normal.weights]
    features.distance(normal, *pictures)
    for a, b in zip(before, normal.weights, strict=True):
        np.testing.assert_array_equal(a, b.numpy())


def test_a_saved_model_comes_back_frozen(tmp_path, pictures):
    model = model_of(layers.Conv2D(4, 3), layers.BatchNormalization())
    model.save(tmp_path / "features.keras")
    loaded = features.load(tmp_path / "features.keras", size=(4, 5))
    assert loaded.trainable_variables == [] and len(loaded.weights) == 6
    np.testing.assert_allclose(features.distance(loaded, *pictures), features.distance(model, *pictures), rtol=1e-5)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="`--feature-model`: .*none.keras is not there. Expected a .keras"):
        features.load(tmp_path / "none.keras")


def test_files_that_are_no_models(tmp_path):
    (tmp_path / "text.keras").write_text("not a model")
    with pytest.raises(ValueError, match="text.keras is not a .keras file. Expected a .keras file"):
        features.load(tmp_path / "text.keras")
    model = model_of(mean_layer())
    model.save_weights(tmp_path / "some.weights.h5")
    with pytest.raises(ValueError, match="some.weights.h5 is not a .keras file"):
        features.load(tmp_path / "some.weights.h5")


def test_archives_without_a_model(tmp_path):
    for name, content in (("empty", {}), ("broken", {"config.json": "{", "metadata.json": "{}"})):
        with zipfile.ZipFile(tmp_path / f"{name}.keras", "w") as archive:
            for part, text in content.items():
                archive.writestr(part, text)
        with pytest.raises(ValueError, match=f"{name}.keras does not hold a Keras model: "):
            features.load(tmp_path / f"{name}.keras")


def test_code_in_a_file_is_not_run(tmp_path):
    model_of(layers.Lambda(lambda x: x * 2, output_shape=(None, None, 3))).save(tmp_path / "lambda.keras")
    with pytest.raises(ValueError, match="lambda.keras does not hold a Keras model: .*[Ll]ambda"):
        features.load(tmp_path / "lambda.keras")


@pytest.mark.parametrize(
    ("shape", "size", "message"),
    [
        ((None, None, 1), None, r"must have one input, \[B, H, W, 3\]. Received: \(None, None, None, 1\)"),
        ((12,), None, r"Received: \(None, 12\)"),
        ((4, 4, 3), (8, 8), r"must have one input, \[B, 8, 8, 3\]. Received: \(None, 4, 4, 3\)"),
        ((4, None, 3), (8, 8), r"Received: \(None, 4, None, 3\)"),
    ],
)
def test_models_of_something_else(tmp_path, shape, size, message):
    model_of(layers.Rescaling(1.0), shape=shape).save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match=message):
        features.load(tmp_path / "other.keras", size=size)


def test_models_of_two_pictures(tmp_path):
    a, b = keras.Input((None, None, 3)), keras.Input((None, None, 3))
    keras.Model([a, b], layers.Add()([a, b])).save(tmp_path / "two.keras")
    with pytest.raises(ValueError, match=r"Received: \(None, None, None, 3\), \(None, None, None, 3\)"):
        features.load(tmp_path / "two.keras")


def test_sizes_that_fit(tmp_path):
    model_of(layers.Rescaling(1.0), shape=(8, None, 3)).save(tmp_path / "fits.keras")
    assert features.load(tmp_path / "fits.keras").input_shape == (None, 8, None, 3)
    assert features.load(tmp_path / "fits.keras", size=(8, 16)).input_shape == (None, 8, None, 3)
