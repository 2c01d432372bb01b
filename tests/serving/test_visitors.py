"""What is kept of a photograph for a while, and what visitors are told."""

import asyncio
import struct

import pytest
from PIL import Image
from starlette.exceptions import HTTPException

from colorgan.serving import photos
from colorgan.serving.photos import Settings
from colorgan.serving.visitors import Kept, Order, Visitors

SETTINGS = Settings(work_size=16)


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
        asyncio.run(shared.colorize(tmp_path / "a.png", Order()))
    assert refused.value.status_code == 422
    assert "was not colorized" in caplog.text and "struct.error" in caplog.text  # where is for the log alone
