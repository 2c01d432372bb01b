"""Trained weights: the weights that ship, each with its card, and all others. `find` finds them.

Weights that ship are data: `NAME.weights.h5`, `NAME.weights.json` and `NAME.md`.
"""

from colorgan.weights.stored import Stored, find, names

__all__ = ["Stored", "find", "names"]
