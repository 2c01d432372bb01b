"""Losses, penalties, heads and discriminators combine freely: every combination here trains an iteration."""

import numpy as np
import pytest
from copies import SMALL, batch_of, small, start

from colorgan.models.objectives.adversarial import ADVERSARIAL
from colorgan.settings import rules
from colorgan.training.schedules import Action

pytestmark = pytest.mark.usefixtures("untraced", "shallow")


def iterate(config):
    """-> the logs of an iteration, all finite; so are the weights after it."""
    trained, compiled = start(config)
    rules.check(config)
    logs = compiled.iterate(batch_of(config), Action(1, 1))
    assert all(np.isfinite(float(value)) for value in logs.values()), logs
    for network in (trained.generator, trained.discriminator):
        assert all(np.isfinite(v.numpy()).all() for v in network.trainable_variables)
    return logs


@pytest.mark.parametrize("normalization", ["auto", "spectral"])
@pytest.mark.parametrize("loss", ADVERSARIAL)
def test_every_loss_with_every_penalty(loss, normalization):
    logs = iterate(small("tiny", adversarial=loss, r1_weight=1.0, d_normalization=normalization, d_batches="halves"))
    assert {"d/real", "d/fake", "d/gap", "d/r1", "g/adv", "g/l1"} <= set(logs)
    assert ("d/gp" in logs) == (loss == "wgan-gp") != ("d/accuracy" in logs)


def test_every_preset_with_a_critic():
    """The settings of all go with one; an iteration is trained of each discriminator that they have."""
    # `places365`, `gan_256` and others have settings that mean nothing to a critic: see `rules.WITHOUT_MEANING`.
    copies = [small(preset, adversarial="wgan-gp") for preset in ("tiny", *SMALL) if preset != "wgan256"]  # has one
    for config in copies:
        rules.check(config)
    for config in {config.architecture.discriminator: config for config in reversed(copies)}.values():
        assert "d/gp" in iterate(config)


@pytest.mark.parametrize("preset", ["rgb64", "gan_32"])
@pytest.mark.parametrize("other", ["patch", "dense", "dense-pooling", "wgan-critic"])
def test_every_discriminator_with_other_generators(preset, other):
    values = {"discriminator": other, "discriminator_layers": ((8, 2), (8, 2), (8, 2)), "d_crop": 0}
    assert "d/accuracy" in iterate(small(preset, **values))


@pytest.mark.parametrize("head", ["channel-bins", "joint-bins"])
@pytest.mark.parametrize("preset", ["tiny", "gan_32"])
def test_every_head_with_other_generators(preset, head):
    logs = iterate(small(preset, head=head, classification_weight=1.0, noise_channels=2))
    assert float(logs["g/classification"]) > 0


@pytest.mark.parametrize("space", ["lab", "rgb", "yuv"])
def test_every_colour_space(space):
    assert "g/accuracy" in iterate(small("rgb64", color_space=space))
