"""The page in a headless Chromium, by mouse and by keyboard, on a desk and on a phone; and nothing leaves the computer.

Looks at pixels: of the canvas that is shown, of screenshots, and of the files that are saved.
"""

import base64
import importlib.util
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image

from colorgan.models import generators
from colorgan.models.predictor import Predictor
from colorgan.server import running
from colorgan.serving import web
from colorgan.serving.colorizer import Colorizer
from colorgan.serving.photos import Settings
from colorgan.settings import flags

# Serves a network that paints all of a picture in one colour, and notes each address elsewhere that the process asks
# for.
PROGRAM = """
import sys

def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo"):
        address = args[1] if event == "socket.connect" else args[0]
        host = address[0] if isinstance(address, tuple) else address
        if host not in ("127.0.0.1", b"127.0.0.1"):
            with open("elsewhere.txt", "a") as file:
                print(event, args, file=file)

sys.addaudithook(watch)
import numpy as np
from colorgan.models import generators
from colorgan.models.predictor import Predictor
from colorgan.server import running
from colorgan.serving import web
from colorgan.serving.colorizer import Colorizer
from colorgan.serving.photos import Settings
from colorgan.settings import flags

tables = {"encoder": ((4, 1), (6, 2), (8, 2)), "decoder": ((6, 2), (4, 2)), "head": "color-and-bins"}
config = flags.resolve({"dataset": "shapes", **tables, "conditions": ("hints", "palette", "aim")})
generator = generators.build(config)
paint = generator.head.convolution
paint.kernel.assign(0 * paint.kernel)
paint.bias.assign(np.arctanh([30 / 110, -20 / 110]))
made = Colorizer(Predictor.of(generator, config), work_size=64, name="one colour")
made.generator = generator
with running.listen("127.0.0.1", 0) as place:
    options = {"settings": Settings(work_size=64, max_megapixels=2), "max_upload_mb": 1, "host": "127.0.0.1"}
    web.serve(made, place=place, say=lambda text: print(text, flush=True), **options)
"""
PAINTED = (30, -20)  # a and b
# The last one keeps Chromium's own requests (updates, start page) from going anywhere, and the page's too.
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
).split() + ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
DESK, PHONE = (1280, 900), (390, 844)
pytestmark = pytest.mark.slow


def _found(*names):
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="module")
def programs():
    """The browser's and its driver's paths."""
    found = {
        "Chromium": _found("chromium", "chromium-browser", "google-chrome"),
        "chromedriver": _found("chromedriver"),
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
    """Address and folder of the page, in a process of its own, with weights that can be told colours."""
    folder = tmp_path_factory.mktemp("server")
    env = {**os.environ, "TMPDIR": str(folder)}
    with open(folder / "errors.txt", "w") as errors:
        command = [sys.executable, "-c", PROGRAM]
        process = subprocess.Popen(command, cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=errors)
    address = process.stdout.readline().split()  # empty: it died
    assert address, (folder / "errors.txt").read_text()
    yield address[0], folder
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert not list(folder.glob("colorgan-*")), "temporary files stay behind"


@pytest.fixture
def plain_server(tmp_path):
    """The same in this process, with weights that cannot."""
    tables = {"encoder": ((4, 1), (6, 2)), "decoder": ((4, 2),), "head": "color-and-bins"}
    config = flags.resolve({"dataset": "shapes", **tables})
    generator = generators.build(config)
    generator.head.convolution.bias.assign(np.arctanh(np.array(PAINTED) / 110))
    made = Colorizer(Predictor.of(generator, config), work_size=64, name="about one colour")
    made.generator = generator
    limits = {"max_upload_mb": 1, "host": "127.0.0.1"}
    app = web.build(made, settings=Settings(work_size=64), folder=tmp_path, **limits)
    place, server = running.listen("127.0.0.1", 0), running.Server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
    thread.start()
    yield running.address(place), tmp_path
    server.should_exit = True
    thread.join(20)


class Visitor:
    """Sits at the browser: brings files, clicks, types, looks."""

    def __init__(self, driver, downloads):
        self.driver, self.downloads = driver, downloads
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})

    def enter(self, server, size=DESK):
        self.address = server[0]
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.get(self.address)
        self.wait_for("the page", lambda: self.js("return document.body.dataset.ready !== undefined"))
        list(self.requests())
        return self

    def js(self, script, *words):
        return self.driver.execute_script(script, *words)

    def wait_for(self, what, look):
        from selenium.common.exceptions import WebDriverException

        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                if (found := look()) not in (None, False):
                    return found
            except WebDriverException:  # an element that is not there yet, or not any more
                pass
            time.sleep(0.05)
        pytest.fail(f"waited in vain for {what}: {self.find('body').text[-2000:]}")

    def find(self, css):
        return self.driver.find_element("css selector", css)

    def press(self, *keys):
        """Press keys one after the other, or pairs of a modifier and a key together."""
        from selenium.webdriver import ActionChains

        for key in keys:
            chain = ActionChains(self.driver)
            held, key = key if isinstance(key, tuple) else (None, key)
            chain = chain.key_down(held).send_keys(key).key_up(held) if held else chain.send_keys(key)
            chain.perform()

    def bring(self, *paths, states=None):
        """Choose files, and wait until each is in colour, or whatever its state is to be."""
        states = states or ["ready"] * len(paths)
        self.find("#choose").send_keys("\n".join(map(str, paths)))
        self.wait_for("the photographs", lambda: self.states()[-len(paths) :] == states)

    def drop(self, path, css):
        """Drop a file somewhere, as a file manager does."""
        self._transfer(
            path,
            """
            const options = {dataTransfer: data, bubbles: true, cancelable: true};
            for (const type of ["dragenter", "dragover", "drop"])
                document.querySelector(arguments[2]).dispatchEvent(new DragEvent(type, options));
            """,
            css,
        )

    def paste(self, path):
        self._transfer(path, "document.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data}))")

    def _transfer(self, path, script, *words):
        made = """
            const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0)), data = new DataTransfer();
            data.items.add(new File([bytes], arguments[1], {type: "image/jpeg"}));
        """
        self.js(made + script, base64.b64encode(path.read_bytes()).decode(), path.name, *words)

    def states(self):
        return self.js("return [...document.querySelectorAll('#photographs li')].map((item) => item.dataset.state)")

    def picture(self):
        """[H, W, 3] of the canvas as it is shown, once nothing is under way."""
        done = "return document.querySelector('#view').ariaBusy === 'false'"
        self.wait_for("the picture", lambda: self.js(done))
        url = self.js("return document.querySelector('#after').toDataURL('image/png')")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB")).astype(int)

    def screen(self):
        """[H, W, 3] of the whole window."""
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(shot))).convert("RGB")).astype(int)

    def box(self, css):
        box = self.js("const b = document.querySelector(arguments[0]).getBoundingClientRect(); return b.toJSON()", css)
        return [round(box[name]) for name in ("left", "top", "right", "bottom")]

    def click(self, x, y, to=None):
        """Press in the picture at shares of its width and height; drag to others."""
        from selenium.webdriver import ActionChains

        width, height = self.find("#dabs").size["width"], self.find("#dabs").size["height"]
        chain = ActionChains(self.driver)
        chain.move_to_element_with_offset(self.find("#dabs"), round((x - 0.5) * width), round((y - 0.5) * height))
        if to:
            chain.click_and_hold().move_by_offset(round((to[0] - x) * width), round((to[1] - y) * height)).release()
        else:
            chain.click()
        chain.perform()

    def suggestions(self):
        """Wait for the colours that are suggested for the dab whose palette is open."""
        count = "return document.querySelectorAll('#suggested button').length"
        self.wait_for("the suggestions", lambda: self.js(count) or None)

    def paint(self, color):
        """Give the dab whose palette is open a colour, as the colour field does."""
        self.wait_for(
            "the suggestions", lambda: self.js("return document.querySelectorAll('#suggested button').length")
        )
        script = """
            const field = document.querySelector('#own');
            field.value = arguments[0];
            for (const type of ['input', 'change']) field.dispatchEvent(new Event(type));
        """
        self.js(script, color)

    def slide(self, value):
        script = """
            const field = document.querySelector('#saturation');
            field.value = arguments[0];
            for (const type of ['input', 'change']) field.dispatchEvent(new Event(type));
        """
        self.js(script, value)

    def saved(self, css):
        """-> the file that a button gives."""
        self.find(css).click()
        ended = lambda: [p for p in self.downloads.iterdir() if p.suffix in (".jpg", ".png", ".zip")]  # noqa: E731
        (path,) = self.wait_for("the download", lambda: ended() or None)
        kept = path.rename(self.downloads.parent / f"{time.monotonic_ns()}-{path.name}")
        self.wait_for("the button", lambda: self.find(css).get_attribute("aria-busy") is None)
        return path.name, kept

    def requests(self):
        """Addresses that pages of ours asked for, since the last call."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked = message["params"]
                if asked["documentURL"].startswith(self.address):
                    yield asked["request"]["url"]


@pytest.fixture
def visitor(programs, tmp_path):
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    for flag in [*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(programs[1]))
    (tmp_path / "downloads").mkdir()
    try:
        visitor = Visitor(driver, tmp_path / "downloads")
        yield visitor
        said = [one["message"] for one in driver.get_log("browser")]
        assert not [one for one in said if "Failed to load resource" not in one], said
    finally:
        driver.quit()


@pytest.fixture
def old(tmp_path):
    """A gray photograph of 200 x 300, lying in its file, with the camera's name."""
    rows = np.linspace(70, 190, 200)[:, None] + 15 * np.sin(np.arange(300) / 9)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    Image.fromarray(rows.astype(np.uint8)).save(tmp_path / "old.jpg", exif=exif, quality=95)
    return tmp_path / "old.jpg"


@pytest.fixture
def red(tmp_path):
    """A photograph in reds, as a reference."""
    Image.new("RGB", (60, 40), (170, 60, 40)).save(tmp_path / "red.jpg")
    return tmp_path / "red.jpg"


def _upright(path):
    return np.rot90(np.asarray(Image.open(path)), -1)


def _near(picture, x, y, reach=6):
    """The mean colour around a place, shares of width and height."""
    row, column = round(y * picture.shape[0]), round(x * picture.shape[1])
    return picture[max(0, row - reach) : row + reach, max(0, column - reach) : column + reach].mean((0, 1))


def test_drop_look_and_download(visitor, server, old, lab_of):
    visitor.enter(server)
    assert visitor.find("#empty").is_displayed() and not visitor.find("#sections").is_displayed()
    visitor.drop(old, "#stage")
    visitor.wait_for("the photograph", lambda: visitor.states() == ["ready"])
    assert "old.jpg is in colour" in visitor.js("return document.querySelector('#status').textContent")
    shown = visitor.picture()
    assert shown.shape == (300, 200, 3)  # turned
    # JPEG itself moves values: means over 10 x 10 pixels are what it keeps.
    difference = (lab_of(np.uint8(shown)) - lab_of(_upright(old))).reshape(30, 10, 20, 10, 3).mean((1, 3))
    np.testing.assert_allclose(difference[..., 1:].mean((0, 1)), PAINTED, atol=1.5)
    assert np.abs(difference[..., 0]).max() < 1

    # It is not enlarged. Before lies left of the handle, after right of it.
    left, top, right, bottom = visitor.box("#frame")
    assert (right - left, bottom - top) == (200, 300)
    screen = visitor.screen()[top:bottom, left:right]
    chroma = np.ptp(screen, axis=-1)
    assert chroma[100:130, 10:70].mean() < 6 and chroma[100:130, 130:190].mean() > 40
    from selenium.webdriver.common.keys import Keys

    visitor.js("document.querySelector('#split').focus()")
    visitor.press(Keys.HOME)
    assert np.ptp(visitor.screen()[top:bottom, left:right], axis=-1)[100:130, 30:90].mean() > 40
    visitor.press(Keys.END)
    assert np.ptp(visitor.screen()[top:bottom, left:right], axis=-1)[100:130, 120:170].mean() < 6

    name, file = visitor.saved("#download")
    with Image.open(file) as image:
        assert name == "old-colorized.jpg" and image.size == (200, 300)
        assert image.getexif()[0x010F] == "Maker" and image.getexif()[0x0112] == 1
        assert np.abs(np.asarray(image).astype(int) - shown).mean() < 3
    asked = [urlsplit(url) for url in visitor.requests()]
    assert len(asked) >= 4
    assert {url.hostname for url in asked if url.scheme not in ("data", "blob")} == {"127.0.0.1"}
    assert not (server[1] / "elsewhere.txt").exists(), (server[1] / "elsewhere.txt").read_text()


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_dab_by_mouse(visitor, server, old, size):
    visitor.enter(server, size).bring(old)
    plain = visitor.picture()
    assert visitor.box("#frame")[3] < visitor.box("#tools" if size == DESK else "#bar")[3]
    visitor.click(0.7, 0.4)
    assert visitor.find("#palette").is_displayed()
    visitor.paint("#1030e0")
    blue = visitor.picture()
    assert _near(blue, 0.7, 0.4)[2] - _near(plain, 0.7, 0.4)[2] > 30
    assert np.abs(_near(blue, 0.1, 0.9) - _near(plain, 0.1, 0.9)).max() < 5

    # Closed and dragged, the colour goes with it.
    visitor.js("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape'}))")
    visitor.click(0.7, 0.4, to=(0.3, 0.6))
    moved = visitor.picture()
    assert np.abs(_near(moved, 0.7, 0.4, 3) - _near(plain, 0.7, 0.4, 3)).max() < 8
    assert _near(moved, 0.3, 0.6)[2] - _near(plain, 0.3, 0.6)[2] > 30

    from selenium.webdriver.common.keys import Keys

    visitor.press((Keys.CONTROL, "z"))
    np.testing.assert_array_equal(visitor.picture(), blue)
    visitor.press((Keys.CONTROL, "z"))
    np.testing.assert_array_equal(visitor.picture(), plain)
    visitor.press((Keys.CONTROL, "y"))
    np.testing.assert_array_equal(visitor.picture(), blue)
    if size == PHONE:
        visitor.find("#bar [aria-controls=by-hand]").click()
    visitor.find("#clear").click()
    np.testing.assert_array_equal(visitor.picture(), plain)
    assert not visitor.js("return document.querySelectorAll('.dab').length")


def test_a_dab_by_keyboard(visitor, server, old):
    from selenium.webdriver.common.keys import Keys

    visitor.enter(server).bring(old)
    plain = visitor.picture()
    visitor.js("document.querySelector('#dabs').focus()")
    visitor.press(*[(Keys.SHIFT, Keys.ARROW_UP)] * 4, Keys.ARROW_LEFT, Keys.ENTER)
    focused = "return document.activeElement.getAttribute('aria-label') ?? ''"
    visitor.wait_for("a suggestion", lambda: visitor.js(focused).startswith("Colour #"))
    chosen = visitor.js(focused).removeprefix("Colour ")
    visitor.press(Keys.ENTER)
    assert np.abs(_near(visitor.picture(), 0.49, 0.3, 2) - _near(plain, 0.49, 0.3, 2)).max() > 15
    visitor.press(Keys.ESCAPE)
    label = visitor.js(focused)
    assert label.startswith(f"Dab 1, {chosen}, at 49 %, 30 %")
    visitor.press((Keys.SHIFT, Keys.ARROW_DOWN))
    assert "35 %" in visitor.js(focused)
    visitor.press(Keys.DELETE)
    np.testing.assert_array_equal(visitor.picture(), plain)


def test_the_eyedropper_takes_a_colour_of_the_picture(visitor, server, old):
    visitor.enter(server).bring(old)
    plain = visitor.picture()
    visitor.click(0.7, 0.7)
    visitor.suggestions()
    visitor.find("#dropper").click()
    visitor.click(0.2, 0.1)
    visitor.picture()
    label = visitor.find(".dab").get_attribute("aria-label")
    taken = np.array(list(bytes.fromhex(label.partition("#")[2][:6])))
    np.testing.assert_allclose(taken, _near(plain, 0.2, 0.1, 2), atol=4)
    assert len(visitor.driver.find_elements("css selector", ".dab")) == 1


def test_saturation_is_live_and_needs_no_request(visitor, server, old):
    visitor.enter(server).bring(old)
    visitor.click(0.7, 0.4)
    visitor.paint("#1030e0")
    plain = visitor.picture()
    list(visitor.requests())
    visitor.slide(0)
    pale = visitor.picture()
    assert np.ptp(pale, axis=-1)[200:].max() <= 2  # gray, but for the dab, which holds
    np.testing.assert_allclose(_near(pale, 0.7, 0.4, 2), _near(plain, 0.7, 0.4, 2), atol=6)
    visitor.slide(1.5)
    strong = visitor.picture()
    assert np.ptp(strong, axis=-1)[200:].mean() > 1.3 * np.ptp(plain, axis=-1)[200:].mean()
    assert not list(visitor.requests())
    _, file = visitor.saved("#download")  # what was seen is what is saved
    with Image.open(file) as image:
        assert np.abs(np.asarray(image).astype(int) - strong).mean() < 4


def test_the_mood_of_another_picture_and_variants(visitor, server, old, red):
    visitor.enter(server).bring(old)
    plain = visitor.picture()
    visitor.drop(red, "#reference")
    visitor.wait_for("the reference", lambda: visitor.find("#taken").is_displayed())
    assert "red.jpg" in visitor.find("#taken").text and len(visitor.states()) == 1
    visitor.find("#reference-off").click()
    np.testing.assert_array_equal(visitor.picture(), plain)
    visitor.drop(old, "#reference")
    visitor.wait_for("the complaint", lambda: "reference is gray" in visitor.find("#reference-problem").text)

    visitor.find("#vary").click()
    choices = "return [...document.querySelectorAll('#variants button')].map((one) => one.ariaChecked)"
    assert visitor.wait_for("variants", lambda: visitor.js(choices) or None) == ["true", "false", "false", "false"]
    visitor.find("#variants button:nth-child(3)").click()
    assert np.abs(visitor.picture() - plain).max() > 8
    assert visitor.js(choices) == ["false", "false", "true", "false"]
    visitor.find("#undo").click()
    np.testing.assert_array_equal(visitor.picture(), plain)
    visitor.find("#show-doubt").click()
    visitor.wait_for("the map of doubt", lambda: visitor.find("#doubt").is_displayed())


def test_several_photographs(visitor, server, old, red, tmp_path):
    (tmp_path / "bad.jpg").write_bytes(b"not a picture")
    visitor.enter(server).bring(old, red)
    visitor.paste(old)
    visitor.bring(tmp_path / "bad.jpg", states=["failed"])
    visitor.wait_for("all", lambda: visitor.states() == ["ready", "ready", "ready", "failed"])
    for number, said in ((4, "bad.jpg: not an image"), (1, "")):
        visitor.find(f"#photographs li:nth-child({number}) button").click()
        assert said in visitor.find("#problem").text and visitor.find("#problem").is_displayed() == bool(said)
    name, file = visitor.saved("#download-all")
    assert name == "colorized.zip"
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["old-colorized.jpg", "red-colorized.jpg", "old-colorized (2).jpg"]
        with Image.open(archive.open("red-colorized.jpg")) as image:
            assert image.size == (60, 40)
    (tmp_path / "heavy.png").write_bytes(bytes(2**20 + 1))
    Image.new("L", (2000, 1001)).save(tmp_path / "large.png")
    visitor.bring(tmp_path / "heavy.png", states=["failed"])
    assert "heavy.png is too large: at most 1 MB" in visitor.find("#problem").text
    visitor.bring(tmp_path / "large.png", states=["failed"])
    assert "large.png is too large: at most 2 megapixels" in visitor.find("#problem").text


def test_a_photograph_that_the_server_let_go_is_sent_again(visitor, server, old):
    visitor.enter(server).bring(*[old] * 18, states=["ready"] * 18)
    assert [urlsplit(url).path for url in visitor.requests()].count("/page/photographs") == 18  # each once till now
    visitor.find("#photographs li:first-child button").click()
    plain = visitor.picture()
    visitor.click(0.7, 0.4)
    visitor.paint("#1030e0")
    assert _near(visitor.picture(), 0.7, 0.4)[2] - _near(plain, 0.7, 0.4)[2] > 30


def test_weights_that_cannot_be_told_colours(visitor, plain_server, old):
    visitor.enter(plain_server)
    visitor.find("[data-example]").click()
    visitor.wait_for("the example", lambda: visitor.states() == ["ready"])
    assert np.ptp(visitor.picture(), axis=-1).mean() > 20
    shown = {
        css: visitor.find(css).is_displayed() for css in ("#by-hand", "#vary", "#dabs", "#saturation", "#show-doubt")
    }
    assert shown == {"#by-hand": False, "#vary": False, "#dabs": False, "#saturation": True, "#show-doubt": True}


# [text, colour of it, colour and opacity behind it] of all that can be read, and what has no name.
READ = """
    const texts = [], color = (text) => text.match(/[\\d.]+/g).map(Number);
    const shown = [...document.querySelectorAll('body *:not(#status)')].filter((one) => one.checkVisibility());
    for (const one of shown) {
      const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
      if (!own || one.disabled) continue;
      let behind = one, paper;
      do {
        paper = color(getComputedStyle(behind).backgroundColor);
        behind = behind.parentElement;
      } while (paper[3] === 0);
      const ink = color(getComputedStyle(one).color).slice(0, 3);
      texts.push([one.textContent.trim(), ink, paper.slice(0, 3), paper[3] ?? 1]);
    }
    const name = (one) => one.ariaLabel || one.textContent.trim() || one.labels?.[0]?.textContent.trim()
      || one.querySelector('img')?.alt || one.ariaHidden;
    const nameless = shown.filter((one) => one.matches('button, input, [role], canvas') && !name(one));
    const bare = [...document.querySelectorAll('img:not([alt])')];
    return [texts, [...nameless, ...bare].map((one) => one.outerHTML)];
"""


def _contrast(one, other):
    """WCAG 2.2, relative luminance."""
    levels = [
        np.where((c := np.array(x) / 255) > 0.04045, ((c + 0.055) / 1.055) ** 2.4, c / 12.92) for x in (one, other)
    ]
    low, high = sorted(float(level @ [0.2126, 0.7152, 0.0722]) for level in levels)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_and_has_a_name(visitor, server, old, tmp_path, scheme):
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    visitor.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    (tmp_path / "bad.jpg").write_bytes(b"not a picture")

    def look():
        texts, nameless = visitor.js(READ)
        assert len(texts) >= 5 and not nameless
        for text, ink, paper, opacity in texts:
            paper = opacity * np.array(paper) + (1 - opacity) * 255  # what is over the picture is white on black
            assert _contrast(ink, paper) >= 4.5, (text, ink, paper)

    visitor.enter(server)
    look()
    visitor.bring(old, tmp_path / "bad.jpg", states=["ready", "failed"])
    visitor.click(0.7, 0.4)
    visitor.wait_for(
        "the suggestions", lambda: visitor.js("return document.querySelectorAll('#suggested button').length")
    )
    look()
    visitor.find("#photographs li:last-child button").click()
    look()
