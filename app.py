"""main.py with its mode fixed: app."""

import sys

from colorgan.main import run

if __name__ == "__main__":
    sys.exit(run("app"))
