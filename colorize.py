"""main.py with its mode fixed: colorize."""

import sys

from colorgan.main import run

if __name__ == "__main__":
    sys.exit(run("colorize"))
