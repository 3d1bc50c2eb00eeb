"""One line per event: for people on a terminal, JSON elsewhere. Never the text of a post."""

from __future__ import annotations

import sys

import structlog


def set_up(log_format: str) -> None:
    """Send structlog's events to standard error in the format of the setting `log_format`."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            last,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
