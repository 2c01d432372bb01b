"""Where an application of ours listens, and how it ends: by Ctrl-C or SIGTERM, with all that it has begun done.

Imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

GRACE = 5  # seconds that requests have when the end has come, where nothing else is said


def listen(host: str, port: int) -> socket.socket:
    """Take an address of this computer; port 0 is any that is free. Raises OSError if it cannot be had.

    Before any long work: a mistake shows at once, and who calls meanwhile waits. uvicorn would end the program.
    """
    try:
        if not 0 <= port <= 65535:  # create_server would leave its socket open
            raise OSError("ports go from 0 to 65535")
        family, _, _, _, found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
        return socket.create_server((found[0], port), family=family)
    except OSError as error:
        complaint = f"`--host {host} --port {port}`: cannot listen there ({error.strerror or error})"
        raise OSError(f"{complaint}. Choose another --port or --host") from error


def address(place: socket.socket) -> str:
    """-> what to type into a browser for a socket of `listen`."""
    host, port = place.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class Server(uvicorn.Server):
    """Serves an application: `run(sockets=[place])`, until it is interrupted or `should_exit` is set."""

    def __init__(self, app: ASGIApp, *, grace: int = GRACE):
        # `observed` logs requests, without addresses; warnings and failures go where the program's own do.
        quiet = {"access_log": False, "log_config": None, "log_level": "warning", "server_header": False}
        super().__init__(uvicorn.Config(app, timeout_graceful_shutdown=grace, **quiet))


@contextlib.contextmanager
def until_interrupted() -> Iterator[None]:
    """What is done inside ends by Ctrl-C or SIGTERM, and the program goes on behind it. In the main thread only.

    uvicorn ends by itself at either, but then repeats the signal, and SIGTERM's default would leave all undone.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)
