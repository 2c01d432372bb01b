"""The colour maths between a photograph and a network, in NumPy alone, for whoever runs the network.

The package and the light distribution (`packaging/lite`) both hold this room, so its modules import each other by
relative names, and nothing else of ours.
"""
