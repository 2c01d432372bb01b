"""`--mode app`: the web page and its HTTP API."""

from __future__ import annotations

import functools
import importlib.util

from colorgan.commands import common
from colorgan.server import running
from colorgan.settings import flags, modes


def run(command: flags.Command) -> None:
    """Serve the page until interrupted."""
    if importlib.util.find_spec("gradio") is None:
        raise ValueError("The web page needs Gradio, of the extra `app`. Install it with: " + modes.install("app"))
    from colorgan.serving import web

    page = command.config.page
    with running.listen(page.host, page.port) as place:
        colorizer, _ = common.trained(command)
        settings, say = common.settings(command.config.colorizing, colorizer), functools.partial(print, flush=True)
        web.serve(colorizer, settings=settings, place=place, host=page.host, max_upload_mb=page.max_upload_mb, say=say)
