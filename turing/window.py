"""The window of the visual Turing test: one or two pictures, one question. The only desktop window of the project.

It shows the state of a `trials.Session`, passes keys and clicks to it, and saves answers in a `store.Store`. It uses
matplotlib with any window toolkit that works.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable

import matplotlib
import numpy as np
from matplotlib import pyplot

from colorgan.turing import pictures, statistics, trials
from colorgan.turing.store import Participant, Store

QUESTIONS = {False: "Which one is the real photograph?", True: "Is this a real photograph?"}  # by `single`
CLOSING = 0.5  # seconds: a key held after the last answer does not close the summary
HELP = {
    False: "left / right arrow, 1 / 2, A / B or a click on a picture;  Esc: stop",
    True: "real: left arrow, 1 or R     not real: right arrow, 2 or N;  Esc: stop",
}
KEYS = {  # key -> index of the test's choice
    False: {"left": 0, "1": 0, "a": 0, "right": 1, "2": 1, "b": 1},
    True: {"left": 0, "1": 0, "r": 0, "right": 1, "2": 1, "n": 1},
}
BACKENDS = ("TkAgg", "QtAgg", "GTK4Agg", "GTK3Agg", "WXAgg", "MacOSX")


class NoDisplayError(OSError):
    """There is no display, or no toolkit to open a window with."""


def require_display() -> None:
    """Select a matplotlib backend that can open a window: MPLBACKEND's, or the first of `BACKENDS` that works.

    Call it before any long work.

    Raises:
        NoDisplayError: if there is no display or no toolkit; the message says what is missing and what to do.
    """
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise NoDisplayError(
            "The Turing test opens a window, but there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. Give "
            "--web to take the test in a browser, or run it on a desktop, over `ssh -X`, or under `xvfb-run`."
        )
    asked = os.environ.get("MPLBACKEND")
    failures = []
    for backend in [asked] if asked else BACKENDS:
        try:
            pyplot.switch_backend(backend)
        except (ImportError, RuntimeError, ValueError) as error:
            failures.append(f"{backend}: {error}")
            continue
        if _opens_windows(backend):
            return
        failures.append(f"{backend}: it cannot open a window (MPLBACKEND)")
    raise NoDisplayError(
        "The Turing test opens a window, but matplotlib cannot. Give --web to take the test in a browser.\n"
        f"Is the display {os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')!r} running? Is a toolkit "
        "installed (package python3-tk, or `pip install PyQt6`)? Unset MPLBACKEND if it names a backend without "
        f"windows.\nTried: {'; '.join(failures)}"
    )


def _opens_windows(backend):
    module = f"matplotlib.backends.backend_{backend.lower()}"
    module = backend.removeprefix("module://") if backend.startswith("module://") else module
    return importlib.import_module(module).FigureCanvas.required_interactive_framework is not None


def run_window(pairs: Callable[[int], tuple[np.ndarray, np.ndarray]], store: Store, participant: Participant) -> None:
    """Ask a participant all trials, or until Esc or the window's close button; returns when the window is closed.

    It begins with the first unanswered trial. At the end the window shows the participant's result. Call
    `require_display` first: it chooses matplotlib's backend.

    Args:
        pairs: image index -> (real, generated), both [H, W, 3] uint8.
        store: for the answers; each is saved before the next trial is shown.
        participant: from `Store.enroll` or `Store.find`.

    Raises:
        OSError: if an answer cannot be saved.
    """
    _Window(pairs, store, participant).run()


class _Window:
    """Draws the session's state. A trial's time starts when its pictures are drawn, not when they are requested."""

    def __init__(self, pairs, store, participant):
        self.pairs, self.store, self.participant, self.settings = pairs, store, participant, participant.settings
        self.session = trials.Session(
            participant.trials,
            settings=self.settings,
            record=lambda answer: store.save(participant, answer),
            answered=store.answered(participant),
        )
        self.error, self.finished_at = None, None
        with matplotlib.rc_context({"toolbar": "None"}):
            self.figure = pyplot.figure("colorgan: visual Turing test", figsize=(11, 6.5), facecolor="white")
        manager = self.figure.canvas.manager
        if manager.key_press_handler_id is not None:  # matplotlib's default keys: arrows browse views, q quits
            self.figure.canvas.mpl_disconnect(manager.key_press_handler_id)
        middle, soft = {"ha": "center", "va": "center"}, "0.35"
        self.title = self.figure.text(0.5, 0.945, QUESTIONS[self.settings.single], fontsize=20, **middle)
        self.progress = self.figure.text(0.5, 0.885, "", fontsize=12, color=soft, **middle)
        self.help = self.figure.text(0.5, 0.03, HELP[self.settings.single], fontsize=11, color=soft, **middle)
        places = ("only",) if self.settings.single else trials.SIDES
        self.axes = dict(zip(places, self.figure.subplots(1, len(places), squeeze=False)[0], strict=True))
        self.figure.subplots_adjust(left=0.02, right=0.98, bottom=0.07, top=0.85, wspace=0.04)
        self.timer = self.figure.canvas.new_timer()
        self.timer.single_shot = True
        self.timer.add_callback(self._guarded(self._tick))
        reactions = {"draw_event": self._drawn, "key_press_event": self._key, "button_press_event": self._click}
        for event, react in reactions.items():
            self.figure.canvas.mpl_connect(event, self._guarded(react))

    def run(self):
        """Show the window until it is closed; an error inside an event closes it and is raised here."""
        try:
            self._next()
            pyplot.show(block=True)
        finally:
            self.timer.stop()
            pyplot.close(self.figure)
        if self.error is not None:
            raise self.error

    def _guarded(self, react):
        def guarded(*event):
            # matplotlib only prints a callback's exception, but an error such as a full disk must end the test.
            try:
                react(*event)
            except Exception as error:
                self.error = self.error or error
                self._close()

        return guarded

    def _close(self):
        self.timer.stop()
        pyplot.close(self.figure)

    def _next(self):
        if self.session.done:
            self._finish()
        else:
            trial = self.session.current
            self._put(pictures.shown(trial, *self.pairs(trial.index)))
            self.store.shown(self.participant, trial.number)
            self.progress.set_text(_place(trial, self.settings))
        self.figure.canvas.draw_idle()

    def _put(self, pictures):
        for side, picture in pictures.items():
            self._clear(self.axes[side]).imshow(picture, interpolation="nearest")

    def _clear(self, axes):
        axes.clear()
        axes.set_axis_off()
        return axes

    def _drawn(self, _event):
        if self.session.done:
            return
        first = self.session.shown_at is None
        self.session.drawn(time.monotonic())
        if first and self.settings.delay > 0:
            self.timer.interval = max(1, round(1000 * self.settings.delay))
            self.timer.start()

    def _tick(self):
        if self.session.shown_at is None or self.session.done:
            return
        if not self.session.tick(time.monotonic()):
            # A toolkit's timer can fire slightly early.
            self.timer.interval = 5
            self.timer.start()
            return
        for number, (place, axes) in enumerate(self.axes.items(), start=2 * self.session.current.number):
            self._put({place: pictures.mask(axes.images[0].get_array().shape, seed=number)})
        self.figure.canvas.draw_idle()

    def _key(self, event):
        if event.key == "escape":
            self._close()
        elif self.session.done:
            self._dismiss()
        elif (key := (event.key or "").lower()) in KEYS[self.settings.single]:
            self._answer(self.settings.choices[KEYS[self.settings.single][key]])

    def _click(self, event):
        if self.session.done:
            self._dismiss()
            return
        for side in trials.SIDES:
            if event.inaxes is not None and event.inaxes is self.axes.get(side):
                self._answer(side)

    def _answer(self, choice):
        if self.session.answer(choice, time.monotonic()) is not None:
            self.timer.stop()
            self._next()

    def _dismiss(self):
        if time.monotonic() - self.finished_at >= CLOSING:
            self._close()

    def _finish(self):
        self.finished_at = time.monotonic()
        for axes in self.axes.values():
            self._clear(axes)
        self.title.set_text("Thank you")
        self.progress.set_text("")
        self.help.set_text("any key or click: close")
        given = self.store.answers(self.settings)[self.participant.number]
        summary = statistics.summarize(given, single=self.settings.single)
        self.figure.text(0.5, 0.5, summary.text(), ha="center", va="center", fontsize=15, linespacing=1.8)


def _place(trial, settings):
    """-> a trial's place in the test, without revealing checks."""
    if trial.kind == trials.PRACTICE:
        return f"Practice {trial.number + 1} / {settings.practice}"
    return f"{trial.number + 1 - settings.practice} / {settings.total - settings.practice}"
