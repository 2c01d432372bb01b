"""Many photographs and films: each result is recorded when it is made, so a call killed at any moment continues.

Joins the `plan` of inputs and outputs, the workers (`work`, `cluster`), the `record` and the `report`. Imports these,
`serving.photos`, `serving.video`, `serving.asked` and the room `files`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from colorgan.files import remote, suffixes
from colorgan.files.remote import Url
from colorgan.serving import cluster, manifest, photos, plan, report, video, work
from colorgan.serving.asked import Steering, wishes_of
from colorgan.serving.photos import Settings
from colorgan.serving.record import Record

DONE, FAILED, STOPPED = 0, 1, 3  # exit statuses; 2 is for wrong command lines


def colorize_files(
    colorizer,
    inputs,
    output: Path | str | Url,
    *,
    settings: Settings,
    steering: Steering = Steering(),  # noqa: B008 - frozen
    smoothing: float = video.SMOOTHING,
    film_codec: str = "",
    film_quality: float | None = None,
    overwrite: bool = False,
    weights_sha256="",
    shard: tuple[int, int] = plan.ALL,
    workers: cluster.Wanted | None = None,
    stop: Callable[[], bool] = lambda: False,
    log_format: str = "text",
    say=print,
) -> int:
    """Colorize photographs and films into a folder; one bad file does not stop the others.

    Results are recorded at once. A killed or stopped call continues when it is repeated, and several simultaneous calls
    can share the work. Memory does not grow with the number of photographs.

    Args:
        colorizer: anything with `Colorizer.predict_small`; workers must be able to unpickle it.
        inputs: files, folders and globs, by path or URL; see `found.groups`.
        output: folder for the results and `manifest.json`, a path or a URL; the structure of an input folder is kept.
        settings: for colorizing.
        steering: the wishes, and the additional results.
        smoothing, film_codec, film_quality: for films; see `video.colorize_film`.
        overwrite: replace outputs that exist, except outputs that a simultaneous call makes in the same way. By default
            they are skipped and counted.
        weights_sha256: for the manifest.
        shard: the share of the files to colorize; see `plan.Plan`.
        workers: of a Ray cluster; None: this process works.
        stop: function called often -> whether to end after the current work.
        log_format: `text` or `json`; see `report.Report`.
        say: function for texts for people or programs.

    Returns:
        Exit status: `DONE`; `FAILED` if a file could not be colorized, or the manifest could not be written, with a
            message; `STOPPED` if `stop` left something to do.

    Raises:
        FileNotFoundError, ValueError: before anything is written; see `plan.Plan`, `wishes_of`. `output` must not look
            like a file.
        OSError: if the output folder cannot be written to, a URL cannot be read, or no worker can begin.
    """
    output = remote.place(output)
    is_new = not (remote.exists(output) if isinstance(output, Url) else output.is_dir())
    if is_new and (suffixes.is_picture(output) or suffixes.is_film(output)):
        raise ValueError(
            f"`--output` is a folder for results, but {output} looks like a file. Name a folder; --format chooses the "
            "format."
        )
    planned = plan.Plan(inputs, output, settings, variants=steering.variants, doubt=steering.doubt, shard=shard)
    sources = (job.source for job in planned if not job.problem)
    wishes = wishes_of(steering, sources, colorizer, settings)
    made_with = {"settings": asdict(settings), "steering": asdict(steering), "weights_sha256": weights_sha256}
    record = Record(output)
    with _Counted(planned) as total, report.Report(say, as_json=log_format == "json", total=total) as told:
        of_films = {"smoothing": smoothing, "codec": film_codec, "quality": film_quality}
        how = work.How(settings, wishes, of_films | {"weights_sha256": weights_sha256})
        call = _Call(planned, record, told, stop, made_with, of_films=of_films, overwrite=overwrite)
        try:
            if getattr(colorizer, "color_space", "lab") == "rgb":
                told.say("note", "The weights predict RGB; each photograph's lightness is restored.")
            seen = None if isinstance(output, Url) else record.place
            with cluster.Cluster(workers, colorizer, how, seen) if workers else work.Local(colorizer, how) as place:
                while True:
                    place.photographs(call)
                    place.films(call)
                    if not call.may_go_on():
                        break
            told.end(output, stopped=call.stopped, trouble=call.trouble, passed_over=planned.passed_over)
        finally:
            call.close()
        status = FAILED if call.trouble else STOPPED if call.stopped else FAILED if told.counts["failed"] else DONE
        told.say("end", "", status=status, **told.counts)
    return status


class _Counted:
    """The number of files in a plan, counted in a thread, because it can take minutes; None until then."""

    def __init__(self, planned):
        self._planned, self._total, self._ended = planned, None, threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)

    def __call__(self):
        return self._total

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _count(self):
        count = 0
        with contextlib.suppress(OSError):  # of a network: the call itself meets it and reports it
            for count, _ in enumerate(self._planned.sources(), 1):  # noqa: B007 - looked at below
                if self._ended.is_set():
                    return
            self._total = count


class _Call:
    """A call's way through its plan; `work.Local` and others take its jobs.

    Attributes:
        stopped: whether it was stopped with something left to do.
        trouble: why the record cannot be written, or that the disk is full; then nothing more is begun.
    """

    def __init__(self, planned, record, told, stop, made_with, *, of_films, overwrite):
        self.plan, self.record, self.report, self._stop = planned, record, told, stop
        self.made_with, self.of_films, self.overwrite = made_with, of_films, overwrite
        self.met, self.unrecorded, self.freed = [], [], None
        self.stopped, self.trouble = False, ""

    def photographs(self):
        """-> the jobs to do now; None for each job without work. Films are kept for later."""
        self.met = []
        for job in self.plan:
            if self.freed is not None and job.name not in self.freed:
                continue
            if self.trouble:  # everything that is not done is named
                if not (job.problem or self._exists(job)):
                    self.report.add("not_begun", text=str(job.source))
            elif self.stop():
                self.stopped = True
                return
            elif job.is_film and not job.problem:
                self.met.append(job)  # few, compared with photographs
            elif self._begin(job):
                yield job
                continue
            yield None

    def films(self):
        """-> the films to do now."""
        for job in self.met:
            self.stopped = self.stopped or self.stop()
            if self.stopped or self.trouble:
                if not self._exists(job):
                    self.report.add("not_begun", text=str(job.source))
            elif self._begin(job):
                yield job

    def stop(self):
        """-> whether to stop; called often, even during a film, which can take hours."""
        self.report.tick()
        return self._stop()

    def note(self, text):
        """Print a message that does not concern a single file."""
        self.report.say("note", text)

    def say_of_film(self, text):
        """Print the result of a film."""
        self.report.say("film", text)

    def is_made(self, job):
        """-> whether all of a job's files are written, by any call."""
        return self.record.is_made(job.name)

    def may_go_on(self):
        """Take over the work of killed calls. -> whether there is any."""
        if self.stopped or self.trouble or not self.report.counts["elsewhere"]:
            return False
        self.freed = self.record.repair()
        self.report.counts["elsewhere"] -= len(self.freed)
        return bool(self.freed)

    def _begin(self, job):
        """-> whether this call must do a job; otherwise the job is counted."""
        if job.problem:
            self.finish(job, claimed=False)
        elif self._exists(job):
            self._pass_over(job)
        elif self._claim(job):
            if not self._exists(job):  # another call may just have finished it
                return True
            self.record.release(job.name)
            self._pass_over(job)
        return False

    def _claim(self, job):
        try:
            mine = self.record.claim(job.name, job.targets, self._entry(job))
        except OSError as error:
            job.fail(error)
            self.trouble = self.trouble or str(error)
            self.finish(job, claimed=False)
            return False
        if not mine:
            self.report.add("elsewhere")
        return mine

    def _exists(self, job):
        """Whether an output exists and need not be made again."""
        there = any(map(self.record.is_there, job.targets))
        if isinstance(job.target, Url):  # it can be newer than its folder's listing
            there = there or self.record.made_meanwhile(job.name)
        if self.overwrite:
            return there and self.record.made_meanwhile(job.name) and not self._is_other(job)
        return there and job.name not in self.record.unfinished

    def _pass_over(self, job):
        self.report.add("elsewhere" if self.overwrite else "existing")
        if not self.overwrite and self._is_other(job):
            self.report.counts["other"] += 1

    def _is_other(self, job):
        """-> whether an existing output is known to differ from what would be made now."""
        entry, wanted, automatic = self.record.entry(job.name), self._entry(job), asdict(Steering())
        if entry is None:
            return False
        names = ["work_size", "saturation", "flip_average", "side_by_side"]
        if job.is_film:
            names += self.of_films
        elif suffixes.of(job.target) in suffixes.LOSSY:
            names.append("quality")
        made = entry.get("settings", {})
        return (
            entry.get("steering", automatic) != wanted.get("steering", automatic)
            or entry.get("weights_sha256") != wanted["weights_sha256"]
            or any(made.get(name) != wanted["settings"][name] for name in names)
        )

    def _entry(self, job):
        """-> a job's entry in the manifest."""
        settings = self.made_with["settings"] | (self.of_films if job.is_film else {})
        entry = {"settings": settings, "input": str(job.source), "output": job.name}
        entry |= {"weights_sha256": self.made_with["weights_sha256"], **job.made}
        if (steering := self.made_with["steering"]) != asdict(Steering()):
            entry |= {"steering": steering, "beside": [one.name for one in job.targets[1:]]}
        notes = [*job.notes, *job.made.get("notes", ())]  # a film's notes are already printed
        return entry | ({"notes": notes} if notes else {}) | {"seconds": _rounded(job.seconds)}

    def finish(self, job, *, claimed=True):
        """Record the result of a job, and print it."""
        if job.stopped:
            self.stopped = True
            self.record.release(job.name)
            return
        entry = None if job.problem else self._entry(job)
        try:
            if entry:
                self.record.done(job.name, entry)
            else:
                self.record.fail(job.source, job.problem)
                if claimed:
                    self.record.release(job.name)
        except OSError as error:
            self.trouble = self.trouble or str(error)
            self.unrecorded += [(job.name, entry)] if entry else []
        if job.full:
            self.trouble = self.trouble or job.problem
        for note in job.notes:
            self.report.say("note", note)
        if job.problem:
            self.report.add("failed", job.problem, input=str(job.source), reason=job.problem)
        else:
            self.report.counts["films"] += job.is_film
            paths = {"input": str(job.source), "output": str(job.target)}
            self.report.add("made", str(job.target), **paths, seconds=_rounded(job.seconds))

    def close(self):
        """End the record. If it cannot be written, print that and list the results."""
        try:
            try:
                for name, entry in self.unrecorded:
                    self.record.done(name, entry)
            finally:
                self.record.close()
        except OSError as error:
            self.trouble = self.trouble or str(error)
            counts, made = self.report.counts, self.report.made
            path = self.plan.output / manifest.NAME
            text = f"{path} could not be written ({photos.reason(error)}). The same command writes it later."
            if made:
                text += f" Made by this call:{report.listed(made, counts['made'])}"
            self.report.say("error", text)


def _rounded(seconds):
    return None if seconds is None else round(seconds, 3)
