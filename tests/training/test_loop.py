"""Where a run goes on, how it is interrupted, and what it logs: the parts of the loop that need no network."""

import dataclasses
import json
import math
import os
import signal
from unittest import mock

import numpy as np
import pytest
import tensorflow as tf
from matplotlib import figure

from colorgan.commands import train
from colorgan.settings import flags
from colorgan.training import distribution, loop, schedules, writers

HOST = {
    "iteration": 5,
    "cursors": [41, 30],
    "size": 100,
    "schedule": {"iteration": 5, "decays": 1, "best": 2.0, "stale": 0},
    "seen": {"epochs": 0.3, "validation": 2.5},
    "left_out": {"dropped_gray": 4, "bad": 1},
}


def test_a_fresh_start_gives_each_pipeline_its_own_first_example():
    assert loop.Position.start(None, size=10, pipelines=3).cursors == (0, 1, 2)


def test_going_on_keeps_every_pipelines_place():
    position = loop.Position.start(HOST, size=100, pipelines=2)
    assert position.cursors == (41, 30) and position.epochs == 0.3
    assert position.schedule == schedules.State(iteration=5, decays=1, best=2.0)
    assert position.left_out == {"dropped_gray": 4, "bad": 1}
    assert position.seen == schedules.Measurements(epochs=0.3, validation=2.5)


def test_another_number_of_pipelines_goes_on_where_the_slowest_was():
    assert loop.Position.start(HOST, size=100, pipelines=1).cursors == (30,)
    assert loop.Position.start(HOST, size=100, pipelines=3).cursors == (30, 31, 32)


@pytest.mark.parametrize(
    ("phase", "measured", "stop", "ends"),
    [
        ("adversarial", 0.7, 0.7, True),
        ("adversarial", 0.69, 0.7, False),
        ("adversarial", 5.0, 0.0, False),
        ("adversarial", math.nan, 0.7, False),  # of gray photographs alone
        ("d-pretrain", 0.9, 0.7, False),
        ("pretrain", 0.9, 0.7, False),  # the colours of a network that has not learned much say nothing
    ],
)
def test_a_run_ends_when_it_is_colourful_enough(phase, measured, stop, ends):
    said = []
    position = loop.Position(schedule=schedules.State(phase=phase), size=10)
    run = loop.Loop(
        flags.resolve({"dataset": "shapes", "stop_colorfulness": stop}),
        position=position,
        writers=mock.Mock(say=said.append),
        strategy=tf.distribute.get_strategy(),
        **dict.fromkeys(("state", "steps", "checkpoints", "train", "validate", "sample"), mock.Mock()),
    )
    run._note({"mae_ab": 5.0, "colorfulness_ratio": measured})
    assert run._is_over() is ends and bool(said) is ends
    # What a checkpoint holds ends it again when the same command goes on.
    run.position = loop.Position.start(json.loads(json.dumps(dataclasses.asdict(position))), size=10, pipelines=1)
    assert run._is_over() is ends


def test_a_signal_to_any_process_stops_all(monkeypatch):
    run = mock.Mock(strategy=tf.distribute.get_strategy())
    assert not loop.Loop._signalled(run, ()) and loop.Loop._signalled(run, [signal.SIGTERM])
    monkeypatch.setattr(distribution, "gather", lambda strategy, number: [0, 1])
    assert loop.Loop._signalled(run, ())


def test_processes_with_other_photographs_are_refused(monkeypatch):
    monkeypatch.setattr(distribution, "gather", lambda strategy, number: [number, number - 1])
    with pytest.raises(ValueError, match="different numbers of photographs, .*: 1,000, 999"):
        train._start(None, None, mock.Mock(), mock.Mock(size=1000), None, chief=True)


@pytest.mark.parametrize("value", [5.0, math.nan])
def test_a_validation_is_offered_as_the_best(value):
    saved, no_variables = mock.Mock(), mock.Mock(trainable_variables=[])
    run = loop.Loop(
        flags.resolve({"dataset": "shapes", "validate_size": 100}),
        position=loop.Position(iteration=7, size=10),
        checkpoints=saved,
        state=mock.Mock(generator=no_variables, discriminator=no_variables),
        validate=lambda: {"mae_ab": value},
        **dict.fromkeys(("steps", "train", "sample", "writers", "strategy"), mock.Mock()),
    )
    run._validate()
    if math.isnan(value):  # it does not exist for these photographs
        assert not saved.offer.called
    else:
        report = {"metric": "mae_ab", "validate_size": 100, "value": 5.0, "cost": 5.0, "iteration": 7}
        saved.offer.assert_called_once_with(report)


def at_its_end(**parts):
    """-> a loop whose last iteration is done and not saved, and its checkpoints."""
    saved, no_variables = mock.Mock(), mock.Mock(trainable_variables=[])
    run = loop.Loop(
        flags.resolve({"dataset": "shapes", "max_steps": 7}),
        position=loop.Position(iteration=7, size=10, schedule=schedules.State(iteration=7)),
        checkpoints=saved,
        state=mock.Mock(generator=no_variables, discriminator=no_variables),
        strategy=tf.distribute.get_strategy(),
        writers=mock.Mock(validated=False),
        **{**dict.fromkeys(("steps", "train", "validate", "sample"), mock.Mock()), **parts},
    )
    run._batches = list
    run.counts = dict.fromkeys(("dropped_gray", "bad"), tf.zeros(1, tf.int64))
    run.done_at["save"] = 0
    return run, saved


@pytest.mark.parametrize("what", ["sample", "log"])
def test_a_run_that_ends_saves_before_what_may_fail(what):
    run, saved = at_its_end()
    failing = mock.Mock(side_effect=OSError("disk full"))
    if what == "sample":
        run.sample = failing
    else:
        run.writers.scalars, run.last, run.done_at["log"] = failing, {}, 0
    with pytest.raises(OSError, match="disk full"):
        run.run([])
    saved.save.assert_called_once()


def test_epochs_that_photographs_are_left_out_of_are_shorter():
    run, _ = at_its_end()
    run.config = flags.resolve({"dataset": "shapes", "epochs": 30, "max_steps": 0})
    run.position.cursors, run.position.size, run.last = (20,), 10, {}  # 7 iterations took 2 epochs
    run._log()
    run.writers.expect.assert_called_once_with(7 * 30 / 2)
    run.config = run.config.replace(max_steps=50)
    run._log()
    run.writers.expect.assert_called_with(50)


def test_the_expected_number_holds_the_last_iteration(tmp_path):
    writer = writers.Writers(tmp_path, flags.resolve({"dataset": "shapes"}), start=0, total=32, active=False)
    for total, shown in ((31.25, 32), (32.0, 32), (32.0000000001, 32)):
        writer.expect(total)
        assert writer.bar.total == shown


@pytest.mark.parametrize("saved", [True, False])
def test_a_run_that_diverged_names_checkpoints_that_are_there(saved):
    run, checkpoints = at_its_end()
    run.done_at["save"], checkpoints.directory = 5 * saved, "checkpoints"
    assert ("is kept in checkpoints" in str(run._diverged("x", 7))) is saved


def test_a_signal_in_the_last_sample_is_heeded():
    flag, measured = [], mock.Mock()
    run, saved = at_its_end(sample=lambda: flag.append(signal.SIGTERM), validate=measured)
    assert run.run(flag) is False  # it was at its end
    saved.save.assert_called_once()
    assert flag and not measured.called


def test_weights_that_are_not_finite_are_met_before_the_validation():
    bad = mock.Mock(value=tf.constant([np.nan]), path="generator/kernel")
    run = loop.Loop(
        flags.resolve({"dataset": "shapes"}),
        position=loop.Position(iteration=7, size=10),
        state=mock.Mock(generator=mock.Mock(trainable_variables=[bad])),
        validate=lambda: pytest.fail("it was measured"),
        **dict.fromkeys(("steps", "checkpoints", "train", "sample", "writers", "strategy"), mock.Mock()),
    )
    with pytest.raises(loop.DivergedError, match="generator/kernel are no longer finite at iteration 7"):
        run._validate()


def test_another_training_split_is_refused():
    with pytest.raises(ValueError, match="99 images now, but had 100"):
        loop.Position.start(HOST, size=99, pipelines=2)


def test_the_first_signal_is_noted_and_the_second_ctrl_c_is_not():
    before = signal.getsignal(signal.SIGINT)  # ignored, where a shell started the tests in the background
    with loop.interruptions() as interrupted:
        assert not interrupted
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_rows_survive_a_line_that_was_cut_off(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"iteration": 1}\n{"iteration": 2}\n{"iter')
    assert writers.read_rows(path) == [{"iteration": 1}, {"iteration": 2}]
    path.write_text('{"iteration": 1}\n{"iter\n{"iteration": 3}\n')
    with pytest.raises(ValueError, match="line 2, is not JSON"):
        writers.read_rows(path)


def test_moving_average_by_hand():
    # Span 3: decay 1/2, so the weights of 1, 2, 4 are 1; 1/2, 1; 1/4, 1/2, 1.
    expected = [1, (0.5 + 2) / 1.5, (0.25 + 1 + 4) / 1.75]
    np.testing.assert_allclose(writers.moving_average(np.array([1.0, 2.0, 4.0]), 3), expected)


def test_curves_show_what_changes_and_smooth_what_is_noisy(tmp_path, monkeypatch):
    writers.draw_curves([{"iteration": 1}, {"iteration": 2, "d/ratio": 5}], tmp_path / "none.png", window=3)
    assert not (tmp_path / "none.png").exists()
    drawn = {}
    monkeypatch.setattr(figure.Figure, "savefig", lambda self, path: drawn.update(
        {axes.get_title(): [line.get_ydata() for line in axes.lines] for axes in self.axes}
    ) or path.write_bytes(b"png"))  # fmt: skip
    rows = [{"iteration": i, "g/l1": 1 / i, "g/lr": i, "d/lr": 2, "val/psnr": i} for i in range(1, 9)]
    rows[3]["d/accuracy"], rows[5]["d/accuracy"] = 0.5, 0.6
    writers.draw_curves(rows, tmp_path / "curves.png", window=7)
    assert {name: len(lines) for name, lines in drawn.items()} == {"g/l1": 2, "g/lr": 1, "val/psnr": 1, "d/accuracy": 1}
    np.testing.assert_allclose(drawn["g/l1"][1], writers.moving_average(np.array([1 / i for i in range(1, 9)]), 7))
    drawn.clear()
    writers.draw_curves(rows, tmp_path / "curves.png", window=8)  # an average of all that there is says nothing
    assert len(drawn["g/l1"]) == 1


def test_tensorboard_tells_runs_apart_by_their_settings(tmp_path):
    config = flags.resolve({"dataset": "shapes", "lr": 0.5, "classes": ("a", "b")})
    writers.Writers(tmp_path / "run", config, start=0, total=1).close()
    (file,) = (tmp_path / "run" / "events").iterdir()
    data = b"".join(record.numpy() for record in tf.data.TFRecordDataset(str(file)))
    assert b"_hparams_/session_start_info" in data and b"pretrain_steps" in data
    known = writers.hyperparameters(config)
    assert known["lr"] == 0.5 and known["classes"] == "('a', 'b')" and known["seed"] == 0
    assert not known.keys() & {"dataset_path", "desired_hue", "log_interval"}  # places, what is not set, how it is told


@pytest.mark.parametrize("ids", ["a", "", "0;1"])
def test_gpu_ids_must_be_numbers(ids):
    with pytest.raises(ValueError, match="must be like 0 or 0,1"):
        distribution.select(ids)


def test_a_missing_gpu_is_an_error_but_the_default_falls_to_the_cpu_and_says_so(capsys):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match=r"no GPU \[0, 1\] here; there are 0"):
        distribution.select("0,1")
    assert distribution.select("0") == 0 and "using the CPU" in capsys.readouterr().out
    assert distribution.select("-1") == 0 and capsys.readouterr().out == ""


def test_one_process_is_its_own_chief():
    strategy = tf.distribute.get_strategy()
    assert distribution.is_chief(strategy)
    assert distribution.processes(strategy) == 1 and distribution.gather(strategy, 7) == [7]


@pytest.mark.parametrize("ignored", [False, True])
def test_a_closed_terminal_ends_a_run_but_not_under_nohup(ignored):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        with loop.interruptions() as came:
            os.kill(os.getpid(), signal.SIGHUP)
            assert came == ([] if ignored else [signal.SIGHUP])
        assert signal.getsignal(signal.SIGHUP) == (signal.SIG_IGN if ignored else signal.SIG_DFL)
    finally:
        signal.signal(signal.SIGHUP, before)
