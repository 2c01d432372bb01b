"""`python -m colorgan`: the command of the installed package."""

import sys

from colorgan.main import console

if __name__ == "__main__":
    sys.exit(console())
