"""The requests of the Turing test's page and their answers; every message is checked here.

No network: `web` carries the messages. A wrong message raises Starlette's HTTPException with a status and a text for
the participant. Nothing sent to a participant reveals the right answer: images have random names, the same format and
size in pixels and bytes, and are sent once. Imports `trials`, `pictures` and `store`.
"""

from __future__ import annotations

import collections
import math
import secrets
import threading
from collections.abc import Callable

import numpy as np
from starlette.exceptions import HTTPException

from colorgan.turing import pictures, trials
from colorgan.turing.store import Store

LIMIT = 256  # latest participants whose images are in memory; a page asks again if its images are gone
LONGEST = 86_400.0  # seconds: a day; no answer takes longer
CLOCK = 0.05  # seconds: with browsers' coarse clocks an answer can seem to precede the mask


class Api:
    """Serves the participants of one test; any thread can call it."""

    def __init__(
        self, store: Store, settings: trials.Settings, pictures: Callable[[int], tuple[np.ndarray, np.ndarray]]
    ):
        """Open the test.

        Args:
            store: for the answers.
            settings: the test.
            pictures: image index -> (real, generated), both [H, W, 3] uint8; called by several threads at once.
        """
        self.store, self.settings, self.pictures = store, settings, pictures
        self._files: collections.OrderedDict[int, dict[str, bytes]] = collections.OrderedDict()  # by participant
        self._lock = threading.Lock()

    def about(self, message: dict) -> dict:
        """-> the instructions before the test."""
        _fields(message)
        s = self.settings
        return {
            "single": s.single,
            "choices": s.choices,
            "delay": s.delay,
            "practice": s.practice,
            "of": s.total - s.practice,
            "reaction": trials.REACTION,
        }

    def start(self, message: dict) -> dict:
        """Enroll a new participant. -> the token."""
        _fields(message)
        return {"token": self.store.enroll(self.settings, front="web").token}

    def state(self, message: dict) -> dict:
        """-> a participant's progress."""
        participant = self._participant(*_fields(message, token=str))
        return {"answered": self.store.answered(participant), "total": self.settings.total}

    def next(self, message: dict) -> dict:
        """-> the trial that is due, with the addresses of its images; at the end, the participant's result."""
        participant = self._participant(*_fields(message, token=str))
        due = self.store.answered(participant)
        if due == len(participant.trials):
            return self._end(participant)
        trial, practice = participant.trials[due], self.settings.practice
        shown = pictures.shown(trial, *self.pictures(trial.index)).values()
        files = {secrets.token_urlsafe(16): pictures.png(picture) for picture in shown}
        with self._lock:
            self._files[participant.id] = files
            self._files.move_to_end(participant.id)
            while len(self._files) > LIMIT:
                self._files.popitem(last=False)
        self.store.shown(participant, due)
        in_practice = due < practice
        return {
            "done": False,
            "trial": due,
            "practice": in_practice,
            "position": due + 1 if in_practice else due + 1 - practice,
            "of": practice if in_practice else len(participant.trials) - practice,
            "images": [f"/image/{name}" for name in files],
        }

    def image(self, name: str) -> bytes:
        """-> an image as PNG. It is sent once, so nobody looks at it again in another tab."""
        with self._lock:
            for files in self._files.values():
                if name in files:
                    return files.pop(name)
        raise HTTPException(404, "There is no such image, or no longer. Reload the page to continue.")

    def answer(self, message: dict) -> dict:
        """Save an answer. -> whether it counts; a repeated answer does not count."""
        token, number, choice, seconds, hidden, exposure = _fields(
            message, token=str, trial=int, choice=str, seconds=float, hidden=bool, exposure=float
        )
        participant = self._participant(token)
        if not 0 <= number < len(participant.trials):
            raise HTTPException(422, f"`trial` must lie in 0..{len(participant.trials) - 1}. Received: {number}")
        if choice not in self.settings.choices:
            known = ", ".join(self.settings.choices)
            raise HTTPException(422, f"`choice` must be one of {known}. Received: {choice[:40]!r}")
        if not trials.REACTION <= seconds <= LONGEST:
            raise HTTPException(422, f"`seconds` must lie in {trials.REACTION}..{LONGEST:g}. Received: {seconds}")
        if not 0 <= exposure <= seconds + CLOCK:
            raise HTTPException(422, f"`exposure` must lie in 0..`seconds`. Received: {exposure}")
        if hidden and not self.settings.delay:
            raise HTTPException(422, "`hidden` must be false: this test does not hide its pictures.")
        if not self.store.views(participant, number):
            raise HTTPException(409, f"Trial {number} was not shown yet. Reload the page to continue.")
        given = trials.Answer(
            participant.trials[number], choice, round(seconds, 4), hidden, round(exposure, 4), trials.stamp()
        )
        try:
            return {"counted": self.store.save(participant, given)}
        except ValueError as error:
            raise HTTPException(409, f"{error} Reload the page to continue.") from error

    def _participant(self, token):
        found = self.store.find(token, self.settings)
        if found is None:
            raise HTTPException(404, "This address belongs to no participant of this test.")
        return found

    def _end(self, participant):
        given = self.store.answers(self.settings)[participant.number]
        counted = [a.correct for a in given if a.trial.kind == trials.TEST]
        return {"done": True, "correct": sum(counted), "of": len(counted)}


def _fields(message, **kinds):
    """-> the message's values in the order of `kinds`, its only keys; a whole number is accepted as a float."""
    if set(message) != set(kinds):
        wanted = ", ".join(kinds) or "nothing"
        received = ", ".join(sorted(map(str, message)))[:200] or "nothing"
        raise HTTPException(422, f"A message here holds {wanted}. Received: {received}")
    values = []
    for name, kind in kinds.items():
        value = message[name]
        if kind is float and type(value) is int and abs(value) <= LONGEST:
            value = float(value)
        if type(value) is not kind or (kind is float and not math.isfinite(value)):
            raise HTTPException(422, f"`{name}` must be of type {kind.__name__}. Received: {str(value)[:40]!r}")
        values.append(value)
    return values
