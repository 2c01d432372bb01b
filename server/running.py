"""How an application listens, and how it ends by Ctrl-C or SIGTERM after finishing its requests.

Imports nothing of ours.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

GRACE = 5  # default seconds for requests to finish at the end


def listen(host: str, port: int) -> socket.socket:
    """Listen at an address of this computer; port 0 means any free port. Raises OSError if that is impossible.

    Call it before long work, so a mistake shows at once and early callers wait. uvicorn would end the program.
    """
    try:
        if not 0 <= port <= 65535:  # create_server would leave the socket open
            raise OSError("ports go from 0 to 65535")
        family, _, _, _, found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
        return socket.create_server((found[0], port), family=family)
    except OSError as error:
        complaint = f"`--host {host} --port {port}`: cannot listen there ({error.strerror or error})"
        raise OSError(f"{complaint}. Choose another --port or --host") from error


def address(place: socket.socket) -> str:
    """-> the browser's address for a socket of `listen`."""
    host, port = place.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class Server(uvicorn.Server):
    """Serves an application with `run(sockets=[place])`, until interrupted or `should_exit` is set."""

    def __init__(self, app: ASGIApp, *, grace: int = GRACE):
        # `observed` logs requests, without addresses; warnings and failures go to the program's log.
        quiet = {"access_log": False, "log_config": None, "log_level": "warning", "server_header": False}
        super().__init__(uvicorn.Config(app, timeout_graceful_shutdown=grace, **quiet))


@contextlib.contextmanager
def until_interrupted() -> Iterator[None]:
    """Within: Ctrl-C or SIGTERM ends the block, and the program continues after it. Only in the main thread.

    uvicorn ends at either signal but then repeats it, and SIGTERM's default would end the program at once.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            yield
    finally:
        signal.signal(signal.SIGTERM, before)
