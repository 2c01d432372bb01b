"""What the page's files ask the server for, without a browser."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from colorgan.serving import steering, visitors, web
from colorgan.serving.photos import Settings

STATIC = Path(web.__file__).parent / "static"
GRAY = np.random.RandomState(0).randint(0, 256, (60, 90), np.uint8)
BLUE = {"x": 20, "y": 30, "color": "#2040c0", "radius": 6}


def _file(array, name="old photo.png", **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, Path(name).suffix[1:].replace("jpg", "jpeg"), **options)
    return {"file": (name, file.getvalue())}


def _pixels(answer):
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content))).astype(int)


@pytest.fixture
def client(steerable, tmp_path):
    settings = Settings(work_size=steerable.work_size, max_megapixels=0.05)
    app = web.build(steerable, settings=settings, folder=tmp_path, max_upload_mb=1, host="127.0.0.1")
    yield TestClient(app, base_url="http://127.0.0.1:8000")
    assert not list(tmp_path.iterdir())  # no file stays


def _opened(client, **options):
    return client.post("/page/photographs", files=_file(GRAY, **options)).json()


def test_a_photograph_is_opened_coloured_and_steered(client, steerable):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    told = _opened(client, name="a.jpg", exif=exif, quality=100)
    assert (told["width"], told["height"], told["notes"]) == (60, 90, [])
    path, upright = f"/page/photographs/{told['key']}", np.rot90(GRAY, -1)
    before = _pixels(client.get(f"{path}/before"))
    assert before.shape == (90, 60, 3)
    assert np.abs(before - upright[..., None]).mean() < 2
    plain = _pixels(client.post(f"{path}/colors", json={}))
    expected = steerable.colorize(np.uint8(before[..., 0])).astype(int)
    assert np.abs(plain - expected).mean() < 4 < np.ptp(expected, axis=-1).mean()  # JPEG, twice
    blue = _pixels(client.post(f"{path}/colors", json={"hints": [BLUE]}))
    near, away = (slice(26, 35), slice(16, 25)), (slice(70, 90), slice(40, 60))
    assert (blue - plain)[near][..., 2].mean() > 20 + abs((blue - plain)[away]).mean()
    held = _pixels(client.post(f"{path}/colors", json={"hints": [BLUE], "saturation": 0}))
    assert np.ptp(held[near], axis=-1).mean() > 60 and np.ptp(held[away], axis=-1).mean() < 8


def test_what_is_downloaded_is_what_the_class_gives(client, steerable):
    reference = np.full((20, 20, 3), (150, 80, 40), np.uint8)
    palette = client.post("/page/palette", files=_file(reference)).json()["palette"]
    np.testing.assert_allclose(palette, steering.palette_of(reference))
    wishes = {"hints": [BLUE, {"x": 80, "y": 10, "color": "keep gray"}], "palette": palette}
    fields = {"wishes": json.dumps(wishes), "saturation": "1.4"}
    answer = client.post("/page/result", files=_file(GRAY), data=fields)
    hints = (steering.Hint(20, 30, (0x20, 0x40, 0xC0), 6), steering.Hint(80, 10, None))
    expected = steerable.colorize(GRAY, saturation=1.4, hints=hints, palette=np.float32(palette))
    np.testing.assert_array_equal(_pixels(answer), expected)
    assert "old%20photo-colorized.png" in answer.headers["content-disposition"]


def test_variants_can_be_asked_for_again(client):
    path = f"/page/photographs/{_opened(client)['key']}"
    first, *others = client.post(f"{path}/variants", json={}).json()["variants"]
    assert len(others) == 3 and not first["wishes"]["hints"] and first["wishes"]["palette"] is None
    plain = _pixels(client.post(f"{path}/colors", json=first["wishes"]))
    for other in others:
        assert re.match("data:image/jpeg;base64,", other["picture"])
        assert np.abs(_pixels(client.post(f"{path}/colors", json=other["wishes"])) - plain).mean() > 2
        fields = {"wishes": json.dumps(other["wishes"])}
        assert client.post("/page/result", files=_file(GRAY), data=fields).status_code == 200


def test_suggestions_and_doubt(client):
    path = f"/page/photographs/{_opened(client)['key']}"
    colors = client.post(f"{path}/suggestions", json={"x": 20, "y": 30}).json()["colors"]
    assert 1 <= len(colors) <= 8 and all(re.fullmatch("#[0-9a-f]{6}", color) for color in colors)
    doubt = _pixels(client.get(f"{path}/doubt"))
    assert doubt.shape == GRAY.shape


def test_transparent_photographs_lie_on_white(client):
    clear = np.dstack([GRAY, np.where(np.arange(90) < 45, 0, 255).astype(np.uint8)[None].repeat(60, 0)])
    key = client.post("/page/photographs", files=_file(clear)).json()["key"]
    for seen in (
        client.get(f"/page/photographs/{key}/before"),
        client.post(f"/page/photographs/{key}/colors", json={}),
    ):
        assert _pixels(seen)[:, :40].min() > 240 and _pixels(seen)[:, 50:].min() < 100


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"hints": [{**BLUE, "x": 90}]}, "hint 1 at x 90, y 30 lies outside the picture of 90 x 60"),
        ({"hints": [{**BLUE, "frame": 1}]}, "hint 1 has `frame` 1, but there is 1 frame"),
        ({"hints": [{**BLUE, "color": "bleu"}]}, "Received: 'bleu'. Did you mean blue?"),
        ({"hints": "all"}, "hints must be a list"),
        ({"hints": [BLUE] * 10_001}, "at most 10,000"),
        ({"palette": [0.5]}, r"`palette` must have shape \[261\]"),
        ({"palette": "red"}, "could not convert"),
        ({"palette": [2] * 261}, r"`palette` must hold numbers in 0..1"),
        ({"palette": [10**400] * 261}, "too large"),
        ({"hints": [{**BLUE, "x": 10**400}]}, "hint 1: `x` must be a number of pixels"),
        ({"tint": 1}, "Wishes are .*hints.*Received.*tint"),
        ([1], "Wishes are"),
    ],
)
def test_wishes_that_cannot_be_fulfilled(client, wishes, said):
    answers = [client.post("/page/result", files=_file(GRAY), data={"wishes": json.dumps(wishes)})]
    if isinstance(wishes, dict):
        answers.append(client.post(f"/page/photographs/{_opened(client)['key']}/colors", json=wishes))
    for answer in answers:
        assert answer.status_code == 422 and re.search(said, answer.json()["detail"]), answer.text


@pytest.mark.parametrize(
    ("path", "options", "status", "said"),
    [
        ("photographs", {"files": {"file": ("bad.jpg", b"no")}}, 422, "^bad.jpg: not an image"),
        ("photographs", {"files": _file(np.zeros((300, 300), np.uint8))}, 413, "at most 0.05 megapixels"),
        ("palette", {"files": _file(GRAY)}, 422, "The reference is gray"),
        ("result", {"files": _file(GRAY), "data": {"wishes": "{"}}, 422, "`wishes` must be JSON"),
        ("result", {"files": _file(GRAY), "data": {"saturation": "much"}}, 422, "`saturation` must be a number"),
        ("result", {"files": _file(GRAY), "data": {"wishes": "[" * 100_000}}, 422, "`wishes` must be JSON"),
        ("photographs/guessed/colors", {"content": "[" * 100_000}, 422, "`message` must be JSON"),
        ("photographs/guessed/colors", {"json": []}, 422, "must be a JSON object"),
        ("photographs/guessed/colors", {"content": bytes(2**21 + 1)}, 413, "at most 2 MB"),
        ("photographs/guessed/suggestions", {"json": {"x": 10**400}}, 410, "no longer kept"),
        ("photographs/guessed/colors", {"json": {}}, 410, "no longer kept"),
        ("photographs/guessed/suggestions", {"json": {"x": 1}}, 410, "no longer kept"),
    ],
)
def test_errors_are_said_to_people(client, path, options, status, said):
    answer = client.post(f"/page/{path}", **options)
    assert answer.status_code == status and re.search(said, answer.json()["detail"]), answer.text


def test_old_photographs_are_let_go(client, monkeypatch):
    monkeypatch.setattr(client.app.app.app.state.visitors.kept, "count", 2)
    keys = [_opened(client)["key"] for _ in range(3)]
    found = [client.get(f"/page/photographs/{key}/before").status_code for key in keys]
    assert found == [410, 200, 200] and visitors.KEPT == 16


def test_the_page_asks_for_nothing_from_elsewhere(client):
    page = client.get("/")
    assert page.status_code == 200 and "Colours are guesses" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
    assert page.headers["cache-control"] == "no-store"
    for path in STATIC.rglob("*.*"):
        served = client.get(f"/{path.relative_to(STATIC).as_posix()}")
        assert served.status_code == 200 and served.content == path.read_bytes()
        if path.suffix in (".html", ".css", ".js"):
            assert not re.search(r"https?:|//[a-z]+\.|@import|\beval\b|innerHTML", served.text), path
    for path in ("/docs", "/redoc", "/page.py", "/../page.py", "/static/main.js"):
        assert client.get(path).status_code == 404
    about = client.get("/page/about").json()
    assert about["megabytes"] == 1 and about["steerable"] and about["doubtful"] and ".tiff" in about["types"]


def test_the_examples_are_small_and_gray():
    examples = sorted((STATIC / "examples").iterdir())
    assert len(examples) == 3 and sum(path.stat().st_size for path in examples) < 150_000
    notice = (STATIC.parents[1] / "NOTICE").read_text()
    for path in examples:
        with Image.open(path) as image:
            assert image.mode == "L" and max(image.size) <= 600
        assert path.name in notice
