"""Colours over time, cuts and flicker, on maps of a few pixels."""

import cv2
import numpy as np
import pytest

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


def texture(seed, height=48, width=64):
    """-> [height, width] float32, L of a picture with blurred detail everywhere."""
    noise = np.random.RandomState(seed).uniform(0, 1, (height, width)).astype(np.float32)
    return cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 20, 80, cv2.NORM_MINMAX)


def test_colours_go_with_what_moves():
    """A picture that moves by 3 and 2 pixels: the old colour of a pixel is its neighbour's of that distance."""
    large, smoother = texture(0, 52, 70), smoothing.Smoother(0.5)
    ab = np.random.RandomState(1).uniform(-20, 20, (52, 70, 2)).astype(np.float32)
    ab = cv2.GaussianBlur(ab, (0, 0), 3)
    smoother(large[2:50, 3:67], ab[2:50, 3:67])
    new = np.full((48, 64, 2), 30, np.float32)
    result, change = smoother(large[:48, :64], new)
    assert smoother.scenes == 1 and change.mean() > 4  # so that at the same place hardly anything would stay
    inner = np.s_[6:-6, 6:-6]
    error = np.abs(result - (new + ab[:48, :64]) / 2)[inner]
    assert error.mean() < 0.5 and np.abs(result - new)[inner].mean() > 10
    light, _ = smoothing.followed(large[2:50, 3:67], large[:48, :64], new)
    assert (light[:, 0] < 0).mean() > 0.9 and (light[inner] > 0).all()  # the first column came from outside


def test_grain_moves_no_colours():
    """Where L changes by less than 1 the old colour is that of the same place, to the last bit."""
    light, smoother = texture(0), smoothing.Smoother(0.5)
    ab = np.random.RandomState(1).uniform(-20, 20, (48, 64, 2)).astype(np.float32)
    smoother(light, ab)
    grain = np.random.RandomState(2).uniform(-0.9, 0.9, light.shape).astype(np.float32)
    np.testing.assert_array_equal(smoother(light + grain, -ab)[0], np.zeros_like(ab))


@pytest.mark.parametrize("shape", [(8, 64), (24, 256), (16, 1024), (100, 31), (32, 512)])
def test_no_shape_is_too_much_for_the_search(shape):
    """OpenCV's ends the process in some maps that are many times as wide as high."""
    smoother, ab = smoothing.Smoother(0.5), np.zeros((*shape, 2), np.float32)
    for _ in range(2):
        assert smoother(texture(0, *shape), ab)[0].shape == ab.shape


def test_new_things_keep_their_own_colours():
    """A bright square comes in: nothing before it looked like that."""
    light, smoother = texture(0) / 2, smoothing.Smoother(0.8)
    ab = np.full((48, 64, 2), 30, np.float32)
    smoother(light, ab)
    entered = light.copy()
    entered[10:20, 10:20] = 95
    result, _ = smoother(entered, -ab)
    np.testing.assert_array_equal(result[12:18, 12:18], -30)
    np.testing.assert_allclose(result[30:, 30:], 0.8 * 30 - 0.2 * 30, rtol=1e-5)


WHITE, BLACK = np.full((48, 64), 100, np.float32), np.zeros((48, 64), np.float32)


@pytest.mark.parametrize(
    ("frames", "begin"),
    [
        ([texture(0), texture(0) * 0.5 + 4, texture(0) * 0.1], []),  # its light fades
        ([texture(0), texture(0) + 20], []),
        ([texture(0), texture(0)[:, ::-1]], []),  # all moved, nothing new
        ([texture(0, 48, 80)[:, 4 * i : 4 * i + 64] for i in range(5)], []),  # a camera that turns
        ([texture(0), WHITE, texture(0)], []),  # a flash
        ([texture(0), BLACK, BLACK, texture(0)], []),
        ([texture(0), texture(1) * 0.5], [1]),
        ([texture(0) * 0.3, texture(1) * 0.3 + 8], [1]),  # dark scenes
        ([texture(0), BLACK, BLACK, texture(1) * 0.5], [3]),
        ([BLACK, BLACK, texture(0)], [2]),
        ([BLACK, texture(0) * 0.1, texture(0) * 0.3], []),  # fades in
        ([BLACK, WHITE], [1]),
    ],
)
def test_cuts(frames, begin):
    cuts = smoothing.Cuts()
    assert [number for number, frame in enumerate(frames) if cuts(np.ascontiguousarray(frame))] == [0, *begin]


def test_something_that_enters_is_no_cut():
    cuts, light = smoothing.Cuts(), texture(0)
    entered = light.copy()
    entered[:, :8] = 90  # 1/8 of the pixels
    assert cuts(light) and not cuts(entered)


def test_hints_hold_from_their_frame_to_the_end_of_the_scene():
    """Frames 0 to 2 are dark, 3 to 5 bright: a scene each."""
    wishes = Wishes(hints=(Hint(0, 0, None), Hint(1, 0, None, frame=2), Hint(2, 0, None, frame=4)), desired_hue=0.5)
    scene = smoothing.Scene(wishes)
    held = [scene(np.full((8, 8), light, np.float32)) for light in (20, 20, 20, 80, 80, 80)]
    assert [[one.x for one in frame.hints] for frame in held] == [[0], [0], [0, 1], [], [2], [2]]
    assert {frame.desired_hue for frame in held} == {0.5}
