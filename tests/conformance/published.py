"""What was published of each system, written down a second time from the papers and projects, apart from `presets.py`.

`ROWS`: the settings that make a preset, those that are not published marked `ours`. `COUNTS`: parameters of (generator,
discriminator) at full width; how they were found stands beside them. An altered preset differs from one of the two.
"""

# What a row does not say is the original's (Nazeri et al. 2018, sections 3.2 to 3.4, and its options).
DEFAULTS = {
    "generator": "unet", "discriminator": "patch", "head": "color", "noise_channels": 0, "kernel_size": 4,
    "d_input": "joint", "d_crop": 0, "d_normalization": "auto", "filter_multiplier": 1.0,
    "adversarial": "non-saturating", "adversarial_weight": 1.0, "l1_weight": 100.0, "label_smoothing": False,
    "d_batches": "full", "r1_weight": 0.0, "classification_weight": 0.0,
    "lr": 3e-4, "d_lr_factor": 0.1, "lr_decay": True, "lr_decay_schedule": "exponential", "lr_decay_rate": 0.1,
    "lr_decay_steps": 500_000, "lr_floor": 1e-6, "beta1": 0.0, "beta2": 0.999,
    "g_clip_value": 0.0, "d_clip_value": 0.0, "d_l2": 0.0, "ema_decay": 0.0,
    "d_steps": 1, "g_steps": 2, "pretrain_steps": 0, "d_pretrain_accuracy": 0.0, "d_max_accuracy": 1.01,
    "d_retrain_accuracy": 0.0, "noise_epochs": 0, "stop_colorfulness": 0.0, "critic_ratio": "fixed", "unfreeze": (),
    "color_space": "lab", "ab_scale": 110.0, "augment": True, "augmentations": ("flip",), "drop_gray": True,
    "degradations": (), "chroma_gain": 1.0, "min_colorfulness": 0.0, "encoder_name": "table",
    "encoder_lr_factor": 1.0, "encoder_frozen_steps": 0, "rebalance_exponent": 1.0, "uniform_mix": 0.5,
    "bn_momentum": 0.99,  # Keras'; the original's TensorFlow layer had the same
}  # fmt: skip
NAZERI = {  # Nazeri et al. 2018, sections 3.1 to 3.4, and their command lines
    "discriminator_layers": ((64, 2), (128, 2), (256, 2), (512, 1)),
}
CIFAR10 = NAZERI | {
    "height": 32, "width": 32, "batch_size": 128, "epochs": 200, "lr_decay_steps": 10_000,
    "encoder": ((64, 1), (128, 2), (256, 2), (512, 2), (512, 2)),
    "decoder": ((512, 2, 0.5), (256, 2, 0.5), (128, 2, 0.0), (64, 2, 0.0)),
}  # fmt: skip
KERAS_GAN = {  # gan_256.py, gan_32.py
    "discriminator": "dense", "d_input": "color", "l1_weight": 0.0, "batch_size": 16, "epochs": 30, "g_steps": 1,
    "lr": 1e-3, "d_lr_factor": 0.1, "lr_decay": False, "augment": False,
    "visualize": True,  # curves of generator loss and discriminator accuracy
    "beta1": 0.9,  # Keras' default, nothing else is said
    "ab_scale": 128.0,
    "d_pretrain_accuracy": 0.9, "d_retrain_accuracy": 0.8, "noise_epochs": 3,
}  # fmt: skip

ROWS = {
    "cifar10": CIFAR10,
    "places365": NAZERI | {
        "height": 256, "width": 256, "batch_size": 16, "epochs": 10, "label_smoothing": True,
        "encoder": ((64, 1), (64, 2), (128, 2), (256, 2), (512, 2), (512, 2), (512, 2), (512, 2)),
        "decoder": (
            (512, 2, 0.0), (512, 2, 0.0), (512, 2, 0.0), (256, 2, 0.0), (128, 2, 0.0), (64, 2, 0.0), (64, 2, 0.0)
        ),
    },
    "controlled": CIFAR10 | {"lr": 2e-4, "d_lr_factor": 1.0, "label_smoothing": True},
    "rgb64": {
        "height": 64, "width": 64, "color_space": "rgb", "batch_size": 32, "epochs": 0, "augment": False,
        "generator": "pooling", "noise_channels": 1,
        # The stride is the max pooling after the convolution, in the decoder the repetition before it.
        "encoder": ((16, 1), (32, 2), (64, 2), (128, 1), (256, 1)),
        "decoder": ((128, 2), (64, 2), (32, 1)),
        "discriminator": "dense-pooling",
        "discriminator_layers": ((64, 2, 0.25), (128, 1, 0.25), (256, 2, 0.25), (256, 2, 0.5)),
        "d_normalization": "none", "d_batches": "halves", "d_l2": 1e-4, "d_clip_value": 1.0, "g_clip_value": 5.0,
        "l1_weight": 0.0, "g_steps": 1,
        "lr": 2e-4, "d_lr_factor": 1.0, "lr_decay": False, "beta1": 0.5,  # ours: Radford et al. 2016, section 4
    },
    "wgan256": {
        "height": 256, "width": 256, "batch_size": 6, "augmentations": ("flip", "rotate", "crop"),
        "validation_fraction": 0.15, "ab_scale": 100.0,
        "generator": "staged", "head": "channel-bins", "discriminator": "wgan-critic", "d_crop": 16,
        "encoder": ((32, 1), (32, 2), (64, 2), (128, 2), (256, 2), (256, 2), (512, 2)),
        "decoder": ((256, 1), (256, 2), (256, 2), (256, 2), (128, 2), (64, 2), (64, 2)),
        "discriminator_layers": ((64, 1), (64, 1), (128, 2), (128, 2), (256, 2), (512, 2), (512, 2), (512, 2)),
        "adversarial": "wgan-gp", "gp_weight": 1000.0, "l1_weight": 0.0,
        "lr": 1e-6, "d_lr_factor": 1.0, "lr_decay": False, "beta1": 0.5, "beta2": 0.9,
        "critic_ratio": "cantelli", "d_steps": 16, "g_steps": 2,
        "pretrain": "classification", "epochs": 23,
        "pretrain_steps": 100_000, "pretrain_lr": 1e-4,  # ours
        # Published: the first 32 of about 44 Keras layers, about 13 of our 18 parts; the later stages are ours.
        "unfreeze": ((0, 13), (20_000, 9), (40_000, 5), (60_000, 0)),
    },
    "gan_256": KERAS_GAN | {
        "height": 256, "width": 256, "generator": "upsampling",
        "encoder": ((64, 2), (128, 1), (128, 2), (256, 1), (512, 2)),
        "decoder": ((256, 2), (256, 1), (128, 2), (128, 1), (64, 2)),
        "discriminator_layers": ((32, 2), (64, 2, 0.25), (128, 2, 0.25), (256, 2, 0.5)),
    },
    "gan_32": KERAS_GAN | {  # its tables are ours
        "height": 32, "width": 32, "generator": "upsampling-leaky",
        "encoder": ((32, 2), (64, 2), (128, 2), (256, 2)),
        "decoder": ((128, 2), (64, 2), (32, 2), (32, 2)),
        "discriminator_layers": ((32, 2), (64, 2, 0.25), (128, 2, 0.5)),
    },
    "photo": {  # ours
        "height": 192, "width": 192, "batch_size": 32, "epochs": 12, "augmentations": ("flip", "crop", "frame"),
        "generator": "resize-unet", "encoder_name": "efficientnet-lite2", "encoder_lr_factor": 0.1,
        "decoder": ((256, 2), (128, 2), (64, 2), (48, 2)), "head": "color-and-bins",
        "conditions": ("hints", "palette", "aim"),
        "discriminator": "half-patch", "discriminator_layers": ((48, 2), (96, 2), (192, 2), (256, 1)),
        "d_normalization": "spectral", "adversarial": "hinge",
        "l1_weight": 100.0, "classification_weight": 0.5, "rebalance_exponent": 0.5,
        "pretrain": "both", "pretrain_steps": 16_000, "pretrain_lr": 2e-3,
        "lr": 2e-4, "d_lr_factor": 1.0, "lr_decay_schedule": "cosine", "lr_decay_steps": 16_000, "beta1": 0.9,
        "g_steps": 1, "stop_colorfulness": 0.75, "validate_interval": 1_000, "ema_decay": 0.999,
        "degradations": ("contrast", "noise", "blur", "fade", "scratches", "dust", "jpeg"),
    },
    "cifar10-nogan": CIFAR10 | {  # ours, on published networks
        "decoder": ((512, 2, 0.0), (256, 2, 0.0), (128, 2, 0.0), (64, 2, 0.0)),
        "d_normalization": "spectral", "adversarial": "hinge",
        "pretrain": "l1", "pretrain_steps": 7_500, "pretrain_lr": 5e-4,
        "d_pretrain_accuracy": 0.8, "d_pretrain_steps": 150,
        "lr": 2e-4, "d_lr_factor": 1.0, "lr_decay_steps": 6_500, "beta1": 0.5, "g_steps": 1, "stop_colorfulness": 0.75,
        "validate_interval": 250, "ema_decay": 0.999,
        "batch_size": 64, "epochs": 14, "chroma_gain": 1.1,
    },
    "tiny": {  # ours
        "height": 32, "width": 32, "batch_size": 32, "epochs": 10, "bn_momentum": 0.9,
        "encoder": ((16, 1), (32, 2), (64, 2), (128, 2), (128, 2)),
        "decoder": ((128, 2, 0.0), (64, 2, 0.0), (32, 2, 0.0), (16, 2, 0.0)),
        "discriminator_layers": ((16, 2), (32, 2), (64, 1)),
        "lr": 3e-3, "lr_decay_steps": 1_000, "lr_floor": 1e-4, "beta1": 0.5,
    },
}  # fmt: skip


def convolution(inputs, outputs, kernel):
    """Parameters of a convolution with bias."""
    return kernel**2 * inputs * outputs + outputs


def unet(encoder, decoder, kernel=4, channels=2):
    """Parameters by hand: convolutions with bias, 4 per channel for batch normalization, joined maps, a 1x1 head."""
    total, width = 0, 1
    for filters in encoder:
        total, width = total + convolution(width, filters, kernel) + 4 * filters, filters
    for filters, mirrored in zip(decoder, encoder[-2::-1], strict=True):
        total, width = total + convolution(width, filters, kernel) + 4 * filters, filters + mirrored
    return total + convolution(width, channels, 1)


def patch(table, kernel=4, channels=2):
    """Parameters by hand: as above, on gray and colour, the first without batch normalization, one logit."""
    total, width = -4 * table[0], 1 + channels
    for filters in table:
        total, width = total + convolution(width, filters, kernel) + 4 * filters, filters
    return total + convolution(width, 1, kernel)


def addition(filters, attends):
    """Parameters of what reads hints, palette and aim for a decoder's row."""
    attention = filters * 128 + 2 * (filters + 3) * 128 + 3 * 128 + convolution(filters, 4, 1)
    attention += convolution(128, filters, 1) + 4
    vector = convolution(261 + 5, 64, 1) + convolution(64, filters, 1)
    return (
        convolution(filters + 3, filters, 3)
        + vector
        + convolution(filters, filters, 3)
        + filters**2
        + attends * attention
    )


def chain(*widths, kernel=3, normalized=True):
    """Parameters of convolutions one after the other, with 4 per channel for batch normalization if `normalized`."""
    pairs = zip(widths, widths[1:], strict=False)
    return sum(convolution(a, b, kernel) + (4 * b if normalized else 0) for a, b in pairs)


def efficientnet_lite2():
    """Parameters of the encoder without batch normalization, which is folded in, and without the classifier.

    Tan and Le 2019, table 1, with filters times 1.1, rounded to multiples of 8, and repetitions times 1.2, rounded up.
    """
    total, width = convolution(3, 32, 3), 32
    for count, kernel, expansion, filters in [
        (1, 3, 1, 16), (3, 3, 6, 24), (3, 5, 6, 48), (4, 3, 6, 88), (4, 5, 6, 120), (5, 5, 6, 208), (1, 3, 6, 352)
    ]:  # fmt: skip
        for _ in range(count):
            inner = width * expansion
            total += convolution(width, inner, 1) if expansion > 1 else 0
            total += inner * (kernel**2 + 1) + convolution(inner, filters, 1)
            width = filters
    return total + convolution(width, 1280, 1)


NAZERI_PATCH = patch([64, 128, 256, 512])
COUNTS = {
    "cifar10": (unet([64, 128, 256, 512, 512], [512, 256, 128, 64]), NAZERI_PATCH),
    "places365": (
        unet([64, 64, 128, 256, 512, 512, 512, 512], [512, 512, 512, 256, 128, 64, 64]),
        NAZERI_PATCH,
    ),
    "controlled": (unet([64, 128, 256, 512, 512], [512, 256, 128, 64]), NAZERI_PATCH),
    # "G about 0.8 million, D about 3 million". G: 2 channels in; the 2 again before the last 32. D: 4 channels in,
    # 64x64 halved three times is 8x8 of 256; PReLU has a slope per unit.
    "rgb64": (
        chain(2, 16, 32, 64, 128, 256, 128, 64) + chain(64 + 2, 32) + convolution(32, 3, 3),
        chain(4, 64, 128, 256, 256, normalized=False) + (8 * 8 * 256 * 128 + 128) + 128 + (128 + 1),
    ),
    # No counts are published. By the table: batch normalization of 1, 64, 512, 512 and 192 channels, heads of 16 and 1.
    "wgan256": (
        convolution(1, 32, 11) + chain(32, 32, 64, 128, 256, 256, 512, 256, 256, kernel=5, normalized=False)
        + sum(convolution(a, b, 5) for a, b in [(512, 256), (512, 256), (384, 128), (192, 64), (96, 64)])
        + 4 * (1 + 64 + 512 + 512 + 192)
        + 2 * convolution(64, 16, 5) + 2 * convolution(16, 1, 5),
        chain(3, 64, 64, kernel=7, normalized=False) + chain(64, 128, 128, 256, kernel=5, normalized=False)
        + chain(256, 512, 512, 512, normalized=False)
        + 4 * (64 + 256 + 512) + 3 * 4  # the skips
        # 224 halved six times is 4, rounded up.
        + (4 * 4 * 512 * 1024 + 1024) + (1024 * 256 + 256) + ((256 + 12) * 64 + 64) + (64 * 16 + 16) + (16 + 1),
    ),
    "gan_256": (4_729_922, 455_457),  # published
    # Ours. G: maps of 128, 64 and 32 channels are joined. D: 32 halved three times is 4.
    "gan_32": (
        chain(1, 32, 64, 128, 256, 128) + chain(256, 64) + chain(128, 32) + chain(64, 32) + convolution(32, 2, 3),
        chain(2, 32, normalized=False) + chain(32, 64, 128) + (4 * 4 * 128 + 1),
    ),
    # G: EfficientNet-Lite2 and the dense layer of its last map's mean; a row of the decoder reads the one before it and
    # the encoder's map of that size. D: spectral normalization keeps a number per filter.
    "photo": (
        efficientnet_lite2() + (1280 * 352 + 352)
        + sum(chain(a, b) for a, b in [(352 + 120, 256), (256 + 48, 128), (128 + 24, 64), (64 + 16, 48)])
        + convolution(48, 2, 3) + convolution(48, 261, 1)
        + sum(addition(*row) for row in [(256, True), (128, True), (64, False), (48, False)]),
        chain(3, 48, 96, 192, 256, 1, kernel=4, normalized=False) + 48 + 96 + 192 + 256 + 1,
    ),
    "cifar10-nogan": (
        unet([64, 128, 256, 512, 512], [512, 256, 128, 64]),
        chain(3, 64, 128, 256, 512, 1, kernel=4, normalized=False) + 64 + 128 + 256 + 512 + 1,
    ),
    "tiny": (unet([16, 32, 64, 128, 128], [128, 64, 32, 16]), patch([16, 32, 64])),
}  # fmt: skip
