"""Feature networks of files and by name: what they give, and what is none."""

import hashlib

import keras
import numpy as np
import pytest

from colorgan.evaluation import feature_networks


def test_a_named_network_names_its_metrics_and_resizes():
    seen = []

    def maps(rgb):
        seen.append(rgb)
        return {2: rgb, "mean": keras.ops.mean(rgb, axis=(1, 2), keepdims=True)}

    network = feature_networks.NamedNetwork("efficientnet-lite2", maps, sha256="0123")
    assert network.of_sets == {"fid": "FID-lite2", "kid": "KID-lite2"} and network.distance == "LPIPS-lite2"
    assert "sha256 0123" in network.description and "resized to 260x260" in network.description
    rgb = np.zeros((2, 20, 10, 3), np.uint8)
    rgb[0] = (10, 20, 30)
    features, found = network(rgb)
    assert seen[0].shape == (2, 260, 260, 3) and [one.shape for one in found] == [(2, 260, 260, 3)]
    np.testing.assert_allclose(features, [[10, 20, 30], [0, 0, 0]], rtol=1e-5)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A file of a network that gives a map of each pixel's RGB in 0..1, at a fixed size of 4x4."""
    inputs = keras.Input((4, 4, 3))
    path = tmp_path_factory.mktemp("network") / "colours.keras"
    keras.Model(inputs, keras.layers.Rescaling(1 / 255)(inputs)).save(path)
    return path


def test_a_map_becomes_its_mean(network):
    network_of_file = feature_networks.FileNetwork(network)
    rgb = np.random.default_rng(8).integers(0, 256, (3, 4, 4, 3)).astype(np.uint8)
    features, maps = network_of_file(rgb)
    np.testing.assert_allclose(features, rgb.mean(axis=(1, 2)) / 255, rtol=1e-5)
    assert maps == () and network_of_file.distance == ""
    sha256 = hashlib.sha256(network.read_bytes()).hexdigest()
    assert network_of_file.label == f"colours.keras {sha256[:8]}"
    assert network_of_file.description.startswith(f"colours.keras, sha256 {sha256}, pictures resized to 4x4")


def test_pictures_of_another_size_are_resized(network):
    rgb = np.zeros((1, 8, 8, 3), np.uint8)
    rgb[:, :, 4:] = 255
    # Half black, half white: antialiased bilinear halving keeps the mean
    np.testing.assert_allclose(feature_networks.FileNetwork(network)(rgb)[0], [[0.5] * 3], atol=1e-3)


def test_what_is_no_feature_network(network, tmp_path):
    with pytest.raises(FileNotFoundError, match="No feature network at gone.keras"):
        feature_networks.FileNetwork("gone.keras")
    (tmp_path / "text.keras").write_text("not a network")
    with pytest.raises(ValueError, match="text.keras is not a Keras model"):
        feature_networks.FileNetwork(tmp_path / "text.keras")
    inputs = keras.Input((5,))
    keras.Model(inputs, inputs).save(tmp_path / "vector.keras")
    with pytest.raises(ValueError, match="must take pictures"):
        feature_networks.FileNetwork(tmp_path / "vector.keras")
    inputs = keras.Input((4, 4, 3))
    keras.Model(inputs, keras.ops.reshape(inputs, (-1, 4, 12))).save(tmp_path / "odd.keras")
    with pytest.raises(ValueError, match=r"odd.keras must give finite vectors .* Received: \(2, 4, 12\)"):
        feature_networks.FileNetwork(tmp_path / "odd.keras")(np.zeros((2, 4, 4, 3), np.uint8))
