"""The limits on guessing and flooding: rates from the settings, and which answers count."""

from flask import Response, current_app


def per_address() -> str:
    """Return the rate allowed to one network address."""
    return str(current_app.config["ADDRESS_LIMIT"])


def per_account() -> str:
    """Return the rate allowed for one account from one network address."""
    return str(current_app.config["SIGN_IN_LIMIT"])


def refused(answer: Response) -> bool:
    """Return whether `answer` is a failed try: only those count against sign-in."""
    return answer.status_code in (409, 422)
