"""Builds the light distribution: its modules, two rooms of the checkout, and the network from make.py."""

import re
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).parent
MADE = [HERE / name for name in ("colorgan_lite/photo.onnx", "colorgan_lite/photo.onnx.json", "LICENSE", "NOTICE")]

if missing := [path.name for path in MADE if not path.exists()]:
    raise SystemExit(f"{', '.join(missing)} must be made first: run `python make.py` in {HERE}")

setup(
    version=re.search(r'__version__ = "(.+)"', (HERE.parents[1] / "__init__.py").read_text())[1],
    packages=["colorgan_lite", "colorgan_lite.imaging", "colorgan_lite.files"],
    package_dir={"colorgan_lite.imaging": "../../imaging", "colorgan_lite.files": "../../files"},
    package_data={"colorgan_lite": ["photo.onnx", "photo.onnx.json"]},
)
