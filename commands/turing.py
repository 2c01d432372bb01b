"""`--mode turing`: the visual Turing test, in a window or in browsers."""

from __future__ import annotations

import contextlib
import hashlib

from colorgan import datasets
from colorgan.commands import common
from colorgan.server import running
from colorgan.settings import flags
from colorgan.turing import export, statistics, trials, web
from colorgan.turing.api import Api
from colorgan.turing.store import Store
from colorgan.turing.window import require_display, run_window


def run(command: flags.Command) -> None:
    """Ask a person in a window, or serve a page. Every answer is saved at once. Writes turing.csv.

    On a page, turing.csv is there from the first answer on, and at most moments behind.
    """
    asked, page = command.config.turing, command.config.page
    if asked.web and asked.participant:
        raise flags.UsageError(
            "`--participant` continues in a window. In a browser, open the address that ends in the token."
        )
    if not asked.web:
        require_display()
    with running.listen(page.host, page.port) if asked.web else contextlib.nullcontext() as place:
        _test_people(command, place)


def _test_people(command, place):
    """Run the test on a page at `place`, or in a window if that is None."""
    colorizer, config = common.trained(command)
    wanted, folder = config.turing, common.output(config)
    real, settings = _test(config, colorizer)

    def result():
        limits = {"check_tolerance": wanted.check_tolerance, "precision_target": wanted.precision_target}
        return statistics.result(store.answers(settings), settings, **limits)

    with Store(folder / "turing.sqlite") as store:
        if earlier := len(result().people):
            print(f"Participants of this test so far: {earlier}. Their answers are kept and count.")
        if place is not None:
            with export.Follower(store.path, folder / "turing.csv") as follower:
                _serve(store, settings, place, config.page.host, real, colorizer, csv=follower.path)
        else:
            _ask(store, settings, wanted.participant, lambda index: (real[index], colorizer.colorize(real[index])))
        found = result()
        print(found.text())
        if found.people:
            print(f"Answers: {export.write(store, folder / 'turing.csv')}, kept in {store.path}")


def _test(config, colorizer):
    """-> the real photographs and the test's settings; with too few photographs, fewer trials and a printed line."""
    wanted = config.turing
    extra = wanted.practice + wanted.checks
    split = datasets.load(config.data, "test")
    real = [batch["rgb"][0] for batch in split.pictures(1, limit=wanted.test_size + extra, seed=config.run.seed)]
    split.warn_of_bad_files()
    size = min(wanted.test_size, len(real) - extra)
    if 0 < size < wanted.test_size:
        print(f"The test split has only {len(real)} images: {size} trials instead of {wanted.test_size}.")
    settings = trials.Settings(
        size=max(size, 1),  # with too few images for any trial, `Settings` raises
        num_images=len(real),
        seed=config.run.seed,
        delay=wanted.test_delay,
        practice=wanted.practice,
        checks=wanted.checks,
        single=wanted.single,
        subject=_subject(colorizer, real),
    )
    return real, settings


def _subject(colorizer, real):
    """-> what identifies the test: weights, working size and photographs, by SHA-256."""
    pictures = hashlib.sha256()
    for picture in real:
        pictures.update(repr(picture.shape).encode() + picture.tobytes())
    return f"weights {colorizer.stored.digest} at {colorizer.work_size}, pictures {pictures.hexdigest()}"


def _ask(store, settings, token, pairs):
    """Ask one participant in the window."""
    participant = store.find(token, settings) if token else store.enroll(settings, front="window")
    if participant is None:
        raise ValueError(
            f"`--participant {token}`: no participant of this test in {store.path}. Give the flags and weights of "
            "that test, or leave --participant out to begin a new one."
        )
    run_window(pairs, store, participant)
    if 0 < store.answered(participant) < len(participant.trials):
        print(f"To continue later, repeat the command with --participant {participant.token}")


def _serve(store, settings, place, host, real, colorizer, *, csv):
    """Serve until Ctrl-C or SIGTERM; `csv` is the file with the answers so far."""
    with running.until_interrupted():
        # All before the first participant, so that loading times tell nothing.
        print(f"Colorizing {len(real)} photographs ...", flush=True)
        generated = [colorizer.colorize(picture) for picture in real]
        print(f"The test is at {running.address(place)} until Ctrl-C. Answers so far: {csv}", flush=True)
        api = Api(store, settings, lambda index: (real[index], generated[index]))
        running.Server(web.build(api, host=host)).run(sockets=[place])
    print()
