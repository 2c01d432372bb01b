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

PRESETS = {
    "cifar10": Preset(
        description="U-Net and patch discriminator for 32x32 images. " + _FIXES,
        reference=_NAZERI,
        values={
            "height": 32,
            "width": 32,
            "encoder": ((64, 1), (128, 2), (256, 2), (512, 2), (512, 2)),
            "decoder": ((512, 2, 0.5), (256, 2, 0.5), (128, 2, 0.0), (64, 2, 0.0)),
            "discriminator_layers": ((64, 2), (128, 2), (256, 2), (512, 1)),
            "batch_size": 128,
            "epochs": 200,
            "lr_decay_steps": 10_000,
        },
    ),
    "places365": Preset(
        description="U-Net and patch discriminator for 256x256 photographs. " + _FIXES,
        reference=_NAZERI,
        values={
            "height": 256,
            "width": 256,
            "encoder": ((64, 1), (64, 2), (128, 2), (256, 2), (512, 2), (512, 2), (512, 2), (512, 2)),
            "decoder": (
                (512, 2, 0.0),
                (512, 2, 0.0),
                (512, 2, 0.0),
                (256, 2, 0.0),
                (128, 2, 0.0),
                (64, 2, 0.0),
                (64, 2, 0.0),
            ),
            "discriminator_layers": ((64, 2), (128, 2), (256, 2), (512, 1)),
            "batch_size": 16,
            "epochs": 10,
            "label_smoothing": True,
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
