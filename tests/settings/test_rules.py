"""What settings must hold against each other, and that the tables agree with the rooms that they speak of."""

import pytest

from colorgan.files import suffixes
from colorgan.models import heads
from colorgan.models.objectives.adversarial import ADVERSARIAL
from colorgan.serving import export
from colorgan.settings import flags, rules
from colorgan.settings.config import OPTIONS, PRETRAINED_ENCODERS, Config
from colorgan.settings.presets import PRESETS


@pytest.mark.parametrize("row", rules.WITHOUT_MEANING, ids=lambda row: f"{row.name}-{row.value}")
def test_what_means_nothing_beside_a_choice_is_refused_with_it_and_taken_out_of_presets(row):
    clean = Config().replace(**{row.name: row.value}, **row.neutral, **row.start)
    rules.check(clean)
    for name, neutral in row.neutral.items():
        other = next(v for v in (True, 0.5, 3, "both") if v != neutral and type(v) is type(neutral))
        if name == "stop_colorfulness":
            clean = clean.replace(pretrain_steps=1)
        with pytest.raises(ValueError, match=f"`{OPTIONS[row.name].flag} {row.value}`: .*{OPTIONS[name].flag}"):
            rules.check(clean.replace(**{name: other}))
    for preset in PRESETS:
        resolved = flags.resolve({"preset": preset, row.name: row.value}).flat()
        assert {name: resolved[name] for name in row.neutral} == row.neutral


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_keep_the_rules(preset):
    rules.check(flags.resolve({"preset": preset}))


def test_the_table_knows_what_the_rooms_know():
    def values(name):
        return {row.value for row in rules.WITHOUT_MEANING if row.name == name}

    assert values("adversarial") == {name for name, loss in ADVERSARIAL.items() if loss.boundary is None}
    config = Config().replace(classification_weight=1.0)
    builds = {name: heads.build(config.replace(head=name), kernel_size=1) for name in heads.HEADS}
    assert values("head") == {name for name, head in builds.items() if head.bins is None}
    formats = OPTIONS["format"].choices
    assert formats["colorize"] == formats["app"] == tuple(suffixes.FORMATS)
    assert formats["export"] == tuple(export.FORMATS)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"d_steps": 0, "g_steps": 0}, "would train nothing"),
        ({"lr_decay_schedule": "plateau", "validate": False}, "plateau` depends on the validation"),
        ({"critic_ratio": "cantelli", "d_steps": 33}, "`--critic-ratio cantelli` starts at --d-steps.*5 and 32"),
        ({"stop_colorfulness": 0.5}, "begins pale"),
        ({"validation_fraction": 1.0}, "leaves nothing to train on"),
        ({"control_truth": "adjusted", "desired_red": 1.0}, "needs --desired-saturation or --desired-hue"),
        ({"control_truth": "adjusted", "desired_hue": 0.5, "color_space": "rgb"}, "changes brightness"),
        ({"control_truth": "adjusted", "desired_hue": 0.5, "degradations": ("blur",)}, "--degradations change"),
        ({"d_batches": "halves", "batch_size": 5}, "even --batch-size. Received: 5"),
        ({"head": "color-and-bins"}, "or --head color"),
        (
            {"head": "joint-bins", "pretrain": "both", "pretrain_steps": 1},
            "`--pretrain both` weights L1 by --l1-weight",
        ),
        ({"encoder_name": "new", "encoder_weights": "x.pth"}, "for a pretrained encoder. Name it with --encoder-name"),
        (
            {"encoder_name": PRETRAINED_ENCODERS[0], "encoder_weights": "x.pth", "network": "y"},
            "already has the encoder's",
        ),
        ({"encoder_name": "new", "encoder_lr_factor": 0.0}, "would freeze an untrained encoder"),
    ],
)
def test_what_a_training_refuses(values, complaint):
    config = Config().replace(**values)  # as a run of an earlier version may have it
    with pytest.raises(ValueError, match=complaint):
        rules.check(config)


@pytest.mark.parametrize(
    "values",
    [
        {"stop_colorfulness": 0.5, "network": "run"},
        {"stop_colorfulness": 0.5, "pretrain_steps": 1},
        {"encoder_lr_factor": 0.0, "network": "run"},
        {"control_truth": "adjusted", "desired_hue": 0.0},
        {"d_batches": "halves", "batch_size": 6},
        {"critic_ratio": "cantelli", "d_steps": 32},
    ],
)
def test_what_it_does_not_refuse(values):
    rules.check(Config().replace(**values))


def test_a_table_that_was_given_to_a_pretrained_encoder():
    config = flags.resolve({"preset": "photo"})
    rules.check(config)
    with pytest.raises(ValueError, match="`--encoder` is for --encoder-name table"):
        rules.check(config, {"encoder"})


@pytest.mark.parametrize("values", [{"chroma_gain": 1.2}, {"min_colorfulness": 15.0}])
def test_weights_of_bins_are_those_of_the_photographs_as_they_are(values):
    with pytest.raises(ValueError, match="`--chroma-gain` and `--min-colorfulness` change the colours"):
        rules.check_bins(Config().replace(**values).data)
    rules.check_bins(Config().data)


@pytest.mark.parametrize("mode", ["train", "class-weights"])
def test_the_command_line_of_a_training_keeps_them(mode):
    with pytest.raises(ValueError, match="would train nothing"):
        flags.parse(["--d-steps", "0", "--g-steps", "0"], mode=mode)
