"""The HTTP API: results as `colorize.py` writes them, limits and errors, and who may send at all."""

import io
import re

import numpy as np
import pytest
import tifffile
from PIL import Image
from starlette.testclient import TestClient

from colorgan.serving import batch, uploads, web
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
        ({"picture": PICTURE}, {}, 422, "Unknown field picture. Known: file, saturation"),
        ({}, {"saturation": "1"}, 422, "No file"),
        ({"file": PICTURE}, {"saturation": "much"}, 422, "`saturation` must be a number. Received: 'much'"),
        ({"file": PICTURE}, {"saturation": "11"}, 422, "`saturation` must lie in 0..10. Received: 11"),
        ({"file": PICTURE}, {"saturation": "nan"}, 422, "`saturation` must lie in 0..10"),
        ([("file", PICTURE), ("file", PICTURE)], {}, 400, "Too many files"),
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
