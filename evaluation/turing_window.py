"""The window of the visual Turing test: two pictures, one question. The only desktop window of the project.

Shows what `turing.Session` says and feeds it with keys and clicks. matplotlib, with whatever window toolkit works.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable, Sequence

import matplotlib
import numpy as np

from colorgan.evaluation import turing

QUESTION = "Which one is the real photograph?"
CLOSING = 0.5  # seconds: the last answer's key, held a little long, does not close the summary
HELP = "left / right arrow, 1 / 2, A / B or a click on a picture;  Esc: stop"
KEYS = {
    "left": "left",
    "1": "left",
    "a": "left",
    "A": "left",
    "right": "right",
    "2": "right",
    "b": "right",
    "B": "right",
}
BACKENDS = ("TkAgg", "QtAgg", "GTK4Agg", "GTK3Agg", "WXAgg", "MacOSX")
MASK_GRAY = 128  # 8-bit; mid gray between the pictures' brightness, the same on both sides


class NoDisplayError(RuntimeError):
    """There is no display, or no toolkit to open a window with."""


def require_display() -> str:
    """Select a matplotlib backend that can open a window. Call it before any long work.

    Returns:
        The backend's name: the one of the environment variable MPLBACKEND, or the first of `BACKENDS` that works.

    Raises:
        NoDisplayError: if there is no display or no toolkit; the message says what is missing and what to do.
    """
    from matplotlib import pyplot

    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise NoDisplayError(
            "The Turing test opens a window, but there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. Run "
            "it on a desktop, over `ssh -X`, or on a virtual display (`xvfb-run`, package xvfb)."
        )
    asked = os.environ.get("MPLBACKEND")
    failures = []
    for backend in [asked] if asked else BACKENDS:
        try:
            pyplot.switch_backend(backend)
        except (ImportError, RuntimeError, ValueError) as error:
            failures.append(f"  {backend}: {error}")
            continue
        if _opens_windows(backend):
            return backend
        failures.append(f"  {backend}: it cannot open a window (MPLBACKEND)")
    raise NoDisplayError(
        "The Turing test opens a window, but matplotlib cannot. Is the display "
        f"{os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY')!r} running? Is a window toolkit installed "
        "(package python3-tk, or `pip install PyQt6`)? Unset MPLBACKEND if it names a backend without windows. Tried:\n"
        + "\n".join(failures)
    )


def _opens_windows(backend):
    module = f"matplotlib.backends.backend_{backend.lower()}"
    module = backend.removeprefix("module://") if backend.startswith("module://") else module
    return importlib.import_module(module).FigureCanvas.required_interactive_framework is not None


def run_window(
    pairs: Callable[[int], tuple[np.ndarray, np.ndarray]],
    trials: Sequence[turing.Trial],
    delay: float,
    answers_path,
    *,
    resume: bool = False,
) -> turing.Summary:
    """Ask a person all pairs of a plan, or until Esc or the window's close button; returns when the window is closed.

    Args:
        pairs: image index -> (real, generated), both [H, W, 3] uint8.
        trials: the plan, of `turing.plan`.
        delay: seconds after which a pair is hidden (the answer is still taken); 0: never.
        answers_path: the CSV log; each answer is on the disk before the next pair is shown. A file of earlier answers
            is left alone and a new name is taken; see `turing.Answers`.
        resume: go on with the log at `answers_path` where it ended.

    Returns:
        The statistics, which the window shows at the end and which are printed with the log's path.

    Raises:
        NoDisplayError: if no window can be opened.
        ValueError: if a pair does not fit, the delay is negative, or the log to resume is of another plan.
    """
    require_display()
    with turing.Answers(answers_path, trials, resume=resume) as log:
        session = turing.Session(trials, delay=delay, record=log.append, answered=len(log.given))
        _Window(pairs, session, log).run()
        summary = turing.summarize(log.given, planned=len(trials))
        where = f"\nAnswers: {log.path}" if log.given else ""
    print(summary.text() + where)
    return summary


class _Window:
    """Draws the session's state; its clock starts when a pair is drawn, not when it is asked for."""

    def __init__(self, pairs, session, log):
        from matplotlib import pyplot

        self.pairs, self.session, self.log, self.error = pairs, session, log, None
        self.finished_at = None
        with matplotlib.rc_context({"toolbar": "None"}):
            self.figure = pyplot.figure("colorgan: visual Turing test", figsize=(11, 6.5), facecolor="white")
        manager = self.figure.canvas.manager
        if manager.key_press_handler_id is not None:  # matplotlib's own keys: arrows browse views, q quits
            self.figure.canvas.mpl_disconnect(manager.key_press_handler_id)
        self.title = self.figure.text(0.5, 0.945, QUESTION, ha="center", va="center", fontsize=20)
        self.progress = self.figure.text(0.5, 0.885, "", ha="center", va="center", fontsize=12, color="0.35")
        self.help = self.figure.text(0.5, 0.03, HELP, ha="center", va="center", fontsize=11, color="0.35")
        self.axes = dict(zip(turing.SIDES, self.figure.subplots(1, 2), strict=True))
        self.figure.subplots_adjust(left=0.02, right=0.98, bottom=0.07, top=0.85, wspace=0.04)
        self.timer = self.figure.canvas.new_timer()
        self.timer.single_shot = True
        self.timer.add_callback(self._guarded(self._tick))
        for event, react in (
            ("draw_event", self._drawn),
            ("key_press_event", self._key),
            ("button_press_event", self._click),
        ):
            self.figure.canvas.mpl_connect(event, self._guarded(react))

    def run(self):
        """Show the window until it is closed; an error inside an event closes it and is raised here."""
        from matplotlib import pyplot

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
            # matplotlib prints an exception of a callback and goes on; a full disk, say, must end the test instead.
            try:
                react(*event)
            except Exception as error:
                self.error = self.error or error
                self._close()

        return guarded

    def _close(self):
        from matplotlib import pyplot

        self.timer.stop()
        pyplot.close(self.figure)

    def _next(self):
        if self.session.done:
            self._finish()
        else:
            trial = self.session.current
            real, generated = map(np.asarray, self.pairs(trial.index))
            _check_pair(trial.index, real, generated)
            other = turing.SIDES[1 - turing.SIDES.index(trial.real_side)]
            self._put({trial.real_side: real, other: generated})
            self.progress.set_text(f"{self.session.position + 1} / {len(self.session.trials)}")
        self.figure.canvas.draw_idle()

    def _put(self, pictures):
        for side, picture in pictures.items():
            axes = self.axes[side]
            axes.clear()
            axes.set_axis_off()
            axes.imshow(picture, interpolation="nearest")

    def _drawn(self, _event):
        if self.session.done or self.session.shown_at is not None:
            return
        self.session.show(time.monotonic())
        if self.session.delay > 0:
            self.timer.interval = max(1, round(1000 * self.session.delay))
            self.timer.start()

    def _tick(self):
        if self.session.shown_at is None or self.session.done:
            return
        if not self.session.tick(time.monotonic()):
            # A toolkit's timer may fire a little early by our clock.
            self.timer.interval = 5
            self.timer.start()
            return
        shape = self.axes["left"].images[0].get_array().shape
        self._put(dict.fromkeys(turing.SIDES, np.full(shape, MASK_GRAY, np.uint8)))
        self.figure.canvas.draw_idle()

    def _key(self, event):
        if event.key == "escape":
            self._close()
        elif self.session.done:
            self._dismiss()
        elif event.key in KEYS:
            self._answer(KEYS[event.key])

    def _click(self, event):
        if self.session.done:
            self._dismiss()
            return
        for side, axes in self.axes.items():
            if event.inaxes is axes:
                self._answer(side)

    def _answer(self, side):
        if self.session.answer(side, time.monotonic()) is not None:
            self.timer.stop()
            self._next()

    def _dismiss(self):
        if time.monotonic() - self.finished_at >= CLOSING:
            self._close()

    def _finish(self):
        self.finished_at = time.monotonic()
        for axes in self.axes.values():
            axes.clear()
            axes.set_axis_off()
        self.title.set_text("Thank you")
        self.progress.set_text("")
        self.help.set_text("any key or click: close")
        summary = turing.summarize(self.log.given, planned=len(self.session.trials))
        self.figure.text(0.5, 0.5, summary.text(), ha="center", va="center", fontsize=15, linespacing=1.8)


def _check_pair(index, real, generated):
    for name, picture in (("real", real), ("generated", generated)):
        if picture.ndim != 3 or picture.shape[-1] != 3 or picture.dtype != np.uint8 or picture.shape != real.shape:
            raise ValueError(
                f"`pairs({index})` must give two pictures [H, W, 3] uint8 of one size. "
                f"Received a {name} one of {picture.shape} {picture.dtype}, beside {real.shape}"
            )
