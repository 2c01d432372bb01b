"""`--mode app`: the HTTP API, and the web page."""

from __future__ import annotations

import functools
import logging

from colorgan.commands import common
from colorgan.server import logs, running
from colorgan.serving import web
from colorgan.settings import flags


def run(command: flags.Command) -> None:
    """Serve until interrupted."""
    page, log_format = command.config.page, command.config.colorizing.log_format
    logs.configure(log_format, access=page.api)
    as_text = functools.partial(print, flush=True)
    say = as_text if log_format == "text" else logging.getLogger("colorgan.service").info
    with running.listen(page.host, page.port) as place:
        colorizer, _ = common.trained(command)
        settings = common.settings(command.config.colorizing, colorizer)
        limits = {"max_upload_mb": page.max_upload_mb, "in_hand": page.max_requests}
        web.serve(colorizer, settings=settings, place=place, host=page.host, say=say, with_page=not page.api, **limits)
