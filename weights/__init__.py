"""The trained weights that ship, each with its card: `NAME.weights.h5`, `NAME.weights.json` and `NAME.md`.

Data, and where it lies: `models/stored.py` reads it.
"""

from pathlib import Path

HERE = Path(__file__).parent
SUFFIX = ".weights.h5"


def names() -> tuple[str, ...]:
    """-> the names of the weights that ship, sorted."""
    return tuple(sorted(path.name.removesuffix(SUFFIX) for path in HERE.glob(f"*{SUFFIX}")))


def find(name: str) -> Path:
    """-> the weights file of a name.

    Raises:
        FileNotFoundError: if no such weights ship; the message lists those that do.
    """
    if name not in names():
        raise FileNotFoundError(
            f"No weights of the name {name!r}. Those that ship: {', '.join(names()) or 'none'}. Your own are given as "
            "a run's directory or a weights file."
        )
    return HERE / f"{name}{SUFFIX}"
