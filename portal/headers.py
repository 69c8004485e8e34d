"""The protective headers on every answer, whatever its status."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app

from portal import htmx

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
STATIC_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=31536000; includeSubDomains"


def always(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that every answer of an application with `config` carries, static files too."""
    return {**STATIC_HEADERS, **({"Strict-Transport-Security": HSTS} if config["HSTS"] else {})}


def protect(answer: Response) -> Response:
    """Add the headers that `answer` does not set itself, and forbid keeping a copy of it."""
    for name, value in always(current_app.config).items():
        answer.headers.setdefault(name, value)
    if "Cache-Control" not in answer.headers:
        answer.headers["Cache-Control"] = "no-store"
    answer.vary.add("Cookie")
    return htmx.vary(answer)


def register(app: Flask) -> None:
    """Send the headers with every answer of `app`."""
    app.after_request(protect)
