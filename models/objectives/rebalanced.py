"""Cross-entropy on colour bins, unreduced: rare colours have more weight. Pure functions; imports `quantization`."""

from __future__ import annotations

from keras import ops

from colorgan.models import quantization

CHANNEL_FLOOR = 0.05  # in the system of the preset `wgan256` a pixel weighs 0.05 + w(bin)


def cross_entropy(logits, targets, weights):
    """Weighted cross-entropy of a picture's bins, -v sum_q z log softmax(logits) with targets z.

    joint-bins: v is the weight of the bin nearest to the pixel's true colour (Zhang et al. 2016, eq. (2) and (3)).
    channel-bins: the sum of a's and b's, each with v = 0.05 + the weight of its true bin (preset `wgan256`).

    Args:
        logits: [B, H, W, Q] (joint) or [B, H, W, 2, 16] (channel) float.
        targets: the head's `targets` of the true colours: `quantization.SoftTargets`, or [B, H, W, 2, 16] float32
            one-hot.
        weights: [Q] or [2, 16], from `quantization.class_weights`.

    Returns:
        [B, H, W, 1] float32.
    """
    weights = ops.cast(ops.convert_to_tensor(weights), "float32")
    log_probabilities = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    if isinstance(targets, quantization.SoftTargets):
        loss = -ops.sum(quantization.dense(targets) * log_probabilities, axis=-1)
        return (ops.take(weights, targets.indices[..., 0], axis=0) * loss)[..., None]
    loss = -ops.sum(targets * log_probabilities, axis=-1)
    return ops.sum((CHANNEL_FLOOR + ops.sum(targets * weights, axis=-1)) * loss, axis=-1, keepdims=True)
