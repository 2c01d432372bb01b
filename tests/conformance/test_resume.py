"""A run that stops and goes on ends with the weights of one that did not, bit for bit, in every preset."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

SCRIPT = Path(__file__)
STOPS = {"wgan256": 7}  # turns before the stop: there, in the middle of a round; 2 where not said


# Copies in which the rules that need history are at work across the stop: rest, noise epochs, retraining.
JUDGED = {"phase": "adversarial", "accuracies": (0.9,) * 20}
RULES = {
    "thawing": ("photo", {"encoder_lr_factor": 0.1, "encoder_frozen_steps": 1, "pretrain_steps": 3}, {}),
    "resting": ("gan_32", {"d_max_accuracy": 0.8, "noise_epochs": 2, "d_pretrain_accuracy": 0.0}, JUDGED),
    "retraining": ("gan_32", {"d_retrain_accuracy": 0.95, "epochs": 9}, JUDGED),
}


def digests(case, folder, stop):
    """-> {variable: digest} after all turns, the run saved and made anew after `stop` of them (0: never)."""
    import hashlib

    from copies import TURNS, batch_of, small, start

    from colorgan.training import checkpoints, schedules

    preset, values, memory = RULES.get(case, (case, {}, {}))
    config = small(preset, ema_decay=0.9, **values)

    def fresh(seed):
        trained, compiled = start(config, seed)
        return trained, compiled, checkpoints.Checkpoints(folder, trained, keep=1)

    trained, compiled, saver = fresh(1)
    memory, seen = schedules.State(**memory), schedules.Measurements()
    for turn in range(TURNS.get(preset, 3)):
        if stop and turn == stop:
            saver.save({"iteration": turn, "memory": asdict(memory), "seen": asdict(seen)})
            trained, compiled, saver = fresh(2)
            host = saver.restore()
            memory = schedules.State.from_dict(host["memory"])
            seen = schedules.Measurements(**host["seen"])
        memory, action = schedules.act(config, memory, seen)
        logs = compiled.iterate(batch_of(config, seed=turn), action)
        seen = schedules.Measurements(
            epochs=turn / 2,
            **{name: float(logs[f"d/{name}"]) if f"d/{name}" in logs else None for name in ("accuracy", "gap")},
        )
    groups = trained.variables()
    groups.pop("host")
    return {
        f"{group} {i}": hashlib.sha256(v.numpy().tobytes()).hexdigest()
        for group, variables in groups.items()
        for i, v in enumerate(variables)
    }


def main(folder):
    """Print {preset: [digests of the straight run, of the resumed one]} as JSON."""
    import tensorflow as tf

    from colorgan.settings.presets import PRESETS

    tf.config.experimental.enable_op_determinism()
    result = {
        name: [digests(name, folder / f"{name}-{stop}", stop) for stop in (0, STOPS.get(name, 2))]
        for name in (*PRESETS, *RULES)
    }
    print("RESULT" + json.dumps(result))


@pytest.mark.slow
def test_resuming_is_bit_identical_in_every_preset(tmp_path):
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
