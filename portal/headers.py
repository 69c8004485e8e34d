"""The protective headers on every answer, whatever its status."""

from flask import Flask, Response

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


def protect(answer: Response) -> Response:
    """Add the headers that `answer` does not set itself, and forbid keeping a copy of it."""
    for name, value in STATIC_HEADERS.items():
        answer.headers.setdefault(name, value)
    if "Cache-Control" not in answer.headers:
        answer.headers["Cache-Control"] = "no-store"
    answer.vary.add("Cookie")
    return htmx.vary(answer)


def register(app: Flask) -> None:
    """Send the headers with every answer of `app`."""
    app.after_request(protect)
    if app.config["HSTS"]:
        STATIC = {"Strict-Transport-Security": HSTS}
        STATIC_HEADERS.update(STATIC)
