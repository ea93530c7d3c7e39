"""Structured logs: one JSON object a line where a program reads, coloured columns where a person does."""

import logging
import sys
from typing import TextIO

import structlog


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's loggers to `stream` (standard error unless told).

    Args:
        level: a level name of the standard library, such as "info".
        stream: where lines go; columns with colours if it is a terminal, else JSON lines.
    """
    out = stream or sys.stderr
    numeric = logging.getLevelNamesMapping()[level.upper()]
    # structlog's own choice for a terminal shows the local variables of each frame, secrets among them.
    columns = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    rendering = columns if out.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info if not out.isatty() else _keep,
            rendering,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        stream=out, level=max(numeric, logging.WARNING), format="%(name)s %(message)s", force=True
    )


def _keep(
    _logger: structlog.typing.WrappedLogger, _name: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Leave the exception in place: the console renderer draws it itself."""
    return event
