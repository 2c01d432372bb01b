"""Suffixes, by themselves and beside what reads and writes such files."""

from pathlib import Path

import pytest

from colorgan.files import suffixes, writing


@pytest.mark.parametrize("name", ["a.jpg", "b/a.b.JPeG", Path("a.TIF"), ".x.png"])
def test_pictures(name):
    assert suffixes.is_picture(name) and not suffixes.is_film(name)


@pytest.mark.parametrize("name", ["a.MP4", Path("a.jpg.mov")])
def test_films(name):
    assert suffixes.is_film(name) and not suffixes.is_picture(name)


@pytest.mark.parametrize("name", ["a", "jpg", ".jpg", "a.psd", "a.jpg/b", "a.jpg "])
def test_neither(name):
    assert not suffixes.is_picture(name) and not suffixes.is_film(name)


def test_what_is_written_has_a_writer_and_can_be_read():
    assert set(writing._WRITERS) == set(suffixes.WRITTEN) <= set(suffixes.PICTURES)
    assert {suffix for spellings in suffixes.FORMATS.values() for suffix in spellings} <= set(suffixes.WRITTEN)
