"""Schedules are pure: hand-computed learning rates, decays and updates."""

import pytest

from colorgan import flags
from colorgan.training import schedules
from colorgan.training.schedules import Measurements, State


def config(**values):
    return flags.resolve({"dataset": "shapes", **values})


def test_exponential_decay_by_hand():
    o = config(lr=1e-2, lr_decay_rate=0.1, lr_decay_steps=100, lr_floor=1e-6).optimizer
    assert schedules.exponential_decay(o, 0) == 1e-2
    assert schedules.exponential_decay(o, 50) == pytest.approx(1e-2 * 10**-0.5)
    assert schedules.exponential_decay(o, 100) == pytest.approx(1e-3)
    assert schedules.exponential_decay(o, 10_000) == 1e-6


def test_floor_never_raises_a_rate_that_starts_below_it():
    o = config(lr=1e-8, lr_floor=1e-6).optimizer
    assert schedules.exponential_decay(o, 10**9) == 1e-8


def test_no_decay():
    o = config(lr=1e-2, lr_decay=False, lr_decay_steps=1).optimizer
    assert schedules.learning_rate(o, State(iteration=10**6)) == 1e-2


def test_plateau_decays_after_patience_and_forgets_on_improvement():
    c = config(lr=1.0, lr_decay_schedule="plateau", plateau_patience=2, lr_decay_rate=0.1, lr_floor=0.02)
    costs = [5.0, 6.0, 4.0, 4.0, 4.5, None, 4.0, 9.0, 9.0, 9.0]
    rates, state = [], State()
    for cost in costs:
        state, action = schedules.act(c, state, Measurements(validation=cost))
        rates.append(action.g_lr)
    # Best 5, stale 1, best 4, stale 1, stale 2 -> decay; nothing; stale 1, stale 2 -> decay to the floor; stale 1, 2.
    assert rates == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.02, 0.02, 0.02])


def test_action_counts_iterations_and_scales_the_discriminators_rate():
    c = config(lr=1e-2, d_lr_factor=0.1, d_steps=3, g_steps=4, lr_decay=False)
    state, action = schedules.act(c, State(iteration=7), Measurements())
    assert state.iteration == 8
    assert (action.d_updates, action.g_updates) == (3, 4)
    assert action.d_lr == pytest.approx(1e-3)
