"""Settings of the test process, before anything imports TensorFlow."""

import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import av
import av.filter
import keras
import numpy as np
import pytest
import tensorflow as tf

from colorgan import main
from colorgan.datasets import shapes
from colorgan.models import color, encoders

ROOT = Path(__file__).parent.parent
# Files that take half a minute and more, about by length. A file is one process's: begun late, it would be all that
# still runs at the end.
LONG = (
    "serving/test_web_browser.py",
    "serving/test_export.py",
    "test_runs.py",
    "conformance/test_presets.py",
    "conformance/test_resume.py",
    "test_doors.py",
    "turing/test_turing_web_browser.py",
    "test_systems.py",
    "serving/test_use.py",
    "conformance/test_combinations.py",
    "serving/test_batch.py",
    "test_weights.py",
    "conformance/test_sixth_system.py",
)

# Two logical devices on one CPU, so that replicas can be tested; must precede TensorFlow's first operation.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)
# The test processes share the processors already: threads within an operation would wait for one another. With one,
# sums are always taken in the same order too.
tf.config.threading.set_intra_op_parallelism_threads(1)


def pytest_xdist_auto_num_workers():
    """One process more than processors, since some wait for a browser or a process of their own; each takes memory."""
    return min(len(os.sched_getaffinity(0)) + 1, 8)


def pytest_collection_modifyitems(config, items):
    """What is nightly runs only where -m names it, whatever else -m says; `LONG` files begin first."""
    if "nightly" not in config.option.markexpr:
        nightly = [item for item in items if item.get_closest_marker("nightly")]
        items[:] = [item for item in items if item not in nightly]
        config.hook.pytest_deselected(items=nightly)
    place = {ROOT / "tests" / name: i for i, name in enumerate(LONG)}
    assert all(path.is_file() for path in place), f"LONG names a file that is gone: {LONG}"
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture(scope="session")
def door():
    """-> a function that runs a door in a process of its own, as a user does, and returns what it printed."""

    def run(script, *words, cwd, expect=0, env=None):
        result = subprocess.run(
            [sys.executable, str(ROOT / script), *map(str, words)],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=600,
            env={**os.environ, **(env or {})},
        )
        assert result.returncode == expect, f"{script} {words}\n{result.stdout}\n{result.stderr[-4000:]}"
        assert "Traceback" not in result.stderr, result.stderr
        assert not re.search(r"absl::|port\.cc|cuda|cpu_feature", result.stderr), result.stderr  # TensorFlow's greeting
        return result

    return run


@pytest.fixture
def untraced():
    """Within: what is a `tf.function` runs operation by operation. Tracing a training step costs ten times as much.

    The graphs are for `conformance/test_resume.py` and for the doors that are opened in processes of their own.
    """
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(autouse=True)
def seeded():
    """Every test begins with the same random numbers, whatever ran before it in its process."""
    keras.utils.set_random_seed(0)


@pytest.fixture
def few(monkeypatch):
    """Within: `shapes` has 200 pictures to train on. Some of a training looks at all there are."""
    monkeypatch.setitem(shapes.SIZES, "train", 200)


@pytest.fixture
def shallow(monkeypatch):
    """Within: a pretrained encoder has few blocks, of every kind, and few filters: its depth is most of a test's time.

    The published one is built and given its weights in `models/test_encoders.py`.
    """
    stages = ((1, 3, 1, 1, 16), (2, 3, 2, 2, 8), (1, 5, 2, 2, 8), (1, 3, 2, 2, 8), (2, 5, 2, 2, 8))
    monkeypatch.setattr(encoders, "STAGES", stages)
    monkeypatch.setattr(encoders, "TOP", 16)


@pytest.fixture
def here(untraced, tmp_path, monkeypatch, capsys):
    """-> a function that opens a door in this process, in the test's folder, and returns what it printed."""
    monkeypatch.chdir(tmp_path)

    def opened(mode, *words, expect=0):
        status = main.run(mode, [*map(str, words)])
        printed = capsys.readouterr()
        assert status == expect, printed
        return printed

    return opened


def _film(path, frames, *, size=(24, 32), rate=25, times=None, codec="ffv1", pixels=None, aspect=1, sound=None, **more):
    """A film; -> its path.

    Args:
        frames: gray levels of whole frames, or [H, W] or [H, W, 3] uint8 each.
        times: seconds at which they are shown; default: evenly.
        pixels: the pixel format as coded; default: the encoder's first.
        sound: (codec, seconds) of a tone.
        more: `late`: seconds after which the picture begins; `tags`: of the file; `title`: tags of the sound;
            `filters`: that frames pass; `options`: of the encoder; `cover`: whether a still picture comes first;
            `colours`; `even`: whether times count frames; `format`: of the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    late, times = Fraction(more.get("late", 0)), times or [Fraction(i) / Fraction(rate) for i in range(len(frames))]
    with av.open(str(path), "w", format=more.get("format")) as output:
        output.metadata.update(more.get("tags", {}))
        if more.get("cover"):
            cover = output.add_stream("mjpeg", rate=1, options={"strict": "unofficial"})
            cover.height, cover.width, cover.pix_fmt = 16, 16, "yuvj420p"
            cover.disposition = av.stream.Disposition.attached_pic
        stream = output.add_stream(codec, rate=Fraction(rate), options={"strict": "-1", **more.get("options", {})})
        stream.height, stream.width = size
        stream.pix_fmt = pixels or av.Codec(codec, "w").video_formats[0].name
        stream.codec_context.time_base = 1 / Fraction(rate) if more.get("even") else Fraction(1, 12000)
        stream.codec_context.sample_aspect_ratio = Fraction(aspect)
        stream.codec_context.color_range = more.get("colours", {}).get("dst_color_range", 0)
        stream.codec_context.colorspace = more.get("colours", {}).get("dst_colorspace", 2)
        if sound:
            hertz = 48000 if sound[0] == "libopus" else 44100
            tone = output.add_stream(sound[0], rate=hertz, layout="mono", options={"strict": "-2"})
            tone.bit_rate = 64000
            tone.metadata.update(more.get("title", {}))
            for packet in _tone(tone, hertz, sound[1]):
                output.mux(packet)
        if more.get("cover"):
            output.mux(
                cover.encode(
                    av.VideoFrame.from_ndarray(np.full((16, 16, 3), 200, np.uint8)).reformat(format="yuvj420p")
                )
            )
            output.mux(cover.encode(None))
        graph = _graph(more["filters"], size, stream.pix_fmt) if more.get("filters") else None
        for values, time in zip(frames, times, strict=True):
            values = np.broadcast_to(np.asarray(values, np.uint8), size) if np.ndim(values) < 2 else np.uint8(values)
            values = values if values.ndim == 3 else np.repeat(values[..., None], 3, axis=-1)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(values)).reformat(
                format=stream.pix_fmt, **{"interpolation": 0x40000 | 0x2000 | 4, **more.get("colours", {})}
            )
            if graph:
                graph.vpush(frame)
                frame = graph.vpull()
            frame.time_base = stream.codec_context.time_base
            frame.pts = round((Fraction(time) + late) / frame.time_base)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def _tone(stream, hertz, seconds):
    values = np.sin(np.arange(int(hertz * seconds)) / 16).astype(np.float32)[None] * 0.3
    frame = av.AudioFrame.from_ndarray(values, format="flt", layout="mono")
    frame.sample_rate, frame.pts = hertz, 0
    resampler = av.AudioResampler(format=stream.format, layout="mono", rate=hertz)
    for one in [*resampler.resample(frame), *resampler.resample(None)]:
        yield stream.encode(one)
    yield stream.encode(None)


def _graph(words, size, pixels):
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=size[1], height=size[0], format=av.VideoFormat(pixels), time_base=Fraction(1, 12000)
    )
    name, _, options = words.partition("=")
    graph.link_nodes(source, graph.add(name, options), graph.add("buffersink")).configure()
    return graph


@pytest.fixture
def make_film():
    """-> a function that writes a film, `_film`."""
    return _film


def _lab_of(pixels):
    """[H, W] or [H, W, 3] uint8 or uint16 -> Lab, by `models.color`, which has golden tests of its own."""
    pixels = pixels if pixels.ndim == 3 else pixels[..., None].repeat(3, -1)
    return np.asarray(color.rgb_to_lab(pixels / np.float32(np.iinfo(pixels.dtype).max)))


@pytest.fixture
def lab_of():
    return _lab_of
