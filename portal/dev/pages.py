"""The pages of development only: the mails the portal sent, so that a link in one can be followed."""

import re
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, make_response, render_template
from markupsafe import Markup, escape

from portal.dev import caught
from portal.guards import public

blueprint = Blueprint("dev", __name__, url_prefix="/dev")

_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
# A mail brings its own styles and nothing else; it may open a link in a new window and is shown only here.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
)


@blueprint.get("/mail")
@public
def mails() -> str:
    """Every mail that was caught, newest first."""
    return render_template("dev/mails.html", mails=caught.newest(_folder()))


@blueprint.get("/mail/<key>")
@public
def mail(key: str) -> str:
    """One mail: text, headers and, in a frame, the HTML; 404 when it is not there."""
    found = _found(key)
    return render_template("dev/mail.html", mail=found, key=key, text=linked(found.text))


@blueprint.get("/mail/<key>/html")
@public
def html(key: str) -> Response:
    """The HTML of one mail as its reader gets it, harmless; 404 when it has none."""
    found = _found(key)
    if not found.html:
        abort(404)
    # A link followed inside the frame would be refused there, so each opens a window of its own.
    answer = make_response(found.html.replace("<head>", '<head><base target="_blank">', 1))
    answer.headers["Content-Security-Policy"] = _MAIL_POLICY
    answer.headers["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def linked(text: str) -> Markup:
    """`text`, escaped, with every web address in it made a link."""
    parts, last = [], 0
    for match in _ADDRESS.finditer(text):
        parts += [escape(text[last : match.start()]), Markup('<a href="{0}">{0}</a>').format(match[0])]
        last = match.end()
    return Markup("").join([*parts, escape(text[last:])])


def _folder() -> Path:
    return Path(current_app.config["INSTANCE_DIR"]) / "mail"


def _found(key: str) -> caught.Caught:
    return caught.read(_folder(), key) or abort(404)
