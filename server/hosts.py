"""Which requests a server on somebody's computer answers: those to its own names, and not those of other pages.

A page from elsewhere runs in the same browser as ours. It may have its own name point to this computer and then read
what is here ("DNS rebinding"), and it may send forms here that nobody meant to send. For the page of `app.py` and that
of the Turing test alike. Imports nothing of ours.
"""

from __future__ import annotations

import functools
import ipaddress
import socket

REFUSAL = (
    "This page is not served at that name. Use its address, start it with --host NAME, or have the web server in front "
    "of it send `Host: localhost`."
)


def is_ours(host_header: str, host: str) -> bool:
    """-> whether a request asks for us.

    Args:
        host_header: its Host header. An address in numbers is nobody's name.
        host: the name or address that the page is served at. Where that means all addresses of this computer, the
            computer's own names are ours too.
    """
    text = host_header.strip().lower()
    asked = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]
    if asked in ("localhost", host.lower()) or _is_address(asked):
        return True
    if not (_is_address(host) and ipaddress.ip_address(host).is_unspecified):
        return False
    computer = socket.gethostname().lower()
    # The full name is looked up only for a name that it might be: offline that may take many seconds.
    maybe = asked.startswith(f"{computer}.")
    return asked in (computer, f"{computer}.local") or (maybe and asked == _full_name(computer))


@functools.cache
def _full_name(computer):
    return socket.getfqdn(computer).lower()


def is_foreign(origin: str, host: str, forwarded: str = "") -> bool:
    """-> whether a page from elsewhere sends a request.

    Args:
        origin: the request's Origin header; browsers send it with all but plain reading, programs need not.
        host: its Host header, which names the port too.
        forwarded: its X-Forwarded-Host, of the web server in front of this one; of several the first is the visitor's.
            Many send no port, so that none is asked for. A page cannot set it without asking first (a preflight, of
            method OPTIONS), which must not be granted to a foreign one.
    """
    if not origin:
        return False
    place = _without_default_port(origin.strip().lower().partition("://")[2])
    ours = {_without_default_port(host.strip().lower())}
    if seen := _without_default_port(forwarded.partition(",")[0].strip().lower()):
        ours.add(seen)
        if place.rpartition(":")[0] == seen:
            return False
    return place not in ours


def _without_default_port(place):
    return place.removesuffix(":443").removesuffix(":80")


def _is_address(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
