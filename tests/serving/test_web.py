"""The HTTP API: results as `colorize.py` writes them, limits and errors, and who may send at all."""

import copy
import io
import json
import re
import zipfile

import numpy as np
import pytest
import tifffile
from PIL import Image
from starlette.testclient import TestClient

from colorgan.serving import batch, steering, uploads, web
from colorgan.serving.photos import Settings

SETTINGS = Settings(work_size=16, max_megapixels=0.05)


@pytest.fixture
def visit(painter, tmp_path):
    """-> a function that gives a client of an app with these settings; its folder is `tmp_path / "files"`."""
    folder = tmp_path / "files"
    folder.mkdir()

    def enter(colorizer=painter, max_upload_mb=1):
        limits = {"max_upload_mb": max_upload_mb, "host": "127.0.0.1"}
        app = web.build(colorizer, settings=SETTINGS, folder=folder, **limits)
        return TestClient(app, base_url="http://127.0.0.1:8000")

    return enter


def _encoded(array, suffix, **options):
    file = io.BytesIO()
    if array.dtype == np.uint16:
        tifffile.imwrite(file, array, **options)
    else:
        Image.fromarray(array).save(file, {"jpg": "JPEG"}.get(suffix, suffix.upper()), **options)
    return file.getvalue()


def _noise(*shape, dtype=np.uint8):
    return np.random.RandomState(0).randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def _turned():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    return exif


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("old photo.jpg", _encoded(_noise(30, 50), "jpg", exif=_turned()), "image/jpeg"),
        ("deep.tif", _encoded(_noise(30, 50, dtype=np.uint16), "tif"), "image/tiff"),
        ("clear.png", _encoded(_noise(30, 50, 4), "png"), "image/png"),
        ("out.png", _encoded(_noise(30, 50), "png"), "image/png"),
    ],
)
def test_the_answer_is_what_colorize_files_writes(visit, painter, tmp_path, name, content, kind):
    answer = visit().post("/colorize", files={"file": (name, content)})
    (tmp_path / name).write_bytes(content)
    assert batch.colorize_files(painter, [tmp_path / name], tmp_path / "expected", settings=SETTINGS) == 0
    assert answer.status_code == 200 and answer.content == (tmp_path / "expected" / name).read_bytes()
    assert answer.headers["content-type"] == kind
    stem, _, suffix = name.rpartition(".")
    # RFC 5987 where there are spaces.
    assert f"{stem}-colorized.{suffix}".replace(" ", "%20") in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    assert not list((tmp_path / "files").iterdir())


def test_saturation_of_the_api(visit):
    content = _encoded(_noise(20, 20), "png")
    answer = visit().post("/colorize", files={"file": ("a.png", content)}, data={"saturation": "0"})
    gray = np.asarray(Image.open(io.BytesIO(answer.content)))
    np.testing.assert_array_equal(gray, _noise(20, 20)[..., None].repeat(3, -1))


PICTURE = ("a.png", _encoded(_noise(20, 20), "png"))


@pytest.mark.parametrize(
    ("files", "fields", "status", "said"),
    [
        ({"file": ("bad.jpg", b"not a picture")}, {}, 422, "bad.jpg: not an image"),
        ({"file": ("none.png", b"")}, {}, 422, "none.png: .*0 bytes"),
        ({"file": ("cut.png", PICTURE[1][:-60])}, {}, 422, "cut.png: "),
        ({"file": ("large.png", _encoded(_noise(230, 220), "png"))}, {}, 413, "large.png.* at most 0.05 megapixels"),
        # Pillow's own guard stops this one, from twice its limit on.
        ({"file": ("bomb.png", _encoded(np.zeros((900, 900), np.uint8), "png"))}, {}, 413, "bomb.png.* 0.05 megapix"),
        ({"file": ("heavy.png", bytes(2**20 + 2**22))}, {}, 413, "at most 1 MB"),
        ({"file": ("heavy.png", bytes(2**20 + 1))}, {}, 413, "at most 1 MB"),
        ({"picture": PICTURE}, {}, 422, "Unknown field picture. Known: desired_hue, .*file, format"),
        ({}, {"saturation": "1"}, 422, "No file"),
        ({"file": PICTURE}, {"saturation": "much"}, 422, "`saturation` must be a number. Received: 'much'"),
        ({"file": PICTURE}, {"saturation": "11"}, 422, "`saturation` must lie in 0..10. Received: 11"),
        ({"file": PICTURE}, {"saturation": "nan"}, 422, "`saturation` must lie in 0..10"),
        ([("file", PICTURE), ("file", PICTURE)], {}, 422, "Send file only once"),
        ({"file": PICTURE, "hints": PICTURE}, {}, 422, "`hints` must be text"),
        ({"file": PICTURE}, {"reference": "a.png"}, 422, "`reference` must be a file"),
        ({"file": PICTURE}, {"hints": "["}, 422, "hints must be JSON"),
        ({"file": PICTURE}, {"desired_hue": "2"}, 422, "`desired_hue` must lie in 0..1. Received: 2"),
        ({"file": PICTURE}, {"variants": "many"}, 422, "`variants` must be a whole number. Received: 'many'"),
        ({"file": PICTURE}, {"variants": "9" * 5000}, 422, "`variants` must be a whole number. Received: '9"),
        ({"file": PICTURE}, {"size": "0"}, 422, "`size` must be at least 1. Received: 0"),
        ({"file": PICTURE}, {"format": "gif"}, 422, "`format` must be one of jpg, png, tiff, webp. Received: 'gif'"),
        ({"file": PICTURE}, {"hints": "[" * 100_000}, 422, "hints must be JSON"),
        ({"file": PICTURE}, {"hints": '["' + "a" * 2_000_000 + '"]'}, 422, "hint 1 must have x, y and color"),
        ({"file": PICTURE, "reference": PICTURE}, {}, 422, "The reference is gray"),
    ],
)
def test_errors_of_the_api(visit, tmp_path, files, fields, status, said):
    answer = visit().post("/colorize", files=files, data=fields)
    detail = answer.json()["detail"]
    assert answer.status_code == status
    assert re.search(said, detail), detail
    assert str(tmp_path) not in detail
    assert not list((tmp_path / "files").iterdir())


def test_a_body_without_a_stated_length_is_limited_too(visit):
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'

    def body():
        yield head
        for _ in range(64):
            yield bytes(2**16)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    for path in ("/colorize", "/page/photographs", "/page/result", "/page/palette"):
        answer = visit(max_upload_mb=0.5).post(path, content=body(), headers=headers)
        assert answer.status_code == 413 and "at most 0.5 MB" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a b (1).TIF", "a b (1).TIF"),
        ("..", "photograph."),
        (".jpg", "photograph.jpg"),
        ("", "photograph"),
        (None, "photograph"),
        ("a\0:b\n.png", "a__b_.png"),
        ("é" * 300 + ".jpeg", "é" * 75 + ".jpeg"),  # 2 bytes each; file systems take 255
    ],
)
def test_names_of_uploads(sent, kept):
    assert uploads.name_of(sent) == kept


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "localhost:8000", "origin": "http://localhost:8000"}, 200),
        ({"host": "evil.example"}, 400),
        ({"host": "localhost:8000", "origin": "http://evil.example"}, 403),
        ({"host": "192.168.1.5:8000", "origin": "http://evil.example"}, 403),
    ],
)
def test_nobody_else_sends(visit, headers, status):
    client = visit()
    for path in ("/colorize", "/page/result"):
        assert client.post(path, files={"file": PICTURE}, headers=headers).status_code == status
    assert client.get("/", headers=headers).status_code == (400 if status == 400 else 200)


def test_no_name_of_a_file_is_in_the_way(visit):
    assert visit().post("/colorize", files={"file": (".out", PICTURE[1])}).status_code == 200
    assert visit().post("/colorize", files={"file": ("out", PICTURE[1])}).status_code == 200


def test_an_aim_goes_with_the_page_s_own_factor(steerable, tmp_path):
    settings = Settings(work_size=16, saturation=1.3)
    app = web.build(steerable, settings=settings, folder=tmp_path, max_upload_mb=1, host="127.0.0.1")
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    for fields, status in (({}, 200), ({"saturation": "1.3"}, 422)):
        fields |= {"desired_saturation": "0.3"}
        assert client.post("/colorize", files={"file": PICTURE}, data=fields).status_code == status


def test_what_a_person_decides(visit, steerable):
    gray, reference = _noise(20, 24), np.full((9, 9, 3), (150, 80, 40), np.uint8)
    hints = [{"x": 20, "y": 3, "color": "#2040c0", "radius": 2}, {"x": 0, "y": 0, "color": "keep gray"}]
    files = {"file": ("a.png", _encoded(gray, "png")), "reference": ("a.png", _encoded(reference, "png"))}
    fields = {"hints": json.dumps(hints), "desired_saturation": "0.3"}
    client = visit(steerable)
    answer = client.post("/colorize", files=files, data=fields)
    assert answer.status_code == 200, answer.text
    steerable = copy.copy(steerable)
    steerable.work_size = SETTINGS.work_size
    wished = {"hints": steering.parse_hints(fields["hints"]), "palette": steering.palette_of(reference)}
    expected = steerable.colorize(gray, desired_saturation=0.3, **wished)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), expected)

    answer = client.post("/colorize", files={"file": files["file"]}, data={"variants": "3"})
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = ["a-colorized.png", "a-colorized-variant-2.png", "a-colorized-variant-3.png"]
        assert archive.namelist() == names
        first, *others = (np.asarray(Image.open(archive.open(name))).astype(int) for name in names)
    np.testing.assert_array_equal(first, steerable.colorize(gray))
    assert all(np.abs(other - first).max() > 5 for other in others)
