"""Which files are found below folders, by patterns and by name; what is passed over is named."""

import pytest
from PIL import Image

from colorgan.files import kinds
from colorgan.serving import found


def places(*inputs, **options):
    """-> the places below what was given of all that is found."""
    groups = found.groups(inputs, **options)
    return [group.place(name)[1].as_posix() for group in groups for name in group.names]


def test_files_folders_and_patterns(folder):
    assert places(folder) == ["a.jpg", "b.PNG", "deep/a.jpg"]
    assert places(folder / "deep", folder / "b.PNG") == ["a.jpg", "b.PNG"]
    assert places(f"{folder}/**/*.jpg") == ["a.jpg", "deep/a.jpg"]
    assert places(f"{folder}/d*") == ["deep/a.jpg"]
    # What lies in a folder that matches comes once, though it matches as well.
    assert sorted(places(f"{folder}/**/*")) == sorted(places(f"{folder}/**")) == ["a.jpg", "b.PNG", "deep/a.jpg"]
    assert places(folder / "notes.txt") == ["notes.txt"]  # given by name


def test_hidden_folders_are_passed_over_and_links_followed(folder, tmp_path):
    for name in (".thumbnails", "elsewhere"):
        (tmp_path / name).mkdir()
        Image.new("L", (9, 9)).save(tmp_path / name / "c.png")
    (tmp_path / ".thumbnails").rename(folder / ".thumbnails")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "gone.png").symlink_to(tmp_path / "nothing.png")
    assert places(folder) == ["a.jpg", "b.PNG", "deep/a.jpg", "link/c.png"]


def test_results_are_passed_over_only_where_they_lie_below_the_input(folder, tmp_path):
    names = ["a.jpg", "b.PNG", "deep/a.jpg"]
    for without in (folder.parent, folder.parent.parent, folder, tmp_path / "beside"):
        assert places(folder, without=without) == names
    assert places(folder, without=folder / "deep") == places(f"{folder}/*", without=folder / "deep") == names[:2]


def test_names_that_look_like_patterns(tmp_path):
    (tmp_path / "a[1]").mkdir()
    Image.new("L", (9, 9)).save(tmp_path / "a[1]" / "a[2].png")
    assert places(tmp_path / "a[1]" / "a[2].png") == places(tmp_path / "a[1]") == ["a[2].png"]


def test_what_a_name_hides_is_named(tmp_path):
    """First bytes as in the tests of `files.kinds`."""
    Image.new("L", (9, 9)).save(tmp_path / "scan", "PNG")
    (tmp_path / "film.bin").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(40))
    (tmp_path / "layers.psd").write_bytes(b"8BPS\0\1" + bytes(40))
    (tmp_path / "notes.txt").write_text("P is for photograph")
    (tmp_path / "program.ts").write_text("export const films = 0;")  # not as a film, for all its suffix
    (group,) = found.groups([tmp_path])
    assert group.names == []
    passed_over = found.PassedOver()
    passed_over.look(group)
    assert str(passed_over) == (
        f"3 skipped, because their names do not tell what they are: {tmp_path / 'film.bin'} (Matroska or WebM), "
        f"{tmp_path / 'layers.psd'} (Photoshop), {tmp_path / 'scan'} (PNG). Give such a file by name, or a suffix that "
        "says what it is. Photoshop: convert to TIFF or PNG first."
    )
    assert kinds.is_film(tmp_path / "film.bin") and not kinds.is_film(tmp_path / "scan")
    for _ in range(4):
        passed_over.look(group)
    assert str(passed_over).startswith("15 skipped") and " and 5 more." in str(passed_over)


@pytest.mark.parametrize("name", ["a.tiff", "a.MKV"])
def test_a_known_suffix_is_believed(name, tmp_path):
    (tmp_path / name).write_bytes(b"")  # what is broken is said when it is read
    assert places(tmp_path) == [name]
