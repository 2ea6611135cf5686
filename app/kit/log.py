"""Logging: one line an event, as key=value for people or as JSON for machines.

Never a secret, never the body of a mail, never a whole address of a customer's in an ordinary
line: a log is read by more people than a ticket.
"""

import logging
import sys

import structlog


def set_up(*, level: str = "info", json: bool = False) -> None:
    """Send every line to stderr, at ``level`` and above."""
    logging.basicConfig(
        level=level.upper(), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    for noisy in ("alembic", "uvicorn.error", "mail.log"):
        # They tell of every step at "info"; what goes wrong comes as a warning.
        logging.getLogger(noisy).setLevel(logging.WARNING)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of one part of the house."""
    bound: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=name)
    return bound
