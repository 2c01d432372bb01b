"""Joining a Ray cluster, or starting one on this machine: quietly, quickly, and without Ray's own signal handlers.

Two of Ray's private names are used, in `_running` and `_quiet`. Imports nothing of ours, and Ray (extra `cluster`) only
when it is called.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading

PATIENCE = 10  # seconds for a cluster to answer
STORE = 80 * 2**20  # bytes for Ray's shared objects; ours are small


@contextlib.contextmanager
def joined(address: str):
    """Within: Ray is connected; in a session that begins here it is quiet, and only the call prints."""
    ray = imported()
    if ray.is_initialized():  # by a user's Python program
        yield ray
        return
    with _quiet():
        with _own_signals():
            join(ray, address)
        try:
            yield ray
        finally:
            ray.shutdown()


def join(ray, address: str) -> None:
    """Connect Ray to the cluster at an address, `auto` or `local`. Raises OSError that says what to do."""
    options = {"log_to_driver": False, "logging_level": logging.ERROR}
    try:
        there = _running() if address == "auto" else address
        if there == "local":
            options |= {"include_dashboard": False, "object_store_memory": STORE}
        else:
            _knock(there)
        ray.init(address=there, **options)
    except Exception as error:  # ConnectionError, ValueError for an address, RuntimeError for another version, ...
        raise OSError(
            f"--cluster {address}: cannot join a cluster there ({' '.join(str(error).split())}). `ray start --head` "
            "starts a cluster; --cluster auto without RAY_ADDRESS uses only this machine if there is none."
        ) from error


def _running():
    """-> the address in RAY_ADDRESS, or of this machine's cluster; without either `local`."""
    from ray._private import services

    try:
        address = services.get_ray_address_from_environment("auto", None)
        if not os.environ.get("RAY_ADDRESS"):
            _knock(address)  # Ray's note of it stays after a crash
    except ConnectionError:
        return "local"
    return address


def _knock(address):
    """Raise ConnectionError that names the address if nobody answers, because Ray would keep trying for minutes."""
    host, _, port = address.rpartition("/")[2].rpartition(":")
    if not (host and port.isdigit()):
        raise ValueError("an address has a host and a port, as in 10.0.0.1:6379")
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except OSError as error:
        raise ConnectionError(f"{address} does not answer: {error}") from error


def imported():
    """-> the package Ray, set for a cluster that is started here."""
    # Of a cluster that is started here: nothing is sent to Ray's makers, and workers wait for no other program.
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_worker_niceness"):
        os.environ.setdefault(name, "0")
    with _own_signals():
        import ray
    return ray


@contextlib.contextmanager
def _quiet():
    """Within: Ray does not print each death of a worker to our output, which it does regardless of `log_to_driver`."""
    from ray._private import worker

    printing = worker.print_to_stdstream
    worker.print_to_stdstream = lambda *given, **options: None
    try:
        yield
    finally:
        worker.print_to_stdstream = printing


@contextlib.contextmanager
def _own_signals():
    """Within: Ray can set handlers of SIGTERM; afterwards the old handler is restored."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
