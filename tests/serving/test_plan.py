"""Which files become which; what happens to them is test_batch.py's."""

import unicodedata

import pytest
from PIL import Image

from colorgan.serving import plan
from colorgan.serving.photos import Settings

PLAIN, PNG = Settings(work_size=16), Settings(work_size=16, format="png")


def planned(inputs, output, settings=PLAIN, **options):
    """-> {place of the output: problem}."""
    return {job.name: job.problem for job in plan.Plan(inputs, output, settings, **options)}


def test_a_file_comes_once_and_a_link_is_a_file_of_its_own(folder, tmp_path):
    (folder / "deep" / "twin.jpg").symlink_to(folder / "a.jpg")
    for inputs in ([folder, folder / "a.jpg"], [folder, folder / "deep"], [folder, f"{folder}/**/*.jpg"]):
        assert sorted(planned(inputs, tmp_path / "out")) == ["a.jpg", "b.PNG", "deep/a.jpg", "deep/twin.jpg"]


def test_names_that_a_file_system_may_hold_for_one(tmp_path):
    (tmp_path / "in").mkdir()
    composed, decomposed = (unicodedata.normalize(form, "caf\xe9.png") for form in ("NFC", "NFD"))
    for name in (composed, decomposed, "a.png", "A.png", "b.png"):
        (tmp_path / "in" / name).write_bytes(b"")
    jobs = list(plan.Plan([tmp_path / "in"], tmp_path / "out", PLAIN))
    refused = [job for job in jobs if job.problem]
    assert len(jobs) == 5 and len(refused) == 2 and all("would both become" in job.problem for job in refused)


def test_shares_have_each_file_once(tmp_path):
    for i in range(60):
        path = tmp_path / "in" / str(i % 3) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    shares = [planned([tmp_path / "in"], tmp_path / "out", shard=(i, 4)) for i in (1, 2, 3, 4)]
    assert all(len(share) > 5 for share in shares)
    assert sorted(name for share in shares for name in share) == sorted(planned([tmp_path / "in"], tmp_path / "out"))
    # A file is in the same share wherever the folder lies.
    (tmp_path / "in").rename(tmp_path / "moved")
    assert planned([tmp_path / "moved"], tmp_path / "out", shard=(2, 4)) == shares[1]


def test_what_is_made_while_the_folders_are_read_is_no_input(tmp_path):
    """What x/a/a/z/c.bmp becomes in x lies in x/a/z, which is read later."""
    for name in ("x/a/a/z/c.bmp", "x/a/z/d.bmp"):
        (tmp_path / name).parent.mkdir(parents=True)
        Image.new("L", (9, 9)).save(tmp_path / name)
    names = []
    for job in plan.Plan([tmp_path / "x" / "a"], tmp_path / "x", PNG):
        names.append(job.name)
        job.target.parent.mkdir(exist_ok=True)
        job.target.write_bytes(b"made")
    assert names == ["a/z/c.png", "z/d.png"] and (tmp_path / "x" / "a" / "z" / "c.png").exists()


def test_a_name_without_a_suffix_is_nobody_else_s(tmp_path):
    Image.new("L", (9, 9)).save(tmp_path / "scan", "PNG")
    (job,) = plan.Plan([tmp_path / "scan"], tmp_path / "out", PLAIN)
    assert (job.name, job.notes) == ("scan.png", [])


def test_inputs_that_are_not_there(tmp_path):
    (tmp_path / "empty").mkdir()
    for given, reason in (("none", "is not there"), ("empty", "holds no photograph"), ("*.jpg", "holds no photograph")):
        with pytest.raises(FileNotFoundError, match=reason) as caught:
            plan.Plan([tmp_path / given], tmp_path / "out", PLAIN)
        assert str(tmp_path / given) in str(caught.value)
    Image.new("L", (9, 9)).save(tmp_path / "empty" / "scan", "PNG")
    with pytest.raises(FileNotFoundError, match=r"holds no photograph .*; 1 skipped, .*scan \(PNG\)"):
        plan.Plan([tmp_path / "empty"], tmp_path / "out", PLAIN)
