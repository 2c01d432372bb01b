"""The colour maths between a photograph and a network, only in NumPy, for any runtime of the network.

The package and the light distribution (`packaging/lite`) both contain this room, so its modules import each other by
relative names, and nothing else of ours.
"""
