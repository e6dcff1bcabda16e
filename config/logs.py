"""Logs: one JSON object a line, without bodies, identifiers or query strings (reliability 25)."""

import logging.config
import re
from typing import Any

import structlog

# What PostgreSQL adds to an error quotes the values of the row; the statement's own text stays.
VALUES = re.compile(r"^(DETAIL|CONTEXT|LINE \d+|QUERY|HINT):.*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
QUERY_STRING = re.compile(r"(/[^\s?\"']*)\?[^\s\"']+")


def scrub(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """`event` without the values that PostgreSQL quotes in errors, and without query strings."""
    for key in ("event", "exception"):
        if isinstance(text := event.get(key), str):
            event[key] = QUERY_STRING.sub(r"\1", VALUES.sub(r"\1: [left out]\n", text))
    return event


def configure(*, readable: bool, quiet: bool) -> None:
    """Sends the logs of Roster, Django and Celery to standard error: as JSON, or `readable` for people."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: Any = structlog.dev.ConsoleRenderer(colors=False) if readable else structlog.processors.JSONRenderer()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [*shared, structlog.stdlib.ExtraAdder(allow={"status_code"})],
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.format_exc_info,
                        scrub,
                        renderer,
                    ],
                }
            },
            "handlers": {"errors": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["errors"], "level": "ERROR" if quiet else "INFO"},
            "loggers": {
                "django.server": {"handlers": [], "propagate": True, "level": "WARNING"},
                "django.db.backends": {"level": "ERROR"},
                "celery": {"level": "WARNING"},  # each task would say that it came and went
            },
        }
    )
