"""The settings: types, ranges, JSON, and what a run may change when it goes on."""

import dataclasses
import json

import pytest

from colorgan.settings import config
from colorgan.settings.config import OPTIONS, Config
from colorgan.settings.modes import MODES
from colorgan.settings.options import flag_name


def test_defaults_round_trip_through_json():
    text = Config().to_json()
    assert Config.from_json(text) == Config()
    assert list(json.loads(text)) == [name for name, one in OPTIONS.items() if "train" in one.modes]


def test_a_run_keeps_what_training_reads_alone():
    kept = json.loads(Config().replace(port=80, host="a", test_delay=2.0, saturation=2.0).to_json())
    assert not kept.keys() & {"host", "port", "test_delay", "saturation", "format", "weights", "eval_size"}
    assert {"lr", "dataset_path", "gpu_ids", "acc_thresh", "validate_size"} <= kept.keys()
    assert list(json.loads(Config().to_json("export"))) == [n for n, one in OPTIONS.items() if "export" in one.modes]


def test_what_earlier_versions_wrote_down_beside_is_passed_over():
    """Whole configurations, with the settings of a page, which then had other ranges."""
    old = Config().flat() | {"batch_size": 3, "saturation": 12.0, "quality": 150, "format": "jpeg", "host": "b"}
    assert Config.from_json(json.dumps(old)) == Config().replace(batch_size=3)


def test_changed_values_round_trip_through_json_with_their_types():
    changed = Config().replace(
        encoder=((8, 1), (16, 2, 0.25)),
        decoder=((8, 2, 0.5),),
        augmentations=("flip", "rotate"),
        label_smoothing=True,
        lr=1e-5,
        seed=7,
        name='a "quoted" näme',
    )
    again = Config.from_json(changed.to_json())
    assert again == changed
    assert again.architecture.encoder == ((8, 1), (16, 2, 0.25))
    assert isinstance(again.architecture.encoder[0], tuple)
    assert again.to_json() == changed.to_json()
    assert hash(again) == hash(changed)


def test_settings_that_the_text_lacks_have_their_defaults():
    assert Config.from_json('{"batch_size": 3}') == Config().replace(batch_size=3)


@pytest.mark.parametrize("text", ["[1, 2]", "3", "{", '{"lr": NaN}', '{"lr": "fast"}'])
def test_other_texts_are_refused(text):
    with pytest.raises(ValueError):
        Config.from_json(text)


def test_unknown_settings_list_the_known():
    with pytest.raises(ValueError, match=r"'batchsize'.*Known: .*\bbatch_size\b.*\bwidth\b"):
        Config().replace(batchsize=3)
    with pytest.raises(ValueError, match="'old_setting'.*Known: "):
        Config.from_json('{"old_setting": 1}')


def test_every_name_is_one_flag():
    names = [f.name for section in dataclasses.fields(Config) for f in dataclasses.fields(section.default)]
    assert len(names) == len(set(names))
    assert list(Config().flat()) == names
    assert OPTIONS["lr_decay_steps"].flag == "--lr-decay-steps"


@pytest.mark.parametrize("name", OPTIONS)
def test_what_an_option_says_of_itself_is_possible(name):
    one = OPTIONS[name]
    assert one.help and one.name == name and set(one.modes) <= set(MODES)
    assert one.network in ("", "generator", "discriminator") and (one.fixed or not one.network)
    assert not isinstance(one.choices, dict) or set(one.choices) == set(one.modes)
    assert not one.steers or one.resumes  # what is fixed in any case needs no other reason


@pytest.mark.parametrize("mode", MODES)
def test_what_a_modes_help_explains_is_for_the_mode(mode):
    first = MODES[mode].first.split()
    assert len(first) == len(set(first)) and all(mode in OPTIONS[name].modes for name in first)


def test_a_configuration_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().data.batch_size = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().data = config.Data()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", True),  # a bool is an int in Python, not here
        ("epochs", 1.0),
        ("epochs", "3"),
        ("lr", False),
        ("lr", "1e-3"),
        ("lr", None),
        ("augment", 1),
        ("augment", "True"),
        ("dataset", 5),
        ("augmentations", "flip"),
        ("encoder", 64),
        ("encoder", ("64", "1")),
        ("encoder", ((64,),)),
        ("encoder", ((64, 2, 0.5, 1),)),
        ("encoder", ((64, 0),)),
        ("encoder", ((0, 2),)),
        ("encoder", ((64.0, 2),)),
        ("encoder", ((64, True),)),
        ("decoder", ((64, 2, 1.0),)),
        ("decoder", ((64, 2, -0.1),)),
        ("decoder", ((64, 2, float("nan")),)),
        ("discriminator_layers", ()),
        ("augmentations", (1,)),
        ("classes", ("forest", 2)),
        ("unfreeze", ((5, 1), (5, 0))),
        ("unfreeze", ((1,),)),
        ("unfreeze", ((1, -1),)),
        ("desired_hue", "red"),
        ("desired_hue", True),
    ],
)
def test_wrong_types_are_refused(name, value):
    with pytest.raises(ValueError, match=f"`{flag_name(name)}` must be .*Received"):
        Config().replace(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("batch_size", 0, "above 0"),
        ("height", -32, "above 0"),
        ("lr", 0.0, "above 0"),
        ("lr", float("nan"), "finite"),
        ("l1_weight", float("inf"), "finite"),
        ("l1_weight", -1.0, "not be negative"),
        ("seed", -1, "not be negative"),
        ("seed", 2**32, "below 4,294,967,296"),
        ("port", 65536, "below 65,536"),
        ("saturation", 10.5, "at most 10"),
        ("quality", 0, "above 0"),
        ("quality", 101, "at most 100"),
        ("format", "jpeg", "one of jpg, png, tiff, webp, .*onnx"),
        ("beta1", 1.0, "below 1"),
        ("validation_fraction", 1.1, "at most 1"),
        ("color_space", "hsv", "one of lab, rgb"),
        ("precision", "float64", "one of float32, mixed_bfloat16, mixed_float16"),
        ("jit", "", "one of auto, on, off"),
        ("desired_hue", 1.5, "at most 1"),
        ("desired_hue", -0.5, "not be negative"),
        ("d_retrain_accuracy", 1.01, "at most 1"),
    ],
)
def test_ranges(name, value, rule):
    with pytest.raises(ValueError, match=f"`{flag_name(name)}` must .*{rule}.*Received: "):
        Config().replace(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 0), ("l1_weight", 0), ("beta1", 0), ("lr", 1), ("seed", 2**32 - 1), ("quality", 100)]
)
def test_the_edges_are_inside(name, value):
    assert Config().replace(**{name: value}).flat()[name] == value


def test_the_constructor_checks_too():
    with pytest.raises(ValueError, match="`--batch-size`"):
        Config(data=config.Data(batch_size=0))


def test_replace_changes_a_copy_across_sections():
    before = Config()
    after = before.replace(lr=0.5, batch_size=2)
    assert (after.optimizer.lr, after.data.batch_size) == (0.5, 2)
    assert before == Config()
    assert after.run is before.run


def test_differences_are_of_what_a_run_cannot_change():
    mine = Config()
    other = mine.replace(lr=0.5, encoder=((1, 1),), epochs=99, dataset_path="/x", gpu_ids="-1", log_interval=1)
    assert mine.differences(other) == {
        "lr": (3e-4, 0.5),
        "encoder": (mine.architecture.encoder, ((1, 1),)),
    }
    assert mine.differences(mine) == {}
    # Whatever changes the weights that a run ends with is fixed.
    fixed = {name for name, one in OPTIONS.items() if one.fixed}
    assert fixed >= {"seed", "precision", "batch_size", "dataset", "d_steps", "label_smoothing", "augmentations"}
    assert fixed >= {f.name for f in dataclasses.fields(config.Architecture)}
    # A plateau decay follows the validation.
    plateau = mine.replace(lr_decay_schedule="plateau")
    assert plateau.differences(plateau.replace(validate_size=7)) == {"validate_size": (1000, 7)}
    assert mine.differences(mine.replace(validate_size=7)) == {}


def test_what_is_not_set_stays_not_set():
    assert Config().objective.desired_hue is None
    assert Config.from_json(Config().to_json()).objective.desired_hue is None
    assert Config.from_json(Config().replace(desired_hue=0).to_json()).objective.desired_hue == 0
