"""The command line: the original's commands, every flag, precedence, and what mistakes are told."""

import json
import shlex

import pytest

from colorgan.settings import flags
from colorgan.settings.config import OPTIONS, Config
from colorgan.settings.modes import MODES
from colorgan.settings.presets import DATASETS, PRESETS

# The training commands of Nazeri et al.'s project, as published.
PLACES365 = """
  --seed 100 --dataset places365 --dataset-path ./dataset/places365 --checkpoints-path ./checkpoints
  --batch-size 16 --epochs 10 --lr 3e-4 --label-smoothing 1"""
CIFAR10 = """
  --seed 100 --dataset cifar10 --dataset-path ./dataset/cifar10 --checkpoints-path ./checkpoints
  --batch-size 128 --epochs 200 --lr 3e-4 --lr-decay-steps 1e4 --augment True"""

# The original's flags and their defaults: name, and the default where the project states one.
ORIGINAL = {
    "seed": 0, "name": None, "dataset": "places365", "dataset-path": "./dataset", "checkpoints-path": "./checkpoints",
    "batch-size": 16, "color-space": "lab", "epochs": 30, "lr": 3e-4, "lr-decay": True, "lr-decay-rate": 0.1,
    "lr-decay-steps": 500_000, "beta1": 0, "l1-weight": 100, "augment": True, "label-smoothing": False,
    "acc-thresh": 2, "kernel-size": 4, "gpu-ids": "0", "save": True, "save-interval": 1000, "sample": True,
    "sample-size": 8, "sample-interval": 1000, "validate": True, "validate-interval": 0, "log": True,
    "log-interval": 10, "visualize": False, "visualize-window": 100, "test-input": "", "test-output": "",
    "test-size": 100, "test-delay": 0,
}  # fmt: skip


def parsed(line, **kwargs):
    return flags.parse(shlex.split(line), **kwargs)


def value(line, name):
    return parsed(line).config.flat()[name]


def test_the_published_command_for_places365():
    command = parsed(PLACES365, mode="train")
    c = command.config
    assert (command.mode, command.inputs, command.dry_run) == ("train", (), False)
    assert (c.run.seed, c.run.preset, c.data.dataset) == (100, "places365", "places365")
    assert (c.data.dataset_path, c.run.checkpoints_path) == ("./dataset/places365", "./checkpoints/places365")
    assert (c.data.batch_size, c.schedule.epochs, c.optimizer.lr) == (16, 10, 3e-4)
    assert c.objective.label_smoothing is True
    assert (c.data.height, c.optimizer.lr_decay_steps, c.optimizer.beta1) == (256, 500_000, 0)


def test_the_published_command_for_cifar10():
    command = parsed(CIFAR10, mode="train")
    c = command.config
    assert (c.run.seed, c.run.preset, c.data.dataset) == (100, "cifar10", "cifar10")
    assert (c.data.dataset_path, c.run.checkpoints_path) == ("./dataset/cifar10", "./checkpoints/cifar10")
    assert (c.data.batch_size, c.schedule.epochs, c.optimizer.lr) == (128, 200, 3e-4)
    assert c.optimizer.lr_decay_steps == 10_000 and isinstance(c.optimizer.lr_decay_steps, int)
    assert c.data.augment is True
    assert (c.objective.label_smoothing, c.data.height, c.schedule.g_steps) == (False, 32, 2)
    words = "seed dataset dataset_path checkpoints_path batch_size epochs lr lr_decay_steps augment"
    assert command.given == set(words.split())


def test_the_timed_turing_test():
    command = parsed("--test-delay 2", mode="turing")
    assert (command.mode, command.config.turing.test_delay) == ("turing", 2.0)


@pytest.mark.parametrize("name", ORIGINAL)
def test_the_original_flags_exist_with_their_defaults(name):
    one = OPTIONS[name.replace("-", "_")]
    assert ORIGINAL[name] is None or one.default == ORIGINAL[name]


# What cannot stand alone, a setting or a choice, and what it needs.
COMPANIONS = {
    "classification_weight": "--head joint-bins",
    "classification": "--head joint-bins",
    "both": "--head joint-bins",
    "stop_colorfulness": "--pretrain-steps 1",
    "encoder_weights": "--preset photo",
    "adjusted": "--desired-hue 0.5",
}


@pytest.mark.parametrize("name", [name for name, one in OPTIONS.items() if not one.choices])
def test_every_option_is_a_flag(name):
    one, kind = OPTIONS[name], OPTIONS[name].kind
    text = {
        bool: str(not one.default), int: "7", float: "0.25", str: "places365",
        "rows": "[[8, 2, 0.5]]", "stages": "[[100, 2]]", "words": "flip", "names": "cat", "numbers": "20",
        "share": "2/8",
    }[kind]  # fmt: skip
    line = f"{one.flag} {shlex.quote(text)} {COMPANIONS.get(name, '')}"
    command = parsed(line, mode="train" if "train" in one.modes else one.modes[0])
    assert command.given >= {name} and (len(command.given) == 1 or name in COMPANIONS)
    got = command.config.flat()[name]
    assert type(got) is (tuple if isinstance(kind, str) else kind)
    shown = json.dumps(got)
    assert shown in (text, text.lower(), f'"{text}"', f'["{text}"]', f"[{text}]", f"[{text.replace('/', ', ')}]")


@pytest.mark.parametrize(
    ("name", "mode"),
    [(name, mode) for name, one in OPTIONS.items() if one.choices for mode in (one.modes[0], one.modes[-1])],
)
def test_closed_sets(name, mode):
    one = OPTIONS[name]
    for choice in one.allowed(mode):
        assert value(f"--mode {mode} {one.flag} {choice} {COMPANIONS.get(choice, '')}", name) == choice
    with pytest.raises(ValueError, match=f"`{one.flag}`.* must be one of .*Received: 'other'"):
        parsed(f"--mode {mode} {one.flag} other")


@pytest.mark.parametrize(
    ("line", "name", "expected"),
    [
        ("--augment True", "augment", True),
        ("--augment False", "augment", False),
        ("--augment 0", "augment", False),
        ("--augment 1", "augment", True),
        ("--augment=false", "augment", False),
        ("--label-smoothing 1", "label_smoothing", True),
        ("--dataset cifar10 --label-smoothing 0", "label_smoothing", False),
        ("--lr-decay-steps 1e4", "lr_decay_steps", 10_000),
        ("--max-steps 9007199254740993", "max_steps", 9007199254740993),  # 2^53 + 1 is no float64
        ("--gpu-ids -1", "gpu_ids", "-1"),
        ("--classes 'a, b'", "classes", ("a", "b")),
        ("""--classes '"old cars, 1950", a "b",'""", "classes", ("old cars, 1950", 'a "b"')),
        ("--classes Cafe\u0301", "classes", ("Caf\u00e9",)),  # NFD becomes NFC
        ("--gpu-ids 0,1", "gpu_ids", "0,1"),
        ("--batch_size 3", "batch_size", 3),
        ("--lr_decay-steps=5", "lr_decay_steps", 5),
        ("-batch-size 3", "batch_size", 3),
        ("--name my_first_run", "name", "my_first_run"),
        ("--name=my_first_run", "name", "my_first_run"),
        ("--lr 1", "lr", 1.0),
        ("--mode 2 --test-size 5", "test_size", 5),
        ("--mode 2 --turing_test_size 5", "test_size", 5),
        ("--mode 2 --turing-test-delay 2", "test_delay", 2.0),
        ("--encoder [[8,1],[16,2]] --decoder '[[8, 2, 0.5]]'", "encoder", ((8, 1), (16, 2))),
        ("--augmentations flip,rotate", "augmentations", ("flip", "rotate")),
        ("--augmentations ''", "augmentations", ()),
        ("--mode colorize --shard 8/8", "shard", (8, 8)),
    ],
)
def test_spellings(line, name, expected):
    command = parsed(line)
    got = command.config.flat()[name]
    assert got == expected and type(got) is type(expected)
    assert name in command.given
    assert command.inputs == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "--batch-sze 3",
            r"Unknown flag `--batch-sze`. Did you mean --batch-size?\n.*train.* --help-all lists the flags",
        ),
        ("--xyzzy 3", r"Unknown flag `--xyzzy`.\n.* --help-all lists"),
        ("--mode app --prot 1", "Did you mean --port?"),
        ("--mode colorize --ouput a", "Did you mean --output?"),
        ("train --dataset shapes", "Not a flag: train. .* The mode is given as --mode train."),
        ("--noaugment", "Unknown flag `--noaugment`"),
        ("--batch-size many", "`--batch-size` must be a whole number, such as 16. Received: 'many'"),
        ("--batch-size 1.5", "whole number"),
        ("--epochs inf", "whole number"),
        ("--epochs nan", "whole number"),
        ("--batch-size 0", "`--batch-size` must be above 0. Received: 0"),
        ("--augment maybe", "Not a flag: maybe. Flags look like .*--augment False"),
        ("--augment=maybe", "`--augment` must be True or False. Received: 'maybe'"),
        ("--epochs", "`--epochs` needs a value"),
        ("--name --epochs 3", "`--name` needs a value"),
        ("--lr nan", "`--lr` must be a finite number"),
        ("--lr fast", "`--lr` must be a number, such as 0.0003. Received: 'fast'"),
        ("--encoder [[64,1]", "JSON rows"),
        ("--encoder [64,1]", "JSON rows"),
        ("--encoder 64,1", "`--encoder` must be"),
        ("--dataset imagenet", "Unknown `--dataset` 'imagenet'. Known: cifar10, places365, shapes, folder, tfds:NAME"),
        ("--preset pix2pix", "Unknown `--preset` 'pix2pix'. Known: cifar10, places365, controlled,"),
        ("--preset phot", "Unknown `--preset` 'phot'. Did you mean photo? Known: "),
        ("--dataset CIFAR-10", "Did you mean cifar10?"),
        ("--mode sing", r"Unknown `--mode` 'sing'. Known: train, eval, turing, sample,"),
        ("--mode colrize", "Did you mean colorize?"),
        ("--jit onn", "must be one of auto, on, off. Received: 'onn'. Did you mean on?"),
        ("--mode 7", "Unknown `--mode` '7'"),
        ("--mode eval --average-checkpoints 2", "--average-checkpoints is for pack; not for eval. Leave it out."),
        ("--eval-split validation", "--eval-split is for eval; not for train"),
        (
            "--mode 1 --lr 3e-4 --label-smoothing 1",
            "--label-smoothing is for train, class-weights; --lr is for train, class-weights; not for eval",
        ),
        (
            "--mode colorize --format onnx",
            "`--format` of `colorize` must be one of jpg, png, tiff, webp. Received: 'onnx'",
        ),
        ("--mode export --format png", "`--format` of `export` must be one of tf_saved_model, onnx, litert"),
    ],
)
def test_mistakes_are_explained(line, message):
    message = message.replace("[[", r"[[").replace("(", r"[(]").replace("?", r"[?]")
    with pytest.raises(ValueError, match=f"(?s){message}") as caught:
        parsed(line)
    assert str(caught.value).count("\n") < 3


@pytest.mark.parametrize(
    ("line", "fixed", "mode"),
    [
        ("", None, "train"),
        ("--mode eval", None, "eval"),
        ("--mode 0", None, "train"),  # the original's numbers
        ("--mode 1", None, "eval"),
        ("--mode=2", None, "turing"),
        ("", "colorize", "colorize"),
        ("--mode 1", "eval", "eval"),
    ],
)
def test_modes(line, fixed, mode):
    assert parsed(line, mode=fixed).mode == mode


def test_a_door_keeps_its_mode():
    with pytest.raises(ValueError, match="This is train.*For eval use .*eval"):
        parsed("--mode eval", mode="train")


def test_words_that_are_not_flags():
    command = parsed("one.jpg --test-output out two_2.png -- --odd_name.jpg", mode="colorize")
    assert command.inputs == ("one.jpg", "two_2.png", "--odd_name.jpg")
    assert command.config.colorizing.test_output == "out"


@pytest.mark.parametrize(
    ("line", "dry", "words"),
    [
        ("--dry-run", True, ()),
        ("--dry_run --quality 3", True, ()),
        ("--dry-run True", True, ()),
        ("--dry-run=False", False, ()),
        ("--dry-run false", False, ()),
        ("--dry-run 0", False, ()),
        ("--dry-run yes photo.jpg", True, ("photo.jpg",)),
        ("--dry-run photo.jpg", True, ("photo.jpg",)),
    ],
)
def test_dry_run_needs_no_value(line, dry, words):
    command = parsed(f"--mode colorize {line}")
    assert (command.dry_run, command.inputs) == (dry, words)


def test_precedence():
    # lr: the field's 3e-4, tiny's 3e-3; epochs: the field's 30, tiny's 10; save interval: 1000, shapes' own 200.
    assert (value("--dataset cifar10", "lr"), value("--dataset shapes", "lr")) == (3e-4, 3e-3)
    assert (value("--dataset shapes", "epochs"), value("--dataset shapes", "save_interval")) == (10, 200)
    assert value("--dataset shapes --preset tiny", "save_interval") == 1000
    assert value("--dataset shapes --preset cifar10", "epochs") == 200
    assert value("--dataset shapes --preset tiny --epochs 3", "epochs") == 3
    assert value("--dataset shapes --epochs 3", "epochs") == 3
    assert value("--dataset folder", "epochs") == 30 and value("--dataset folder", "label_smoothing") is True
    assert value("--dataset tfds:cifar100", "height") == 32
    assert value("--dataset tfds:oxford_flowers102", "height") == 256
    assert value("--dataset shapes", "preset") == "tiny"


@pytest.mark.parametrize("preset", PRESETS)
def test_no_flags_default_overrides_a_preset(preset):
    flat = parsed(f"--preset {preset}").config.flat()
    for name, expected in Config().flat().items():
        if name not in ("preset", "dataset_path", "checkpoints_path"):
            assert flat[name] == PRESETS[preset].get(name, expected), name


def test_a_flag_at_the_fields_default_still_beats_the_preset():
    assert value("--dataset cifar10 --batch-size 16", "batch_size") == 16


def test_every_row_of_the_tables_resolves():
    for preset, values in DATASETS.values():
        Config().replace(**PRESETS[preset] | values)


@pytest.mark.parametrize(
    ("line", "dataset_path", "checkpoints_path"),
    [
        ("", "./dataset/places365", "./checkpoints/places365"),
        ("--dataset cifar10 --name big", "./dataset/cifar10", "./checkpoints/cifar10-big"),
        ("--dataset tfds:a/b", "./dataset/tfds-a-b", "./checkpoints/tfds-a-b"),
        ("--dataset-path ./dataset --checkpoints-path checkpoints/", "./dataset/places365", "./checkpoints/places365"),
        ("--dataset-path /data/x/ --checkpoints-path /runs/y --name z", "/data/x/", "/runs/y"),
        ("--dataset-path photos/ --checkpoints-path ./checkpoints/mine/", "photos/", "./checkpoints/mine/"),
        ("--dataset-path /dataset --checkpoints-path ../checkpoints", "/dataset", "../checkpoints"),
    ],
)
def test_default_spellings_of_paths(line, dataset_path, checkpoints_path):
    c = parsed(line).config
    assert (c.data.dataset_path, c.run.checkpoints_path) == (dataset_path, checkpoints_path)


def test_resolve_serves_callers_too():
    assert flags.resolve({"dataset": "cifar10"}) == parsed("--dataset cifar10").config
    with pytest.raises(ValueError, match="Unknown setting 'batchsize'. Did you mean batch_size[?]"):
        flags.resolve({"batchsize": 3})


@pytest.mark.parametrize("name", [name for name, one in OPTIONS.items() if one.kind is bool])
def test_booleans_may_stand_alone(name):
    one = OPTIONS[name]
    mode = "colorize" if "colorize" in one.modes else one.modes[0]
    words = ["a.jpg"] if MODES[mode].words else []
    for line, expected in (([one.flag], True), ([one.flag, "True"], True), ([one.flag, "False"], False)):
        command = flags.parse([*line, *words], mode=mode)
        assert command.config.flat()[name] is expected and command.inputs == tuple(words)


@pytest.mark.parametrize(
    ("line", "fixed", "mode"),
    [
        ("--help", None, None),
        ("--mode 1 -h", None, "eval"),
        ("--help --mode=pack", None, "pack"),
        ("", "app", "app"),
        ("--epochs --help", "train", "train"),
    ],
)
def test_the_mode_that_help_is_asked_for(line, fixed, mode):
    assert flags.mode_of(line.split(), fixed) == mode


def test_tfds_default_path_is_the_one_that_datasets_know():
    from colorgan.datasets import paths

    config = flags.resolve({"dataset": "tfds:cifar100"})
    assert config.data.dataset_path == "./dataset/tfds-cifar100"
    assert paths.locate(config.data) is None  # nobody named a folder: TensorFlow Datasets is asked
