"""What a person decides, through folders and films: what is written, what is on record, what is refused and when."""

import json

import av
import numpy as np
import pytest
from PIL import Image

from colorgan.models import color
from colorgan.serving import batch
from colorgan.serving.asked import Steering, read_palette
from colorgan.serving.photos import Settings
from colorgan.serving.steering import Hint

SETTINGS = Settings(work_size=32)
POINTS = [{"x": 20, "y": 12, "color": "#3c5a96", "radius": 3}]


@pytest.fixture
def place(tmp_path):
    """photos/a.png and photos/b.jpg of 48 x 32 pixels, hints.json, reference.png; -> the folder around them."""
    (tmp_path / "photos").mkdir()
    picture = np.random.RandomState(0).randint(60, 120, (32, 48), np.uint8)
    Image.fromarray(picture).save(tmp_path / "photos" / "a.png")
    Image.fromarray(picture).save(tmp_path / "photos" / "b.jpg")
    Image.new("RGB", (30, 20), (200, 60, 40)).save(tmp_path / "reference.png")
    (tmp_path / "hints.json").write_text(json.dumps(POINTS))
    return tmp_path


@pytest.fixture
def colorize(place, steerable):
    """-> a function: inputs below the folder, paths of `Steering` too -> exit status, what was said."""

    def run(*inputs, colorizer=steerable, settings=SETTINGS, overwrite=False, **asked):
        said, paths = [], {name: str(place / asked[name]) for name in ("hints", "reference") if name in asked}
        steering = Steering(**asked | paths)
        inputs, options = [place / one for one in inputs], {"settings": settings, "overwrite": overwrite}
        status = batch.colorize_files(colorizer, inputs, place / "out", steering=steering, say=said.append, **options)
        return status, "\n".join(said)

    return run


def read(path):
    with Image.open(path) as image:
        return np.asarray(image)


def entries(place):
    made = json.loads((place / "out" / "manifest.json").read_text())
    assert not made["failed"]
    return {one["output"]: one for one in made["photographs"]}


def test_hints_reference_and_aims_are_what_the_class_makes(place, colorize, steerable):
    asked = {"hints": "hints.json", "desired_saturation": 0.25}
    assert colorize("photos/a.png", **asked)[0] == 0
    expected = steerable.colorize(
        read(place / "photos" / "a.png"), hints=[Hint(20, 12, (60, 90, 150), 3)], desired_saturation=0.25
    )
    np.testing.assert_array_equal(read(place / "out" / "a.png"), expected)
    entry = entries(place)["a.png"]
    assert entry["steering"]["hints"] == str(place / "hints.json") and entry["beside"] == []
    assert entry["aim"]["saturation"]["achieved"] == pytest.approx(0.25, abs=0.02)
    assert entry["aim"]["saturation"]["desired"] == 0.25 and entry["aim"]["saturation"]["reachable"] > 0.4


def test_an_album_shares_the_mood_of_one_picture(place, colorize, steerable):
    assert colorize("photos", reference="reference.png")[0] == 0
    palette = read_palette(place / "reference.png")
    expected = steerable.colorize(read(place / "photos" / "a.png"), palette=palette)
    np.testing.assert_array_equal(read(place / "out" / "a.png"), expected)
    assert {one["steering"]["reference"] for one in entries(place).values()} == {str(place / "reference.png")}
    assert "aim" not in entries(place)["b.jpg"]
    # With another reference they are counted as made with other settings, with the same they are not.
    assert "2 of them made with other settings" not in colorize("photos", reference="reference.png")[1]
    assert "2 of them made with other settings" in colorize("photos")[1]


def test_variants_and_doubt_lie_beside_the_result(place, colorize, steerable):
    assert colorize("photos", variants=3, doubt=True)[0] == 0
    names = ["a-variant-2.png", "a-variant-3.png", "a.png", "a.png-doubt.png"]
    assert sorted(one.name for one in (place / "out").glob("a*")) == names
    expected = steerable.variants(read(place / "photos" / "a.png"), 3)
    for name, one in zip((names[2], *names[:2]), expected, strict=True):
        np.testing.assert_array_equal(read(place / "out" / name), one)
    doubt = read(place / "out" / "a.png-doubt.png")
    assert np.abs(doubt[..., 0] / 255 - steerable.doubt(read(place / "photos" / "a.png"))).max() < 0.1
    assert entries(place)["b.jpg"]["beside"] == ["b-variant-2.jpg", "b-variant-3.jpg", "b.jpg-doubt.png"]
    (place / "out" / "a.png").unlink()
    assert "2 skipped" in colorize("photos", variants=2)[1] and not (place / "out" / "a.png").exists()


def test_a_variant_never_takes_the_place_of_another_photograph(place, colorize):
    Image.new("L", (20, 20)).save(place / "photos" / "a-variant-2.png")
    status, said = colorize("photos", variants=2)
    assert status == 1 and "a-variant-2.png becomes" in said and not (place / "out" / "a.png").exists()


@pytest.mark.parametrize(
    ("inputs", "asked", "said"),
    [
        (["photos"], {"hints": "hints.json"}, "--hints are for one photograph or film. Received: 2"),
        (["photos/a.png"], {"hints": "far.json"}, "far.json: `hints`: hint 1 at x 48, y 0 lies outside .* 48 x 32"),
        (["photos/a.png"], {"hints": "late.json"}, "late.json: .*hint 1 has `frame` 2, but there is 1 frame"),
        (["photos/a.png"], {"hints": "gone.json"}, "gone.json"),
        (["photos/a.png"], {"hints": "reference.png"}, "must have the photograph's size, 48 x 32. Received: 30 x 20"),
        (["photos"], {"reference": "photos/a.png"}, "a.png: The reference is gray"),
        (["photos"], {"reference": "hints.json"}, "hints.json"),
        (
            ["photos", "film.mp4"],
            {"variants": 2},
            "--variants and --doubt are for photographs, but .*film.mp4 is a film",
        ),
        (
            ["photos"],
            {"desired_saturation": 0.5, "settings": Settings(work_size=32, saturation=2)},
            "^--saturation .* --desired-sat",
        ),
        (
            ["photos"],
            {"reference": "reference.png", "settings": Settings(work_size=600)},
            "^--work-size must be at most 512",
        ),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(place, colorize, inputs, asked, said):
    for name, values in (("far", {"x": 48}), ("late", {"frame": 2})):
        (place / f"{name}.json").write_text(json.dumps([{"x": 0, "y": 0, "color": "keep gray", **values}]))
    (place / "film.mp4").touch()
    with pytest.raises((OSError, ValueError), match=said):
        colorize(*inputs, **asked)
    assert not (place / "out").exists()


def test_weights_that_know_nothing_of_it_are_named(place, colorize, steerable):
    from colorgan.models.predictor import Predictor
    from colorgan.serving.colorizer import Colorizer

    def predict(gray, given):
        raise AssertionError

    plain = Colorizer(Predictor(predict, color_space="lab", ab_scale=110.0), name="plain")
    for asked, said in (
        ({"reference": "reference.png"}, "^--reference: the"),
        ({"variants": 2}, "^--variants: the"),
        ({"doubt": True}, "^The"),
    ):
        with pytest.raises(ValueError, match=f"{said} weights plain"):
            colorize("photos", colorizer=plain, **asked)
    assert not (place / "out").exists()


@pytest.mark.parametrize("first", [0, 1])
def test_a_film_with_hints(place, colorize, first, make_film):
    """They hold from their own frame on, and are not faded in: nothing moves before the cut."""
    make_film(place / "film.avi", (90, 90, 90, 200), size=(32, 48), even=True)
    (place / "hints.json").write_text(json.dumps([{**POINTS[0], "frame": first}]))
    assert colorize("film.avi", hints="hints.json")[0] == 0
    assert entries(place)["film.avi"]["steering"]["hints"].endswith("hints.json")
    with av.open(str(place / "out" / "film.avi")) as made:
        frames = [frame.to_ndarray(format="rgb24") for frame in made.decode(video=0)]
    ab = [
        np.asarray(color.rgb_to_lab(one[10:14, 18:22].mean(axis=(0, 1), keepdims=True) / np.float32(255)))[0, 0, 1:]
        for one in frames
    ]
    wanted = np.asarray(color.rgb_to_lab(np.float32([0x3C, 0x5A, 0x96]) / 255))[1:]
    held = [bool(np.linalg.norm(one - wanted) < 10) for one in ab]
    assert held == [False] * first + [True] * (3 - first) + [False]
    (place / "late.json").write_text(json.dumps([{**POINTS[0], "frame": 4}]))
    with pytest.raises(ValueError, match="late.json: .*`frame` 4, but there are 4 frames, counted from 0"):
        colorize("film.avi", hints="late.json", overwrite=True)
