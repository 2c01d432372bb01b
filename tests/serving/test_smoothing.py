"""Colours over time, cuts and flicker, on maps of a few pixels."""

import numpy as np

from colorgan.serving import smoothing
from colorgan.serving.steering import Hint, Wishes


def test_smoothing_by_hand():
    smoother = smoothing.Smoother(0.5)
    light = np.array([[50.0, 50, 50, 50]], np.float32)
    ab = np.zeros((1, 4, 2), np.float32)
    result, change = smoother(light, ab + 10)
    assert change is None and smoother.scenes == 1
    np.testing.assert_array_equal(result, ab + 10)
    # |dL| of 0 and 1: all of it, (20 + 10) / 2; of 3: half of it, k = 0.25; of 5: none.
    result, change = smoother(light + np.float32([[0, 1, 3, 5]]), ab + 20)
    np.testing.assert_allclose(change, [[0, 1, 3, 5]])
    np.testing.assert_allclose(result[0, :, 0], [15, 15, 17.5, 20])
    # The old colour is the last result, not the last prediction.
    result, _ = smoother(light + np.float32([[0, 1, 3, 5]]), ab + 20)
    np.testing.assert_allclose(result[0, :, 1], [17.5, 17.5, 18.75, 20])


def test_flicker_by_hand():
    flicker = smoothing.Flicker()
    assert flicker.mean is None
    flicker(np.zeros((1, 3, 2)), None)
    assert flicker.mean is None
    ab = np.array([[[3.0, 4], [30, 40], [0, 0]]])
    flicker(ab, np.array([[0.0, 1, 0.5]]))  # the second pixel moves: distances 5 and 0
    assert flicker.mean == 2.5
    flicker(ab + 100, None)  # a new scene
    flicker(ab + 100, np.zeros((1, 3)))
    assert flicker.mean == 1.0  # (5 + 0 + 0 + 0 + 0) / 5


def test_cuts():
    random = np.random.RandomState(0)
    scene = random.uniform(0, 60, (16, 16)).astype(np.float32)
    assert not smoothing.is_cut(scene, scene + 5)  # light that fades
    assert not smoothing.is_cut(scene, random.permutation(scene.ravel()).reshape(16, 16))  # all moved, nothing new
    assert smoothing.is_cut(scene, scene + 40)
    dark, half = np.full((16, 16), 20, np.float32), np.full((16, 16), 20, np.float32)
    half[:, :3] = 90  # something enters: 3/16 of the pixels
    assert not smoothing.is_cut(dark, half)


def test_hints_hold_from_their_frame_to_the_end_of_the_scene():
    """Frames 0 to 2 are dark, 3 to 5 bright: a scene each."""
    wishes = Wishes(hints=(Hint(0, 0, None), Hint(1, 0, None, frame=2), Hint(2, 0, None, frame=4)), desired_hue=0.5)
    scene = smoothing.Scene(wishes)
    held = [scene(np.full((8, 8), light, np.float32)) for light in (20, 20, 20, 80, 80, 80)]
    assert [[one.x for one in frame.hints] for frame in held] == [[0], [0], [0, 1], [], [2], [2]]
    assert {frame.desired_hue for frame in held} == {0.5}
