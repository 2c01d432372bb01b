"""Schedules are pure: hand-computed learning rates, decays and updates."""

import dataclasses
import json

import pytest

from colorgan.settings import flags
from colorgan.training import schedules
from colorgan.training.schedules import Measurements, State


def config(**values):
    return flags.resolve({"dataset": "shapes", **values})


def test_exponential_decay_by_hand():
    o = config(lr=1e-2, lr_decay_rate=0.1, lr_decay_steps=100, lr_floor=1e-6).optimizer
    rates = [schedules.learning_rate(o, State(iteration=i)) for i in (0, 50, 100, 10_000)]
    assert rates == pytest.approx([1e-2, 1e-2 * 10**-0.5, 1e-3, 1e-6])


def test_cosine_decay_by_hand():
    o = config(lr=1e-2, lr_decay_schedule="cosine", lr_decay_steps=100, lr_floor=1e-4).optimizer
    rates = [schedules.learning_rate(o, State(iteration=i + 40, since=40)) for i in (0, 50, 75, 100, 10_000)]
    quarter = 1e-4 + (1e-2 - 1e-4) * (1 - 2**-0.5) / 2
    assert rates == pytest.approx([1e-2, (1e-2 + 1e-4) / 2, quarter, 1e-4, 1e-4])


@pytest.mark.parametrize(
    ("factor", "frozen", "iteration", "expected"),
    [
        (1.0, 0, 0, 1.0),
        (0.1, 0, 0, 0.1),
        (0.0, 0, 10**6, 0.0),
        (0.1, 5000, 4999, 0.0),
        (0.1, 5000, 5000, 0.1 / 1000),
        (0.1, 5000, 5499, 0.05),
        (0.1, 5000, 9000, 0.1),
    ],
)
def test_an_encoder_thaws_slowly(factor, frozen, iteration, expected):
    c = config(encoder_lr_factor=factor, encoder_frozen_steps=frozen)
    _, action = schedules.act(c, State(iteration=iteration), Measurements())
    assert action.encoder_factor == pytest.approx(expected)


@pytest.mark.parametrize("decay", ["exponential", "cosine", "plateau"])
def test_floor_never_raises_a_rate_that_starts_below_it(decay):
    o = config(lr=1e-8, lr_floor=1e-6, lr_decay_schedule=decay).optimizer
    assert schedules.learning_rate(o, State(iteration=10**9, decays=9)) == 1e-8


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


def run(c, measured, *, state=None, turns=None):
    """-> the actions of a run whose measurements `measured(i, last action)` gives, and its last state."""
    state, actions, seen = state or State(), [], Measurements()
    for i in range(turns):
        state, action = schedules.act(c, state, seen)
        actions.append(action)
        seen = measured(i, action)
    return actions, state


def accuracy(value):
    return lambda i, action: Measurements(accuracy=value if action.d_updates or action.judge else None)


def test_phases_follow_each_other_once():
    c = config(pretrain_steps=3, d_pretrain_accuracy=0.9, d_pretrain_steps=100, pretrain_lr=0.5, lr=0.1, lr_decay=False)
    actions, state = run(c, accuracy(0.95), turns=40)
    # The discriminator's accuracy is above 0.9 from the start, and believed once 20 iterations have shown it.
    assert [a.phase for a in actions] == ["pretrain"] * 3 + ["d-pretrain"] * 20 + ["adversarial"] * 17
    updates = {a.phase: (a.d_updates, a.g_updates, a.g_lr) for a in actions}
    assert updates == {"pretrain": (0, 1, 0.5), "d-pretrain": (1, 0, 0.1), "adversarial": (1, 2, 0.1)}
    assert (state.phase, state.since) == ("adversarial", 23)


def test_the_pretrainings_rate_decays_as_the_other_does():
    c = config(pretrain_steps=3, pretrain_lr=0.5, lr=0.1, lr_decay_rate=0.01, lr_decay_steps=2)
    actions, _ = run(c, accuracy(0.5), turns=5)
    assert [a.g_lr for a in actions] == pytest.approx([0.5, 0.05, 0.005, 0.1, 0.01])  # each phase begins anew
    c = c.replace(lr_floor=0.1)  # a floor for each: the other rate is at it from the start
    assert [a.g_lr for a in run(c, accuracy(0.5), turns=5)[0]] == pytest.approx([0.5, 0.1, 0.1, 0.1, 0.1])


def test_a_discriminator_that_does_not_learn_is_not_waited_for():
    c = config(d_pretrain_accuracy=0.9, d_pretrain_steps=25)
    actions, _ = run(c, accuracy(0.5), turns=30)
    assert [a.phase for a in actions] == ["d-pretrain"] * 25 + ["adversarial"] * 5


def test_without_pretraining_a_run_is_adversarial_from_the_start():
    actions, _ = run(config(), accuracy(0.5), turns=2)
    assert [a.phase for a in actions] == ["adversarial"] * 2


def test_the_window_by_hand():
    # max(20, min(1000 / batch, 250))
    assert [schedules.window(b) for b in (1, 4, 16, 32, 50, 128)] == [250, 250, 62, 31, 20, 20]


def test_the_discriminator_rests_above_its_accuracy_and_is_still_judged():
    c = config(d_max_accuracy=0.8, batch_size=128)  # a window of 20
    values = [1.0] * 20 + [0.7] * 13 + [1.0] * 7
    actions, _ = run(c, lambda i, action: Measurements(accuracy=values[i]), turns=40)
    updates = [a.d_updates for a in actions]
    assert updates[:20] == [1] * 20  # too few to tell
    # After 20 ones the mean is 1; with n of 0.7 it is 1 - 0.015 n, above 0.8 up to n = 13: 0.805.
    assert updates[20:] == [0] * 20
    assert all(a.judge == (a.d_updates == 0) for a in actions)
    assert all(a.g_updates == 2 for a in actions)
    values = [1.0] * 20 + [0.7] * 20
    actions, _ = run(c, lambda i, action: Measurements(accuracy=values[i]), turns=40)
    assert [a.d_updates for a in actions][20:] == [0] * 14 + [1] * 6  # at n = 14: 0.79


def test_the_default_never_rests():
    assert not schedules.watches(config())
    actions, _ = run(config(), accuracy(1.0), turns=60)
    assert {(a.d_updates, a.judge) for a in actions} == {(1, False)}


def test_noise_epochs_are_every_nth():
    c = config(noise_epochs=3)
    shown = [schedules.act(c, State(), Measurements(epochs=e / 2))[1].noise for e in range(14)]
    assert shown == [False] * 4 + [True] * 2 + [False] * 4 + [True] * 2 + [False] * 2


def test_a_discriminator_that_rests_learns_from_noise_all_the_same():
    c = config(noise_epochs=3, d_max_accuracy=0.9)
    sure = State(phase="adversarial", accuracies=(0.95,) * 20)
    _, resting = schedules.act(c, sure, Measurements(epochs=1.5))
    _, noise = schedules.act(c, sure, Measurements(epochs=2.5))
    assert (resting.d_updates, resting.judge, resting.noise) == (0, True, False)
    assert (noise.d_updates, noise.judge, noise.noise) == (1, False, True)


@pytest.mark.parametrize(
    ("end", "epochs", "iteration", "retrains"),
    [
        ({"epochs": 10}, 4.9, 9999, True),
        ({"epochs": 10, "max_steps": 100}, 4.9, 50, False),
        ({"epochs": 10, "max_steps": 100}, 4.9, 49, True),
        ({"epochs": 10}, 5.0, 9999, False),
        ({"epochs": 0, "max_steps": 100}, 77.0, 49, True),
        ({"epochs": 0, "max_steps": 100}, 0.0, 50, False),
        ({"epochs": 0, "max_steps": 0}, 1e6, 10**9, True),
    ],
)
def test_retraining_is_of_the_first_half(end, epochs, iteration, retrains):
    c = config(d_retrain_accuracy=0.8, d_pretrain_accuracy=0.9, **end)
    state = State(iteration=iteration, phase="adversarial", accuracies=(0.75,) * 20)
    _, action = schedules.act(c, state, Measurements(epochs=epochs))
    assert (action.d_updates, action.g_updates) == ((1, 0) if retrains else (1, 2))


def test_retraining_lasts_until_the_discriminator_has_recovered():
    c = config(d_retrain_accuracy=0.8, d_pretrain_accuracy=0.9, batch_size=128)
    start = State(phase="adversarial", accuracies=(0.75,) * 20)
    actions, state = run(c, accuracy(0.95), state=start, turns=30)
    # One window of 20 iterations at 0.95 is believed; then the generator learns again.
    assert [a.g_updates for a in actions] == [0] * 20 + [2] * 10
    assert state.retraining == 0
    stuck = config(d_retrain_accuracy=0.8, d_pretrain_accuracy=0.9, d_pretrain_steps=5, batch_size=128)
    actions, _ = run(stuck, accuracy(0.5), state=start, turns=30)
    # Given up after 5 iterations, and tried again after the next 20 verdicts.
    assert [a.g_updates for a in actions] == [0] * 5 + [2] * 20 + [0] * 5


def test_cantelli_by_hand():
    # 6 gaps: the first 2 are dropped. Mean 2, variance (1 + 1 + 1 + 1) / 4 = 1, of the mean 1/4: p = 1 - .25 / 4.25.
    p, mean = schedules.cantelli((100.0, -100.0, 1.0, 3.0, 1.0, 3.0))
    assert (p, mean) == (pytest.approx(1 - 0.25 / 4.25), 2.0)
    assert schedules.cantelli((2.0,)) == (1.0, 2.0)  # no spread: certain
    assert schedules.cantelli((0.0, 0.0, 0.0)) == (0.0, 0.0)
    # Mean 0: p = 1 - var / var = 0.
    assert schedules.cantelli((9.0, -1.0, 1.0)) == (pytest.approx(0.0), 0.0)


def test_a_sure_critic_teaches_and_learns_less():
    c = config(critic_ratio="cantelli", d_steps=6, adversarial="wgan-gp")
    actions, state = run(c, lambda i, a: Measurements(gap=2.0 if a.d_updates else None), turns=14)
    # 6 critic updates, a turn of the generator, then 5 (one less): the least that is allowed.
    shown = [(a.d_updates, a.g_updates) for a in actions]
    assert shown == [(1, 0)] * 6 + [(0, 2)] + [(1, 0)] * 5 + [(0, 2)] + [(1, 0)]
    assert state.ratio == 5


def test_a_critic_that_is_not_sure_goes_on_learning():
    c = config(critic_ratio="cantelli", d_steps=5, critic_ratio_max=6, adversarial="wgan-gp")
    wrong = run(c, lambda i, a: Measurements(gap=-2.0 if a.d_updates else None), turns=13)
    # p = 1, but the gap has the wrong sign: no turn of the generator. The ratio follows p, as published.
    assert [(a.d_updates, a.g_updates) for a in wrong[0]] == [(1, 0)] * 13
    noisy = run(c, lambda i, a: Measurements(gap=(-1.0) ** i if a.d_updates else None), turns=30)
    assert noisy[1].ratio == 6


def test_unfreezing_counts_from_the_end_of_the_pretraining():
    c = config(pretrain_steps=2, unfreeze=((0, 10), (3, 4), (5, 0)))
    actions, _ = run(c, accuracy(0.5), turns=9)
    assert [a.frozen for a in actions] == [0, 0, 10, 10, 10, 4, 4, 0, 0]
    late = config(unfreeze=((2, 3),))
    assert [a.frozen for a in run(late, accuracy(0.5), turns=4)[0]] == [0, 0, 3, 3]


@pytest.mark.parametrize(
    "rules", [{"critic_ratio": "cantelli", "d_steps": 6}, {"d_max_accuracy": 0.7, "noise_epochs": 2, "epochs": 9}]
)
def test_the_memory_survives_json(rules):
    c = config(**rules, batch_size=128)

    def measured(i, action):
        return Measurements(gap=float(i % 5), accuracy=0.9 if i % 3 else 0.5, epochs=i / 9)

    straight, end = run(c, measured, turns=50)
    first, state = run(c, measured, turns=23)
    state = State.from_dict(json.loads(json.dumps(dataclasses.asdict(state))))
    # The measurements of turn 22 reach turn 23.
    state, action = schedules.act(c, state, measured(22, first[-1]))
    rest, again = [action], state
    for i in range(23, 49):
        again, action = schedules.act(c, again, measured(i, action))
        rest.append(action)
    assert first + rest == straight
    assert again == end


def test_retraining_is_on_generated_pictures_and_noise_is_no_verdict():
    c = config(d_retrain_accuracy=0.8, noise_epochs=1, d_max_accuracy=0.9, batch_size=128, d_pretrain_steps=5)
    _, action = schedules.act(c, State(phase="adversarial", accuracies=(0.75,) * 20), Measurements())
    assert (action.noise, action.g_updates) == (False, 0)
    # Every epoch is one of noise, on which the discriminator is always right: it never comes to rest by that.
    actions, state = run(c, accuracy(1.0), turns=60)
    assert all(a.noise and a.d_updates for a in actions) and state.accuracies == ()


def test_decays_count_from_the_beginning_of_a_phase():
    c = config(lr=1e-2, lr_decay_rate=0.1, lr_decay_steps=10, lr_floor=1e-9, pretrain_steps=10)
    actions, _ = run(c, lambda i, a: Measurements(), turns=12)
    assert actions[9].g_lr == pytest.approx(1e-2 * 0.1**0.9)
    assert [a.g_lr for a in actions[10:]] == pytest.approx([1e-2, 1e-2 * 0.1**0.1])
    plateau = {"lr_decay_schedule": "plateau", "plateau_patience": 1, "lr": 1.0, "lr_floor": 1e-9}
    c = config(**plateau, d_pretrain_accuracy=0.9, d_pretrain_steps=30)
    actions, state = run(c, lambda i, a: Measurements(accuracy=0.5, validation=5.0), turns=31)
    assert actions[-1].phase == "adversarial" and actions[-1].g_lr == 1.0
