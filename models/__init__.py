"""What is learned: colour spaces, networks, objectives, and the colorizer that a trained generator is.

Keras layers, ops and random numbers only; never `tf.`, `datasets` or `training`.
"""
