"""Log lines: JSON in production, readable in development, one per request with its id and no secrets."""

import logging
import secrets
import time

import structlog
from flask import Flask, Response, g, request
from structlog.typing import Processor

log = structlog.get_logger("gatehouse")


def register(app: Flask) -> None:
    """Set up logging and note each request of `app` with its id, status and duration."""
    _configure(app.config["PRODUCTION"])
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_forget)


def _configure(production: bool) -> None:
    renderer: Processor = (
        structlog.processors.JSONRenderer() if production else structlog.dev.ConsoleRenderer()
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer))
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if not isinstance(each, logging.StreamHandler)] + [
        handler
    ]
    root.setLevel(logging.INFO if production else logging.WARNING)


def _begin() -> None:
    g.request_id = secrets.token_hex(8)
    g.began = time.perf_counter()
    # On every line that is written meanwhile, by whomever.
    structlog.contextvars.bind_contextvars(id=g.request_id)


def _forget(_error: BaseException | None) -> None:
    structlog.contextvars.unbind_contextvars("id")


def _finish(answer: Response) -> Response:
    # The rule, not the address: an address may hold the token of a link.
    rule = str(request.url_rule) if request.url_rule else "-"
    spent = (time.perf_counter() - g.get("began", time.perf_counter())) * 1_000
    log.info(
        "request",
        method=request.method,
        rule=rule,
        status=answer.status_code,
        ms=round(spent, 1),
    )
    answer.headers["X-Request-Id"] = g.get("request_id", "")
    return answer
