"""`python -m colorgan`: the command of the installed package."""

import sys
from pathlib import Path

# In the checkout its folder leaves the path, so that `import datasets` inside another package does not find ours.
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != Path(__file__).parent.resolve()]

from colorgan.main import console  # noqa: E402

if __name__ == "__main__":
    sys.exit(console())
