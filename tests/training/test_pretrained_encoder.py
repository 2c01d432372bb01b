"""A run whose encoder begins with published weights, through the door: frozen, thawed, resumed, without the package."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from colorgan import main
from colorgan.models import generators
from colorgan.models.objectives import rebalanced
from colorgan.settings import flags
from colorgan.training import checkpoints, loop, state, steps
from colorgan.training.schedules import Action
from colorgan.weights import pretrained
from colorgan.weights.stored import load

pytestmark = pytest.mark.usefixtures("untraced", "few", "shallow")
NAME = "efficientnet-lite0"  # of the two the smaller
SMALL = [
    "--dataset",
    "shapes",
    "--preset",
    "photo",
    "--conditions",
    "",
    "--height",
    "32",
    "--width",
    "32",
    "--batch-size",
    "4",
]
SMALL += ["--encoder-name", NAME, "--encoder-lr-factor", "0"]
QUICK = [*SMALL, "--filter-multiplier", "0.05", "--sample", "False", "--validate", "False", "--augment", "False"]


def small(**values):
    size = {"height": 32, "width": 32, "batch_size": 4}
    frozen = {"encoder_name": NAME, "encoder_lr_factor": 0.0}
    return flags.resolve({"dataset": "shapes", "preset": "photo", "conditions": (), **size, **frozen, **values})


@pytest.fixture
def published(monkeypatch):
    """-> arrays that are read in place of those of the whole encoder, whose own are in `models/test_encoders.py`."""
    made = [w + np.float32(0.01) for w in built().encoder.get_weights()]
    monkeypatch.setattr(pretrained, "read", lambda name, place: made)
    return made


@functools.cache
def built():
    return generators.build(small(filter_multiplier=0.05))


def encoder_of(folder):
    load(generator := built(), folder / "generator.weights.h5", described_by="the test")
    return generator.encoder.get_weights()


def test_it_begins_with_them_and_frozen_keeps_them(published, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main.run("train", [*QUICK, "--max-steps", "1", "--checkpoints-path", "run"]) == 0
    assert f"The encoder begins with the weights of {NAME}, and is frozen." in capsys.readouterr().out
    for kept, first in zip(encoder_of(tmp_path / "run"), published, strict=True):
        np.testing.assert_array_equal(kept, first)  # of the average, which is what the file holds

    def unread(*_):
        raise AssertionError("a run that goes on has them in its checkpoint")

    monkeypatch.setattr(pretrained, "read", unread)
    assert main.run("train", [*QUICK, "--max-steps", "1", "--checkpoints-path", "run"]) == 0  # it is at its end
    assert "Continuing at iteration 1." in capsys.readouterr().out

    def at_once(self, interrupted):
        checkpoints.write_weights(self.state.best_generator, self.checkpoints.run_dir / "generator.weights.h5")
        return True

    # Another run that begins with these networks has them too; it needs no iteration for that.
    monkeypatch.setattr(loop.Loop, "run", at_once)
    assert main.run("train", [*QUICK, "--max-steps", "1", "--network", "run", "--checkpoints-path", "next"]) == 0
    for kept, first in zip(encoder_of(tmp_path / "next"), encoder_of(tmp_path / "run"), strict=True):
        np.testing.assert_array_equal(kept, first)


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(pretrained.PACKAGES, NAME, "efficientnet_lite0_that_nobody_has")
    assert main.run("train", [*QUICK, "--max-steps", "1", "--checkpoints-path", "run"]) == 1
    assert "Install the extra `pretrained`" in capsys.readouterr().err
    assert not list(tmp_path.glob("run/checkpoints/*"))


def test_a_random_encoder_that_learns_slowly_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    tables = ["--encoder-name", "table", "--encoder", "[[8,2],[8,2]]", "--decoder", "[[8,2]]"]
    words = [*QUICK, *tables, "--encoder-lr-factor", "0.1", "--max-steps", "1", "--checkpoints-path", "run"]
    assert main.run("train", words) == 0
    assert "The encoder begins at random, and learns at 0.1 times the rate" in capsys.readouterr().out


def test_another_encoders_weights_are_refused():
    trained = state.create(small(filter_multiplier=0.05), tf.distribute.get_strategy())
    arrays = trained.generator.encoder.get_weights()
    said = f"another encoder than --encoder-name: they have {len(arrays) - 2} arrays, it has {len(arrays)}"
    with pytest.raises(ValueError, match=said):
        trained.load_encoder(arrays[2:])


def batch():
    rng = np.random.default_rng(0)
    gray, color = (tf.constant(rng.uniform(-0.5, 0.5, (4, 32, 32, c)), tf.float32) for c in (1, 2))
    return {"gray": gray, "color": color}


def test_bins_are_taught_the_mean_colour_of_the_pixels_under_them():
    """Colours are made at half of the size: the loss is that of 2x2 pixels' mean, by NumPy."""
    config = small(filter_multiplier=0.05, uniform_mix=1.0)
    trained = state.create(config, tf.distribute.get_strategy())
    weights = np.ones(261, np.float32)
    compiled = steps.Steps(config, trained, tf.distribute.get_strategy(), class_weights=weights)
    color = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 32, 32, 2)).astype(np.float32)
    logits = np.random.default_rng(2).normal(size=(2, 16, 16, 261)).astype(np.float32)
    means = color.reshape(2, 16, 2, 16, 2, 2).mean(axis=(2, 4))
    expected = rebalanced.cross_entropy(logits, trained.generator.head.targets(means), weights)
    np.testing.assert_allclose(compiled._cross_entropy(logits, tf.constant(color)), expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--preset", "tiny", "--encoder-name", NAME, "--decoder", "[[8,3]]"], "must divide the encoder's reduction"),
        (
            ["--preset", "tiny", "--encoder-weights", "x.pth"],
            "are for a pretrained encoder. Name it with --encoder-name",
        ),
        (
            ["--preset", "tiny", "--encoder-name", "vgg"],
            "Unknown `--encoder-name` 'vgg'. Known: table, efficientnet-lite0",
        ),
        (["--preset", "tiny", "--encoder-lr-factor", "0"], "would freeze an untrained encoder"),
        (["--preset", "photo", "--encoder-weights", "nowhere.pth"], "nowhere.pth is not there"),
        (["--preset", "photo", "--encoder", "[[8,2]]"], "`--encoder` is for --encoder-name table"),
        (["--preset", "photo", "--classification-weight", "0"], "or --head color"),
        (
            ["--preset", "photo", "--head", "joint-bins", "--l1-weight", "0"],
            "`--pretrain both` weights L1 by --l1-weight",
        ),
    ],
)
def test_what_would_be_in_vain_is_refused(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main.run("train", ["--dataset", "shapes", "--max-steps", "1", *words]) in (1, 2)
    assert said in capsys.readouterr().err


def test_a_head_without_bins_needs_no_other_flags():
    config = flags.resolve({"preset": "photo", "head": "color"})
    assert (config.schedule.pretrain, config.objective.classification_weight) == ("l1", 0)


def test_frozen_it_has_no_moments_and_thawed_its_rate_is_a_share():
    strategy = tf.distribute.get_strategy()
    frozen = state.create(small(filter_multiplier=0.05), strategy)
    config = small(filter_multiplier=0.05, encoder_lr_factor=0.25, encoder_frozen_steps=5, beta1=0.0)
    trained = state.create(config, strategy)
    moments = len(trained.g_optimizer.variables) - len(frozen.g_optimizer.variables)
    assert moments == 2 * len(trained.generator.encoder.weights)
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
