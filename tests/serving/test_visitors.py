"""One photograph at a time, within limits, with previews that any browser can show."""

import struct
import threading
import time

import numpy as np
import pytest
import tifffile
from PIL import Image
from starlette.exceptions import HTTPException

from colorgan.serving import photos, visitors
from colorgan.serving.photos import Settings
from colorgan.serving.visitors import Visitors

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

    def one():
        shared.colorize(source, shared.new_folder(), saturation=1, previews=False)

    threads = [threading.Thread(target=one) for _ in range(3)]  # one in work, two waiting
    for thread in threads:
        thread.start()
    end = time.monotonic() + 20
    while shared._waiting < 3 and time.monotonic() < end:
        time.sleep(0.01)
    with pytest.raises(HTTPException, match="Too many") as refused:
        one()
    assert refused.value.status_code == 503
    slow.leave.set()
    for thread in threads:
        thread.join(20)
    assert slow.most == 1 and len(list(tmp_path.glob("*/a-colorized.png"))) == 3
    one()  # the place is free again


def test_previews_are_upright_8_bit_and_small(painter, tmp_path, monkeypatch):
    monkeypatch.setattr(visitors, "PREVIEW", 40)
    source = tmp_path / "deep.tif"
    ramp = np.linspace(0, 65535, 100).astype(np.uint16)[None].repeat(60, 0)  # dark on the left as it lies in the file
    tifffile.imwrite(source, ramp, extratags=[(274, "H", 1, 6, True)])
    shared = Visitors(painter, settings=SETTINGS, max_upload_mb=1, folder=tmp_path)
    result = shared.colorize(source, shared.new_folder(), saturation=1, previews=True)
    assert result.size == (60, 100) and result.file.name == "deep-colorized.tif"
    before, after = (np.asarray(Image.open(path)).astype(int) for path in result.previews)
    assert before.shape == after.shape == (40, 24, 3)
    # Orientation 6: what is left in the file is on top. Gray before, in colours after.
    assert before[0].mean() < 10 and before[-1].mean() > 245
    assert np.ptp(before, axis=-1).max() <= 2 < 30 < np.ptp(after, axis=-1).max()
    assert tifffile.imread(result.file).dtype == np.uint16


def test_an_upload_that_is_gone(painter, tmp_path):
    shared = Visitors(painter, settings=SETTINGS, max_upload_mb=1, folder=tmp_path)
    with pytest.raises(HTTPException, match="a.png is not kept any longer. Upload it again") as refused:
        shared.colorize(tmp_path / "a.png", shared.new_folder(), saturation=1, previews=True)
    assert refused.value.status_code == 410


def test_whatever_a_decoder_raises_is_told_to_the_visitor(painter, tmp_path, monkeypatch, caplog):
    def failing(*args, **kwargs):
        raise struct.error("argument out of range")

    monkeypatch.setattr(photos, "finish", failing)
    Image.new("L", (20, 20)).save(tmp_path / "a.png")
    shared = Visitors(painter, settings=SETTINGS, max_upload_mb=1, folder=tmp_path)
    with pytest.raises(HTTPException, match=": argument out of range$") as refused:
        shared.colorize(tmp_path / "a.png", shared.new_folder(), saturation=1, previews=False)
    assert refused.value.status_code == 422
    assert "a.png was not colorized" in caplog.text and "struct.error" in caplog.text  # where is for the log alone
