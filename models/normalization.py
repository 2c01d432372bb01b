"""Batch normalization by TensorFlow's fused kernel on that backend, by Keras' layer on others.

Keras composes the layer from elementwise operations, each a pass over memory. The fused kernel makes a whole training
iteration faster: by 1.09 in float32 on two CPU cores (`benchmarks/train_step.py` prints it). In half precision it also
avoids Keras' conversion to float32 and back. This is the only place in `models/` that names TensorFlow, and only on
that backend. Weights, names and results are Keras' (tested). Imports nothing of ours.
"""

from __future__ import annotations

import keras
from keras import layers, ops

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf


class BatchNormalization(layers.BatchNormalization):
    """`keras.layers.BatchNormalization` over the last axis of [B, H, W, C]; the same arguments, weights and results."""

    def call(self, inputs, training=None, mask=None):
        """Normalize.

        Args:
            inputs: [B, H, W, C] in the compute dtype; statistics are float32.
            training: use and update batch statistics; otherwise, and in a frozen layer, the moving statistics.
            mask: not supported by the fused kernel; with a mask, Keras computes.

        Returns:
            A tensor of the inputs' shape and dtype.
        """
        fused = (
            keras.backend.backend() == "tensorflow"
            and not (self.synchronized or self.renorm)
            and mask is None
            and len(inputs.shape) == 4
            and keras.backend.standardize_dtype(inputs.dtype) in ("float32", "float16", "bfloat16")
        )
        if not fused:
            return super().call(inputs, training=training, mask=mask)
        gamma, beta, mean, variance = (
            ops.convert_to_tensor(v) for v in (self.gamma, self.beta, self.moving_mean, self.moving_variance)
        )
        if not (training and self.trainable):
            return self._kernel(inputs, gamma, beta, mean, variance, is_training=False)[0]
        outputs, batch_mean, batch_variance = self._kernel(inputs, gamma, beta, None, None, is_training=True)
        # The kernel reports the unbiased variance; Keras' moving variance is the biased one.
        count = ops.cast(ops.prod(ops.shape(inputs)[:3]), "float32")
        batch_variance = batch_variance * (count - 1) / count
        keep = self.momentum
        self.moving_mean.assign(mean * keep + batch_mean * (1 - keep))
        self.moving_variance.assign(variance * keep + batch_variance * (1 - keep))
        return outputs

    def _kernel(self, inputs, gamma, beta, mean, variance, *, is_training):
        return tf.compat.v1.nn.fused_batch_norm(
            inputs,
            tf.cast(gamma, tf.float32),
            tf.cast(beta, tf.float32),
            mean=mean,
            variance=variance,
            epsilon=self.epsilon,
            is_training=is_training,
        )
