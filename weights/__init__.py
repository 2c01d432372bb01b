"""Trained weights: those that ship, each with its card, and any others. `find` is the door.

What ships is data: `NAME.weights.h5`, `NAME.weights.json` and `NAME.md`.
"""

from colorgan.weights.stored import Stored, find, names

__all__ = ["Stored", "find", "names"]
