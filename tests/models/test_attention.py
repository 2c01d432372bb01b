"""Attention over hints, in a graph that takes maps of any size."""

import numpy as np
import tensorflow as tf

from colorgan.models import additions


def test_a_graph_for_all_sizes_gives_what_each_size_gives():
    layer, random = additions.Attention(4), np.random.RandomState(0)
    specs = [tf.TensorSpec((None, None, None, channels)) for channels in (6, 3)]
    graph = tf.function(lambda x, found: layer(x, found, reduction=8), input_signature=specs)
    for height, width in ((3, 5), (4, 2)):
        x = random.normal(0, 1, (2, height, width, 6)).astype(np.float32)
        found = random.randint(0, 2, (2, height, width, 3)).astype(np.float32)
        np.testing.assert_allclose(graph(x, found), layer(x, found, reduction=8), atol=1e-5)


def test_distances_are_between_the_cells_of_a_map():
    """Of two rows of three cells, from the first: 0, 1, 2 along it, and below 1, sqrt 2, sqrt 5."""
    np.testing.assert_allclose(additions._distances(2, 3)[0], [0, 1, 2, 1, 2**0.5, 5**0.5], rtol=1e-6)
