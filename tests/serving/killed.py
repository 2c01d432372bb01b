"""`python killed.py FOLDER FILES KILLS`: a batch that is killed at random moments, over and over, and what it leaves.

A process of its own, since it forks: loading TensorFlow for each of the batches would take longer than all of them.
Prints what it found, as JSON, a line each of results by path and of results by URL.
"""

import collections
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np
from PIL import Image

from colorgan.files import remote
from colorgan.serving import batch, photos

SETTINGS = photos.Settings(work_size=8)


class Gray:
    """A colorizer that costs nothing."""

    def predict_small(self, rgb, flip_average=False):
        return np.zeros((*rgb.shape[:3], 2), np.float32)


def colorize(place, scheme):
    """In a child: the batch; every file that is written is noted."""
    room, name, at = (remote, "_put_and_move", 1) if scheme else (photos, "finish", 2)
    write = getattr(room, name)

    def noted(*given, **options):
        write(*given, **options)
        with open(place / "written", "ab", buffering=0) as file:
            file.write(f"{given[at].name}\n".encode())

    setattr(room, name, noted)
    out = f"{scheme}{place}/out"
    return batch.colorize_files(Gray(), [f"{scheme}{place}/in"], out, settings=SETTINGS, say=lambda text: None)


def begun(*given):
    child = os.fork()
    if not child:
        try:
            os._exit(colorize(*given))
        except BaseException:
            traceback.print_exc()
            os._exit(99)
    return child


def is_whole(path):
    with contextlib.suppress(Exception), Image.open(path) as image:
        image.load()
        return image.mode == "RGB" and image.size == (8, 8)
    return False


def main(place, files, kills, scheme=""):
    (place / "in").mkdir(parents=True)
    for i in range(files):
        folder = place / "in" / str(i % 5)
        folder.mkdir(exist_ok=True)
        Image.new("L", (8, 8), i % 256).save(folder / f"{i:05}.png")
    rate, met, moments = 300.0, 0, random.Random(0)  # files a second, a first guess
    while met < kills:
        done = sum(1 for _ in (place / "out").rglob("*.png"))
        start, child = time.monotonic(), begun(place, scheme)
        time.sleep(moments.uniform(0, 2 * (files - done) / (kills - met + 1) / rate))
        os.kill(child, signal.SIGKILL)
        met += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        made = sum(1 for _ in (place / "out").rglob("*.png")) - done
        rate = max(20, (rate + made / (time.monotonic() - start)) / 2) if made else rate
    status = os.waitstatus_to_exitcode(os.waitpid(begun(place, scheme), 0)[1])
    outputs = sorted(path.relative_to(place / "out").as_posix() for path in (place / "out").rglob("*.png"))
    manifest = json.loads((place / "out" / "manifest.json").read_text())
    written = collections.Counter(name for name in (place / "written").read_text().split() if name.endswith(".png"))
    found = {
        "kills": met,
        "status": status,
        "outputs": len(outputs),
        "broken": sum(not is_whole(place / "out" / name) for name in outputs),
        "made_again": sum(count > 1 for count in written.values()),
        "each_recorded_once": [one["output"] for one in manifest["photographs"]] == outputs,
        "failed": len(manifest["failed"]),
        "recorded_by_a_later_call": sum(one["seconds"] is None for one in manifest["photographs"]),
        "left_behind": len([*(place / "out").rglob(".*"), *(place / "notes").glob("*/*"), *place.glob("temporary/*")]),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    for number, scheme in enumerate(("", "local://")):
        top = Path(sys.argv[1], str(number))
        (top / "temporary").mkdir(parents=True)
        tempfile.tempdir, os.environ["XDG_STATE_HOME"] = str(top / "temporary"), str(top / "notes")
        main(top, int(sys.argv[2]), int(sys.argv[3]), scheme)
