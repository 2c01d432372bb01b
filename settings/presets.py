"""The published systems as rows of data, and the defaults of each data set. No logic.

A row, {field of `config.Config`: value}, holds the differences from the defaults there. The comment above it describes
the system, its source and departures from it. Imports nothing of ours: names are checked when a row is used.

[1] Nazeri, Ng, Ebrahimi 2018, Image Colorization Using Generative Adversarial Networks. All its presets depart from
faults of the published code: the generator sees L scaled to [-1, 1] instead of luma in 0..255, dropout is active in
training, batch normalization uses its moving statistics at inference.
[2] A GAN colorizer in Keras (gan_32.py, gan_256.py), after Isola et al. 2017.
"""

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
_NOGAN = {  # a short adversarial phase, after DeOldify's NoGAN
    "d_normalization": "spectral",
    "adversarial": "hinge",
    "lr": 2e-4,
    "d_lr_factor": 1.0,
    "g_steps": 1,
    "stop_colorfulness": 0.75,
    "ema_decay": 0.999,
}

PRESETS = {
    # U-Net and patch discriminator for 32x32 images. Source: [1].
    "cifar10": _CIFAR10,
    # The same for 256x256 photographs. A share of the training photographs is held out, so `val_256` is only for
    # testing. Source: [1].
    "places365": {"epochs": 10, "label_smoothing": True},
    # The networks of `cifar10` with control terms: give --desired-saturation, --desired-hue, --desired-red,
    # --desired-green or --desired-blue. The publication does not say whether the loss averages over a batch or a
    # picture; here it is over each picture. Source: GAN Image Colorization with Controlled Parameters, after [1].
    "controlled": {**_CIFAR10, "lr": 2e-4, "d_lr_factor": 1.0, "label_smoothing": True},
    # Noise and gray in, all of RGB out; runs until interrupted. Learning rates and beta 1 are unpublished: these are
    # DCGAN's. Departure: a share of the photographs is held out; published runs had no split. Source: a GAN colorizer
    # in Torch (github.com/aleju), after Radford et al. 2016, DCGAN.
    "rgb64": {
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
    # A generator that first learns to classify colours, then against a Wasserstein critic, with layers unfrozen in
    # stages. Three choices are ours, because they are unpublished: the learning rate and length of the first phase, the
    # stages, and the input of the tanh heads (the softmax heads, so phase two begins where phase one ended). Source:
    # github.com/dominik31415/image-colorization, after Zhang et al. 2016 and Gulrajani et al. 2017.
    "wgan256": {
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
    # A decoder that repeats pixels, a discriminator that sees the colours alone, no L1. Source: [2].
    "gan_256": {
        **_KERAS_GAN,
        "generator": "upsampling",
        "encoder": ((64, 2), (128, 1), (128, 2), (256, 1), (512, 2)),
        "decoder": ((256, 2), (256, 1), (128, 2), (128, 1), (64, 2)),
        "discriminator_layers": ((32, 2), (64, 2, 0.25), (128, 2, 0.25), (256, 2, 0.5)),
    },
    # The same scheme for 32x32 images. Its tables are not published: our choice. Source: [2].
    "gan_32": {
        **_KERAS_GAN,
        "height": 32,
        "width": 32,
        "generator": "upsampling-leaky",
        "encoder": ((32, 2), (64, 2), (128, 2), (256, 2)),
        "decoder": ((128, 2), (64, 2), (32, 2), (32, 2)),
        "discriminator_layers": ((32, 2), (64, 2, 0.25), (128, 2, 0.5)),
    },
    # For photographs: an encoder trained on ImageNet that learns at a tenth of the rate, and a decoder with half the
    # picture's size. Training ages the lightness like scans of old photographs. The losses are L1 and a classification
    # of the colours, then a short adversarial phase. Source: ours; encoder: Tan and Le 2019, EfficientNet-Lite;
    # classification with L1 after Zhang et al. 2016; L1 before a short GAN phase after DeOldify's NoGAN, spectral
    # normalization after Miyato et al. 2018, resize-convolutions after Odena et al. 2016.
    "photo": {
        "height": 192,
        "width": 192,
        "generator": "resize-unet",
        "encoder_name": "efficientnet-lite2",
        "decoder": ((256, 2), (128, 2), (64, 2), (48, 2)),
        "head": "color-and-bins",
        "conditions": ("hints", "palette", "aim"),
        "discriminator": "half-patch",
        "discriminator_layers": ((48, 2), (96, 2), (192, 2), (256, 1)),
        **_NOGAN,
        "classification_weight": 0.5,
        "rebalance_exponent": 0.5,
        "pretrain": "both",
        "pretrain_steps": 16_000,
        "pretrain_lr": 2e-3,
        "encoder_lr_factor": 0.1,
        "lr_decay_schedule": "cosine",
        "lr_decay_steps": 16_000,
        "beta1": 0.9,
        "validate_interval": 1_000,
        "batch_size": 32,
        "epochs": 12,
        "augmentations": ("flip", "crop", "frame"),
        "degradations": ("contrast", "noise", "blur", "fade", "scratches", "dust", "jpeg"),
    },
    # The networks of `cifar10` trained as `photo` is: L1 first and without dropout, then a short adversarial phase
    # against a discriminator with spectral normalization and the hinge loss. Source: ours, after DeOldify's NoGAN; the
    # networks: [1].
    "cifar10-nogan": {
        **_CIFAR10,
        "decoder": ((512, 2, 0.0), (256, 2, 0.0), (128, 2, 0.0), (64, 2, 0.0)),
        **_NOGAN,
        "pretrain_steps": 7_500,
        "pretrain_lr": 5e-4,
        "d_pretrain_accuracy": 0.8,
        "d_pretrain_steps": 150,
        "lr_decay_steps": 6_500,
        "beta1": 0.5,
        "validate_interval": 250,
        "batch_size": 64,
        "epochs": 14,
        "chroma_gain": 1.1,
    },
    # The networks of `cifar10`, narrow and shallow: for tests, and for `shapes` on any machine. Our choice.
    "tiny": {
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
}

# The first pattern (as in file names) that matches a data set's name gives its preset, and values on top of it.
DATASETS = {
    "cifar10": ("cifar10", {}),
    "places365": ("places365", {}),
    "shapes": ("tiny", {"sample_interval": 200, "save_interval": 200, "validate_interval": 200}),
    "folder": ("places365", {"epochs": 30}),
    "tfds:cifar*": ("cifar10", {}),
    "tfds:*": ("places365", {"epochs": 30}),
}
