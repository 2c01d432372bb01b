"""colorgan's colours without TensorFlow: the network in ONNX Runtime, files and colour maths as in colorgan."""

from importlib.metadata import version

from .colorizer import Colorizer

__version__ = version("colorgan-lite")
__all__ = ["Colorizer"]
