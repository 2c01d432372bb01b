"""What is promised of a generator's results."""

import numpy as np
import pytest

from colorgan.models import color, generators, inputs
from colorgan.models.predictor import Predictor, to_rgb8
from colorgan.settings import flags


def configured(**values):
    table = {"encoder": ((8, 1), (8, 2), (8, 2)), "decoder": ((8, 2), (8, 2))}
    return flags.resolve({"dataset": "shapes", "height": 16, "width": 16, **table, **values})


@pytest.fixture(scope="module", params=["lab", "rgb", "yuv"])
def predictor(request):
    config = configured(color_space=request.param)
    return Predictor.of(generators.build(config), config)


def picture(*size, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)


def lightness(rgb):
    return np.asarray(color.rgb_to_lab(rgb.astype(np.float32) / 255))[..., 0]


def test_predict_lab(predictor):
    images = picture(2, 9, 14)
    lab = predictor.predict_lab(images)
    assert isinstance(lab, np.ndarray) and lab.shape == (2, 9, 14, 3) and lab.dtype == np.float32
    own = lightness(images)
    if predictor.color_space == "lab":
        np.testing.assert_array_equal(lab[..., 0], own)
        assert np.abs(lab[..., 1:]).max() <= predictor.ab_scale
    else:
        assert np.abs(lab[..., 0] - own).mean() > 1  # an untrained generator's own lightness
        np.testing.assert_allclose(color.rgb_to_lab(color.lab_to_rgb(lab)), lab, atol=2e-3)  # inside the gamut


def test_only_lightness_is_looked_at():
    """The generator is handed the scaled L and nothing else."""
    seen = []

    def predict(gray, given):
        seen.append(np.asarray(gray))
        return np.zeros((*gray.shape[:3], 2), np.float32)

    image = picture(1, 6, 6)
    lab = Predictor(predict, color_space="lab", ab_scale=110.0).predict_lab(image)
    np.testing.assert_allclose(seen[0][..., 0], lightness(image) / 50 - 1, atol=1e-5)
    assert seen[0].shape == (1, 6, 6, 1) and seen[0].dtype == np.float32
    np.testing.assert_array_equal(lab[..., 1:], 0)


def test_colour_comes_out_as_predicted():
    def predict(gray, given):
        return np.broadcast_to(np.float32([0.2, -0.1]), (*gray.shape[:3], 2))

    predictor = Predictor(predict, color_space="lab", ab_scale=100.0)
    gray = np.full((1, 2, 2, 3), 119, np.uint8)  # L 50, where (20, -10) is inside the gamut
    result = to_rgb8(predictor.predict_lab(gray))[0]
    lab = np.asarray(color.rgb_to_lab(result / np.float32(255)))
    np.testing.assert_allclose(lab[0, 0], [50, 20, -10], atol=0.6)  # half a step of 8 bits is about 0.3


def test_to_rgb8():
    # By hand: black, white, and a red far outside the gamut, which keeps L 50 and its hue angle of 0.
    result = to_rgb8(np.float32([[0, 0, 0], [100, 0, 0], [50, 200, 0]]))
    np.testing.assert_array_equal(result[:2], [[0, 0, 0], [255, 255, 255]])
    lab = np.asarray(color.rgb_to_lab(result[2] / np.float32(255)))
    assert abs(lab[0] - 50) < 0.3 and abs(lab[2]) < 1 and 70 < lab[1] < 90


def test_inputs_are_completed_and_checked():
    seen = []

    def predict(gray, given):
        seen.append(given)
        return np.zeros((*gray.shape[:3], 2), np.float32)

    rows = (
        inputs.Input("noise", "", "", 0, 1, None, absent="uniform", channels=2),
        inputs.Input("hint", "", "", -1, 1, None, reduction=4, joins="decoder", channels=3),
        inputs.Input("palette", "", "", 0, 1, None, reduction=inputs.WHOLE, joins="decoder", channels=5),
    )
    predictor = Predictor(predict, color_space="lab", ab_scale=110.0, inputs=rows)
    images = picture(2, 9, 14)
    predictor.predict_lab(images)
    assert {name: x.shape for name, x in seen[0].items()} == {
        "noise": (2, 9, 14, 2),
        "hint": (2, 3, 4, 3),  # rounded up
        "palette": (2, 1, 1, 5),
    }
    np.testing.assert_array_equal(seen[0]["noise"][0], seen[0]["noise"][1])  # a result does not depend on its batch
    assert np.ptp(seen[0]["noise"]) > 0.5 and not seen[0]["hint"].any() and not seen[0]["palette"].any()
    hint = np.random.default_rng(0).random((2, 3, 4, 3), np.float32)
    predictor.predict_lab(images, given={"hint": hint}, seed=1)
    np.testing.assert_array_equal(seen[1]["hint"], hint)
    assert not np.array_equal(seen[1]["noise"], seen[0]["noise"])
    with pytest.raises(ValueError, match=r"`hint` must have shape \[2, 3, 4, 3\]. Received: \[1, 3, 4, 3\]"):
        predictor.predict_lab(images, given={"hint": hint[:1]})
    with pytest.raises(ValueError, match="no input hints. It has: noise, hint, palette"):
        predictor.predict_lab(images, given={"hints": hint})


def test_mirrored_inputs():
    rows = (
        inputs.Input("map", "", "", 0, 1, None, channels=1),
        inputs.Input("flow", "", "", -1, 1, None, mirror=lambda x: -x, channels=1),
    )
    given = {"map": np.float32([[[[1], [2]]]]), "flow": np.float32([[[[1], [2]]]])}
    mirrored = inputs.mirrored(rows, given)
    np.testing.assert_array_equal(mirrored["map"], [[[[2], [1]]]])
    np.testing.assert_array_equal(mirrored["flow"], [[[[-2], [-1]]]])
