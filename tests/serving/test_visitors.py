"""One photograph at a time, within limits, and what is kept of it for a while."""

import shutil
import struct
import threading
import time

import pytest
from PIL import Image
from starlette.exceptions import HTTPException

from colorgan.serving import photos, visitors
from colorgan.serving.photos import Settings
from colorgan.serving.visitors import Kept, Visitors

SETTINGS = Settings(work_size=16)


class Slow:
    """Notes how many predictions run at once; each waits for its leave."""

    def __init__(self, painter):
        self.painter, self.running, self.most, self.leave = painter, 0, 0, threading.Event()

    def predict_small(self, rgb, flip_average=False):
        self.running += 1
        self.most = max(self.most, self.running)
        assert self.leave.wait(20)
        time.sleep(0.05)
        self.running -= 1
        return self.painter.predict_small(rgb)


def test_one_photograph_at_a_time_and_not_too_many_waiting(painter, tmp_path, monkeypatch):
    monkeypatch.setattr(visitors, "WAITING", 2)
    slow = Slow(painter)
    shared = Visitors(slow, settings=SETTINGS, max_upload_mb=1, folder=tmp_path)
    source = tmp_path / "a.png"
    Image.new("L", (20, 20)).save(source)

    def one(name="last"):
        own = tmp_path / name / "a.png"
        own.parent.mkdir(exist_ok=True)
        shutil.copy(source, own)
        shared.colorize(own, saturation=1)

    threads = [threading.Thread(target=one, args=(name,)) for name in "xyz"]  # one in work, two waiting
    for thread in threads:
        thread.start()
    end = time.monotonic() + 20
    while shared._waiting < 3 and time.monotonic() < end:
        time.sleep(0.01)
    with pytest.raises(HTTPException, match="Too many") as refused:
        one("refused")
    assert refused.value.status_code == 503
    slow.leave.set()
    for thread in threads:
        thread.join(20)
    assert slow.most == 1 and len(list(tmp_path.glob("*/.out/a-colorized.png"))) == 3
    one()  # the place is free again


def test_what_is_kept_is_bounded_in_number_and_time():
    clock = [0.0]
    kept = Kept(2, seconds=100, now=lambda: clock[0])
    a, b = kept.put("a"), kept.put("b")
    assert kept.get(a) == "a" and len({a, b}) == 2 and len(a) > 16
    c = kept.put("c")  # b was asked for longest ago
    assert [kept.get(key) for key in (a, b, c, "guessed")] == ["a", None, "c", None]
    clock[0] = 90.0
    assert kept.get(a) == "a"
    clock[0] = 150.0
    assert [kept.get(key) for key in (a, c)] == ["a", None]  # c for 150, a for 60
    clock[0] = 300.0
    kept.tidy()
    assert not kept._held
    assert Kept().count == 16 and Kept().seconds == 3600


def test_whatever_a_decoder_raises_is_told_to_the_visitor(painter, tmp_path, monkeypatch, caplog):
    def failing(*args, **kwargs):
        raise struct.error("argument out of range")

    monkeypatch.setattr(photos, "finish", failing)
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    shared = Visitors(painter, settings=SETTINGS, max_upload_mb=1, folder=tmp_path)
    with pytest.raises(HTTPException, match=": argument out of range$") as refused:
        shared.colorize(tmp_path / "a.png", saturation=1)
    assert refused.value.status_code == 422
    assert "a.png was not colorized" in caplog.text and "struct.error" in caplog.text  # where is for the log alone
