"""Photographs of every mode become the RGB they look like; a bad one is an error of its own."""

import numpy as np
import pytest
from PIL import Image

from colorgan.models import color
from colorgan.models.colorizer import Colorizer
from colorgan.serving import photos


@pytest.fixture
def colorizer():
    """Paints everything in one colour: a = 20, b = -10 where that is in gamut."""

    def predict(gray):
        return np.stack([np.full(gray.shape[:3], 20 / 110), np.full(gray.shape[:3], -10 / 110)], axis=-1)

    return Colorizer(predict, color_space="lab", ab_scale=110.0)


RAMP = np.linspace(0, 255, 64).astype(np.uint8)[None].repeat(8, axis=0)


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(RAMP),
        Image.fromarray(RAMP).convert("RGB"),
        Image.fromarray(RAMP.astype(np.uint16) * 257),  # I;16: 65535 is white, as 255 is
        Image.merge("LA", [Image.fromarray(RAMP), Image.new("L", (64, 8), 255)]),
        Image.fromarray(RAMP).convert("P"),
    ],
    ids=["L", "RGB", "I;16", "LA", "P"],
)
def test_modes(image, tmp_path):
    image.save(tmp_path / "a.png")
    rgb = photos.read(tmp_path / "a.png")
    np.testing.assert_allclose(rgb.astype(int), RAMP[..., None].repeat(3, -1), atol=1)


def test_transparency_lies_on_white(tmp_path):
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "a.png")
    assert (photos.read(tmp_path / "a.png") == 255).all()


def test_exif_orientation(tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # a quarter turn clockwise
    Image.new("L", (8, 4)).save(tmp_path / "a.jpg", exif=exif)
    assert photos.read(tmp_path / "a.jpg").shape == (8, 4, 3)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_bad_files(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(OSError):
        photos.read(tmp_path / "a.png")


def test_a_decompression_bomb_does_not_stop_the_others(tmp_path, colorizer, monkeypatch, capsys):
    Image.new("L", (90, 90)).save(tmp_path / "bomb.png")
    Image.new("L", (9, 9), 128).save(tmp_path / "fine.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    status = photos.colorize_files(colorizer, [tmp_path], tmp_path / "out", work_size=(8, 8))
    assert status == 1 and "DecompressionBomb" in capsys.readouterr().out
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["fine.png"]


def test_lightness_is_the_inputs_at_full_size(colorizer):
    rgb = np.random.RandomState(0).randint(40, 200, (45, 70, 1)).astype(np.uint8).repeat(3, -1)
    result = photos.colorize(colorizer, rgb, work_size=(16, 16))
    lab = [np.asarray(color.rgb_to_lab(x.astype(np.float32) / 255)) for x in (rgb, result)]
    assert result.shape == rgb.shape
    assert np.abs(lab[0][..., 0] - lab[1][..., 0]).max() < 0.5  # a step of 8 bits
    assert np.abs(lab[1][..., 1:] - (20, -10)).max() < 2


def test_same_stems_do_not_meet_and_nothing_is_overwritten(tmp_path, colorizer, capsys):
    for name in ("a.jpg", "a.png"):
        Image.new("L", (9, 9), 128).save(tmp_path / name)
    out = tmp_path / "out"
    assert photos.colorize_files(colorizer, [tmp_path / "a.jpg", tmp_path / "a.png"], out, work_size=(8, 8)) == 0
    assert sorted(p.name for p in out.iterdir()) == ["a.jpg.png", "a.png.png"]
    assert photos.colorize_files(colorizer, [tmp_path / "a.jpg", tmp_path / "a.png"], out, work_size=(8, 8)) == 1
    assert "never overwritten" in capsys.readouterr().out


def test_inputs_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not there"):
        photos.find([tmp_path / "none"])
    with pytest.raises(FileNotFoundError, match="holds no photograph"):
        photos.find([tmp_path])
