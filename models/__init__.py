"""Colour spaces, networks, objectives, and the predictor around a trained generator.

Keras layers, ops and random numbers only; never `tf.`, `datasets` or `training`.
"""
