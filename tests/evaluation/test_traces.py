"""Curves and histograms that a report plots, against the metrics and numpy."""

import numpy as np
import pytest

from colorgan.evaluation import formulas, traces


@pytest.fixture(scope="module")
def labs():
    rng = np.random.default_rng(0)
    truth = np.stack([rng.uniform(0, 100, (5, 8, 9)), *rng.uniform(-60, 60, (2, 5, 8, 9))], axis=-1)
    return truth, {"near": truth + rng.normal(0, 4, truth.shape), "far": truth * [1, -2.5, 2.5]}


@pytest.fixture(scope="module")
def found(labs):
    truth, results = labs
    made = traces.Traces(results)
    for part in (slice(0, 2), slice(2, 5)):
        made.add(truth[part], {name: lab[part] for name, lab in results.items()})
    return made


def test_the_eps_curve_passes_through_the_epsilon_accuracies(labs, found):
    truth, results = labs
    for name, result in results.items():
        curve = found.eps_curve(name)
        for i, threshold in enumerate(traces.EPS_GRID):
            if threshold:
                expected = formulas.epsilon_accuracy(truth, result, threshold=threshold).mean()
                assert curve[i] == pytest.approx(expected, abs=1e-12), (name, threshold)


@pytest.mark.parametrize("difference", [11, 22, 4, 5])
def test_the_eps_curve_at_its_limits(difference):
    # by hand: |da| <= 2.2 e, and 11 = 2.2 x 5, 22 = 2.2 x 10; 4 needs e = 2, 5 needs 2.5
    first = {11: 5, 22: 10, 4: 2, 5: 2.5}[difference]
    truth = np.zeros((1, 1, 1, 3))
    made = traces.Traces(["m"])
    made.add(truth, {"m": truth + [0, difference, 0]})
    assert traces.EPS_GRID[np.argmax(made.eps_curve("m") == 1)] == first


def test_the_mean_of_the_ab_curve_is_the_auc(labs, found):
    truth, results = labs
    for name, result in results.items():
        assert found.ab_curve(name).mean() == pytest.approx(formulas.pixel_auc(truth, result).mean(), abs=1e-12)


def test_images_count_alike_whatever_their_size():
    made = traces.Traces(["m"])
    for size, off in ((2, 0), (20, 120)):
        truth = np.zeros((1, size, size, 3))
        made.add(truth, {"m": truth + [0, off, 0]})
    assert made.eps_curve("m")[-1] == made.ab_curve("m")[99] == 0.5


def test_histograms_are_numpys(labs, found):
    truth, results = labs
    ab = truth[..., 1:].reshape(-1, 2)
    expected = np.histogram2d(*ab.T, bins=[traces.AB_EDGES] * 2)[0]
    np.testing.assert_array_equal(found.truth_ab, expected)
    clipped = np.clip(results["far"][..., 1:].reshape(-1, 2), -110, 109.9)
    np.testing.assert_array_equal(found.ab["far"], np.histogram2d(*clipped.T, bins=[traces.AB_EDGES] * 2)[0])
    chroma = [np.clip(np.hypot(*lab[..., 1:].reshape(-1, 2).T), 0, 139.9) for lab in (truth, results["near"])]
    np.testing.assert_array_equal(found.chroma["near"], np.histogram2d(*chroma, bins=[traces.CHROMA_EDGES] * 2)[0])
    assert found.count == 5


def test_what_is_kept_does_not_grow(labs):
    truth, results = labs
    made = traces.Traces(results)

    def size():
        parts = (made.truth_ab, *made.ab.values(), *made.chroma.values())
        parts += (*made._within_ab.values(), *made._within_eps.values())
        return sum(part.nbytes for part in parts)

    before = size()
    for _ in range(3):
        made.add(truth, results)
    assert size() == before
