"""A run that stops and goes on ends with the weights of one that did not, bit for bit, in every kind of preset.

Tracing would be most of the time: operations run one by one here, and `test_runs.py` has a run of graphs. They are
deterministic by themselves, each being done by one thread (`conftest.py`).
"""

from dataclasses import asdict

import numpy as np
import pytest
from copies import batch_of, small, start

from colorgan.training import checkpoints, schedules

# Case: (turns before the stop, turns in all). That of wgan256 is in the middle of a round, the next stage after it.
TURNS = {"wgan256": (3, 5), "cifar10-nogan": (2, 5), "resting": (2, 4), "retraining": (2, 4), "thawing": (2, 4)}
# Presets that differ in what a step does. The others step as one of these, or as one of the copies below.
KINDS = ("cifar10", "rgb64", "wgan256", "cifar10-nogan")
# Copies in which the rules that need history are at work across the stop: thawing, rest, noise epochs, retraining.
TABLES = {"encoder_name": "table", "encoder": ((4, 2), (6, 2), (8, 2)), "decoder": ((6, 2), (6, 2))}  # few layers
THAWING = {"encoder_lr_factor": 0.1, "encoder_frozen_steps": 1, "pretrain_steps": 3} | TABLES
JUDGED = {"phase": "adversarial", "accuracies": (0.9,) * 20}
RULES = {
    "thawing": ("photo", THAWING, {}),
    "resting": ("gan_32", {"d_max_accuracy": 0.8, "noise_epochs": 2, "d_pretrain_accuracy": 0.0}, JUDGED),
    "retraining": ("gan_32", {"d_retrain_accuracy": 0.95, "epochs": 9}, JUDGED),
}


def values(trained):
    """-> {variable: value}, all but what the run notes of itself."""
    groups = trained.variables()
    groups.pop("host")
    return {f"{group} {i}": v.numpy() for group, variables in groups.items() for i, v in enumerate(variables)}


@pytest.mark.slow
@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("case", [*KINDS, *RULES])
def test_resuming_is_bit_identical(case, tmp_path):
    preset, settings, memory = RULES.get(case, (case, {}, {}))
    config = small(preset, ema_decay=0.9, **settings)

    def fresh(seed):
        trained, compiled = start(config, seed)
        return trained, compiled, checkpoints.Checkpoints(tmp_path, trained, keep=1)

    def go_on(compiled, turn, memory, seen):
        memory, action = schedules.act(config, memory, seen)
        logs = compiled.iterate(batch_of(config, seed=turn), action)
        measured = {name: float(logs[f"d/{name}"]) if f"d/{name}" in logs else None for name in ("accuracy", "gap")}
        return memory, schedules.Measurements(epochs=turn / 2, **measured)

    stop, turns = TURNS.get(case, (2, 3))
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
    expected, got = values(straight), values(resumed)
    assert len(expected) > 20 and got.keys() == expected.keys()
    assert [name for name, value in expected.items() if not np.array_equal(value, got[name])] == []
