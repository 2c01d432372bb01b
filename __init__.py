"""colorgan colorizes grayscale photographs with conditional GANs, in TensorFlow 2 / Keras 3.

`colorgan.Colorizer` is loaded on first use, so `--help` and reading a configuration do not load TensorFlow.
"""

__version__ = "0.2.0"


def __getattr__(name):
    if name == "Colorizer":
        from colorgan.settings import greeting

        with greeting.silenced():
            from colorgan.serving.colorizer import Colorizer
        return Colorizer
    raise AttributeError(f"module 'colorgan' has no attribute {name!r}. It exports: Colorizer, __version__")
