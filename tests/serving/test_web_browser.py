"""The page in a headless Chromium: upload, look, change the saturation, download; and nothing leaves this computer."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

# Serves a colorizer without a network, and notes each address elsewhere that the process asks for.
PROGRAM = """
import sys
from pathlib import Path

def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        address = args[1] if event == "socket.connect" else args[0]
        host = address[0] if isinstance(address, tuple) else address
        if host not in ("127.0.0.1", b"127.0.0.1"):
            with open("elsewhere.txt", "a") as file:
                print(event, args, file=file)

sys.addaudithook(watch)
import numpy as np
from colorgan.server import running
from colorgan.serving import web
from colorgan.serving.photos import Settings

class Painter:
    color_space = "lab"

    def predict_small(self, rgb, flip_average=False):
        ab = np.zeros((*rgb.shape[:3], 2), np.float32)
        ab[..., 0], ab[..., 1] = 15, -20
        return ab

with running.listen("127.0.0.1", 0) as place:
    options = {"settings": Settings(work_size=16, max_megapixels=0.5), "max_upload_mb": 1, "host": "127.0.0.1"}
    web.serve(Painter(), place=place, say=lambda text: print(text, flush=True), **options)
"""
# The last one keeps Chromium's own requests (updates, start page) from going anywhere, and the page's too.
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1280,950"
).split() + ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]


def _found(*names):
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="module")
def programs():
    """The browser's and its driver's paths."""
    found = {
        "Chromium": _found("chromium", "chromium-browser", "google-chrome"),
        "chromedriver": _found("chromedriver"),
        "Gradio (extra app)": importlib.util.find_spec("gradio"),
        "Selenium (extra test)": importlib.util.find_spec("selenium"),
    }
    missing = [name for name, path in found.items() if path is None]
    if missing:
        message = f"the web page cannot be tested in a browser: {', '.join(missing)} missing"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return found["Chromium"], found["chromedriver"]


@pytest.fixture(scope="module")
def server(programs, tmp_path_factory):
    """The address of a page that is served, and the folder that its process runs in and has its temporary files in."""
    folder = tmp_path_factory.mktemp("server")
    env = {**os.environ, "TMPDIR": str(folder)}
    with open(folder / "errors.txt", "w") as errors:
        command = [sys.executable, "-c", PROGRAM]
        process = subprocess.Popen(command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=errors)
    address = process.stdout.readline().split()  # empty: it died
    assert address, (folder / "errors.txt").read_text()
    yield address[0], folder
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert not list(folder.glob("colorgan-*")), "temporary files stay behind"


class Visitor:
    """Sits at the browser: uploads, clicks, looks."""

    def __init__(self, driver, address, downloads):
        self.driver, self.address, self.downloads = driver, address, downloads
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
        driver.get(address)

    def wait_for(self, what, look):
        from selenium.common.exceptions import WebDriverException

        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if seen := look():
                    return seen
            except WebDriverException:  # an element that is not there yet, or not any more
                pass
            time.sleep(0.05)
        pytest.fail(f"waited in vain for {what}: {self.driver.page_source[-3000:]}")

    def find(self, css):
        return self.driver.find_element("css selector", css)

    def upload(self, path):
        self.wait_for("the upload field", lambda: self.find("#file input[type=file]")).send_keys(str(path))

    def status(self):
        return self.find("#status").text

    def pictures(self):
        """The addresses of before and after, once both are shown."""
        script = "return [...document.querySelectorAll('#pair img')].map(i => [i.src, i.naturalWidth, i.naturalHeight])"
        shown = self.driver.execute_script(script)
        return shown if len(shown) == 2 and all(width for _, width, _ in shown) else None

    def download(self):
        """-> name and pixels of what the button gives, and its EXIF data."""
        self.find("#download").click()
        self.wait_for("the download", lambda: any(p.suffix == ".jpg" for p in self.downloads.iterdir()))
        (path,) = self.downloads.iterdir()
        with Image.open(path) as image:
            got = path.name, np.asarray(image), image.getexif()
        path.unlink()  # the next one may have its name
        return got

    def requests(self):
        """Addresses that pages of ours asked for, since the last call."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked = message["params"]
                if asked["documentURL"].startswith(self.address):
                    yield asked["request"]["url"]


@pytest.fixture
def visitor(programs, server, tmp_path):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for flag in [*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs[1]))
    (tmp_path / "downloads").mkdir()
    try:
        yield Visitor(driver, server[0], tmp_path / "downloads")
    finally:
        driver.quit()


@pytest.mark.slow
def test_upload_look_change_download(visitor, server, tmp_path, lab_of):
    rows = np.linspace(60, 200, 120)[:, None] + 20 * np.sin(np.arange(160) / 5)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    Image.fromarray(rows.astype(np.uint8)).save(tmp_path / "old.jpg", exif=exif, quality=95)
    upright = np.rot90(np.asarray(Image.open(tmp_path / "old.jpg")), -1)  # what orientation 6 means
    assert not visitor.wait_for("the page", lambda: visitor.find("#download")).is_enabled()

    visitor.upload(tmp_path / "old.jpg")
    shown = visitor.wait_for("the result", visitor.pictures)
    assert [size for _, *size in shown] == [[120, 160]] * 2
    assert "old-colorized.jpg: 120 × 160 pixels" in visitor.status()
    name, result, kept = visitor.download()
    assert name == "old-colorized.jpg" and result.shape == (160, 120, 3)
    # JPEG itself moves values: means over 8 x 8 pixels are what it keeps.
    difference = (lab_of(result) - lab_of(upright)).reshape(20, 8, 15, 8, 3).mean((1, 3))
    assert np.abs(difference[..., 0]).max() < 0.5
    np.testing.assert_allclose(difference[..., 1:].mean((0, 1)), (15, -20), atol=1)
    assert kept[0x010F] == "Maker" and kept[0x0112] == 1

    from selenium.webdriver.common.keys import Keys

    visitor.find("#saturation input[type=range]").send_keys(Keys.HOME)  # to its lower end, 0
    visitor.wait_for("another result", lambda: (now := visitor.pictures()) and now[1][0] != shown[1][0])
    _, gray, _ = visitor.download()
    assert np.ptp(gray.astype(int), axis=-1).max() <= 2 and gray.shape == result.shape

    asked = [urlsplit(url) for url in visitor.requests()]
    assert len(asked) > 20
    assert {url.hostname for url in asked if url.scheme not in ("data", "blob")} == {"127.0.0.1"}
    assert not (server[1] / "elsewhere.txt").exists(), (server[1] / "elsewhere.txt").read_text()

    held = [*server[1].glob("colorgan-*/photograph-*"), *server[1].glob("colorgan-*/*/old.jpg")]
    assert len(held) == 3  # two results and the upload
    visitor.driver.get("about:blank")
    visitor.wait_for("the removal of the files", lambda: not any(map(Path.exists, held)))


@pytest.mark.slow
def test_errors_are_shown(visitor, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"not a picture")
    visitor.upload(tmp_path / "bad.jpg")
    visitor.wait_for("the error", lambda: "bad.jpg: not an image" in visitor.status())
    assert not visitor.find("#download").is_enabled() and not visitor.pictures()
    visitor.find("#file button[aria-label=Clear]").click()
    visitor.wait_for("an empty page", lambda: not visitor.status())

    Image.new("L", (1000, 501)).save(tmp_path / "large.png")
    visitor.upload(tmp_path / "large.png")
    visitor.wait_for("the error", lambda: "large.png is too large: at most 0.5 megapixels" in visitor.status())
    visitor.find("#file button[aria-label=Clear]").click()
    visitor.wait_for("an empty page", lambda: not visitor.status())

    (tmp_path / "heavy.png").write_bytes(bytes(2**20 + 1))
    visitor.upload(tmp_path / "heavy.png")
    visitor.wait_for("Gradio's message", lambda: "maximum allowed size of 1.0 Mb" in visitor.find("body").text)
