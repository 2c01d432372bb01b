"""Workers of a Ray cluster, on this machine: what one that dies had in hand, a file that kills, and being stopped.

The colorizers are fakes. Each worker takes seconds to start, so there are two calls with real ones, and what needs none
is tested without.
"""

import contextlib
import importlib.util
import json
import logging
import os
import pickle
import signal
import sys
import tempfile
import threading
import time
import types
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorgan.files import remote, whole
from colorgan.serving import batch, cluster, joining, photos, work
from colorgan.serving.photos import Settings
from colorgan.serving.plan import Job

SETTINGS, DEADLY = Settings(work_size=8), 200


@pytest.fixture(scope="module")
def here():
    """A cluster of this machine alone, with two cores, for all tests."""
    ray = joining.imported()
    handler = signal.getsignal(signal.SIGTERM)
    options = {"num_cpus": 2, "object_store_memory": joining.STORE, "logging_level": logging.ERROR}
    ray.init(address="local", include_dashboard=False, log_to_driver=False, **options)
    signal.signal(signal.SIGTERM, handler)
    yield
    ray.shutdown()


def fake(place):
    """-> a colorizer that notes what is written by its process, and dies of a picture that is `DEADLY` gray."""

    class Fake:  # within a function, so that it travels whole
        color_space = "lab"

        def __setstate__(self, state):
            finish, self.deadly = photos.finish, state["deadly"]

            def noted(photograph, ab, target, *args, **options):
                finish(photograph, ab, target, *args, **options)
                with (place / "written").open("ab", buffering=0) as file:
                    file.write(f"{target.name} {os.getpid()}\n".encode())

            photos.finish = noted

        def predict_small(self, rgb, flip_average=False):
            time.sleep(0.05)
            if (rgb == self.deadly).all(axis=(1, 2, 3)).any():
                until = time.monotonic() + 10  # or as soon as something else is written
                while time.monotonic() < until and f" {os.getpid()}\n" not in (place / "written").read_text():
                    time.sleep(0.05)
                os.kill(os.getpid(), signal.SIGKILL)
            return np.zeros((*rgb.shape[:3], 2), np.float32)

    made = Fake()
    made.deadly = DEADLY
    return made


def photographs(place, count, deadly=-1):
    place.mkdir()
    for i in range(count):
        Image.new("L", (8, 8), DEADLY if i == deadly else i).save(place / f"{i:02}.png")


def colorize(colorizer, inputs, out, **options):
    said = []
    status = batch.colorize_files(colorizer, inputs, out, settings=SETTINGS, say=said.append, **options)
    return status, "\n".join(said)


@pytest.mark.slow
def test_a_file_that_kills_its_workers_costs_no_other(here, tmp_path, monkeypatch, make_film):
    """In the middle of 64, with two workers: it dies, and takes what else is in hand with it."""
    monkeypatch.setattr(cluster, "TRIES", 2)  # a worker takes seconds to start
    photographs(tmp_path / "in", 64, deadly=31)
    (tmp_path / "written").touch()
    make_film(tmp_path / "in" / "film.mkv", [90] * 3)
    out, wanted = tmp_path / "out", cluster.Wanted("auto", cores=1)
    status, said = colorize(fake(tmp_path), [tmp_path / "in"], out, workers=wanted)
    assert status == batch.FAILED and "63 photographs and 1 film colorized" in said
    assert "31.png: 2 workers died of it" in said and "in its hands restart" in said
    written = [line.split() for line in (tmp_path / "written").read_text().splitlines()]
    names = [f"{i:02}.png" for i in range(64) if i != 31]
    assert set(Counter(name for name, _ in written).values()) == {1}
    assert len({process for _, process in written} - {str(os.getpid())}) >= 2
    manifest = json.loads((out / "manifest.json").read_text())
    assert [one["output"] for one in manifest["photographs"]] == [*names, "film.mkv"]
    assert [one["input"] for one in manifest["failed"]] == [str(tmp_path / "in" / "31.png")]
    # What the dead worker had written was counted, and not made again; it may have died before it noted some.
    unseen = {one["output"] for one in manifest["photographs"] if one["seconds"] is None}
    assert unseen and set(names) - {name for name, _ in written} <= unseen
    assert sorted(path.name for path in out.iterdir()) == [*names, "film.mkv", "manifest.json"]


@pytest.mark.slow
def test_told_to_stop_workers_end_with_what_is_in_hand(here, tmp_path, painter, monkeypatch):
    """Results by URL, whose record no worker sees; the rest is then done in this process, with the same record."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    photographs(tmp_path / "in", 100)
    inputs, out = [f"local://{tmp_path}/in"], f"local://{tmp_path}/out"
    stop = (tmp_path / "written").exists
    handler = signal.getsignal(signal.SIGTERM)
    status, said = colorize(fake(tmp_path), inputs, out, workers=cluster.Wanted("auto", cores=2), stop=stop)
    made = len(list((tmp_path / "out").glob("*.png")))
    most = cluster.AT_ONCE * cluster.GROUP
    assert status == batch.STOPPED and 0 < made <= 2 * most and made % cluster.GROUP == 0
    end = f"{made} photographs colorized: {out}\nStopped. {100 - made} files left. The same command continues."
    assert said.endswith(end)
    assert signal.getsignal(signal.SIGTERM) == handler
    status, said = colorize(painter, inputs, out)
    assert status == batch.DONE and f"{100 - made} photographs colorized" in said
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [one["output"] for one in manifest["photographs"]] == [f"{i:02}.png" for i in range(100)]


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"--cluster needs Ray.*pip install.*\[cluster\]"):
        cluster.check()


@pytest.mark.parametrize(("address", "reason"), [("127.0.0.1:1", "refused"), ("here", "a host and a port")])
def test_a_cluster_that_does_not_answer_is_named(address, reason):
    with pytest.raises(OSError, match=f"--cluster {address}: cannot join a cluster there .*{reason}"):
        joining.join(None, address)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([{"CPU": 2.0}], [(2, 0)]),
        ([{"CPU": 7.0}], [(7, 0)]),
        ([{"CPU": 16.0}, {"CPU": 1.0}], [(4, 0)] * 4 + [(1, 0)]),
        ([{"CPU": 16.0, "GPU": 2.0}], [(8, 1)] * 2),
        ([{"CPU": 0.0}, {}], []),
    ],
)
def test_how_machines_are_shared_out(resources, expected):
    nodes = [{"Alive": True, "Resources": one} for one in resources]
    nodes.append({"Alive": False, "Resources": {"CPU": 4.0}})
    shares = cluster._shares(nodes, cluster.Wanted("auto"))
    assert [(share["num_cpus"], share["num_gpus"]) for share in shares] == expected
    shares = cluster._shares(nodes, cluster.Wanted("auto", gpus=False))
    assert all(share["num_gpus"] == 0 for share in shares)


class Unloadable:
    def __reduce__(self):
        return (Path.read_bytes, (Path("/no/such.weights.h5"),))


def test_a_worker_that_cannot_begin_says_where_and_why(tmp_path, monkeypatch):
    """In this process, which is then as it was. The folders of a dead worker are removed before."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("colorgan-dead-1-x", "colorgan-dead-10-x"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(cluster.cv2, "setNumThreads", lambda count: None)
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.setenv(name, "0")
    packed, token = pickle.dumps((Unloadable(), work.How(SETTINGS))), whole.token()
    with pytest.raises(OSError, match=r"does not see /no/shared/out\. All machines of a cluster need"):
        cluster.Worker().begin(packed, 1, token, [], os.getcwd(), "/no/shared/out/.colorgan")
    with pytest.raises(OSError, match=r"cannot load the weights: .*/no/such\.weights\.h5"):
        cluster.Worker().begin(packed, 1, token, ["dead-1"], os.getcwd(), None)
    assert [path.name for path in tmp_path.iterdir()] == ["colorgan-dead-10-x"]


class Ray:
    """Ray without processes: its workers are in this process, and what they are sent and answer is pickled.

    `starts` gives the colorizer of a worker by its number. Of two answers that of the earlier
    worker comes first, which is the worst if it is broken.
    """

    class exceptions:
        class RayError(Exception):
            pass

        class RayTaskError(RayError):
            def __init__(self, cause):
                super().__init__()
                self.cause = cause

    cloudpickle = pickle

    def __init__(self, count, starts=lambda number: painting(), hosts=None):
        self.count, self.starts, self.hosts = count, starts, hosts or [f"host{i}" for i in range(count)]
        self.killed, self.begun, self.sent = set(), [], Counter()
        self.is_ready = lambda begins: True

    def nodes(self):
        return [{"Alive": True, "Resources": {"CPU": 1.0}} for _ in range(self.count)]

    def remote(self, worker):
        return types.SimpleNamespace(options=lambda **given: types.SimpleNamespace(remote=lambda: Actor(self)))

    def wait(self, references, num_returns, timeout):
        assert not self.killed & {ref.actor for ref in references}
        return [ref for ref in references if ref.ready][:1], []

    def get(self, ref):
        try:
            return pickle.loads(pickle.dumps(ref.do()))
        except self.exceptions.RayError:
            raise
        except Exception as error:
            raise self.exceptions.RayTaskError(error) from error

    def kill(self, actor):
        self.killed.add(actor)


@dataclass(eq=False)
class Reference:
    do: Callable
    ready: bool
    actor: object
    given: tuple


class Actor:
    """A real worker's methods; of `begin` only what does not change this process."""

    def __init__(self, ray):
        self.ray, self.worker = ray, cluster.Worker()

    def __getattr__(self, name):
        def remote(*given):
            packed = pickle.dumps(given)
            self.ray.sent[name] += 1
            reference = Reference(lambda: getattr(self.worker, name)(*pickle.loads(packed)), True, self, given)
            if name == "begin":
                number = int(given[2].split("-")[1])
                self.worker._colorizer, self.worker._how = self.ray.starts(number), work.How(SETTINGS)
                self.worker._cores, self.worker._stopped = 1, threading.Event()
                self.ray.begun.append(reference)
                reference.do, reference.ready = lambda: self.ray.hosts[number], self.ray.is_ready(len(self.ray.begun))
            elif name == "stop":
                reference.do()
            return reference

        return types.SimpleNamespace(remote=remote)


def painting(error=None):
    """-> a colorizer that fails with an error."""

    def predict_small(rgb, flip_average=False):
        if error:
            raise error
        return np.zeros((*rgb.shape[:3], 2), np.float32)

    return types.SimpleNamespace(color_space="lab", predict_small=predict_small)


@pytest.fixture
def colorized(tmp_path, monkeypatch):
    """-> a function that colorizes `in` by the workers of a `Ray`: status, what is said."""

    def run(ray, **options):
        monkeypatch.setattr(joining, "joined", lambda address: contextlib.nullcontext(ray))
        return colorize(None, [tmp_path / "in"], tmp_path / "out", workers=cluster.Wanted("auto"), **options)

    return run


def test_a_broken_worker_costs_no_photograph(tmp_path, colorized):
    """The first of four; it is replaced, and given up when its replacements are no better."""
    photographs(tmp_path / "in", 200)
    ray = Ray(4, lambda number: painting(RuntimeError("CUDA error") if number == 0 else None))
    status, said = colorized(ray)
    assert status == batch.DONE and "200 photographs colorized" in said
    assert said.count("Another starts in its place") == cluster.STARTS and "It is given up after 3" in said
    assert "The worker on host0 fails at files that another can colorize (" in said and "CUDA error" in said
    assert len(ray.begun) == 4 + cluster.STARTS
    # Each new worker is told the dead ones' names, whose temporary folders it removes.
    assert ray.begun[-1].given[3] == [ref.given[2] for ref in (ray.begun[0], *ray.begun[4:-1])]


def test_a_damaged_photograph_fails_by_two_workers(tmp_path, colorized):
    """So many that it could be the workers' fault; none is replaced."""
    photographs(tmp_path / "in", 100)
    for i in range(80):
        (tmp_path / "in" / f"{i:02}.png").write_bytes(b"no picture")
    status, said = colorized(ray := Ray(2))
    assert status == batch.FAILED and "20 photographs colorized" in said and "80 not colorized" in said
    assert "in its place" not in said and len(ray.begun) == 2


def test_a_lost_mount_is_confirmed_by_another_machine(tmp_path, colorized, monkeypatch):
    """Two workers of one machine do not see the sources."""
    photographs(tmp_path / "in", 60)
    lost = OSError("No such file or directory")
    ray = Ray(3, lambda number: painting(lost if number < 2 else None), hosts=["far", "far", "near"])
    status, said = colorized(ray)
    assert status == batch.DONE and "60 photographs colorized" in said


def test_with_one_worker_a_failure_counts_at_once(tmp_path, colorized):
    photographs(tmp_path / "in", 20)
    ray = Ray(1, lambda number: painting(RuntimeError("CUDA error")))
    status, said = colorized(ray)
    assert status == batch.FAILED and "20 not colorized" in said and ray.sent["photographs"] == 2


@pytest.mark.parametrize("there", [False, True])
def test_only_a_full_place_of_results_ends_the_call(tmp_path, there):
    job = Job(remote.place("local:///in/a.png"), tmp_path / "a.png")
    crew = cluster.Cluster(cluster.Wanted("auto"), None, work.How(SETTINGS), tmp_path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(cluster.shutil, "disk_usage", lambda place: types.SimpleNamespace(free=0 if there else 2**40))
        assert crew._is_full(job, "no room") is there
    job.target = remote.place("local:///out/a.png")
    assert crew._is_full(job, f"{job.source}: {job.target if there else job.source}: No space left on device") is there


@pytest.mark.parametrize("kind", ["photographs", "film"])
@pytest.mark.parametrize("late", [False, True])
def test_a_stop_ends_a_call_whose_workers_do_not_begin(tmp_path, colorized, make_film, kind, late):
    """Its only worker died of a file, and the next begins never, or after the stop."""
    (tmp_path / "in").mkdir()
    if kind == "film":
        make_film(tmp_path / "in" / "film.mkv", [90] * 3)
    else:
        Image.new("L", (8, 8)).save(tmp_path / "in" / "a.png")
    ray, looks, get = Ray(1), iter(range(1000)), Ray.get

    def stop():
        if (stopped := next(looks) > 60) and late:
            ray.begun[-1].ready = True
        return stopped

    def dies(self, ref):
        if ref in ray.begun:
            return get(self, ref)
        raise self.exceptions.RayError("it died")

    ray.get, ray.is_ready = types.MethodType(dies, ray), lambda begins: begins == 1
    status, said = colorized(ray, stop=stop)
    # How many files are left is known only if the counting thread has ended.
    assert status == batch.STOPPED and "The same command continues" in said and ray.sent[kind] == 1


def test_what_a_worker_has_written_before_its_error_is_done(tmp_path, colorized, monkeypatch):
    photographs(tmp_path / "in", 20)
    outcome, failed = cluster._outcome, []

    def fails(job):
        if len(failed) < 1:
            failed.append(job)
            raise RuntimeError("a bug")
        return outcome(job)

    monkeypatch.setattr(cluster, "_outcome", fails)
    status, said = colorized(Ray(2))
    assert status == batch.DONE and "20 photographs colorized" in said
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert sum(one["seconds"] is None for one in manifest["photographs"]) == cluster.GROUP


def test_a_photograph_whose_workers_raise_errors_fails_alone(tmp_path, colorized, monkeypatch):
    photographs(tmp_path / "in", 20)
    run = cluster.pipeline.run

    def fails(colorizer, jobs, *given, **options):
        if any(job.source.name == "07.png" for job in jobs):
            raise RuntimeError("a bug")
        run(colorizer, jobs, *given, **options)

    monkeypatch.setattr(cluster.pipeline, "run", fails)
    status, said = colorized(Ray(2))
    assert status == batch.FAILED and "19 photographs colorized" in said
    assert "07.png: the worker on host" in said and "failed: a bug" in said


def test_an_address_of_no_cluster_and_another_version_are_errors(monkeypatch):
    """`auto` with RAY_ADDRESS. What a crashed cluster of this machine left is none."""
    from ray._private import services

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(services, "find_gcs_addresses", set)
    monkeypatch.setattr(services, "find_bootstrap_address", lambda place: "127.0.0.1:1")
    assert joining._running() == "local"
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(OSError, match=r"--cluster auto: cannot join a cluster there \(127.0.0.1:1 does not answer: "):
        joining.join(None, "auto")

    def init(**options):
        raise RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 1.0")

    monkeypatch.setattr(joining, "_knock", lambda address: None)
    with pytest.raises(OSError, match="Version mismatch: The cluster was started with: Ray: 1.0"):
        joining.join(types.SimpleNamespace(init=init), "auto")


def test_ray_prints_as_before_afterwards(monkeypatch):
    from ray._private import worker

    printing, seen = worker.print_to_stdstream, []
    ray = types.SimpleNamespace(is_initialized=lambda: False, shutdown=lambda: seen.append(worker.print_to_stdstream))
    monkeypatch.setattr(joining, "imported", lambda: ray)
    monkeypatch.setattr(joining, "join", lambda ray, address: None)
    with joining.joined("auto"):
        pass
    ray.is_initialized = lambda: True  # a caller's own session
    with joining.joined("auto"):
        seen.append(worker.print_to_stdstream)
    assert seen[0] is not printing and seen[1] is printing and worker.print_to_stdstream is printing


class Told:
    """What a cluster needs of a call."""

    def __init__(self):
        self.notes, self.finished, self.note = [], [], None
        self.note, self.finish = self.notes.append, self.finished.append


def test_the_last_worker_that_cannot_begin_ends_the_call():
    crew, told = cluster.Cluster(cluster.Wanted("auto"), None, work.How(SETTINGS), None), Told()
    crew._hands, crew._ray = [cluster._Hand({}), cluster._Hand({})], Ray(2)
    crew._give_up(told, crew._hands[0], "no weights")
    with pytest.raises(OSError, match="`--cluster`: no weights"):
        crew._give_up(told, crew._hands[0], "no weights")
    assert told.notes == ["`--cluster`: no weights"]


def test_a_source_that_a_worker_does_not_see_is_named(tmp_path):
    (tmp_path / "a.png").touch()
    jobs, told = [Job(tmp_path / name, tmp_path / "out" / name) for name in ("a.png", "b.png")], Told()
    crew = cluster.Cluster(cluster.Wanted("auto"), None, work.How(SETTINGS), None)
    hand = cluster._Hand({}, host="far")
    for job in jobs:
        crew._take(told, hand, job, {"problem": "cannot be read", "full": False, "seen": False})
    assert told.finished == jobs
    assert jobs[0].problem.startswith(f"far does not see {tmp_path / 'a.png'}. All machines of a cluster need inputs")
    assert jobs[1].problem == "cannot be read"  # it is gone from here too
