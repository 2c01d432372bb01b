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

from colorgan.evaluation import turing, turing_window

PROGRAM = """
import sys
import numpy as np
from colorgan.evaluation import turing, turing_window

def pairs(index):
    real = np.zeros((32, 32, 3), np.uint8)
    real[..., 0] = 255
    return real, np.full((32, 32, 3), (0, 0, 255), np.uint8)

trials = [turing.Trial(n, 10 + n, side) for n, side in enumerate(["left", "right", "left", "right"])]
summary = turing_window.run_window(pairs, trials, float(sys.argv[2]), sys.argv[1])
assert summary.answered == len(turing.read_answers(sys.argv[1]))
assert "tensorflow" not in sys.modules, "a window needs no TensorFlow"
"""


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

    def __init__(self, display, path, delay):
        self.env = {k: v for k, v in os.environ.items() if k != "MPLBACKEND"} | {"DISPLAY": display}
        self.path, self.display = path, display
        command = [sys.executable, "-W", "error", "-c", PROGRAM, str(path), str(delay)]
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

    def colors(self):
        """The colours in the middle of the left and of the right picture; the window is at the screen's corner."""
        from PIL import ImageGrab

        screen = np.asarray(ImageGrab.grab(xdisplay=self.display).convert("RGB"))
        return tuple(screen[320, 270].tolist()), tuple(screen[320, 820].tolist())

    def see(self, left, right):
        self.wait_for(f"{left} | {right} on the screen", lambda: self.colors() == (left, right))

    def answers(self):
        return turing.read_answers(self.path) if self.path.exists() and self.path.stat().st_size else []

    def answered(self, count):
        self.wait_for(f"answer {count} in the log", lambda: len(self.answers()) >= count)

    def settle(self):
        """A moment longer than what a window takes for a held key."""
        time.sleep(2 * turing.REACTION)

    def end(self):
        out, err = self.program.communicate(timeout=30)
        assert self.program.returncode == 0, err
        return out


REAL, GENERATED, MASK, WHITE = (255, 0, 0), (0, 0, 255), (128, 128, 128), (255, 255, 255)


@pytest.fixture
def person(display, tmp_path):
    people = []

    def sit(delay):
        people.append(Person(display, tmp_path / "answers.csv", delay))
        people[-1].see(REAL, GENERATED)
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
    out = one.end()
    rows = one.answers()
    assert [(a.trial, a.index, a.chosen_side) for a in rows] == [
        (0, 10, "left"),
        (1, 11, "right"),
        (2, 12, "right"),
        (3, 13, "right"),
    ]
    assert [a.correct for a in rows] == [True, True, False, True]
    assert not any(a.hidden for a in rows)
    assert "4 of 4 pairs answered, 3 correctly" in out
    assert "95 % interval" in out


def test_the_pair_is_hidden_after_the_delay_and_escape_stops(person):
    one = person(2)  # long enough for a busy machine to see the pair before it is gone
    one.see(MASK, MASK)
    one.do("key", "Left")
    one.answered(1)
    one.see(GENERATED, REAL)
    one.see(MASK, MASK)
    one.do("key", "1")
    one.answered(2)
    one.do("key", "Escape")
    out = one.end()
    assert [(a.chosen_side, a.correct, a.hidden) for a in one.answers()] == [
        ("left", True, True),
        ("left", False, True),
    ]
    assert min(a.seconds for a in one.answers()) >= 2
    assert "2 of 4 pairs answered, 1 correctly" in out


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems name no display")
def test_without_a_display(monkeypatch, tmp_path):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(RuntimeError, match="neither DISPLAY nor WAYLAND_DISPLAY is set.*xvfb-run"):
        turing_window.require_display()
    with pytest.raises(RuntimeError, match="no display"):
        turing_window.run_window(None, [turing.Trial(0, 0, "left")], 0, tmp_path / "answers.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems name no display")
def test_with_a_display_that_is_not_running(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":987654")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("MPLBACKEND", raising=False)
    with pytest.raises(RuntimeError, match="(?s)Is the display ':987654' running.*python3-tk.*TkAgg"):
        turing_window.require_display()


def test_a_backend_without_windows_is_refused(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    with pytest.raises(RuntimeError, match="(?s)Unset MPLBACKEND.*Agg: it cannot open a window"):
        turing_window.require_display()


@pytest.fixture
def agg(monkeypatch):
    """The window's figure without a window, for its errors."""
    before = matplotlib.get_backend()
    pyplot.switch_backend("Agg")
    monkeypatch.setattr(turing_window, "require_display", lambda: "Agg")
    yield monkeypatch
    pyplot.close("all")
    pyplot.switch_backend(before)


def test_pairs_must_fit(agg, tmp_path):
    picture = np.zeros((8, 8, 3), np.uint8)
    trials = [turing.Trial(0, 5, "left")]
    for pair in ((picture, picture[:4]), (picture, picture / 255), (picture[..., 0], picture[..., 0])):
        with pytest.raises(ValueError, match=r"`pairs\(5\)` must give two pictures"):
            turing_window.run_window(lambda index, pair=pair: pair, trials, 0, tmp_path / "answers.csv")
    assert not list(tmp_path.iterdir())


def test_an_error_inside_the_window_is_raised(agg, tmp_path):
    def pairs(index):
        if index == 1:
            raise OSError("picture 1 is gone")
        return np.zeros((8, 8, 3), np.uint8), np.ones((8, 8, 3), np.uint8)

    def show(block):
        canvas = pyplot.gcf().canvas
        canvas.draw()
        time.sleep(2 * turing.REACTION)
        matplotlib.backend_bases.KeyEvent("key_press_event", canvas, "left")._process()

    agg.setattr(pyplot, "show", show)
    path = tmp_path / "answers.csv"
    with pytest.raises(OSError, match="picture 1 is gone"):
        turing_window.run_window(pairs, [turing.Trial(0, 0, "left"), turing.Trial(1, 1, "left")], 0, path)
    assert len(turing.read_answers(path)) == 1
