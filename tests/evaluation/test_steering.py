"""What people ask, measured: of colorizers that are known to obey or not, and of a real network."""

import types

import numpy as np
import pytest

from colorgan.evaluation import people, steering
from colorgan.models import color, generators, inputs
from colorgan.models.objectives import controls
from colorgan.models.predictor import Predictor, to_rgb8
from colorgan.serving.colorizer import Colorizer
from colorgan.settings import flags

CONDITIONS = ("hints", "palette", "aim")


@pytest.fixture(scope="module")
def rgb():
    """Pictures of 16 plain squares each."""
    coarse = np.random.default_rng(3).integers(40, 216, (3, 4, 4, 3))
    return coarse.repeat(8, axis=1).repeat(8, axis=2).astype(np.uint8)


@pytest.fixture(scope="module")
def network():
    """A generator of random numbers, additions included."""
    config = flags.resolve({"preset": "tiny", "conditions": CONDITIONS})
    generator, random = generators.build(config), np.random.default_rng(0)
    for addition in generator.decoder.additions:
        addition.last.kernel.assign(random.normal(0, 0.1, addition.last.kernel.shape))
    return Colorizer(Predictor.of(generator, config), work_size=32, trained_at=(32, 32))


def batches(rgb, index=(0, 1, 2)):
    for i in range(0, len(rgb), 2):
        yield {"rgb": rgb[i : i + 2], "index": np.array(index[i : i + 2])}


def with_conditions(*names):
    rows = [row for row in inputs.INPUTS if row.name in names]
    return types.SimpleNamespace(predictor=types.SimpleNamespace(inputs=rows))


def measured(monkeypatch, answer, rgb, has=CONDITIONS, **options):
    """-> {title: row} of a colorizer that does what `answer(rgb, wishes)` says."""
    monkeypatch.setattr(people, "colorized", lambda colorizer, rgb, wishes: answer(rgb, wishes))
    plan = steering.Plan(**({"counts": (0, 1, 5), "whole": True, "seed": 0} | options))
    (rows,) = steering.measure({"m": with_conditions(*has)}, batches(rgb), plan, resamples=20).values()
    return {row["given"]: row for row in rows}


def truth(rgb):
    return np.asarray(color.rgb_to_lab(rgb / 255.0))


def gray(rgb):
    return truth(rgb) * np.float32([1, 0, 0])


def test_one_that_obeys_and_one_that_does_not(monkeypatch, rgb):
    obeys = measured(monkeypatch, lambda rgb, wishes: truth(rgb) if wishes.points else gray(rgb), rgb)
    assert list(obeys)[:4] == ["nothing", "1 point", "5 points", "palette of the truth"]
    assert obeys["5 points"]["results"]["in_place"] == (1, 1, 1)
    assert obeys["5 points"]["results"]["mae_ab"][0] == pytest.approx(0, abs=1e-5)
    lost = np.abs(truth(rgb)[..., 1:]).mean()
    difference = obeys["5 points"]["difference"]["mae_ab"]
    assert difference[0] == pytest.approx(-lost, rel=1e-5) and difference[2] < 0
    assert obeys["palette of the truth"]["difference"]["psnr"] == (0, 0, 0)
    deaf = measured(monkeypatch, lambda rgb, wishes: gray(rgb), rgb)
    assert deaf["5 points"]["results"]["in_place"][0] < 0.2
    assert deaf["saturation 0.5"]["results"]["aim_met"][0] == 0


def test_aims_are_met_where_they_can_be(monkeypatch, rgb):
    def answer(rgb, wishes):
        if wishes.saturation is None and wishes.hue is None:
            return truth(rgb)
        return np.asarray(color.rgb_to_lab(controls.adjust(rgb / 255.0, saturation=wishes.saturation, hue=wishes.hue)))

    white = np.concatenate([rgb[:2], np.full_like(rgb[:1], 255)])
    rows = measured(monkeypatch, answer, white)
    for aim in ("saturation", "hue"):
        for value in {"saturation": steering.SATURATIONS, "hue": steering.HUES}[aim]:
            row = rows[f"{aim} {value:g}"]
            assert row["desired"] == pytest.approx(value) and row["results"]["aim_met"][0] == 1
            assert row["results"]["can_reach"][0] == pytest.approx(2 / 3)  # white has no colour
    two = 2 / 3 * 0.25
    assert rows["saturation 0.25"]["results"]["reachable"][0] == pytest.approx(two, abs=1e-5)
    assert rows["saturation 0.25"]["results"]["saturation"][0] == pytest.approx(two, abs=0.01)


def test_a_hue_is_near_on_the_circle(monkeypatch, rgb):
    def reddish(turn):
        hsv = np.broadcast_to(np.float32([turn, 0.8, 0.6]), rgb.shape)
        lab = np.asarray(color.rgb_to_lab(color.hsv_to_rgb(hsv)))
        return lambda rgb, wishes: lab[: len(rgb)]

    for turn, met in ((0.97, 1), (0.03, 1), (0.9, 0)):
        assert measured(monkeypatch, reddish(turn), rgb)["hue 0"]["results"]["aim_met"][0] == met


def test_the_gain_has_the_saturation_that_the_model_has_at_the_truths_own(monkeypatch, rgb):
    pale = truth(rgb) * np.float32([1, 0.3, 0.3])

    def answer(rgb, wishes):
        lab = truth(rgb)
        return lab * np.float32([1, 0.8, 0.8] if wishes.saturation is not None else [1, 0.3, 0.3])

    rows = measured(monkeypatch, answer, rgb)
    own, gain = rows[steering.OWN], rows[steering.GAIN]
    assert own["against"] == steering.GAIN and gain["against"] == "nothing"
    # the same factor on all chroma made both, so that the pictures are nearly the same: only the rounding to 8 bits,
    # of which the saturation was taken, tells them apart
    assert own["difference"]["psnr"][0] == pytest.approx(0, abs=0.2)
    wanted = np.array([0.1, 0.2, 0.4])
    made = steering.with_saturation(pale, wanted)
    np.testing.assert_allclose(controls.value(to_rgb8(made) / 255.0, "saturation"), wanted, atol=3e-3)
    np.testing.assert_array_equal(made[..., 0], pale[..., 0])


def test_the_most_saturation_is_one_for_a_colour_whose_least_channel_can_be_nothing():
    """At sRGB's edge below white the least channel is 0, so S = 1; gray has no hue to go to."""
    lab = np.float32([[[[40, 20, 10], [40, 0, 0]]]])
    assert steering.most_saturation(lab) == pytest.approx([0.5], abs=2e-3)


def test_what_is_planned():
    one, other = {"a": with_conditions("hints")}, {"b": with_conditions("palette", "aim")}
    assert steering.plan(one, (), False) is None
    assert steering.plan(one, (20, 5), False, seed=3) == steering.Plan((0, 5, 20), False, 3)
    assert steering.plan(one, (), True).counts == steering.COUNTS
    assert steering.plan(other, (), True).counts == (0,)
    with pytest.raises(
        ValueError, match="`--hint-counts`: b takes no hints, because it was trained without --conditions hints"
    ):
        steering.plan(one | other, (1,), False)
    with pytest.raises(ValueError, match="`--steering`: c takes no conditions"):
        steering.plan(one | {"c": with_conditions()}, (), True)
    assert "seed 3" in steering.plan(one, (5,), False, seed=3).lines["points"]


def test_of_what_a_model_has_no_use_for_it_is_not_asked(monkeypatch, rgb):
    rows = measured(monkeypatch, lambda rgb, wishes: gray(rgb), rgb, has=("hints",))
    assert list(rows) == ["nothing", "1 point", "5 points"]


def test_a_network_is_asked_for_everything(network, rgb):
    """Batches do not matter, nobody's wish changes the automatic result, and each wish changes the picture."""
    plan = steering.Plan((0, 5), True, 0)
    (rows,) = steering.measure({"m": network}, batches(rgb), plan, resamples=20).values()
    (again,) = steering.measure({"m": network}, [{"rgb": rgb, "index": np.arange(3)}], plan, resamples=20).values()
    for one, other in zip(rows, again, strict=True):
        assert one["given"] == other["given"]
        assert one["results"]["mae_ab"] == pytest.approx(other["results"]["mae_ab"], rel=1e-5)
    automatic = rows[0]["results"]["mae_ab"][0]
    alone = np.abs(network.predict_lab(rgb) - truth(rgb))[..., 1:].mean()
    assert automatic == pytest.approx(alone, rel=1e-5)
    values = [row["results"]["mae_ab"][0] for row in rows]
    assert len({round(value, 6) for value in values}) == len(values) == 2 + 1 + 1 + 3 + 4 + 1
