"""A run that stops and goes on ends with the weights of one that did not, bit for bit, in every kind of preset."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

SCRIPT = Path(__file__)
STOPS = {"wgan256": 7}  # turns before the stop: there, in the middle of a round; 2 where not said


# Presets that differ in what a step does. The others step as one of these, or as one of the copies below.
KINDS = ("cifar10", "rgb64", "wgan256", "cifar10-nogan")
# Copies in which the rules that need history are at work across the stop: rest, noise epochs, retraining.
JUDGED = {"phase": "adversarial", "accuracies": (0.9,) * 20}
RULES = {
    "thawing": ("photo", {"encoder_lr_factor": 0.1, "encoder_frozen_steps": 1, "pretrain_steps": 3}, {}),
    "resting": ("gan_32", {"d_max_accuracy": 0.8, "noise_epochs": 2, "d_pretrain_accuracy": 0.0}, JUDGED),
    "retraining": ("gan_32", {"d_retrain_accuracy": 0.95, "epochs": 9}, JUDGED),
}


def digests(case, folder):
    """-> digests of all variables after all turns: of the straight run, and of one made anew from its checkpoint."""
    from copies import TURNS, batch_of, small, start

    from colorgan.training import checkpoints, schedules

    preset, values, memory = RULES.get(case, (case, {}, {}))
    config = small(preset, ema_decay=0.9, **values)

    def fresh(seed):
        trained, compiled = start(config, seed)
        return trained, compiled, checkpoints.Checkpoints(folder, trained, keep=1)

    def go_on(compiled, turn, memory, seen):
        memory, action = schedules.act(config, memory, seen)
        logs = compiled.iterate(batch_of(config, seed=turn), action)
        measured = {name: float(logs[f"d/{name}"]) if f"d/{name}" in logs else None for name in ("accuracy", "gap")}
        return memory, schedules.Measurements(epochs=turn / 2, **measured)

    turns, stop = TURNS.get(preset, 3), STOPS.get(case, 2)
    straight, compiled, saver = fresh(1)
    memory, seen = schedules.State(**memory), schedules.Measurements()
    for turn in range(turns):
        if turn == stop:
            saver.save({"iteration": turn, "memory": asdict(memory), "seen": asdict(seen)})
        memory, seen = go_on(compiled, turn, memory, seen)
    resumed, compiled, saver = fresh(2)
    host = saver.restore()
    memory, seen = schedules.State.from_dict(host["memory"]), schedules.Measurements(**host["seen"])
    for turn in range(stop, turns):
        memory, seen = go_on(compiled, turn, memory, seen)
    return [digest(straight), digest(resumed)]


def digest(trained):
    """-> {variable: digest}."""
    import hashlib

    groups = trained.variables()
    groups.pop("host")
    return {
        f"{group} {i}": hashlib.sha256(v.numpy().tobytes()).hexdigest()
        for group, variables in groups.items()
        for i, v in enumerate(variables)
    }


def main(folder):
    """Print {case: digests} as JSON."""
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    result = {}
    tf.config.run_functions_eagerly(True)  # tracing is most of the time; `test_doors.py` has a run of graphs
    for name in (*KINDS, *RULES):
        result[name] = digests(name, folder / name)
    print("RESULT" + json.dumps(result))


@pytest.mark.slow
def test_resuming_is_bit_identical(tmp_path):
    # In a process of its own: determinism cannot be switched off again.
    printed = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path)], capture_output=True, text=True, timeout=600, env=os.environ
    )
    assert printed.returncode == 0, printed.stderr[-3000:]
    for name, (straight, resumed) in json.loads(printed.stdout.split("RESULT")[1]).items():
        assert len(straight) > 20
        assert resumed == straight, name


if __name__ == "__main__":
    main(Path(sys.argv[1]))
