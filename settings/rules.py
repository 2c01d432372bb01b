"""The rules between settings of a training, each stated once.

`Config` does not check them, because it must read runs of earlier versions; a training calls `check`. Commands check
what only a room knows, such as names of losses or installed packages. Imports nothing of ours but `options`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from colorgan.settings.config import PRETRAINED_ENCODERS
from colorgan.settings.options import flag_name


@dataclass(frozen=True)
class Beside:
    """A choice, and the settings that mean nothing with it.

    A choice on the command line removes these settings from the preset. Given together with it, they are refused.

    Attributes:
        name, value: the choice.
        why: why they mean nothing.
        neutral: {setting: its neutral value}.
        start: {setting: value} that also replace the preset's values; other values can be given.
    """

    name: str
    value: object
    why: str
    neutral: dict
    start: dict = field(default_factory=dict)


WITHOUT_MEANING = (
    Beside(
        "adversarial",
        "wgan-gp",
        "a critic has no labels and no accuracy",
        {"label_smoothing": False, "d_max_accuracy": 1.01, "d_pretrain_accuracy": 0.0, "d_retrain_accuracy": 0.0},
    ),
    Beside("validate", False, "colourfulness is measured by the validation", {"stop_colorfulness": 0.0}),
    Beside("log", False, "curves are drawn from the log", {"visualize": False}),
    Beside("color_space", "rgb", "it is a factor on a and b, of --color-space lab", {"chroma_gain": 1.0}),
    Beside("color_space", "yuv", "it is a factor on a and b, of --color-space lab", {"chroma_gain": 1.0}),
    Beside(
        "head",
        "color",
        "it has no bins to classify; channel-bins, joint-bins and color-and-bins have",
        {"classification_weight": 0.0, "pretrain": "l1"},
    ),
    Beside(
        "critic_ratio",
        "cantelli",
        "it makes its own rounds",
        {"noise_epochs": 0, "d_max_accuracy": 1.01, "d_retrain_accuracy": 0.0},
        start={"d_steps": 16},
    ),
)


def check(config, given=frozenset()) -> None:
    """Refuse settings with which a training would do nothing or do it wrong.

    Args:
        config: config.Config.
        given: names of the settings that the command line itself set.

    Raises:
        ValueError: naming the flags and what to do.
    """
    for broken in (_without_meaning(config), _schedule(config), _objective(config), _encoder(config, given)):
        for message in broken:
            raise ValueError(message)


def check_bins(data) -> None:
    """Refuse data, a `config.Data`, with other colours than those measured for the weights of the colour bins.

    Raises:
        ValueError: naming the flags.
    """
    if data.chroma_gain != 1 or data.min_colorfulness:
        raise ValueError(
            "`--chroma-gain` and `--min-colorfulness` change the colours of training, but the weights of the colour "
            "bins come from all unchanged photographs. With classified bins, give --chroma-gain 1 --min-colorfulness 0."
        )


def _without_meaning(config):
    values = config.flat()
    for row in WITHOUT_MEANING:
        flags = ", ".join(flag_name(name) for name, neutral in row.neutral.items() if values[name] != neutral)
        if values[row.name] == row.value and flags:
            choice = f"{flag_name(row.name)} {row.value}"
            yield f"`{choice}`: {row.why}; it excludes {flags}. Leave one of them out."


def _schedule(config):
    schedule, run = config.schedule, config.run
    if config.data.validation_fraction == 1:
        yield "`--validation-fraction 1` leaves nothing to train on: it measures a whole folder. Give a smaller one."
    if not (schedule.d_steps or schedule.g_steps):
        yield "`--d-steps` and `--g-steps` are both 0, so an iteration would train nothing. Raise one of them."
    if config.follows_validation and not run.validate:
        yield "`--lr-decay-schedule plateau` depends on the validation. Give --validate True."
    least, most = schedule.critic_ratio_min, schedule.critic_ratio_max
    if schedule.critic_ratio == "cantelli" and not least <= schedule.d_steps <= most:
        yield (
            "`--critic-ratio cantelli` starts at --d-steps, which must lie within --critic-ratio-min and "
            f"--critic-ratio-max, {least} and {most}. Received: {schedule.d_steps}"
        )
    if schedule.stop_colorfulness and not (schedule.pretrain_steps or run.network):
        yield (
            f"`--stop-colorfulness {schedule.stop_colorfulness:g}`, given or in the preset, needs a generator that "
            "begins pale, after --pretrain-steps of L1 or from another run (--network). Without these the generator "
            "can be colourful from the start. Give --stop-colorfulness 0."
        )


def _objective(config):
    objective, data, schedule = config.objective, config.data, config.schedule
    if objective.control_truth == "adjusted":
        if objective.desired_saturation is None and objective.desired_hue is None:
            yield "`--control-truth adjusted` needs --desired-saturation or --desired-hue to adjust to."
        if data.color_space == "rgb":
            yield "`--control-truth adjusted` changes brightness, which an rgb generator would have to copy."
        if data.degradations:
            yield (
                "`--control-truth adjusted` computes the true colours with the picture's lightness, but "
                "--degradations change it. Leave one out. --degradations '' switches off the preset's."
            )
    if objective.d_batches == "halves" and data.batch_size % 2:
        yield f"`--d-batches halves` needs an even --batch-size. Received: {data.batch_size}"
    if config.architecture.head == "color-and-bins" and not objective.classification_weight:
        yield (
            "`--head color-and-bins` has bins, which need a classification loss. Give --classification-weight above "
            "0, or --head color."
        )
    both = schedule.pretrain_steps and schedule.pretrain == "both"
    if both and not (objective.l1_weight and objective.classification_weight):
        yield (
            "`--pretrain both` weights L1 by --l1-weight and the classification by --classification-weight. Give both "
            "above 0, or --pretrain l1 or classification."
        )


def _encoder(config, given):
    name, run = config.architecture.encoder_name, config.run
    learned = name in PRETRAINED_ENCODERS
    if "encoder" in given and name != "table":
        yield f"`--encoder` is for --encoder-name table, but this run has {name}. Leave one of them out."
    if run.encoder_weights and not learned:
        yield "`--encoder-weights` are for a pretrained encoder. Name it with --encoder-name, or leave them out."
    if run.encoder_weights and run.network:
        yield "`--encoder-weights`: --network already has the encoder's weights. Leave one of them out."
    if not (learned or config.optimizer.encoder_lr_factor or run.network):
        yield (
            "`--encoder-lr-factor 0` would freeze an untrained encoder. Give a pretrained encoder (--encoder-name), "
            "another run's networks (--network), or a factor above 0."
        )
