"""A trained generator as a file for other programs: TensorFlow's SavedModel, ONNX, LiteRT; any height, width and batch.

Owns the formats, and the comparison of a file with Keras. Only the network is exported, from scaled gray to scaled
colour, with one signature for all formats. The `description` next to it has code for the way there and back at any
size: no format has means over areas, or works in strips, without which a large photograph takes gigabytes. A format is
a row of `FORMATS`. Imports `serving.description`, `serving.colorizer` for the working size, `models.inputs`, `settings`
and `files.whole`; a format's packages only when used.
"""

from __future__ import annotations

import importlib.util
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from colorgan.files import whole
from colorgan.models import inputs
from colorgan.serving import description
from colorgan.serving.colorizer import natural_size
from colorgan.settings import modes
from colorgan.settings.config import Config

SIZES = ((1, 32, 48), (2, 45, 37))  # batch, height and width of the comparison; the second needs padding
TOLERANCE = 1e-3  # of scaled colour: a tenth of a Lab unit


class Parity(NamedTuple):
    """Differences of a file's results from Keras' on random pictures: absolute, in scaled colour."""

    size: tuple[int, int, int]  # batch, height, width
    max_error: float
    mean_error: float


class _Inference(keras.Model):
    """A generator at inference for Keras' export: one structure in, named results out."""

    def __init__(self, generator, rows):
        super().__init__(name="colorgan")
        # Its layers instead of the model: Keras traces a nested model again, with only one input.
        self.parts, self.colors = generator.layers, generator.call
        self.names = [row.name for row in rows]
        self.built = True

    def call(self, inputs):
        """Gray, or [gray, each other input] -> {"color"}."""
        gray, *given = inputs if self.names else [inputs]
        return {"color": self.colors(gray, dict(zip(self.names, given, strict=True)), training=False)}


def export(
    generator, config: Config, path, *, format: str, steering: bool = False, overwrite: bool = False
) -> list[Parity]:
    """Write a generator to a file (a folder for a SavedModel), and its description to `<path>.json`.

    The files appear when they are complete and the network agrees with Keras in its runtime. Inputs are named `gray`
    and as the generator's other inputs; the output is `color`. Returns the result of `compare`.

    Args:
        generator: built `generators.Generator` in float32.
        config: of the generator.
        path: the target; it ends in the format's `suffix`, if there is one.
        format: one of `FORMATS`.
        steering: whether the file also takes hints, palette and aim; zeros mean no wish.
        overwrite: replace an existing file.

    Raises:
        ValueError: if the format or the suffix is wrong, a package is missing, the generator is not in float32 or has
            no conditions, or the file's results differ from Keras' by more than `TOLERANCE`.
        FileExistsError: if the path exists and `overwrite` is off.
        OSError: if it cannot be written.
    """
    path = Path(path)
    _check(generator, path, format, overwrite)
    rows = _rows(generator.inputs, steering)
    try:
        with whole.replacing(path, path.with_name(path.name + ".json")) as (temporary, described):
            FORMATS[format].write(_Inference(generator, rows), _specs(rows), str(temporary))
            parity = compare(generator, rows, FORMATS[format].load(str(temporary)), path=path)
            one, work_size = FORMATS[format], natural_size(config.data, generator.multiple)
            uses = {"format": format, "imports": one.imports, "call": one.example}
            content = description.of(config, path.name, **uses, rows=rows, work_size=work_size, parity=parity)
            described.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OSError(f"`--output`: cannot write {path} ({error.strerror or error}). Choose another place.") from error
    return parity


def _rows(rows, steering):
    """-> the generator's inputs that an exported file takes."""
    if steering and not any(row.absent == "nothing" for row in rows):
        raise ValueError("`--steering`: these weights were trained without --conditions. Leave it out.")
    return [row for row in rows if steering or row.absent != "nothing"]


def compare(generator, rows, exported: Callable, *, path) -> list[Parity]:
    """-> differences of an exported network, see `Format.load`, from its original on random inputs of each of `SIZES`.

    Raises:
        ValueError: if a result has another shape, or differs by more than `TOLERANCE`.
    """
    random, result = np.random.default_rng(0), []
    for size in SIZES:
        gray = random.uniform(-1, 1, (*size, 1)).astype(np.float32)
        given = {row.name: _drawn(row, row.shape(*size), random) for row in rows}
        expected = np.asarray(generator(gray, given))
        received = exported(gray=gray, **given)
        if received.shape != expected.shape:
            raise ValueError(
                f"{path}: the result has shape {list(received.shape)}, but Keras gives {list(expected.shape)}"
            )
        error = np.abs(received - expected)
        if not error.max() <= TOLERANCE:
            raise ValueError(
                f"{path}: differs from Keras by {error.max():.2g} on pictures of {size[1]} x {size[2]}; at most "
                f"{TOLERANCE} is allowed. Nothing was written."
            )
        result.append(Parity(size, float(error.max()), float(error.mean())))
    return result


def _drawn(row, shape, random):
    values = random.uniform(row.low, row.high, shape).astype(np.float32)
    if row.sparse:  # given in half of the cells
        values[..., -1] = values[..., -1] > 0
        values[..., :-1] *= values[..., -1:]
    return values


def _check(generator, path, format, overwrite):
    if format not in FORMATS:
        raise ValueError(f"Unknown `--format` {format!r} of a network. Known: {', '.join(FORMATS)}")
    missing = [name.replace("_", "-") for name in FORMATS[format].packages if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(  # the extras have the formats' names
            f"`--format {format}` needs missing packages, {', '.join(missing)}, from the extra `{format}`. "
            f"Install them with: {modes.install(format)}"
        )
    suffix = FORMATS[format].suffix
    if suffix and path.suffix != suffix:
        raise ValueError(f"`--output`: a file in {format} has a name that ends in {suffix}. Received: {path}")
    if (precision := generator.head.compute_dtype) != "float32":
        raise ValueError(f"A generator is exported in float32. Received: one in {precision}")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists. Choose another --output, or replace it with --overwrite.")
    if path.is_dir() and not (path / "saved_model.pb").is_file():
        raise FileExistsError(
            f"{path} is a folder but not a SavedModel, so it is not replaced. Choose another --output."
        )


def _specs(rows):
    """-> Keras' description of gray and the other inputs: one structure, unknown sizes."""
    specs = [keras.InputSpec(shape=(None, None, None, 1), dtype="float32", name="gray")]
    for row in rows:
        size = 1 if row.reduction == inputs.WHOLE else None
        specs.append(keras.InputSpec(shape=(None, size, size, row.channels), dtype="float32", name=row.name))
    return [specs] if rows else specs


def _write_saved_model(model, specs, path):
    model.export(path, format="tf_saved_model", input_signature=specs, verbose=False)


def _write_onnx(model, specs, path):
    import onnx

    with warnings.catch_warnings():
        # Keras tests for NumPy's `np.object` to see whether tf2onnx needs help.
        warnings.filterwarnings("ignore", message=".*np.object", category=FutureWarning)
        model.export(path, format="onnx", input_signature=specs, verbose=False)
    network = onnx.load(path)
    for value in (*network.graph.input, *network.graph.output):
        for name, size in zip(("batch", "height", "width"), value.type.tensor_type.shape.dim, strict=False):
            if not size.dim_value:
                size.dim_param = name  # tf2onnx counts them: unk__123
    onnx.checker.check_model(network)
    onnx.save(network, path)


def _write_litert(model, specs, path):
    import tensorflow as tf

    # Only built-in operations: with others the file would need TensorFlow too.
    operations = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    model.export(path, format="litert", input_signature=specs, verbose=False, target_spec=operations)


def _load_saved_model(path):
    import tensorflow as tf

    model = tf.saved_model.load(path)
    function = model.signatures["serving_default"]

    def run(*, _model=model, **inputs):  # the function does not keep the variables alive
        return function(**{name: tf.constant(value) for name, value in inputs.items()})["color"].numpy()

    return run


def _load_onnx(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda **inputs: session.run(["color"], inputs)[0]


def _load_litert(path):
    from ai_edge_litert import interpreter

    runner = interpreter.Interpreter(path).get_signature_runner()
    return lambda **inputs: runner(**inputs)["color"]


@dataclass(frozen=True)
class Format:
    """A file format for networks."""

    write: Callable  # function(Keras model, its input specs, path)
    load: Callable  # function(path) -> its runtime, function(gray=[B, H, W, 1] float32, ...) -> [B, H, W, C] NumPy
    suffix: str  # required suffix of a path; empty: it is a folder
    imports: str  # imports of code that uses a file without this package
    example: str  # its call on the file `{name}` and `{inputs}`
    packages: tuple[str, ...] = ()  # packages needed besides TensorFlow, in the extra of the format's name


FORMATS = {
    "tf_saved_model": Format(
        write=_write_saved_model,
        load=_load_saved_model,
        suffix="",
        imports="tensorflow as tf",
        example='net = tf.saved_model.load("{name}"); '
        'colors = net.signatures["serving_default"]({inputs})["color"].numpy()',
    ),
    "onnx": Format(
        write=_write_onnx,
        load=_load_onnx,
        suffix=".onnx",
        imports="onnxruntime",
        example='colors = onnxruntime.InferenceSession("{name}").run(["color"], dict({inputs}))[0]',
        packages=("onnx", "tf2onnx", "onnxruntime"),
    ),
    "litert": Format(
        write=_write_litert,
        load=_load_litert,
        suffix=".tflite",
        imports="ai_edge_litert.interpreter as litert",
        example='colors = litert.Interpreter("{name}").get_signature_runner()({inputs})["color"]',
        packages=("ai_edge_litert",),
    ),
}
