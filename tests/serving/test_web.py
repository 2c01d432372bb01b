"""The page's server and its HTTP API, without a browser: results as `colorize.py` writes them, limits and errors."""

import asyncio
import importlib.util
import io
import os
import re

import numpy as np
import pytest
from PIL import Image

if importlib.util.find_spec("gradio") is None and os.environ.get("CI") != "true":
    pytest.skip("the web page cannot be tested: Gradio (extra app) is missing", allow_module_level=True)

import tifffile
from gradio import processing_utils
from starlette.testclient import TestClient

from colorgan.serving import batch, page, web
from colorgan.serving.photos import Settings
from colorgan.serving.visitors import Visitors

SETTINGS = Settings(work_size=16, max_megapixels=0.05)


@pytest.fixture
def visit(painter, tmp_path):
    """-> a function that gives a client of an app with these settings; its folder is `tmp_path / "files"`."""
    folder = tmp_path / "files"
    folder.mkdir()

    def enter(colorizer=painter, max_upload_mb=1):
        async def built():
            limits = {"max_upload_mb": max_upload_mb, "host": "127.0.0.1"}
            return web.build(colorizer, settings=SETTINGS, folder=folder, **limits)

        # Without a running loop, Gradio makes some that it never closes.
        return TestClient(asyncio.run(built()), base_url="http://127.0.0.1:8000")

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
        ({"file": ("heavy.png", bytes(2**20 + 2**17))}, {}, 413, "at most 1 MB"),
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
    for path in ("/colorize", "/gradio_api/upload"):
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
    assert web._name(sent) == kept


def test_files_of_a_visit_go_with_it(painter, tmp_path):
    visits = page.OpenPages(Visitors(painter, settings=SETTINGS, max_upload_mb=1, folder=tmp_path))
    uploads = [tmp_path / str(i) / "a.png" for i in range(3)]
    for upload in uploads:
        upload.parent.mkdir()
        upload.write_bytes(b"")
    folders = [visits.begin("one", upload) for upload in uploads]
    # The result before the last may still be loading into the page; the one before that is gone.
    assert [f.exists() for f in folders] == [u.exists() for u in uploads] == [False, True, True]
    visits.begin("two", uploads[2])
    visits.end("one")
    assert [u.exists() for u in uploads] == [False, False, True]  # another visitor sent the same
    visits.end("two")
    visits.end("two")
    assert not list(tmp_path.iterdir())


def test_old_files_are_swept(tmp_path):
    for name, age in (("old", 100), ("new", 10)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(b"")
        (tmp_path / f"{name}.bin").write_bytes(b"")
        for path in (tmp_path / name, tmp_path / f"{name}.bin"):
            os.utime(path, (1000 - age, 1000 - age))
    page.sweep(tmp_path, before=950)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "new.bin"]


def test_the_page_asks_for_nothing_from_elsewhere(visit):
    client = visit()
    page = client.get("/")
    assert page.status_code == 200 and "default-src 'self'" in page.headers["content-security-policy"]
    assert "googleapis" not in page.text + client.get("/theme.css").text
    config = client.get("/config").json()
    assert config["analytics_enabled"] is False and not config.get("run_history")
    assert config["footer_links"] == []
    for path in (
        "/docs",
        "/redoc",
        "/gradio_api/file=http://example.org/a.png",
        "/gradio_api/file/http://example.org/a.png",
        "/gradio_api/proxy=http://example.org",
    ):
        assert client.get(path).status_code == 404
    assert client.get("/gradio_api/file=/etc/hosts").status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "localhost:8000", "origin": "http://localhost:8000"}, 200),
        ({"host": "evil.example"}, 400),
        ({"host": "localhost:8000", "origin": "http://evil.example"}, 403),
        ({"host": "192.168.1.5:8000", "origin": "http://evil.example"}, 403),
    ],
)
def test_nobody_else_sends_to_the_api_or_to_gradio(visit, headers, status):
    """Gradio itself lets pages of any origin send, ask and read where it is not visited as localhost."""
    client = visit()
    for path, field in (("/colorize", "file"), ("/gradio_api/upload", "files")):
        assert client.post(path, files={field: PICTURE}, headers=headers).status_code == status
    read = client.get("/config", headers=headers)
    assert read.status_code == (400 if status == 400 else 200)
    if status != 200:
        asking = {"access-control-request-method": "POST", "access-control-request-headers": "x-forwarded-host"}
        asked = client.options("/gradio_api/upload", headers=headers | asking)
        assert asked.status_code == status
        assert not {"access-control-allow-origin"} & ({*read.headers} | {*asked.headers})


def test_no_name_of_a_file_is_in_the_way(visit):
    assert visit().post("/colorize", files={"file": ("out", PICTURE[1])}).status_code == 200


def test_behind_another_server_the_page_knows_its_place(visit):
    headers = {"host": "localhost", "x-forwarded-host": "photos.example", "x-forwarded-proto": "https"}
    assert visit().get("/config", headers=headers).json()["root"] == "https://photos.example"


def test_all_files_of_an_upload_are_limited_together(visit):
    client = visit()
    several = [("files", (f"{i}.png", bytes(2**19))) for i in range(3)]
    assert client.post("/gradio_api/upload", files=several[:1]).status_code == 200
    assert client.post("/gradio_api/upload", files=several).status_code == 413


def test_uploads_of_the_page_are_limited(visit):
    client = visit()
    assert client.post("/gradio_api/upload", files={"files": ("a.png", bytes(2**20 + 1))}).status_code == 413
    assert client.post("/gradio_api/upload", files={"files": ("a.png", bytes(2**20 - 1))}).status_code == 200


def test_the_server_fetches_no_url(visit, monkeypatch):
    async def fetch(*args, **kwargs):
        fetched.append(args)
        raise OSError("no network in tests")

    fetched = []
    monkeypatch.setattr(processing_utils, "async_ssrf_protected_download", fetch)
    file = {"path": "https://example.org/a.png", "meta": {"_type": "gradio.FileData"}}
    with visit() as client:
        ask = {"data": [file, 1.0], "fn_index": 0, "session_hash": "abc"}
        assert client.post("/gradio_api/queue/join", json=ask).status_code == 200
        told = client.get("/gradio_api/queue/data", params={"session_hash": "abc"}).text
    assert "Upload the file itself" in told and not fetched
