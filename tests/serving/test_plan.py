"""Which files are found, and what they become; what happens to them is test_batch.py's."""

from pathlib import Path

import pytest
from PIL import Image

from colorgan.serving import plan


def test_files_folders_and_globs(folder):
    found = [below.as_posix() for _, below in plan.find([folder])[0]]
    assert found == ["a.jpg", "b.PNG", "deep/a.jpg"]
    found = [below.as_posix() for _, below in plan.find([folder / "deep", folder / "b.PNG"])[0]]
    assert found == ["a.jpg", "b.PNG"]
    assert [below.as_posix() for _, below in plan.find([f"{folder}/**/*.jpg"])[0]] == ["a.jpg", "deep/a.jpg"]
    assert [below.as_posix() for _, below in plan.find([f"{folder}/d*"])[0]] == ["deep/a.jpg"]
    assert len(plan.find([folder, folder / "a.jpg"])[0]) == 3  # each file once


def test_hidden_folders_are_passed_over_and_links_followed(folder, tmp_path):
    for name in (".thumbnails", "elsewhere"):
        (tmp_path / name).mkdir()
        Image.new("L", (9, 9)).save(tmp_path / name / "c.png")
    (tmp_path / ".thumbnails").rename(folder / ".thumbnails")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "gone.png").symlink_to(tmp_path / "nothing.png")
    found = [below.as_posix() for _, below in plan.find([folder])[0]]
    assert found == ["a.jpg", "b.PNG", "deep/a.jpg", "link/c.png"]


def test_names_that_look_like_patterns(tmp_path):
    Image.new("L", (9, 9)).save(tmp_path / "a[1].png")
    assert plan.find([tmp_path / "a[1].png"]) == ([(tmp_path / "a[1].png", Path("a[1].png"))], {})


def test_inputs_that_are_not_there(tmp_path):
    (tmp_path / "empty").mkdir()
    for given, reason in (("none", "is not there"), ("empty", "holds no photograph"), ("*.jpg", "holds no photograph")):
        with pytest.raises(FileNotFoundError, match=reason) as caught:
            plan.find([tmp_path / given])
        assert str(tmp_path / given) in str(caught.value)
