"""Runs small enough to be trained in tests, and what lies in their folders."""

import json
import pickle

import numpy as np
import tensorflow as tf

SMALL = ["--encoder", "[[4,1],[6,2]]", "--decoder", "[[4,2,0.5]]", "--discriminator-layers", "[[4,2],[6,2]]"]
SIZE = ["--height", "16", "--width", "16", "--batch-size", "8"]
FAST = ["--gpu-ids", "-1", "--sample-size", "2", "--validate-size", "16"]


def shapes(*words):
    return ["--dataset", "shapes", *SMALL, *SIZE, *FAST, *map(str, words)]


def checkpoint(run):
    """-> {name: value} of a run's newest checkpoint, without TensorFlow's own bookkeeping."""
    reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(run / "checkpoints")))
    names = [n for n in reader.get_variable_to_shape_map() if not n.startswith(("_CHECK", "save_counter"))]
    return {name: reader.get_tensor(name) for name in names}


def rows(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def stored_iteration(run):
    return json.loads(checkpoint(run)["host/0/.ATTRIBUTES/VARIABLE_VALUE"])["iteration"]


def make_cifar10(folder):
    folder.mkdir(parents=True)
    random = np.random.RandomState(0)
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        data = random.randint(0, 256, (20, 3072)).astype(np.uint8)
        with (folder / name).open("wb") as file:
            pickle.dump({b"batch_label": b"tiny", b"labels": [0] * 20, b"data": data}, file, protocol=2)
