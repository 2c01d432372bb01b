"""What is said of a call that colorizes many files: as it goes and at its end, to people or, as JSON, to programs.

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
LISTED = 100  # files that are listed; of more the rest is counted


class Report:
    """Counts what happens to files, and says it. Progress is a bar on a terminal, elsewhere a line now and then.

    Args:
        say: gets the text.
        as_json: whether each text is an object: `time` (ISO 8601, UTC), `event`, and what there is to say.
        total: -> how many files there are, or None while that is not known.

    Attributes:
        counts: of files: `made`, `failed`, `existing` (passed over since their outputs exist), `other` of these (made
            with other settings), `elsewhere` (in another call's hands), `not_begun`, and `films` of those made.
        made, failed, not_begun: the first of them, in words.
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
        """Say something: `text` to people, `event` and `values` to programs; empty texts are for programs alone."""
        if self._as_json:
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
            self._say(json.dumps({"time": now, "event": event, **(values or {"text": text})}))
        elif text:
            with contextlib.nullcontext() if self._bar.disable else tqdm.external_write_mode():
                self._say(text)

    def add(self, kind: str, text: str = "", **values) -> None:
        """Count a file, under one of `counts`; of those made, failed and not begun the first are kept to be listed."""
        self.counts[kind] += 1
        kept = {"made": self.made, "failed": self.failed, "not_begun": self.not_begun}.get(kind)
        if kept is not None and len(kept) < LISTED:
            kept.append(text)
        if values:
            self.say(kind, "", **values)
        self.tick()

    @property
    def seen(self) -> int:
        """Files that something has become of."""
        return sum(self.counts[kind] for kind in ("made", "failed", "existing", "elsewhere"))

    def tick(self) -> None:
        """Move the bar, or say how it goes, if it is time."""
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
        """Say what was done, what was not, and why.

        Args:
            output: the folder of the results.
            stopped: whether the call was told to stop.
            trouble: what else kept it from going on.
            passed_over: what was passed over for its name; in words, empty for nothing.
        """
        counts = self.counts
        if made := counts["made"] - counts["films"]:
            films = f" and {counted(counts['films'], 'film')}" if counts["films"] else ""
            text = f"{counted(made, 'photograph')}{films} colorized: {output}"
            self._people(f"Colorized: {self.made[0]}" if made == counts["made"] == 1 else text)
        if existing := counts["existing"]:
            other = f", {counts['other']:,} of them made with other settings or weights" if counts["other"] else ""
            why = "it exists" if existing == 1 else "they exist"
            self._people(f"{existing:,} passed over, since {why}{other} (--overwrite replaces)")
        if counts["elsewhere"]:
            self._people(f"{counts['elsewhere']:,} left to other calls that write into {output} at the same time")
        if text := str(passed_over):
            self.say("passed_over", text)
        if counts["failed"]:
            self._people(f"{counts['failed']:,} not colorized:{listed(self.failed, counts['failed'])}")
        if counts["not_begun"]:
            why = f", since the call ended early ({trouble})" if trouble else ", since the call was stopped"
            self._people(f"{counts['not_begun']:,} not begun{why}:{listed(self.not_begun, counts['not_begun'])}")
        if stopped:
            total = self._total()
            left = "" if total is None else f" {counted(total - self.seen, 'file')} left."
            self.say("stopped", f"Stopped.{left} The same call goes on.", files_left=total and total - self.seen)

    def _people(self, text):
        """Programs have this from single files, and from the counts."""
        if not self._as_json:
            self.say("", text)


def counted(count: int, what: str) -> str:
    """-> `1 film`, `2,000 films`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """-> how long that is, in two units: `3 h 05 min`."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def listed(texts: list[str], count: int) -> str:
    """-> lines of the first of something, and how many more there are."""
    more = [f"and {count - len(texts):,} more"] if count > len(texts) else []
    return "".join(f"\n  {text}" for text in [*texts, *more])
