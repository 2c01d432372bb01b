"""`python -m colorgan_lite`."""

from .command import console

if __name__ == "__main__":
    console()
