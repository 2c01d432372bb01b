"""What the next iteration does: updates per network and learning rates. Pure functions of (state, measurements).

A schedule has no clock and no tensors: `act(config, state, measurements)` gives the next state and the action. The
state is a frozen dataclass of numbers, saved with the checkpoints, so that a resumed run acts as one never stopped.
Imports `config` only.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from colorgan.config import Config, Optimizer


@dataclass(frozen=True)
class Measurements:
    """What was seen since the last call.

    Attributes:
        validation: the named validation metric as a cost (smaller is better), if one was just measured.
    """

    validation: float | None = None


@dataclass(frozen=True)
class State:
    """A schedule's memory.

    Attributes:
        iteration: iterations done.
        decays: how often plateau decay has applied.
        best: the best validation so far (None before the first).
        stale: validations since it.
    """

    iteration: int = 0
    decays: int = 0
    best: float | None = None
    stale: int = 0


@dataclass(frozen=True)
class Action:
    """What one iteration does: updates of each network, in this order, and their learning rates."""

    d_updates: int
    g_updates: int
    g_lr: float
    d_lr: float


def exponential_decay(o: Optimizer, iteration: int) -> float:
    """Continuous exponential decay with a floor: max(floor, lr * rate ^ (iteration / steps)).

    Nazeri et al. 2018, section 3.4, give the scheme and their code its form. The floor bounds the generator's rate,
    and a rate that starts below it stays where it is.
    """
    return max(min(o.lr_floor, o.lr), o.lr * o.lr_decay_rate ** (iteration / o.lr_decay_steps))


def learning_rate(o: Optimizer, state: State) -> float:
    """-> the generator's learning rate of the next iteration."""
    if not o.lr_decay:
        return o.lr
    if o.lr_decay_schedule == "exponential":
        return exponential_decay(o, state.iteration)
    return max(min(o.lr_floor, o.lr), o.lr * o.lr_decay_rate**state.decays)


def observe(o: Optimizer, state: State, measurements: Measurements) -> State:
    """Take a validation in: plateau decay counts those without a better value and decays after `plateau_patience`."""
    value = measurements.validation
    if value is None:
        return state
    if state.best is None or value < state.best:
        return dataclasses.replace(state, best=value, stale=0)
    if state.stale + 1 < o.plateau_patience:
        return dataclasses.replace(state, stale=state.stale + 1)
    return dataclasses.replace(state, stale=0, decays=state.decays + 1)


def act(config: Config, state: State, measurements: Measurements) -> tuple[State, Action]:
    """One turn of the schedule.

    Args:
        config: `schedule` and `optimizer` are read.
        state: the memory before the iteration.
        measurements: what was seen since the last turn.

    Returns:
        The state once the iteration is done, and what the iteration does.
    """
    state = observe(config.optimizer, state, measurements)
    g_lr = learning_rate(config.optimizer, state)
    action = Action(
        d_updates=config.schedule.d_steps,
        g_updates=config.schedule.g_steps,
        g_lr=g_lr,
        d_lr=g_lr * config.optimizer.d_lr_factor,
    )
    return dataclasses.replace(state, iteration=state.iteration + 1), action
