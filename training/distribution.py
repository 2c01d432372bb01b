"""Devices, and the strategy of a run. Imports nothing of ours."""

from __future__ import annotations

import json
import os

import tensorflow as tf


def select(gpu_ids: str) -> int:
    """Make only these devices visible; call it before TensorFlow uses a device.

    Args:
        gpu_ids: `0`, `0,1`, ... or `-1` for the CPU.

    Returns:
        The number of GPUs; their memory grows as needed.

    Raises:
        ValueError: if the text is not a list of numbers or a GPU is not there. GPU 0, the default, can be missing: then
            the CPU is used, and a line says so.
    """
    try:
        ids = [int(i) for i in gpu_ids.split(",")]
    except ValueError as error:
        raise ValueError(f"`--gpu-ids` must be like 0 or 0,1, or -1 for the CPU. Received: {gpu_ids!r}") from error
    gpus = tf.config.list_physical_devices("GPU")
    if ids == [0] and not gpus:
        print("No GPU found: using the CPU. --gpu-ids -1 asks for it; TF_CPP_MIN_LOG_LEVEL=0 shows why.", flush=True)
        ids = [-1]
    wanted = [] if ids == [-1] else ids
    missing = [i for i in wanted if not 0 <= i < len(gpus)]
    if missing:
        raise ValueError(f"`--gpu-ids`: no GPU {missing} here; there are {len(gpus)}. Use -1 for the CPU.")
    tf.config.set_visible_devices([gpus[i] for i in wanted], "GPU")
    for i in wanted:
        tf.config.experimental.set_memory_growth(gpus[i], True)
    return len(wanted)


def strategy(gpu_ids: str) -> tf.distribute.Strategy:
    """Select the devices and make the strategy to train under.

    It is TensorFlow's default for one device, `MirroredStrategy` for several, and `MultiWorkerMirroredStrategy` for a
    cluster in the environment variable TF_CONFIG. Each process of a cluster uses these GPUs.

    Raises:
        ValueError: as `select`, or if TF_CONFIG is not JSON.
    """
    gpus = select(gpu_ids)
    try:
        cluster = "cluster" in json.loads(os.environ.get("TF_CONFIG") or "{}")
    except json.JSONDecodeError as error:
        raise ValueError(f"The environment variable TF_CONFIG is not JSON: {error}") from error
    if cluster:
        return tf.distribute.MultiWorkerMirroredStrategy()
    if gpus > 1:
        return tf.distribute.MirroredStrategy([f"GPU:{i}" for i in range(gpus)])
    return tf.distribute.get_strategy()


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """-> whether this process is the strategy's chief. Only the chief writes."""
    jobs, resolver = _cluster(strategy), strategy.cluster_resolver
    return not jobs or (resolver.task_type, resolver.task_id) == ("chief" if "chief" in jobs else "worker", 0)


def processes(strategy: tf.distribute.Strategy) -> int:
    """-> the number of processes that train together, each with its input pipeline."""
    return sum(len(tasks) for job, tasks in _cluster(strategy).items() if job in ("chief", "worker")) or 1


def _cluster(strategy):
    resolver = strategy.cluster_resolver
    return resolver.cluster_spec().as_dict() if resolver is not None else {}


def gather(strategy: tf.distribute.Strategy, number: float) -> list:
    """-> a number of every process, in the order of their input pipelines; every process must call it.

    Integers have 64 bits; floats arrive everywhere as the same float64.
    """
    if processes(strategy) == 1:
        return [number]
    dtype = tf.float64 if isinstance(number, float) else tf.int64
    values = strategy.experimental_distribute_values_from_function(lambda _: tf.constant([number], dtype))
    per_replica = strategy.gather(values, axis=0).numpy().tolist()
    return per_replica[:: len(per_replica) // processes(strategy)]


def use_xla(jit: str, strategy: tf.distribute.Strategy) -> bool:
    """-> whether to compile with XLA: `on`, `off`, or `auto`, which is on for a single GPU.

    On a CPU XLA was measured four times slower than TensorFlow's own kernels (`benchmarks/train_step.py --jit on`),
    and it cannot compile a step that runs on several devices.
    """
    one_gpu = bool(tf.config.get_visible_devices("GPU")) and strategy.num_replicas_in_sync == 1
    return jit == "on" or (jit == "auto" and one_gpu)
