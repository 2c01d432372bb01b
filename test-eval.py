"""main.py with its mode fixed: eval."""

import sys

from colorgan.main import run

if __name__ == "__main__":
    sys.exit(run("eval"))
