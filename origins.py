"""Which requests a server on somebody's computer answers: those to its own names, and not those of other pages.

A page from elsewhere runs in the same browser as ours. It may have its own name point to this computer and then read
what is here ("DNS rebinding"), and it may send forms here that nobody meant to send. For the page of `app.py` and that
of the Turing test alike. Imports nothing of ours.
"""

from __future__ import annotations

import ipaddress
import socket

REFUSAL = (
    "This page is not served at that name. Use its address, start it with --host NAME, or have the web server in front "
    "of it send `Host: localhost`, and the visitor's own host as `X-Forwarded-Host`."
)


def names(host: str) -> set[str]:
    """-> the names that a page served at a host has, in lower case, beside addresses in numbers.

    Args:
        host: the name or address that it listens on.
    """
    known = {"localhost", host.lower()}
    if _is_address(host) and ipaddress.ip_address(host).is_unspecified:  # served at all of this computer's
        own = {socket.gethostname().lower(), socket.getfqdn().lower()}
        known |= own | {f"{name}.local" for name in own if "." not in name}
    return known


def is_ours(host_header: str, known: set[str]) -> bool:
    """-> whether a request asks for us: its Host header has one of our names, or an address, which is nobody's name."""
    text = host_header.strip().lower()
    asked = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]
    return asked in known or _is_address(asked)


def is_foreign(origin: str, *hosts: str) -> bool:
    """-> whether a page from elsewhere sends a request.

    Args:
        origin: the request's Origin header; browsers send it with all but plain reading, programs need not.
        hosts: what it asks for: the headers Host and, behind another server, X-Forwarded-Host; empty: absent.
    """
    return bool(origin) and origin.strip().lower().partition("://")[2] not in {h.strip().lower() for h in hosts if h}


def _is_address(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
