"""Messages of a call that colorizes many files, during the call and at its end, for people or, as JSON, for programs.

Imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import sys
import time
from collections import Counter
from collections.abc import Callable

from tqdm import tqdm

EVERY = 30  # seconds between two lines of progress
LISTED = 100  # files listed; further files are counted


class Report:
    """Counts the results of files and prints them. Progress is a bar on a terminal, otherwise a line now and then.

    Args:
        say: function for texts.
        as_json: whether each text is an object with `time` (ISO 8601, UTC), `event` and further values.
        total: function -> number of files, or None while unknown.

    Attributes:
        counts: of files: `made`, `failed`, `existing` (skipped because their outputs exist), `other` of these (made
            with other settings), `elsewhere` (in work by another call), `not_begun`, and `films` among the made.
        made, failed, not_begun: texts of the first of them.
    """

    def __init__(self, say: Callable, *, as_json: bool = False, total: Callable = lambda: None):
        self._say, self._as_json, self._total = say, as_json, total
        kinds = ("made", "films", "failed", "existing", "other", "elsewhere", "not_begun")
        self.counts, self.made, self.failed, self.not_begun = Counter(dict.fromkeys(kinds, 0)), [], [], []
        self._start = self._said = time.monotonic()
        self._bar = tqdm(unit="file", disable=True if as_json or not sys.stderr.isatty() else None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._bar.close()

    def say(self, event: str, text: str, **values) -> None:
        """Print `text` for people, or `event` and `values` for programs; empty texts are only for programs."""
        if self._as_json:
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
            self._say(json.dumps({"time": now, "event": event, **(values or {"text": text})}))
        elif text:
            with contextlib.nullcontext() if self._bar.disable else tqdm.external_write_mode():
                self._say(text)

    def add(self, kind: str, text: str = "", **values) -> None:
        """Count a file under one of `counts`; the first made, failed and not begun files are kept for the list."""
        self.counts[kind] += 1
        kept = {"made": self.made, "failed": self.failed, "not_begun": self.not_begun}.get(kind)
        if kept is not None and len(kept) < LISTED:
            kept.append(text)
        if values:
            self.say(kind, "", **values)
        self.tick()

    @property
    def seen(self) -> int:
        """The number of processed files."""
        return sum(self.counts[kind] for kind in ("made", "failed", "existing", "elsewhere"))

    def tick(self) -> None:
        """Move the bar, or print progress if it is time."""
        now = time.monotonic()
        if not self._bar.disable:
            self._bar.total = self._total()
            self._bar.update(self.seen - self._bar.n)
        elif now - self._said >= EVERY:
            self._said = now
            rate = (self.counts["made"] + self.counts["failed"]) / (now - self._start)
            total = self._total()
            left = (total - self.seen) / rate if total is not None and rate else None
            values = {name: self.counts[name] for name in ("made", "failed", "existing", "elsewhere")}
            of = "" if total is None else f" of {total:,}"
            remaining = "" if left is None else f", {duration(left)} left"
            text = f"{self.seen:,}{of} files: {self.counts['made']:,} colorized, {rate:.3g} a second{remaining}"
            values |= {"total": total, "files_per_second": round(rate, 3)}
            self.say("progress", text, **values, seconds_left=None if left is None else round(left))

    def end(self, output, *, stopped: bool, trouble: str, passed_over) -> None:
        """Print what was done, what was not, and why.

        Args:
            output: the folder of the results.
            stopped: whether the call was stopped.
            trouble: another reason for its end.
            passed_over: text on files skipped because of their names; empty for none.
        """
        counts = self.counts
        if made := counts["made"] - counts["films"]:
            films = f" and {counted(counts['films'], 'film')}" if counts["films"] else ""
            text = f"{counted(made, 'photograph')}{films} colorized: {output}"
            self._people(f"Colorized: {self.made[0]}" if made == counts["made"] == 1 else text)
        if existing := counts["existing"]:
            other = f", {counts['other']:,} of them made with other settings or weights" if counts["other"] else ""
            why = "it exists" if existing == 1 else "they exist"
            self._people(f"{existing:,} skipped, because {why}{other} (--overwrite replaces)")
        if counts["elsewhere"]:
            self._people(f"{counts['elsewhere']:,} left to other calls that write into {output} at the same time")
        if text := str(passed_over):
            self.say("passed_over", text)
        if counts["failed"]:
            self._people(f"{counts['failed']:,} not colorized:{listed(self.failed, counts['failed'])}")
        if counts["not_begun"]:
            why = f", because the call ended early ({trouble})" if trouble else ", because the call was stopped"
            self._people(f"{counts['not_begun']:,} not begun{why}:{listed(self.not_begun, counts['not_begun'])}")
        if stopped:
            total = self._total()
            left = "" if total is None else f" {counted(total - self.seen, 'file')} left."
            self.say("stopped", f"Stopped.{left} The same command continues.", files_left=total and total - self.seen)

    def _people(self, text):
        """Print the end for people; programs have it from events and counts."""
        if not self._as_json:
            self.say("", text)


def counted(count: int, what: str) -> str:
    """-> `1 film`, `2,000 films`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """-> a duration in two units: `3 h 05 min`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def listed(texts: list[str], count: int) -> str:
    """-> lines of the first texts, and the number of others."""
    more = [f"and {count - len(texts):,} more"] if count > len(texts) else []
    return "".join(f"\n  {text}" for text in [*texts, *more])
