"""One photograph through the whole way: size, mode, alpha and orientation stay, and so does lightness."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from colorgan.files import orientation as orientations
from colorgan.files import reading, writing
from colorgan.files.metadata import Metadata
from colorgan.files.reading import Photograph
from colorgan.imaging import working
from colorgan.serving import photos
from colorgan.serving.photos import Settings
from colorgan.settings.config import OPTIONS


@pytest.mark.parametrize(
    "values", [{"work_size": 0}, {"saturation": -1}, {"saturation": OPTIONS["saturation"].most + 1}]
)
def test_settings_are_checked(values):
    """The command line, which may not import this room, knows the same limits."""
    Settings(work_size=1, saturation=OPTIONS["saturation"].most)
    with pytest.raises(ValueError, match=f"`{next(iter(values))}` must"):
        Settings(**{"work_size": 16, **values})


def save(path, pixels, alpha, mode, orientation):
    """A test file of a mode; the pixels as they lie in the file."""
    exif = Image.Exif()
    exif[274] = orientation
    if mode in ("LA16", "RGB16", "RGBA16") and path.suffix == ".tif":
        array = pixels if alpha is None else np.dstack([pixels, alpha])
        kind = "rgb" if pixels.ndim == 3 else "minisblack"
        more = {} if alpha is None else {"extrasamples": ["unassalpha"]}
        tifffile.imwrite(path, array, photometric=kind, extratags=[(274, "H", 1, orientation, True)], **more)
        return
    if mode in ("RGB16", "RGBA16"):
        writing.write(path, pixels, alpha=alpha, metadata=Metadata(exif))
        return
    image = Image.fromarray(pixels)
    if alpha is not None:
        image = Image.fromarray(np.dstack([pixels, alpha]))
    image = image.convert(mode) if mode in ("P", "CMYK", "1") else image
    image.save(path, exif=exif, **({"lossless": True, "exact": True} if path.suffix == ".webp" else {}))


KINDS = [
    *((mode, ".png") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "RGB16", "RGBA16")),
    *((mode, ".tif") for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "RGB16", "RGBA16", "LA16", "CMYK")),
    *((mode, ".webp") for mode in ("RGB", "RGBA")),
    *((mode, ".bmp") for mode in ("1", "L", "P", "RGB")),
]


# derandomize: the suite gives the same verdict on the same code.
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from(KINDS),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    orientation=st.integers(1, 8),
    seed=st.integers(0, 2**16),
    work_size=st.sampled_from((8, 16, 32)),
)
def test_any_photograph(painter, lab_of, kind, size, orientation, seed, work_size):
    mode, suffix = kind
    random, depth = np.random.RandomState(seed), np.uint16 if "16" in mode else np.uint8
    shape = (*size, 3) if mode.startswith(("RGB", "CMYK", "P")) else size
    pixels = random.randint(0, np.iinfo(depth).max + 1, shape).astype(depth)
    alpha = random.randint(0, np.iinfo(depth).max + 1, size).astype(depth) if "A" in mode else None
    orientation = 1 if suffix == ".bmp" else orientation  # which has no place for it
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, f"in{suffix}"), Path(folder, f"out{suffix}")
        save(source, pixels, alpha, mode, orientation)
        settings = Settings(work_size=work_size, quality=100)
        photograph = reading.read(source)
        (ab,) = photos.predict_ab(painter, working.shrink(photograph.pixels, work_size)[None], settings)
        photos.finish(photograph, ab, target, settings)
        before, after = reading.read(source), reading.read(target)
    upright = size[::-1] if orientation > 4 else size
    assert after.pixels.shape == (*upright, 3)
    assert after.pixels.dtype == depth
    assert after.metadata.exif.get(274, 1) == 1
    assert (after.alpha is None) == (alpha is None)
    if alpha is not None:
        np.testing.assert_array_equal(after.alpha, orientations.upright(alpha, orientation))
    if mode not in ("P", "CMYK", "1"):  # which change the values before they lie in the file
        np.testing.assert_array_equal(before.pixels, orientations.upright(pixels, orientation))
    difference = np.abs(lab_of(after.pixels)[..., 0] - lab_of(before.pixels)[..., 0]).max()
    assert difference < (0.01 if depth is np.uint16 else 0.5)


def test_a_pixel_takes_at_most_12_bytes(tmp_path):
    """So 100 megapixels go into 2 GB, 0.8 of which the imports take. Lab in float32 of a whole picture alone is 12."""
    Image.new("L", (5000, 5000), 100).save(tmp_path / "a.tif")
    code = (
        "import re, sys, numpy as np\n"
        "from pathlib import Path\n"
        "from colorgan.serving import batch, photos\n"
        "class Painter:\n"
        "    def predict_small(self, rgb, flip_average=False): return np.full((*rgb.shape[:3], 2), 20, np.float32)\n"
        # Not getrusage: its peak is inherited from the process that tests run in.
        "def peak(): return int(re.search(r'VmHWM:\\s+(\\d+) kB', Path('/proc/self/status').read_text())[1])\n"
        "folder, before = Path(sys.argv[1]), peak()\n"
        "settings = photos.Settings(work_size=256)\n"
        "status = batch.colorize_files(Painter(), [folder / 'a.tif'], folder / 'out', settings=settings)\n"
        "print(status, peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    status, kilobytes = done.stdout.split()[-2:]
    assert status == "0" and int(kilobytes) * 1024 < 12 * 25e6
    with tifffile.TiffFile(tmp_path / "out" / "a.tif") as file:
        assert file.pages[0].shape == (5000, 5000, 3)


@pytest.mark.parametrize("provenance", [True, False])
def test_results_say_that_their_colours_are_machine_made(tmp_path, provenance):
    photograph, settings = Photograph(np.zeros((8, 8), np.uint8), None, Metadata(), []), {"provenance": provenance}
    photos.finish(photograph, np.zeros((8, 8, 2), np.float32), tmp_path / "a.jpg", Settings(work_size=8, **settings))
    said = reading.read(tmp_path / "a.jpg").metadata.xmp or b""
    assert (b"/algorithmicallyEnhanced" in said, photograph.notes) == (provenance, [])
