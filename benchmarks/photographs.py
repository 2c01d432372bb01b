"""Photographs from file to file: `python benchmarks/photographs.py --weights NAME_OR_PATH ...`, or `--preset NAME`.

Prints the time of a 12-megapixel JPEG once loaded, with its phases, and the peak of memory until then; the rate of a
folder of 100 VGA photographs; the time from the start of `colorize.py` to its first result; and for both the ratio of
network to everything else. With `--preset` the network has random weights: its time is the same, its colours are not.
The photographs are made here.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).parent.resolve()]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

from colorgan.files import reading, writing  # noqa: E402
from colorgan.imaging import fullres, working  # noqa: E402
from colorgan.models import generators  # noqa: E402
from colorgan.serving import batch, manifest, photos  # noqa: E402
from colorgan.serving.colorizer import Colorizer  # noqa: E402
from colorgan.settings import flags  # noqa: E402
from colorgan.weights.stored import WEIGHTS  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


def photograph(height, width, seed):
    """-> noise at every scale, about as rough and smooth as photographs."""
    random = np.random.default_rng(seed)
    total, size = np.zeros((height, width, 3), np.float32), 2
    while size < max(height, width):
        noise = random.standard_normal((size, size, 3)).astype(np.float32)
        total += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * (30 / size**0.5)
        size *= 2
    return np.clip(total + 128, 0, 255).astype(np.uint8)


class Timed:
    """A colorizer whose forward passes are timed."""

    def __init__(self, colorizer):
        self.colorizer, self.seconds, self.color_space = colorizer, 0.0, colorizer.color_space

    def predict_small(self, rgb, flip_average=False):
        """Predict, and count the time."""
        start = time.perf_counter()
        result = self.colorizer.predict_small(rgb, flip_average=flip_average)
        self.seconds += time.perf_counter() - start
        return result


def one_photograph(timed, folder, work_size, rounds):
    """A 12-megapixel JPEG, phase by phase; medians over the rounds."""
    source, settings = folder / "large.jpg", photos.Settings(work_size=work_size)
    Image.fromarray(photograph(3000, 4000, 0)).save(source, quality=90)
    phases = {}
    for i in range(rounds + 1):
        marks = [time.perf_counter()]
        picture = reading.read(source)
        marks.append(time.perf_counter())
        ab = photos.predict_ab(timed, working.shrink(picture.pixels, work_size)[None], settings)[0]
        marks.append(time.perf_counter())
        rgb = fullres.join(picture.pixels, ab)
        marks.append(time.perf_counter())
        writing.write(folder / "large-out.jpg", rgb)
        marks.append(time.perf_counter())
        if i:  # the first builds the network's graph
            for name, start, end in zip(("read", "network", "join", "write"), marks, marks[1:], strict=False):
                phases.setdefault(name, []).append(end - start)
            phases.setdefault("total", []).append(marks[-1] - marks[0])
    median = {name: statistics.median(values) for name, values in phases.items()}
    print("12-megapixel JPEG: " + ", ".join(f"{name} {value:.2f} s" for name, value in median.items()))
    print(f"seconds_12mp={median['total']:.2f}")
    print(f"ratio_12mp_network_to_rest={median['network'] / (median['total'] - median['network']):.2f}")
    print(f"peak_memory_gb={resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f}")


def many_photographs(timed, folder, work_size, count):
    """A folder of VGA photographs."""
    (folder / "vga").mkdir()
    for i in range(count):
        Image.fromarray(photograph(480, 640, i)).save(folder / "vga" / f"{i}.jpg", quality=90)
    timed.seconds, start = 0.0, time.perf_counter()
    settings = photos.Settings(work_size=work_size)
    status = batch.colorize_files(timed, [folder / "vga"], folder / "out", settings=settings)
    seconds = time.perf_counter() - start
    assert status == 0
    entries = json.loads((folder / "out" / manifest.NAME).read_text())["photographs"]
    rest = sum(entry["seconds"] for entry in entries) - timed.seconds
    print(f"{count} VGA photographs: {seconds:.1f} s, the network {timed.seconds:.1f} s of it")
    print(f"photographs_per_second={count / seconds:.1f}")
    print(f"ratio_folder_network_to_rest={timed.seconds / rest:.2f}")


def first_result(weights, work_size, folder):
    """From the start of the command to the end of one VGA photograph."""
    source = folder / "one.jpg"
    Image.fromarray(photograph(480, 640, 0)).save(source)
    start = time.perf_counter()
    words = ["--weights", str(weights), "--work-size", str(work_size), "--output", str(folder / "first"), str(source)]
    subprocess.run([sys.executable, str(ROOT / "colorize.py"), *words], check=True, capture_output=True)
    print(f"seconds_to_first_result={time.perf_counter() - start:.1f}")


def random_run(preset, folder):
    """-> a run's folder with an untrained network."""
    config = flags.resolve({"preset": preset})
    generators.build(config).save_weights(folder / WEIGHTS)
    (folder / "config.json").write_text(config.to_json())
    return folder


def main():
    """Parse, make photographs, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--weights",
        nargs="+",
        help="runs' directories, weights files, or names of shipped weights, one after the other",
    )
    parser.add_argument("--preset", default="places365", help="without --weights: the network, with random weights")
    parser.add_argument("--work-size", type=int, default=0, help="default: as Colorizer.load")
    parser.add_argument("--count", type=int, default=100, help="VGA photographs")
    parser.add_argument("--rounds", type=int, default=3, help="of the large photograph")
    options = parser.parse_args()
    for weights in options.weights or [None]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            weights = weights or random_run(options.preset, folder)
            colorizer = Colorizer.load(weights, work_size=options.work_size)
            timed, work_size = Timed(colorizer), colorizer.work_size
            megabytes = colorizer.stored.weights.stat().st_size / 1e6
            print(f"{weights}: {megabytes:.1f} MB, seen at {work_size} pixels")
            one_photograph(timed, folder, work_size, options.rounds)
            many_photographs(timed, folder, work_size, options.count)
            first_result(weights, work_size, folder)


if __name__ == "__main__":
    main()
