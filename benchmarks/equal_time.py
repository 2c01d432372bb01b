"""Recipes trained for the same minutes on the same data, and their evaluation side by side.

    python benchmarks/equal_time.py --minutes 20 --output DIR "--preset cifar10" "--preset cifar10-nogan" \
        -- --dataset cifar10 --dataset-path ./cifar-10-batches-py --precision mixed_bfloat16

The quoted words, two or more, are the differences of the recipes. Each needs a space, because a single word that begins
with -- is an option of this program. Flags after `--` are for all recipes, and `--eval` takes flags of `test-eval.py`.
Recipes take turns of `--turn` minutes, so a noisy machine affects all. A turn's clock starts with its first iteration,
so start-up and compilation do not count. The runs stay in DIR/a, DIR/b and so on. The same command continues them:
earlier minutes count. It ends with a `test-eval.py` of all.
"""

import argparse
import json
import shlex
import signal
import string
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ALL = ("--stop-colorfulness", "0")  # before the recipe's flags, because a run that ends by itself has fewer minutes


def trained(run):
    """-> seconds of training that a run has had, from a file next to it."""
    path = run / "equal_time.json"
    return json.loads(path.read_text())["seconds"] if path.exists() else 0.0


def last_save(run):
    """-> when a run's newest checkpoint was written; None without one."""
    path = run / "checkpoints" / "checkpoint"
    return path.stat().st_mtime_ns if path.exists() else None


def turn(run, flags, seconds):
    """Train a run for so many seconds of iterations, and record them."""
    log, said = run / "metrics.jsonl", run / "train.log"
    run.mkdir(parents=True, exist_ok=True)
    before, kept = log.stat().st_size if log.exists() else 0, last_save(run)
    with said.open("a") as output:
        process = subprocess.Popen(
            [sys.executable, ROOT / "train.py", "--checkpoints-path", run, "--log-interval", "1", *ALL, *flags],
            stdout=output,
            stderr=output,
        )
        started, finished, seconds_had = None, False, 0.0
        try:
            while process.poll() is None and (started is None or time.monotonic() - started < seconds):
                if started is None and log.exists() and log.stat().st_size > before:
                    started = time.monotonic()
                time.sleep(0.1)
            finished = process.poll() is not None
        finally:  # also after an interruption: the training is kept, so its minutes count
            if started:
                seconds_had = time.monotonic() - started
            if not finished:
                process.terminate()  # it saves, and the same command continues; a second Ctrl-C would stop it at once
            status = process.wait()
            if last_save(run) != kept:  # a turn without a checkpoint does not count
                (run / "equal_time.json").write_text(json.dumps({"seconds": trained(run) + seconds_had}) + "\n")
        if status:
            raise SystemExit(f"train.py failed with status {status}: see {said}")
    print(f"{run}: {trained(run) / 60:.1f} min", flush=True)
    if finished:
        raise SystemExit(f"{run} ended early: give it more --epochs, or no end")


def main():
    """Train all in turns, then compare."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so the run of this turn ends with this program
    words = sys.argv[1:]
    shared = words[words.index("--") + 1 :] if "--" in words else []
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+", help="flags of train.py that make each recipe, one word each")
    parser.add_argument("--minutes", type=float, default=20, help="of training, for each")
    parser.add_argument("--turn", type=float, default=5, help="minutes that one trains before the next one's turn")
    parser.add_argument("--output", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--eval", default="", help="flags of test-eval.py, one word")
    args = parser.parse_args(words[: words.index("--")] if "--" in words else words)
    if not 2 <= len(args.recipes) <= len(string.ascii_lowercase):
        parser.error(f"a comparison takes 2 to {len(string.ascii_lowercase)} recipes, not {len(args.recipes)}")
    runs = [args.output / name for name, _ in zip(string.ascii_lowercase, args.recipes, strict=False)]
    while any(args.minutes * 60 - trained(run) > 1 for run in runs):
        run = min(runs, key=trained)
        recipe = args.recipes[runs.index(run)]
        left = args.minutes * 60 - trained(run)
        turn(run, [*shlex.split(recipe), *shared], min(args.turn * 60, left))
    for run, recipe in zip(runs, args.recipes, strict=True):
        print(f"{run}: {recipe}, {trained(run) / 60:.1f} min")
    subprocess.run([sys.executable, ROOT / "test-eval.py", *runs, *shlex.split(args.eval)], check=True)


if __name__ == "__main__":
    main()
