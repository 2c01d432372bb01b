"""Many photographs: which they are, where they go, what happens to the bad ones, and what is on record."""

import errno
import io
import json
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorgan.files import reading
from colorgan.serving import batch, photos, pipeline, report, video
from colorgan.serving import record as records
from colorgan.serving.photos import Settings

SETTINGS = Settings(work_size=16)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def colorize(painter, inputs, out, **options):
    said = []
    options = {"settings": SETTINGS, **options}
    status = batch.colorize_files(painter, inputs, out, say=said.append, **options)
    return status, "\n".join(said)


def said_of(count, out):
    """What is said where nothing special happened."""
    return f"{count} photographs colorized: {out}"


def files(root):
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def manifest(out):
    return json.loads((out / "manifest.json").read_text(encoding="utf-8"))


def test_results_of_an_earlier_call_are_no_inputs(folder, painter):
    out = folder / "colorized"
    for _ in range(2):
        assert colorize(painter, [folder], out, overwrite=True)[0] == 0
    assert files(out) == ["a.jpg", "b.PNG", "deep/a.jpg", "manifest.json"]


def test_structure_and_formats(folder, out, painter):
    assert colorize(painter, [folder], out) == (0, said_of(3, out))
    assert files(out) == ["a.jpg", "b.PNG", "deep/a.jpg", "manifest.json"]
    with Image.open(out / "deep" / "a.jpg") as image:
        assert image.format == "JPEG" and image.mode == "RGB" and image.size == (30, 20)
    colorize(painter, [folder], out / "tiff", settings=Settings(work_size=16, format="tiff"))
    assert files(out / "tiff") == ["a.tiff", "b.tiff", "deep/a.tiff", "manifest.json"]
    colorize(painter, [folder], out / "jpg", settings=Settings(work_size=16, format="jpg"))
    assert files(out / "jpg") == ["a.jpg", "b.jpg", "deep/a.jpg", "manifest.json"]


def test_a_kind_that_is_only_read_becomes_png(tmp_path, out, painter):
    Image.new("L", (9, 9)).save(tmp_path / "a.gif")
    assert colorize(painter, [tmp_path / "a.gif"], out)[0] == 0
    assert files(out) == ["a.png", "manifest.json"]


def test_of_two_inputs_with_one_output_the_first_is_colorized(folder, out, painter):
    status, said = colorize(painter, [folder / "deep" / "a.jpg", folder / "b.PNG", folder / "a.jpg"], out)
    assert status == 1 and files(out) == ["a.jpg", "b.PNG", "manifest.json"]
    clash = f"{folder / 'deep' / 'a.jpg'} and {folder / 'a.jpg'} would both become {out / 'a.jpg'}"
    assert said.startswith(f"2 photographs colorized: {out}\n1 not colorized:\n  {clash}")
    assert [one["input"] for one in manifest(out)["failed"]] == [str(folder / "a.jpg")]


def test_two_suffixes_that_become_one_are_told_apart(folder, out, painter):
    for name in ("a.bmp", "s.jpg", "s.PNG", "s.webp"):
        Image.new("L", (9, 9)).save(folder / name)
    for again in (False, True):  # then all of them exist
        status, said = colorize(painter, [folder], out, settings=Settings(work_size=16, format="png"))
        assert status == 0
        expected = ["a.jpg.png", "a.png", "b.PNG", "deep/a.png", "manifest.json", "s.PNG", "s.jpg.png", "s.webp.png"]
        assert files(out) == expected
        for name in ("a.jpg", "s.jpg", "s.webp"):
            note = f"{folder / name} becomes {out / name}.png, because another file has the shorter name"
            assert (note in said) is not again
    entries = {one["output"]: one["input"] for one in manifest(out)["photographs"]}
    assert entries["s.PNG"] == str(folder / "s.PNG")  # keeps its name, whatever else there is
    # Where the longer name is taken as well, this file alone is left out.
    Image.new("L", (9, 9)).save(folder / "s.jpg.png")
    status, said = colorize(painter, [folder], out / "b", settings=Settings(work_size=16, format="png"))
    assert status == 1 and said.count("would both become") == 1 and len(files(out / "b")) == 8


def test_an_original_is_never_written_over(folder, painter):
    before = (folder / "a.jpg").read_bytes()
    with pytest.raises(ValueError, match="would be written over"):
        colorize(painter, [folder], folder, overwrite=True)
    assert (folder / "a.jpg").read_bytes() == before


def test_outputs_that_exist_are_passed_over(folder, out, painter):
    (out / "deep").mkdir(parents=True)
    (out / "deep" / "a.jpg").write_bytes(b"mine")
    status, said = colorize(painter, [folder], out)
    assert status == 0 and "1 skipped, because it exists" in said
    assert [one["output"] for one in manifest(out)["photographs"]] == ["a.jpg", "b.PNG"]  # nothing is known of it
    assert (out / "deep" / "a.jpg").read_bytes() == b"mine"
    assert colorize(painter, [folder], out, overwrite=True) == (0, said_of(3, out))
    assert (out / "deep" / "a.jpg").read_bytes() != b"mine"


def test_outputs_made_in_another_way_are_said(folder, out, painter):
    stronger = Settings(work_size=16, saturation=1.3)
    colorize(painter, [folder], out)
    assert "3 skipped, because they exist (--overwrite replaces)" in colorize(painter, [folder], out)[1]
    said = colorize(painter, [folder], out, settings=stronger)[1]
    assert "3 skipped, because they exist, 3 of them made with other settings or weights (" in said
    assert "3 of them" in colorize(painter, [folder], out, weights_sha256="ab")[1]
    larger, worse = Settings(work_size=16, max_megapixels=400), Settings(work_size=16, quality=50)
    assert "of them" not in colorize(painter, [folder], out, settings=larger)[1]
    assert "2 of them" in colorize(painter, [folder], out, settings=worse)[1]  # the third is a PNG
    (out / "manifest.json").unlink()  # then nobody knows
    assert "of them" not in colorize(painter, [folder], out, settings=stronger)[1]


@pytest.mark.parametrize("name", ["here.png", "film.MP4"])
def test_an_output_that_looks_like_a_file_is_refused(folder, tmp_path, painter, name):
    with pytest.raises(ValueError, match="`--output` is a folder for results, but .* looks like a file"):
        colorize(painter, [folder], tmp_path / name)
    assert not (tmp_path / name).exists()
    (tmp_path / name).mkdir()  # whoever has such a folder means it
    assert colorize(painter, [folder], tmp_path / name)[0] == 0


def test_one_bad_file_does_not_stop_the_others(folder, out, painter):
    (folder / "c.png").write_bytes(b"")
    (folder / "d.jpg").write_bytes((folder / "a.jpg").read_bytes()[:300])
    Image.new("L", (300, 400)).save(folder / "e.png")
    status, said = colorize(painter, [folder], out, settings=Settings(work_size=16, max_megapixels=0.1))
    assert status == 1 and said.startswith(f"{said_of(3, out)}\n3 not colorized:")
    for name, reason in (("c.png", "empty"), ("d.jpg", "cannot be read"), ("e.png", "--max-megapixels 0.1")):
        assert sum(name in line and reason in line for line in said.splitlines()) == 1
        assert sum(name in one["input"] and reason in one["reason"] for one in manifest(out)["failed"]) == 1
    assert files(out) == ["a.jpg", "b.PNG", "deep/a.jpg", "manifest.json"]
    assert Image.MAX_IMAGE_PIXELS == 89478485  # Pillow's own guard is back


def test_an_output_that_cannot_be_written(folder, out, painter):
    out.write_bytes(b"a file")
    with pytest.raises(OSError, match="`--output`: cannot write to") as caught:
        colorize(painter, [folder], out)
    assert str(out) in str(caught.value) and not painter.batches


def test_one_output_that_cannot_be_written(folder, out, painter):
    out.mkdir()
    (out / "deep").write_bytes(b"a file where a folder should be")
    status, said = colorize(painter, [folder], out)
    assert status == 1 and f"{folder / 'deep' / 'a.jpg'}" in said
    assert files(out) == ["a.jpg", "b.PNG", "deep", "manifest.json"]


def test_the_manifest(folder, out, painter):
    colorize(painter, [folder / "deep"], out, weights_sha256="ab" * 32)
    (entry,) = manifest(out)["photographs"]
    assert entry.pop("seconds") > 0
    assert entry == {
        "input": str(folder / "deep" / "a.jpg"),
        "output": "a.jpg",
        "weights_sha256": "ab" * 32,
        "settings": {
            "work_size": 16,
            "saturation": 1.0,
            "flip_average": False,
            "side_by_side": False,
            "format": "",
            "quality": 92,
            "max_megapixels": 200,
            "provenance": True,
        },
    }
    # A later call adds to it.
    colorize(painter, [folder / "b.PNG"], out, weights_sha256="cd" * 32)
    assert [one["output"] for one in manifest(out)["photographs"]] == ["a.jpg", "b.PNG"]
    assert [one["weights_sha256"][:2] for one in manifest(out)["photographs"]] == ["ab", "cd"]


def test_a_manifest_of_somebody_else_stays(folder, out, painter):
    out.mkdir()
    (out / "manifest.json").write_text("[]")
    with pytest.raises(ValueError, match=r"manifest\.json is not a manifest of ours"):
        colorize(painter, [folder], out)
    assert (out / "manifest.json").read_text() == "[]" and not painter.batches


def test_side_by_side(folder, out, painter):
    colorize(painter, [folder / "b.PNG"], out, settings=Settings(work_size=16, side_by_side=True))
    with Image.open(out / "b.PNG") as image:
        array = np.asarray(image)
    assert array.shape == (20, 60, 3)
    assert (array[:, :30] == 100).all() and np.ptp(array[:, 30:].astype(int), axis=-1).max() > 20


def test_pictures_share_forward_passes(tmp_path, out, painter):
    for i in range(20):
        Image.new("L", (32, 16 if i % 5 else 48), 128).save(tmp_path / f"{i}.png")
    assert colorize(painter, [tmp_path], out) == (0, said_of(20, out))
    counts = {}
    for n, h, w, _ in painter.batches:
        assert n <= photos.BATCH
        counts[h, w] = counts.get((h, w), 0) + n
    assert counts == {(16, 32): 16, (24, 16): 4}
    assert len(painter.batches) < 20


def test_large_pictures_wait_for_each_other(tmp_path, out, painter, monkeypatch):
    monkeypatch.setattr(pipeline, "IN_FLIGHT_MEGAPIXELS", 0.001)  # room for one at a time
    for i in range(4):
        Image.new("L", (50, 40), 128).save(tmp_path / f"{i}.png")
    assert colorize(painter, [tmp_path], out) == (0, said_of(4, out))
    assert [shape[0] for shape in painter.batches] == [1, 1, 1, 1]


def test_an_interruption_leaves_whole_files_and_a_record(folder, out, painter, monkeypatch):
    monkeypatch.setattr(pipeline, "IN_FLIGHT", 1)
    predict, calls = painter.predict_small, []

    def interrupted(rgb, **options):
        calls.append(rgb)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return predict(rgb)

    monkeypatch.setattr(painter, "predict_small", interrupted)
    with pytest.raises(KeyboardInterrupt):
        colorize(painter, [folder], out)
    assert files(out) == ["a.jpg", "manifest.json"]
    assert [one["output"] for one in manifest(out)["photographs"]] == ["a.jpg"]


def test_notes_are_said(tmp_path, out, painter):
    pages = [Image.new("L", (9, 9)) for _ in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    status, said = colorize(painter, [tmp_path], out)
    assert (
        status == 0
        and said == f"{tmp_path / 'a.tif'}: only the first of its 3 pages is coloured\nColorized: {out / 'a.tif'}"
    )


def test_weights_that_predict_rgb_are_mentioned(folder, out, painter):
    painter.color_space = "rgb"
    assert "lightness is restored" in colorize(painter, [folder], out)[1]


def test_a_size_that_cannot_be_read_does_not_count(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    assert reading.megapixels(tmp_path / "a.png") == 0
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_missing_input_does_not_stop_the_others(tmp_path, painter):
    Image.new("L", (20, 16), 90).save(tmp_path / "ok.png")
    said = []
    inputs = [str(tmp_path / "gone.png"), str(tmp_path / "ok.png")]
    assert batch.colorize_files(painter, inputs, tmp_path / "out", settings=SETTINGS, say=said.append) == 1
    assert (tmp_path / "out" / "ok.png").exists()
    assert any("gone.png is not there" in text for text in said)
    assert [one["input"] for one in manifest(tmp_path / "out")["failed"]] == [inputs[0]]


def test_a_writer_that_raises_anything_stops_one_file_only(tmp_path, painter, monkeypatch):
    for name in ("a.png", "b.png"):
        Image.new("L", (20, 16), 90).save(tmp_path / name)
    finish = photos.finish

    def failing(photograph, ab, target, *args, **kwargs):
        if target.name == "a.png":
            raise struct.error("argument out of range")
        return finish(photograph, ab, target, *args, **kwargs)

    monkeypatch.setattr(photos, "finish", failing)
    assert batch.colorize_files(painter, [tmp_path], tmp_path / "out", settings=SETTINGS, say=str) == 1
    assert (tmp_path / "out" / "b.png").exists() and not (tmp_path / "out" / "a.png").exists()


@pytest.mark.parametrize("pattern", ["", "/**/*"])
def test_films_of_folders_and_globs_are_colorized(folder, out, painter, make_film, pattern):
    make_film(folder / "deep" / "a.mp4", [90] * 3, codec="mpeg4", even=True)
    (folder / "deep" / "b.mov").write_bytes(b"no film")
    make_film(folder / "clip.avi", [90] * 3, codec="mpeg4", even=True)
    status, said = colorize(painter, [f"{folder}{pattern}"], out, smoothing=0.25, weights_sha256="ab" * 32)
    assert status == 1 and "1 not colorized:" in said and "b.mov cannot be read as a film" in said
    assert files(out) == ["a.jpg", "b.PNG", "clip.avi", "deep/a.jpg", "deep/a.mp4", "manifest.json"]
    entries = {one["output"]: one for one in manifest(out)["photographs"]}
    assert sorted(entries) == ["a.jpg", "b.PNG", "clip.avi", "deep/a.jpg", "deep/a.mp4"]
    assert entries["deep/a.mp4"]["frames"] == 3 and entries["deep/a.mp4"]["settings"]["smoothing"] == 0.25
    assert {one["weights_sha256"] for one in entries.values()} == {"ab" * 32}
    assert [one["input"] for one in manifest(out)["failed"]] == [str(folder / "deep" / "b.mov")]


def test_a_folder_of_films_alone_and_a_missing_input(tmp_path, out, painter, make_film):
    make_film(tmp_path / "films" / "a.mp4", [90] * 3, codec="mpeg4", even=True)
    status, said = colorize(painter, [tmp_path / "gone.png", tmp_path / "films"], out)
    assert status == 1 and "gone.png is not there" in said and files(out) == ["a.mp4", "manifest.json"]
    made = (out / "a.mp4").read_bytes()
    status, said = colorize(painter, [tmp_path / "films"], out)
    assert status == 0 and said == "1 skipped, because it exists (--overwrite replaces)"
    assert (out / "a.mp4").read_bytes() == made
    twin = make_film(tmp_path / "other" / "a.mp4", [90] * 3, codec="mpeg4", even=True)
    status, said = colorize(painter, [tmp_path / "films", twin], out, overwrite=True)
    assert status == 1 and "would both become" in said and len(manifest(out)["photographs"]) == 1
    with pytest.raises(ValueError, match="would be written over"):
        colorize(painter, [twin], tmp_path / "other", overwrite=True)


def test_a_film_that_raises_anything_stops_no_other(tmp_path, out, painter, make_film, monkeypatch):
    for name in ("a.mp4", "b.mp4"):
        make_film(tmp_path / name, [90] * 3, codec="mpeg4")
    run = video.colorize_film

    def failing(colorizer, source, *rest, **options):
        if source.name == "a.mp4":
            raise struct.error("argument out of range")
        return run(colorizer, source, *rest, **options)

    monkeypatch.setattr(video, "colorize_film", failing)
    status, said = colorize(painter, [tmp_path / "a.mp4", tmp_path / "b.mp4"], out)
    assert status == 1 and said.endswith(f"1 not colorized:\n  {tmp_path / 'a.mp4'}: argument out of range")
    assert files(out) == ["b.mp4", "manifest.json"]


def test_a_forward_pass_that_fails_costs_its_pictures_alone(tmp_path, out, painter, monkeypatch):
    for i in range(3):
        Image.new("L", (32, 48 if i == 1 else 16), 128).save(tmp_path / f"{i}.png")
    predict = painter.predict_small

    def failing(rgb, **options):
        if rgb.shape[1] > 16:
            raise RuntimeError("out of memory\nwith a graph\nof many lines")
        return predict(rgb)

    monkeypatch.setattr(painter, "predict_small", failing)
    status, said = colorize(painter, [tmp_path], out)
    assert status == 1 and files(out) == ["0.png", "2.png", "manifest.json"]
    reason = f"{tmp_path / '1.png'}: the network failed: out of memory"
    assert said == f"2 photographs colorized: {out}\n1 not colorized:\n  {reason}"
    assert [one["input"] for one in manifest(out)["failed"]] == [str(tmp_path / "1.png")]


def test_names_as_long_as_names_can_be(tmp_path, out, painter):
    longest, short = tmp_path / ("n" * 251 + ".png"), tmp_path / "a.png"
    for path in (longest, short):
        Image.new("L", (9, 9)).save(path)
    assert colorize(painter, [longest], out)[0] == 0
    assert files(out) == ["manifest.json", longest.name]
    # A byte longer than file systems take: this file alone is not written.
    status, said = colorize(painter, [longest, short], out / "tiff", settings=Settings(work_size=16, format="tiff"))
    assert status == 1 and "too long" in said and files(out / "tiff") == ["a.tiff", "manifest.json"]


def test_exif_data_too_long_for_jpeg_does_not_stop_the_picture(tmp_path, out, painter):
    exif = Image.Exif()
    exif[271], exif[0x8769] = "Maker", {0x9003: "1931:05:04 12:00:00", 0x927C: bytes(70000)}
    Image.new("L", (9, 9)).save(tmp_path / "a.png", exif=exif)
    status, said = colorize(painter, [tmp_path / "a.png"], out, settings=Settings(work_size=16, format="jpg"))
    assert (status, said) == (
        0,
        f"{tmp_path / 'a.png'}: the camera's notes in its EXIF data are too long for JPEG and left out\n"
        f"Colorized: {out / 'a.jpg'}",
    )
    kept = reading.read(out / "a.jpg").metadata.exif
    assert kept[271] == "Maker" and kept[0x8769] == {0x9003: "1931:05:04 12:00:00"}


@pytest.mark.slow
def test_a_batch_that_is_killed_goes_on(tmp_path):
    """120 files, 5 moments, by path and by URL; the numbers are those of a batch that was not."""
    words = [Path(__file__).with_name("killed.py"), tmp_path / "killed", "120", "5"]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=300)
    for line in done.stdout.splitlines()[-2:]:
        found = json.loads(line)
        assert found.pop("recorded_by_a_later_call") <= 120
        assert found == {
            "kills": 5,
            "status": 0,
            "outputs": 120,
            "broken": 0,
            "made_again": 0,
            "each_recorded_once": True,
            "failed": 0,
            "left_behind": 0,
        }, done.stderr[-4000:]


def test_calls_at_the_same_time_share_the_work(tmp_path, out, painter, monkeypatch):
    for i in range(40):
        Image.new("L", (9, 9), i).save(tmp_path / f"{i}.png")
    finish, written, statuses = photos.finish, [], []

    def noted(photograph, ab, target, *args, **kwargs):
        written.append(target.name)
        finish(photograph, ab, target, *args, **kwargs)

    monkeypatch.setattr(photos, "finish", noted)
    # One colorizer is shared, and so is Pillow's limit, which is the same for all. None goes on before all have begun.
    monkeypatch.setattr(pipeline, "IN_FLIGHT", 4)
    all_there, predict, there = threading.Barrier(3), painter.predict_small, set()

    def waiting(rgb, **options):
        if threading.get_ident() not in there:
            there.add(threading.get_ident())
            all_there.wait(60)
        return predict(rgb, **options)

    painter.predict_small = waiting
    for overwrite in (False, True):
        there.clear()

        def call(overwrite=overwrite):
            statuses.append(colorize(painter, [tmp_path / "*.png"], out, overwrite=overwrite)[0])

        calls = [threading.Thread(target=call) for _ in range(3)]
        for one in calls:
            one.start()
        for one in calls:
            one.join(120)
    assert statuses == [0] * 6 and sorted(written) == sorted(2 * [f"{i}.png" for i in range(40)])
    assert len(manifest(out)["photographs"]) == 40 and not list(out.glob(".*"))


def test_what_a_killed_call_had_in_hand_is_done_by_another(tmp_path, out, painter):
    """It is killed while this one runs: its claim is met alive, and free when all else is done."""
    for name in ("a.png", "b.png"):
        Image.new("L", (9, 9)).save(tmp_path / name)
    code = "import sys, pathlib\nfrom colorgan.serving import record\nout = pathlib.Path(sys.argv[1])\n"
    code += "held = record.Record(out)\nheld.claim('b.png', [out / 'b.png'], {'output': 'b.png'})\nprint(flush=True)\n"
    other = subprocess.Popen([sys.executable, "-c", code + "input()", out], stdin=-1, stdout=-1, text=True)
    with other:
        other.stdout.readline()
        assert colorize(painter, [tmp_path], out) == (
            0,
            f"Colorized: {out / 'a.png'}\n1 left to other calls that write into {out} at the same time",
        )
        predict = painter.predict_small
        painter.predict_small = lambda *args, **kwargs: (other.kill(), other.wait(), predict(*args, **kwargs))[-1]
        assert colorize(painter, [tmp_path], out, overwrite=True) == (0, said_of(2, out))
    assert files(out) == ["a.png", "b.png", "manifest.json"] and len(manifest(out)["photographs"]) == 2


def test_told_to_stop_it_ends_with_what_is_in_hand(tmp_path, out, painter, monkeypatch, make_film):
    monkeypatch.setattr(pipeline, "IN_FLIGHT", 2)
    for i in range(6):
        Image.new("L", (9, 9), i).save(tmp_path / f"{i}.png")
    make_film(tmp_path / "film.mp4", [90] * 3)
    status, said = colorize(painter, [tmp_path], out, stop=lambda: bool(painter.batches))
    made = len(manifest(out)["photographs"])
    assert status == batch.STOPPED and 0 < made < 6 and not (out / "film.mp4").exists()
    assert said == f"{made} photographs colorized: {out}\nStopped. {7 - made} files left. The same command continues."
    assert colorize(painter, [tmp_path], out)[0] == batch.DONE and len(manifest(out)["photographs"]) == 7
    assert colorize(painter, [tmp_path], out, stop=lambda: False)[0] == batch.DONE


def test_a_full_disk(folder, out, painter, monkeypatch):
    """What was made, what was not and why, and that the manifest was not written; with room, the call goes on."""
    for i in range(3):
        Image.new("L", (9, 9), i).save(folder / f"z{i}.png")
    monkeypatch.setattr(pipeline, "IN_FLIGHT", 1)
    finish, write, full = photos.finish, batch.manifest.write, OSError(errno.ENOSPC, "No space left on device")

    def failing(photograph, ab, target, *args, **kwargs):
        if target.name == "b.PNG":
            raise full
        return finish(photograph, ab, target, *args, **kwargs)

    def no_manifest(*args):
        raise full

    monkeypatch.setattr(photos, "finish", failing)
    monkeypatch.setattr(batch.manifest, "write", no_manifest)
    status, said = colorize(painter, [folder], out)
    assert status == 1 and sorted(path.name for path in out.iterdir()) == [".colorgan", "a.jpg", "z0.png"]
    reason = f"{folder / 'b.PNG'}: [Errno 28] No space left on device"
    assert said == "\n  ".join(
        [
            f"2 photographs colorized: {out}\n1 not colorized:",
            f"{reason}\n3 not begun, because the call ended early ({reason}):",
            *(str(folder / f"z{i}.png") for i in (1, 2)),
            f"{folder / 'deep' / 'a.jpg'}\n{out / 'manifest.json'} could not be written ([Errno 28] No space left on "
            "device). The same command writes it later. Made by this call:",
            str(out / "a.jpg"),
            str(out / "z0.png"),
        ]
    )
    monkeypatch.setattr(photos, "finish", finish)
    monkeypatch.setattr(batch.manifest, "write", write)
    assert colorize(painter, [folder], out)[0] == 0
    assert len(manifest(out)["photographs"]) == 6 and not manifest(out)["failed"] and not list(out.glob(".*"))


def test_a_job_is_made_whole_or_not_at_all(tmp_path, out, painter, monkeypatch):
    """A disk that is full when a variant is written: the picture itself would be passed over ever after."""
    target, beside = out / "a.png", out / "a-variant-2.png"
    job = pipeline.Job(tmp_path / "a.png", target, variants={beside: None})

    def finish(photograph, ab, path, *args, **kwargs):
        if path == beside:
            raise OSError(errno.ENOSPC, "No space left on device")
        path.write_bytes(b"made")

    out.mkdir()
    monkeypatch.setattr(photos, "finish", finish)
    with pytest.raises(OSError, match="No space"):
        pipeline._write(job, SETTINGS, 1)
    assert files(out) == []


def test_names_that_are_no_utf8(tmp_path, out, painter):
    name = os.fsdecode(b"caf\xe9.png")
    for one in ("a.png", name):
        Image.new("L", (9, 9)).save(tmp_path / one)
    with io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace") as shown:
        status = batch.colorize_files(
            painter, [tmp_path / name], out, settings=SETTINGS, say=lambda text: print(text, file=shown)
        )
        shown.flush()
        assert shown.buffer.getvalue().decode().endswith("caf\\udce9.png\n")
    assert status == 0 and colorize(painter, [tmp_path], out)[0] == 0
    assert sorted(os.listdir(out)) == ["a.png", name, "manifest.json"]
    assert b'"output": "caf\\udce9.png"' in (out / "manifest.json").read_bytes()
    assert [one["output"] for one in manifest(out)["photographs"]] == ["a.png", name]


def test_programs_are_told_in_json(folder, out, painter, monkeypatch):
    monkeypatch.setattr(report, "EVERY", 0)
    (folder / "c.png").write_bytes(b"")
    (folder / "layers").write_bytes(b"8BPS\0\1")
    said = []
    batch.colorize_files(painter, [folder], out, settings=SETTINGS, say=said.append, log_format="json")
    events = [json.loads(text) for text in said]
    made = {(one["input"], one["output"]) for one in events if one["event"] == "made"}
    assert made == {(str(folder / name), str(out / name)) for name in ("a.jpg", "b.PNG", "deep/a.jpg")}
    (failed,) = [one for one in events if one["event"] == "failed"]
    assert failed["input"] == str(folder / "c.png") and "empty" in failed["reason"]
    assert any(one["event"] == "passed_over" and "layers (Photoshop)" in one["text"] for one in events)
    assert events[-1]["event"] == "end" and events[-1].items() >= {"status": 1, "made": 3, "failed": 1}.items()
    assert any(one["event"] == "progress" for one in events)


def test_progress_goes_on_within_a_film(tmp_path, out, painter, make_film, monkeypatch):
    monkeypatch.setattr(report, "EVERY", 0)
    make_film(tmp_path / "a.mp4", [90] * 20)
    said = []
    batch.colorize_files(painter, [tmp_path], out, settings=SETTINGS, say=said.append, log_format="json")
    events = [json.loads(text)["event"] for text in said]
    assert events.index("progress") < events.index("film")


def test_progress_without_a_terminal(monkeypatch):
    """By hand: 20 s for 8 files made, of 100 of which 40 exist; 52 are left, at 0.4 a second."""
    now = [0.0]
    monkeypatch.setattr(report.time, "monotonic", lambda: now[0])
    for as_json in (False, True):
        now[0], said = 0.0, []
        with report.Report(said.append, total=lambda: 100, as_json=as_json) as told:
            for _ in range(40):
                told.add("existing")
            for _ in range(8):
                now[0] += 2.5
                told.add("made", "a.png")
            assert said == []
            now[0] += 20
            told.tick()
            told.tick()  # not again at once
        (text,) = said
        if not as_json:
            assert text == "48 of 100 files: 8 colorized, 0.2 a second, 4 min 20 s left"
        else:
            expected = {"event": "progress", "total": 100, "made": 8, "existing": 40, "seconds_left": 260}
            assert json.loads(text).items() >= expected.items()
    assert [report.duration(seconds) for seconds in (59.4, 61, 11100)] == ["59 s", "1 min 01 s", "3 h 05 min"]


def test_a_folder_that_another_call_keeps_busy_is_named(folder, out, painter, monkeypatch):
    monkeypatch.setattr(records, "LOCK_SECONDS", 0)
    held = records.Record(out)
    with held._alone(), pytest.raises(OSError, match=r"\.colorgan.lock is held: another call has been writing"):
        colorize(painter, [folder], out)
    held.close()
    assert files(out) == ["manifest.json"] and not painter.batches


def test_a_manifest_of_an_earlier_version_goes_on(folder, out, painter):
    entry = {"output": "z.png", "input": "z.png", "settings": {}}
    out.mkdir()
    (out / "manifest.json").write_text(json.dumps({"photographs": [entry], "failed": [{"input": "x"}]}, indent=1))
    assert colorize(painter, [folder / "b.PNG"], out)[0] == 0
    made = manifest(out)
    assert [one["output"] for one in made["photographs"]] == ["b.PNG", "z.png"] and made["photographs"][1] == entry
    assert made["failed"] == []


def test_a_film_is_told_by_what_it_holds(tmp_path, out, painter, make_film):
    make_film(tmp_path / "a.mp4", [90] * 3).rename(tmp_path / "a.bin")
    assert colorize(painter, [tmp_path / "a.bin"], out)[0] == 0
    assert files(out) == ["a.mkv", "manifest.json"]


def test_a_film_that_is_stopped_goes_on(tmp_path, out, painter, make_film):
    make_film(tmp_path / "a.mp4", [90] * 20)
    status, said = colorize(painter, [tmp_path], out, stop=lambda: bool(painter.batches))
    assert status == batch.STOPPED and said == "Stopped. 1 file left. The same command continues."
    assert not (out / "a.mp4").exists() and manifest(out)["photographs"] == []
    assert colorize(painter, [tmp_path], out)[0] == 0
    assert [one["frames"] for one in manifest(out)["photographs"]] == [20] and files(out) == ["a.mp4", "manifest.json"]


def test_a_film_made_in_another_way_is_said(tmp_path, out, painter, make_film):
    make_film(tmp_path / "a.mkv", [90] * 3)
    colorize(painter, [tmp_path], out)
    assert "of them" not in colorize(painter, [tmp_path], out, settings=Settings(work_size=16, quality=50))[1]
    for other in ({"smoothing": 0.5}, {"film_codec": "ffv1"}, {"film_quality": 30}):
        assert "1 of them made with other settings" in colorize(painter, [tmp_path], out, **other)[1]


def test_all_notes_on_a_film_are_on_record(tmp_path, out, painter, make_film):
    for name in ("a.mkv", "b.mkv"):
        make_film(tmp_path / name, [90] * 3)
    (tmp_path / "b.mkv").rename(tmp_path / "a.mpv")  # of a kind that is only read
    colorize(painter, [tmp_path], out, film_codec="ffv1", film_quality=20)
    notes = {one["output"]: one["notes"] for one in manifest(out)["photographs"]}
    assert notes["a.mkv"] == ["--film-quality has no meaning for its codec"]
    assert notes["a.mpv.mkv"] == [
        f"{tmp_path / 'a.mpv'} becomes {out / 'a.mpv.mkv'}, because another file has the shorter name",
        *notes["a.mkv"],
    ]


def test_a_disk_that_is_full_in_a_film_ends_the_call(tmp_path, out, painter, make_film, monkeypatch):
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        make_film(tmp_path / name, [90] * 3)
    assert colorize(painter, [tmp_path / "c.mp4"], out)[0] == 0

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(video.Segments, "keep", full)
    status, said = colorize(painter, [tmp_path], out)
    assert status == 1 and "1 not colorized:" in said
    reason = f"{tmp_path / 'a.mp4'}: {out / 'a.mp4'} cannot be written (No space left on device)"
    assert said.endswith(f"1 not begun, because the call ended early ({reason}):\n  {tmp_path / 'b.mp4'}")
