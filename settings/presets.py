"""Published systems as rows of data, and what each data set takes by default. No logic.

A row says what differs from `config.py`'s defaults. Imports nothing of ours: names are checked when a row is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Preset:
    """A system: what it is, where it comes from, and its settings.

    Attributes:
        description: what it is, and where it departs from the publication.
        reference: paper or project.
        values: {field of `config.Config`: value}.
    """

    description: str
    reference: str
    values: dict = field(default_factory=dict)


@dataclass(frozen=True)
class DataDefaults:
    """What a data set takes when nothing else is said: a preset, and values on top of it."""

    preset: str
    values: dict = field(default_factory=dict)


_NAZERI = "Nazeri, Ng, Ebrahimi 2018, Image Colorization Using Generative Adversarial Networks"
_FIXES = (
    "Departs from the published code where that was faulty: the generator sees L scaled to [-1, 1] instead of luma in "
    "0..255, dropout is active in training, batch normalization uses its moving statistics at inference."
)

_CIFAR10 = {
    "height": 32,
    "width": 32,
    "encoder": ((64, 1), (128, 2), (256, 2), (512, 2), (512, 2)),
    "decoder": ((512, 2, 0.5), (256, 2, 0.5), (128, 2, 0.0), (64, 2, 0.0)),
    "batch_size": 128,
    "epochs": 200,
    "lr_decay_steps": 10_000,
}
_KERAS_GAN = {
    "discriminator": "dense",
    "d_input": "color",
    "ab_scale": 128.0,
    "l1_weight": 0.0,
    "lr": 1e-3,
    "lr_decay": False,
    "beta1": 0.9,
    "g_steps": 1,
    "d_pretrain_accuracy": 0.9,
    "d_retrain_accuracy": 0.8,
    "noise_epochs": 3,
    "augment": False,
    "visualize": True,
}

PRESETS = {
    "cifar10": Preset(
        description="U-Net and patch discriminator for 32x32 images. " + _FIXES, reference=_NAZERI, values=_CIFAR10
    ),
    "places365": Preset(
        description="U-Net and patch discriminator for 256x256 photographs. " + _FIXES + " A share of the "
        "training photographs is held out for validation, so that `val_256` is a test alone.",
        reference=_NAZERI,
        values={"epochs": 10, "label_smoothing": True},
    ),
    "controlled": Preset(
        description="The networks of `cifar10` with control terms: give --desired-saturation, --desired-hue, "
        "--desired-red, --desired-green or --desired-blue. The published loss averages over a batch or a picture, it "
        "does not say which; here it is each picture. " + _FIXES,
        reference="GAN Image Colorization with Controlled Parameters, after Nazeri et al. 2018",
        values={**_CIFAR10, "lr": 2e-4, "d_lr_factor": 1.0, "label_smoothing": True},
    ),
    "rgb64": Preset(
        description="Noise and gray in, all of RGB out; runs until interrupted. Our choices, since unpublished: "
        "learning rates and beta 1, which are DCGAN's. Departs: a share of the photographs is held out, where "
        "published runs had no split.",
        reference="a GAN colorizer in Torch (github.com/aleju), after Radford et al. 2016, DCGAN",
        values={
            "height": 64,
            "width": 64,
            "color_space": "rgb",
            "generator": "pooling",
            "noise_channels": 1,
            "encoder": ((16, 1), (32, 2), (64, 2), (128, 1), (256, 1)),
            "decoder": ((128, 2), (64, 2), (32, 1)),
            "discriminator": "dense-pooling",
            "discriminator_layers": ((64, 2, 0.25), (128, 1, 0.25), (256, 2, 0.25), (256, 2, 0.5)),
            "d_normalization": "none",
            "d_batches": "halves",
            "d_l2": 1e-4,
            "d_clip_value": 1.0,
            "g_clip_value": 5.0,
            "l1_weight": 0.0,
            "lr": 2e-4,
            "d_lr_factor": 1.0,
            "lr_decay": False,
            "beta1": 0.5,
            "g_steps": 1,
            "batch_size": 32,
            "epochs": 0,
            "augment": False,
        },
    ),
    "wgan256": Preset(
        description="A generator that first learns to classify colours, then against a Wasserstein critic, its layers "
        "unfrozen by and by. Our choices, since unpublished: the learning rate and length of the first phase, the "
        "stages, and what the tanh heads read (the softmax heads, so that phase two begins where phase one ended).",
        reference="github.com/dominik31415/image-colorization, after Zhang et al. 2016 and Gulrajani et al. 2017",
        values={
            "ab_scale": 100.0,
            "generator": "staged",
            "encoder": ((32, 1), (32, 2), (64, 2), (128, 2), (256, 2), (256, 2), (512, 2)),
            "decoder": ((256, 1), (256, 2), (256, 2), (256, 2), (128, 2), (64, 2), (64, 2)),
            "head": "channel-bins",
            "discriminator": "wgan-critic",
            "discriminator_layers": ((64, 1), (64, 1), (128, 2), (128, 2), (256, 2), (512, 2), (512, 2), (512, 2)),
            "d_crop": 16,
            "adversarial": "wgan-gp",
            "gp_weight": 1e3,
            "l1_weight": 0.0,
            "pretrain": "classification",
            "pretrain_steps": 100_000,
            "pretrain_lr": 1e-4,
            "lr": 1e-6,
            "d_lr_factor": 1.0,
            "lr_decay": False,
            "beta1": 0.5,
            "beta2": 0.9,
            "d_steps": 16,
            "critic_ratio": "cantelli",
            "unfreeze": ((0, 13), (20_000, 9), (40_000, 5), (60_000, 0)),
            "batch_size": 6,
            "epochs": 23,
            "augmentations": ("flip", "rotate", "crop"),
            "validation_fraction": 0.15,
        },
    ),
    "gan_256": Preset(
        description="A decoder that repeats pixels, a discriminator that sees the colours alone, no L1.",
        reference="a GAN colorizer in Keras (gan_32.py, gan_256.py), after Isola et al. 2017",
        values={
            **_KERAS_GAN,
            "generator": "upsampling",
            "encoder": ((64, 2), (128, 1), (128, 2), (256, 1), (512, 2)),
            "decoder": ((256, 2), (256, 1), (128, 2), (128, 1), (64, 2)),
            "discriminator_layers": ((32, 2), (64, 2, 0.25), (128, 2, 0.25), (256, 2, 0.5)),
        },
    ),
    "gan_32": Preset(
        description="The same scheme for 32x32 images. Its tables are not published: our choice.",
        reference="a GAN colorizer in Keras (gan_32.py, gan_256.py), after Isola et al. 2017",
        values={
            **_KERAS_GAN,
            "height": 32,
            "width": 32,
            "generator": "upsampling-leaky",
            "encoder": ((32, 2), (64, 2), (128, 2), (256, 2)),
            "decoder": ((128, 2), (64, 2), (32, 2), (32, 2)),
            "discriminator_layers": ((32, 2), (64, 2, 0.25), (128, 2, 0.5)),
        },
    ),
    "photo": Preset(
        description="For photographs: an encoder that knows ImageNet's pictures, frozen, and a decoder that paints at "
        "a quarter of the size, on lightness that is aged as scans of old photographs are. L1 and a classification of "
        "the colours, then a short adversarial phase.",
        reference="ours; encoder: Tan and Le 2019, EfficientNet-Lite; classification beside L1 after Zhang et al. "
        "2016; L1 before a short GAN phase after DeOldify's NoGAN, spectral normalization after Miyato et al. 2018, "
        "resize-convolutions after Odena et al. 2016",
        values={
            "height": 192,
            "width": 192,
            "generator": "resize-unet",
            "encoder_name": "efficientnet-lite0",
            "decoder": ((256, 2), (128, 2), (64, 2), (64, 1)),
            "head": "color-and-bins",
            "discriminator": "half-patch",
            "discriminator_layers": ((48, 2), (96, 2), (192, 2), (256, 1)),
            "d_normalization": "spectral",
            "adversarial": "hinge",
            "classification_weight": 0.5,
            "rebalance_exponent": 0.5,
            "pretrain": "both",
            "pretrain_steps": 16_000,
            "pretrain_lr": 2e-3,
            "lr": 2e-4,
            "d_lr_factor": 1.0,
            "encoder_lr_factor": 0.0,
            "lr_decay_schedule": "cosine",
            "lr_decay_steps": 16_000,
            "beta1": 0.9,
            "g_steps": 1,
            "stop_colorfulness": 0.75,
            "validate_interval": 1_000,
            "ema_decay": 0.999,
            "batch_size": 32,
            "epochs": 12,
            "augmentations": ("flip", "crop", "frame"),
            "degradations": ("contrast", "noise", "blur", "fade", "scratches", "dust", "jpeg"),
        },
    ),
    "cifar10-nogan": Preset(
        description="The networks of `cifar10` trained as `photo` is: L1 first and without dropout, then a short "
        "adversarial phase against a discriminator with spectral normalization and the hinge loss.",
        reference="ours, after DeOldify's NoGAN; the networks: " + _NAZERI,
        values={
            **_CIFAR10,
            "decoder": ((512, 2, 0.0), (256, 2, 0.0), (128, 2, 0.0), (64, 2, 0.0)),
            "d_normalization": "spectral",
            "adversarial": "hinge",
            "pretrain_steps": 7_500,
            "pretrain_lr": 5e-4,
            "d_pretrain_accuracy": 0.8,
            "d_pretrain_steps": 150,
            "lr": 2e-4,
            "d_lr_factor": 1.0,
            "lr_decay_steps": 6_500,
            "beta1": 0.5,
            "g_steps": 1,
            "stop_colorfulness": 0.75,
            "validate_interval": 250,
            "ema_decay": 0.999,
            "batch_size": 64,
            "epochs": 14,
            "chroma_gain": 1.1,
        },
    ),
    "tiny": Preset(
        description="The same networks, narrow and shallow: for tests, and for `shapes` on any machine.",
        reference="none; our choice",
        values={
            "height": 32,
            "width": 32,
            "encoder": ((16, 1), (32, 2), (64, 2), (128, 2), (128, 2)),
            "decoder": ((128, 2, 0.0), (64, 2, 0.0), (32, 2, 0.0), (16, 2, 0.0)),
            "discriminator_layers": ((16, 2), (32, 2), (64, 1)),
            "bn_momentum": 0.9,
            "batch_size": 32,
            "lr": 3e-3,
            "lr_decay_steps": 1_000,
            "lr_floor": 1e-4,
            "beta1": 0.5,
            "epochs": 10,
        },
    ),
}

# The first pattern (as in file names) that a data set's name matches gives its defaults.
DATASETS = {
    "cifar10": DataDefaults("cifar10"),
    "places365": DataDefaults("places365"),
    "shapes": DataDefaults("tiny", {"sample_interval": 200, "save_interval": 200, "validate_interval": 200}),
    "folder": DataDefaults("places365", {"epochs": 30}),
    "tfds:cifar*": DataDefaults("cifar10"),
    "tfds:*": DataDefaults("places365", {"epochs": 30}),
}
