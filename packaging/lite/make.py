"""Makes the other files of the light distribution: the network `photo` in ONNX, and the licences.

Needs colorgan with the extra `onnx`:

    pip install -e ".[onnx]"
    python packaging/lite/make.py
    pip wheel --no-deps packaging/lite
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
NETWORK = HERE / "colorgan_lite" / "photo.onnx"


def main() -> None:
    """Export, shrink and describe the network."""
    for name in ("LICENSE", "NOTICE"):
        shutil.copy(CHECKOUT / name, HERE / name)
    options = ["--weights", "photo", "--format", "onnx", "--output", NETWORK, "--overwrite"]
    subprocess.run([sys.executable, CHECKOUT / "main.py", "--mode", "export", *options], check=True)
    model = onnx.load(NETWORK)
    halve(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, NETWORK)
    beside = NETWORK.with_name(f"{NETWORK.name}.json")
    said = json.loads(beside.read_text(encoding="utf-8"))
    said["sha256"] = hashlib.sha256(NETWORK.read_bytes()).hexdigest()
    beside.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    print(f"{NETWORK}: {NETWORK.stat().st_size / 1e6:.1f} MB, SHA-256 {said['sha256']}")


def halve(graph) -> None:
    """Store weights in 16 bits if that is exact, as for most weights that ship; results do not change."""
    for tensor in list(graph.initializer):
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < 1024 or np.abs(values).max() > np.finfo(np.float16).max:
            continue
        half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        name = f"{tensor.name}/half"
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(half, name))
        graph.node.insert(0, helper.make_node("Cast", [name], [tensor.name], to=onnx.TensorProto.FLOAT))


if __name__ == "__main__":
    main()
