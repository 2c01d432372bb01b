import io
import os

import numpy as np
import pytest
from PIL import Image, ImageOps

from colorgan.datasets import files, sources


def saved(image, format="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    buffer.seek(0)
    return buffer


def decoded(image, size=(4, 4), **options):
    return files.decode(saved(image, **options), height=size[0], width=size[1])


def test_undefined_brightness_is_unreadable():
    with pytest.raises(sources.Unreadable, match="floating-point pixels"):
        decoded(Image.new("F", (4, 4), 0.5), format="TIFF")
    with pytest.raises(sources.Unreadable, match="int32"):
        decoded(Image.new("I", (4, 4), 70000), format="TIFF")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("size", "format"), [((12, 16), "PNG"), ((6, 6), "WEBP"), ((10, 5), "TIFF")])
def test_orientation_is_applied(tmp_path, orientation, size, format):
    # No blacks and whites: Lanczos overshoots there, and what is cut off between its two passes depends on their order.
    rgb = np.random.RandomState(0).randint(64, 192, (24, 40, 3)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = saved(Image.fromarray(rgb).convert("L" if format == "TIFF" else "RGB"), format, exif=exif)
    (tmp_path / "a").write_bytes(content.getvalue())
    upright = ImageOps.exif_transpose(Image.open(content)).convert("RGB")
    expected = files.fit(upright, height=size[0], width=size[1])
    difference = np.asarray(expected).astype(int) - files.decode(tmp_path / "a", height=size[0], width=size[1])
    assert abs(difference).max() <= 1  # these margins are even: elsewhere the window may lie a pixel off


def test_fit_covers_and_cuts_the_middle():
    rgb = np.zeros((4, 12, 3), np.uint8)
    rgb[:, 4:8] = 200
    assert (np.asarray(files.fit(Image.fromarray(rgb), height=4, width=4)) == 200).all()
    assert (np.asarray(files.fit(Image.fromarray(rgb.transpose(1, 0, 2).copy()), height=4, width=4)) == 200).all()
    assert np.asarray(files.fit(Image.fromarray(rgb), height=8, width=2)).shape == (8, 2, 3)
    one = np.random.RandomState(0).randint(0, 256, (8, 8, 3)).astype(np.uint8)
    assert (np.asarray(files.fit(Image.fromarray(one), height=8, width=8)) == one).all()
    wide = np.random.RandomState(0).randint(0, 256, (8, 13, 3)).astype(np.uint8)  # an odd margin is not interpolated
    assert (np.asarray(files.fit(Image.fromarray(wide), height=8, width=8)) == wide[:, 2:10]).all()
    assert np.asarray(files.fit(Image.fromarray(one[:1, :1]), height=5, width=7)).shape == (5, 7, 3)


def test_large_jpeg_is_reduced_to_the_same_picture():
    y, x = np.mgrid[:800, :1200]
    rgb = np.stack([x / 5, y / 4, (x + y) / 8], axis=-1).astype(np.uint8)
    result = decoded(Image.fromarray(rgb), (32, 32), format="JPEG", quality=95)
    expected = np.asarray(Image.fromarray(rgb).crop((200, 0, 1000, 800)).resize((32, 32), Image.Resampling.BOX))
    assert abs(result.astype(int) - expected).max() <= 4


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "TIFF"])
def test_truncated_files_are_unreadable(format):
    rgb = np.random.RandomState(0).randint(0, 256, (64, 64, 3)).astype(np.uint8)
    content = saved(Image.fromarray(rgb), format).getvalue()
    files.decode(io.BytesIO(content), height=8, width=8)
    with pytest.raises(sources.Unreadable):
        files.decode(io.BytesIO(content[: len(content) // 2]), height=8, width=8)


def test_bombs_and_nonsense_are_unreadable(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(sources.Unreadable, match="too large .*at most 2e-05 megapixels"):
        decoded(Image.new("RGB", (5, 5)))
    for content in (b"", b"GIF", b"%!PS-Adobe-3.0 EPSF-3.0\n"):
        with pytest.raises(sources.Unreadable, match="not an image"):
            files.decode(io.BytesIO(content), height=4, width=4)


def test_listing_is_mixed_and_stable(folder):
    root = folder(12, subfolder="a")
    folder(12, subfolder="b")
    (root / "c.JPeG").write_bytes(b"")
    (root / "notes.txt").write_bytes(b"")
    found, folders = files.listing(root)
    assert sorted(found) == [*(f"a/a{i:03}.png" for i in range(12)), *(f"b/b{i:03}.png" for i in range(12)), "c.JPeG"]
    assert set(folders) == {"", "a", "b"}
    assert {path[0] for path in found[:8]} >= {"a", "b"}
    os.remove(root / found[3])
    assert files.listing(root)[0] == found[:3] + found[4:]


def test_labels_are_folders():
    labels, names = files.folder_labels(["b/1.png", "a/x/2.png", "3.png", "b/4.png"])
    assert names == ("a/x", "b") and labels.tolist() == [1, 0, -1, 1]
