"""What the next iteration does: which networks learn, from what, how often, at which rates. Pure functions.

A schedule has no clock and no tensors: `act(config, state, measurements)` gives the next state and the action. The
state is a frozen dataclass of numbers, saved with the checkpoints, so a resumed run acts as if never stopped. An
iteration is one batch. Imports `settings.config` only.

The phases of a run, in this order, each entered once:

| phase | what happens | ends |
|---|---|---|
| `pretrain` | the generator alone minimizes `--pretrain` | after `--pretrain-steps` |
| `d-pretrain` | the discriminator alone | at `--d-pretrain-accuracy`, or after `--d-pretrain-steps` |
| `adversarial` | both, by the rules below | with the run, at the latest at `--stop-colorfulness` |

Within `adversarial`: `--critic-ratio cantelli` makes rounds of discriminator updates and a generator update;
`--d-max-accuracy` lets the discriminator rest; `--d-retrain-accuracy` stops the generator until the discriminator has
recovered; `--noise-epochs` shows the discriminator noise; `--unfreeze` unfreezes the generator's parts in stages.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from colorgan.settings.config import Config, Optimizer, Schedule

THAW = 1000  # iterations over which an unfrozen encoder's rate rises
ACCURACIES = 20  # least iterations of a mean accuracy


@dataclass(frozen=True)
class Measurements:
    """Measurements since the last call; None: nothing new."""

    epochs: float = 0.0  # passes over the training set so far
    accuracy: float | None = None  # `d/accuracy` of the last iteration, if it judged
    gap: float | None = None  # `d/gap` of it: mean critic value of real minus generated pictures
    validation: float | None = None  # the named validation metric as a cost (smaller is better)
    colorfulness: float | None = None  # its colourfulness ratio


@dataclass(frozen=True)
class State:
    """A schedule's memory."""

    iteration: int = 0  # iterations done
    phase: str = ""  # of the next iteration: `pretrain`, `d-pretrain`, `adversarial`, or "" before the first
    since: int = 0  # iterations done when the phase began
    accuracies: tuple = ()  # the discriminator's last accuracies, at most `window`
    noisy: bool = False  # it saw noise in the last iteration, so its accuracy does not concern the generator
    retraining: int = 0  # iterations of the current retraining; 0: none
    ratio: int = 0  # discriminator updates of a round (`cantelli`); 0 before the first round
    gaps: tuple = ()  # the critic gaps of the round so far
    decays: int = 0  # number of plateau decays
    best: float | None = None  # the best validation so far
    stale: int = 0  # validations since it

    @classmethod
    def from_dict(cls, values: dict) -> State:
        """-> the state from its dict of `dataclasses.asdict` and JSON, in which tuples became lists."""
        return cls(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


@dataclass(frozen=True)
class Action:
    """What one iteration does."""

    d_updates: int
    g_updates: int  # after those of the discriminator
    g_lr: float = 0.0
    d_lr: float = 0.0
    phase: str = "adversarial"  # see the module
    judge: bool = False  # measure the discriminator's losses without an update
    noise: bool = False  # the discriminator sees noise as generated pictures
    frozen: int = 0  # frozen parts of the generator, counted from the input
    encoder_factor: float = 1.0  # factor on the encoder's learning rate; 0: it does not learn


def watches(config: Config) -> bool:
    """-> whether the schedule needs the discriminator's accuracies or gaps, which must then be read every iteration."""
    s = config.schedule
    return bool(s.d_max_accuracy <= 1 or s.d_retrain_accuracy or s.d_pretrain_accuracy or s.critic_ratio == "cantelli")


def act(config: Config, state: State, measurements: Measurements) -> tuple[State, Action]:
    """Take one turn of the schedule, from its memory and the measurements since the last turn.

    Returns:
        The state after the iteration, and the iteration's action.
    """
    if state.phase != "d-pretrain":  # there the validated generator does not change
        state = _observe_validation(config.optimizer, state, measurements.validation)
    state = _enter(config, _observe_judgement(config, state, measurements))
    s, o = config.schedule, config.optimizer
    rests = noise = False
    if state.phase == "pretrain":
        d_updates, g_updates = 0, 1
    elif state.phase == "d-pretrain":
        d_updates, g_updates = 1, 0
    elif s.critic_ratio == "cantelli":
        state, d_updates, g_updates = _round(s, state)
    else:
        state = _retraining(config, state, measurements.epochs)
        noise_epoch = bool(s.noise_epochs) and int(measurements.epochs) % s.noise_epochs == s.noise_epochs - 1
        noise = noise_epoch and not state.retraining  # it must recognize generated pictures again
        # In a noise epoch it learns at any accuracy: that is the epoch's purpose.
        rests = not noise and not state.retraining and _mean_accuracy(state) > s.d_max_accuracy
        d_updates, g_updates = (0 if rests else s.d_steps), s.g_steps
        if state.retraining:
            d_updates, g_updates = max(s.d_steps, 1), 0
    of_generator = dataclasses.replace(o, lr=o.pretrain_lr) if state.phase == "pretrain" and o.pretrain_lr else o
    action = Action(
        d_updates=d_updates,
        g_updates=g_updates,
        g_lr=learning_rate(of_generator, state),
        d_lr=learning_rate(o, state) * o.d_lr_factor,
        phase=state.phase,
        judge=rests,
        noise=noise,
        frozen=_frozen(s, state),
        encoder_factor=_encoder_factor(config, state.iteration),
    )
    return dataclasses.replace(state, iteration=state.iteration + 1, noisy=noise), action


def is_over(config: Config, state: State, measurements: Measurements) -> bool:
    """-> whether a run has ended, by its iterations, its epochs, or its colours (`is_colorful`)."""
    s = config.schedule
    steps, epochs = s.max_steps or math.inf, s.epochs or math.inf
    return state.iteration >= steps or measurements.epochs >= epochs or is_colorful(config, state, measurements)


def is_colorful(config: Config, state: State, measurements: Measurements) -> bool:
    """-> whether the last validation has reached `--stop-colorfulness`; before the adversarial phase it has not."""
    stop, ratio = config.schedule.stop_colorfulness, measurements.colorfulness
    return bool(stop) and state.phase == "adversarial" and ratio is not None and ratio >= stop


def _enter(config, state):
    """The phase of the next iteration."""
    s, phase = config.schedule, state.phase or "pretrain"
    if phase == "pretrain" and state.iteration >= s.pretrain_steps:
        phase = "d-pretrain"
    if phase == "d-pretrain":
        since = state.since if state.phase == "d-pretrain" else state.iteration
        learned = state.phase == "d-pretrain" and _mean_accuracy(state) >= s.d_pretrain_accuracy
        if not s.d_pretrain_accuracy or learned or state.iteration - since >= s.d_pretrain_steps:
            phase = "adversarial"
    if phase == state.phase:
        return state
    # A phase has its own losses and rates, so decays and the best validation restart.
    fresh = {"accuracies": (), "gaps": (), "decays": 0, "best": None, "stale": 0}
    return dataclasses.replace(state, phase=phase, since=state.iteration, **fresh)


def window(batch_size: int) -> int:
    """-> the number of iterations for the discriminator's mean accuracy, by the rule of `rgb64`'s source."""
    return max(ACCURACIES, min(1000 // batch_size, 250))


def _mean_accuracy(state):
    """The mean over the window; 0 while there are too few to tell."""
    return sum(state.accuracies) / len(state.accuracies) if len(state.accuracies) >= ACCURACIES else 0.0


def _observe_judgement(config, state, measurements):
    if measurements.accuracy is not None and not state.noisy:
        accuracies = (*state.accuracies, measurements.accuracy)[-window(config.data.batch_size) :]
        state = dataclasses.replace(state, accuracies=accuracies)
    if measurements.gap is not None and config.schedule.critic_ratio == "cantelli":
        state = dataclasses.replace(state, gaps=(*state.gaps, measurements.gap))
    return state


def _retraining(config, state, epochs):
    """Train the discriminator alone again when its accuracy falls too low, until it recovers (first half only).

    The half refers to `--epochs` or `--max-steps`, whichever ends first; a run without end never leaves it.
    """
    s, mean = config.schedule, _mean_accuracy(state)
    if state.retraining:
        if mean >= (s.d_pretrain_accuracy or s.d_retrain_accuracy) or state.retraining >= s.d_pretrain_steps:
            # Wait for a full window, or a failed retraining would begin again at once.
            return dataclasses.replace(state, retraining=0, accuracies=())
        return dataclasses.replace(state, retraining=state.retraining + 1)
    half = not (s.epochs and epochs >= s.epochs / 2) and not (s.max_steps and state.iteration >= s.max_steps / 2)
    low = len(state.accuracies) >= ACCURACIES and mean < s.d_retrain_accuracy
    return dataclasses.replace(state, retraining=1, accuracies=()) if half and low else state


def cantelli(gaps: tuple) -> tuple[float, float]:
    """-> the critic's confidence that it separates real from generated, by Cantelli's inequality on a round's gaps.

    P(gap > 0) >= p = 1 - var / (mean^2 + var), with the variance *of the mean*: var divided by the number of gaps. The
    first third of the round is dropped, because the critic still adapts. This is the rule of `wgan256`'s source. Gaps,
    one per update of the round -> (p, mean gap).
    """
    kept = gaps[len(gaps) // 3 :]
    mean = sum(kept) / len(kept)
    variance = sum((gap - mean) ** 2 for gap in kept) / len(kept) / len(kept)
    moment = mean**2 + variance
    return (1 - variance / moment if moment else 0.0), mean


def _round(s: Schedule, state):
    """-> (state, discriminator updates, generator updates) of the next iteration of a round."""
    ratio = state.ratio or s.d_steps
    if len(state.gaps) < ratio:
        return dataclasses.replace(state, ratio=ratio), 1, 0
    p, mean = cantelli(state.gaps)
    ratio = ratio - 1 if p > 0.7 else ratio + 1
    state = dataclasses.replace(state, ratio=min(max(ratio, s.critic_ratio_min), s.critic_ratio_max), gaps=())
    # An unsure critic cannot teach yet: the next round begins at once.
    return (state, 0, s.g_steps) if p > 0.5 and mean > 0 else (state, 1, 0)


def _frozen(s: Schedule, state):
    """-> the number of frozen parts, by the last stage that has begun; iterations count from the adversarial phase."""
    elapsed = {"pretrain": -1, "d-pretrain": 0}.get(state.phase, state.iteration - state.since)
    return next((frozen for start, frozen in reversed(s.unfreeze) if start <= elapsed), 0)


def _encoder_factor(config, iteration):
    """-> the factor on the learning rate of the generator's encoder: 0 while frozen, then rising from 0.

    If an encoder begins to learn late, its second moments are still 0, but Adam's correction assumes the age of the
    run. Its first steps would be several times too long. The rising factor keeps them short.
    """
    factor, frozen = config.optimizer.encoder_lr_factor, config.schedule.encoder_frozen_steps
    if iteration < frozen:
        return 0.0
    return factor * min(1.0, (iteration - frozen + 1) / THAW) if frozen else factor


def learning_rate(o: Optimizer, state: State) -> float:
    """-> the generator's learning rate of the next iteration; a decay counts from the beginning of the phase.

    `exponential`: max(floor, lr * rate ^ (iteration / steps)), Nazeri et al. 2018, section 3.4, in the form of their
    code. `plateau`: the same by the decays so far. `cosine`: half a cosine from the learning rate to the floor, then
    constant (Loshchilov and Hutter 2017, SGDR, eq. (5)). A rate that starts below the floor is constant.
    """
    if not o.lr_decay:
        return o.lr
    floor, decays = min(o.lr_floor, o.lr), (state.iteration - state.since) / o.lr_decay_steps
    if o.lr_decay_schedule == "cosine":
        return floor + (o.lr - floor) * (1 + math.cos(math.pi * min(decays, 1.0))) / 2
    return max(floor, o.lr * o.lr_decay_rate ** (state.decays if o.lr_decay_schedule == "plateau" else decays))


def _observe_validation(o: Optimizer, state: State, value: float | None) -> State:
    """Process a validation: plateau decay counts validations without improvement, and decays after
    `plateau_patience`."""
    if value is None:
        return state
    if state.best is None or value < state.best:
        return dataclasses.replace(state, best=value, stale=0)
    if state.stale + 1 < o.plateau_patience:
        return dataclasses.replace(state, stale=state.stale + 1)
    return dataclasses.replace(state, stale=0, decays=state.decays + 1)
