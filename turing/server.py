"""The visual Turing test in a browser: a small HTTP server around `api`, for several participants at once.

The standard library's server suffices: a page, a few hundred bytes of JSON per answer and two images per trial, by
default on loopback. It speaks no TLS and knows no users; a test on the open Internet belongs behind a proxy that does.
"""

from __future__ import annotations

import json
import logging
import socket
import socketserver
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources

from colorgan.server import hosts
from colorgan.turing.api import Desk, Refusal

LARGEST = 4096  # bytes of a message
PAGE = "page.html"
CALLS = ("about", "start", "state", "next", "answer")  # methods of the desk that take a message
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src blob: data:; connect-src 'self'; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_log = logging.getLogger(__name__)


class Server(ThreadingHTTPServer):
    """Serves a desk until `shutdown`. `address` is what to type into a browser."""

    request_queue_size = 64

    def __init__(self, desk: Desk, *, host: str = "127.0.0.1", port: int = 0):
        """Listen.

        Args:
            desk: answers the messages.
            host: the address to listen on; 0.0.0.0 lets others in.
            port: 0 takes a free one.

        Raises:
            OSError: if the address is unknown or the port is taken.
        """
        self.desk, self.names = desk, hosts.Names(host)
        self.page = resources.files("colorgan.turing").joinpath(PAGE).read_bytes()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise OSError(
                f"`--host {host} --port {port}`: cannot listen there ({error}). Try another --port"
            ) from error

    def server_bind(self):
        """Bind without the base class' look-up of the host's full name, which may take many seconds offline."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    @property
    def address(self) -> str:
        """The test's URL."""
        host = f"[{self.server_name}]" if ":" in self.server_name else self.server_name
        return f"http://{host}:{self.server_port}/"

    def handle_error(self, request, client_address):
        """A participant who goes away in the middle of a message is nothing to report."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            _log.error("A request failed", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    timeout = 30  # seconds that a silent connection may hold a thread
    server_version, sys_version = "colorgan", ""

    def do_GET(self):
        if self._is_refused():
            return
        path = self.path.partition("?")[0]
        if path == "/":
            self._send(200, "text/html; charset=utf-8", self.server.page)
        elif path.startswith("/image/"):
            self._answer(lambda: ("image/png", self.server.desk.image(path.removeprefix("/image/"))))
        else:
            self._refuse(404, "There is no such page. The test is at /.")

    def do_POST(self):
        if self._is_refused():
            return
        call = self.path.removeprefix("/api/")
        if call == self.path or call not in CALLS:
            self._refuse(404, "There is no such page. The test is at /.")
            return
        self._answer(lambda: ("application/json", _json(getattr(self.server.desk, call)(self._message()))))

    def _is_refused(self):
        """Refuse requests to other names than ours: who would read trials, or answer them, from another page."""
        ours = hosts.is_ours(self.headers.get("Host", ""), self.server.names)
        if not ours:
            self.close_connection = True  # its message is not read
            self._refuse(400, hosts.REFUSAL)
        return not ours

    def _answer(self, make):
        try:
            kind, body = make()
        except Refusal as refusal:
            self._refuse(refusal.status, refusal.text)
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            _log.exception("%s failed", self.path.partition("?")[0][:80])
            self._refuse(500, "The server has a problem. Your answers so far are saved. Please tell whoever runs it.")
        else:
            self._send(200, kind, body)

    def _message(self):
        # A page of another origin cannot send this type without asking first, which is never granted.
        if self.headers.get_content_type() != "application/json":
            raise Refusal(415, "A message must be of type application/json.")
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refusal(411, "A message must state its length.")
        if int(length) > LARGEST:
            raise Refusal(413, f"A message may have {LARGEST} bytes.")
        try:
            message = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "A message must be JSON.") from error
        if not isinstance(message, dict):
            raise Refusal(400, "A message must be a JSON object.")
        return message

    def _refuse(self, status, text):
        self._send(status, "application/json", _json({"error": text}))

    def _send(self, status, kind, body):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **HEADERS}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code, message=None, explain=None):
        """What the base class refuses by itself (an unknown method, a broken request), in the same form."""
        self.close_connection = True
        self._refuse(int(code), message or HTTPStatus(code).phrase)

    def log_message(self, *_):
        """Who asked for what is nobody's business."""


def _json(value):
    return json.dumps(value).encode()
