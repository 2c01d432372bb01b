"""Devices: which strategy a run trains under. Imports nothing of ours."""

from __future__ import annotations

import json
import os

import tensorflow as tf


def strategy(gpu_ids: str) -> tf.distribute.Strategy:
    """The strategy for these devices; must be called before TensorFlow uses any.

    Args:
        gpu_ids: `0`, `0,1`, ... or `-1` for the CPU. With the environment variable TF_CONFIG naming a cluster, every
            process of it takes part in `MultiWorkerMirroredStrategy`, each with these GPUs.

    Returns:
        The default strategy for one device, `MirroredStrategy` for several, `MultiWorkerMirroredStrategy` for a
        cluster. Memory of the GPUs used grows as needed.

    Raises:
        ValueError: if the text is not a list of numbers or a GPU is not there. GPU 0, the default, may be missing:
            then the CPU is used, and a line says so.
    """
    try:
        ids = [int(i) for i in gpu_ids.split(",")]
    except ValueError as error:
        raise ValueError(f"`--gpu-ids` must be like 0 or 0,1, or -1 for the CPU. Received: {gpu_ids!r}") from error
    gpus = tf.config.list_physical_devices("GPU")
    if ids == [0] and not gpus:
        print("No GPU found: using the CPU (say so with --gpu-ids -1).", flush=True)
        ids = [-1]
    wanted = [] if ids == [-1] else ids
    missing = [i for i in wanted if not 0 <= i < len(gpus)]
    if missing:
        raise ValueError(f"`--gpu-ids`: no GPU {missing} here; there are {len(gpus)}. Use -1 for the CPU.")
    tf.config.set_visible_devices([gpus[i] for i in wanted], "GPU")
    for i in wanted:
        tf.config.experimental.set_memory_growth(gpus[i], True)
    if "cluster" in json.loads(os.environ.get("TF_CONFIG") or "{}"):
        return tf.distribute.MultiWorkerMirroredStrategy()
    if len(wanted) > 1:
        return tf.distribute.MirroredStrategy([f"GPU:{i}" for i in range(len(wanted))])
    return tf.distribute.get_strategy()


def worker(strategy: tf.distribute.Strategy) -> tuple[int, int]:
    """-> (index of this process, number of processes) of the strategy's cluster; (0, 1) without one."""
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.cluster_spec().jobs:
        return 0, 1
    return resolver.task_id, len(resolver.cluster_spec().job_tasks("worker"))


def use_xla(jit: str) -> bool:
    """-> whether to compile with XLA: `on`, `off`, or `auto`, which is on where a GPU is visible.

    On a CPU XLA was measured four times slower than TensorFlow's own kernels (`benchmarks/train_step.py --jit on`).
    """
    return jit == "on" or (jit == "auto" and bool(tf.config.get_visible_devices("GPU")))
