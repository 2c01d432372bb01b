"""The API beside what `test_web` holds: bodies that are files, formats and sizes, who goes away, what operators ask."""

import asyncio
import io
import json
import threading

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from colorgan.serving import api, web
from colorgan.serving.photos import Settings

GRAY = np.random.RandomState(0).randint(0, 256, (30, 50), np.uint8)


def _encoded(array=GRAY, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def serve(painter, tmp_path):
    """-> a function that gives an app of the API alone, and what its numbers are."""

    def begin(colorizer=painter, **limits):
        limits = {"max_upload_mb": 1, "host": "127.0.0.1", "with_page": False, **limits}
        return web.build(colorizer, settings=Settings(work_size=16), folder=tmp_path, **limits)

    yield begin
    assert not list(tmp_path.iterdir())


@pytest.fixture
def client(serve):
    return TestClient(serve(), base_url="http://127.0.0.1:8000")


def _numbers(client):
    text = client.get("/metrics").text
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, *sorted(sample.labels.values())] = sample.value
    return found


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", "png"), ("JPEG", "jpg"), ("TIFF", "tiff"), ("GIF", "png")])
@pytest.mark.parametrize("stated", ["application/octet-stream", "application/x-www-form-urlencoded", None])
def test_a_body_may_be_the_file(client, kind, suffix, stated):
    """By content: curl says `x-www-form-urlencoded` of whatever it sends with `--data-binary`."""
    content, headers = _encoded(kind=kind), {} if stated is None else {"content-type": stated}
    answer = client.post("/colorize?saturation=0.5", content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    assert f'filename="photograph-colorized.{suffix}"' in answer.headers["content-disposition"]
    form = {"files": {"file": (f"photograph.{kind.lower()}", content)}, "data": {"saturation": "0.5"}}
    assert client.post("/colorize", **form).content == answer.content


def test_a_name_that_says_nothing_leaves_it_to_the_content(client):
    answer = client.post("/colorize", files={"file": ("blob", _encoded(kind="JPEG"))})  # as browsers call it
    assert 'filename="blob-colorized.jpg"' in answer.headers["content-disposition"]


def test_bodies_that_pillow_does_not_know(client):
    """Gray of 16 bits with alpha as TIFF, whose depth and description stay; JPEG XL."""
    deep, file = np.stack([GRAY.astype(np.uint16) * 200] * 2, axis=-1), io.BytesIO()
    options = {"photometric": "minisblack", "extrasamples": ["unassalpha"], "description": "Square", "metadata": None}
    tifffile.imwrite(file, deep, planarconfig="contig", **options)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = client.post("/colorize?saturation=0", content=file.getvalue(), headers=headers)
    assert answer.status_code == 200 and "photograph-colorized.tiff" in answer.headers["content-disposition"]
    with tifffile.TiffFile(io.BytesIO(answer.content)) as made:
        np.testing.assert_array_equal(made.asarray(), deep[..., [0, 0, 0, 1]])
        tags = made.pages.first.tags
        assert tags[270].value == "Square" and b"algorithmicallyEnhanced" in tags[700].value
    answer = client.post("/colorize", content=imagecodecs.jpegxl_encode(GRAY), headers=headers)
    assert answer.status_code == 200 and "photograph-colorized.png" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("address", "content", "said"),
    [
        ("", b"", "No file"),
        ("", b"saturation=1", "No file"),
        ("?tint=1", _encoded(), "Unknown field tint"),
        ("?saturation=1&saturation=2", _encoded(), "Send saturation only once"),
        ("?reference=a.png", _encoded(), "Unknown field reference"),
        ("?saturation=11", _encoded(), "`saturation` must lie in 0..10"),
    ],
)
def test_errors_of_bodies(client, address, content, said):
    answer = client.post(f"/colorize{address}", content=content)
    assert answer.status_code == 422 and said in answer.json()["detail"]


def test_a_form_s_fields_may_stand_in_the_address(client):
    answer = client.post("/colorize?saturation=0", files={"file": ("a.png", _encoded())})
    np.testing.assert_array_equal(Image.open(io.BytesIO(answer.content)), GRAY[..., None].repeat(3, -1))
    twice = client.post("/colorize?saturation=0", files={"file": ("a.png", _encoded())}, data={"saturation": "1"})
    assert twice.status_code == 422 and "Send saturation only once" in twice.json()["detail"]


def test_formats_and_sizes(client):
    exif = Image.Exif()
    exif[0x8769] = {0xA002: 50, 0xA003: 30}
    content = _encoded(kind="JPEG", exif=exif)
    answer = client.post("/colorize?format=webp&size=20", content=content)
    with Image.open(io.BytesIO(answer.content)) as made:
        assert (made.format, made.size) == ("WEBP", (20, 12))
        assert {tag: made.getexif().get_ifd(0x8769)[tag] for tag in (0xA002, 0xA003)} == {0xA002: 20, 0xA003: 12}
    assert "photograph-colorized.webp" in answer.headers["content-disposition"]
    large = client.post("/colorize?format=png&size=900", content=content)
    assert Image.open(io.BytesIO(large.content)).size == (50, 30)  # none is enlarged


def test_hints_are_in_the_pixels_of_what_was_sent(steerable, serve):
    client = TestClient(serve(steerable), base_url="http://127.0.0.1:8000")
    fields = {"hints": json.dumps([{"x": 49, "y": 29, "color": "#2040c0"}]), "size": "10"}
    answer = client.post("/colorize", params=fields, content=_encoded())
    assert answer.status_code == 200 and Image.open(io.BytesIO(answer.content)).size == (10, 6)


def test_what_operators_ask(serve):
    app = serve()
    client, visitors = TestClient(app, base_url="http://127.0.0.1:8000"), app.app.app.state.visitors
    assert client.get("/health").json() == {"status": "ok"}
    early = client.get("/ready")
    assert early.status_code == 503 and int(early.headers["retry-after"]) > 0
    visitors.is_warm = True
    assert client.get("/ready").json() == {"status": "ready"}
    visitors.network._since = -1e9  # it began long ago
    assert client.get("/health").status_code == client.get("/ready").status_code == 503
    for path in ("/", "/page/about", "/main.js", "/docs"):
        assert client.get(path).status_code == 404


def test_it_is_ready_when_the_network_has_run(serve, steerable, painter):
    for colorizer, status in ((steerable, 200), (painter, 503)):  # a painter opens no photograph
        with TestClient(serve(colorizer), base_url="http://127.0.0.1:8000") as client:
            visitors = client.app.app.app.state.visitors
            client.portal.call(visitors.network.do, lambda: None)  # behind the warming
            client.portal.call(asyncio.sleep, 0.05)
            assert client.get("/ready").status_code == status


def test_numbers(client):
    assert client.post("/colorize", content=_encoded()).status_code == 200
    assert client.post("/colorize", content=b"x").status_code == 422
    found = _numbers(client)
    assert found["colorgan_http_requests_total", "/colorize", "200", "POST"] == 1
    assert found["colorgan_http_requests_total", "/colorize", "422", "POST"] == 1
    assert found["colorgan_photographs_total",] == found["colorgan_pass_photographs_count",] == 1
    assert found["colorgan_megapixels_total",] == pytest.approx(0.0015)
    assert [found["colorgan_step_seconds_count", step] for step in ("read", "network", "write")] == [1, 1, 1]
    assert found["colorgan_requests_in_hand",] == 0 and found["process_resident_memory_bytes",] > 1e6


def test_openapi_says_what_there_is(client):
    told = client.get("/openapi.json").json()
    assert set(told["paths"]) == {"/colorize", "/health", "/ready", "/metrics"}
    asked = told["paths"]["/colorize"]["post"]
    assert {one["name"] for one in asked["parameters"]} == set(api.FIELDS) - {"reference"}
    form = asked["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {"file", *api.FIELDS} and "image/*" in asked["requestBody"]["content"]
    assert {"200", "408", "413", "422", "503"} <= set(asked["responses"])


class Slow:
    """Waits for its leave, and counts."""

    color_space = "lab"

    def __init__(self, painter):
        self.painter, self.count, self.leave = painter, 0, threading.Event()

    def predict_small(self, rgb, flip_average=False):
        assert self.leave.wait(20)
        self.count += len(rgb)
        return self.painter.predict_small(rgb)


def _called(app, content, gone):
    """A request to an ASGI application, whose caller goes when `gone` is set. -> messages of the answer."""
    messages, answer = [{"type": "http.request", "body": content, "more_body": False}], []

    async def receive():
        if messages:
            return messages.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        answer.append(message)

    headers = [(b"host", b"localhost"), (b"content-length", str(len(content)).encode())]
    scope = {"type": "http", "method": "POST", "path": "/colorize", "headers": headers, "query_string": b""}
    scope |= {"scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1), "http_version": "1.1"}
    return answer, asyncio.ensure_future(app(scope, receive, send))


def test_who_goes_away_is_not_worked_for(serve, painter):
    slow = Slow(painter)
    app = serve(slow, in_hand=3)
    line = app.app.app.state.visitors.network

    async def until(condition):
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)

    async def visit():
        gone, calls = [asyncio.Event() for _ in range(4)], []
        for i, one in enumerate(gone):
            calls.append(_called(app, _encoded(), one))
            await until(lambda i=i: line._since and len(line._lines[0]) == i if i < 3 else calls[3][0])
        status, headers = calls[3][0][0]["status"], dict(calls[3][0][0]["headers"])
        assert status == 503 and int(headers[b"retry-after"]) >= 1  # three are in hand
        gone[1].set()
        await calls[1][1]
        slow.leave.set()
        await asyncio.gather(calls[0][1], calls[2][1])
        return [answer[0]["status"] for answer, _ in calls[::2]]

    assert asyncio.run(visit()) == [200, 200]
    assert slow.count == 2
    numbers = _numbers(TestClient(app, base_url="http://127.0.0.1:8000"))
    assert numbers["colorgan_http_requests_total", "/colorize", "499", "POST"] == 1
    assert numbers["colorgan_requests_in_hand",] == 0


def test_what_the_end_of_the_service_cuts_off_is_told(serve, painter):
    """uvicorn cancels what is still in work when its grace is over."""
    slow = Slow(painter)
    app = serve(slow)

    async def visit():
        answer, call = _called(app, _encoded(), asyncio.Event())
        while not app.app.app.state.visitors.network._since:
            await asyncio.sleep(0.01)
        call.cancel()
        await call
        slow.leave.set()
        return answer[0]

    told = asyncio.run(visit())
    assert told["status"] == 503 and (b"retry-after", b"60") in told["headers"]
