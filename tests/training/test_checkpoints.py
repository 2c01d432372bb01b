"""State that comes back exactly, directories that refuse other runs, files that are whole."""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan.models.predictor import Predictor
from colorgan.serving.colorizer import Colorizer
from colorgan.settings import flags
from colorgan.training import checkpoints, state
from colorgan.training.checkpoints import Checkpoints
from colorgan.training.schedules import Action

pytestmark = pytest.mark.usefixtures("untraced")


def snapshot(trained):
    return {name: [v.numpy() for v in group] for name, group in trained.variables().items() if name != "host"}


def same(a, b):
    return all(np.array_equal(x, y) for name in a for x, y in zip(a[name], b[name], strict=True))


def test_restore_brings_everything_back_with_dropouts_state(tiny, batch, trainer, tmp_path):
    config = tiny(decoder=((6, 2, 0.5), (4, 2, 0.0)), ema_decay=0.9)
    trained, compiled = trainer(config)
    saver = Checkpoints(tmp_path, trained, keep=2)
    compiled.iterate(batch(config), Action(1, 2))
    saver.save({"iteration": 1, "cursor": 7})
    saved = snapshot(trained)
    logs = compiled.iterate(batch(config, 2), Action(1, 2))
    after = snapshot(trained)
    assert not same(saved, after)

    other, compiled = trainer(config, seed=99)
    assert Checkpoints(tmp_path, other, keep=2).restore() == {"iteration": 1, "cursor": 7}
    assert same(saved, snapshot(other))
    # Going on gives the same: dropout draws what it would have drawn.
    again = compiled.iterate(batch(config, 2), Action(1, 2))
    assert float(again["g/l1"]) == pytest.approx(float(logs["g/l1"]), abs=1e-6)
    assert any("seed" in v.path for v in other.generator.variables)


def test_keeps_the_last_n(tiny, trainer, tmp_path):
    trained, _ = trainer(tiny())
    saver = Checkpoints(tmp_path, trained, keep=2)
    for iteration in (1, 2, 3):
        saver.save({"iteration": iteration})
    assert sorted(p.name for p in (tmp_path / "checkpoints").glob("*.index")) == ["ckpt-2.index", "ckpt-3.index"]


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_the_mean_of_the_last_checkpoints_is_for_use(tiny, trainer, tmp_path, ema_decay):
    config = tiny(decoder=((6, 2, 0.5), (4, 2, 0.0)), ema_decay=ema_decay)
    trained, _ = trainer(config)
    saver = Checkpoints(tmp_path, trained, keep=5)
    first = [w.copy() for w in trained.best_generator.get_weights()]
    for iteration, factor in enumerate((7.0, 1.0, 4.0), 1):
        trained.best_generator.set_weights([factor * w for w in first])
        saver.save({"iteration": iteration})
    other, _ = trainer(config, seed=99)
    averager = Checkpoints(tmp_path, other, keep=5)
    assert averager.average(2) == ["ckpt-2", "ckpt-3"]
    for mean, w in zip(other.best_generator.get_weights(), first, strict=True):
        np.testing.assert_allclose(mean, 2.5 * w, rtol=1e-6)
    with pytest.raises(ValueError, match="has only 3 checkpoints"):
        averager.average(4)


@pytest.mark.parametrize("ema_decay", [0.0, 0.9])
def test_another_run_starts_from_both_networks(tiny, trainer, tmp_path, ema_decay):
    config = tiny(ema_decay=ema_decay)
    source, _ = trainer(config)
    for network in (source.generator, source.discriminator):
        network.set_weights([w + 0.25 for w in network.get_weights()])
    source.best_generator.set_weights([w + 0.5 for w in source.generator.get_weights()])
    Checkpoints(tmp_path, source, keep=1).save({"iteration": 1})
    (tmp_path / "config.json").write_text(config.to_json())
    target, _ = trainer(config, seed=99)
    assert checkpoints.load_networks(tmp_path, config, target) == ("generator", "discriminator")
    pairs = [(target.generator, source.best_generator), (target.discriminator, source.discriminator)]
    pairs += [(target.average, source.best_generator)] if ema_decay else []
    for loaded, wanted in pairs:
        for a, b in zip(loaded.get_weights(), wanted.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_normalization_is_what_it_stands_for(tiny, trainer, tmp_path):
    """`auto` is batch normalization, but none under a gradient penalty."""
    source, _ = trainer(tiny())
    Checkpoints(tmp_path, source, keep=1).save({"iteration": 1})
    (tmp_path / "config.json").write_text(tiny().to_json())
    same = tiny(r1_weight=1.0, d_normalization="batch")
    assert checkpoints.load_networks(tmp_path, same, trainer(same)[0]) == ("generator", "discriminator")
    other = tiny(r1_weight=1.0)
    with pytest.raises(ValueError, match="--d-normalization: batch there, none now"):
        checkpoints.load_networks(tmp_path, other, trainer(other)[0])


def test_nothing_to_restore(tiny, trainer, tmp_path):
    assert Checkpoints(tmp_path, trainer(tiny())[0], keep=1).restore() is None


DATA, INDEX = "ckpt-{}.data-00000-of-00001", "ckpt-{}.index"


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_damaged_checkpoint_gives_way_to_the_older_one(tiny, trainer, tmp_path):
    trained, _ = trainer(tiny())
    for number, (file, damage) in enumerate([(DATA, cut), (DATA, flip), (DATA, Path.unlink), (INDEX, cut)]):
        run = tmp_path / str(number)
        saver = Checkpoints(run, trained, keep=2)
        for iteration in (2, 9, 10):  # numbers, not words
            trained.generator.set_weights([np.full_like(w, iteration) for w in trained.generator.get_weights()])
            saver.save({"iteration": iteration})
        damage(run / "checkpoints" / file.format(10))
        saver = Checkpoints(run, trained, keep=2)
        assert saver.restore() == {"iteration": 9}
        assert all((w == 9).all() for w in trained.generator.get_weights())
        (note,) = saver.notes
        assert note.startswith(f"{run / 'checkpoints'} has damaged checkpoints: ckpt-10 (")
        assert note.endswith("The run continues from ckpt-9, which is not damaged.")
    saver.save({"iteration": 11})
    cut(run / "checkpoints" / DATA.format(11))
    assert Checkpoints(run, trained, keep=2).restore() == {"iteration": 9}  # whose place the damaged one did not take
    cut(run / "checkpoints" / DATA.format(9))
    with pytest.raises(ValueError, match=r"damaged checkpoints: ckpt-11 \(.*, ckpt-10 \(.*, ckpt-9 \(.*--network"):
        Checkpoints(run, trained, keep=2).restore()


def test_without_the_list_of_checkpoints_the_highest_number_is_the_newest(tiny, trainer, tmp_path):
    trained, _ = trainer(tiny())
    saver = Checkpoints(tmp_path, trained, keep=9)
    saver.save({"iteration": 9})
    for iteration, content in ((10, None), (11, ""), (12, "model_checkpoint_path: ")):
        saver.save({"iteration": iteration})
        listed = tmp_path / "checkpoints" / "checkpoint"
        listed.unlink() if content is None else listed.write_text(content)
        saver = Checkpoints(tmp_path, trained, keep=9)
        assert saver.restore() == {"iteration": iteration}
        assert f"is damaged or gone. The run continues from ckpt-{iteration}, whose" in saver.notes[0]
    saver.save({"iteration": 13})
    saver = Checkpoints(tmp_path, trained, keep=9)
    assert saver.restore() == {"iteration": 13} and not saver.notes


def test_a_full_disk_is_told_and_leaves_the_checkpoints_before(tiny, trainer, tmp_path, monkeypatch):
    trained, _ = trainer(tiny())
    saver = Checkpoints(tmp_path, trained, keep=1)
    saver.save({"iteration": 1})

    def full(checkpoint_number):
        (tmp_path / "checkpoints" / "ckpt-2_temp").mkdir()
        raise tf.errors.ResourceExhaustedError(None, None, "{{node}} ckpt-2_temp/part-0; No space left on device")

    monkeypatch.setattr(saver.manager, "save", full)
    with pytest.raises(OSError, match="of iteration 2 cannot be written to .*: No space left on device. Earlier"):
        saver.save({"iteration": 2})
    assert not (tmp_path / "checkpoints" / "ckpt-2_temp").exists()
    assert Checkpoints(tmp_path, trained, keep=1).restore() == {"iteration": 1}


def test_a_checkpoint_of_other_networks_is_an_error(tiny, trainer, tmp_path):
    Checkpoints(tmp_path, trainer(tiny())[0], keep=1).save({"iteration": 1})
    other, _ = trainer(tiny(encoder=((4, 1), (6, 2), (9, 2))))
    with pytest.raises(ValueError, match="does not fit"):
        Checkpoints(tmp_path, other, keep=1).restore()


def test_weights_for_use_are_the_average_and_load(tiny, batch, trainer, tmp_path):
    config = tiny(ema_decay=0.9)
    trained, compiled = trainer(config)
    checkpoints.record(tmp_path, config)
    compiled.iterate(batch(config), Action(1, 2))
    Checkpoints(tmp_path, trained, keep=1).save({"iteration": 1})
    picture = np.random.RandomState(0).randint(0, 256, (1, 8, 8, 3)).astype(np.uint8)
    loaded = Colorizer.load(tmp_path).predictor.predict_lab(picture)
    average = Predictor.of(trained.average, config).predict_lab(picture)
    np.testing.assert_allclose(loaded, average, atol=1e-4)
    assert not np.allclose(loaded, Predictor.of(trained.generator, config).predict_lab(picture), atol=1e-3)


def test_a_directory_refuses_other_settings_and_names_them(tiny, tmp_path):
    checkpoints.record(tmp_path, tiny())
    (tmp_path / "checkpoints").mkdir()
    checkpoints.check_directory(tmp_path, tiny(max_steps=5, save_interval=3, checkpoints_path="elsewhere"))
    with pytest.raises(ValueError, match=r"(?s)--lr: 0.001 there, 0.5 now.*--name or --checkpoints-path"):
        checkpoints.check_directory(tmp_path, tiny(lr=0.5))
    with pytest.raises(ValueError, match="--resume False"):
        checkpoints.check_directory(tmp_path, tiny(resume=False))


def test_the_best_of_lost_work_goes_when_a_run_begins_anew(tiny, tmp_path):
    best = tmp_path / "best.json"
    best.write_text("{}")
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "ckpt-1.index").write_bytes(b"")
    checkpoints.record(tmp_path, tiny())  # it goes on
    assert best.exists()
    (tmp_path / "checkpoints" / "ckpt-1.index").unlink()
    checkpoints.record(tmp_path, tiny())
    assert not best.exists()


def test_config_is_flat_with_booleans(tiny, tmp_path):
    checkpoints.record(tmp_path, tiny())
    stored = json.loads((tmp_path / "config.json").read_text())
    assert stored["augment"] is True and stored["lr_decay_steps"] == 500_000 and stored["preset"] == "tiny"


def test_the_best_is_kept_apart_and_that_of_other_validation_images_is_no_best(tiny, trainer, tmp_path):
    saver = Checkpoints(tmp_path, trainer(tiny())[0], keep=1)
    weights, path = tmp_path / "best.weights.h5", tmp_path / "best.json"
    for kept, is_better in (
        (None, True),
        ({"metric": "mae_ab", "validate_size": 100, "cost": 4.0}, False),
        ({"metric": "mae_ab", "validate_size": 16, "cost": 4.0}, True),
        ({"metric": "psnr", "validate_size": 100, "cost": 4.0}, True),
        ({"metric": "mae_ab", "validate_size": 100, "cost": 6.0}, True),
    ):
        weights.unlink(missing_ok=True)
        if kept:
            path.write_text(json.dumps(kept))
        report = {"metric": "mae_ab", "validate_size": 100, "value": 5.0, "cost": 5.0, "iteration": 7}
        saver.offer(report)
        assert weights.exists() is is_better, kept
        assert json.loads(path.read_text()) == (report if is_better else kept)


def test_no_partial_files_stay(tmp_path):
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    checkpoints.write_weights(model, tmp_path / "a.weights.h5")
    assert [p.name for p in tmp_path.iterdir()] == ["a.weights.h5"]


def test_network_gives_its_weights_to_a_generator_that_is_to_learn_conditions(tmp_path):
    values = {"preset": "tiny", "dataset": "shapes", "filter_multiplier": 0.25}
    values["encoder"] = ((8, 2), (8, 2))
    plain = flags.resolve({**values, "decoder": ((8, 2), (8, 2))})
    steered = flags.resolve({**values, "decoder": ((8, 2), (8, 2)), "conditions": ("hints",)})
    old, new = (state.create(one, tf.distribute.get_strategy()) for one in (plain, steered))
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.json").write_text(json.dumps(plain.flat()))
    checkpoints.write_weights(old.generator, run / checkpoints.WEIGHTS)
    checkpoints.load_networks(run / checkpoints.WEIGHTS, steered, new)
    gray = np.random.default_rng(0).uniform(-1, 1, (1, 8, 8, 1)).astype(np.float32)
    np.testing.assert_array_equal(new.generator(gray), old.generator(gray))
    checkpoints.write_weights(new.generator, run / checkpoints.WEIGHTS)
    (run / "config.json").write_text(json.dumps(steered.flat()))
    with pytest.raises(ValueError, match="holds networks that differ"):  # what they know would be lost
        checkpoints.load_networks(run / checkpoints.WEIGHTS, plain, old)
