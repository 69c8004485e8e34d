"""The limits on guessing and flooding: rates from the settings, and which answers count."""

from collections.abc import Callable
from typing import TypeVar, cast

from flask import Response, abort, current_app, request, session

from portal.extensions import limiter
from portal.tokens import hashed

View = TypeVar("View", bound=Callable[..., Response])


def per_address() -> str:
    """Return the rate allowed to one network address."""
    return str(current_app.config["ADDRESS_LIMIT"])


def per_account() -> str:
    """Return the rate allowed for one account from one network address."""
    return str(current_app.config["SIGN_IN_LIMIT"])


def per_browser() -> str:
    """Return the rate of files that one signed-in browser may have made."""
    return str(current_app.config["EXPORT_LIMIT"])


def tables_per_browser() -> str:
    """Return the rate of tables that one signed-in browser may hand in."""
    return str(current_app.config["IMPORT_LIMIT"])


def this_browser() -> str:
    """Return what tells sessions apart without asking the database: limits are counted before the gate.

    Only the hash of the session's key goes to where the limits are counted.
    """
    key = session.get("_user_id") or session.get("key", "")
    return f"{request.remote_addr} {hashed(key)}"


_files = limiter.shared_limit(per_browser, scope="files", key_func=this_browser)


def makes_a_file(view: View) -> View:
    """Mark a view that makes tables or paper anew for whoever asks: counted (T78), and kept from those who
    only look (T87)."""
    view.makes_a_file = True  # type: ignore[attr-defined]
    return cast(View, _files(view))


# For what is read from end to end while whoever hands it in waits (T75).
takes_a_table = limiter.shared_limit(
    tables_per_browser, scope="tables", key_func=this_browser, methods=["POST"]
)


def refused(answer: Response) -> bool:
    """Return whether `answer` is a failed try: only those count against sign-in."""
    return answer.status_code in (409, 422)


def refuse_floods() -> None:
    """Refuse a form with more fields than MAX_FORM_PARTS (413); Werkzeug counts only multipart ones."""
    if sum(map(len, request.form.listvalues())) > current_app.config["MAX_FORM_PARTS"]:
        abort(413)


def api_token() -> str:
    """Return the rate of requests allowed to one token of the API."""
    return str(current_app.config["API_LIMIT"])


def api_address() -> str:
    """Return the rate of tries with a token that does not work, from one network address."""
    return str(current_app.config["ADDRESS_LIMIT"])


def this_token() -> str:
    """Return what tells the tokens of the API apart; only the hash of what was sent is kept."""
    return f"api {hashed(request.headers.get('Authorization', ''))}"


def unknown_token(answer: Response) -> bool:
    """Return whether `answer` turned away a token that does not work."""
    return answer.status_code == 401
