"""Doubt, suggestions and variants, of bins that are written down here."""

import itertools

import numpy as np
import pytest

from colorgan.models import color, quantization
from colorgan.serving import alternatives
from colorgan.serving.steering import Hint, Wishes

CENTRES = quantization.joint_centres()


def bins(**shares):
    """{"a,b": share} -> [261]."""
    made = np.zeros(len(CENTRES), np.float32)
    for place, share in shares.items():
        made[(CENTRES == np.float32(place.split(","))).all(axis=1)] = share
    return made


SURE, TORN = bins(**{"0,50": 1}), bins(**{"40,0": 0.5, "-40,0": 0.5})


def test_doubt_is_the_spread_of_the_bins():
    """Two colours 80 apart deviate by 40 of the 50 that count as 1."""
    made = alternatives.doubt(np.stack([[SURE, TORN], [TORN, bins(**{"60,-60": 0.5, "-60,60": 0.5})]]))
    np.testing.assert_allclose(made, [[0, 0.8], [0.8, 1]], atol=1e-3)


def test_suggestions_are_likely_first_as_light_as_the_place_and_differ():
    shares = bins(**{"40,30": 0.5, "40,40": 0.2, "-30,20": 0.25, "0,-30": 0.05})
    made = alternatives.suggestions(shares, 60.0, 5)
    lab = np.asarray(color.rgb_to_lab(np.float32(made) / 255))
    np.testing.assert_allclose(lab[:, 0], 60, atol=0.6)
    distances = np.linalg.norm(lab[:, None, 1:] - lab[:, 1:], axis=-1)
    assert distances[~np.eye(4, dtype=bool)].min() > alternatives.APART - 1
    np.testing.assert_allclose(lab[:, 1:], [[40, 30], [-30, 20], [0, -30], [0, 0]], atol=1)
    assert alternatives.suggestions(shares, 60.0, 2) == [made[0], made[3]], "gray is always one"


def test_gray_has_its_place_by_how_likely_it_is():
    made = alternatives.suggestions(bins(**{"0,0": 0.6, "50,50": 0.4}), 50.0, 4)
    assert len(made) == 2 and made[0] == (119, 119, 119) and made[1][0] > made[1][2] + 50
    assert alternatives.suggestions(SURE, 0.0, 8) == [(0, 0, 0)]


@pytest.fixture
def scene():
    """The left half is sure, the right one torn: red or green. -> probabilities, L, what a network makes of wishes."""
    probabilities = np.broadcast_to(SURE, (16, 24, 261)).copy()
    probabilities[:, 12:] = bins(**{"40,0": 0.3, "-40,0": 0.3, "0,0": 0.2, "0,-40": 0.2})
    light = np.full((32, 48), 60, np.float32)

    def predict(wishes):
        """The mean, and to the right the mean colour of the hints there."""
        ab = np.repeat(np.repeat(probabilities @ CENTRES, 2, axis=0), 2, axis=1)
        right = [one.color for one in wishes.hints if one.x >= 240]
        if right:
            ab[:, 24:] = np.asarray(color.rgb_to_lab(np.float32(right) / 255))[:, 1:].mean(axis=0)
        return ab

    return probabilities, light, predict


def test_variants_differ_where_the_model_was_in_doubt(scene):
    probabilities, light, predict = scene
    own = Wishes(hints=(Hint(3, 3, (90, 80, 70)),))
    found = alternatives.variants(predict, probabilities, light, (320, 480), own, 4)
    assert found[0] is own and len(found) == 4
    for one in found[1:]:
        assert one.hints[-1] == own.hints[0] and len(one.hints) == alternatives.PLACES + 1
        assert one.palette.shape == (261,)
        first = one.hints[0]
        assert first.x >= 240, "where it is sure nothing is hinted at first"
    results = [predict(one) for one in found]
    apart = [np.linalg.norm(a - b, axis=-1).mean() for a, b in itertools.combinations(results, 2)]
    assert np.mean(apart) >= alternatives.VISIBLE
    assert all(np.array_equal(one[:, :24], results[0][:, :24]) for one in results)


def test_one_variant_is_the_wishes_themselves_and_more_than_nine_there_are_not(scene):
    probabilities, light, predict = scene
    assert alternatives.variants(predict, probabilities, light, (32, 48), Wishes(), 1)[0].hints == ()
    for count in (0, 10):
        with pytest.raises(ValueError, match=f"`variants` must lie in 1..9. Received: {count}"):
            alternatives.variants(predict, probabilities, light, (32, 48), Wishes(), count)


def test_another_strength_of_the_same_hues_is_no_difference():
    ab = np.random.RandomState(0).normal(0, 20, (8, 8, 2))
    assert alternatives.difference(ab, 1.6 * ab) < 1e-9
    assert alternatives.difference(ab, -ab) == pytest.approx(np.linalg.norm(ab, axis=-1).mean())
    assert alternatives.difference(ab * 0, ab) == 0
