"""Encoder weights out of a file of PyTorch's older layout: made here by hand, whole, damaged and hostile."""

import collections
import io
import pickle
import struct

import numpy as np
import pytest

from colorgan.models import encoders
from colorgan.settings.config import PRETRAINED_ENCODERS
from colorgan.weights import pretrained

NAME = "efficientnet-lite0"


class Storage:
    """What a pickle names by a persistent id: (storage, type, key, place, count)."""

    def __init__(self, key, count, kind="FloatStorage"):
        self.key, self.count, self.kind = key, count, kind


class Writer(pickle._Pickler):
    """Writes torch's names without torch: they are only names in the file."""

    def persistent_id(self, obj):
        return (
            None if not isinstance(obj, Storage) else ("storage", Global("torch", obj.kind), obj.key, "cpu", obj.count)
        )

    def save_global_(self, obj):
        self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())

    dispatch = dict(pickle._Pickler.dispatch)


class Global:
    def __init__(self, module, name):
        self.module, self.name = module, name

    def __call__(self):
        """Only for pickle's check that what `__reduce__` names can be called."""


class Tensor:
    def __init__(self, storage, offset, shape, strides):
        self.arguments = (storage, offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self):
        return Global("torch._utils", "_rebuild_tensor_v2"), self.arguments


Writer.dispatch[Global] = Writer.save_global_


def pickled(obj):
    file = io.BytesIO()
    Writer(file, protocol=2).dump(obj)
    return file.getvalue()


def layout(named, *, magic=pretrained.MAGIC, little=True):
    """-> the bytes of a file that holds these arrays, each in a storage of its own."""
    described, stored = collections.OrderedDict(), {}
    for i, (name, array) in enumerate(named.items()):
        # As exported from TensorFlow: the numbers lie in another order than the axes.
        turned = np.ascontiguousarray(array.T)
        strides = tuple(int(np.prod(turned.shape[len(turned.shape) - axis :])) for axis in range(array.ndim))
        described[name] = Tensor(Storage(str(i), array.size), 0, array.shape, strides)
        stored[str(i)] = turned
    parts = [pickled(one) for one in (magic, 1001, {"little_endian": little}, described, list(stored))]
    return b"".join(parts) + b"".join(struct.pack("<q", one.size) + one.tobytes() for one in stored.values())


def network(seed=0):
    """-> the arrays of a tiny network with EfficientNet's names; one of its blocks expands."""
    rng = np.random.default_rng(seed)
    named = collections.OrderedDict()

    def add(convolution, norm, shape):
        named[f"{convolution}.weight"] = rng.normal(size=shape).astype(np.float32)
        for part in ("weight", "bias", "running_mean"):
            named[f"{norm}.{part}"] = rng.normal(size=shape[0]).astype(np.float32)
        named[f"{norm}.running_var"] = rng.uniform(0.5, 2, shape[0]).astype(np.float32)

    add("_conv_stem", "_bn0", (4, 3, 3, 3))
    add("_blocks.0._depthwise_conv", "_blocks.0._bn1", (4, 1, 3, 3))
    add("_blocks.0._project_conv", "_blocks.0._bn2", (2, 4, 1, 1))
    add("_blocks.1._expand_conv", "_blocks.1._bn0", (6, 2, 1, 1))
    add("_blocks.1._depthwise_conv", "_blocks.1._bn1", (6, 1, 5, 5))
    add("_blocks.1._project_conv", "_blocks.1._bn2", (2, 6, 1, 1))
    add("_conv_head", "_bn1", (8, 2, 1, 1))
    named["_fc.weight"] = rng.normal(size=(5, 8)).astype(np.float32)
    return named


@pytest.fixture
def place(tmp_path):
    """-> a function that writes bytes and gives the path."""

    def write(data):
        path = tmp_path / "encoder.pth"
        path.write_bytes(data)
        return str(path)

    return write


def test_arrays_come_back_as_they_were(place):
    named = network()
    found = pretrained.arrays(place(layout(named)))
    assert list(found) == list(named)
    for name, array in named.items():
        np.testing.assert_array_equal(found[name], array)


def test_batch_normalization_is_folded_into_kernel_and_bias(place):
    """gamma (W x - mean) / sqrt(variance + 1e-3) + beta, by NumPy, on one pixel and the second block's expansion."""
    named = network()
    folded = pretrained.read(NAME, place(layout(named)))
    assert [one.shape for one in folded[::2]] == [
        (3, 3, 3, 4), (3, 3, 4, 1), (1, 1, 4, 2), (1, 1, 2, 6), (5, 5, 6, 1), (1, 1, 6, 2), (1, 1, 2, 8)
    ]  # fmt: skip
    assert all(one.dtype == np.float32 and one.flags.c_contiguous for one in folded)
    x = np.random.default_rng(3).normal(size=2).astype(np.float32)
    named = {name.removeprefix("_blocks.1."): one for name, one in named.items() if name.startswith("_blocks.1.")}
    plain = named["_expand_conv.weight"][:, :, 0, 0] @ x
    normalized = (plain - named["_bn0.running_mean"]) / np.sqrt(named["_bn0.running_var"] + 1e-3)
    expected = normalized * named["_bn0.weight"] + named["_bn0.bias"]
    np.testing.assert_allclose(x @ folded[6][0, 0] + folded[7], expected, rtol=1e-4, atol=1e-5)


class Harm:
    def __reduce__(self):
        return Global("os", "system"), ("touch harmed",)


@pytest.mark.parametrize(
    "hostile", [{"_conv_stem.weight": Harm()}, Harm(), {"_conv_stem.weight": Global("builtins", "eval")}]
)
def test_a_file_that_names_anything_else_is_refused_and_runs_nothing(place, tmp_path, monkeypatch, hostile):
    monkeypatch.chdir(tmp_path)
    parts = [pickled(one) for one in (pretrained.MAGIC, 1001, {"little_endian": True}, hostile, [])]
    with pytest.raises(ValueError, match="it names (os.system|builtins.eval), and only arrays are read"):
        pretrained.read(NAME, place(b"".join(parts)))
    assert not (tmp_path / "harmed").exists()


def outside(**changed):
    values = {"offset": 0, "shape": (2, 2), "strides": (2, 1)} | changed
    described = {"_conv_stem.weight": Tensor(Storage("0", 4), *values.values())}
    parts = [pickled(one) for one in (pretrained.MAGIC, 1001, {"little_endian": True}, described, ["0"])]
    return b"".join(parts) + struct.pack("<q", 4) + bytes(16)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "it cannot be read"),
        (b"PK\x03\x04 a newer layout", "PyTorch's newer layout. Save it again"),
        (layout(network())[: -4 * 5 * 8 - 8] + struct.pack("<q", 2**62), "ends too early"),
        (layout({n: a for n, a in network().items() if "depthwise" not in n}), "no _blocks.0._depthwise_conv.weight"),
        (layout(network(), magic=7), "not a file of PyTorch's older layout"),
        (layout(network(), little=False), "big-endian"),
        (layout(network())[:-5], "ends too early"),
        (layout(network())[:700], "it cannot be read"),
        (layout({n: a for n, a in network().items() if n != "_bn0.bias"}), "it has no _bn0.bias"),
        (outside(offset=1), "lies outside its numbers"),
        (outside(offset=-1), "lies outside its numbers"),
        (outside(strides=(-2, 1)), "lies outside its numbers"),
        (outside(shape=(2, 3)), "lies outside its numbers"),
        (outside(shape=(2, -2)), "lies outside its numbers"),
        (outside(strides=(2,)), "lies outside its numbers"),
    ],
)
def test_damaged_files_say_what_is_wrong(place, data, complaint):
    with pytest.raises(ValueError, match=f"`--encoder-weights`: .*encoder.pth does not hold .*{NAME}: .*{complaint}"):
        pretrained.read(NAME, place(data))


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(pretrained.PACKAGES, NAME, "efficientnet_lite0_that_nobody_has")
    with pytest.raises(FileNotFoundError, match="extra `pretrained`, with pip install .*, or name a .pth file"):
        pretrained.read(NAME, NAME)


def test_another_encoders_name():
    with pytest.raises(
        ValueError, match="efficientnet-lite2` belong to another encoder than --encoder-name efficientnet-lite0"
    ):
        pretrained.read(NAME, "efficientnet-lite2")


def test_a_file_that_is_not_there():
    with pytest.raises(FileNotFoundError, match="nowhere.pth is not there. Name a .pth file, or leave it out"):
        pretrained.read(NAME, "nowhere.pth")


def test_each_encoder_that_the_settings_call_pretrained_is_built_and_has_a_package():
    assert tuple(pretrained.PACKAGES) == tuple(encoders.LITE) == PRETRAINED_ENCODERS
