"""The limits on guessing and flooding: rates from the settings, and which answers count."""

from flask import Response, abort, current_app, request


def per_address() -> str:
    """Return the rate allowed to one network address."""
    return str(current_app.config["ADDRESS_LIMIT"])


def per_account() -> str:
    """Return the rate allowed for one account from one network address."""
    return str(current_app.config["SIGN_IN_LIMIT"])


def refused(answer: Response) -> bool:
    """Return whether `answer` is a failed try: only those count against sign-in."""
    return answer.status_code in (409, 422)


def refuse_floods() -> None:
    """Refuse a form with more fields than MAX_FORM_PARTS (413); Werkzeug counts only multipart ones."""
    if sum(map(len, request.form.listvalues())) > current_app.config["MAX_FORM_PARTS"]:
        abort(413)
