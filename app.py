"""main.py with its mode fixed: app."""

import sys
from pathlib import Path

# The checkout leaves the path, so that `import datasets` inside another package does not find ours.
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).parent.resolve()]

from colorgan.main import run  # noqa: E402

if __name__ == "__main__":
    sys.exit(run("app"))
