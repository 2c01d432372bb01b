"""Workers of a Ray cluster, on this machine: what one that dies had in hand, a file that kills, and being stopped.

The colorizers are fakes. Each worker takes seconds to start, so there are two calls with real ones, and what needs none
is tested without.
"""

import importlib.util
import json
import logging
import os
import pickle
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorgan.files import whole
from colorgan.serving import batch, cluster, photos, work
from colorgan.serving.photos import Settings
from colorgan.serving.plan import Job

SETTINGS, DEADLY = Settings(work_size=8), 200


@pytest.fixture(scope="module")
def here():
    """A cluster of this machine alone, with two cores, for all tests."""
    ray = cluster._quiet_ray()
    handler = signal.getsignal(signal.SIGTERM)
    options = {"num_cpus": 2, "object_store_memory": cluster._STORE, "logging_level": logging.ERROR}
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
        cluster._join(None, address)


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


def test_a_worker_that_cannot_begin_says_where_and_why(monkeypatch):
    """In this process, which is then as it was."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(cluster.cv2, "setNumThreads", lambda count: None)
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.setenv(name, "0")
    packed, token = pickle.dumps((Unloadable(), work.How(SETTINGS))), whole.token()
    with pytest.raises(OSError, match=r"does not see /no/shared/out\. All machines of a cluster need"):
        cluster.Worker().begin(packed, 1, token, os.getcwd(), "/no/shared/out/.colorgan")
    with pytest.raises(OSError, match=r"cannot load the weights: .*/no/such\.weights\.h5"):
        cluster.Worker().begin(packed, 1, token, os.getcwd(), None)


class Told:
    """What a cluster needs of a call."""

    def __init__(self):
        self.notes, self.finished, self.note = [], [], None
        self.note, self.finish = self.notes.append, self.finished.append


def test_the_last_worker_that_cannot_begin_ends_the_call():
    crew, told = cluster.Cluster(cluster.Wanted("auto"), None, work.How(SETTINGS), None), Told()
    crew._hands = hands = [cluster._Hand({}), cluster._Hand({})]
    crew._give_up(told, hands[0], "no weights")
    with pytest.raises(OSError, match="`--cluster`: a worker cannot start: no weights"):
        crew._give_up(told, hands[0], "no weights")
    assert told.notes == ["`--cluster`: a worker cannot start: no weights"]


def test_a_source_that_a_worker_does_not_see_is_named(tmp_path, monkeypatch):
    (tmp_path / "a.png").touch()
    jobs, told = [Job(tmp_path / name, tmp_path / "out" / name) for name in ("a.png", "b.png")], Told()
    outcome = {"problem": "cannot be read", "seen": False}
    crew = cluster.Cluster(cluster.Wanted("auto"), None, work.How(SETTINGS), None)
    crew._ray = type("Ray", (), {"get": lambda self, ref: [dict(outcome), dict(outcome)]})()
    crew._ray.exceptions = type("Errors", (), {"RayTaskError": ZeroDivisionError, "RayError": ZeroDivisionError})
    crew._settle(told, cluster._Hand({}, host="far", groups={"ref": jobs}), "ref")
    assert told.finished == jobs
    assert jobs[0].problem.startswith(f"far does not see {tmp_path / 'a.png'}. All machines of a cluster need inputs")
    assert jobs[1].problem == "cannot be read"  # it is gone from here too
