"""The settings: types, ranges, JSON, and what a run may change when it goes on."""

import dataclasses
import json

import pytest

from colorgan.settings import config
from colorgan.settings.config import FIELDS, SECTIONS, Config


def test_defaults_round_trip_through_json():
    text = Config().to_json()
    assert Config.from_json(text) == Config()
    assert list(json.loads(text)) == list(FIELDS)


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
    with pytest.raises(ValueError, match=r"`batchsize`.*Known: .*\bbatch_size\b.*\bwidth\b"):
        Config().replace(batchsize=3)
    with pytest.raises(ValueError, match="`old_setting`.*Known: "):
        Config.from_json('{"old_setting": 1}')


def test_every_name_is_one_flag():
    names = [f.name for section in SECTIONS.values() for f in dataclasses.fields(section)]
    assert len(names) == len(set(names))
    assert list(Config().flat()) == names
    assert config.flag_name("lr_decay_steps") == "--lr-decay-steps"
    assert all(f.metadata["help"] for f in FIELDS.values())


def test_the_sets_of_ranges_name_fields():
    assert config.POSITIVE | config.BELOW_ONE | config.AT_MOST_ONE <= set(FIELDS)


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
    with pytest.raises(ValueError, match=f"`{config.flag_name(name)}` must be .*Received"):
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
        ("beta1", 1.0, "below 1"),
        ("ema_decay", 1, "below 1"),
        ("validation_fraction", 1.0, "below 1"),
        ("color_space", "hsv", "one of lab, rgb"),
        ("precision", "float64", "one of float32, mixed_bfloat16, mixed_float16"),
        ("jit", "", "one of auto, on, off"),
        ("lr_decay_schedule", "linear", "one of exponential, cosine, plateau"),
        ("desired_hue", 1.5, "at most 1"),
        ("desired_hue", -0.5, "not be negative"),
        ("d_retrain_accuracy", 1.01, "at most 1"),
    ],
)
def test_ranges(name, value, rule):
    with pytest.raises(ValueError, match=f"`{config.flag_name(name)}` must .*{rule}.*Received: "):
        Config().replace(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("epochs", 0), ("l1_weight", 0), ("beta1", 0), ("lr", 1), ("seed", 0), ("ema_decay", 0.999)]
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
    fixed = {name for name, f in FIELDS.items() if not f.metadata["may_change"]}
    assert fixed >= {"seed", "precision", "batch_size", "dataset", "d_steps", "label_smoothing", "augmentations"}
    assert all(f.metadata["may_change"] is False for f in dataclasses.fields(config.Architecture))


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"critic_ratio": "cantelli", "d_steps": 33}, "`--critic-ratio cantelli` starts at --d-steps.*5 and 32"),
        ({"control_truth": "adjusted", "desired_red": 1.0}, "needs --desired-saturation or --desired-hue"),
        ({"critic_ratio": "cantelli", "d_steps": 5, "noise_epochs": 3}, "rounds of its own: --noise-epochs"),
        ({"d_batches": "halves", "batch_size": 5}, "even --batch-size. Received: 5"),
        ({"d_steps": 0, "g_steps": 0}, "would train nothing"),
    ],
)
def test_settings_that_contradict_each_other(values, complaint):
    with pytest.raises(ValueError, match=complaint):
        Config().replace(**values)


def test_what_is_not_set_stays_not_set():
    assert Config().objective.desired_hue is None
    assert Config.from_json(Config().to_json()).objective.desired_hue is None
    assert Config.from_json(Config().replace(desired_hue=0).to_json()).objective.desired_hue == 0
