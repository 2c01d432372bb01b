"""Where an application listens, and that it ends with all that it has begun done."""

import asyncio
import http.client
import os
import signal
import socket
import threading
import time

import pytest

from colorgan.server import running


def test_a_port_that_cannot_be_had_is_named():
    with running.listen("127.0.0.1", 0) as place:
        host, port = place.getsockname()
        assert running.address(place) == f"http://127.0.0.1:{port}/"
        message = f"`--host 127.0.0.1 --port {port}`: cannot listen there .*in use.*Choose another --port or --host"
        with pytest.raises(OSError, match=message):
            running.listen(host, port)
    for host, port in (("127.0.0.1", 70000), ("nowhere.invalid", 0)):
        with pytest.raises(OSError, match=f"`--host {host} --port {port}`: cannot listen there"):
            running.listen(host, port)


def test_an_address_of_version_6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with running.listen("::1", 0) as place:
        assert running.address(place) == f"http://[::1]:{place.getsockname()[1]}/"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_the_serving_and_no_answer(ending):
    """A request that is under way has its answer; what comes behind the block is done; the signals are as before."""
    done, before, port = [], signal.getsignal(signal.SIGTERM), []

    async def app(scope, receive, send):
        assert scope["type"] == "http"
        os.kill(os.getpid(), ending)
        end = time.monotonic() + 20
        while not server.should_exit and time.monotonic() < end:
            await asyncio.sleep(0.01)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"whole"})

    def visit():
        connection = http.client.HTTPConnection("127.0.0.1", port[0], timeout=20)
        connection.request("GET", "/")
        done.append(connection.getresponse().read())
        connection.close()

    visitor, server = threading.Thread(target=visit), running.Server(app)
    with running.listen("127.0.0.1", 0) as place, running.until_interrupted():
        port.append(place.getsockname()[1])
        visitor.start()  # before anybody answers: it waits
        server.run(sockets=[place])
    visitor.join(20)
    assert done == [b"whole"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_only_interruptions_are_kept_quiet():
    with pytest.raises(ValueError, match="ours"), running.until_interrupted():
        raise ValueError("ours")
