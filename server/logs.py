"""Logs of a service on stderr: lines for people, or JSON for programs.

Imports nothing of ours.
"""

from __future__ import annotations

import logging.config

_TEXT = "%(asctime)s %(levelname)s %(name)s [%(correlation_id)s] %(message)s"


def configure(kind: str, *, access: bool) -> None:
    """Set up logging for the whole process.

    Args:
        kind: `text` or `json`. JSON has one object per line: `timestamp`, `levelname`, `name`, `message`,
            `correlation_id` (the request's, or null), and for requests `method`, `route`, `status`, `seconds`,
            `client`.
        access: whether each request has a line.
    """
    formats = {
        "text": {"format": _TEXT},
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(levelname)s %(name)s %(message)s %(correlation_id)s",
            "timestamp": True,
        },
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"own": formats[kind]},
            "filters": {"id": {"()": "asgi_correlation_id.CorrelationIdFilter"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "own", "filters": ["id"]}},
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {
                "colorgan.access": {"level": "INFO" if access else "WARNING"},
                "colorgan.service": {"level": "INFO"},
            },
        }
    )
