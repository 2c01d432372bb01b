"""One process against workers of a Ray cluster: `python benchmarks/cluster.py --photographs FOLDER`.

Both colorize the same photographs with the same weights on this machine's cores, in turns: one process with all cores,
and two workers with half each. The rate excludes the first `FIRST` photographs and so the start, whose time is printed
too.
"""

import argparse
import datetime
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).parent.resolve()]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from colorgan.files import suffixes, walk  # noqa: E402
from colorgan.serving import batch, cluster, photos  # noqa: E402
from colorgan.serving.colorizer import Colorizer  # noqa: E402

FIRST = 2 * cluster.AT_ONCE * cluster.GROUP  # photographs in hand of two workers


def rate(colorizer, inputs, out, **options):
    """-> photographs a second when all work, and the seconds until the first result."""
    said, start = [], time.time()
    settings = photos.Settings(work_size=colorizer.work_size)
    options |= {"settings": settings, "say": said.append, "log_format": "json"}
    status = batch.colorize_files(colorizer, inputs, out, **options)
    assert status == batch.DONE, said[-3:]
    events = [json.loads(text) for text in said]
    times = [datetime.datetime.fromisoformat(one["time"]).timestamp() for one in events if one["event"] == "made"]
    return (len(times) - FIRST) / (times[-1] - times[FIRST - 1]), times[0] - start


def main():
    """Parse, take turns, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", required=True, help="a folder; only its first ones are taken")
    parser.add_argument("--count", type=int, default=400, help="photographs of each turn")
    parser.add_argument("--weights", default="photo", help="a run's directory, a weights file, or a name")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each")
    options = parser.parse_args()
    files = [name for name in walk.listing(options.photographs)[0] if suffixes.is_picture(name)][: options.count]
    if len(files) < 2 * FIRST:
        parser.error(f"--photographs and --count: at least {2 * FIRST} are needed. Received: {len(files)}")
    inputs, colorizer = [str(Path(options.photographs, name)) for name in files], Colorizer.load(options.weights)
    sides = {"one_process": {}, "two_workers": {"workers": cluster.Wanted("local", cores=max(1, os.cpu_count() // 2))}}
    rates, starts = {side: [] for side in sides}, {side: [] for side in sides}
    for turn in range(options.rounds):
        for side, given in sides.items():
            with tempfile.TemporaryDirectory() as out:
                found, start = rate(colorizer, inputs, out, **given)
            rates[side].append(found)
            starts[side].append(start)
            print(f"turn {turn + 1}, {side}: {found:.2f} a second, the first after {start:.1f} s", flush=True)
    medians = {side: statistics.median(values) for side, values in rates.items()}
    for side, value in medians.items():
        print(f"photographs_per_second_{side}={value:.2f}")
        print(f"seconds_to_first_{side}={statistics.median(starts[side]):.1f}")
    print(f"ratio_two_workers_to_one_process={medians['two_workers'] / medians['one_process']:.2f}")


if __name__ == "__main__":
    main()
