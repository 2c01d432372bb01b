"""Penalties on the discriminator's gradient, unreduced: one value per picture.

Pure functions of gradients from the caller, because a tape belongs to a backend. Imports nothing of ours.
"""

from __future__ import annotations

from keras import ops


def interpolate(real, fake, epsilon):
    """-> pictures on the lines between real and generated pictures (Gulrajani et al. 2017, algorithm 1, line 6).

    Args:
        real, fake: [B, H, W, C] float, scaled.
        epsilon: [B, 1, 1, 1] float in [0, 1]: 1 gives the real picture, 0 the generated one.

    Returns:
        [B, H, W, C] float32.
    """
    real, fake, epsilon = (ops.cast(x, "float32") for x in (real, fake, epsilon))
    return epsilon * real + (1 - epsilon) * fake


def gradient_penalty(gradients):
    """(||gradient|| - 1)^2, the two-sided penalty (Gulrajani et al. 2017, eq. (3)).

    Args:
        gradients: [B, ...] float, of the mean of each picture's logits, with respect to that picture (`interpolate`'s).

    Returns:
        [B] float32, at least 0. Its own gradient is finite everywhere and 0 where `gradients` vanish.
    """
    squared = _squared_norm(gradients)
    some = squared > 0
    # The square root has no slope at 0; there a constant replaces it.
    norm = ops.where(some, ops.sqrt(ops.where(some, squared, 1.0)), 0.0)
    return (norm - 1) ** 2


def r1(gradients):
    """||gradient||^2 / 2 on real pictures (Mescheder et al. 2018, eq. (9)).

    Args:
        gradients: [B, ...] float, of the mean of each real picture's logits, with respect to that picture.

    Returns:
        [B] float32, at least 0.
    """
    return _squared_norm(gradients) / 2


def _squared_norm(gradients):
    gradients = ops.cast(gradients, "float32")
    return ops.sum(ops.reshape(gradients, (ops.shape(gradients)[0], -1)) ** 2, axis=1)
