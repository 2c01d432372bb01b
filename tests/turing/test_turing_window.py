"""The real window on a virtual display, driven by real keys and clicks; and the errors where there is no display."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

from colorgan.turing import store as turing_store
from colorgan.turing import trials as turing
from colorgan.turing import window as turing_window

PROGRAM = """
import sys
import numpy as np
from colorgan.turing import store as turing_store, trials as turing, window as turing_window

def pairs(index):
    real = np.zeros((32, 32, 3), np.uint8)
    real[..., 0] = 255
    return real, np.full((32, 32, 3), (0, 0, 255), np.uint8)

path, delay, truths, token = sys.argv[1:]
truths = truths.split(",")
settings = turing.Settings(size=len(truths), num_images=20, delay=float(delay), single="real" in truths)
trials = [turing.Trial(n, "test", 10 + n, truth) for n, truth in enumerate(truths)]
turing_store.plan = lambda settings, number: trials
turing_window.require_display()
with turing_store.Store(path) as store:
    one = store.find(token, settings) if token else store.enroll(settings, front="window")
    turing_window.run_window(pairs, store, one)
print(one.token)
assert "tensorflow" not in sys.modules, "a window needs no TensorFlow"
"""
PAIRS, SINGLES = "left,right,left,right", "real,generated,real"


@pytest.fixture(scope="module")
def display():
    """The name of a virtual display of this module's own."""
    missing = [program for program in ("Xvfb", "xdotool") if shutil.which(program) is None]
    if importlib.util.find_spec("tkinter") is None:
        missing.append("tkinter (python3-tk)")
    if missing:
        message = f"the Turing window cannot be tested: {', '.join(missing)} missing"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    read, write = os.pipe()
    # -noreset: by itself the server starts afresh, and refuses clients meanwhile, whenever its last client leaves.
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()  # Xvfb takes a free number and tells it when it is ready; empty: it died
    if not number:
        server.kill()
        server.wait()
        pytest.fail("Xvfb did not start")
    yield f":{number}"
    server.terminate()
    server.wait(20)


class Person:
    """Sits before the window: real keys and clicks, and a look at the screen."""

    def __init__(self, display, path, delay, truths, token):
        self.env = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"} | {"DISPLAY": display}
        self.path, self.display = path, display
        command = [sys.executable, "-W", "error", "-c", PROGRAM, str(path), str(delay), truths, token]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.program = subprocess.Popen(command, env=self.env, text=True, **pipes)

    def do(self, *words):
        subprocess.run(["xdotool", *words], env=self.env, check=True, timeout=20, stdout=subprocess.DEVNULL)

    def wait_for(self, what, happened):
        end = time.monotonic() + 30
        while not happened():
            if time.monotonic() > end or self.program.poll() is not None:
                self.program.kill()
                pytest.fail(f"waited in vain for {what}: {self.program.communicate()}")
            time.sleep(0.05)

    def colors(self, *columns):
        """The colours in the middle of the left and of the right picture; the window is at the screen's corner."""
        from PIL import ImageGrab

        screen = np.asarray(ImageGrab.grab(xdisplay=self.display).convert("RGB"))
        return tuple(tuple(screen[320, column].tolist()) for column in columns or (270, 820))

    def see(self, *wanted, columns=()):
        self.wait_for(f"{wanted} on the screen", lambda: self.colors(*columns) == wanted)

    def see_mask(self):
        plain = {REAL, GENERATED, WHITE}
        self.wait_for("the mask on the screen", lambda: not plain & set(self.colors()))

    def answers(self):
        """All answers in the file, which the window has open."""
        if not self.path.exists():
            return []
        with turing_store.Store(self.path) as store:
            return [answer for *_, answer in store.rows()]

    def answered(self, count):
        self.wait_for(f"answer {count} in the file", lambda: len(self.answers()) >= count)

    def settle(self):
        """A moment longer than what a window takes for a held key."""
        time.sleep(2 * turing.REACTION)

    def end(self):
        out, err = self.program.communicate(timeout=30)
        assert self.program.returncode == 0, err
        return out


REAL, GENERATED, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


@pytest.fixture
def person(display, tmp_path):
    people = []

    def sit(delay, truths=PAIRS, token="", first=(REAL, GENERATED), columns=()):
        people.append(Person(display, tmp_path / "turing.sqlite", delay, truths, token))
        people[-1].see(*first, columns=columns)
        people[-1].do("search", "--sync", "--name", "visual Turing test", "windowfocus", "--sync")
        people[-1].settle()
        return people[-1]

    yield sit
    for one in people:
        one.program.kill()
        one.program.communicate()


def test_a_whole_test_by_keys_and_clicks(person):
    one = person(0)
    one.do("key", "q")  # matplotlib's own key for closing does nothing here
    one.do("key", "Left")
    one.answered(1)
    one.see(GENERATED, REAL)
    one.settle()
    one.do("mousemove", "820", "320", "click", "1")
    one.answered(2)
    one.see(REAL, GENERATED)
    one.settle()
    one.do("key", "2")
    one.answered(3)
    one.see(GENERATED, REAL)
    one.settle()
    one.do("key", "b")
    one.answered(4)
    one.see(WHITE, WHITE)
    time.sleep(2 * turing_window.CLOSING)
    one.do("key", "space")
    one.end()
    rows = one.answers()
    assert [(a.trial.number, a.trial.index, a.choice) for a in rows] == [
        (0, 10, "left"),
        (1, 11, "right"),
        (2, 12, "right"),
        (3, 13, "right"),
    ]
    assert [a.correct for a in rows] == [True, True, False, True]
    assert not any(a.hidden for a in rows)
    assert [a.views for a in rows] == [1] * 4


def test_the_pair_is_hidden_after_the_delay_and_escape_stops(person):
    one = person(2)  # long enough for a busy machine to see the pair before it is gone
    one.see_mask()
    one.do("key", "Left")
    one.answered(1)
    one.see(GENERATED, REAL)
    one.see_mask()
    one.do("key", "1")
    one.answered(2)
    one.do("key", "Escape")
    token = one.end().strip()
    rows = one.answers()
    assert [(a.choice, a.correct, a.hidden) for a in rows] == [("left", True, True), ("left", False, True)]
    assert all(2 <= a.exposure < a.seconds for a in rows), "the mask was drawn before the answer"

    again = person(2, token=token)  # goes on with the third pair
    again.do("key", "Right")
    again.answered(3)
    again.do("key", "Escape")
    again.end()
    assert [(a.trial.number, a.choice) for a in again.answers()] == [(0, "left"), (1, "left"), (2, "right")]


def test_single_pictures(person):
    # What is waited for is there to stay: a window is white beside a single picture, and before it is drawn.
    one = person(0, SINGLES, first=(REAL,), columns=(545,))
    one.do("mousemove", "545", "320", "click", "1")  # a click says neither real nor not
    one.do("key", "r")
    one.answered(1)
    one.see(GENERATED, columns=(545,))
    one.settle()
    one.do("key", "n")
    one.answered(2)
    one.see(REAL, columns=(545,))
    one.settle()
    one.do("key", "2")
    one.answered(3)
    one.see(WHITE, WHITE, columns=(310, 790))  # the picture's edges; an answer is in the file before that
    time.sleep(2 * turing_window.CLOSING)
    one.do("key", "space")
    one.end()
    assert [(a.choice, a.correct) for a in one.answers()] == [("real", True), ("generated", True), ("generated", False)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems name no display")
def test_without_a_display(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(
        turing_window.NoDisplayError, match="neither DISPLAY nor WAYLAND_DISPLAY is set. Give --web .*xvfb-run"
    ):
        turing_window.require_display()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems name no display")
def test_with_a_display_that_is_not_running(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":987654")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("MPLBACKEND", raising=False)
    with pytest.raises(turing_window.NoDisplayError, match="(?s)Is the display ':987654' running.*python3-tk.*TkAgg"):
        turing_window.require_display()


def test_a_backend_without_windows_is_refused(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    with pytest.raises(turing_window.NoDisplayError, match="(?s)Unset MPLBACKEND.*Agg: it cannot open a window"):
        turing_window.require_display()


@pytest.fixture
def agg(monkeypatch):
    """The window's figure without a window, for its errors."""
    before = matplotlib.get_backend()
    pyplot.switch_backend("Agg")
    yield monkeypatch
    pyplot.close("all")
    pyplot.switch_backend(before)


SETTINGS = turing.Settings(size=2, num_images=6, practice=1, checks=1)


def keys(*names):
    """-> a `pyplot.show` that presses keys, one per trial."""

    def show(block):
        for name in names:
            canvas = pyplot.gcf().canvas
            canvas.draw()
            time.sleep(2 * turing.REACTION)
            matplotlib.backend_bases.KeyEvent("key_press_event", canvas, name)._process()

    return show


def test_an_error_inside_the_window_is_raised(agg, store):
    one = store.enroll(SETTINGS, front="window")

    def pairs(index):
        if index == one.trials[1].index:
            raise OSError("picture 1 is gone")
        return np.zeros((8, 8, 3), np.uint8), np.ones((8, 8, 3), np.uint8)

    agg.setattr(pyplot, "show", keys("left"))
    with pytest.raises(OSError, match="picture 1 is gone"):
        turing_window.run_window(pairs, store, one)
    assert store.answered(one) == 1


def test_where_one_is_and_the_own_result(agg, store):
    """Practice is named, a check is not, and the end counts what counts."""
    one, places, ends = store.enroll(SETTINGS, front="window"), [], []
    put = turing_window._Window._put

    def watch(window, pictures):
        put(window, pictures)
        places.append(turing_window._place(window.session.current, window.settings))

    def show(block):
        keys("left", "a", "A", "1")(block)
        ends.append([text.get_text() for text in pyplot.gcf().texts])

    agg.setattr(turing_window._Window, "_put", watch)
    agg.setattr(pyplot, "show", show)
    picture = np.zeros((8, 8, 3), np.uint8)
    turing_window.run_window(lambda index: (picture, picture), store, one)
    assert places == ["Practice 1 / 1", "1 / 3", "2 / 3", "3 / 3"]
    (texts,) = ends
    assert texts[0] == "Thank you"
    assert any("2 pairs answered, 1 correctly." in text for text in texts), "balanced: `left` is right once of twice"
