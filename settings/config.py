"""The configuration of a run: frozen dataclasses whose fields are, by name, the command line's flags.

Owns every setting, each stated once as an `options.option`. `flags` makes the command line from these fields. A run's
`config.json` is the flat dump of the settings that training uses. The defaults are the original's (Nazeri et al. 2018).
Imports `options` and no TensorFlow, so `--help` and reading a run's settings are quick.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from colorgan.settings import nearest
from colorgan.settings.options import ALL, NAMES, NUMBERS, ROWS, SHARE, STAGES, TRAIN, WORDS, option, options_of

# Groups of modes that share settings, besides `TRAIN`: modes that measure a model, and modes that use one.
MEASURE = ("eval", "turing", "sample")
PHOTOS = ("colorize", "app")
USE = (*PHOTOS, "export")
DATA = (*TRAIN, *MEASURE)  # modes that load a data set
PRETRAINED_ENCODERS = ("efficientnet-lite0", "efficientnet-lite2")  # encoders that begin with published weights


@dataclass(frozen=True)
class Architecture:
    """The two networks. A kernel table has a row per layer: (filters, stride[, dropout rate])."""

    COMMON: ClassVar = {"network": "generator"}

    generator: str = option("unet", "generator network")
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
    encoder_name: str = option("table", f"encoder: table (the rows of --encoder), {' or '.join(PRETRAINED_ENCODERS)}")
    head: str = option("color", "head of the generator: its last layers, and what they predict")
    noise_channels: int = option(0, "channels of uniform noise that the generator sees with the gray picture")
    conditions: tuple = option(
        (),
        "wishes that the generator can follow, comma-separated: hints, palette, aim (saturation and hue)",
        kind=WORDS,
    )
    discriminator: str = option("patch", "discriminator network", network="discriminator")
    discriminator_layers: tuple = option(
        ((64, 2), (128, 2), (256, 2), (512, 1)),
        "discriminator as JSON rows [filters, stride, dropout]",
        kind=ROWS,
        network="discriminator",
    )
    d_input: str = option(
        "joint",
        "what the discriminator sees: gray and colour (joint), or colour alone",
        choices=("joint", "color"),
        network="discriminator",
    )
    d_crop: int = option(
        0, "pixels cropped from each border before the discriminator sees a picture", network="discriminator"
    )
    d_normalization: str = option(
        "auto",
        "normalization in the discriminator; auto: batch, but none with a gradient penalty",
        choices=("auto", "batch", "spectral", "none"),
        network="discriminator",
    )
    kernel_size: int = option(4, "kernel size of the convolutions of `unet`, `patch` and `half-patch`", above=0)
    filter_multiplier: float = option(1.0, "factor on all filter counts, except a pretrained encoder's", above=0)
    bn_momentum: float = option(0.99, "batch normalization: momentum of the moving statistics", below=1, network="")
    temperature: float = option(0.38, "joint-bins head: temperature of the mean of the bins", above=0)


@dataclass(frozen=True)
class Objective:
    """What the networks minimize."""

    adversarial: str = option("non-saturating", "adversarial loss")
    adversarial_weight: float = option(1.0, "weight of the adversarial term in the generator's loss")
    gp_weight: float = option(10.0, "wgan-gp: weight of the gradient penalty")
    r1_weight: float = option(0.0, "weight of the R1 penalty, with any adversarial loss; 0: none")
    label_smoothing: bool = option(False, "one-sided label smoothing: the discriminator's real label is 0.9")
    d_batches: str = option(
        "full",
        "a discriminator update sees all real and all generated images, or half of each",
        choices=("full", "halves"),
    )
    l1_weight: float = option(100.0, "weight of the L1 term in the generator's loss")
    classification_weight: float = option(0.0, "weight of the cross-entropy on colour bins (heads with bins)")
    uniform_mix: float = option(
        0.5,
        "rebalancing of the joint bins: share of the uniform distribution in the prior; 1: no rebalancing",
        above=0,
        most=1,
    )
    rebalance_exponent: float = option(
        1.0, "rebalancing of the joint bins: exponent on their weights; 0: equal weights"
    )
    feature_model: str = option(
        "", "file of a Keras model for a perceptual term; its input is sRGB in 0..255", path=True
    )
    feature_weight: float = option(1.0, "weight of the perceptual term")
    desired_saturation: float | None = option(
        None, "desired mean saturation, in [0, 1]", kind=float, most=1, modes=(*TRAIN, "colorize")
    )
    saturation_weight: float = option(1.0, "weight of the term for --desired-saturation")
    desired_hue: float | None = option(
        None, "desired mean hue, in [0, 1]; a turn is 1", kind=float, most=1, modes=(*TRAIN, "colorize")
    )
    hue_weight: float = option(1.0, "weight of the term for --desired-hue")
    desired_red: float | None = option(None, "desired mean of red, in [0, 1]", kind=float, most=1)
    red_weight: float = option(1.0, "weight of the term for --desired-red")
    desired_green: float | None = option(None, "desired mean of green, in [0, 1]", kind=float, most=1)
    green_weight: float = option(1.0, "weight of the term for --desired-green")
    desired_blue: float | None = option(None, "desired mean of blue, in [0, 1]", kind=float, most=1)
    blue_weight: float = option(1.0, "weight of the term for --desired-blue")
    control_truth: str = option(
        "original",
        "truth for L1 and discriminator: the photographs as they are, or moved to the desired saturation or hue",
        choices=("original", "adjusted"),
    )


@dataclass(frozen=True)
class Optimizer:
    """How the weights are updated: Adam, its learning rate over time, and the generator's moving average."""

    lr: float = option(3e-4, "learning rate of the generator", above=0)
    d_lr_factor: float = option(0.1, "learning rate of the discriminator, as a factor of --lr", above=0)
    encoder_lr_factor: float = option(1.0, "learning rate of the encoder, as a factor of --lr; 0: frozen")
    pretrain_lr: float = option(0.0, "learning rate of the generator's pre-training; it decays as --lr does; 0: --lr")
    lr_decay: bool = option(True, "let the learning rate decay")
    lr_decay_schedule: str = option(
        "exponential", "how --lr decays; cosine: to --lr-floor", choices=("exponential", "cosine", "plateau")
    )
    lr_decay_rate: float = option(0.1, "factor of one decay", above=0)
    lr_decay_steps: int = option(
        500_000,
        "iterations of one decay by --lr-decay-rate (exponential), or to --lr-floor (cosine)",
        above=0,
    )
    lr_floor: float = option(1e-6, "lower limit of the decaying learning rate")
    plateau_patience: int = option(5, "plateau: validations without improvement before the rate decays", above=0)
    beta1: float = option(0.0, "Adam's beta 1, for both optimizers", below=1)
    beta2: float = option(0.999, "Adam's beta 2, for both optimizers", below=1)
    g_clip_value: float = option(0.0, "elementwise limit of the generator's gradients; 0: no clipping")
    d_clip_value: float = option(0.0, "elementwise limit of the discriminator's gradients; 0: no clipping")
    d_l2: float = option(0.0, "L2 decay of the discriminator's weights, added to their gradients before clipping")
    ema_decay: float = option(
        0.0, "decay of the moving average of the generator's weights, which results use; 0: no average", below=1
    )


@dataclass(frozen=True)
class Schedule:
    """What one iteration does, and how many iterations there are."""

    epochs: int = option(30, "passes over the training set; 0: until interrupted", resumes=True)
    max_steps: int = option(0, "end after so many iterations in all; 0: no limit", resumes=True)
    encoder_frozen_steps: int = option(0, "iterations with a frozen encoder; then its rate rises over 1,000 iterations")
    d_steps: int = option(1, "discriminator updates per iteration")
    g_steps: int = option(2, "generator updates per iteration")
    pretrain: str = option(
        "l1",
        "loss of the generator's pre-training; both: weighted by --l1-weight and --classification-weight",
        choices=("l1", "classification", "both"),
    )
    pretrain_steps: int = option(0, "iterations of the generator's pre-training, without a discriminator")
    d_pretrain_accuracy: float = option(
        0.0, "after that, train the discriminator alone to this accuracy; 0: not at all", most=1
    )
    d_pretrain_steps: int = option(1000, "at most so many iterations of that phase, and of each retraining", above=0)
    d_max_accuracy: float = option(
        1.01, "the discriminator rests while its mean accuracy is above this value; 1.01: never"
    )
    d_retrain_accuracy: float = option(
        0.0, "in the first half of a run, retrain the discriminator alone below this accuracy; 0: never", most=1
    )
    stop_colorfulness: float = option(
        0.0,
        "end the adversarial phase when the validation's colourfulness ratio reaches this value; 0: never",
        resumes=True,
    )
    noise_epochs: int = option(
        0, "every n-th epoch the discriminator gets noise in place of generated pictures; 0: never"
    )
    critic_ratio: str = option(
        "fixed",
        "critic updates per round: --d-steps on one batch (fixed), or an adaptive number on many batches",
        choices=("fixed", "cantelli"),
    )
    critic_ratio_min: int = option(5, "cantelli: fewest critic updates of a round", above=0)
    critic_ratio_max: int = option(32, "cantelli: most critic updates of a round", above=0)
    unfreeze: tuple = option(
        (),
        "after pre-training: JSON rows [iteration, frozen parts of the generator, counted from the input]",
        kind=STAGES,
    )


@dataclass(frozen=True)
class Data:
    """Where photographs come from, and how they are prepared for a network."""

    dataset: str = option("places365", "cifar10, places365, folder, shapes or tfds:NAME", modes=(*DATA, *USE))
    dataset_path: str = option(
        "./dataset",
        "folder of the data set; ./dataset means ./dataset/DATASET",
        modes=(*DATA, "pack"),
        resumes=True,
        path=True,
    )
    download: bool = option(False, "let TensorFlow Datasets download the data set", modes=(*DATA, "pack"), resumes=True)
    height: int = option(256, "height of the images in training, in pixels", above=0, modes=DATA)
    width: int = option(256, "width of the images in training, in pixels", above=0, modes=DATA)
    batch_size: int = option(16, "images per iteration, over all devices", above=0, modes=(*TRAIN, "eval"))
    classes: tuple = option(
        (), 'folders or class names to use, comma-separated, as in a,"b, c"; default: all', kind=NAMES, modes=DATA
    )
    color_space: str = option(
        "lab", "what the generator predicts: ab, RGB or UV", choices=("lab", "rgb", "yuv"), network="generator"
    )
    ab_scale: float = option(110.0, "Lab units of a and b that are 1 for the networks", above=0, network="generator")
    augment: bool = option(True, "augment the training images")
    augmentations: tuple = option(
        ("flip",), "kinds of augmentation, comma-separated: flip, rotate, crop, shift, frame", kind=WORDS
    )
    degradations: tuple = option(
        (),
        "how --augment ages the gray pictures, comma-separated: contrast, noise, blur, fade, scratches, dust, jpeg",
        kind=WORDS,
    )
    chroma_gain: float = option(
        1.0, "factor on the chroma of the true colours in training; only for --color-space lab", above=0
    )
    drop_gray: bool = option(True, "drop training images with R = G = B")
    min_colorfulness: float = option(0.0, "drop training images with a lower colourfulness (0 to 255)")
    validation_fraction: float = option(
        0.04, "share of the training images held out if a data set has no validation split", most=1, modes=DATA
    )
    max_bad_fraction: float = option(
        0.05, "stop if a larger share of the files is unreadable", modes=(*DATA, "pack"), resumes=True
    )
    cache_mb: int = option(
        2048, "keep decoded images in memory if they fit into so many MB", modes=(*DATA, "pack"), resumes=True
    )


@dataclass(frozen=True)
class Run:
    """One run: its name, folder and device, and what it writes how often."""

    COMMON: ClassVar = {"resumes": True}

    name: str = option("", "name of the run; its folder is ./checkpoints/DATASET-NAME", modes=ALL)
    preset: str = option("", "a named row of settings; default: the data set's preset", resumes=False)
    seed: int = option(
        0, "seed of weights, data order, augmentation and dropout", below=2**32, modes=(*TRAIN, *MEASURE), resumes=False
    )
    checkpoints_path: str = option(
        "./checkpoints", "the run's folder; ./checkpoints means ./checkpoints/DATASET[-NAME]", modes=ALL, path=True
    )
    gpu_ids: str = option("0", "GPUs to use, such as 0 or 0,1; -1: the CPU", modes=ALL)
    precision: str = option(
        "float32",
        "arithmetic precision of the networks",
        choices=("float32", "mixed_bfloat16", "mixed_float16"),
        resumes=False,
    )
    jit: str = option("auto", "compile with XLA; auto: only on a GPU", choices=("auto", "on", "off"))
    deterministic: bool = option(False, "bit-identical results on one device; somewhat slower")
    resume: bool = option(True, "continue from the last checkpoint in the run's folder")
    weights: str = option(
        "",
        "weights to evaluate or use: a run's folder, a weights file, or a name; default for colorizing: photo",
        modes=("class-weights", *MEASURE, *USE, "pack"),
        path=True,
    )
    save: bool = option(True, "save checkpoints")
    save_interval: int = option(1000, "iterations between two checkpoints", above=0)
    keep_checkpoints: int = option(3, "number of recent checkpoints to keep", above=0)
    best_metric: str = option("mae_ab", "validation metric that chooses best.weights.h5", steers=True)
    sample: bool = option(True, "write sample grids of gray | truth | result")
    sample_size: int = option(8, "images in a sample grid", above=0, modes=(*TRAIN, "sample"))
    sample_interval: int = option(1000, "iterations between two sample grids", above=0)
    validate: bool = option(True, "measure on validation images during training", steers=True)
    validate_interval: int = option(0, "iterations between two validations; 0: one per epoch", steers=True)
    validate_size: int = option(1000, "validation images measured during training; 0: all", steers=True)
    log: bool = option(True, "write metrics.jsonl and TensorBoard events")
    log_interval: int = option(10, "iterations between two log lines", above=0)
    visualize: bool = option(False, "draw the losses as curves.png")
    visualize_window: int = option(100, "window of the curves' moving average, in log lines", above=0)
    encoder_weights: str = option(
        "", "first weights of a pretrained encoder: a .pth file; default: the installed package", path=True
    )
    network: str = option(
        "",
        "start from the networks in this run's folder, or from a generator's weights file",
        path=True,
        resumes=False,
    )


@dataclass(frozen=True)
class Evaluation:
    """How a trained model is measured and shown."""

    COMMON: ClassVar = {"modes": ("eval",)}

    acc_thresh: float = option(
        2.0, "threshold of the epsilon accuracy in logs, in Lab units", above=0, modes=(*TRAIN, "eval"), resumes=True
    )
    eval_size: int = option(0, "images to evaluate on; 0: all")
    eval_split: str = option(
        "test", "images to evaluate on; validation: images held out of training", choices=("test", "validation")
    )
    runs: int = option(1, "number of grids, each with different noise", above=0, modes=("sample",))
    fid_model: str = option(
        "",
        f"network for FID, KID and a distance: {' or '.join(PRETRAINED_ENCODERS)} (extra pretrained), or the file of a "
        "Keras model with sRGB in 0..255 as input",
        path=True,
    )
    seeds: bool = option(False, "compare runs that differ only in their seed as one: mean and spread")
    hint_counts: tuple = option(
        (),
        "also measure with so many points from the truth, comma-separated, such as 0,1,5,20,100",
        kind=NUMBERS,
    )
    steering: bool = option(
        False,
        "eval: also measure wishes: points, the truth's palette, aims; export: write a file that takes wishes",
        modes=("eval", "export"),
    )
    result_dir: str = option(
        "", "folder of results of any program, to measure against --truth-dir instead of a run", path=True
    )
    truth_dir: str = option(
        "", "folder of the true photographs for --result-dir: the same paths, but any suffix", path=True
    )


@dataclass(frozen=True)
class Turing:
    """The visual Turing test."""

    COMMON: ClassVar = {"modes": ("turing",)}

    test_size: int = option(100, "number of trials that count", above=0)
    test_delay: float = option(0.0, "seconds for which a pair is shown; 0: no limit")
    single: bool = option(False, "show single pictures, real or not, instead of pairs")
    practice: int = option(3, "number of practice trials, which do not count")
    checks: int = option(4, "number of attention checks among the trials, counted separately")
    check_tolerance: float = option(0.25, "mark participants who fail a larger share of the checks", most=1)
    precision_target: float = option(0.05, "desired half width of the fooled rate's interval", above=0, below=0.5)
    participant: str = option("", "continue in the window as the participant with this token")
    web: bool = option(False, "serve a page instead of opening a window")


@dataclass(frozen=True)
class Colorizing:
    """Using a trained model: colorizing photographs and films, exporting networks, packing weights."""

    COMMON: ClassVar = {"modes": ("colorize",)}

    test_output: str = option(
        "",
        "folder for results (default: ./colorized, the run's folder, or ./results/NAME); export, pack: the file",
        modes=("colorize", *MEASURE, "export", "pack"),
        path=True,
    )
    test_input: str = option("", "gray photographs to colorize: a file or a folder", path=True)
    saturation: float = option(
        1.0,
        "factor on the chroma, 0 to 10; pack writes it into the weights, with less effect on the strongest colours",
        most=10,
        modes=(*PHOTOS, "pack"),
    )
    overwrite: bool = option(
        False, "replace files that exist; by default they are skipped", modes=("colorize", "export", "pack")
    )
    format: str = option(
        "",
        "format of the result (default: the photograph's); required for export",
        choices=dict.fromkeys(PHOTOS, ("jpg", "png", "tiff", "webp"))
        | {"export": ("tf_saved_model", "onnx", "litert")},
        modes=USE,
    )
    quality: int = option(
        92, "quality of JPEG and WebP, 1 to 100; at 100 WebP is lossless", above=0, most=100, modes=PHOTOS
    )
    hints: str = option(
        "",
        "colours at places: a JSON file of points, [{x, y, color: #rrggbb or navy or keep gray, radius, frame}], or "
        "the photograph with painted strokes",
        path=True,
    )
    reference: str = option("", "a picture whose colours all photographs of this call take", path=True)
    variants: int = option(1, "number of results for each photograph; they differ in hue", above=0, most=9)
    doubt: bool = option(False, "also write a map, bright where the model is unsure")
    side_by_side: bool = option(False, "write gray and result side by side in one picture")
    flip_average: bool = option(
        False, "average with the colours of the mirrored photograph; takes twice the time", modes=PHOTOS
    )
    work_size: int = option(
        0,
        "shorter side of the picture that the network sees, in pixels; 0: to match its training",
        modes=(*PHOTOS, *MEASURE),
    )
    film_codec: str = option(
        "",
        "codec of films; default: the container's; ffv1 is lossless",
        choices={"colorize": ("h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2", "prores", "ffv1")},
    )
    film_quality: float | None = option(
        None,
        "films: constant rate factor of h264, hevc (to 51), av1 and vp9 (to 63), quantizer of the others (to 31); a "
        "lower number is better",
        kind=float,
        most=63,
    )
    smoothing: float = option(0.8, "films: share of the last frame's colours that an object keeps", below=1)
    shard: tuple = option(
        (), "i/n: colorize only the i-th of n shares of the files; n calls, on any machines, do all", kind=SHARE
    )
    cluster: str = option(
        "",
        "Ray cluster that colorizes, by its address (host:6379); auto: this machine's cluster, otherwise its cores "
        "and GPUs",
    )
    log_format: str = option(
        "text",
        "format of messages: text for people, or json with one object per line",
        choices=("text", "json"),
        modes=PHOTOS,
    )
    max_megapixels: float = option(200.0, "refuse larger photographs and frames", above=0, modes=PHOTOS)
    provenance: bool = option(
        True, "state in results that their colours are machine-made (XMP, DigitalSourceType)", modes=PHOTOS
    )
    average_checkpoints: int = option(
        1, "pack the mean of the weights of so many last checkpoints; 1: the run's weights", above=0, modes=("pack",)
    )


@dataclass(frozen=True)
class Page:
    """The web pages of the Turing test and of colorizing."""

    COMMON: ClassVar = {"modes": ("app", "turing")}

    host: str = option("127.0.0.1", "address to serve on; 0.0.0.0: also for other machines")
    port: int = option(8000, "port of the page; 0: any free port", below=2**16)
    api: bool = option(False, "serve the HTTP API without the page, and log each request", modes=("app",))
    max_upload_mb: float = option(200.0, "refuse larger files", above=0, modes=("app",))
    max_requests: int = option(
        100, "limit on photographs in hand; further requests get status 503", above=0, modes=("app",)
    )


@dataclass(frozen=True)
class Config:
    """All sections of one run. Immutable; `replace` makes a changed copy.

    Each value is checked alone. A training checks the rules between values, in `rules`, so runs of earlier versions can
    be read.

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
    turing: Turing = Turing()
    colorizing: Colorizing = Colorizing()
    page: Page = Page()

    def __post_init__(self):
        """Check every value against its option."""
        for name, value in self.flat().items():
            OPTIONS[name].check(value)

    def flat(self, mode: str | None = None) -> dict:
        """-> {name: value} in the order of definition: of all settings, or of those that a mode uses."""
        return {
            name: getattr(getattr(self, one.section), name)
            for name, one in OPTIONS.items()
            if mode is None or mode in one.modes
        }

    def replace(self, **values) -> Config:
        """-> a copy with these fields changed, in any section.

        Raises:
            ValueError: for an unknown field (the known ones are listed) or a value out of range.
        """
        changed: dict[str, dict] = {}
        for name, value in values.items():
            if name not in OPTIONS:
                raise ValueError(nearest.unknown("setting", name, sorted(OPTIONS)))
            changed.setdefault(OPTIONS[name].section, {})[name] = _frozen(value)
        sections = {s: dataclasses.replace(getattr(self, s), **fields) for s, fields in changed.items()}
        return dataclasses.replace(self, **sections)

    def to_json(self, mode: str = "train") -> str:
        """-> the settings that a mode uses (by default a run's), as JSON text, one line each."""
        lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in self.flat(mode).items()]
        return "{\n" + ",\n".join(lines) + "\n}\n"

    @classmethod
    def from_json(cls, text: str) -> Config:
        """-> the configuration of a run, as `to_json` wrote it. Settings that the text lacks have their defaults.

        Earlier versions also wrote settings of other modes, such as a page's host. These are ignored.

        Raises:
            ValueError: if the text is not a JSON object or holds unknown settings or values out of range.
        """
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError(f"A configuration is a JSON object {{setting: value}}. Received: {type(values).__name__}")
        return cls().replace(**{n: v for n, v in values.items() if n not in OPTIONS or "train" in OPTIONS[n].modes})

    @property
    def follows_validation(self) -> bool:
        """Whether the learning rate depends on the validation, which is then a part of the training."""
        return self.optimizer.lr_decay and self.optimizer.lr_decay_schedule == "plateau"

    def differences(self, other: Config) -> dict:
        """-> {name: (mine, other's)} of the fields that differ and that a run cannot change when it continues."""
        mine, others = self.flat("train"), other.flat("train")
        return {
            name: (value, others[name])
            for name, value in mine.items()
            if value != others[name] and (OPTIONS[name].fixed or (OPTIONS[name].steers and self.follows_validation))
        }


OPTIONS = options_of({field.name: type(field.default) for field in dataclasses.fields(Config)})


def folder_name(dataset: str) -> str:
    """-> the name of a data set's folder in ./dataset and ./checkpoints: `tfds:cifar100` -> `tfds-cifar100`."""
    return dataset.replace(":", "-").replace("/", "-")


def read(path: Path) -> Config:
    """-> the configuration in a run's `config.json`.

    Raises:
        ValueError: if the file is not a configuration of this version; it names the file.
        OSError: if it cannot be read.
    """
    try:
        return Config.from_json(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path} is not a configuration that this version of colorgan can read: {error}") from error


def _frozen(value):
    """Lists, as JSON has them, become the tuples that a frozen configuration holds."""
    return tuple(_frozen(v) for v in value) if isinstance(value, list | tuple) else value
