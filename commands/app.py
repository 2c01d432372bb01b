"""`--mode app`: the web page and its HTTP API."""

from __future__ import annotations

import importlib.util

from colorgan.commands import common
from colorgan.server import running
from colorgan.settings import flags


def run(command: flags.Command) -> int:
    """Serve the page until interrupted."""
    if importlib.util.find_spec("gradio") is None:
        raise ValueError('The web page needs Gradio. Install it with: pip install -e ".[app]"')
    from colorgan.serving import web

    use = command.config.use
    with running.listen(use.host, use.port) as place:
        colorizer, _ = common.trained(command)
        settings = common.settings(use, colorizer)
        limits = {"max_upload_mb": use.max_upload_mb, "host": use.host}
        web.serve(colorizer, settings=settings, place=place, say=_say, **limits)
    return 0


def _say(text):
    print(text, flush=True)
