"""`--mode app`: the web page and its HTTP API."""

from __future__ import annotations

import functools

from colorgan.commands import common
from colorgan.server import running
from colorgan.serving import web
from colorgan.settings import flags


def run(command: flags.Command) -> None:
    """Serve the page until interrupted."""
    page = command.config.page
    with running.listen(page.host, page.port) as place:
        colorizer, _ = common.trained(command)
        settings, say = common.settings(command.config.colorizing, colorizer), functools.partial(print, flush=True)
        web.serve(colorizer, settings=settings, place=place, host=page.host, max_upload_mb=page.max_upload_mb, say=say)
