"""The configuration of a run: frozen dataclasses whose fields are, by name, the command line's flags.

Owns every setting's name, type, default and help text, each stated once: `flags.py` makes the command line from these
fields, `config.json` is their flat dump. The defaults are the original's (Nazeri et al. 2018). Imports nothing of
ours and no TensorFlow, so that `--help` and a look at a run's settings cost nothing.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field

ROWS, WORDS, STAGES = "rows", "words", "stages"  # kinds of tuples; see `_check_items`


def option(default, help, *, kind=None, choices=None, may_change=False, known=None):  # noqa: A002 - the field's term
    """A dataclass field that is also a flag.

    Args:
        default: the value when neither a flag nor a preset nor the dataset's table gives one. None: not set.
        kind: its type, or `rows`, `words` or `stages` for tuples; default: the default's type.
        help: one line for `--help`.
        choices: the values allowed, for a closed set.
        may_change: whether a run may go on with another value (paths, intervals, devices); see `Config.differences`.
        known: where open sets of names are listed (shown in `--help`).
    """
    kind = kind or type(default)
    meta = {"help": help, "kind": kind, "choices": choices, "may_change": may_change, "known": known}
    return field(default=default, metadata=meta)


@dataclass(frozen=True)
class Architecture:
    """The two networks. A kernel table has a row per layer: (filters, stride[, dropout rate])."""

    generator: str = option("unet", "generator network", known="models/networks/")
    encoder: tuple = option(
        ((64, 1), (64, 2), (128, 2), (256, 2), (512, 2), (512, 2), (512, 2), (512, 2)),
        "generator's encoder as JSON rows [filters, stride, dropout]",
        kind=ROWS,
    )
    decoder: tuple = option(
        ((512, 2, 0.0), (512, 2, 0.0), (512, 2, 0.0), (256, 2, 0.0), (128, 2, 0.0), (64, 2, 0.0), (64, 2, 0.0)),
        "generator's decoder as JSON rows [filters, stride, dropout]",
        kind=ROWS,
    )
    encoder_name: str = option(
        "table",
        "encoder of `resize-unet`: table, which is --encoder, or a pretrained one",
        known="models/encoders.py",
    )
    head: str = option("color", "what the generator ends in", known="models/heads.py")
    noise_channels: int = option(0, "channels of uniform noise that the generator sees beside the gray picture")
    discriminator: str = option("patch", "discriminator network", known="models/networks/")
    discriminator_layers: tuple = option(
        ((64, 2), (128, 2), (256, 2), (512, 1)), "discriminator as JSON rows [filters, stride, dropout]", kind=ROWS
    )
    d_input: str = option(
        "joint", "what the discriminator judges: gray and colour, or colour alone", choices=("joint", "color")
    )
    d_crop: int = option(0, "rim of the pictures that the discriminator does not see, pixels")
    d_normalization: str = option(
        "auto",
        "normalization in the discriminator; auto: batch, but none under a gradient penalty",
        choices=("auto", "batch", "spectral", "none"),
    )
    kernel_size: int = option(4, "kernel size of the convolutions of `unet`, `patch` and `half-patch`")
    filter_multiplier: float = option(1.0, "multiplies every number of filters of both networks")
    bn_momentum: float = option(0.99, "batch normalization: momentum of the moving statistics")
    temperature: float = option(0.38, "joint-bins head: temperature of the annealed mean that bins become a colour by")


@dataclass(frozen=True)
class Objective:
    """What the networks minimize."""

    adversarial: str = option("non-saturating", "adversarial loss", known="models/objectives/adversarial.py")
    adversarial_weight: float = option(1.0, "weight of the adversarial term in the generator's loss")
    gp_weight: float = option(10.0, "wgan-gp: weight of the gradient penalty")
    r1_weight: float = option(0.0, "weight of the R1 penalty, with any adversarial loss; 0: none")
    label_smoothing: bool = option(False, "one-sided label smoothing: the discriminator's real label is 0.9")
    d_batches: str = option(
        "full",
        "what a discriminator update sees: all real and all generated pictures, or half of each in one batch",
        choices=("full", "halves"),
    )
    l1_weight: float = option(100.0, "weight of the L1 term in the generator's loss")
    classification_weight: float = option(0.0, "weight of the cross-entropy on colour bins (heads with bins)")
    uniform_mix: float = option(
        0.5, "rebalancing of the joint bins: share of the uniform distribution in the prior; 1: no rebalancing"
    )
    rebalance_exponent: float = option(
        1.0, "rebalancing of the joint bins: exponent on their weights; 0: all weigh the same"
    )
    feature_model: str = option("", "file of a Keras model for a perceptual term; it sees sRGB in 0..255")
    feature_weight: float = option(1.0, "weight of the perceptual term")
    desired_saturation: float | None = option(None, "control: mean saturation to aim at, in [0, 1]", kind=float)
    saturation_weight: float = option(1.0, "weight of that term")
    desired_hue: float | None = option(None, "control: mean hue to aim at, in [0, 1], a turn is 1", kind=float)
    hue_weight: float = option(1.0, "weight of that term")
    desired_red: float | None = option(None, "control: mean of red to aim at, in [0, 1]", kind=float)
    red_weight: float = option(1.0, "weight of that term")
    desired_green: float | None = option(None, "control: mean of green to aim at, in [0, 1]", kind=float)
    green_weight: float = option(1.0, "weight of that term")
    desired_blue: float | None = option(None, "control: mean of blue to aim at, in [0, 1]", kind=float)
    blue_weight: float = option(1.0, "weight of that term")
    control_truth: str = option(
        "original",
        "what L1 and the discriminator take for true: the photographs, or those moved to the desired saturation or hue",
        choices=("original", "adjusted"),
    )


@dataclass(frozen=True)
class Optimizer:
    """How the networks' weights move: Adam, its learning rate over time, and the generator's moving average."""

    lr: float = option(3e-4, "learning rate of the generator")
    d_lr_factor: float = option(0.1, "learning rate of the discriminator, as a factor of the generator's")
    encoder_lr_factor: float = option(
        1.0, "learning rate of the generator's encoder, as a factor of the generator's; 0: the encoder is frozen"
    )
    pretrain_lr: float = option(0.0, "learning rate of the generator's pre-training, decaying as --lr does; 0: --lr")
    lr_decay: bool = option(True, "let the learning rate decay")
    lr_decay_schedule: str = option(
        "exponential",
        "how it decays; cosine: to --lr-floor, over --lr-decay-steps",
        choices=("exponential", "cosine", "plateau"),
    )
    lr_decay_rate: float = option(0.1, "factor of a decay")
    lr_decay_steps: int = option(
        500_000,
        "exponential decay: iterations of a phase until the factor has applied once; cosine: until the floor",
    )
    lr_floor: float = option(1e-6, "the learning rate does not decay below this")
    plateau_patience: int = option(5, "plateau decay: validations without a better metric before a decay")
    beta1: float = option(0.0, "Adam's beta 1, of both optimizers")
    beta2: float = option(0.999, "Adam's beta 2, of both optimizers")
    g_clip_value: float = option(0.0, "clip the generator's gradients elementwise to this; 0: no clipping")
    d_clip_value: float = option(0.0, "clip the discriminator's gradients elementwise to this; 0: no clipping")
    d_l2: float = option(0.0, "L2 decay of the discriminator's weights, added to their gradients before clipping")
    ema_decay: float = option(0.0, "decay of a moving average of the generator, used for all its results; 0: none")


@dataclass(frozen=True)
class Schedule:
    """What one iteration does and how many there are."""

    epochs: int = option(30, "passes over the training set; 0: until interrupted", may_change=True)
    max_steps: int = option(0, "end after this many iterations in all; 0: no limit", may_change=True)
    encoder_frozen_steps: int = option(
        0,
        "iterations before the generator's encoder learns, where --encoder-lr-factor lets it; its rate then rises over "
        "1,000",
    )
    d_steps: int = option(1, "discriminator updates per iteration")
    g_steps: int = option(2, "generator updates per iteration")
    pretrain: str = option(
        "l1",
        "what the generator minimizes in its pre-training; both: L1 and classification, weighed as --l1-weight and "
        "--classification-weight say",
        choices=("l1", "classification", "both"),
    )
    pretrain_steps: int = option(0, "iterations of the generator's pre-training, before there is a discriminator")
    d_pretrain_accuracy: float = option(
        0.0, "then the discriminator learns alone until its accuracy reaches this; 0: no pre-training of it"
    )
    d_pretrain_steps: int = option(1000, "limit of that pre-training and of each retraining, iterations")
    d_max_accuracy: float = option(1.01, "the discriminator rests while its mean accuracy is above this; 1.01: never")
    d_retrain_accuracy: float = option(
        0.0, "in a run's first half: retrain the discriminator alone when its mean accuracy falls below this; 0: never"
    )
    stop_colorfulness: float = option(
        0.0,
        "end the run when, in its adversarial phase, a validation's colourfulness ratio reaches this; for generators "
        "that begin pale, as L1 makes them; 0: never",
        may_change=True,
    )
    noise_epochs: int = option(0, "every n-th epoch the discriminator sees noise for generated pictures; 0: never")
    critic_ratio: str = option(
        "fixed",
        "discriminator updates per round: --d-steps on one batch, or adapted, on a new batch each",
        choices=("fixed", "cantelli"),
    )
    critic_ratio_min: int = option(5, "cantelli: fewest discriminator updates of a round")
    critic_ratio_max: int = option(32, "cantelli: most discriminator updates of a round")
    unfreeze: tuple = option(
        (),
        "frozen parts of the generator after its pre-training, as JSON rows [iteration, parts frozen from the input]",
        kind=STAGES,
    )


@dataclass(frozen=True)
class Data:
    """Where photographs come from and what becomes of them before a network sees them."""

    dataset: str = option("places365", "cifar10, places365, folder, shapes or tfds:NAME", known="datasets/__init__.py")
    dataset_path: str = option(
        "./dataset", "folder of the data set; ./dataset stands for ./dataset/DATASET", may_change=True
    )
    download: bool = option(False, "let TensorFlow Datasets download the data set", may_change=True)
    height: int = option(256, "height of the images in training, pixels")
    width: int = option(256, "width of the images in training, pixels")
    batch_size: int = option(16, "images per iteration, over all devices")
    classes: tuple = option((), "categories to use, comma-separated: folders or class names; default: all", kind=WORDS)
    color_space: str = option(
        "lab", "what the generator predicts: ab (lab), RGB (rgb) or UV (yuv)", choices=("lab", "rgb", "yuv")
    )
    ab_scale: float = option(110.0, "Lab units of a and b that the networks see as 1")
    augment: bool = option(True, "augment the training images")
    augmentations: tuple = option(
        ("flip",), "what augmentation does, comma-separated", kind=WORDS, known="datasets/augment.py"
    )
    degradations: tuple = option(
        (),
        "what ages the gray pictures alone in training, with --augment, comma-separated",
        kind=WORDS,
        known="datasets/degrade.py",
    )
    chroma_gain: float = option(1.0, "factor on the chroma of the true colours in training, color space lab")
    drop_gray: bool = option(True, "drop training images with R = G = B")
    min_colorfulness: float = option(
        0.0, "drop training images less colourful than this (Hasler and Suesstrunk), in units of 0..255"
    )
    validation_fraction: float = option(
        0.04,
        "share of the training images held out for validation where a data set has no split for that alone",
    )
    max_bad_fraction: float = option(0.05, "stop when more than this share of the files is unreadable", may_change=True)
    cache_mb: int = option(2048, "keep decoded images in memory if they fit in this many MB", may_change=True)


@dataclass(frozen=True)
class Run:
    """One run: its name, place, device, and what it leaves behind and how often."""

    name: str = option("", "name of the run, appended to its directory under ./checkpoints", may_change=True)
    preset: str = option("", "a published system; default: the data set's own", known="settings/presets.py")
    seed: int = option(0, "seed of weights, data order, augmentation and dropout")
    checkpoints_path: str = option(
        "./checkpoints", "the run's directory; ./checkpoints stands for ./checkpoints/DATASET[-NAME]", may_change=True
    )
    gpu_ids: str = option("0", "GPUs: 0 or 0,1; -1: the CPU", may_change=True)
    precision: str = option(
        "float32",
        "arithmetic of the networks",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
    )
    jit: str = option(
        "auto", "compile with XLA: auto means on a GPU only", choices=("auto", "on", "off"), may_change=True
    )
    deterministic: bool = option(False, "bit-identical results on one device, at some cost in speed", may_change=True)
    resume: bool = option(True, "go on where the run directory's last checkpoint ended", may_change=True)
    weights: str = option(
        "",
        "weights to evaluate or use: a run directory, a weights file, or a name: photo colorizes where nothing is said",
        may_change=True,
    )
    save: bool = option(True, "save checkpoints", may_change=True)
    save_interval: int = option(1000, "iterations between two checkpoints", may_change=True)
    keep_checkpoints: int = option(3, "how many of the last checkpoints are kept", may_change=True)
    best_metric: str = option(
        "mae_ab", "validation metric whose best value is kept apart", known="evaluation/metrics.py", may_change=True
    )
    sample: bool = option(True, "write sample grids gray | truth | result", may_change=True)
    sample_size: int = option(8, "images in a sample grid", may_change=True)
    sample_interval: int = option(1000, "iterations between two sample grids", may_change=True)
    validate: bool = option(True, "measure on validation images during training", may_change=True)
    validate_interval: int = option(0, "iterations between two validations; 0: each epoch", may_change=True)
    validate_size: int = option(1000, "validation images measured during training; 0: all", may_change=True)
    log: bool = option(True, "write metrics.jsonl and TensorBoard events", may_change=True)
    log_interval: int = option(10, "iterations between two log lines", may_change=True)
    visualize: bool = option(False, "write the curves of the losses as curves.png", may_change=True)
    visualize_window: int = option(100, "window of the curves' moving average, log lines", may_change=True)
    encoder_weights: str = option(
        "",
        "weights that a pretrained encoder begins with: a .pth file, or its name for the installed package (extra "
        "pretrained), which is the default",
        may_change=True,
    )
    network: str = option("", "start from the networks of this run's directory, or from a generator's weights file")


@dataclass(frozen=True)
class Evaluation:
    """How a trained model is measured and shown: evaluation, Turing test, samples."""

    acc_thresh: float = option(2.0, "threshold of the epsilon accuracy in logs, Lab units", may_change=True)
    eval_size: int = option(0, "images to evaluate on; 0: all", may_change=True)
    eval_split: str = option(
        "test",
        "photographs to evaluate on; validation: those held out of training, to choose by before the test set is used",
        choices=("test", "validation"),
        may_change=True,
    )
    test_size: int = option(100, "Turing test: trials that count", may_change=True)
    test_delay: float = option(0.0, "Turing test: seconds that a pair is shown; 0: unlimited", may_change=True)
    single: bool = option(False, "Turing test: one picture at a time, real or not, in place of pairs", may_change=True)
    practice: int = option(3, "Turing test: trials for practice, which do not count", may_change=True)
    checks: int = option(4, "Turing test: attention checks among the trials, counted apart", may_change=True)
    check_tolerance: float = option(
        0.25, "Turing test: who fails more than this share of the checks is flagged", may_change=True
    )
    precision_target: float = option(
        0.05, "Turing test: half width of the fooled rate's interval to aim at", may_change=True
    )
    participant: str = option(
        "", "Turing test: go on in the window as the participant with this token", may_change=True
    )
    web: bool = option(False, "Turing test: serve a page instead of opening a window", may_change=True)
    runs: int = option(1, "sampling: grids to write, each with another noise", may_change=True)
    fid_model: str = option(
        "", "file of a Keras model whose features give FID and KID; it sees sRGB in 0..255", may_change=True
    )
    compare: tuple = option(
        (),
        "two runs, or gray or median and a run, to compare image by image: --compare RUN_A RUN_B",
        kind=WORDS,
        may_change=True,
    )
    result_dir: str = option(
        "", "results of any program to measure against --truth-dir, in place of a run", may_change=True
    )
    truth_dir: str = option(
        "", "the photographs that belong to --result-dir: the same paths but for the suffix", may_change=True
    )


@dataclass(frozen=True)
class Use:
    """Colorizing photographs."""

    test_input: str = option("", "gray photographs to colorize: a file or a folder", may_change=True)
    test_output: str = option(
        "",
        "folder for results; default: the run, ./results/WEIGHTS or, of --result-dir, ./results/folder-NAME; of "
        "photographs ./colorized; export, pack: a file",
        may_change=True,
    )
    saturation: float = option(
        1.0,
        "factor on the chroma of the colours, 0 to 10; pack: written into the weights, the strongest colours by less",
        may_change=True,
    )
    flip_average: bool = option(
        False, "average with the colours of the mirrored photograph; takes twice the time", may_change=True
    )
    side_by_side: bool = option(False, "write the gray and the coloured picture beside each other", may_change=True)
    overwrite: bool = option(False, "replace outputs that exist; otherwise they are passed over", may_change=True)
    format: str = option(
        "",
        "of the outputs: jpg, png, tiff or webp; default: the input's; for export tf_saved_model, onnx or litert",
        may_change=True,
    )
    quality: int = option(92, "of JPEG and WebP, 1 to 100; WebP at 100 is lossless", may_change=True)
    work_size: int = option(
        0, "pixels of a photograph's shorter side that the network sees; 0: what it was trained at", may_change=True
    )
    smoothing: float = option(
        0.8, "films: how much of the last frame's colours stays where nothing moves", may_change=True
    )
    max_megapixels: float = option(200.0, "larger photographs and frames are refused", may_change=True)
    max_upload_mb: float = option(200.0, "web page: larger files are refused", may_change=True)
    host: str = option("127.0.0.1", "address that a page is served on; 0.0.0.0: to other machines too", may_change=True)
    port: int = option(8000, "port of a page; 0: a free one", may_change=True)
    average_checkpoints: int = option(
        1, "pack: the mean of the weights of so many of the last checkpoints; 1: the run's weights", may_change=True
    )


SECTIONS = {
    "architecture": Architecture,
    "objective": Objective,
    "optimizer": Optimizer,
    "schedule": Schedule,
    "data": Data,
    "run": Run,
    "evaluation": Evaluation,
    "use": Use,
}
FIELDS = {f.name: f for section in SECTIONS.values() for f in dataclasses.fields(section)}
SECTION_OF = {f.name: name for name, section in SECTIONS.items() for f in dataclasses.fields(section)}


@dataclass(frozen=True)
class Config:
    """All sections of one run. Immutable; `replace` makes a changed copy.

    Raises:
        ValueError: from the constructor, if a value is out of its range (the message names the flag).
    """

    architecture: Architecture = Architecture()
    objective: Objective = Objective()
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    data: Data = Data()
    run: Run = Run()
    evaluation: Evaluation = Evaluation()
    use: Use = Use()

    def __post_init__(self):
        """Check every value against its type, its choices and the ranges below, and the values against each other."""
        for name, value in self.flat().items():
            _check(name, value)
        schedule, objective = self.schedule, self.objective
        if not (schedule.d_steps or schedule.g_steps):
            raise ValueError("`--d-steps` and `--g-steps` are both 0: an iteration would train nothing")
        if self._plateau and not self.run.validate:
            raise ValueError("`--lr-decay-schedule plateau` follows the validation: it needs --validate True")
        if schedule.critic_ratio == "cantelli" and not (
            schedule.critic_ratio_min <= schedule.d_steps <= schedule.critic_ratio_max
        ):
            raise ValueError(
                "`--critic-ratio cantelli` starts at --d-steps, which must lie within --critic-ratio-min and "
                f"--critic-ratio-max, {schedule.critic_ratio_min} and {schedule.critic_ratio_max}. "
                f"Received: {schedule.d_steps}"
            )
        if schedule.critic_ratio == "cantelli" and (
            schedule.noise_epochs or schedule.d_retrain_accuracy or schedule.d_max_accuracy <= 1
        ):
            raise ValueError(
                "`--critic-ratio cantelli` makes rounds of its own: --noise-epochs, --d-retrain-accuracy and "
                "--d-max-accuracy cannot go with it. Leave them at their defaults"
            )
        if objective.control_truth == "adjusted" and objective.desired_saturation is objective.desired_hue is None:
            raise ValueError("`--control-truth adjusted` needs --desired-saturation or --desired-hue to adjust to")
        if objective.control_truth == "adjusted" and self.data.color_space == "rgb":
            raise ValueError("`--control-truth adjusted` changes brightness, which an rgb generator would have to copy")
        if self.data.chroma_gain != 1 and self.data.color_space != "lab":
            raise ValueError("`--chroma-gain` is a factor on a and b: it needs --color-space lab")
        if objective.d_batches == "halves" and self.data.batch_size % 2:
            raise ValueError(f"`--d-batches halves` needs an even --batch-size. Received: {self.data.batch_size}")

    def flat(self) -> dict:
        """-> {field name: value} over all sections, in the order of their definition."""
        return {name: getattr(getattr(self, SECTION_OF[name]), name) for name in FIELDS}

    def replace(self, **values) -> Config:
        """-> a copy with these fields changed, whatever section they live in.

        Raises:
            ValueError: for an unknown field (the known ones are listed) or a value out of range.
        """
        changed: dict[str, dict] = {}
        for name, value in values.items():
            if name not in FIELDS:
                raise ValueError(f"Unknown setting `{name}`. Known: {', '.join(sorted(FIELDS))}")
            changed.setdefault(SECTION_OF[name], {})[name] = _frozen(value)
        sections = {s: dataclasses.replace(getattr(self, s), **fields) for s, fields in changed.items()}
        return dataclasses.replace(self, **sections)

    def to_json(self) -> str:
        """-> the flat settings as JSON text, one line each."""
        lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in self.flat().items()]
        return "{\n" + ",\n".join(lines) + "\n}\n"

    @classmethod
    def from_json(cls, text: str) -> Config:
        """-> the configuration that `to_json` wrote. Settings that the text lacks have their defaults.

        Raises:
            ValueError: if the text is not a JSON object or holds unknown settings or values out of range.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError(f"A configuration is a JSON object {{setting: value}}. Received: {type(values).__name__}")
        return cls().replace(**values)

    @property
    def _plateau(self) -> bool:
        return self.optimizer.lr_decay and self.optimizer.lr_decay_schedule == "plateau"

    def differences(self, other: Config) -> dict:
        """-> {name: (mine, other's)} of the fields that a run cannot change when it goes on and that differ."""
        mine, others = self.flat(), other.flat()
        # Plateau decay makes the validation a part of the training.
        fixed = {"validate", "validate_interval", "validate_size", "best_metric"} if self._plateau else set()
        return {
            name: (mine[name], others[name])
            for name, f in FIELDS.items()
            if (name in fixed or not f.metadata["may_change"]) and mine[name] != others[name]
        }


def folder_name(dataset: str) -> str:
    """-> what a data set's folder is called below ./dataset and ./checkpoints: `tfds:cifar100` -> `tfds-cifar100`."""
    return dataset.replace(":", "-").replace("/", "-")


def read(path) -> Config:
    """-> the configuration in a run's `config.json`.

    Args:
        path: the file, a `pathlib.Path`.

    Raises:
        ValueError: if the file is not a configuration of this version; it names the file.
        OSError: if it cannot be read.
    """
    try:
        return Config.from_json(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is not a configuration that this version of colorgan can read: {error}") from error


def flag_name(name: str) -> str:
    """-> a field's flag: `lr_decay_steps` -> `--lr-decay-steps`."""
    return "--" + name.replace("_", "-")


def _frozen(value):
    """Lists, as JSON has them, become the tuples that a frozen configuration holds."""
    return tuple(_frozen(v) for v in value) if isinstance(value, list | tuple) else value


POSITIVE = {
    "kernel_size", "filter_multiplier", "temperature", "lr", "d_lr_factor", "lr_decay_rate", "lr_decay_steps",
    "plateau_patience", "height", "width", "batch_size", "ab_scale", "chroma_gain", "save_interval", "keep_checkpoints",
    "quality", "max_megapixels", "max_upload_mb", "sample_size", "sample_interval", "log_interval", "visualize_window",
    "acc_thresh", "test_size", "precision_target", "runs",
    "uniform_mix", "d_pretrain_steps", "critic_ratio_min", "critic_ratio_max", "average_checkpoints",
}  # fmt: skip
BELOW_ONE = {"smoothing", "bn_momentum", "beta1", "beta2", "ema_decay", "validation_fraction"}
AT_MOST_ONE = {
    "uniform_mix", "check_tolerance", "desired_saturation", "desired_hue", "desired_red", "desired_green",
    "desired_blue", "d_pretrain_accuracy", "d_retrain_accuracy",
}  # fmt: skip


def _check(name, value):
    f = FIELDS[name]
    flag, kind = flag_name(name), f.metadata["kind"]
    if value is None and f.default is None:
        return
    expected = tuple if isinstance(kind, str) else kind
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (isinstance(value, expected) or (expected is float and number)) or (
        isinstance(value, bool) and expected is not bool
    ):
        raise ValueError(f"`{flag}` must be a {expected.__name__}. Received: {value!r}")
    if isinstance(kind, str):
        _check_items(flag, value, kind)
    if f.metadata["choices"] and value not in f.metadata["choices"]:
        raise ValueError(f"`{flag}` must be one of {', '.join(f.metadata['choices'])}. Received: {value!r}")
    if number:
        _check_range(flag, name, value)


def _check_range(flag, name, value):
    if not math.isfinite(value):
        raise ValueError(f"`{flag}` must be a finite number. Received: {value}")
    if name in POSITIVE and value <= 0:
        raise ValueError(f"`{flag}` must be above 0. Received: {value}")
    if value < 0:
        raise ValueError(f"`{flag}` must not be negative. Received: {value}")
    if name == "seed" and value >= 2**32:
        raise ValueError(f"`{flag}` must be below 2^32. Received: {value}")
    if name == "port" and value >= 2**16:
        raise ValueError(f"`{flag}` must be below 65536. Received: {value}")
    if name in BELOW_ONE and value >= 1:
        raise ValueError(f"`{flag}` must be below 1. Received: {value}")
    if name in AT_MOST_ONE and value > 1:
        raise ValueError(f"`{flag}` must be at most 1. Received: {value}")


def _check_items(flag, value, kind):
    """What a tuple holds: a kernel table (never empty), the stages of a schedule, or words."""
    if kind == ROWS and not (value and all(_is_row(row) for row in value)):
        raise ValueError(
            f"`{flag}` must be rows [filters, stride] or [filters, stride, dropout]: whole numbers above 0, and a "
            f"rate of at least 0 and below 1. Received: {value!r}"
        )
    if kind == STAGES and not (all(_is_stage(row) for row in value) and _rising(row[0] for row in value)):
        raise ValueError(
            f"`{flag}` must be rows [iteration, number]: whole numbers of at least 0, the iterations rising. "
            f"Received: {value!r}"
        )
    if kind == WORDS and not all(isinstance(word, str) for word in value):
        raise ValueError(f"`{flag}` must be words. Received: {value!r}")


def _number(x, kind):
    return isinstance(x, kind) and not isinstance(x, bool)


def _is_row(row):
    if not isinstance(row, tuple) or len(row) not in (2, 3):
        return False
    whole = all(_number(x, int) and x > 0 for x in row[:2])
    return whole and all(_number(x, int | float) and 0 <= x < 1 for x in row[2:])


def _is_stage(row):
    return isinstance(row, tuple) and len(row) == 2 and all(_number(x, int) and x >= 0 for x in row)


def _rising(numbers):
    numbers = list(numbers)
    return all(a < b for a, b in zip(numbers, numbers[1:], strict=False))
