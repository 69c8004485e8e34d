"""Everything htmx: whether a request wants a part of a page, and every HX- header that is sent."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Response, make_response, redirect, render_template
from flask import request as flask_request
from htmx_flask import request
from jinja2_fragments.flask import render_block
from werkzeug.datastructures import MultiDict


def wants_part() -> bool:
    """Return whether the running request wants a block of a page; going back in history wants it whole."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def page(template: str, *, block: str | None = None, status: int = 200, **context: Any) -> Response:
    """Return `template` as a whole page, or only its `block` where htmx asks and there is one."""
    if block and wants_part():
        return make_response(render_block(template, block, **context), status)
    return make_response(render_template(template, **context), status)


def go(url: str) -> Response:
    """Lead on to `url` after a form was taken: 303, or what htmx follows with a full page load."""
    if not wants_part():
        return make_response(redirect(url, 303))
    answer = make_response("", 204)
    answer.headers["HX-Redirect"] = url
    return answer


def sign_in_again(url: str) -> Response:
    """Send an htmx request whose session has ended to the sign-in page at `url` (401)."""
    answer = make_response("", 401)
    answer.headers["HX-Redirect"] = url
    return answer


def as_notice(answer: Response) -> Response:
    """Let htmx show `answer` among the notices instead of where the request wanted it."""
    answer.headers["HX-Retarget"] = "#toasts"
    answer.headers["HX-Reswap"] = "innerHTML"
    return answer


def current_path() -> str | None:
    """Return path and query of the page that made the htmx request, if it said so and it is ours."""
    parts = urlsplit(request.htmx.current_url or "")
    here = parts.netloc == request.host
    return f"{parts.path}?{parts.query}".rstrip("?") if here else None


def current_args() -> MultiDict[str, str]:
    """Return what stands in the query of the page that made the htmx request."""
    return MultiDict(parse_qsl(urlsplit(current_path() or "").query))


def rows_before() -> int:
    """Return how many rows stood on the page that asks for more of them, or that loses one; 0 elsewhere."""
    number = flask_request.values.get("shown", 0, type=int) if wants_part() else 0
    return number if 0 < number < 100_000 else 0


def vary(answer: Response) -> Response:
    """Tell caches that parts and pages share one address."""
    answer.vary.update(("HX-Request", "HX-History-Restore-Request"))
    return answer


def into(answer: Response, selector: str, swap: str = "outerHTML") -> Response:
    """Let htmx replace the element that `selector` names with `answer`, wherever the request came from.

    `swap` may say that only what is in the element is replaced.
    """
    answer.headers["HX-Retarget"] = selector
    answer.headers["HX-Reswap"] = swap
    return answer
